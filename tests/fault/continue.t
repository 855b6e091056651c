#!/bin/bash
# The long form of cli/continue.t: 405, 811, 1,203 steps, each continuing the last, killed at random in between, have the
# bytes of 1,203 at once: every artifact and metric, under many settings.
#   continue.t [KILLS]   of each length; none given: nothing, since it takes minutes (make -f Makefile.ci campaign).
#                        LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/../cli/lib.sh"

[ $# -gt 0 ] || skip_all "minutes: make -f Makefile.ci campaign"
kills=$1
RANDOM=${LM_FAULT_SEED:-$$}

settings=(
    "schedule=constant warmup=40"
    "schedule=constant keep=last eval_every=135"
    "schedule=constant keep=best patience=40 min_delta=0.0001 eval_every=27"
    "schedule=inverse_sqrt ema=0.9 dropout=0.1"
    "schedule=constant accumulate=4 ramp_from=1 ramp_tokens=100000 order=documents"
    "schedule=wsd optimizer=sgd lr=0.1 momentum=0.9 dropout=0.1"
    "schedule=cosine horizon=1500 max_spike=1.5 max_skips=100000"
)
last() { # OPTIONS...: digests of all that the stage has made, and its metrics
    "$LMPIPE" cat tiny.yaml model.model "$@" && "$LMPIPE" cat tiny.yaml model.log "$@" | sha256sum
    "$LMPIPE" exp show last --json 2>/dev/null | tr -d '\n' | grep -oE '"stage": "model".*' | grep -oE '"metrics": \{[^}]*\}' | head -1
}
set_of() {
    for setting in $1; do printf -- '-S model.%s ' "$setting"; done
}
killed() { # OPTIONS...: a run that is killed or stopped some times, then ends
    for _ in $(seq "$kills"); do
        "$LMPIPE" run tiny.yaml model --progress none "$@" >/dev/null 2>&1 &
        local pid=$!
        sleep "0.$((RANDOM % 9 + 1))"
        kill -"$([ $((RANDOM % 2)) = 0 ] && echo KILL || echo TERM)" "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    "$LMPIPE" run tiny.yaml model --progress none "$@" >/dev/null
}
for i in "${!settings[@]}"; do
    read -ra options <<<"$(set_of "${settings[$i]}")"
    fresh "whole$i"
    lmpipe run tiny.yaml model --progress none "${options[@]}" -S steps=1203
    is "${settings[$i]}: a fresh run" "$status" 0
    whole=$(last "${options[@]}" -S steps=1203)
    fresh "chain$i"
    for steps in 405 811 1203; do
        lmpipe plan tiny.yaml model "${options[@]}" -S "steps=$steps"
        killed "${options[@]}" -S "steps=$steps"
        [ "$steps" = 405 ] || like "$steps continues" "$out" "^run model continues at [0-9]+ of $steps"
    done
    is "${settings[$i]}: the bytes of a fresh one" "$(last "${options[@]}" -S steps=1203)" "$whole"
done
done_testing
