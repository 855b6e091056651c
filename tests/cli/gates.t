#!/bin/bash
# Gates decide the exit status: 4 failed, 5 undecided; a failed stage (1) comes first.
. "$(dirname "$0")/lib.sh"

fresh gates
printf 'gates:\n  - {metric: scores.valid.bpb, max: 20}\n' >>tiny.yaml
lmpipe run tiny.yaml --progress none
is "a gate that holds: exit 0" "$status" 0
like "and is listed" "$out" '^gate +pass .*scores\.valid\.bpb'

sed -i 's/max: 20/max: 0.01/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a gate that fails: exit 4" "$status" 4
is "only the report ran again" "$(executed)" "report"
like "listed as failed" "$out" '^gate +FAIL .*scores\.valid\.bpb'
lmpipe run tiny.yaml --progress none
is "it fails again without executing anything" "$status:$(executed)" "4:"
lmpipe run tiny.yaml --until model --progress none
is "gates of stages not selected are skipped" "$status" 0

sed -i 's/scores\.valid\.bpb, max: 0.01/scores.valid.bbp, max: 1/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a metric that the type does not give is a spec error" "$status" 2
like "with the one that was meant" "$err" "scores \(evaluate\) gives no metric 'valid.bbp'; did you mean 'valid.bpb'"
sed -i 's/scores\.valid\.bbp, max: 1/scores.valid.bleu, max: 1/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "a metric that this result lacks: exit 5" "$status" 5

printf '  - {metric: scores.valid.bpb, max: 0.01}\n' >>tiny.yaml
lmpipe run tiny.yaml --progress none
is "a failed gate comes before an undecided one" "$status" 4

# One decision for the table, both JUnit files, the report in all its forms and the exit status: two evaluations, two
# reports, metrics of every stage. Whatever a report takes in, it shows all gates but those behind it.
cat >two.yaml <<'EOF'
lmpipe: 1
experiment: two
include: tiny.yaml
stages:
  more: {uses: evaluate, in: {model: model, tokens: tokens}, with: {stride: 8, baselines: false, untrained_windows: 0}}
  page: {uses: report, in: {scores: more.scores}, publish: {json: page.json, md: page.md, html: page.html, junit: page.xml}}
gates:
  - {metric: scores.valid.bpb, max: 20}
  - {metric: more.valid.bpb, max: 0.5}
  - {metric: model.train_loss, max: 20}
  - {metric: model.valid_loss, min: 0.5}
  - {metric: text.documents, min: 1}
  - {metric: tokens.bytes_per_token, min: 99}
  - {metric: more.valid.bleu, min: 1}
EOF
sed -i 's/publish: {/publish: {junit: report.xml, /' tiny.yaml
lmpipe run two.yaml --progress none --ci
is "two reports, one decision: exit 4" "$status" 4
decided() { # FILE: "name verdict reason" of all gates of a report.json
    python3 -c 'import json, sys
for g in json.load(open(sys.argv[1]))["gates"]: print(g["name"], g["verdict"], g["why"], sep="|")' "$1"
}
table=$(sed -n 's/^gate  *\([A-Za-z]*\) *\([^:]*\): \(.*\)$/\2|\1|\3/p' <<<"$out" | sed 's/|FAIL|/|fail|/')
is "the table and a report say the same" "$(decided artifacts/two/page.json)" "$table"
is "and the other report" "$(decided artifacts/two/report.json)" "$table"
is "all seven" "$(wc -l <<<"$table")" 7
for file in page report; do
    for i in 1 2 3 4 5 6 7; do
        row=$(sed -n "${i}p" <<<"$table")
        name=${row%%|*} reason=${row##*|}
        ok "$file.xml has $name once" test "$(grep -cF "name=\"$name\"" "artifacts/two/$file.xml")" = 1
        ok "with what was measured" grep -qF "$reason" "artifacts/two/$file.xml"
        ok "$file.html: $name" grep -qF "$reason" "artifacts/two/$file.html"
    done
    ok "$file.md has the failed one" grep -qE 'more.valid.bpb max 0.5 . . fail' "artifacts/two/$file.md"
done
ok "junit-run.xml has the stages alone" not grep -q 'two.gates' artifacts/two/junit-run.xml
lmpipe run two.yaml --progress none --ci
is "again: nothing is executed" "$status:$(executed)" "4:"
sed -i 's/junit: report.xml, //; s/, junit: page.xml//' tiny.yaml two.yaml
lmpipe run two.yaml --progress none --ci
is "reports that publish no JUnit leave the gates to junit-run.xml" "$(grep -c two.gates artifacts/two/junit-run.xml)" 7
rm tiny.txt
lmpipe run tiny.yaml --progress none
is "a missing corpus is a spec error" "$status" 2
done_testing
