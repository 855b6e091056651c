#!/bin/bash
# Objectives on examples, from JSON lines to a report: what is learnt, that threads do not change it,
# models to begin with, and examples that are refused.
. "$(dirname "$0")/lib.sh"

cd "$LM_WORK" || exit 1
mkdir artifacts items
words=(stone river cloud horse lamp door bread chair wheel glass)
for i in $(seq 0 239); do
    a=${words[i % 10]} b=${words[(i / 10 + i) % 10]} mood=$((i * 7 % 11 % 2))
    feel=$([ $mood = 1 ] && echo glad || echo sad)
    printf '{"id":"c/%d","prompt":"The %s of the %s is %s.","choices":["no","yes"],"gold":%d}\n' \
        "$i" "$a" "$b" "$feel" "$mood" >>items/choice.jsonl
    printf '{"id":"t/%d","prompt":"%s %s:","references":[" %s and the %s or %s"],"stop":["\\n"]}\n' \
        "$i" "$a" "$b" "${b^^}" "${a^^}" "${b^^}" >>items/generate.jsonl
    printf '{"id":"s/%d","a":"a %s and a %s","b":"a %s and a %s","score":%d}\n' \
        "$i" "$a" "$b" "$a" "$([ $mood = 1 ] && echo "$b" || echo nothing)" $((1 + 4 * mood)) >>items/similarity.jsonl
