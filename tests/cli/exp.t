#!/bin/bash
# Recorded runs: what they are called, what is told of them, baselines.
. "$(dirname "$0")/lib.sh"

json() { # FILE PYTHON-EXPRESSION over `d`
    python3 -c "import json,sys; d = json.load(open(sys.argv[1])); print($2)" "$1"
}

fresh exp
lmpipe run tiny.yaml --progress none
is "a run" "$status" 0
id=$(basename "$(ls -d artifacts/store/runs/2*)")

# --- baselines ---
lmpipe exp export last -o base.json
is "exp export: one file, nothing printed" "$status:$out:$err" "0::"
is "its version and experiment" "$(json base.json 'd["lmpipe_baseline"], d["experiment"]')" "1 tiny"
is "stages with metrics, sorted" "$(json base.json '",".join(s["stage"] for s in d["stages"])')" \
    "corpus,model,samples,scores,text,tokens,vocab"
of() {
    json base.json "[s for s in d['stages'] if s['stage'] == 'scores'][0]$1"
}
is "what metrics are of" "$(of "['of'].keys()")" "dict_keys(['corpus', 'model', 'text', 'tokens', 'vocab'])"
is "by digest" "$(of "['of']['vocab']")" "sha256:$("$LMPIPE" cat tiny.yaml vocab.vocab | sha256sum | cut -c1-64)"
"$LMPIPE" cat tiny.yaml scores.scores >scores.json
is "metrics have the bits of the scores" \
    "$(python3 -c "import json
a = json.load(open('scores.json'))
b = [s for s in json.load(open('base.json'))['stages'] if s['stage'] == 'scores'][0]['metrics']
print(all(a[k] == v for k, v in b.items()), 'valid.bpb' in b)")" "True True"
"$LMPIPE" cat tiny.yaml scores.items/valid.jsonl >valid.jsonl
is "items are those of the artifact, in columns" \
    "$(python3 -c "import json
a = sorted((json.loads(l) for l in open('valid.jsonl')), key=lambda r: r['id'])
b = [s for s in json.load(open('base.json'))['stages'] if s['stage'] == 'scores'][0]['items']['valid']
print(len(a) > 1, all([r[k] for r in a] == b[k] for k in ('id', 'nll', 'bytes', 'score', 'tokens')))")" "True True"

cp base.json other.json
fresh again
lmpipe run tiny.yaml --progress none --threads 1
lmpipe exp export tiny.yaml -o base.json
ok "equal results give equal bytes" cmp -s base.json ../exp/base.json
cd ../exp || exit 1

for name in "$id" "${id:0:12}" last last~0 tiny.yaml ./tiny.yaml "$PWD/tiny.yaml"; do
    rm -f other.json
    lmpipe exp export "$name" -o other.json
    ok "a run is called $(basename "$name")" cmp -s base.json other.json
done
lmpipe exp export lasst -o other.json
is "an unknown name: exit 2 and the nearest" "$status:$err" "2:lmpipe: error: no run 'lasst'; did you mean 'last'?"
lmpipe exp export "${id%y}z" -o other.json
is "an id that was meant" "$status:$err" "2:lmpipe: error: no run '${id%y}z'; did you mean '$id'?"
lmpipe exp export last~1 -o other.json
is "there is no run before" "$status:$err" "2:lmpipe: error: no run 'last~1': 1 are recorded; see 'lmpipe exp list'"
lmpipe exp export tiny.txt -o other.json
is "a file without runs" "$status" 2
like "says so" "$err" 'tiny\.txt has no recorded run'
lmpipe exp export last
is "-o is needed" "$status" 2
lmpipe exp export last -o none/other.json
is "where it cannot be written: exit 3" "$status" 3
(cd / && "$LMPIPE" exp export "$LM_WORK/exp/tiny.yaml" -o "$LM_WORK/far.json")
ok "the store of a spec, from anywhere" cmp -s base.json "$LM_WORK/far.json"
lmpipe exp export last -o other.json --store nowhere
is "no store there: exit 3" "$status" 3

