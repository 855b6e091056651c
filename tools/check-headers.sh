#!/bin/bash
# Every public header compiles alone, as C17 and as C++17, without a warning.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bad=0
for header in include/lmpipe/*.h include/lmpipe/*/*.h; do
    name=${header#include/}
    printf '#include <%s>\n' "$name" | gcc -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Werror \
        -Iinclude -fsyntax-only -x c - || { echo "headers: $header does not compile alone as C17"; bad=1; }
    printf 'extern "C" {\n#include <%s>\n}\n' "$name" | g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror \
        -Iinclude -fsyntax-only -x c++ - || { echo "headers: $header does not compile alone as C++17"; bad=1; }
done
exit "$bad"
