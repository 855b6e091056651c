#!/bin/bash
# llama.cpp over our GGUF files: ids, probabilities and greedy texts are the same. LMPIPE_LLAMA names a
# folder node_modules that holds node-llama-cpp; LMPIPE_LLAMA_MODEL a model's folder, else a tiny one is
# trained. $LM_GGUF_ORACLE is tests/oracle/gguf_oracle.c.
. "$(dirname "$0")/lib.sh"

[ -n "${LMPIPE_LLAMA:-}" ] || skip_all "LMPIPE_LLAMA names no node_modules with node-llama-cpp"
command -v node >/dev/null || skip_all "there is no node"
LM_GGUF_ORACLE=${LM_GGUF_ORACLE:-$(dirname "$LMPIPE")/../tests/gguf_oracle}
modules=$(cd "$LMPIPE_LLAMA" && pwd)
given=${LMPIPE_LLAMA_MODEL:+$(cd "$LMPIPE_LLAMA_MODEL" && pwd)}

fresh llama
cat >prompts <<'EOF'
A hacker is
The Jargon File is
foo: n.
In the early days of computing,
Unix hackers often
The word "bug" comes from
MIT AI Lab
:programming: n. The art of
When a program crashes,
What is a kluge?
Emacs is
Someone who writes code
The first version of
It's not a bug, it's
Compare {hack},
This usage derives from
1. [common] To
Users of the network
To write a virus,
A long time ago, the PDP-10
EOF
if [ -z "$given" ]; then
    lmpipe run tiny.yaml --progress none
    is "a tiny model is trained" "$status:$err" "0:"
    mkdir model
    for file in config.json model.safetensors vocab; do
        lmpipe cat tiny.yaml "model.model/$file" >/dev/null
        "$LMPIPE" cat tiny.yaml "model.model/$file" >"model/$file"
    done
    given=model
fi
new=50
[ "$(sed -n 's/.*"n_positions": \([0-9]*\).*/\1/p' "$given/config.json")" -ge 100 ] || new=12

# shellcheck disable=SC2317 # reached through `ok`
compare() { # WEIGHTS TOLERANCE
    "$LM_GGUF_ORACLE" "$given" "$1.gguf" "$1" "$new" <prompts >"$1.json" &&
        node "$LM_SOURCE/tests/oracle/llama.mjs" "$modules" "$1.gguf" prompts "$1.json" "$2" >"$1.out" 2>&1
}
for row in "f32 5e-3" "f16 2e-2"; do
    # shellcheck disable=SC2086 # two words
    ok "${row% *}: ids, probabilities within ${row#* }, greedy texts" compare $row
    sed 's/^/# /' "${row% *}.out"
done

# Vocabularies alone, over lines of many scripts.
python3 - >texts <<'EOF'
import random
random.seed(5)
pool = [chr(c) for c in range(32, 127)] * 4 + [chr(c) for c in range(0xA1, 0x250)] + [chr(c) for c in range(0x370, 0x600)]
pool += [chr(c) for c in range(0x4E00, 0x4E40)] + ["\t", "  ", "   ", "'s", "'S", "'LL", "\u3000", "\u01C5", "\u0301", "\U0001F600", "\u00B2"] * 8
for _ in range(500):
    print("".join(random.choice(pool) for _ in range(random.randrange(1, 60))))
EOF
# shellcheck disable=SC2317 # reached through `ok`
ids() { # the tiny model's vocabulary
    "$LM_GGUF_ORACLE" "$given/vocab" vocab.gguf vocab <texts >vocab.json &&
        node "$LM_SOURCE/tests/oracle/llama.mjs" "$modules" vocab.gguf texts vocab.json >vocab.out 2>/dev/null
}
ok "500 lines of many scripts have the same ids" ids
sed 's/^/# /' vocab.out

done_testing