# --- list, show, tag, rm ---
fresh runs
cat >>tiny.yaml <<'END'
gates:
  - {metric: scores.valid.bpb, max: 9}
  - {metric: scores.valid.bpb, max: 0.5}
END
lmpipe exp list
is "no store yet: exit 3" "$status:$out" "3:"
lmpipe run tiny.yaml --progress none -S steps=20
first=$(basename "$(ls -d artifacts/store/runs/2*)")
lmpipe run tiny.yaml --progress none -S steps=20
lmpipe run tiny.yaml vocab --progress none
lmpipe run none.yaml --progress none
lmpipe run tiny.yaml nostage --progress none
lmpipe exp list
is "list: a line a run, newest first; refused runs left none" "$(awk 'NR > 1 { print $2, $3 }' <<<"$out" | tr '\n' ';')" \
    "hit 0/3;failed 0/8;failed 8/8;"
like "with the headline" "$out" "^$first +failed +8/8 .* bpb$"
lmpipe exp list --json
printf '%s' "$out" >list.json
is "list --json: an array" "$(json list.json '[(r["state"], r["exit_code"], r["spec"]) for r in d]')" \
    "[('hit', 0, 'tiny.yaml'), ('failed', 4, 'tiny.yaml'), ('failed', 4, 'tiny.yaml')]"
lmpipe exp show "$first"
like "show says them as they are typed" "$out" '^settings    -S steps=20$'
is "with settings" "$(json list.json '[s["name"] + "=" + s["value"] for s in d[2]["settings"]]')" "['steps=20']"
is "with gates and metrics" \
    "$(json list.json 'd[2]["gates"]["pass"], d[2]["gates"]["fail"], "scores.valid.bpb" in d[2]["metrics"]')" "1 1 True"
odd="samples.prompts=[\"it's\", \"a'b' c\"]"
lmpipe run tiny.yaml samples --progress none -S steps=20 -S "$odd"
lmpipe exp show last
words=$(sed -n 's/^settings //p' <<<"$out")
eval "set -- $words"
is "and as a shell reads them back" "$*" "-S steps=20 -S $odd"
lmpipe exp rm last
lmpipe exp list --csv
is "list --csv: a header and a row a run" "$(python3 -c "import csv, sys
r = list(csv.DictReader(sys.stdin))
print(len(r), r[2]['run'], r[2]['state'], float(r[2]['scores.valid.bpb']) > 0, r[0]['scores.valid.bpb'])" <<<"$out")" \
    "3 $first failed True "
lmpipe exp list --csv --json
is "not both: exit 2" "$status:$out" "2:"
sed 's/^experiment: tiny/experiment: other/' tiny.yaml >other.yaml
lmpipe run other.yaml vocab --progress none
lmpipe exp list other.yaml
is "of one spec" "$(wc -l <<<"$out"):$(awk 'NR == 2 { print $1 }' <<<"$out" | cut -d- -f2)" "2:other"
(cd / && "$LMPIPE" exp list "$LM_WORK/runs/tiny.yaml") >far
is "from anywhere" "$(wc -l <far)" 4
lmpipe exp list none.yaml
is "of a spec that is none: exit 2" "$status:$out" "2:"

lmpipe exp show "$first" --json
printf '%s' "$out" >show.json
is "show: parameters, typed" \
    "$(json show.json '[(s["params"]["steps"], s["params"]["lr"], s["seed"]) for s in d["stages"] if s["stage"] == "model"]')" \
    "[(20, 0.003, 7)]"
is "gates" "$(json show.json '[g["verdict"] for g in d["gates"]]')" "['pass', 'fail']"
is "keys are the digests of their texts" "$(json show.json \
    'all(__import__("hashlib").sha256(s["key_text"].encode()).hexdigest() == s["key"] for s in d["stages"])')" "True"
