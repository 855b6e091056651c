#!/bin/bash
# kill -9 of the runner and of a stage at random moments: the next run completes, with the
# artifacts of an undisturbed one; and two runners at once share one store.
#
#   kill.t [KILLS]        default 12; LM_FAULT_SEED repeats a sequence of moments
#
# $LMPIPE names the program, $LM_TEST_DATA the folder with tiny.yaml.
set -u
kills=${1:-12}
per_store=3
seed=${LM_FAULT_SEED:-$$}
RANDOM=$seed
ports="corpus.corpus text.text text.card vocab.vocab tokens.tokens model.model model.log
scores.scores scores.items samples.samples report.html report.md report.json"

top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
unset LMPIPE_STORE
count=0 failed=0

ok() { # ok CONDITION-STATUS TEXT
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        failed=$((failed + 1))
    fi
}

# A folder of its own for spec, store and published files.
new_place() {
    local place=$top/$1
    mkdir -p "$place/artifacts" && cp -r "$LM_TEST_DATA"/tiny* "$place/" && echo "$place"
}

run() { # run PLACE [OPTION…]: in the background; by exec, so that $! is the runner itself
    local place=$1
    shift
    exec "$LMPIPE" run "$place/tiny.yaml" --store "$place/artifacts/store" --progress none "$@" \
        >"$place/out" 2>"$place/err" &
}

hashes() { # hashes PLACE: a line a port, by what `cat` gives
    local port
    for port in $ports; do
        printf '%s %s\n' "$port" "$("$LMPIPE" cat "$1/tiny.yaml" "$port" \
            --store "$1/artifacts/store" 2>/dev/null | sha256sum | cut -d' ' -f1)"
    done
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

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

pause() { # pause MILLISECONDS
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

gone() { # gone PID…: whether none of them lives after at most 5 seconds
    local pid
    for pid in "$@"; do
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || continue 2
            case $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) in Z | X | '') continue 2 ;; esac
            sleep 0.05
        done
        echo "# process $pid outlived its runner"
        return 1
    done
}

# ---- the undisturbed run ----

[ -e "$LM_TEST_DATA/tiny.yaml" ] || {
    echo "1..0 # SKIP no tiny.yaml"
    exit 77
}
place=$(new_place undisturbed)
start=$(milliseconds)
run "$place"
wait $!
ok $? "an undisturbed run"
[ $failed -eq 0 ] || sed 's/^/# /' "$place/err"
length=$(($(milliseconds) - start))
hashes "$place" >"$top/want"
! grep -q "$(sha256sum </dev/null | cut -d' ' -f1)" "$top/want"
ok $? "each of its artifacts can be shown"
echo "# $length ms undisturbed; seed $seed"

# ---- kills ----

landed=0 kill_number=0
kill_once() { # kill_once PLACE: starts a run and kills its runner or one of its stages
    local place=$1 delay=$((RANDOM * (length * 2 / 3 + 1) / 32768)) runner victims victim status
    kill_number=$((kill_number + 1))
    run "$place"
    runner=$!
    pause "$delay"
    mapfile -t victims < <(below "$runner")
    if [ $((kill_number % 2)) -eq 0 ] && [ ${#victims[@]} -gt 0 ]; then
        victim=${victims[RANDOM % ${#victims[@]}]}
        kill -9 "$victim" 2>/dev/null && landed=$((landed + 1))
        wait "$runner"
        status=$?
        # A failed stage (1), or the process had done its work already (0).
        [ $status -eq 1 ] || [ $status -eq 0 ]
        ok $? "stage killed after $delay ms: the runner ends in order (exit $status)"
        [ $status -le 1 ] || sed 's/^/# /' "$place/err"
    else
        kill -9 "$runner" 2>/dev/null && landed=$((landed + 1))
        wait "$runner" 2>/dev/null
        gone "${victims[@]}"
        ok $? "runner killed after $delay ms: its ${#victims[@]} processes die with it"
    fi
}

for store in $(seq $(((kills + per_store - 1) / per_store))); do
    place=$(new_place "store$store")
    for _ in $(seq $per_store); do
        kill_once "$place"
    done
    run "$place"
    wait $!
    ok $? "store $store: the next run completes"
    hashes "$place" >"$place/got"
    cmp -s "$top/want" "$place/got"
    same=$?
    ok $same "store $store: its artifacts are the undisturbed ones"
    [ $same -eq 0 ] || { diff "$top/want" "$place/got"; cat "$place/err"; } | sed 's/^/# /'
    rm -rf "$place"
done
echo "# $landed of $kill_number kills landed in a run"
[ $((landed * 2)) -ge "$kill_number" ]
ok $? "at least half of the kills landed"

# ---- two runners on one store ----

one=$(new_place one)
two=$(new_place two)
pair() { # one store for both
    exec "$LMPIPE" run "$1/tiny.yaml" --store "$one/artifacts/store" --progress none \
        >"$1/out" 2>"$1/err" &
}
pair "$one"
first=$!
pair "$two"
second=$!
wait "$first"
a=$?
wait "$second"
b=$?
[ $a -eq 0 ] && [ $b -eq 0 ]
ok $? "two runners at once both succeed (exit $a and $b)"
[ $((a + b)) -eq 0 ] || cat "$one/err" "$two/err" | sed 's/^/# /'
hashes "$one" >"$one/got"
cmp -s "$top/want" "$one/got"
ok $? "and the store holds the undisturbed artifacts"
stages=$("$LMPIPE" plan "$one/tiny.yaml" --store "$one/artifacts/store" | wc -l)
ran=$(cat "$one/out" "$two/out" | awk '$2 == "done"' | wc -l)
[ "$ran" -eq "$stages" ]
ok $? "each of $stages stages was executed by one of them (executed: $ran)"

echo "1..$count"
exit $((failed > 0))
