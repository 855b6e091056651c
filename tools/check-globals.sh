#!/bin/bash
# No mutable globals: no object of ours has anything in .data, .bss or common storage.
# check-globals.sh BUILD-FOLDER. Constant tables under PIE lie in .data.rel.ro and are fine.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: check-globals.sh BUILD-FOLDER}

objects=$(find "$build" -name '*.o' -path '*/CMakeFiles/*' -not -path '*/tests/*' -not -path '*/examples/*' \
    -not -path '*/CMakeFiles/[0-9]*')
[ -n "$objects" ] || { echo "globals: no objects below $build; build first"; exit 1; }
found=$(xargs objdump -t <<<"$objects" | awk '
    /file format/ { file = $1; sub(/:$/, "", file) }
    $0 ~ / O / && ($0 ~ / \.(t?data|t?bss)(\.[^r][^ ]*)?\t/ || $0 ~ /\*COM\*/) { print file ": " $NF }')
[ -z "$found" ] || { echo "globals: mutable storage:"; echo "$found"; exit 1; }
