#!/bin/bash
# A training that was interrupted is the one that never was, wherever it is interrupted: after each of
# its 200 steps, one execution a step, then after all of them in one execution. Held against the
# stored result by its digests and metrics.
#
#   interrupt_each.t [EVERY]   default: every 20th of them, and the first and the last; 1: all
. "$(dirname "$0")/../cli/lib.sh"

every=${1:-20}
steps=200
options=(-S "steps=$steps" -S model.eval_every=10 -S model.batch=2 -S model.width=16 -S model.context=16)
fresh each
lmpipe run tiny.yaml "${options[@]}" model --progress none
is "a training of $steps steps" "$status" 0

good=0
tried=0
for ((step = 1; step <= steps; step++)); do
    [ $((step % every)) = 0 ] || [ $step = 1 ] || [ $step = $((steps - 1)) ] || continue
    tried=$((tried + 1))
    lmpipe verify tiny.yaml "${options[@]}" model --interrupt-at $step --progress none
    if [ "$status" = 0 ] && grep -q 'interrupted 1 time, and resumed' <<<"$out"; then
        good=$((good + 1))
    else
        echo "# after step $step: exit $status: $out$err"
    fi
done
is "interrupted after one of $tried steps: the same" "$good" "$tried"

lmpipe verify tiny.yaml "${options[@]}" model --interrupt-at "$(seq -s, 1 $steps)" --progress none
is "interrupted after each of them: the same" "$status" 0
like "as often as there are steps" "$out" "interrupted $steps times, and resumed"
done_testing
