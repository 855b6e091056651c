#!/bin/bash
# Two runners at once on one store share the work: no stage is executed twice.
. "$(dirname "$0")/lib.sh"

fresh left
fresh right
store=$LM_WORK/store
pids=
for side in left right; do
    (cd "$LM_WORK/$side" && exec "$LMPIPE" run tiny.yaml -S steps=100 --store "$store" >"$LM_WORK/$side.out" \
        2>"$LM_WORK/$side.err") &
    pids+=" $!"
done
for pid in $pids; do
    wait "$pid"
    is "a runner succeeds" $? 0
done
both=$(awk '$2 == "done" {print $1}' "$LM_WORK/left.out" "$LM_WORK/right.out" | sort | tr '\n' ' ')
is "each stage was executed by one of them" "$both" "corpus model report samples scores text tokens vocab "
ok "the left report" test -s "$LM_WORK/left/artifacts/tiny/report.html"
ok "the right report is the same" cmp -s "$LM_WORK/left/artifacts/tiny/report.html" "$LM_WORK/right/artifacts/tiny/report.html"
done_testing
