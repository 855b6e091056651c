#!/bin/bash
# SIGINT, SIGTERM, SIGHUP: checkpoint, exit 75, resume to the same bytes. kill -9: the next run completes.
. "$(dirname "$0")/lib.sh"

# As many steps as take two seconds here: a signal must find the model in training, however fast the
# machine and the build.
fresh whole
steps=100
took=0
while [ "$took" -lt 2000 ] && [ "$steps" -lt 400000 ]; do
    steps=$((steps * 4))
    start=$(date +%s%N)
    lmpipe run tiny.yaml -S steps=$steps --progress none
    took=$((($(date +%s%N) - start) / 1000000))
    [ "$status" = 0 ] || break
done
echo "# $steps steps take $took ms"
is "an undisturbed run" "$status" 0
want=$(artifact_digests tiny.yaml)

# Starts a run, waits until the model trains, sends a signal; $status is how it ended.
disturb() { # SIGNAL
    rm -f events.txt # a loss of the run before would be taken for one of this
    "$LMPIPE" run tiny.yaml -S steps=$steps --progress json >out.txt 2>events.txt &
    local runner=$!
    until grep -q '"loss"' events.txt 2>/dev/null || ! kill -0 $runner 2>/dev/null; do
        sleep 0.02
    done
    kill -s "$1" $runner 2>/dev/null
    status=0
    wait $runner || status=$?
}

for signal in INT TERM HUP; do
    fresh "signal$signal"
    disturb $signal
    is "SIG$signal: exit 75" "$status" 75
    like "the table says so" "$(cat out.txt)" '^model +stopped'
    lmpipe plan tiny.yaml -S steps=$steps
    like "plan: the model resumes" "$out" '^resume@[0-9]+ model '
    lmpipe run tiny.yaml -S steps=$steps --progress none
    is "the same command completes" "$status" 0
    is "from where it stopped" "$(executed)" "model scores samples report"
    is "to the same bytes" "$(artifact_digests tiny.yaml)" "$want"
done

# A deadline asks for a checkpoint, too. The stages before the model have their results: on a busy machine they take as long.
fresh deadline
lmpipe run tiny.yaml tokens -S steps=1000000 --progress none
lmpipe run tiny.yaml -S steps=1000000 --deadline 4s --progress none
is "a deadline: exit 75" "$status" 75
lmpipe plan tiny.yaml -S steps=1000000
like "and a checkpoint was saved" "$out" '^resume@[0-9]+ model '

# A hang-up that was ignored when the run began stays ignored; a stop is taken all the same.
fresh nohup
(
    trap '' HUP INT
    exec "$LMPIPE" run tiny.yaml -S steps=1000000 --progress json >out.txt 2>events.txt
) &
runner=$!
until grep -q '"loss"' events.txt 2>/dev/null || ! kill -0 $runner 2>/dev/null; do
    sleep 0.02
done
kill -s HUP $runner
sleep 0.5
ok "an ignored SIGHUP stays ignored" kill -0 $runner
kill -s INT $runner
status=0
wait $runner || status=$?
is "an ignored SIGINT is taken" "$status" 75

# `run 2>&1 | tee log`, Ctrl-C: the reader dies first, then the run is stopped.
fresh reader
mkfifo lines
"$LMPIPE" run tiny.yaml -S steps=1000000 --progress json 2>lines >out.txt &
runner=$!
grep -m 1 -q '"loss"' <lines
kill -s INT $runner
status=0
wait $runner || status=$?
is "without a reader: exit 75 all the same" "$status" 75
lmpipe plan tiny.yaml -S steps=1000000
like "and the checkpoint is there" "$out" '^resume@[0-9]+ model '

# A reader that goes away ends no healthy run.
fresh head
"$LMPIPE" run tiny.yaml --progress json 2>&1 >out.txt | head -n 1 >first
is "a run goes on without its reader" "${PIPESTATUS[0]}" 0
lmpipe plan tiny.yaml --check
is "and is complete" "$status" 0

# What fails while a run is being stopped has failed: its error is told, and nothing says "resumable".
fresh broken
mkdir -p artifacts/store
echo "no folder" >artifacts/store/checkpoints.file
"$LMPIPE" run tiny.yaml -S steps=1000000 --progress json >out.txt 2>events.txt &
runner=$!
until grep -q '"loss"' events.txt 2>/dev/null || ! kill -0 $runner 2>/dev/null; do
    sleep 0.02
done
rm -rf artifacts/store/checkpoints
mv artifacts/store/checkpoints.file artifacts/store/checkpoints
kill -s TERM $runner
status=0
wait $runner || status=$?
is "a checkpoint that cannot be written is a failure" "$status" 1
like "whose reason is told" "$(cat out.txt events.txt)" 'model.*checkpoints'
rm artifacts/store/checkpoints

fresh killed
disturb KILL
is "SIGKILL: 137" "$status" 137
lmpipe run tiny.yaml -S steps=$steps --progress none
is "the next run completes" "$status" 0
is "with the same bytes" "$(artifact_digests tiny.yaml)" "$want"
done_testing
