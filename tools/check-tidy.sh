#!/bin/bash
# clang-tidy (.clang-tidy) over the sources, as many at once as there are processors.
# check-tidy.sh BUILD-FOLDER (its compile_commands.json). One file a process: clang-tidy 14 takes
# va_list arguments for uninitialised in every file but the first.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: check-tidy.sh BUILD-FOLDER}
findings=$(git ls-files 'core/*.c' 'protocol/*.c' 'pipeline/*.c' 'stages/*.c' 'cli/*.c' 'worker/*.c' |
    xargs -P "$(nproc)" -n 1 timeout 600 clang-tidy --quiet -p "$build" 2>/dev/null)
status=$?
[ -z "$findings" ] || printf '%s\n' "$findings"
exit "$status"
