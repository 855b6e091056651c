#!/bin/bash
# A model exported as safetensors has the same logits in PyTorch (tests/oracle/gpt2_torch.py). Needs
# Debian's python3-torch.
. "$(dirname "$0")/lib.sh"

build=$(dirname "$LMPIPE")/..
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
"$python" -c 'import torch' 2>/dev/null || skip_all "python3-torch is not installed"
[ -x "$build/tests/print_logits" ] || skip_all "tests/oracle/print_logits is not built"
cd "$LM_WORK" || exit 1

# A model that has learned something: its logits are not all near zero.
ok "a model is trained" "$build/docs/programs/train" "$LM_TEST_DATA/tiny.txt" model 60
ids=$(head -c 64 "$LM_TEST_DATA/tiny.txt" | od -An -v -tu1 | tr '\n' ' ')
for dtype in f32 f16 bf16; do
    lmpipe model export model --no-vocab --dtype $dtype -o $dtype
    is "$dtype: exported" "$status:$err" "0:"
    # shellcheck disable=SC2086 # ids are words
    "$build/tests/print_logits" $dtype $ids >logits
    # shellcheck disable=SC2086
    said=$("$python" "$LM_SOURCE/tests/oracle/gpt2_torch.py" $dtype logits $ids)
    is "$dtype: within 1e-4 of PyTorch: $said" "$?" 0
done
# The comparison can fail.
# shellcheck disable=SC2086
"$build/tests/print_logits" bf16 $ids >logits
# shellcheck disable=SC2086
said=$("$python" "$LM_SOURCE/tests/oracle/gpt2_torch.py" f32 logits $ids)
is "another model is told apart: $said" "$?" 1
done_testing