done
# The vocabulary learns from the texts, without the syntax around them.
sed -E 's/\{"id":"[^"]*"//; s/"[a-z]+":|[]["{},]|\\n/ /g' items/*.jsonl >texts.txt
cat >tests.yaml <<'YAML'
lmpipe: 1
experiment: objectives
vars: {form: choice, objective: classify, steps: 80}
stages:
  corpus: {uses: download, with: {sources: [{name: texts, path: texts.txt, license: made-up}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: {by: line}, dedup: false}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 320}}
  examples: {uses: download, with: {sources: [{name: items, path: items, include: ["${form}.jsonl"], license: made-up}]}}
  model:
    uses: train
    in: {examples: examples, vocab: vocab}
    with: {objective: "${objective}", preset: gpt2-micro, batch: 16, steps: "${steps}", lr: 3.0e-3, warmup: 10, eval_every: 20}
  scores: {uses: evaluate, in: {model: model, examples: examples}}
  report: {uses: report, in: {log: model.log, scores: scores.scores, items: scores.items}, publish: {html: report.html, md: report.md}}
YAML

figure() { # NAME -S…: a number of the scores
    lmpipe cat tests.yaml scores.scores "${@:2}"
    grep -oE "\"$1\": [-0-9.e]+" <<<"$out" | sed 's/.*: //'
}
above() { # NAME VALUE BOUND
    is "$1: $2 > $3" "$(awk -v a="${2:-x}" -v b="$3" 'BEGIN { print (a != "x" && a + 0 > b) ? 1 : 0 }')" 1
}

classify=(-S objective=classify)
learning=400 # steps; under sanitizers it need not come to something
sanitized && learning=40
translate=(-S objective=translate -S form=generate -S "steps=$learning")
similar=(-S objective=similar -S form=similarity)

lmpipe run tests.yaml "${classify[@]}" --threads 1 --progress none
is "classify runs" "$status" 0
above "labels are learnt" "$(figure test.accuracy "${classify[@]}")" 0.9
above "the more frequent one is no answer" "$(awk -v a="$(figure test.majority "${classify[@]}")" 'BEGIN { print 0.75 - a }')" 0
like "the report says so" "$(cat artifacts/objectives/report.md)" '^\*\*The classifier&#39;s accuracy is [0-9.]+'
like "with a confusion matrix" "$(cat artifacts/objectives/report.html)" 'Confusion matrix'
digest=$(lmpipe cat tests.yaml model.model "${classify[@]}"; echo "$out")
like "the model knows its objective" "$digest" 'objective\.json'
lmpipe cat tests.yaml model.model/objective.json "${classify[@]}"
like "and its labels" "$out" '"no"'
lmpipe run tests.yaml "${classify[@]}" --threads 2 -f model --progress none
is "two threads" "$status" 0
is "make the same model" "$(lmpipe cat tests.yaml model.model "${classify[@]}"; echo "$out")" "$digest"

lmpipe run tests.yaml "${translate[@]}" --progress none
is "translate runs" "$status" 0
sanitized || above "answers are learnt" "$(figure test.bleu "${translate[@]}")" 20
above "better than the source copied" "$(awk -v a="$(figure test.copy "${translate[@]}")" 'BEGIN { print 10 - a }')" 0
like "answers beside references" "$(cat artifacts/objectives/report.html)" '>Reference</th>'

lmpipe run tests.yaml "${similar[@]}" -S steps=100 --progress none
is "scores beyond 0 and 1 are refused" "$status" 1
like "with file and line" "$err" 'similarity\.jsonl:[0-9]+.*score'
sed 's/preset: gpt2-micro/score_range: [1, 5], preset: gpt2-micro/; s/experiment: objectives/experiment: alike/' tests.yaml >similar.yaml
lmpipe run similar.yaml "${similar[@]}" --progress none
is "similar runs" "$status" 0
lmpipe cat similar.yaml scores.scores "${similar[@]}"
above "likeness is learnt" "$(grep -oE '"test.spearman": [-0-9.e]+' <<<"$out" | sed 's/.*: //')" 0.6

# A model to begin with: a port, or a folder with a pin.
cat >tuned.yaml <<'YAML'
lmpipe: 1
experiment: tuned
stages:
  corpus: {uses: download, with: {sources: [{name: texts, path: texts.txt, license: made-up}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: {by: line}, dedup: false}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 320}}
  tokens: {uses: encode, in: {text: text, vocab: vocab}}
  base: {uses: train, in: {tokens: tokens}, with: {preset: llama-nano, batch: 8, steps: 10, eval_every: 10}}
  examples: {uses: download, with: {sources: [{name: items, path: items, include: ["choice.jsonl"], license: made-up}]}}
  model:
    uses: train
    in: {examples: examples, init: base.model}
    with: {objective: classify, batch: 16, steps: 40, lr: 2.0e-3, layer_decay: 0.9, frozen_layers: 1, eval_every: 20}
  scores: {uses: evaluate, in: {model: model, examples: examples, tokens: tokens}}
  report: {uses: report, in: {scores: scores.scores, items: scores.items}}
YAML
lmpipe run tuned.yaml --progress none
is "a fine-tuned model of another architecture" "$status" 0
lmpipe cat tuned.yaml scores.scores
is "on text and examples: a loss of each" "$(grep -oE '"valid\.(examples\.)?nll"' <<<"$out" | sort | tr '\n' ' ')" '"valid.examples.nll" "valid.nll" '
lmpipe cat tuned.yaml scores.scores
like "keeps that architecture" "$out" '"model.beyond_gpt2": "[^"]*norm rms'
lmpipe model info tuned.yaml:model.model
like "and has a head" "$out" 'labels 2'
mkdir base && for name in config.json model.safetensors vocab; do
    "$LMPIPE" cat tuned.yaml "base.model/$name" >"base/$name"
done
pin=$(sha256sum <base/model.safetensors | cut -c1-64)
sed "s/examples: examples, init: base.model/examples: examples/; s/objective: classify,/objective: classify, init: {path: base, sha256: $pin},/; s/experiment: tuned/experiment: pinned/" tuned.yaml >pinned.yaml
lmpipe run pinned.yaml --progress none
is "from a folder with a pin" "$status" 0
is "it is the same model" "$(lmpipe cat pinned.yaml model.model; echo "$out")" "$(lmpipe cat tuned.yaml model.model; echo "$out")"
printf x >>base/model.safetensors
lmpipe plan pinned.yaml
like "edited under its pin it is no hit: nothing is hidden" "$out:$err" '^run model .*init'
lmpipe run pinned.yaml --progress none
is "and the pin refuses it" "$status" 1
truncate -s -1 base/model.safetensors
lmpipe plan pinned.yaml --check
is "restored it is one" "$status" 0
sed "s/$pin/${pin//[0-9]/0}/; s/experiment: pinned/experiment: mispinned/" pinned.yaml >mispinned.yaml
lmpipe run mispinned.yaml --progress none
is "another pin" "$status" 1
like "says so" "$err" 'init\.sha256'

# Examples that are none.
for bad in '{"id":"x","prompt":"p","choices":["no","yes"]}' '{"id":"x","prompt":"p","choices":["no","yes"],"gold":2}' \
    '{"id":"x","prompt":"p","choices":["yes","no"],"gold":1}' '{"id":"x","a":"p","b":"q","score":1}' 'no json' \
    '{"id":"c/0","prompt":"p","choices":["no","yes"],"gold":1}'; do
    mkdir -p spoilt && { cat items/choice.jsonl && echo "$bad"; } >spoilt/choice.jsonl
    sed 's/path: items, include/path: spoilt, include/; s/experiment: objectives/experiment: spoilt/' tests.yaml >spoilt.yaml
    lmpipe run spoilt.yaml "${classify[@]}" --progress none
    is "refused: $bad" "$status" 1
    like "with its line or id" "$err" 'choice\.jsonl:241|c/0'
done
done_testing
