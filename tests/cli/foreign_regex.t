#!/bin/bash
# Expressions as imported and as exported cut where Hugging Face's program cuts. LMPIPE_TOKENIZERS names a
# folder node_modules that holds the package tokenizers; $LM_CUT_PIECES is tests/oracle/cut_pieces.c.
. "$(dirname "$0")/lib.sh"

[ -n "${LMPIPE_TOKENIZERS:-}" ] || skip_all "LMPIPE_TOKENIZERS names no node_modules with tokenizers"
command -v node >/dev/null || skip_all "there is no node"
LM_CUT_PIECES=${LM_CUT_PIECES:-$(dirname "$LMPIPE")/../tests/cut_pieces}
modules=$(cd "$LMPIPE_TOKENIZERS" && pwd)

fresh foreign
ln -s "$modules" node_modules
for seed in 2 3 "$(date +%s)"; do
    ok "2,000 expressions each way, seed $seed" \
        node "$LM_SOURCE/tools/fixtures/foreign_regex.mjs" "$LM_CUT_PIECES" check "$seed" 2000
done
node "$LM_SOURCE/tools/fixtures/foreign_regex.mjs" "$LM_CUT_PIECES" write set.tsv
ok "the set in the tree is what the other program gives" cmp set.tsv "$LM_TEST_DATA/tokenizers/foreign_regex.tsv"
done_testing
