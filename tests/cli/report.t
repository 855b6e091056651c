#!/bin/bash
# The report as people and machines get it: words of one language, structure for keyboards and screen readers, bytes that depend on
# nothing but inputs. report_page.py holds the page; the Markdown is held by markdown.t.
. "$(dirname "$0")/lib.sh"
checks=$LM_SOURCE/tests/cli/report_page.py

fresh report
cat >>tiny.yaml <<'EOF'
gates:
  - {metric: scores.test.bpb, max: 0.5}
  - {metric: scores.valid.acc, min: 0}
  - {metric: scores.test.bpb, worse_by_at_most: 0.1, vs: baseline}
baseline: {run: none.json}
EOF
lmpipe run tiny.yaml --progress none
is "a gate fails" "$status" 4
page=artifacts/tiny/report.html
for check in headings landmarks keyboard; do
    is "$check are in order" "$(python3 "$checks" $check $page 2>&1)" ""
done
like "its language is English" "$(cat $page)" '<html lang="en"'
cp $page en.html
# The file for machines is as its schema says; a schema that is held against nothing would hold anything.
schema=$LM_SOURCE/docs/formats/report.schema.json
hold="python3 $LM_SOURCE/tests/cli/json_schema.py $schema"
is "report.json fits its schema" "$($hold artifacts/tiny/report.json 2>&1)" ""
sed 's/"verdict": "fail"/"verdict": "failed"/; s/"lmpipe_report": 1/"lmpipe_report": 1, "more": 2/' artifacts/tiny/report.json >broken.json
like "another word does not fit" "$($hold broken.json)" 'verdict is failed'
like "nor another member" "$($hold broken.json)" 'has more'
digest=$(lmpipe cat tiny.yaml scores.scores >/dev/null; printf '%s\n' "$out" | sha256sum | cut -d' ' -f1)
ok "inputs stand by their digests" grep -q "\"sha256\": \"$digest\"" artifacts/tiny/report.json
ok "on the page, too" grep -q "scores.scores</code></td><td><code>$digest" $page

lmpipe plan tiny.yaml
planned=$out
lmpipe plan tiny.yaml -S report.language=en
is "English is the default, and in no key" "$out" "$planned"

lmpipe run tiny.yaml --progress none -S report.language=zh
is "in Chinese" "$status:$(executed)" "4:report"
like "its language is Chinese" "$(cat $page)" '<html lang="zh-Hans"'
for check in chinese headings landmarks keyboard; do
    is "in Chinese: $check" "$(python3 "$checks" $check $page 2>&1)" ""
done
like "the Markdown is Chinese, too" "$(cat artifacts/tiny/report.md)" '^\*\*模型在测试文本上需要 '
unlike "and holds no English sentence" "$(grep -vE '^(<|>)|</?pre>' artifacts/tiny/report.md | grep -E '^[|*-]')" \
    '[a-z]{3,} [a-z]{2,} [a-z]{2,} [a-z]{2,}'
lmpipe run tiny.yaml --progress none -S report.language=fr
is "another language is refused" "$status" 2
like "and the known ones are named" "$err" 'language.*en.*zh'

# Printed: a toy run is at most 8 pages, and what is folded is on them.
if command -v chromium >/dev/null && command -v pdfinfo >/dev/null && command -v pdftotext >/dev/null; then
    timeout 60 chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer --user-data-dir="$LM_WORK/profile" \
        --print-to-pdf=page.pdf "file://$PWD/en.html" >/dev/null 2>&1
    pages=$(pdfinfo page.pdf | awk '/^Pages:/ {print $2}')
    ok "at most 8 printed pages ($pages)" test "$pages" -ge 1 -a "$pages" -le 8
    printed=$(pdftotext -layout page.pdf -)
    like "a table behind a plot is printed" "$printed" 'Token types +Tokens +Nats per token'
    like "and the parameters of a stage" "$(pdftotext page.pdf -)" '^eval_every$'
fi

# The same bytes in another folder, locale, zone and home, with other threads, from a store of its own.
mkdir -p other/folder/artifacts
cp tiny.yaml tiny.txt other/folder/
(cd other/folder && LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Tokyo HOME=/nonexistent \
    "$LMPIPE" run tiny.yaml --progress none --threads 1 >/dev/null 2>&1)
ok "the same page elsewhere" cmp -s en.html other/folder/artifacts/tiny/report.html
done_testing
