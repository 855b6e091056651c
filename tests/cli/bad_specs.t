#!/bin/bash
# Every spec in tests/specs/bad is refused with exactly the errors beside it, and exit status 2.
# NAME.args: further arguments, one a line. To accept new words after a look at the difference:
#   LMPIPE=build/dev/cli/lmpipe tests/cli/bad_specs.t --accept
. "$(dirname "$0")/lib.sh"

cd "$LM_SOURCE/tests/specs/bad" || exit 1
unset LMPIPE_NOT_SET
count=0
for spec in *.yaml; do
    name=${spec%.yaml}
    args=()
    [ -e "$name.args" ] && mapfile -t args <"$name.args"
    lmpipe check "$spec" "${args[@]}"
    [ "${1:-}" = --accept ] && printf '%s\n' "$err" >"$name.expected"
    is "$name: exit 2" "$status" 2
    is "$name: nothing on stdout" "$out" ""
    is "$name: its errors" "$err" "$(cat "$name.expected")"
    count=$((count + 1))
done
ok "at least forty specs" test "$count" -ge 40

# A spec with errors is refused the same way by every verb, before anything is made.
for verb in plan config graph run; do
    lmpipe "$verb" enum.yaml --store "$LM_WORK/none"
    is "$verb: exit 2" "$status" 2
    is "$verb: the same errors" "$err" "$(cat enum.expected)"
done
ok "no store was made" not test -e "$LM_WORK/none"
done_testing
