#!/bin/bash
# A matrix on one page: who is compared with whom, what its key depends on, instances that fail, metrics that are misspelt.
. "$(dirname "$0")/lib.sh"

fresh compare
sed -e 's/^experiment: tiny/experiment: compare/' -e '/^  samples:/,$d' -e 's/lr: 3.0e-3/lr: "${matrix.lr}"/' \
    -e 's/^    in: {tokens: tokens}$/    seed: "${matrix.seed}"\n&/' tiny.yaml >sweep.yaml
cat >>sweep.yaml <<'YAML'
  compare:
    uses: compare
    in: {scores: {gather: scores}, items: {gather: scores.items}, log: {gather: model.log}}
    with: {resamples: 200}
    publish: {html: compare.html, md: compare.md, csv: compare.csv, json: compare.json}
matrix: {lr: [3.0e-4, 3.0e-3], seed: [1, 2]}
YAML
column() { # NAME of the CSV: its values, by run
    python3 - "$1" <<'PY'
import csv, sys
rows = list(csv.DictReader(open("artifacts/compare/compare.csv", newline="")))
print(" ".join(r[sys.argv[1]] for r in sorted(rows, key=lambda r: r["run"])))
PY
}

lmpipe run sweep.yaml --progress none
is "a sweep and its page" "$status" 0
like "the headline names the best" "$out" '^compare +done .*best valid\.bpb [0-9.]+ of 4 runs: lr=0\.003,seed='
is "all are there" "$(column run)" "lr=0.0003,seed=1 lr=0.0003,seed=2 lr=0.003,seed=1 lr=0.003,seed=2"
is "with their tokens" "$(column tokens)" "3840 3840 3840 3840"
like "one is the reference" "$(column verdict)" 'the reference'
page=$(cat artifacts/compare/compare.html)
like "a section on repeats" "$page" '<section id="repeats">'
like "and on differences" "$page" '<section id="differences">'
unlike "no script" "$page" '<script'
like "Markdown names the settings" "$(cat artifacts/compare/compare.md)" '^\| lr=0\.0003 \| 2 \|'
digest=$(sha256sum artifacts/compare/compare.html)
lmpipe run sweep.yaml --progress none
is "again: nothing to do" "$(executed)" ""

lmpipe run sweep.yaml -f compare --threads 2 --progress none
is "executed again" "$(executed)" "compare"
is "the same bytes" "$(sha256sum artifacts/compare/compare.html)" "$digest"

sed 's/seed: \[1, 2\]/seed: [1, 2, 3]/' sweep.yaml >wider.yaml
sed -i 's/experiment: compare/experiment: wider/' wider.yaml
lmpipe run wider.yaml --progress none
is "another seed" "$status" 0
unlike "what is known is kept" "$(executed)" 'seed=[12]'
like "the page is new" "$(executed)" 'compare'

# An instance that fails (a stride beyond the context) is on the page, and the run says so.
sed -e 's/experiment: compare/experiment: failing/' -e 's/untrained_windows: 4/&, stride: "${matrix.stride}"/' \
    -e 's/^matrix: .*/matrix: {lr: [3.0e-3], seed: [1], stride: [16, 64]}/' sweep.yaml >failing.yaml
lmpipe run failing.yaml -k --progress none
is "an instance fails: exit 1" "$status" 1
like "the page is made all the same" "$(cat artifacts/failing/compare.csv)" '^"lr=0\.003,seed=1,stride=64",failed,'
like "and lists it" "$(cat artifacts/failing/compare.html)" '<section id="left-out">'
like "beside the one that is there" "$(cat artifacts/failing/compare.csv)" '^"lr=0\.003,seed=1,stride=16",ranked,.*,3840,'

lmpipe check sweep.yaml -S compare.metric=valid.bbp
is "a metric that nobody has: exit 2" "$status:$(wc -l <<<"$err")" 2:1
like "is named with the nearest" "$err" ": compare\.metric: scores \(evaluate\) gives no metric 'valid\.bbp'; did you mean 'valid\.bpb'\?$"
sed 's/with: {resamples: 200}/with: {resamples: 200, metric: valid.accc}/' sweep.yaml >misspelt.yaml
lmpipe check misspelt.yaml
like "in the file: with its place" "$err" '^lmpipe: error: misspelt\.yaml:[0-9]+:[0-9]+: compare\.metric: .*did you mean .valid\.acc'
lmpipe run sweep.yaml -S compare.reference=scores@lr=0.0003,seed=1 --progress none
is "a reference by its id" "$status" 0
like "to which all are compared" "$(column verdict)" '^the reference '
lmpipe check sweep.yaml -S compare.reference=lr=0.003,seed=2
is "a reference as the page calls it" "$status:$err" 0:
lmpipe run sweep.yaml -S compare.reference=lr=0.0004,seed=1 --progress none
is "none of the runs: exit 2" "$status" 2
like "is said, with the nearest" "$err" 'compare\.reference: lr=0\.0004,seed=1 is none of the runs compared; did you mean .lr=0\.0003,seed=1.\?$'
done_testing
