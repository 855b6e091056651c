#!/bin/bash
# kill -9 of the runner and of a stage at random moments: what a runner started dies with it, a
# killed stage is one failed stage, and the next run gives the artifacts of an undisturbed one.
# Also with a second runner on the store, which goes on alone.
#
#   kill.t [KILLS [OPTION...]]   default: 5 kills (the campaign: 40) of `run tiny.yaml -S steps=6000`; with
#                                steps=50000 checkpoints are hit too. LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/../cli/lib.sh"

kills=${1:-5}
options=("${@:2}")
[ ${#options[@]} -gt 0 ] || options=(-S steps=6000)
per_store=3 # kills of one store at most
seed=${LM_FAULT_SEED:-$$}
RANDOM=$seed
landed=0

# Starts a run in the background, by exec: $! is the runner itself.
start_run() {
    exec "$LMPIPE" run tiny.yaml "${options[@]}" --progress none >out.txt 2>err.txt </dev/null &
}

# Processes below PID.
below() {
    local child children
    read -ra children <<<"$(cat /proc/"$1"/task/*/children 2>/dev/null | tr '\n' ' ')"
    for child in "${children[@]}"; do
        echo "$child"
        below "$child"
    done
}

milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

random_pause() { # sets $delay: most of the length of an undisturbed run
    delay=$((RANDOM * (length * 9 / 10 + 1) / 32768))
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
}

# A kill that finds no process comes when the run is over. On a new store it says that runs have
# become shorter than $length (other work on the machine has ended).
count_kill() { # HIT (0 or 1) PROCESSES
    hit=$1
    landed=$((landed + hit))
    if [ "$hit$2$kills_in_store" = 000 ]; then length=$delay; fi
    kills_in_store=$((kills_in_store + 1))
}

gone() { # PID...: none of them lives after at most 5 seconds
    local pid
    for pid in "$@"; do
        for _ in $(seq 100); do
            case $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) in Z | X | '') continue 2 ;; esac
            sleep 0.05
        done
        echo "# process $pid outlived its runner"
        return 1
    done
}

kill_runner() {
    local processes status=0
    start_run
    local runner=$!
    random_pause
    mapfile -t processes < <(below "$runner")
    kill -9 "$runner" 2>/dev/null
    wait "$runner" 2>/dev/null || status=$?
    count_kill $((status == 137)) ${#processes[@]}
    status=0
    gone "${processes[@]}" || status=1
    report $status "runner killed after $delay ms: its ${#processes[@]} processes die with it"
}

kill_stage() {
    local processes=() status=0
    start_run
    local runner=$!
    random_pause
    while [ ${#processes[@]} -eq 0 ] && kill -0 "$runner" 2>/dev/null; do
        mapfile -t processes < <(below "$runner")
        [ -e "/proc/$runner/exe" ] || break # it has ended and waits for us
    done
    [ ${#processes[@]} -eq 0 ] ||
        kill -9 "${processes[RANDOM % ${#processes[@]}]}" 2>/dev/null
    wait "$runner" || status=$?
    count_kill $((status == 1)) ${#processes[@]}
    # A failed stage (1), or the process had done its work already (0).
    ok "stage killed after $delay ms: the runner ends in order (exit $status)" [ "$status" -le 1 ]
    [ "$status" -le 1 ] || sed 's/^/# /' err.txt
}

# One store: kills, runner and stage in turn, until one hits nothing; then a run to the end.
disturbed() { # NAME
    fresh "$1"
    kills_in_store=0
    hit=1
    while [ "$hit" = 1 ] && [ "$kills_in_store" -lt "$per_store" ] && [ "$done" -lt "$kills" ]; do
        if ((done % 2)); then kill_stage; else kill_runner; fi
        done=$((done + 1))
    done
    lmpipe run tiny.yaml "${options[@]}" --progress none
    is "$1: the next run completes" "$status" 0
    [ "$status" = 0 ] || echo "# ${err//$'\n'/$'\n# '}"
    is "$1: its artifacts are the undisturbed ones" "$(artifact_digests tiny.yaml)" "$want"
    chmod -R u+w . && rm -rf -- "${PWD:?}"/*
}

# ---- undisturbed ----

fresh undisturbed
start=$(milliseconds)
lmpipe run tiny.yaml "${options[@]}" --progress none
is "an undisturbed run" "$status" 0
length=$(($(milliseconds) - start))
want=$(artifact_digests tiny.yaml)
hidden=
while read -r artifact _; do
    lmpipe cat tiny.yaml "$artifact" "${options[@]}"
    [ "$status" = 0 ] || hidden+=" $artifact"
done <<<"$want"
is "shows each of its artifacts" "$hidden" ""
[ "$LM_BAD" = 0 ] || done_testing
echo "# $length ms undisturbed; LM_FAULT_SEED=$seed"

# ---- kills ----

done=0
while [ "$done" -lt "$kills" ]; do disturbed "store$done"; done
echo "# $landed of $done kills landed in a run"
ok "at least a third of the kills landed" [ $((landed * 3)) -ge "$done" ]

# ---- two runners, one of them killed: its locks die with it and the other goes on ----

fresh second
fresh first
start_run
first=$!
(cd ../second && exec "$LMPIPE" run tiny.yaml "${options[@]}" --store ../first/artifacts/store --progress none \
    >out.txt 2>err.txt </dev/null) &
second=$!
random_pause
kill -9 "$first" 2>/dev/null
wait "$first" 2>/dev/null
status=0
wait "$second" || status=$?
is "a runner whose partner was killed after $delay ms completes" "$status" 0
[ "$status" = 0 ] || sed 's/^/# /' ../second/err.txt
lmpipe run tiny.yaml "${options[@]}" --progress none
is "and leaves nothing to do" "$(executed)" ""
is "and the undisturbed artifacts" "$(artifact_digests tiny.yaml)" "$want"
done_testing
