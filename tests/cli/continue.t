#!/bin/bash
# A longer training continues the stored state of a shorter one, with the bytes of a fresh one: what plan, run, run.json,
# events and cache say of it, which settings share a state, and what is wrong with one.
. "$(dirname "$0")/lib.sh"

number() { # MEMBER of the model, of $out as JSON
    tr -d '\n' <<<"$out" | grep -oE '"stage": "model"[^}]*' | grep -oE "\"$1\": [^,}]*" | sed 's/.*: //; s/"//g; s/ *$//'
}
resumed_at() { # of the model in run.json
    tr -d '\n' <artifacts/tiny/run.json | grep -oE '"stage": "model".*' | grep -oE '"resumed_at": [0-9]+' | head -1 | sed 's/.*: //'
}
digests() { # OPTIONS...: of model and log as they are now
    "$LMPIPE" cat tiny.yaml model.model "$@" && "$LMPIPE" cat tiny.yaml model.log "$@" | sha256sum
}
file() { # OPTIONS...: spec options of a training of so many steps
    sed -i '/^      schedule:/d; /^      keep:/d' tiny.yaml
    sed -i "s/^      warmup: 5/      warmup: 5\n      schedule: $1\n      keep: best/" tiny.yaml
}

fresh fresh
file constant
lmpipe run tiny.yaml model --progress none -S steps=47
whole=$(digests -S steps=47)

fresh chain
file constant
lmpipe run tiny.yaml model --progress none -S steps=15
is "a run" "$status" 0
is "leaves one state" "$(find artifacts/store/states -type f | wc -l)" 1
lmpipe plan tiny.yaml model -S steps=31
like "plan: a longer one continues" "$out" '^run model continues at 15 of 31; param steps 15 → 31 '
lmpipe plan tiny.yaml model --json -S steps=31
is "as JSON" "$(number state) $(number continues_at) $(number continues_of)" "run 15 31"
ok "it counts the state it leaves" test "$(number disk)" -gt "$(number state_bytes)"
half=$(number cpu_seconds)
lmpipe plan tiny.yaml model --json -S steps=31 -f model
is "forced, all of it is executed" "$(number continues_at)" ""
ok "the rest takes half the time of all: $half, $(number cpu_seconds)" \
    awk "BEGIN { part = $half / $(number cpu_seconds); exit !(part > 0.5 && part < 0.53) }"
