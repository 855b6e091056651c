#!/bin/bash
# A standard stream that is closed, full or whose reader is gone; text that a terminal would obey.
# shellcheck disable=SC2317 # functions are called through `ok`
. "$(dirname "$0")/lib.sh"

fresh ends
printf 'lmpipe: 1\nexperiment: s\nstages:\n  corpus:\n    uses: download\n    publish: {corpus: corpus}\n    with: {sources: [{name: a, path: tiny.txt}]}\n' >s.yaml
is_done() { # the only stage has a result
    [ "$("$LMPIPE" plan s.yaml | cut -d' ' -f1)" = hit ]
}
again() { # a new key
    date +%N >>tiny.txt
}

# Closed descriptors: what is printed reaches no file.
for closed in "0<&-" "1>&-" "2>&-" "0<&- 1>&-" "1>&- 2>&-" "0<&- 1>&- 2>&-"; do
    again
    status=0
    eval "\"\$LMPIPE\" run s.yaml $closed >.o 2>.e" 2>/dev/null || status=$?
    eval "\"\$LMPIPE\" run s.yaml --progress plain $closed" >/dev/null 2>&1 || status=$?
    is "run $closed" "$status" 0
    ok "has its result" is_done
    unlike "no text is in the events" "$(cat artifacts/store/runs/*/events.jsonl)" "^[^{]"
    is "nor in locks" "$(find artifacts/store/locks -type f -exec cat {} + 2>/dev/null | grep -c '[^0-9]')" 0
done

# So do commands about runs, which write nothing but what they are asked for.
for closed in "0<&-" "1>&-" "2>&-" "0<&- 1>&- 2>&-"; do
    for command in "exp list" "exp show last" "exp diff last last~1" "exp export last -o exported.json"; do
        status=0
        eval "\"\$LMPIPE\" $command $closed >.o 2>.e" 2>/dev/null || status=$?
        is "$command $closed" "$status" 0
    done
    ok "what was exported is whole" python3 -m json.tool exported.json /dev/null
done

# A reader that went away.
for round in stdout stderr both; do
    again
    case $round in
    stdout) { "$LMPIPE" run s.yaml 2>.e; echo $? >.status; } | : ;;
    stderr) { "$LMPIPE" run s.yaml 2>&1 >.o; echo $? >.status; } | : ;;
    both) { "$LMPIPE" run s.yaml 2>&1; echo $? >.status; } | : ;;
    esac
    sleep 0.2
    ok "a reader of $round that is gone: the run goes on" is_done
    like "and its exit says whether the result was written" "$(<.status)" '^(0|3)$'
done
{ sleep 0.3; "$LMPIPE" config tiny.yaml 2>.e; echo $? >.status; } | :
is "a command whose reader is gone ends with 3" "$(<.status)" 3
like "and says so" "$(<.e)" '^lmpipe: error: standard output: Broken pipe'
for command in "exp list" "exp list --json" "exp list --csv" "exp show last"; do
    # shellcheck disable=SC2086 # words
    { sleep 0.3; "$LMPIPE" $command 2>.e; echo $? >.status; } | :
    is "$command likewise" "$(<.status):$(<.e)" "3:lmpipe: error: standard output: Broken pipe; not all of the result was written"
done
seq 1 100000 >big.txt
{ "$LMPIPE" log s.yaml corpus -f 2>.e; echo $? >.status; } | :
is "log -f likewise" "$(<.status)" 3

# A full device.
while read -r command; do
    # shellcheck disable=SC2086 # words
    err=$("$LMPIPE" $command 2>&1 >/dev/full </dev/null)
    is "$command >/dev/full: exit 3" $? 3
    like "$command: an error line" "$err" '^lmpipe: error: standard output: No space left on device'
done <<'END'
--help
help
help run
help model
run --help
model generate --help
run s.yaml --progress none
run s.yaml -n
plan s.yaml
plan s.yaml --json
why s.yaml corpus
check s.yaml
config s.yaml
graph s.yaml
stages
stages train
schema
cat s.yaml corpus.corpus
cat s.yaml corpus.corpus/manifest.json
publish s.yaml
model list
model list --json
cache du
cache ls
cache ls --json
cache gc --dry-run
cache clear --dry-run
exp --help
exp list
exp list s.yaml --json
exp list --csv
exp show last
exp diff last last~1
version
--version
init fresh
END
err=$("$LMPIPE" run s.yaml --progress plain 2>/dev/full >/dev/null)
is "stderr that is full harms nothing" $? 0

