#!/bin/bash
# The long form of cli/continue.t: 405, 811, 1,203 steps, each continuing the last, killed at random in between, have the
# bytes of 1,203 at once: every artifact and metric, under many settings.
#   continue.t [KILLS]   of each length; none given: nothing, since it takes minutes (make -f Makefile.ci campaign).
#                        LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/../cli/lib.sh"

[ $# -gt 0 ] || skip_all "minutes: make -f Makefile.ci campaign"
kills=$1
RANDOM=${LM_FAULT_SEED:-$$}

# Each: a form of the experiment (below), then settings of its training.
settings=(
    "plain schedule=constant warmup=40"
    "plain schedule=constant warmup=405"
    "plain schedule=constant keep=last eval_every=135"
    "plain schedule=constant keep=best eval_every=811"
    "plain schedule=constant keep=best patience=40 min_delta=0.0001 eval_every=27"
    "plain schedule=constant keep=best patience=2 min_delta=0.05 eval_every=27"
    "plain schedule=inverse_sqrt ema=0.9 dropout=0.1"
    "plain schedule=constant accumulate=4 ramp_from=1 ramp_tokens=100000 order=documents"
    "plain schedule=constant order=documents attention_width=8"
    "plain schedule=constant precision=bf16 recompute=true"
    "plain schedule=wsd optimizer=sgd lr=0.1 momentum=0.9 dropout=0.1"
    "plain schedule=wsd ema=0.99 keep=last cooldown=50"
    "plain schedule=cosine horizon=1500 max_spike=1.5 max_skips=100000"
    "plain schedule=linear horizon=1300 accumulate=2"
    "mixed schedule=constant mixture.jargon=0.25 mixture.verse=0.75 accumulate=2"
    "begun schedule=constant dropout=0.1"
    "labelled schedule=constant eval_every=50"
)
write_form() { # NAME: tiny.yaml becomes it
    local i
    case $1 in
    mixed)
        for i in $(seq 60); do echo "The rose number $i is red, the violet number $((i * 7)) is blue."; done >verse.txt
        sed -i 's/- {name: tiny, path: tiny.txt.*/- {name: jargon, path: tiny.txt}\n        - {name: verse, path: verse.txt}/
                s/in: {tokens: tokens}/in: {tokens: tokens, sources: text}/' tiny.yaml
        ;;
    begun)
        sed -n '/^  model:/,/lr:/p' tiny.yaml | sed 's/^  model:/  base:/; s/"${steps}"/20/' >base.part
        sed -i '/^  model:/,/lr:/ { s/in: {tokens: tokens}/in: {tokens: tokens, init: base}/
                /preset:\|context:\|layers:\|heads:\|width:/d }' tiny.yaml
        sed -i '/^  model:/ {
                r base.part
                N }' tiny.yaml
        ;;
    labelled)
        mkdir -p items
        for i in $(seq 0 119); do
            printf '{"id":"c/%d","prompt":"The %s is number %d.","choices":["no","yes"],"gold":%d}\n' \
                "$i" "$([ $((i * 7 % 11 % 2)) = 1 ] && echo stone || echo river)" "$i" $((i * 7 % 11 % 2))
        done >items/choice.jsonl
        sed -i 's/^  corpus:/  examples: {uses: download, with: {sources: [{name: items, path: items}]}}\n&/
                /^  model:/,/lr:/ s/in: {tokens: tokens}/in: {examples: examples, vocab: vocab}/
                /^  model:/,/lr:/ s/^    with:/&\n      objective: classify/
                /eval_batches:/d' tiny.yaml
        ;;
    esac
}
last() { # OPTIONS...: digests of all that the stage has made, and its metrics
    "$LMPIPE" cat tiny.yaml model.model "$@" && "$LMPIPE" cat tiny.yaml model.log "$@" | sha256sum
    "$LMPIPE" exp show last --json 2>/dev/null | tr -d '\n' | grep -oE '"stage": "model".*' | grep -oE '"metrics": \{[^}]*\}' | head -1
}
set_of() {
    for setting in ${1#* }; do printf -- '-S model.%s ' "$setting"; done
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
    write_form "${settings[$i]%% *}"
    lmpipe run tiny.yaml model --progress none "${options[@]}" -S steps=1203
    is "${settings[$i]}: a fresh run" "$status" 0
    whole=$(last "${options[@]}" -S steps=1203)
    fresh "chain$i"
    write_form "${settings[$i]%% *}"
    for steps in 405 811 1203; do
        lmpipe plan tiny.yaml model "${options[@]}" -S "steps=$steps"
        killed "${options[@]}" -S "steps=$steps"
        # One that patience has ended leaves no state: it would end there again.
        [[ $steps = 405 || ${settings[$i]} = *patience=2* ]] || like "$steps continues" "$out" "^run model continues at [0-9]+ of $steps"
    done
    is "${settings[$i]}: the bytes of a fresh one" "$(last "${options[@]}" -S steps=1203)" "$whole"
done
done_testing
