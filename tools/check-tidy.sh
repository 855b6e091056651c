#!/bin/bash
# clang-tidy (.clang-tidy) over the sources, as many at once as there are processors.
# check-tidy.sh BUILD-FOLDER (its compile_commands.json) [deep]. The analyzer looks at calls shallowly, an eighth
# of its work, unless told `deep` (make -f Makefile.ci analyze): then with one file a process, because clang-tidy 14
# takes va_list arguments for uninitialised in every file but the first.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: check-tidy.sh BUILD-FOLDER [deep]}
how=() files=1
[ "${2:-}" = deep ] || files=8 how=(--extra-arg={-Xclang,-analyzer-config,-Xclang,mode=shallow}
    --checks=-clang-analyzer-valist.Uninitialized) # it does not follow va_start into a callee
findings=$(git ls-files 'core/*.c' 'protocol/*.c' 'pipeline/*.c' 'stages/*.c' 'cli/*.c' 'worker/*.c' |
    xargs -P "$(nproc)" -n "$files" timeout 600 clang-tidy --quiet -p "$build" "${how[@]}" 2>/dev/null)
status=$?
[ -z "$findings" ] || printf '%s\n' "$findings"
exit "$status"