lmpipe run tiny.yaml model --progress plain -S steps=31
like "run says so" "$err" '^model: continues at 15 of 31; '
like "and that it is so" "$err" '^model: continues at step 15 of 31, from the state of a shorter run'
is "run.json" "$(resumed_at)" 15
ok "events.jsonl" grep -q '"reason":"continues at 15 of 31; ' artifacts/store/runs/*/events.jsonl
is "one state is kept" "$(find artifacts/store/states -type f | wc -l)" 1
lmpipe run tiny.yaml model --progress none -S steps=47
is "from 31 on" "$(resumed_at)" 31
is "every byte of a fresh one" "$(digests -S steps=47)" "$whole"
lmpipe verify tiny.yaml model -S steps=47
like "verify executes all of it" "$out" '^same +model'
lmpipe verify tiny.yaml model -S steps=47 --interrupt-at 20
like "also interrupted" "$out" '^same +model .*interrupted 1 time, and resumed'
lmpipe run tiny.yaml model --progress none -S steps=47 -f model
is "a forced run too" "$status:$(resumed_at)" "0:"
lmpipe run tiny.yaml model --progress none -S steps=20
is "a shorter one does not" "$status:$(resumed_at)" "0:"
lmpipe plan tiny.yaml model -S steps=60
like "and leaves the longer state alone" "$out" '^run model continues at 47 of 60; '

# ---- what shares a state ----

shares() { # NAME WANTED OPTIONS...
    local name=$1 wanted=$2
    shift 2
    lmpipe plan tiny.yaml model "$@"
    is "$name" "$(grep -oE 'continues at [0-9]+ of [0-9]+' <<<"$out")" "$wanted"
}
set_of() { # -S options for these settings of the model
    for setting in "$@"; do printf -- '-S model.%s ' "$setting"; done
}
shares "another cadence of validation does not" "" -S steps=60 -S model.eval_every=11
shares "nor another rate" "" -S steps=60 -S model.lr=1e-4
shares "nor another seed" "" -S steps=60 -S model.seed=9
shares "nor another schedule" "" -S steps=60 -S model.schedule=inverse_sqrt
shares "nor a longer warm-up" "" -S steps=60 -S model.warmup=6
shares "another end of a wsd schedule is nothing of constant's" "" -S steps=60 -S model.schedule=wsd
# shellcheck disable=SC2046 # words
{
    lmpipe run tiny.yaml model --progress none -S steps=20 $(set_of schedule=wsd)
    shares "wsd: the plateau" "continues at 16 of 40" -S steps=40 $(set_of schedule=wsd)
    shares "whatever descends from it" "continues at 16 of 20" -S steps=20 $(set_of schedule=wsd cooldown=3)
    shares "wherever it ends" "continues at 16 of 20" -S steps=20 $(set_of schedule=wsd cooldown=3 horizon=30)
    shares "but not from behind it" "" -S steps=20 $(set_of schedule=wsd cooldown=10)
    lmpipe run tiny.yaml model --progress none -S steps=8 $(set_of schedule=cosine horizon=30)
    shares "cosine with a horizon" "continues at 8 of 20" -S steps=20 $(set_of schedule=cosine horizon=30)
    shares "the same horizon" "" -S steps=20 $(set_of schedule=cosine horizon=31)
    shares "none without one" "" -S steps=30 $(set_of schedule=cosine)
    lmpipe run tiny.yaml model --progress none -S steps=8 $(set_of lr=1e-3 warmup=9)
    shares "a warm-up that was cut short is another" "" -S steps=20 $(set_of lr=1e-3 warmup=9)
    shares "than a short one" "continues at 8 of 20" -S steps=20 $(set_of lr=1e-3 warmup=8)
    lmpipe run tiny.yaml model --progress none -S steps=8 $(set_of lr=1e-3 eval_every=30)
    shares "a cadence that was cut short is the same" "continues at 8 of 20" -S steps=20 $(set_of lr=1e-3 eval_every=30)
}
lmpipe run tiny.yaml model --progress none -S steps=20 -S model.keep_state=true -S model.schedule=cosine
is "asked for where there is none: refused" "$status" 2
like "with what to do" "$err" 'model.keep_state: every step of this cosine schedule depends on where training ends.* give a horizon'
rm -r artifacts/store/states
lmpipe run tiny.yaml model --progress none -S steps=21 -S model.keep_state=false
is "none is wanted, the folder is gone: fine" "$status:$(find artifacts/store/states -type f 2>/dev/null | wc -l)" 0:0
lmpipe run tiny.yaml model --progress none -S steps=21 -S model.keep_state=true
like "it is in no key" "$out" '^model +hit'

# ---- damaged ----

lmpipe run tiny.yaml model --progress none -S steps=22
state=$(find artifacts/store/states -type f)
cp "$state" sound
truncate -s 1000 "$state"
lmpipe plan tiny.yaml model -S steps=47 -f model
unlike "cut short: plan" "$out" continues
lmpipe cache clear --dry-run
like "cache counts it" "$out" '^states +1 '
lmpipe cache verify
is "cache verify finds it" "$status" 3
like "and says so" "$out$err" '^damaged +states/'
printf 'x' | dd of=sound bs=1 seek=5000 conv=notrunc status=none
cp sound "$state"
lmpipe plan tiny.yaml model -S steps=48
like "a byte: plan reads the head alone" "$out" '^run model continues at 22 of 48'
lmpipe run tiny.yaml model --progress plain -S steps=48
is "it is a miss" "$status:$(resumed_at)" "0:"
like "with a word" "$err" '^model: the state of a shorter run was damaged and is removed'
mkdir -p "artifacts/store/states/$(printf '%064d' 1)"
cp "$state" "artifacts/store/states/$(printf '%064d' 1)/a"
lmpipe cache ls
like "cache ls counts states" "$out" 'in 2 states, which longer trainings continue'
lmpipe cache du --json
ok "cache du, too" grep -q '"states": 2,' <<<"$out"
lmpipe cache gc --grace 0 --json
is "gc takes them" "$(sed -n 's/ *"states": \([0-9]*\),/\1/p' <<<"$out"):$(find artifacts/store/states -mindepth 1 | wc -l)" 2:0
done_testing
