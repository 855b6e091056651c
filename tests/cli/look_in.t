#!/bin/bash
# Looking in on a training: its log while it runs, what its newest checkpoint holds.
. "$(dirname "$0")/lib.sh"

fresh look
spec=tiny.yaml
lmpipe log $spec model
is "no run yet: exit 1" "$status:$out" "1:"
lmpipe log $spec model -f
is "and nothing to wait for" "$status:$out" "1:"
lmpipe cat $spec model.log --partial
is "no checkpoint: exit 1" "$status:$out" "1:"
like "what to do is said" "$err" 'model has no checkpoint: .* run: lmpipe run tiny.yaml model$'

# A stage that has not begun is waited for; the end of the stage ends it.
"$LMPIPE" run $spec --progress none >run.txt 2>&1 &
runner=$!
until ls artifacts/store/runs/*/events.jsonl >/dev/null 2>&1; do sleep 0.02; done
lmpipe log $spec samples -f
is "log -f of a stage that comes later: exit 0" "$status" 0
like "ends with the right word" "$(tail -1 <<<"$out")" '^done, '
wait $runner
lmpipe log $spec model
like "the curve of one that has ended" "$out" '^ +0:[0-9]+ 30/30 steps 100% '
like "and its end" "$(tail -1 <<<"$out")" '^done, .*: valid loss'
lmpipe log $spec model --json
like "what it did before its first step is known" "$out" '"event":"progress",.*"doing":"reading tokens"'
is "as JSON: every line an object" "$(python3 -c 'import json,sys
rows = [json.loads(line) for line in sys.stdin]
print(rows[0]["event"], rows[-1]["event"], rows[-1]["state"], {r["stage"] for r in rows})' <<<"$out")" \
    "stage_begin log_end done {'model'}"
lmpipe cat $spec model.log --partial
like "a result is no part: said" "$err" '^lmpipe: model has ended: this is its result$'
is "and shown" "$(wc -l <<<"$out" | tr -d ' ')" "$("$LMPIPE" cat $spec model.log | wc -l | tr -d ' ')"
lmpipe cat $spec scores.scores --partial -S steps=31
is "a type that keeps no parts: exit 2" "$status:$out" "2:"

# A long training: interrupted, running, killed, taken up by another run.
long="-S steps=1000000"
# shellcheck disable=SC2086 # words
lmpipe run $spec $long --deadline 1s --progress none
is "interrupted" "$status" 75
# shellcheck disable=SC2086
lmpipe log $spec model $long
like "its log says so" "$(tail -1 <<<"$out")" '^stopped, '
"$LMPIPE" run $spec -S steps=1000000 --progress none >run.txt 2>&1 &
runner=$!
until "$LMPIPE" log $spec model 2>/dev/null | grep -q '^running'; do sleep 0.05; done
is "a running one: the last line" "$("$LMPIPE" log $spec model 2>/dev/null | tail -1)" "running; log -f goes on printing"
"$LMPIPE" log $spec model -f >follow.txt 2>follow.err &
follower=$!
"$LMPIPE" log $spec model -f 2>/dev/null | head -c1 >/dev/null &
closed=$!
# shellcheck disable=SC2086
lmpipe cat $spec model.model --partial $long
is "the model so far, beside the run" "$status:$(awk '{print $2}' <<<"$out" | tr '\n' ' ')" \
    "0:config.json model.safetensors vocab "
like "of which step is said" "$err" '^lmpipe: model as of step [0-9]+, its newest checkpoint$'
lmpipe model generate $spec:model --partial -S steps=1000000 --prompt "The " --tokens 4
like "it can be prompted" "$status:$out" '^0:The '
lmpipe model score $spec:model --partial -S steps=1000000 tiny.txt --json
like "and score" "$out" '"bpb"'
mkdir copy
"$LMPIPE" cat $spec model.model/config.json --partial -S steps=1000000 2>/dev/null >copy/config.json
ok "a file of it" grep -q '"n_layer"\|"layers"' copy/config.json
lmpipe model info copy --partial
is "--partial of a folder: exit 2" "$status" 2
kill -9 $runner
wait $runner 2>/dev/null
"$LMPIPE" run $spec -S steps=1000000 --progress none --deadline 1s >run.txt 2>&1
wait $follower
is "log -f goes on through a kill: exit 0" "$?" 0
is "it told of the kill and of the stop" "$(grep -cE '^(killed|stopped)' follow.txt)" 2
like "which is the last word" "$(tail -1 follow.txt)" '^stopped, '
is "in two runs" "$(grep -c '^lmpipe: model in run ' follow.err)" 2
wait $closed
is "a reader that has gone away is not waited for" "$?" 3
is "nothing is left of the looks" "$(ls artifacts/store/tmp)" ""
lmpipe log $spec modle
is "a misspelt stage: exit 2" "$status" 2
like "the nearest is named" "$err" "did you mean 'model'"
done_testing
