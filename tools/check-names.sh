#!/bin/bash
# File names are unique across the tree, and every symbol of core/, pipeline/ and cli/ begins with lm_
# (those of stages/ stay in the worker).
# check-names.sh BUILD-FOLDER
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: check-names.sh BUILD-FOLDER}
bad=0

twice=$(git ls-files 'include/*.h' 'core/*.[ch]' 'protocol/*.[ch]' 'pipeline/*.[ch]' 'stages/*.[ch]' 'cli/*.[ch]' 'worker/*.[ch]' |
    grep -v '^include/lmpipe/' | sed 's|.*/||' | sort | uniq -d)
[ -z "$twice" ] || { echo "names: several files are called: ${twice//$'\n'/ }"; bad=1; }

objects=$(find "$build" -name '*.o' -path '*/CMakeFiles/*' -not -path '*/tests/*' -not -path '*/examples/*' \
    -not -path '*/CMakeFiles/[0-9]*' -not -path '*lmpipe_run_*')
[ -n "$objects" ] || { echo "names: no objects below $build; build first"; exit 1; }
strange=$(xargs nm --defined-only --extern-only <<<"$objects" 2>/dev/null |
    awk 'NF == 3 && $3 !~ /^lm_/ && $3 != "main" { print $3 }' | sort -u)
[ -z "$strange" ] || { echo "names: exported without lm_: ${strange//$'\n'/ }"; bad=1; }
exit "$bad"
