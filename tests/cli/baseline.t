#!/bin/bash
# Gates against a baseline: what an earlier run exported, compared item by item. 0 not worse, 4 worse, 5 it cannot be said.
. "$(dirname "$0")/lib.sh"

fresh baseline
sed -i -e 's/by: unindented/by: line/' -e 's/split: {.*}/split: {by: hash, valid: 0.6}/' tiny.yaml
cat >>tiny.yaml <<'EOF'
baseline: {run: main.json}
gates:
  - {metric: scores.valid.bpb, worse_by_at_most: 0.01, vs: baseline}
  - {metric: scores.valid.acc, worse_by_at_most: 5%}
EOF
lmpipe run tiny.yaml --progress none
is "no baseline yet: exit 5" "$status" 5
like "it says how to make one" "$out" '^gate +undecided +scores.valid.bpb worse by at most 0.01 than the baseline: there is no baseline: its file does not exist; write it with lmpipe exp export$'
lmpipe exp export last -o main.json
is "exported" "$status" 0

lmpipe run tiny.yaml --progress none
is "the same results pass" "$status:$(executed)" "0:report"
like "and why" "$out" 'pass +scores.valid.bpb .*: every document has the number it had$'
lmpipe run tiny.yaml --progress none -S steps=60
is "a better model passes" "$status" 0
like "with its interval and what that covers" "$out" 'pass +scores.valid.bpb .*: better by [0-9.]+ bits per byte \([0-9.]+ to [0-9.]+ at 95 % on each side, over [0-9]+ documents, not over seeds\), within the margin of 0.01$'
lmpipe run tiny.yaml --progress none -S steps=20
is "a worse one fails" "$status" 4
like "with its interval" "$out" 'FAIL +scores.valid.bpb .*: worse by .*, beyond the margin of 0.01$'
ok "the report says the same" grep -q 'worse by at most 0.01 than the baseline' artifacts/tiny/report.md
ok "and what changed" grep -qE '^\| Validation \| Bits per byte \| [0-9.]+ \| [0-9.]+ \| \+[0-9.]+ \| \+[0-9.]+ to \+[0-9.]+ \| worse \|' artifacts/tiny/report.md
first=$(grep '^gate' <<<"$out")
lmpipe run tiny.yaml --progress none -S steps=20
is "decided again from records alone" "$(executed):$(grep '^gate' <<<"$out")" ":$first"

# What cannot be compared is undecided, and says why.
lmpipe run tiny.yaml --progress none -S text.split.valid=0.5
is "other held-out documents: exit 5" "$status" 5
like "and says so" "$out" 'undecided +scores.valid.bpb .*: not the same documents|undecided +scores.valid.bpb .*other'
lmpipe run tiny.yaml --progress none -S vocab=300
like "another vocabulary: bits per byte are compared" "$out" '(pass|FAIL|undecided) +scores.valid.bpb .*(better|worse) by'
like "accuracy by token is not" "$out" 'undecided +scores.valid.acc'
sed 's/scores/points/g' main.json >other.json
lmpipe run tiny.yaml --progress none -S steps=20 --until scores
sed -i 's/main.json/other.json/' tiny.yaml
lmpipe run tiny.yaml --progress none
like "a stage that the baseline lacks" "$out" 'undecided .*: the baseline has no stage scores$'
printf 'x' >other.json
lmpipe run tiny.yaml --progress none
is "a damaged baseline: exit 5" "$status" 5
unlike "reports show no path" "$(cat artifacts/tiny/report.md)" "$LM_WORK"

# config prints what check accepts.
sed -i 's/other.json/main.json/' tiny.yaml
lmpipe config tiny.yaml
printf '%s\n' "$out" >printed.yaml
lmpipe plan tiny.yaml
first=$out
lmpipe plan printed.yaml
is "config reads back" "$out" "$first"
done_testing
