#!/bin/bash
# Runs every check of the tree that is no test: lint.sh BUILD-FOLDER (of the release preset).
# Each check prints what it finds; the last line counts those that failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=${1:?usage: lint.sh BUILD-FOLDER}

failed=()
check() {
    local name=$1
    shift
    SECONDS=0
    if "$@"; then
        echo "ok   $name (${SECONDS} s)"
    else
        echo "FAIL $name"
        failed+=("$name")
    fi
}

format() {
    git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror
}

shell() {
    git ls-files '*.sh' '*.t' '*.bash' .ci/run | xargs shellcheck -x -P SCRIPTDIR -e SC2016
}

spelling() {
    git ls-files '*.md' '*.c' '*.h' '*.sh' '*.t' '*.yaml' '*.txt' '*.cmake' | grep -vE '^(tests/(data|specs)/|tools/codespell)' |
        xargs codespell -I tools/codespell.txt
}

check format format
check floors tools/check-floors.sh
check names tools/check-names.sh "$build"
check globals tools/check-globals.sh "$build"
check headers tools/check-headers.sh
check ceilings tools/check-ceilings.sh
check mirror tools/check-mirror.sh
check docs tools/check-docs.sh "$build"
check shell shell
check spelling spelling
check tidy tools/check-tidy.sh "$build"

if [ ${#failed[@]} -gt 0 ]; then
    echo "lint: ${#failed[@]} checks failed: ${failed[*]}"
    exit 1
fi
echo "lint: all checks passed"
