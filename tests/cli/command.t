#!/bin/bash
# `uses: command`: a program of the user's as a stage: what it gets, what is in its key, how it fails,
# and that nothing of it is left.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)

fresh command
export LMPIPE_ALLOW_COMMANDS=1
unset SECRET OTHER

# A spec with a corpus and a scorer: spec [WITH-LINE...] writes spec.yaml.
spec() {
    cat >spec.yaml <<'EOF'
lmpipe: 1
experiment: command
stages:
  corpus: {uses: download, with: {sources: [{name: a, path: tiny.txt}]}}
  score:
    uses: command
    in: {text: corpus}
    with:
      outputs: [{name: scores, kind: scores}]
EOF
    printf '      %s\n' "$@" >>spec.yaml
}
run() { lmpipe run spec.yaml --progress none "$@"; }
show() { "$LMPIPE" cat spec.yaml "$1" 2>&1; }

# ---- what it gets ----

cat >score.py <<'EOF'
import json, sys
from helper.words import words
n = sum(words(open(f"{sys.argv[1]}/files/a/data").read()))
json.dump({"words": n, "ratio.max": 0.5}, open(sys.argv[2], "w"))
print("counted", n)
EOF
mkdir helper
echo 'def words(text): return (1 for _ in text.split())' >helper/words.py
spec 'run: [python3, score.py, "{in.text}", "{out.scores}"]' 'files: [score.py, ./helper]'
sed -i 's/^stages:/gates: [{metric: score.words, min: 5}, {metric: score.ratio.max, max: 1}]\n&/' spec.yaml
lmpipe check spec.yaml
is "check takes it, and any metric of its scores" "$status $err" "0 "
lmpipe plan spec.yaml
is "plan executes nothing" "$(awk '{print $1, $2}' <<<"$out" | tr '\n' ' ')" "run corpus run score "
run
is "a scorer in Python, with a module beside it" "$status $(executed)" "0 corpus score"
words=$(wc -w <tiny.txt)
is "what it wrote is the artifact" "$(show score.scores)" "{\"words\": $words, \"ratio.max\": 0.5}"
like "its numbers are metrics, and its headline" "$out" "score +done .*words $words, ratio.max 0.5"
lmpipe log spec.yaml score
is "what it prints is in its log" "$(head -n 1 <<<"$out")" "counted $words"
run
is "a second time it hits" "$(in_state hit)" "corpus score"
lmpipe verify spec.yaml score --progress none
like "verify proves that it makes the same again" "$status $out" '^0 .*same'

