#!/bin/bash
# docs/formats/model.md is enough to compute a model's logits: a program written from the page alone
# (tests/oracle/model_page.py) gets ours, for every option of the architecture and some together.
. "$(dirname "$0")/lib.sh"

build=$(dirname "$LMPIPE")/..
[ -x "$build/tests/print_logits" ] || skip_all "tests/oracle/print_logits is not built"
cd "$LM_WORK" || exit 1
page="$LM_SOURCE/tests/oracle/model_page.py"
"$LMPIPE" tokenizer import "$LM_TEST_DATA/tokenizers/whole.json" -o v >/dev/null
ids="5 0 17 255 31 8 8 200 64 3 99 12"

holds() { # OPTIONS of model create: prints the verdict
    rm -rf m
    "$LMPIPE" model create --vocab v -o m --context 12 "$@" >/dev/null || return
    python3 "$page" shake m
    # shellcheck disable=SC2086 # ids are words
    "$build/tests/print_logits" m $ids >logits || return
    # shellcheck disable=SC2086
    python3 "$page" logits m logits $ids
}

shape="--layers 3 --heads 4 --width 32"
while read -r options; do
    # shellcheck disable=SC2086 # options are words
    said=$(holds $shape $options 2>&1)
    is "GPT-2 ${options:-as it is}: $said" $? 0
done <<'LIST'

--norm rms
--positions rotary
--positions rotary --rotary-base 100
--mlp swiglu
--mlp swiglu --mlp-width 48
--mlp-width 80
--attention-width 64
--attention-width 16
--kv-heads 1
--kv-heads 2 --positions rotary
--window 3
--window 4 --window-every 1
--window 2 --window-every 3
--no-bias
--no-tie-embeddings
--qk-norm
--qk-norm --positions rotary --attention-width 64 --kv-heads 2
--norm rms --positions rotary --mlp swiglu --no-bias --no-tie-embeddings --kv-heads 2 --qk-norm --window 5
--norm rms --no-bias --window 1 --mlp swiglu --mlp-width 20 --attention-width 8
LIST

# The comparison can fail.
holds --layers 2 --heads 2 --width 16 --window 3 >/dev/null
sed -i 's/"window":3/"window":4/; s/"window": 3/"window": 4/' m/config.json
# shellcheck disable=SC2086
said=$(python3 "$page" logits m logits $ids)
is "another window is told apart: $said" "$?" 1
done_testing
