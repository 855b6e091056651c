#!/bin/bash
# Results are proven: executed again beside the stored ones, whole, interrupted, with other threads;
# a stage that reads the clock is found out, and so are flipped bits. Nothing of the store changes.
. "$(dirname "$0")/lib.sh"

fresh proof
store=artifacts/store
set_steps=(-S steps=20)
lmpipe run tiny.yaml "${set_steps[@]}" --threads 2 --progress none
is "a run with two threads" "$status" 0

# All that a run leaves, but the indexes, which only remember.
inventory() {
    find "$store" -mindepth 1 ! -path "$store/index" ! -path "$store/records" ! -path "$store/probe" \
        ! -path "$store/locks/*" -printf '%P %i %s %m %T@\n' | grep -vE '^(tmp|runs|checkpoints|locks) ' | sort
}
before=$(inventory)

states() { # of the stages: "same corpus, …"
    awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }' <<<"$out"
}

lmpipe verify tiny.yaml "${set_steps[@]}" --progress none
is "verify executes all" "$status" 0
is "and all are the same" "$(states)" \
    "same corpus, same text, same vocab, same tokens, same model, same scores, same samples, same report"
like "with the seconds it took" "$out" '^same +model +[0-9.]+ s$'
is "it leaves the store as it was" "$(inventory)" "$before"
lmpipe exp list tiny.yaml
is "and is no run" "$(wc -l <<<"$out")" 2

lmpipe verify tiny.yaml "${set_steps[@]}" model 'v*' --threads 1 --progress none --json
is "one thread against two" "$status" 0
is "of the stages that were named" "$(grep -c '"state": "same"' <<<"$out")" 2
is "with exactly that many" "$(grep -c '"threads": 1' <<<"$out")" 2

# ---- interrupted = uninterrupted ----

# The first step, a validation and its neighbours, the last two, neighbours so that one begins at the
# checkpoint of the one before; in one execution.
lmpipe verify tiny.yaml "${set_steps[@]}" model --interrupt-at 1,2,9,10,11,19,20 --progress none
is "a training that is interrupted" "$status" 0
like "and resumed, as often as was said" "$out" '^same +model .*interrupted 7 times, and resumed'
is "leaves no checkpoint" "$(ls "$store/checkpoints")" ""
lmpipe verify tiny.yaml "${set_steps[@]}" --interrupt-at 3 --progress none
is "all stages" "$status" 0
like "a cleaning, too" "$out" '^same +text .*interrupted 1 time, and resumed'
like "those that have no checkpoints are passed over" "$out" \
    '^not interrupted +scores +- +not executed: evaluate has no checkpoints'
lmpipe verify tiny.yaml "${set_steps[@]}" scores --interrupt-at 3
is "one alone that has none is an error" "$status" 2
like "that says so" "$err" 'scores has no checkpoints'
lmpipe verify tiny.yaml "${set_steps[@]}" model --interrupt-at 3,21 --progress none
is "a step that it does not have proves nothing" "$status" 1
like "and is told" "$out" '^not interrupted +model .*ended before it could be interrupted after step 21'
for bad in 0 "" x '3,' 3,3 7,3 -1 1.5 99999999999999999999; do
    lmpipe verify tiny.yaml model --interrupt-at "$bad"
    is "--interrupt-at '$bad'" "$status" 2
done

# ---- what is not there ----

lmpipe verify tiny.yaml "${set_steps[@]}" modle
is "an unknown stage" "$status" 2
like "with the nearest" "$err" "did you mean 'model'"
lmpipe verify tiny.yaml -S steps=21 model vocab --progress none
is "a result that is not there proves nothing" "$status" 1
like "and is told" "$out" '^no result +model '
like "beside one that is" "$out" '^same +vocab '
lmpipe verify nowhere.yaml
is "no such spec" "$status" 2

# ---- published files ----

for file in report.html report.md report.json; do
    lmpipe verify "artifacts/tiny/$file" "${set_steps[@]}" --progress none
    is "$file is executed again" "$status" 0
    like "and says what it is of" "$out" "^artifacts/tiny/$file: [a-z]+ of report in tiny, key [0-9a-f]{12}$"
    like "the same" "$out" '^same +report '
