#!/bin/bash
# The programs of docs/library.md: train on a text, score it, complete a prompt; and what they save is a
# model for the command line.
. "$(dirname "$0")/lib.sh"

programs=$(dirname "$LMPIPE")/../docs/programs
[ -x "$programs/train" ] || skip_all "the programs of docs/library.md are not built"
cd "$LM_WORK" || exit 1
ok "they include nothing of lmpipe but model.h" \
    test "$(cat "$LM_SOURCE"/docs/programs/*.c | grep '#include.*lmpipe\|#include "' | sort -u)" = "#include <lmpipe/model.h>"

text=$LM_TEST_DATA/tiny.txt
ok "train" "$programs/train" "$text" model 120
is "saves two files" "$(echo model/*)" "model/config.json model/model.safetensors"
line=$("$programs/score" model "$text")
like "score" "$line" '^[0-9.]+ bits per byte; [0-9.]+ by the frequencies of its bytes$'
ok "the model knows more than frequencies: $line" awk '{ exit !($1 < $5 - 0.2) }' <<<"$line"
text=$("$programs/complete" model "The " 50)
is "complete: the prompt and 50 bytes" "$(printf %s "$text" | LC_ALL=C wc -c)" 54
is "again: the same" "$("$programs/complete" model "The " 50)" "$text"

"$programs/train" "$LM_TEST_DATA/tiny.txt" model2 120 >steps
ok "trained again: the same bytes" cmp model/model.safetensors model2/model.safetensors
like "it says how it goes" "$(cat steps)" '^step 120: [0-9.]+ nats a byte$'
lmpipe model info model
like "lmpipe reads it" "$out" '^shape +2 layers, 4 heads, width 64, context 64$'
for program in train score complete; do
    "$programs/$program" nothing 2>err
    is "$program: too little: exit 2, one line" "$?:$(wc -l <err)" "2:1"
done
"$programs/complete" nothing x 2>err
is "complete: no such model: exit 1, one line" "$?:$(wc -l <err)" "1:1"
done_testing
