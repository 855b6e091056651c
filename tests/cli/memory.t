#!/bin/bash
# What a stage will need is said before it runs, refused when it is not to be had, and true.
. "$(dirname "$0")/lib.sh"

fresh plan
lmpipe plan tiny.yaml
for stage in model scores samples; do
    like "plan: the memory of $stage" "$out" "^run $stage .* [0-9]+ MiB of memory"
done
lmpipe plan tiny.yaml --json
like "and for machines" "$out" '"memory": [0-9]{8}'

# A line a variable, so that a spec of GPT-2's shape is asked for an absurd batch.
refused() { # DESCRIPTION WANTED-TEXT
    is "$1: exit 2, nothing on stdout" "$status:$out" "2:"
    is "$1: one line" "$(wc -l <<<"$err")" 1
    like "$1: says what" "$err" "$2"
    ok "$1: nothing was executed" not test -e artifacts/store/runs/*/events.jsonl
    ok "$1: nothing was recorded" not test -e artifacts/tiny/run.json
}
fresh absurd
sed -i 's/preset: gpt2-micro/preset: gpt2-124m/; /^ *\(context\|layers\|heads\|width\): [0-9]/d; s/batch: 4/batch: 65536/' tiny.yaml
lmpipe plan tiny.yaml
like "plan warns" "$err" 'warning: .*tiny\.yaml:[0-9]+:[0-9]+: model: needs about [0-9.]+ GiB of memory, this machine has'
lmpipe check tiny.yaml
is "check warns and is content" "$status:$(grep -c 'needs about' <<<"$err")" "0:1"
lmpipe run tiny.yaml
refused "an absurd batch" \
    '^lmpipe: error: model: needs about [0-9.]+ GiB of memory, this machine has [0-9.]+ GiB \(.*parameters.*\); make batch or model smaller, or use a larger machine; nothing was run$'
lmpipe run tiny.yaml --until tokens --progress none
is "stages that fit can be had alone" "$status" 0

fresh granted
sed -i 's/^    in: {tokens: tokens}$/&\n    resources: {memory: 2M}/' tiny.yaml
lmpipe run tiny.yaml
refused "more than resources.memory grants" \
    '^lmpipe: error: model: needs about [0-9]+ MiB of memory, resources\.memory grants 2 MiB .*; raise it, or'

fresh asked
sed -i 's/^    in: {model: model, tokens: tokens}$/&\n    resources: {memory: 900000G}/' tiny.yaml
lmpipe run tiny.yaml
refused "more than the machine has" \
    '^lmpipe: error: scores: resources\.memory asks for 900000\.0 GiB, this machine has [0-9.]+ (GiB|MiB); lower it or'

# The estimate against what the worker took, a checkpoint included. A sanitizer takes its own.
memory_of() { # MEMBER: its value in the object of the model, from JSON on stdin
    tr -d '\n' | sed "s/.*\"stage\": \"model\"[^}]*\"$1\": \([0-9]*\).*/\1/"
}
holds() { # DESCRIPTION: a run that is stopped after a step, its peak beside what `plan` says before it
    need=$("$LMPIPE" plan tiny.yaml -S steps=10000 --json | memory_of memory)
    rm -f events.txt
    "$LMPIPE" run tiny.yaml -S steps=10000 --progress json >out.txt 2>events.txt &
    local runner=$!
    until grep -q '"loss"' events.txt 2>/dev/null || ! kill -0 $runner 2>/dev/null; do
        sleep 0.05
    done
    kill -s INT $runner 2>/dev/null
    status=0
    wait $runner || status=$?
    is "$1: stopped with a checkpoint" "$status" 75
    took=$(memory_of peak_memory <artifacts/tiny/run.json)
    ok "$1: $took bytes taken, $need estimated: within 10 %" \
        test $((took * 10)) -gt $((need * 9)) -a $((took * 10)) -lt $((need * 11))
}
if ! sanitized; then
    fresh real
    sed -i 's/context: 32/context: 128/; s/layers: 1/layers: 4/; s/width: 32/width: 256/; s/batch: 4/batch: 16/; s/eval_every: 10/eval_every: 1000/' tiny.yaml
    sed -i 's/preset: gpt2-micro/preset: gpt2-micro\n      dropout: 0.1/; s/^seed: 7/&\nnumerics: blas/' tiny.yaml
    lmpipe run tiny.yaml --until tokens
    holds blas
    sed -i 's/^numerics: blas/numerics: portable/' tiny.yaml
    holds portable
    holds "resumed from it" # what is read goes where it belongs
    sed -i 's/preset: gpt2-micro/preset: gpt2-micro\n      optimizer: muon/' tiny.yaml
    holds muon
fi
done_testing
