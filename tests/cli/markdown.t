#!/bin/bash
# What foreign text becomes where a site reads the report's Markdown: held against GitHub's own parser (cmark-gfm of Debian) and
# against what its filters look for in the text behind it. Labels, names, prompts, samples all pass through one function.
. "$(dirname "$0")/lib.sh"

if ! command -v cmark-gfm >/dev/null; then
    echo "1..0 # SKIP cmark-gfm is not installed"
    exit 0
fi

# shellcheck disable=SC2016 # as it is
evil='www.evil.example http://evil.example ftp://evil.example x@evil.example mailto:x@evil.example @user @org/team #1 GH-1 o/r#1
 o/r@0123456789abcdef0123456789abcdef01234567 deadbeef ![x](http://evil.example/x.png) [x](http://evil.example) <http://evil.example>
 <img src=x> <script>x</script> a|b ```c``` ~~d~~ - [ ] e ##[error]f ::error::g :smile: $h$ [^1] **i** _j_ <!-- k
===
> l
1. m'
evil=${evil//$'\n'/ }
rlo=$'\xe2\x80\xae'

fresh markdown
mkdir -p data
for i in $(seq 60); do
    label=$((i % 2))
    printf '{"id":"i%d","prompt":"%s item %d","choices":["%s","%s(evil.example) #1 @user"],"gold":%d}\n' \
        "$i" "$([ $label = 0 ] && echo good || echo bad)" "$i" "${evil//\"/}" "$rlo" "$label"
done >data/items.jsonl
cat >evil.yaml <<YAML
lmpipe: 1
experiment: evil
description: "$evil"
stages:
  items: {uses: download, with: {sources: [{name: items, path: data/items.jsonl, license: public-domain}]}}
  corpus: {uses: download, with: {sources: [{name: tiny, path: tiny.txt, license: public-domain}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: {by: unindented}, split: {by: hash, valid: 0.2, test: 0.1}}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 300, pattern: gpt2}}
  tokens: {uses: encode, in: {text: text, vocab: vocab}}
  model:
    uses: train
    in: {examples: items, vocab: vocab}
    with: {objective: classify, preset: gpt2-micro, context: 32, layers: 1, heads: 2, width: 16, batch: 4, steps: 4, eval_every: 2,
      warmup: 1, held_out: {valid: 0.2, test: 0.4}}
  lm: {uses: train, in: {tokens: tokens}, with: {preset: gpt2-micro, context: 32, layers: 1, heads: 2, width: 16, batch: 4, steps: 2, eval_every: 2,
      warmup: 1}}
  scores: {uses: evaluate, in: {model: model, examples: items}}
  samples: {uses: sample, in: {model: lm, tokens: tokens}, with: {prompts: ["$evil", "$rlo(evil.example)", "\\n\\n# x\\n::error::y\\n\\n@user"], max_tokens: 24}}
  report:
    uses: report
    in: {log: model.log, scores: scores.scores, items: scores.items, samples: samples}
    with: {title: "$evil"}
    publish: {html: report.html, md: report.md}
YAML
lmpipe run evil.yaml --progress none
is "a report of hostile text" "$status" 0
[ "$status" = 0 ] || printf '# %s\n' "$err"
md=artifacts/evil/report.md
page=$(cmark-gfm --unsafe -e autolink -e table -e strikethrough -e tasklist -e footnotes <$md 2>/dev/null ||
    cmark-gfm --unsafe -e autolink -e table -e strikethrough -e tasklist <$md)
# What filters see: text with entities decoded, outside <pre> and <code>.
text=$(python3 -c '
import html, re, sys
page = sys.stdin.read()
page = re.sub(r"<(pre|code)>.*?</\1>", "", page, flags=re.S)
print(html.unescape(re.sub(r"<[^>]*>", "", page)))' <<<"$page")

raw=$(cmark-gfm --unsafe -e autolink -e table -e strikethrough -e tasklist <<<"$evil")
like "as it is the text would make links" "$raw" '<a href="http://www\.evil\.example"'
like "and images" "$raw" '<img'
like "the labels are in it" "$text" 'evil'
unlike "no link" "$page" '<a[ >]'
unlike "no image" "$page" '<img'
unlike "no script" "$page" '<script'
unlike "no check box" "$page" '<input'
unlike "no struck-through text" "$page" '<del>'
is "one heading, the title" "$(grep -cE '<h[1-6]>' <<<"$page")" 1
unlike "no mention" "$text" '(^|[^0-9A-Za-z_`])@[A-Za-z0-9]'
unlike "no reference" "$text" '#[0-9]|[Gg][Hh]-[0-9]'
unlike "no address" "$text" '[Ww]{3}\.|[a-z]://|[A-Za-z0-9]@[A-Za-z0-9]'
unlike "no emoji" "$text" ':[a-z_]+:'
unlike "no mathematics" "$text" '\$[a-z]'
unlike "no commit" "$text" '(^|[^0-9A-Za-z])([0-9a-f]{7,40})([^0-9A-Za-z]|$)'
unlike "no command of CI in its lines" "$(cat $md)" '##\[|::[a-z]'
ok "all rows of a table have its cells" python3 - "$md" <<'PY'
import sys
rows = 0
for line in open(sys.argv[1], encoding="utf-8"):
    if not line.startswith("|"):
        rows = 0
        continue
    if rows and line.count("|") != rows:
        sys.exit("%d: %s" % (rows, line))
    rows = line.count("|")
PY
unlike "the page runs and loads nothing" "$(cat artifacts/evil/report.html)" '<script|<img|<a href="[^#]'
done_testing
