#!/bin/bash
# A change runs what depends on it and nothing else; `why` names the cause.
. "$(dirname "$0")/lib.sh"

fresh change
lmpipe run tiny.yaml --progress none
is "first run" "$status" 0

# --- a parameter ---------------------------------------------------------------------
line=$(grep -n 'lr:' tiny.yaml | cut -d: -f1)
sed -i 's/lr: 3.0e-3/lr: 2.0e-3/' tiny.yaml
lmpipe plan tiny.yaml
is "plan: what lr touches" "$(awk '$1 != "hit" {print $2}' <<<"$out" | tr '\n' ' ')" "model scores samples report "
like "the model runs" "$out" '^run model '
like "its consumers may" "$out" '^maybe scores '
lmpipe plan tiny.yaml --check
is "plan --check: stale" "$status" 7
lmpipe why tiny.yaml model
is "why: success" "$status" 0
like "why: names the parameter, both values and the line" "$out" "lr.*0\.003.*0\.002.*tiny\.yaml:$line"
lmpipe why tiny.yaml scores
like "why: names the stage upstream" "$out" "model"
lmpipe why tiny.yaml vocab
like "why: a hit is up to date" "$out" "up to date|hit"
lmpipe run tiny.yaml --progress none
is "run: exactly train, evaluate, sample, report" "$(executed)" "model scores samples report"

# --- what means nothing ----------------------------------------------------------------
sed -i '1i # a comment' tiny.yaml
sed -i 's/{vocab_size: "${vocab}", pattern: gpt2}/{pattern: gpt2, vocab_size: "${vocab}"} # order/' tiny.yaml
ok "the order of keys was changed" grep -q 'pattern: gpt2, vocab_size' tiny.yaml
lmpipe run tiny.yaml --progress none
is "comments and key order: nothing runs" "$(executed)" ""
sed -i 's/lr: 2.0e-3/lr: 0.002/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "another spelling of a number: nothing runs" "$(executed)" ""

# --- a document that cleaning removes -----------------------------------------------------
awk 'BEGIN { RS = ""; ORS = "\n\n" } { print } ' tiny.txt | awk '/^zen$/,0' >again.txt
printf '\n' | cat tiny.txt - again.txt >more.txt
cp more.txt tiny.txt
lmpipe run tiny.yaml --progress none
is "a duplicate document: download, clean and the report run" "$(executed)" "corpus text report"
sed -i '$a\\nan entry that stays\n n.\n\n    Something entirely new, kept by cleaning, which therefore changes every stage that follows it.' tiny.txt
lmpipe why tiny.yaml corpus
like "why: names the file whose content changed" "$out" "tiny\.txt"
lmpipe run tiny.yaml --progress none
is "a document that stays runs everything" "$(executed)" "corpus text vocab tokens model scores samples report"

# --- variables ------------------------------------------------------------------------
lmpipe run tiny.yaml -S steps=7 --progress none
is "-S steps: train and what follows" "$(executed)" "model scores samples report"
lmpipe why tiny.yaml model -S steps=9
like "why: -S is the origin" "$out" "steps.*7.*9.*-S"
lmpipe run -S steps=7 --progress none tiny.yaml
is "options may come first; the result is kept" "$(executed)" ""
lmpipe plan tiny.yaml -S stepz=9
is "-S of an unknown name: exit 2" "$status" 2
like "did you mean" "$err" "did you mean.*steps"
done_testing
