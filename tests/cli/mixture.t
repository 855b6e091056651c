#!/bin/bash
# Sources by weight in a training: names, keys, what was learnt of each, interruptions, old lists.
. "$(dirname "$0")/lib.sh"

cd "$LM_WORK" || exit 1
mkdir artifacts
for i in $(seq 40); do echo "The old house number $i stood by the river in the rain."; done >novels.txt
for i in $(seq 300); do echo "Click item $i of the list, then item $((i * 7)) of page $((i % 9))."; done >web.txt
cat >mix.yaml <<'E2'
lmpipe: 1
experiment: mix
numerics: portable
stages:
  corpus:
    uses: download
    with: {sources: [{name: web, path: web.txt}, {name: novels, path: novels.txt}]}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: line, split: {valid: 0.1, test: 0.1}}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 300}}
  tokens: {uses: encode, in: {text: text, vocab: vocab}}
  model:
    uses: train
    in: {tokens: tokens, sources: text}
    with: {context: 16, layers: 1, heads: 2, width: 16, batch: 4, accumulate: 3, steps: 90, warmup: 5, eval_every: 50,
           eval_batches: 1, mixture: {web: 0.25, novels: 0.75}}
  scores: {uses: evaluate, in: {model: model, tokens: tokens}}
  samples: {uses: sample, in: {model: model, tokens: tokens}, with: {unconditional: 1, from_valid: 0, max_tokens: 4}}
  report:
    uses: report
    in: {log: model.log, scores: scores.scores, items: scores.items, samples: samples, card: text.card, vocab: vocab, tokenizer: tokens.card}
    publish: {html: report.html, json: report.json}
E2
lmpipe run mix.yaml --progress none
is "a mixture of named sources runs" "$status" 0
[ "$status" = 0 ] || echo "# $err"
lmpipe cat mix.yaml text.sources
is "sources are in the text's order" "$(tr -d ' \n' <<<"$out" | grep -o '"name":"[a-z]*"' | tr '\n' ' ')" '"name":"novels" "name":"web" '
train=$(lmpipe cat mix.yaml text.text/train.jsonl && wc -l <<<"$out")
is "their documents are the text's" "$(lmpipe cat mix.yaml text.sources && grep -o '"train": [0-9]*' <<<"$out" | awk '{s += $2} END {print s}')" "$train"
lmpipe cat mix.yaml model.log
last=$(tail -1 <<<"$out")
like "the log ends with what was learnt of each" "$last" '^\{"step":90,.*"sources":\[\{"name":"novels","weight":0.75,"tokens":[0-9]+,"epochs":[0-9.]+\},\{"name":"web","weight":0.25,'
share=$(grep -o '"tokens":[0-9]*,"epochs"' <<<"$last" | tr -dc '0-9\n' | awk 'NR == 1 {a = $1} {s += $1} END {print (a / s > 0.73 && a / s < 0.77)}')
is "tokens are as the weights say" "$share" 1
like "the report shows it" "$(cat artifacts/mix/report.html)" 'Source novels'
like "and in JSON" "$(tr -d ' \n' <artifacts/mix/report.json)" '"sources":\[\{"name":"novels","weight":0.75,'
lmpipe exp show last --json
like "metrics by source" "$out" '"epochs.novels"'

# --- keys ------------------------------------------------------------------------------------
sed 's/{web: 0.25, novels: 0.75}/{novels: 0.75, web: 0.25}/' mix.yaml >order.yaml
mv order.yaml mix.yaml
lmpipe run mix.yaml --progress none
is "the order of names changes nothing" "$(executed)" ""
lmpipe run mix.yaml --progress none -S model.mixture.web=0.5
is "a changed weight trains alone" "$(executed)" "model scores samples report"
lmpipe why mix.yaml model -S model.mixture.web=2
like "why: names weight and place" "$out" 'mixture.*0\.5.*2.*-S'
lmpipe config mix.yaml
printf '%s\n' "${out/experiment: mix/experiment: again}" >again.yaml
lmpipe run again.yaml --progress none
is "the resolved spec means the same; the report has another name" "$(executed)" "report"
rm again.yaml

# --- the same bits ---------------------------------------------------------------------------
lmpipe verify mix.yaml model --rerun --interrupt-at 1,37 --threads 2
is "interrupted and on two threads: the same" "$status" 0
[ "$status" = 0 ] || echo "# $out $err"

# --- what is refused -------------------------------------------------------------------------
line=$(grep -n 'mixture:' mix.yaml | cut -d: -f1)
refused() { # DESCRIPTION SED PATTERN
    sed "$2" mix.yaml >bad.yaml
    lmpipe check bad.yaml
    is "$1: exit 2" "$status" 2
    like "$1" "$err" "$3"
}
refused "an unknown name" 's/novels: 0.75/novel: 0.75/' "bad.yaml:$line:[0-9]+: model.mixture.novel: there is no source 'novel'; did you mean 'novels'"
like "and the one that is missing" "$err" "bad.yaml:$line:[0-9]+: model.mixture: says nothing of the source 'novels'"
refused "a weight of 0" 's/novels: 0.75/novels: 0/' "bad.yaml:$line:[0-9]+: model.mixture.novels: 0 is too small; it must be above 0"
refused "a weight that is no number" 's/novels: 0.75/novels: much/' "bad.yaml:$line:[0-9]+: model.mixture.novels: "
refused "no sources" 's/, sources: text//' "bad.yaml:.*model.mixture: names sources, so the input sources"
refused "sources for nothing" 's/, mixture: {.*}}/}/' "model.sources: has no effect without mixture"
refused "a list and names" 's/mixture: {.*}}/mixture: [{weight: 1, name: web}, 2]}/' "model.mixture: some weights have names"
refused "a further text" 's/sources: text}/sources: text, extra_tokens: [tokens]}/' "model.extra_tokens: cannot be mixed with named sources"
sed 's/^experiment: mix/experiment: none/; s/split: {valid: 0.1, test: 0.1}/split: {by: position, valid: 0.5, test: 0.45}/' mix.yaml >none.yaml
lmpipe run none.yaml model --progress none
is "a source without documents in train: exit 1" "$status" 1
like "it is named" "$err" "mixture.web: the source has no document in train"

# --- lists, as before ------------------------------------------------------------------------
sed 's/^experiment: mix/experiment: list/; s/sources: text}/extra_tokens: [tokens]}/; s/mixture: {.*}}/mixture: [2, 1]}/' mix.yaml >list.yaml
lmpipe run list.yaml model --progress none
is "weights of token sets" "$status" 0
ok "their key lines are what they were" grep -qx 'param mixture.1 float 1' -r artifacts/store/actions
lmpipe why list.yaml model -S model.mixture.1=4
like "why: the place in the list" "$out" 'mixture.1.*1.*4'
done_testing
