#!/bin/bash
# GPT-2 small in the form it was published in, its weights random: a spec imports the folder and evaluates two of
# the shipped tasks on it, as a CI job would. 124 million parameters are too many for builds that check memory.
. "$(dirname "$0")/lib.sh"

[ "${LM_BUILD:-}" = Release ] || skip_all "only a release build is fast enough"
cd "$LM_WORK" || exit 1
mkdir artifacts
ok "a checkpoint" python3 "$LM_SOURCE/tests/cli/gpt2_checkpoint.py" gpt2
is "as large as the published one" "$(stat -c %s gpt2/model.safetensors | cut -c1-3)" 548
cp -r "$LM_SOURCE/experiments/tasks" .

# Items in the form of the tasks' own sources, more than are asked for.
awk 'NF > 8 { gsub(/["\\]/, ""); $1 = $1; printf "{\"text\": \"%s\"}\n", $0 }' "$LM_TEST_DATA/tiny.txt" | head -n 40 >lambada.jsonl
awk 'NF > 8 { gsub(/["\\]/, ""); $1 = $1
    bad = $1; for (i = NF; i > 1; i--) bad = bad " " $i
    printf "{\"sentence_good\": \"%s\", \"sentence_bad\": \"%s\", \"field\": \"syntax\", \"linguistics_term\": \"order\", \"UID\": \"order_%d\"}\n",
        $0, bad, NR % 3 }' "$LM_TEST_DATA/tiny.txt" | head -n 60 >blimp-order.jsonl
is "items" "$(wc -l <lambada.jsonl) $(wc -l <blimp-order.jsonl)" "40 60"
printf 'limit: 12\n' | tee -a tasks/lambada.yaml >>tasks/blimp.yaml
cat >published.yaml <<'SPEC'
lmpipe: 1
experiment: published
stages:
  items:
    uses: download
    with:
      sources:
        - {name: lambada, path: lambada.jsonl}
        - {name: blimp-order, path: blimp-order.jsonl}
  gpt2: {uses: import, with: {path: gpt2}}
  scores:
    uses: evaluate
    in: {model: gpt2.model, task_data: items}
    with: {tasks: [tasks/blimp.yaml, tasks/lambada.yaml], resamples: 100}
  report: {uses: report, in: {scores: scores.scores, items: scores.items}, publish: {md: report.md}}
gates:
  - {metric: scores.blimp.acc, min: 0}
SPEC
lmpipe run published.yaml --offline --progress none
is "it runs from a spec" "$status:$err" "0:"
like "all of it was read" "$out" 'gpt2 +done .* 124439808 parameters'
lmpipe cat published.yaml scores.scores
scores=$out
number() { # METRIC
    grep -oE "\"$1\": [-0-9.e]+" <<<"$scores" | sed 's/.*: //'
}
is "twelve items of each" "$(number blimp.items) $(number lambada.items)" "12 12"
is "chance" "$(number blimp.chance)" 0.5
# Sentences and the same words turned round are as likely to weights that nobody trained: 1 to 11 of 12, but for a chance
# of 1 in 2,048; the weights are the same each time.
like "a score beside it" "$(number blimp.acc)" '^0\.[0-9]+$'
like "by paradigm" "$scores" '"blimp\.order_[0-2]\.acc": '
lmpipe cat published.yaml scores.items/lambada.jsonl
# Weights of this size make all tokens of the vocabulary nearly as likely: ln 50,257 = 10.82 a token, a bit more.
like "nobody trained it" "$(grep -oE '"nll":[0-9.]+,"bytes":[0-9]+' <<<"$out" |
    awk -F'[:,]' '{ nll += $2; bytes += $4 } END { print nll / bytes }')" '^([5-9]|1[0-1])(\.|$)'
like "the report says which task" "$(cat artifacts/published/report.md)" 'blimp'
lmpipe plan published.yaml
is "again: nothing to do" "$(grep -cE '^hit ' <<<"$out")" 4
done_testing