cat >see.sh <<'EOF'
#!/bin/sh
cat >"$1" <<END
{"arguments": $#}
END
shift
printf '<%s>' "$@"
echo
env | sort | grep -v '^PWD=\|^_=\|^SHLVL=' | sed 's/^HOME=.*scratch.home/HOME=private/; s/^PATH=.*/PATH/'
pwd | sed 's/.*scratch.work/private/'
ls
[ -t 0 ] || cat
ls /proc/self/fd | tr '\n' ' '
if (: >/dev/tty) 2>/dev/null; then echo terminal; else echo no terminal; fi
EOF
chmod +x see.sh
export SECRET='s3cret value' OTHER=hidden
spec 'run: [./see.sh, "{out.scores}", "a b", "it'"'"'s \"so\"", "", "ü 日本", "$HOME *", "{{in.text}}", "{x}"]' \
    'files: [see.sh]' 'env: {Z: "1", A: "b c"}' 'pass: [SECRET, NOT_SET]'
run --threads 3
is "arguments go as they are" "$status" 0
lmpipe log spec.yaml score
is "arguments, a cleared environment, a private folder, no input, three descriptors" "$(sed '$d' <<<"$out")" \
    "<a b><it's \"so\"><><ü 日本><\$HOME *><{in.text}><{x}>
A=b c
HOME=private
LC_ALL=C.UTF-8
OMP_NUM_THREADS=3
PATH
SECRET=s3cret value
Z=1
private
see.sh
0 1 2 3 no terminal"
ok "what is passed on is in no file but that log" not grep -rqF --exclude=score.log 's3cret' artifacts
SECRET=another
run
is "and not in the key" "$(executed)" ""
unset SECRET OTHER
sed -i 's/Z: "1"/Z: "2"/' spec.yaml
lmpipe why spec.yaml score
like "a variable of env is" "$out" 'param env.1.value "1" → "2"'
sed -i 's/{Z: "2", A: "b c"}/{A: "b c", Z: "1"}/' spec.yaml
run
is "its order is not" "$(executed)" ""
sed -i 's/"ü 日本"/"ü 日"/' spec.yaml
run
is "an argument is" "$(executed)" score
sed -i 's/files: \[see.sh\]/files: [see.sh]\n      version: "2"/' spec.yaml
run
is "and the version" "$(executed)" score
chmod -x see.sh
run --force score
like "a script that is not executable" "$status $err" "^1 lmpipe: error: stage score: ./see.sh cannot be executed: it is not executable; run it by"

# ---- what is in its key ----

spec 'run: [python3, score.py, "{in.text}", "{out.scores}"]' 'files: [score.py, ./helper]'
run
is "back at the first" "$(executed)" ""
lmpipe config spec.yaml
mkdir elsewhere
printf '%s\n' "$out" >elsewhere/config.yaml
sed 's/experiment: command/experiment: copied/' elsewhere/config.yaml >elsewhere/copied.yaml
lmpipe run elsewhere/copied.yaml --progress none --store artifacts/store
is "the resolved spec has the same keys wherever it lies" "$status $(executed)" "0 "
echo '# a comment' >>score.py
lmpipe why spec.yaml score
like "why names the file that was edited" "$out" 'file files.0.path changed: score.py'
run
is "the script edited: that stage alone" "$(executed)" score
echo '# a comment' >>helper/words.py
run
is "a file of a folder edited" "$(executed)" score
mkdir bin
printf '#!/bin/sh\nexec /usr/bin/env -S python3 "$@"\n' >bin/tool
chmod +x bin/tool
sed -i 's/python3/tool/' spec.yaml
PATH=$PWD/bin:$PATH run
is "a program of one's PATH" "$status $(executed)" "0 score"
echo '# replaced' >>bin/tool
PATH=$PWD/bin:$PATH run
is "replaced: other bytes, another key" "$(executed)" score
lmpipe check spec.yaml
like "a program that is not there: check warns" "$status $err" "^0 .*spec.yaml:[0-9:]+ score: the program 'tool' was not found in PATH \(/"
run
is "run ends before it begins" "$status $(executed)" "2 "
like "and says so" "$err" "error: score: the program 'tool' was not found in PATH"
lmpipe cat spec.yaml corpus.corpus
is "what does not need it does not mind" "$status" 0
run corpus
is "nor a run without it" "$status" 0

# ---- consent ----

spec 'run: [python3, score.py, "{in.text}", "{out.scores}"]' 'files: [score.py, ./helper]'
unset LMPIPE_ALLOW_COMMANDS
run
is "a hit needs no consent" "$status $(in_state hit)" "0 corpus score"
echo '# more' >>score.py
run
is "without consent: exit 2" "$status $out" "2 "
like "with the program" "$err" '^lmpipe: error: spec.yaml:5:3: score: executes the program python3 score.py \{in.text\} \{out.scores\}; allow it by --allow-commands or'
run --only corpus
is "stages without programs run" "$status" 0
LMPIPE_ALLOW_COMMANDS=yes run
is "nothing but 1 is consent" "$status" 2
run --allow-commands
is "--allow-commands" "$status $(executed)" "0 score"
lmpipe verify spec.yaml score --progress none
is "verify executes a hit again: consent" "$status $out" "2 "
lmpipe verify spec.yaml score --progress none --allow-commands
is "which is given by the same option" "$status" 0
export LMPIPE_ALLOW_COMMANDS=1

# ---- how it fails ----

fails() { # DESCRIPTION PYTHON EXPRESSION
    printf 'import json, os, sys, time\n%s\n' "$2" >fail.py
    spec 'run: [python3, fail.py, "{in.text}", "{out.scores}"]' 'files: [fail.py]' "${@:4}"
    run
    like "$1" "$status $err" "^1 lmpipe: error: stage score: .*$3"
}
fails "a syntax error: the last line of its standard error" 'def f(:' 'python3 ended with status 1: SyntaxError: invalid syntax; see .*score.log'
fails "also when it printed after it" 'print("late"); sys.stderr.write("ValueError: no\n\n  \n"); sys.exit(3)' 'status 3: ValueError: no;'
fails "nothing said" 'sys.exit(4)' 'status 4 and printed nothing on its standard error'
fails "an output that is missing" 'pass' 'its output scores \(scores\) is missing'
fails "a folder for a file" 'os.mkdir(sys.argv[2])' 'its output scores \(scores\) is a folder'
fails "a link for a file" 'os.symlink("/etc/passwd", sys.argv[2])' 'its output scores \(scores\) is a link'
fails "a fifo for a file" 'os.mkfifo(sys.argv[2])' 'its output scores \(scores\) is no plain file'
fails "scores that are no JSON" 'open(sys.argv[2], "w").write("acc 1")' 'its output scores is no flat JSON of numbers'
fails "scores with NaN" 'open(sys.argv[2], "w").write("{\"a\": NaN}")' 'NaN and Infinity are no JSON'
fails "nested scores" 'json.dump({"a": {"b": 1}}, open(sys.argv[2], "w"))' "no flat JSON of numbers: 'a' is no number"
fails "a list" 'json.dump([1], open(sys.argv[2], "w"))' 'no flat JSON of numbers.*no object'
fails "an undeclared file" 'json.dump({}, open(sys.argv[2], "w")); open(sys.argv[2] + ".bak", "w")' "wrote 'scores.bak', which is not among"
fails "killed by a signal" 'os.kill(os.getpid(), 11)' 'python3 was killed by signal 11 \(SIGSEGV\), peak memory [0-9]+ MiB'
fails "killed as for want of memory" 'os.kill(os.getpid(), 9)' 'signal 9 \(SIGKILL\), peak memory [0-9]+ MiB; the kernel does so for want of memory'
fails "more memory than its limit lets it have" \
    'import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); bytearray(1 << 30)' 'status 1: MemoryError;'
# In a group of the kernel's that holds 400 MiB, where such may be made here.
group=/sys/fs/cgroup/memory/lmpipe-test-$$ limit=memory.limit_in_bytes
[ -d "${group%/*}" ] || { group=/sys/fs/cgroup/lmpipe-test-$$ limit=memory.max; }
if mkdir "$group" 2>/dev/null && { echo $((400 << 20)) >"$group/$limit"; } 2>/dev/null; then
    printf 'x = []\nwhile True: x.append(bytearray(1 << 24))\n' >fail.py
    spec 'run: [python3, fail.py, "{in.text}", "{out.scores}"]' 'files: [fail.py]'
    err=$(sh -c 'echo $$ >"$0" && exec "$@"' "$group/cgroup.procs" "$LMPIPE" run spec.yaml --progress none 2>&1 >/dev/null)
    like "killed by the kernel for want of memory" "$err" \
        'python3 was killed by signal 9 \(SIGKILL\), peak memory [1-4][0-9]{2} MiB; the kernel does so for want of memory: give it more, or less to do;'
else
    report 0 "killed by the kernel for want of memory # SKIP no memory group can be made here"
fi
rmdir "$group" 2>/dev/null
fails "control characters and commands of CI in its last words" \
    'sys.stderr.buffer.write(b"::error::x\x1b[31m\xff\x00 red\n"); sys.exit(1)' 'status 1: .*error::x\[31m. red'
unlike "are not printed raw" "$err" $'\x1b|^::error'
fails "retries" 'sys.exit(5)' 'status 5'
sed -i 's/    in: {text: corpus}/&\n    retries: 2/' spec.yaml
lmpipe run spec.yaml --progress plain
is "are three attempts" "$(grep -c 'attempt [12] of 3 failed: python3 ended with status 5' <<<"$err")" 2

spec 'run: [./bad, "{out.scores}"]' 'files: [bad]'
printf '\177ELF nonsense' >bad
chmod +x bad
run
like "a file that is no program" "$err" 'score: ./bad cannot be executed: it is no program'
printf '#!/no/such/interpreter\n' >bad
run
like "an interpreter that is not there" "$err" 'or the interpreter of its #! line is not'

# ---- its end ----

# Processes that the scripts below have started.
left() { pgrep -f "marker-$$-[a-z]+" | wc -l; }
cat >hang.py <<EOF
import os, subprocess, sys, time, signal
if sys.argv[2:] == ["stubborn"]: signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sh", "-c", "trap '' TERM; exec sleep 300 # marker-$$-a"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sh", ["marker-$$-b", "-c", "sleep 300; :"])
    os._exit(0)
open(sys.argv[1], "w").write("{}")
if sys.argv[2:] == ["quick"]: sys.exit(0)
open("started", "w")
time.sleep(300)
EOF
spec 'run: [python3, hang.py, "{out.scores}", stubborn]' 'files: [hang.py]'
sed -i 's/    in: {text: corpus}/&\n    timeout: 1s/' spec.yaml
run
like "a program that hangs, and has forked what hangs" "$err" 'score: took longer than its timeout of 1 s'
is "nothing of it is left" "$(left)" 0
spec 'run: [python3, hang.py, "{out.scores}"]' 'files: [hang.py]'
# Until it has begun: then a signal.
started() {
    for _ in $(seq 100); do
        compgen -G "artifacts/store/tmp/*/score/scratch/*/started" >/dev/null && return 0
        sleep 0.1
    done
    return 1
}
stopped() { # SIGNAL: its exit status
    "$LMPIPE" run spec.yaml --progress none >/dev/null 2>&1 &
    started
    kill "-$1" $!
    wait $!
    echo $?
}
is "SIGTERM reaches it: exit 75" "$(stopped TERM)" 75
is "and nothing is left" "$(left)" 0
is "SIGKILL of the run" "$(stopped KILL 2>/dev/null)" 137
for _ in $(seq 50); do [ "$(left)" = 0 ] || sleep 0.1; done
is "leaves nothing either" "$(left)" 0
spec 'run: [python3, hang.py, "{out.scores}", quick]' 'files: [hang.py]'
run
is "what it leaves running when it ends well ends with it" "$status $(executed) $(left)" "0 score 0"

# ---- what it may not ----

fails "writing into its input" \
    'json.dump({}, open(sys.argv[2], "w")); os.chmod(sys.argv[1] + "/files/a/data", 0o644); open(sys.argv[1] + "/files/a/data", "a").write("x")' \
    'its input text is not what it was: the program has written into the result of corpus'
lmpipe plan spec.yaml
is "the result is not kept, and its input is made anew" "$(awk '{print $1, $2}' <<<"$out" | tr '\n' ' ')" "run corpus run score "
echo 'json.dump({"a": 1}, open(sys.argv[2], "w"))' | cat <(echo 'import json, sys') - >fail.py
run
is "by the next run" "$status $(executed)" "0 corpus score"
fails "its own script" 'json.dump({}, open(sys.argv[2], "w")); open("'"$PWD"'/fail.py", "a").write("#")' 'fail.py changed while the stage ran'

# ---- what it prints ----

cat >loud.py <<'EOF'
import sys
line = b"\x00\xff\x1b[31m::error::noise\n" * 50000
for _ in range(100): sys.stdout.buffer.write(line)
print("the end")
open(sys.argv[1], "w").write('{"a": 1}')
EOF
spec 'run: [python3, loud.py, "{out.scores}"]' 'files: [loud.py]'
run
is "a hundred megabytes of noise" "$status" 0
log=$(find artifacts/store/runs -name score.log -printf "%T@ %p\n" | sort -n | tail -n 1 | cut -d" " -f2)
ok "of which the log keeps the beginning and the end" test "$(wc -c <"$log")" -lt 17000000
is "with a line between" "$(grep -ac 'bytes are left out here' "$log") $(tail -n 1 "$log")" "1 the end"
lmpipe log spec.yaml score
unlike "and is shown without a control character" "$out" $'\x1b'

# ---- wiring ----

cat >upper.py <<'EOF'
import json, os, shutil, sys
text = open(sys.argv[1] + "/files/a/data").read().upper()
os.makedirs(sys.argv[2] + "/files/a")
shutil.copy(sys.argv[1] + "/manifest.json", sys.argv[2])
open(sys.argv[2] + "/files/a/data", "w").write(text)
open(sys.argv[3], "w").write(text[:5] + sys.argv[4])
EOF
cat >join.sh <<'EOF'
out=$1; shift
printf '{"count": %d' $# >"$out"
for f in "$@"; do printf ', "%s": %d' "$(cut -c6- "$f")" "$(wc -c <"$f")"; done >>"$out"
echo '}' >>"$out"
EOF
cat >chain.yaml <<'EOF'
lmpipe: 1
experiment: chain
matrix: {size: [b, a, 10]}
stages:
  corpus: {uses: download, with: {sources: [{name: a, path: tiny.txt}]}}
  upper:
    uses: command
    in: {in: corpus}
    with:
      run: [python3, upper.py, "{in.in}", "{out.corpus}", "{out.first}", "${matrix.size}"]
      files: [upper.py]
      env: {SIZE: "${matrix.size}"}
      outputs: [{name: corpus, kind: corpus}, {name: first, kind: file}]
    publish: {first: first.txt}
  text: {uses: clean, in: {corpus: upper}, with: {documents: {by: line}}}
  join:
    uses: command
    in: {parts: {gather: upper.first}, two: [upper@size=a.first, upper@size=b.first]}
    with:
      run: [sh, join.sh, "{out.s}", "{in.parts}"]
      files: [join.sh]
      outputs: [{name: s, kind: scores}]
gates: [{metric: join.count, min: 3, max: 3}]
EOF
sed 's/join.count/upper.count/' chain.yaml >bad.yaml
lmpipe check bad.yaml
like "only stages with scores give metrics" "$status $err" "^2 lmpipe: error: bad.yaml:.*gates.0.metric: "
sed 's/name: first, kind/name: "f${matrix.size}", kind/; s/{out.first}/{out.f${matrix.size}}/; /publish/d; s/upper[a-z@=]*.first/upper.corpus/g' chain.yaml >bad.yaml
lmpipe check bad.yaml
like "outputs are the same for all instances" "$status $err" "^2 lmpipe: error: bad.yaml:.*upper: its outputs would not be the same"
lmpipe run chain.yaml --progress none
is "a converter whose corpus is cleaned, and a gather of its files" "$status" 0
is "in the order of values" "$("$LMPIPE" cat chain.yaml join.s)" '{"count": 3, "10": 7, "a": 6, "b": 6}'
is "published by point" "$(cut -c6- artifacts/chain/size=a/first.txt)" a
lmpipe graph chain.yaml
sed 's/in: {in: corpus}/in: {in: upper}/' chain.yaml | sed 's/^  upper:/&/' >bad.yaml
lmpipe check bad.yaml
like "a cycle is seen" "$err" 'dependency cycle: upper -> upper'
sed 's/{corpus: upper}/{corpus: join}/' chain.yaml >bad.yaml
lmpipe check bad.yaml
like "kinds are checked" "$err" 'join has no output of kind corpus; it has s \(scores\)'
sed 's/in: {in: corpus}/in: {in: text}/; s/{corpus: upper}/{corpus: corpus}/' chain.yaml >bad.yaml
lmpipe check bad.yaml
like "a stage with several outputs is named with one" "$err" 'upper.in.in: text has several outputs; name one of'
lmpipe config chain.yaml
printf '%s\n' "${out/experiment: chain/experiment: again}" >again.yaml
lmpipe run again.yaml --progress none
is "the resolved spec of a matrix has its keys" "$status $(executed)" "0 "
lmpipe cat chain.yaml upper@size=a.corpus/files/a/data
is "cat takes a folder apart" "$(head -n 1 <<<"$out")" "$(head -n 1 tiny.txt | tr '[:lower:]' '[:upper:]')"

# ---- the scorer of experiments/ ----

mkdir scorers
cp "$LM_SOURCE/experiments/scorers/samples.py" scorers/
cat >samples.jsonl <<'EOF'
{"kind": "method", "name": "greedy"}
{"kind": "sample", "method": "greedy", "sample": 0, "text": "one two three four five six seven eight"}
{"kind": "sample", "method": "greedy", "sample": 1, "text": "a b a b a b a b"}
{"kind": "sample", "method": "pure", "sample": 0, "text": "Zwölf"}
{"kind": "figures", "of": "greedy"}
EOF
echo '{"id": "x", "text": "One two three four five six seven eight nine."}' >train.jsonl
cat >scorer.yaml <<'EOF'
lmpipe: 1
experiment: scorer
stages:
  made:
    uses: command
    with:
      run: [sh, -c, 'cp samples.jsonl "$0"; cp train.jsonl "$1/"', "{out.samples}", "{out.text}"]
      files: [samples.jsonl, train.jsonl]
      outputs: [{name: samples, kind: samples}, {name: text, kind: text}]
EOF
sed -n '/^  judge:/,/^$/p' "$LM_SOURCE/experiments/scorer.yaml" | sed 's/{samples: samples, text: text.text}/{samples: made.samples, text: made.text}/' >>scorer.yaml
echo '  report: {uses: report, in: {scores: judge, samples: made.samples}, publish: {html: report.html}}' >>scorer.yaml
lmpipe run scorer.yaml --progress none
is "the experiment's scorer, and a report of its scores" "$status $(executed)" "0 made judge report"
is "its numbers" "$("$LMPIPE" cat scorer.yaml judge.scores | tr -d ' \n' | cut -c1-104)" \
    '{"greedy.words":8.0,"greedy.known_words":0.5,"greedy.repeated":0.3,"greedy.copied":0.5,"pure.words":1.0,'
like "its page" "$(cat artifacts/scorer/judge.md)" '^\| greedy \| 8.000 \| 0.500 \| 0.300 \| 0.500 \|$'
lmpipe verify scorer.yaml judge --progress none
is "it makes the same again" "$status" 0

# ---- docs/commands.md ----

unset LMPIPE_ALLOW_COMMANDS
. "$here/page.sh"
run_page "$LM_SOURCE/docs/commands.md"
cd "$LM_WORK/command" || exit 1

# ---- what check says ----

bad() { # DESCRIPTION EXPRESSION WITH-LINE...
    spec "${@:3}"
    lmpipe check spec.yaml
    like "$1" "$status $err" "^2 lmpipe: error: spec.yaml:[0-9]+:[0-9]+: score$2"
}
bad "no program" '.run: required' 'files: [score.py]'
bad "a line where a list is meant" '.run: expected a list' 'run: python3 score.py'
bad "an input that is none" '.run.1: \{in.txt\} is no input' 'run: [cat, "{in.txt}", "{out.scores}"]'
bad "an output that is none" '.run.1: \{out.score\} is not among outputs' 'run: [cat, "{out.score}", "{out.scores}"]'
bad "an output that no argument names" '.outputs.0: no argument of run holds \{out.scores\}' 'run: [cat, "{in.text}"]'
bad "a file that is not there" ".files.0.path: 'scor.py': No such file" 'run: [cat, "{out.scores}"]' 'files: [scor.py]'
bad "a file above" ".files.0: '../score.py' leads out of the private folder" 'run: [cat, "{out.scores}"]' 'files: [../score.py]'
bad "two of one name" ".files.1: 'score.py' and 'score.py'" 'run: [cat, "{out.scores}"]' 'files: [score.py, ./score.py]'
bad "a program of one's own that is not among files" ".run.0: './score.py' is not among files" 'run: [./score.py, "{out.scores}"]'
bad "a file of an environment variable, without a name" ".files.0: no name for its copy" 'run: [cat, "{out.scores}"]' 'files: ["${env.PWD}/score.py"]'
bad "a variable's name" ".env: 'A-B' is no name" 'run: [cat, "{out.scores}"]' 'env: {A-B: 1}'
bad "a secret written out" ".pass.0: 'A=b' is no name" 'run: [cat, "{out.scores}"]' 'pass: ["A=b"]'
bad "a parameter" '.argv: unknown parameter' 'run: [cat, "{out.scores}"]' 'argv: [a]'
spec 'run: [cat, "{in.text}", "{out.scores}"]'
sed -i 's/kind: scores}\]/kind: score}]/; s/^  score:/  next: {uses: command, in: {s: score}, with: {run: [cp, "{in.s}", "{out.o}"], outputs: [{name: o, kind: file}]}}\n&/' spec.yaml
lmpipe check spec.yaml
like "a kind that is none, once" "$err" "score.outputs.0.kind: .*did you mean 'scores'"
is "and nothing of what follows from it" "$(wc -l <<<"$err")" 1
lmpipe stages command
like "stages shows it" "$out" 'any names, each with an artifact of any kind'
ok "without a program of its own nothing was left in the working folder" not compgen -G '__pycache__'
done_testing