# A limit on the size of files is an error, not a death.
dd if=/dev/zero of=large bs=1024 count=200 2>/dev/null
sed 's/tiny.txt/large/; s/experiment: s/experiment: l/' s.yaml >l.yaml
err=$(ulimit -f 64 && "$LMPIPE" run l.yaml --progress none 2>&1 >/dev/null)
status=$?
ok "ulimit -f: an exit status of ours ($status)" test $status -lt 128
like "with an error line" "$err" '^lmpipe: error: '

# Names that a terminal would obey, in every command that prints one.
evil=$'ev\x1b[2Jil\xe2\x80\xae\xf3\xa0\x81\x81\xc2\x9b\n::error::x'
mkdir -p "$evil/artifacts"
cp s.yaml tiny.txt "$evil/"
harmless() { # no control but newline and tab, nothing hidden, no command of a CI system
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xa8-\xae]|\xc2[\x80-\x9f]|\xf3\xa0|^\s*::|##\[' <<<"$1"
}
while read -r command; do
    args=()
    for word in $command; do args+=("${word//EVIL/$evil}"); done
    lmpipe "${args[@]}"
    ok "$command prints nothing raw" harmless "$out$err"
    command -v script >/dev/null || continue
    for term in dumb xterm; do
        printf -v line '%q ' "$LMPIPE" "${args[@]}"
        shown=$(TERM=$term NO_COLOR=1 SHELL=/bin/bash script -qec "$line" /dev/null </dev/null 2>&1 | tr -d '\r')
        # shellcheck disable=SC2001 # a regular expression
        [ $term = xterm ] && shown=$(sed 's/\x1b\[\(J\|[0-9]*A\)//g' <<<"$shown")
        ok "nor to a terminal (TERM=$term)" harmless "$shown"
    done
done <<'END'
check EVIL/s.yaml
run EVIL/s.yaml
run EVIL/s.yaml -n
run EVIL/s.yaml EVIL
plan EVIL/s.yaml
plan EVIL/s.yaml --json
why EVIL/s.yaml corpus
config EVIL/s.yaml --origin
graph EVIL/s.yaml
publish EVIL/s.yaml
log EVIL/s.yaml corpus
log EVIL/s.yaml EVIL
cat EVIL/s.yaml EVIL
cat EVIL/s.yaml corpus.EVIL
cache du --store EVIL/artifacts/store
cache ls --store EVIL/artifacts/store
cache gc -n --store EVIL/artifacts/store
cache gc -n --forget EVIL
cache clear --dry-run --store EVIL/artifacts/store
cache du --store EVIL
exp list --store EVIL/artifacts/store
exp list EVIL/s.yaml --csv
exp show last --store EVIL/artifacts/store
exp show EVIL
exp diff EVIL last
exp compare EVIL
exp tag last EVIL
exp rm EVIL
exp export EVIL -o EVIL/run.json
init EVIL/new
init EVIL/new --corpus EVIL
stages EVIL
model info EVIL
model score EVIL
model generate EVIL/s.yaml:corpus
model export EVIL -o EVIL
tokenizer info EVIL
tokenizer import EVIL -o EVIL
EVIL
model EVIL
run --EVIL
run s.yaml --threads EVIL
END
lmpipe plan "$evil/s.yaml" --json
ok "JSON stays JSON" python3 -c 'import json,sys; json.loads(sys.argv[1])' "$out"
cd "$evil" || exit 1
lmpipe doctor
ok "doctor prints nothing raw" harmless "$out$err"
# Limits of the shell. A sanitizer needs the address space for itself.
fresh limits
status=0
err=$(ulimit -f 16; exec "$LMPIPE" run tiny.yaml --progress none 2>&1 >.o) || status=$?
is "ulimit -f: exit 3" "$status" 3
like "with what to do" "$err" '^lmpipe: error: .*ulimit -f'
if ! sanitized; then
    fresh space
    status=0
    (ulimit -v 120000; exec timeout 50 "$LMPIPE" run tiny.yaml --progress none) >.o 2>.e || status=$?
    is "ulimit -v: the run is as any other" "$status" 0
fi
done_testing