is "outputs are those of the artifacts" \
    "$(json show.json '[s["outputs"]["vocab"] for s in d["stages"] if s["stage"] == "vocab"][0]')" \
    "sha256:$("$LMPIPE" cat tiny.yaml vocab.vocab -S steps=20 | sha256sum | cut -c1-64)"
lmpipe exp show "$first"
before=$out
like "show: gates in words" "$out" '^gate  fail '
lmpipe exp show "$first" model
like "show STAGE: its parameters" "$out" '^  steps  20$'
like "and its key text" "$out" '^param steps int 20$'
lmpipe exp show "$first" modle
is "a stage that was meant" "$status:$err" "2:lmpipe: error: run $first has no stage 'modle'; did you mean 'model'?"

lmpipe exp tag main "$first"
is "tag" "$status:$out" "0:"
lmpipe exp tag
is "tags are listed" "$out" "main  $first"
lmpipe exp tag --json
is "as JSON" "$out" "{\"main\": \"$first\"}"
lmpipe exp list
like "and beside their runs" "$out" "^$first .*  \[main\]$"
lmpipe exp show main
is "a tag is a run's name" "$(grep -v '^tag ' <<<"$out")" "$before"
lmpipe exp show mian
is "one that was meant" "$status:$err" "2:lmpipe: error: no run 'mian'; did you mean 'main'?"
for name in last 2nd 'a b' ../x; do
    lmpipe exp tag "$name" "$first"
    is "no name for a run: $name" "$status:$out" "2:"
done
lmpipe exp rm main
is "a tagged run stays: exit 2" "$status" 2
lmpipe exp tag --remove mian
is "a tag that was meant" "$status:$err" "2:lmpipe: error: no tag 'mian'; did you mean 'main'?"
lmpipe exp tag --remove main
is "tag --remove" "$status" 0
lmpipe exp rm last
is "rm" "$status:$out" "0:"
lmpipe exp list --json
is "it is gone" "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' <<<"$out")" 3

# A run stays explained when the store was emptied.
lmpipe exp show "$first" --json
before=$out
lmpipe cache clear --yes
is "cache clear" "$status" 0
lmpipe exp show "$first" --json
is "after it all of a run is told" "$out" "$before"
lmpipe exp export "$first" -o gone.json
is "but what it made cannot be exported: exit 1" "$status" 1
like "says so" "$err" 'no longer in the store; run tiny\.yaml again'
ok "and nothing was written" not test -e gone.json

# The index only remembers.
lmpipe exp list --json
before=$out
index=artifacts/store/runs/index
damage() {
    case $1 in
    removed) rm -r $index ;;
    emptied) : >$index ;;
    altered) sed -i '2s/done/dune/; 1s/failed/finest/' $index ;;
    cut) truncate -s -300 $index ;;
    foreign) echo foreign >>$index ;;
    folder) rm $index && mkdir $index ;;
    noise) head -c 10000 /dev/urandom >$index ;;
    esac
}
for how in removed emptied altered cut foreign folder noise; do
    damage $how
    lmpipe exp list --json
    is "index $how: exp list" "$status:$out" "0:$before"
    lmpipe exp list --json
    is "index $how: and again" "$out" "$before"
    is "index $how: it holds every run" "$(grep -c "$first" $index)" 1
done

