#!/bin/bash
# Every function of a public header is documented, and docs/stages is what the tables say now.
# check-docs.sh BUILD-FOLDER
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: check-docs.sh BUILD-FOLDER}
bad=0

# A prototype needs a comment that ends on the line before, a /**< on one of its lines, or a
# documented prototype right before it (one comment for a pair).
undocumented=$(awk '
    FNR == 1 { documented = 0; pending = 0 }
    pending {
        if ($0 ~ /\/\*\*</) ok = 1
        if ($0 ~ /;/) { if (!ok) print FILENAME ":" start ": " text; documented = ok; pending = 0 }
        next
    }
    /^[a-z].*[ *]\(?\*?lm_[a-z0-9_]+\)?\(/ && !/^typedef|^static inline/ {
        ok = documented || $0 ~ /\/\*\*</; start = FNR; text = $0
        if ($0 ~ /;/) { if (!ok) print FILENAME ":" start ": " text; documented = ok } else pending = 1
        next
    }
    /\*\/[ \t]*$/ { documented = 1; next }
    /^[ \t]+LM_PRINTF/ { next }
    { documented = 0 }' include/lmpipe/*.h include/lmpipe/*/*.h)
[ -z "$undocumented" ] || { echo "docs: functions without a comment:"; echo "$undocumented"; bad=1; }

lmpipe=$build/cli/lmpipe
[ -x "$lmpipe" ] || { echo "docs: $lmpipe is not built"; exit 1; }
for type in $("$lmpipe" stages | awk '{print $1}'); do
    page=docs/stages/$type.md
    diff -u "$page" <("$lmpipe" stages "$type" --markdown) ||
        { echo "docs: $page is not what the table says; run make -f Makefile.ci docs"; bad=1; }
done
exit "$bad"
