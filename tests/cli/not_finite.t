#!/bin/bash
# Trainings that leave the range of numbers, models that hold none, texts with next to nothing in them: the
# right line, exit 1, and nothing is lost.
. "$(dirname "$0")/lib.sh"

# --- a learning rate that no training survives -------------------------------------------
fresh rate
lmpipe run tiny.yaml --progress none
is "a sound training" "$status" 0
want=$(artifact_digests tiny.yaml)
like "skipped steps are a metric" "$(cat artifacts/store/actions/*/* | grep -a skipped_steps)" '\b0\b'
sed -i 's/lr: 3.0e-3/lr: 1.0e9/' tiny.yaml
lmpipe run tiny.yaml
is "lr 1e9: exit 1" "$status" 1
like "the line names stage, step and remedy" "$err" \
    'stage model: stopped after 3 skipped steps in a row: the loss at step [0-9]+ is not finite .*; lower lr or set clip$'
like "each skipped step has a line" "$err" '^model: step 3 is skipped: the loss at step 3 is not finite'
first=$(grep '^lmpipe: error' <<<"$err")
lmpipe run tiny.yaml
is "again: the same line" "$status:$(grep '^lmpipe: error' <<<"$err")" "1:$first"
lmpipe plan tiny.yaml
like "what was reached is kept" "$out" '^resume@5 model '
is "no result was stored" "$(lmpipe cat tiny.yaml model.model; echo "$status:$out")" "1:"
sed -i 's/      lr: 1.0e9/      lr: 1.0e9\n      max_skips: 7/' tiny.yaml
lmpipe run tiny.yaml
is "more skips: goes on, and stops later" "$status" 1
like "from where it was" "$err" '^model: resume|^model: step 6 is skipped'
unlike "not from the start" "$err" 'step 3 is skipped'
like "with its own count" "$err" 'stopped after 7 skipped steps in a row: the loss at step 10 '
sed -i 's/      lr: 1.0e9/      lr: 3.0e-3/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "lr as before: nothing runs, for max_skips is in no key" "$status:$(executed)" "0:"
is "and nothing is lost" "$(artifact_digests tiny.yaml)" "$want"

sed -i 's/      max_skips: 7/      max_spike: 0/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a bound on spikes at its default: nothing runs" "$status:$(executed)" "0:"
sed -i 's/      max_spike: 0/      max_spike: 50/' tiny.yaml
lmpipe plan tiny.yaml
like "a bound is in the key" "$out" '^run model '
sed -i 's/      max_spike: 50/      max_spike: 0.5/' tiny.yaml
lmpipe check tiny.yaml
is "a bound below the median: exit 2" "$status" 2
like "with its reason" "$err" 'max_spike: must exceed 1, or be 0 for no bound'
sed -i '/max_spike/d' tiny.yaml

# --- a model that is not finite ------------------------------------------------------------
mkdir model
for file in config.json model.safetensors vocab; do "$LMPIPE" cat tiny.yaml "model.model/$file" >"model/$file"; done
lmpipe model generate model --prompt a --tokens 3
is "generate: a sound model" "$status" 0
size=$(stat -c %s model/model.safetensors)
printf '\x00\x00\xc0\x7f' | dd of=model/model.safetensors bs=1 seek=$((size - 4)) conv=notrunc 2>/dev/null
lmpipe model generate model --prompt a --tokens 3
ok "one that is not finite is refused" test "$status" -ne 0
like "with the tensor" "$err" 'model.safetensors: ln_f.bias holds a number that is not finite; take the file from its source'
is "and nothing on stdout" "$out" ""

# --- next to no text -------------------------------------------------------------------------
fresh small
sed -i 's/documents: {by: unindented}/documents: file/; s/split: {by: hash, valid: 0.2, test: 0.1}/split: {by: position, valid: 0.2, test: 0.1}/' tiny.yaml
for _ in {1..60}; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done >tiny.txt
lmpipe run tiny.yaml --progress none
is "one character over and over: exit 0" "$status:$err" "0:"
like "learnt" "$out" '^scores +done .* test 0\.[0-9]+ bpb'
echo a >tiny.txt
lmpipe run tiny.yaml --progress none
is "a text of one token: exit 1" "$status" 1
like "there is nothing to hold out" "$err" 'stage text: split: no text falls into valid .*; raise its share'
printf 'a\nb\nc\nd\ne\nf\n' >tiny.txt
lmpipe run tiny.yaml --progress none
is "less than a context: exit 1" "$status" 1
like "said plainly" "$err" 'stage model: the train split has [0-9]+ tokens, the context needs 33; choose a smaller context'
done_testing