# What many runs share, damaged.
cp -r artifacts/store/runs kept
lmpipe exp show "$first" --json
echo "$out" >whole.json
told_wrong() {
    echo "$out" | python3 -c "import json, sys
told = json.load(sys.stdin)
whole = {s['stage']: s.get('outputs') for s in json.load(open('whole.json'))['stages']}
print(1 if told.get('damaged', 0) > 0 else 0,
      [s['stage'] for s in told['stages'] if 'outputs' in s and s['outputs'] != whole[s['stage']]])"
}
part_of() {
    python3 -c "import json, sys; print(json.load(open(sys.argv[1]))['$1'])" \
        "artifacts/store/runs/$("$LMPIPE" exp list --json | python3 -c "import json, sys; print(json.load(sys.stdin)[0]['run'])")/run.json"
}
for file in parameters results keys newest; do
    rm -rf artifacts/store/runs
    cp -r kept artifacts/store/runs
    for one in "artifacts/store/runs/$file"/*; do
        printf 'x' | dd of="$one" bs=1 seek=40 conv=notrunc status=none
    done
    lmpipe exp show "$first" --json
    ok "damaged $file: no crash" test "$status" -le 3
    [ "$file" = newest ] || is "damaged $file: said, and no result is told of another stage" "$(told_wrong)" "1 []"
    lmpipe run tiny.yaml vocab --progress none
    is "damaged $file: runs go on" "$status" 0
done
for file in parameters results; do
    sed -i '2s/./~/40' "artifacts/store/runs/$file/$(part_of "$file")"
    lmpipe exp show last
    like "a damaged line of $file: said" "$out" "^damaged     [0-9]* parts of the record"
    lmpipe run tiny.yaml vocab --progress none
    lmpipe exp show last
    unlike "the same again: $file is whole" "$out" "^damaged"
done
rm -rf artifacts/store/runs
cp -r kept artifacts/store/runs

# Killed runs are told from those that go on.
sed 's/steps: 30/steps: 200000/' tiny.yaml >slow.yaml
lmpipe run tiny.yaml tokens --progress none
sed -i 's/^experiment: tiny/experiment: slow/' slow.yaml
"$LMPIPE" run slow.yaml --progress none >/dev/null 2>&1 &
pid=$!
for _ in $(seq 600); do
    slow=$(basename "$(echo artifacts/store/runs/2*-slow)")
    grep -q '"event":"stage_begin","stage":"model"' "artifacts/store/runs/$slow/events.jsonl" 2>/dev/null && break
    sleep 0.1
done
state_of() {
    "$LMPIPE" exp list --json | python3 -c "import json, sys
print([r['state'] for r in json.load(sys.stdin) if r['run'] == '$slow'][0])"
}
is "a run that goes on" "$(state_of)" "running"
lmpipe exp rm "$slow"
is "is not removed: exit 2" "$status" 2
kill -9 $pid
wait $pid 2>/dev/null
is "a killed run" "$(state_of)" "killed"
is "stays one" "$(state_of)" "killed"
lmpipe exp show "$slow" --json
printf '%s' "$out" >show.json
is "its parameters are known, reached or not" \
    "$(json show.json '[s["params"]["steps"] for s in d["stages"] if s["stage"] == "model"], len(d["stages"])')" "[200000] 8"
is "and how far it came" \
    "$(json show.json '[s["state"] for s in d["stages"] if s["stage"] in ("model", "scores")]')" "['begun', 'unknown']"
rm artifacts/store/runs/"$slow"/run.json
is "one killed before it was recorded" "$(state_of)" "killed"
lmpipe exp show "$slow"
is "cannot be shown: exit 1" "$status" 1
lmpipe exp rm "$slow"
is "a killed run can be removed" "$status" 0

# Instances of a sweep, and what fails.
cat >sweep.yaml <<'END'
lmpipe: 1
experiment: sweep
matrix: {size: [300, 310], mode: [{name: long name, min: 2}]}
stages:
  corpus: {uses: download, with: {sources: [{name: tiny, path: tiny.txt}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: unindented, split: {valid: 0.2}}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: "${matrix.size}", pattern: gpt2, min_frequency: "${matrix.mode.min}"}}
  bad: {uses: download, with: {retries: 0, sources: [{name: b, url: "file:///nothing/here", sha256: "0000000000000000000000000000000000000000000000000000000000000000"}]}}
END
lmpipe run sweep.yaml --progress none -k
is "a sweep with a failure" "$status" 1
lmpipe exp show last --json
printf '%s' "$out" >show.json
is "instances with the values of the matrix" \
    "$(json show.json '[(s["point"], s["params"]["vocab_size"]) for s in d["stages"] if s["stage"].startswith("vocab")]')" \
    "[({'mode': 'long name', 'size': 300}, 300), ({'mode': 'long name', 'size': 310}, 310)]"
is "the failure and why" "$(json show.json '[(s["state"], len(s["error"]) > 9) for s in d["stages"] if s["stage"] == "bad"]')" \
    "[('failed', True)]"
lmpipe exp show sweep.yaml vocab
is "a family is no stage: exit 2" "$status" 2
lmpipe exp export sweep.yaml -o sweep.json
is "what failed is left out of a baseline" "$status:$(json sweep.json '[s["stage"] for s in d["stages"] if s["stage"] == "bad"]')" "0:[]"
like "with a warning" "$err" 'warning: 1 stage of the run had no result'

# Secrets stay out.
cat >secret.yaml <<'END'
lmpipe: 1
experiment: secret
vars: {url: ""}
stages:
  corpus:
    uses: download
    with: {retries: 0, sources: [{name: a, url: "${url}", sha256: "0000000000000000000000000000000000000000000000000000000000000000"}]}
END
lmpipe run secret.yaml --progress none --offline -S "url=https://ann:hunter2@example.invalid/a?token=hunter2"
is "a run with a secret" "$status" 1
ok "it is recorded" grep -q '"experiment":"secret"' artifacts/store/runs/index
ok "the secret is neither in records nor in the index" not grep -rq hunter2 artifacts/store/runs

# --- diff ---
fresh diff
sed -i 's/valid: 0.2/valid: 0.78/' tiny.yaml # 20 documents and more
lmpipe run tiny.yaml --progress none
first=$(basename "$(ls -d artifacts/store/runs/2*)")
lmpipe exp tag first last
lmpipe run tiny.yaml --progress none -S steps=20 -S model.lr=0.001
lmpipe exp export last -o second.json
lmpipe exp diff first last
is "diff: exit 0" "$status:$err" "0:"
is "parameters that differ, and no others" "$(grep -c '^  param' <<<"$out")" 3
like "from what to what" "$out" '^  param lr  0\.003 → 0\.001$'
like "metrics and by how much" "$out" '^  metric valid_loss  [0-9.]+ → [0-9.]+  \([+−][0-9.]+\)$'
like "artifacts" "$out" '^  output model  sha256:[0-9a-f]{12} → sha256:[0-9a-f]{12}$'
unlike "what is equal is not told" "$out" '^(corpus|text|vocab|tokens)$'
lmpipe exp diff first last --json
printf '%s' "$out" >diff.json
is "--json" "$(json diff.json '[(r["a"], r["b"]) for r in d["differences"] if r["stage"] == "model" and r.get("name") == "steps"]')" \
    "[(30, 20)]"
lmpipe exp diff first "$first"
is "a run and itself" "$(tail -1 <<<"$out")" "no difference"
lmpipe exp diff first
is "a run and its spec now: the same" "$(tail -1 <<<"$out")" "no difference"
lmpipe exp diff first -S steps=20 -S model.lr=0.001
like "and with -S: parameters" "$out" '^  param steps  30 → 20$'
like "and results that are there" "$out" '^  metric valid_loss'
lmpipe exp diff tiny.yaml -S steps=20 -S model.lr=0.001
is "a spec: its last run" "$(tail -1 <<<"$out")" "no difference"
lmpipe exp diff first -S steps=21
like "without a result, parameters alone" "$out" '^  param steps  30 → 21$'
lmpipe exp diff first last -S steps=20
is "-S with two runs: exit 2" "$status:$out" "2:"
lmpipe exp diff last second.json
is "an exported run: what both hold" "$(tail -1 <<<"$out")" "no difference"
lmpipe exp diff first second.json
like "its metrics" "$out" '^  metric valid\.bpb'
unlike "it has no parameters" "$out" '^  param'
lmpipe exp diff first:model last
is "one stage" "$(grep -A1 '^$' <<<"$out" | grep -v -e '^$' -e --)" "model"
lmpipe exp diff first:modl last
is "one that was meant" "$status:$err" "2:lmpipe: error: first has no stage 'modl'; did you mean 'model'?"
lmpipe exp diff second.json
is "an exported run has no spec: exit 2" "$status:$out" "2:"
lmpipe exp diff first lasst
is "an unknown run: exit 2" "$status:$err" "2:lmpipe: error: no run 'lasst'; did you mean 'last'?"
(mkdir "$LM_WORK/far" && cd "$LM_WORK/far" && "$LMPIPE" exp diff ../diff/second.json ../diff/second.json) >far
is "exported runs need no store" "$(tail -1 far)" "no difference"
cp -r . ../moved && cd ../moved || exit 1
lmpipe cache clear --yes
lmpipe exp diff first last
like "after cache clear runs are told apart as before" "$out" '^  metric valid_loss'
cd ../diff || exit 1

# --- compare ---
lmpipe exp compare first last second.json -o page.html
is "compare: exit 0" "$status:$err" "0:"
like "the best run in words" "$out" '^\*\*Of 3 runs .* has the best valid.bpb'
like "compared to the first, with a verdict" "$out" '^\| second.json \|.*\| (better|worse|no difference shown) \|$'
ok "a page" grep -q '</html>' page.html
unlike "without scripts" "$(cat page.html)" '<script'
if command -v script >/dev/null; then
    printf -v line '%q exp compare first last' "$LMPIPE"
    shown=$(NO_COLOR=1 SHELL=/bin/bash script -qec "$line" /dev/null </dev/null 2>&1)
    unlike "to a terminal without its signs" "$shown" '\*\*|&#|\\_'
    like "but the same table" "$shown" '^\| run \| valid\.bpb \|'
fi
lmpipe exp compare first:scores second.json:scores --metric valid.acc --json
printf '%s' "$out" >compare.json
is "--metric, --json" "$status:$(json compare.json 'd["metric"]')" "0:valid.acc"
lmpipe exp compare first last --csv
is "--csv: a row a run" "$(wc -l <<<"$out")" 3
lmpipe exp compare first last --metric valid.nothing
is "a metric that nobody has: exit 2" "$status:$out" "2:"
lmpipe exp compare first last -o none/page.html
is "where the page cannot be written: exit 3" "$status" 3
lmpipe exp compare first:vocab last:vocab --metric valid.bpb
is "stages without the metric" "$status" 2
lmpipe run tiny.yaml vocab --progress none
lmpipe exp compare last
is "a run that evaluated nothing: exit 2" "$status:$out" "2:"
lmpipe exp compare first first
is "a run and itself" "$status" 0
(cd "$LM_WORK/far" && "$LMPIPE" exp compare ../diff/second.json ../diff/second.json) >far
ok "exported runs need no store" test -s far
cd ../moved || exit 1
lmpipe exp compare first last
is "after cache clear the metrics are compared" "$status" 0
cd ../diff || exit 1
cat >>tiny.yaml <<'END'
matrix: {lr: [3.0e-3, 1.0e-3], seed: [1, 2]}
END
# shellcheck disable=SC2016 # of the spec
sed -i 's/lr: 3.0e-3$/lr: "${matrix.lr}"/; s/^    uses: train$/    uses: train\n    seed: "${matrix.seed}"/' tiny.yaml
sed -i '/^  report:/,/^    publish/d' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a sweep" "$status" 0
lmpipe exp compare last --csv
is "all instances of a sweep" "$(wc -l <<<"$out"):$(grep -c 'lr=0.001' <<<"$out")" 5:2
lmpipe exp diff 'tiny.yaml:scores@lr=0.001,seed=1' 'tiny.yaml:scores@lr=0.003,seed=1'
like "two instances of one run" "$out" '^  point lr  0\.001 → 0\.003$'
lmpipe exp diff tiny.yaml:scores first
is "a family is no instance: exit 2, and one of it" "$status:$err" \
    "2:lmpipe: error: the last run of tiny.yaml has no stage 'scores'; did you mean 'scores@lr=0.003,seed=1'?"

done_testing