done
cp artifacts/tiny/report.html elsewhere.html
lmpipe verify elsewhere.html "${set_steps[@]}" --json --progress none
is "a copy of it" "$status" 0
like "for programs" "$out" '"port": "html"'
lmpipe verify artifacts/tiny/report.html --progress none
is "what was set for its run is known" "$status" 0
lmpipe verify artifacts/tiny/report.html -S steps=19 --progress none
is "a spec that has changed since" "$status" 1
like "is told" "$err" 'tiny.yaml has changed since this file was made'
echo "<!-- better -->" >>artifacts/tiny/report.html
lmpipe verify artifacts/tiny/report.html "${set_steps[@]}"
is "an edited file" "$status" 1
like "is known to nobody" "$err" 'report.html has the bytes of no result in .*edited'
lmpipe verify artifacts/tiny/report.md model "${set_steps[@]}"
is "a file names its stage itself" "$status" 2
LMPIPE_STORE=$PWD/nowhere lmpipe verify elsewhere.html
is "no store" "$status" 3
ok "and none is made" test ! -e nowhere

# ---- stored bytes ----

lmpipe verify tiny.yaml "${set_steps[@]}" --store
is "--store reads them again" "$status" 0
like "all" "$out" '^[0-9]+ objects .* and 8 records were read: all are as they were stored'
lmpipe verify tiny.yaml "${set_steps[@]}" vocab --store
like "those of one stage" "$out" '^1 objects .* and 1 records'
lmpipe verify tiny.yaml "${set_steps[@]}" vocab --store "$PWD/$store" --progress none
like "--store DIR is understood" "$out" '^same +vocab '

flip() { # FILE: one bit of it, with the times it had
    local at stamp
    stamp=$(stat -c %y "$1")
    chmod u+w "$1"
    at=$(($(stat -c %s "$1") / 2))
    printf '%02x' $((0x$(xxd -p -s $at -l 1 "$1") ^ 1)) | xxd -r -p | dd of="$1" bs=1 seek=$at conv=notrunc status=none
    chmod u-w "$1"
    touch -d "$stamp" "$1"
}
object=$(find "$store/objects" -type f -size +100k -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2)
model=$("$LMPIPE" cat tiny.yaml model.model "${set_steps[@]}")
if command -v xxd >/dev/null; then
    flip "$object"
    lmpipe verify tiny.yaml "${set_steps[@]}" --store
    is "a flipped bit is found" "$status" 3
    like "and set aside, with the stage that runs again" "$out" "^damaged +${object#"$store"/}: tiny/[a-z]+"
    lmpipe run tiny.yaml "${set_steps[@]}" --progress none
    is "the next run heals it" "$status" 0
    lmpipe verify tiny.yaml "${set_steps[@]}" --store --rerun --progress none
    is "and all is proven again" "$status" 0
    is "with the same model" "$("$LMPIPE" cat tiny.yaml model.model "${set_steps[@]}")" "$model"
fi

# ---- stopped, killed ----

lmpipe run tiny.yaml -S steps=1000 -S model.eval_every=1000 model --progress none
"$LMPIPE" verify tiny.yaml -S steps=1000 -S model.eval_every=1000 model --progress json >out.txt 2>events.txt &
pid=$!
until grep -q '"loss"' events.txt 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
kill -TERM $pid
status=0
wait $pid || status=$?
is "a verification that is stopped" "$status" 75
like "says of what" "$(cat out.txt)" '^stopped +model '
is "and leaves nothing" "$(ls "$store/tmp" "$store/checkpoints")" "$(printf '%s\n' "$store/checkpoints:" "" "$store/tmp:")"
rm -f events.txt # its loss would be taken for that of the next
"$LMPIPE" verify tiny.yaml -S steps=1000 -S model.eval_every=1000 model --progress json >out.txt 2>events.txt &
pid=$!
until grep -q '"loss"' events.txt 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
kill -KILL $pid
wait $pid 2>/dev/null
ok "one that is killed leaves its folder" test -n "$(ls "$store/tmp")"
lmpipe verify tiny.yaml "${set_steps[@]}" vocab --progress none
is "which the next one sweeps" "$(ls "$store/tmp")" ""

# ---- a stage that reads the clock ----

