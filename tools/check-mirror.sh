#!/bin/bash
# Tests mirror sources: core/<floor>/x.c, pipeline/<room>/x.c and cli/x.c have tests/unit/<floor>/test_x.c, or a
# line in tools/mirror.txt that says which test covers them.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bad=0
while read -r source; do
    name=${source##*/} name=${name%.c} floor=${source#*/} floor=${floor%%/*} # without a process each: there are hundreds
    case $source in
    core/model/kernels/*) floor=model ;;
    core/* | pipeline/*) ;;
    *) floor=${source%%/*} ;;
    esac
    [ -e "tests/unit/$floor/test_$name.c" ] || grep -qE "^${source}[[:space:]]" tools/mirror.txt ||
        { echo "mirror: $source has no tests/unit/$floor/test_$name.c and no line in tools/mirror.txt"; bad=1; }
done < <(git ls-files 'core/*.c' 'protocol/*.c' 'pipeline/*.c' 'cli/*.c' | grep -v '^cli/cmd_')
while read -r source test _; do
    [[ $source == \#* || -z $source ]] && continue
    [ -e "$source" ] || { echo "mirror: tools/mirror.txt names $source, which is not there"; bad=1; }
    [ -e "$test" ] || { echo "mirror: tools/mirror.txt names $test, which is not there"; bad=1; }
done <tools/mirror.txt
exit "$bad"
