#!/bin/bash
# log --tensorboard: event files, read by a second reader of the format (tests/oracle/read_events.py).
. "$(dirname "$0")/lib.sh"

fresh events
sed 's/lr: 3.0e-3/lr: "${matrix.lr}"/; s/^experiment: .*/experiment: sweep/' tiny.yaml >sweep.yaml
echo 'matrix: {lr: [0.001, 0.003]}' >>sweep.yaml
lmpipe log tiny.yaml model --tensorboard tb
is "nothing yet: exit 1" "$status" 1
ok "and no folder" not test -e tb
lmpipe run tiny.yaml model --progress none
is "a training" "$status" 0
lmpipe log tiny.yaml model --tensorboard 'a folder/tb'
is "written" "$status:$err" "0:"
is "where" "$out" "a folder/tb/model"
events='a folder/tb/model/events.out.tfevents.0000000000.lmpipe'
said=$(python3 "$LM_SOURCE/tests/oracle/read_events.py" "$events")
is "its version" "$(head -n 1 <<<"$said")" "version brain.Event:2"
lmpipe cat tiny.yaml model.log
printf '%s\n' "$out" | python3 -c '
import json, struct, sys
for line in sys.stdin:
    values = json.loads(line)
    step = values.pop("step")
    for name, value in values.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            print(step, float(step), name, repr(struct.unpack("<f", struct.pack("<f", value))[0]))' >wanted
is "every value of the log, at its step" "$(tail -n +2 <<<"$said")" "$(cat wanted)"
ok "curves are there" grep -q ' valid_loss ' wanted
before=$(sha256sum <"$events")
lmpipe log tiny.yaml model --tensorboard 'a folder/tb'
is "the same bytes again" "$(sha256sum <"$events")" "$before"
lmpipe log sweep.yaml model --tensorboard both
is "a sweep of which one is known" "$status:$out" "0:both/model@lr=0.003"
like "the other is named" "$err" "warning: .*model@lr=0.001"
lmpipe log tiny.yaml text --tensorboard tb
is "a stage without steps: exit 2" "$status" 2
like "says so" "$err" "text is of type clean, which keeps no log of steps"
lmpipe log tiny.yaml mode --tensorboard tb
is "no such stage: exit 2" "$status" 2
like "with the nearest" "$err" "did you mean 'model'"
: >file
lmpipe log tiny.yaml model --tensorboard file
is "a file where the folder should be: exit 3" "$status" 3
done_testing