[ -n "${LM_CLOCK:-}" ] || done_testing
LMPIPE=$LM_CLOCK
mkdir -p "$LM_WORK/clock/artifacts" && cd "$LM_WORK/clock" || exit 1
cat >clock.yaml <<'END'
lmpipe: 1
experiment: clock
matrix: {form: [none, json, lines, text, tensors, bytes, file, metric]}
stages:
  made: {uses: clock, with: {form: "${matrix.form}"}, publish: {data: data}}
END
lmpipe run clock.yaml --progress none
is "a stage type that reads the clock runs" "$status" 0
lmpipe exp show last
unlike "nothing is known of it yet" "$out" 'seen to differ'
before=$(find artifacts/store/objects artifacts/store/actions -type f -printf '%P %i\n' | sort)
lmpipe verify clock.yaml --progress none
is "and is not reproducible" "$status" 6
like "one that does not read it is" "$out" '^same +made@form=none '
like "a member of JSON" "$out" '^differs +made@form=json .* data/a.json: when.ns: [0-9]+ was stored, now [0-9]+$'
like "a record" "$out" '^differs +made@form=lines .* data/c.jsonl: line 2, t: [0-9]+ was stored, now [0-9]+$'
like "a line" "$out" '^differs +made@form=text .* data/d.txt: line 3, column [0-9]+: at [0-9]+ was stored, now at [0-9]+$'
like "a tensor" "$out" '^differs +made@form=tensors .* data/b.safetensors: tensor layer.w\[1, 2\]: [0-9.e+]+ was stored, now [0-9.e+]+$'
like "a byte" "$out" '^differs +made@form=bytes .* data/e.bin: byte [0-9]+: 0x[0-9a-f]{2} was stored, now 0x[0-9a-f]{2}$'
like "a file that is there no more" "$out" '^differs +made@form=file .* data/f-[0-9]+: '
like "a metric" "$out" '^differs +made@form=metric .* metric: time: [0-9.e+]+ was stored, now '
is "the stored results stay" "$(find artifacts/store/objects artifacts/store/actions -type f -printf '%P %i\n' | sort)" "$before"
lmpipe exp show last
is "the record knows" "$(grep -c '^seen to differ  made@form=.*: 1 time, last by verify' <<<"$out")" 0
is "the record knows" "$(grep -c '^seen to differ  made@form=.*: 1 time, last 20.*Z by verify: ' <<<"$out")" 7
lmpipe exp show last made@form=json --json
like "for programs, with both digests" "$out" '"stored_digest": "sha256:[0-9a-f]{64}"'
lmpipe doctor
is "so does doctor" "$(grep -cE '^seen to differ: stage made@form=.* of clock, key [0-9a-f]{12}, 1 time, last ' <<<"$out")" 7

# forced: the same
data=artifacts/clock/form=json/data/a.json
was=$(cat "$data")
lmpipe run clock.yaml -f made@form=json -f made@form=none --progress none
is "a forced run that gives other bytes: exit 6" "$status" 6
like "says of which stage, and where" "$err" 'error: stage made@form=json: not reproducible: data/a.json: when.ns: .*; the stored result stays$'
unlike "and of no other" "$err" 'form=none'
is "what was published stays" "$(cat "$data")" "$was"
lmpipe run clock.yaml --progress none
is "nothing runs after that" "$status$(executed)" 0
lmpipe doctor
like "it was seen twice" "$out" '^seen to differ: stage made@form=json .*, 2 times, last .* by run: data/a.json'
lmpipe run clock.yaml -f 'made@form=json' -k --progress none --ci
is "in CI as well" "$status" 6

# lost, and not to be had again
object=artifacts/store/objects/$("$LMPIPE" cat clock.yaml made@form=json.data | awk '$2 == "a.json" { print substr($1, 1, 2) "/" substr($1, 3) }')
rm -f "$object"
lmpipe run clock.yaml --progress none
is "a lost result that comes back as another: exit 6" "$status" 6
like "is taken all the same" "$err" 'made@form=json: not reproducible: .*; it takes the place of the stored one, which is lost'
lmpipe run clock.yaml --progress none
is "and is a hit from then on" "$status$(executed)" 0

# what a stranger wrote into the memory is passed over
echo "nonsense" >>artifacts/store/runs/differing
lmpipe doctor
like "a damaged line is none" "$out" '^seen to differ: stage made@form=text'
lmpipe cache clear --yes
lmpipe doctor
like "the memory outlives the results" "$out" '^seen to differ: stage made@form=text'
done_testing
