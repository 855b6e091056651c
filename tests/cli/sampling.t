#!/bin/bash
# Draws by random methods from random logits are those of a second implementation (tests/oracle/draws.py).
. "$(dirname "$0")/lib.sh"

build=$(dirname "$LMPIPE")/..
[ -x "$build/tests/print_draws" ] || skip_all "tests/oracle/print_draws is not built"
said=$(python3 "$LM_SOURCE/tests/oracle/draws.py" "$build/tests/print_draws" 150)
is "every draw is what the rules say" "$?" 0
like "and few cases hang on rounding" "$said" " draws compared, [0-9]+ cases left out, 0 wrong$"
done_testing
