#!/bin/bash
# A process whose stage was light takes the next one, with the same results and with costs of its own;
# what becomes of it is no other stage's fault.
. "$(dirname "$0")/lib.sh"

sanitized && skip_all "every process ends by itself there, so that leaks are seen"

mkdir -p "$LM_WORK/e/artifacts" "$LM_WORK/e/in"
cd "$LM_WORK/e" || exit 1
export LMPIPE_ALLOW_COMMANDS=1

objects() { # STORE
    find "$1/objects" -type f | sed 's,.*/objects/,,' | sort
}

# ---- many light stages ----

{
    printf 'lmpipe: 1\nexperiment: rest\nstages:\n'
    for i in {0..4}; do
        printf '  c%d: {uses: download, with: {sources: [{name: a, path: in/%d.txt}]}}\n' "$i" "$i"
        printf '  t%d: {uses: clean, in: {corpus: c%d}, with: {documents: {by: line}, split: {by: position}}}\n' "$i" "$i"
        printf 'the text of number %d\n' {1..9}"$i" >"in/$i.txt"
    done
} >many.yaml
lmpipe run many.yaml --progress none
is "ten light stages" "$status $(executed | wc -w)" "0 10"
is "each with a cost and a peak of its own" "$(python3 -c '
import json
stages = json.load(open("artifacts/rest/run.json"))["stages"]
print(sum(0 <= s["cpu_seconds"] < 60 and 1e6 < s["peak_memory"] < 2e8 for s in stages))')" 10
for i in {0..4}; do # one process a stage: a run each
    lmpipe run many.yaml "t$i" --progress none --store one
done
is "processes of their own make the same" "$(objects one)" "$(objects artifacts/store)"

# ---- what becomes of a process ----

children() { # of a process, the first ones first
    cat /proc/"$1"/task/*/children 2>/dev/null | tr ' ' '\n' | grep -v '^$' | sort -n
}
await() { # SECONDS COMMAND...: until it succeeds
    local tries=$(($1 * 20))
    shift
    while ! "$@" && [ $((tries--)) -gt 0 ]; do sleep 0.05; done
}

printf 'a text for %d\n' {1..9} >in/p.txt
cat >pause.sh <<'END'
#!/bin/sh
: >"$2/waits"
while [ ! -e "$2/goes" ]; do sleep 0.05; done
echo '{"a": 1}' >"$1"
END
chmod +x pause.sh
cat >pause.yaml <<END
lmpipe: 1
experiment: pause
stages:
  first: {uses: download, with: {sources: [{name: a, path: in/p.txt}]}}
  wait:
    uses: command
    in: {text: first}
    with: {outputs: [{name: scores, kind: scores}], run: [./pause.sh, "{out.scores}", $LM_WORK], files: [pause.sh]}
  next: {uses: clean, in: {corpus: first}, with: {documents: {by: line}, split: {by: position}}}
END
"$LMPIPE" run pause.yaml -j 1 --progress none >out 2>err &
runner=$!
await 60 test -e "$LM_WORK/waits"
resting=
for child in $(children $runner | tail -n +2); do # the first is the server
    [ -z "$(children "$child")" ] && resting=$child
done
like "while a program runs, the process of the stage before rests" "${resting:-none}" '^[0-9]+$'
[ -n "$resting" ] && kill -9 "$resting"
: >"$LM_WORK/goes"
wait $runner
is "when it is killed, the next stage has another one" "$? $(cat err)" "0 "
is "and all have ended well" "$(awk '$2 == "done" {n++} END {print n}' out)" 3

# One that is killed while it does its second stage: the stage begins again, alone.
seq 1 800000 >in/long.txt
cat >long.yaml <<'END'
lmpipe: 1
experiment: long
stages:
  first: {uses: download, with: {sources: [{name: a, path: in/long.txt}]}}
  text: {uses: clean, in: {corpus: first}, with: {documents: {by: line}, split: {by: position}}}
END
"$LMPIPE" run long.yaml -j 1 --progress none >out 2>err &
runner=$!
await 60 eval 'grep -q "\"stage_begin\",\"stage\":\"text\"" artifacts/store/runs/*-long/events.jsonl 2>/dev/null'
at_work=$(children $runner | tail -n +2 | tail -n 1)
kill -9 "$at_work"
wait $runner
is "a stage whose process is killed behind another stage begins again" "$? $(cat err)" "0 "
is "and is told as one attempt" "$(python3 -c '
import json
print([s["attempts"] for s in json.load(open("artifacts/long/run.json"))["stages"]])')" "[1, 1]"
done_testing
