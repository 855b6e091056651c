#!/bin/bash
# Gates decide the exit status: 4 failed, 5 undecided; a failed stage (1) comes first.
. "$(dirname "$0")/lib.sh"

fresh gates
printf 'gates:\n  - {metric: scores.valid.bpb, max: 20}\n' >>tiny.yaml
lmpipe run tiny.yaml --progress none
is "a gate that holds: exit 0" "$status" 0
like "and is listed" "$out" '^gate +pass .*scores\.valid\.bpb'

sed -i 's/max: 20/max: 0.01/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a gate that fails: exit 4" "$status" 4
is "only the report ran again" "$(executed)" "report"
like "listed as failed" "$out" '^gate +FAIL .*scores\.valid\.bpb'
lmpipe run tiny.yaml --progress none
is "it fails again without executing anything" "$status:$(executed)" "4:"
lmpipe run tiny.yaml --until model --progress none
is "gates of stages not selected are skipped" "$status" 0

sed -i 's/scores\.valid\.bpb, max: 0.01/scores.valid.nothing, max: 1/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a metric that is missing: exit 5" "$status" 5

printf '  - {metric: scores.valid.bpb, max: 0.01}\n' >>tiny.yaml
lmpipe run tiny.yaml --progress none
is "a failed gate comes before an undecided one" "$status" 4
rm tiny.txt
lmpipe run tiny.yaml --progress none
is "a missing corpus is a spec error" "$status" 2
done_testing
