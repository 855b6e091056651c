#!/bin/bash
# What a plan says of time, memory and disk before anything runs, where it is from, and what it leaves when the disk
# has no room.
. "$(dirname "$0")/lib.sh"

number() { # STAGE MEMBER, of $out as JSON
    tr -d '\n' <<<"$out" | grep -oE "\"stage\": \"$1\"[^}]*" | grep -oE "\"$2\": [^,}]*" | sed 's/.*: //; s/"//g; s/ *$//'
}
places() { # WORD: in which columns of the lines of $out it ends
    awk -v word="$1" '{ at = index($0, word); if (at) print at + length(word) }' <<<"$out" | sort -u | wc -l
}

fresh estimates
lmpipe plan tiny.yaml
is "nothing on record: a line a stage" "$status:$(grep -c '^run ' <<<"$out"):$(wc -l <<<"$out")" 0:8:8
is "all times are guesses" "$(grep -cE '(~[0-9.]+ s|<1 s)\?' <<<"$out")" 8
like "training's memory is none" "$out" '^run model .* [0-9]+ MiB of memory  '
is "all other memory is" "$(grep -cE 'MiB of memory\?' <<<"$out")" 7
is "columns are aligned" "$(places ' of memory'):$(places ' of disk')" 1:1
is "totals: one line on stderr" "$(wc -l <<<"$err")" 1
like "of all stages" "$err" \
    '^lmpipe: 8 stages to run: (~[0-9.]+ s|<1 s)\? on [0-9]+ threads?, at most [0-9]+ MiB of memory a stage, [0-9.]+ [kMG]B of disk \([0-9.]+ [MGT]B free\); \? is a guess$'
lmpipe plan tiny.yaml --json
is "as numbers" "$(number model seconds_from) $(number model memory_from) $(number text disk_from)" "guess computed guess"
lmpipe run tiny.yaml -n
like "run -n says the same" "$err" '^lmpipe: 8 stages to run: '

lmpipe run tiny.yaml --progress none --threads 2
lmpipe plan tiny.yaml
is "nothing to run: nothing on stderr" "$status:$err" 0:
is "and nothing but reasons" "$(grep -vcE '^hit [a-z]+ up to date$' <<<"$out")" 0

# What took less than a tenth of a second tells little of longer ones: on a quick machine 30 steps do.
cp artifacts/tiny/run.json whole.json
lmpipe run tiny.yaml model --progress none -S steps=300
lmpipe plan tiny.yaml --json -S steps=600
is "like executions are on record" "$(number model seconds_from) $(number model memory_from)" "record record"
six=$(number model cpu_seconds)
lmpipe plan tiny.yaml --json -S steps=1200
twelve=$(number model cpu_seconds)
ok "twice the steps, twice the time: $six, $twelve" awk "BEGIN { exit !($twelve > 1.95 * $six && $twelve < 2.05 * $six) }"
took=$(tr -d '\n' <whole.json | grep -oE '"stage": "scores"[^}]*"peak_memory": [0-9]+' | sed 's/.*: //')
lmpipe plan tiny.yaml --json -f scores
ok "the same stage, the same memory" test "$(number scores memory)" -gt $((took * 3 / 4)) -a "$(number scores memory)" -lt $((took * 5 / 4))
size=0
for port in scores items/valid.jsonl items/test.jsonl items/curves.json; do
    size=$((size + $("$LMPIPE" cat tiny.yaml scores."$port" 2>/dev/null | wc -c)))
done
ok "and no less disk than some of its files" test "$(number scores disk)" -ge "$size"
lmpipe plan tiny.yaml --json -f vocab
is "what may run has numbers, too" "$(number tokens state) $(number tokens memory_from)" "maybe record"

# Of two stages that are ready together the short one goes first, and the long one has all threads.
lmpipe run tiny.yaml --progress none --threads 2 -f scores -f samples -S scores.stride=1 -S samples.max_tokens=1
is "the long one does not keep to half of the threads" \
    "$(tr -d '\n' <artifacts/tiny/run.json | grep -oE '"stage": "scores"[^}]*"threads": [0-9]+' | sed 's/.*: //')" 2

# What is remembered is no more than that.
printf 'x' >>artifacts/store/costs
lmpipe plan tiny.yaml --json -S steps=600
is "damaged: a guess again" "$status $(number model seconds_from)" "0 guess"
rm artifacts/store/costs
lmpipe run tiny.yaml --progress none -S steps=31
ok "the next run remembers again" grep -q '^train' artifacts/store/costs
lmpipe cache clear --yes
ok "and a store that is cleared does" grep -q '^train' artifacts/store/costs

# What is left of a training that was stopped.
lmpipe plan tiny.yaml --json -S steps=1000000
all=$(number model cpu_seconds)
lmpipe run tiny.yaml -S steps=1000000 --progress none --deadline 2s
is "stopped" "$status" 75
lmpipe plan tiny.yaml --json -S steps=1000000
like "it resumes" "$(number model state)" '^resume@'
ok "less is left to do: $(number model cpu_seconds) of $all" awk "BEGIN { exit !($(number model cpu_seconds) < $all) }"

# A disk that has no room: told before, as the state of the disk that it is.
fresh room
sed -i 's/layers: 1/layers: 8/; s/width: 32/width: 128/' tiny.yaml
mkdir small
room() { # SIZE COMMAND...: with a store on a disk of that size
    unshare -rm bash -c 'mount -t tmpfs -o size="$0" none small && exec "${@}"' "$1" "$LMPIPE" "${@:2}" --store small/store
}
if unshare -rm true 2>/dev/null && room 1m plan tiny.yaml >/dev/null 2>&1; then
    status=0
    err=$(room 4m run tiny.yaml --progress none 2>&1 >/dev/null) || status=$?
    is "a run that will not fit: exit 3, one line" "$status:$(wc -l <<<"$err")" 3:1
    like "which says what to do" "$err" '^lmpipe: error: tiny\.yaml: needs about [0-9.]+ MB of disk, the store .* has [0-9.]+ MB free; make room, or name a store on a larger disk with --store; nothing was run$'
    err=$(room 4m plan tiny.yaml 2>&1 >/dev/null)
    like "plan warns" "$err" '^lmpipe: warning: tiny\.yaml: needs about '
    ok "with room for it, it runs" eval 'room 200m run tiny.yaml --progress none >/dev/null 2>&1'
    ok "stages that fit can be had alone" eval 'room 4m run tiny.yaml --progress none --until tokens >/dev/null 2>&1'
fi
done_testing
