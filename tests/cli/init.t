#!/bin/bash
# init writes specs that run: on the starter text, on whatever text there is. It says what it saw, and
# overwrites nothing.
. "$(dirname "$0")/lib.sh"

cd "$LM_WORK" || exit 1
lmpipe init mine
is "init DIR: exit 0" "$status" 0
is "prints the path of the spec" "$out" "mine/experiment.yaml"
is "results are ignored by git" "$(cat mine/.gitignore)" "artifacts/"
lmpipe check mine/experiment.yaml
is "the spec is sound" "$status:$err" "0:"
lmpipe run mine/experiment.yaml -S steps=4 --progress none
is "and runs" "$status" 0
ok "a report was published, by the name of the folder" test -s mine/artifacts/mine/report.html
before=$(cat mine/experiment.yaml mine/starter.txt mine/.gitignore | sha256sum)
lmpipe init mine
is "nothing is overwritten: exit 2" "$status:$(cat mine/experiment.yaml mine/starter.txt mine/.gitignore | sha256sum)" "2:$before"
lmpipe model generate mine/experiment.yaml:model -S steps=4 --prompt "A hacker" --tokens 8
is "the model can be prompted" "$status" 0
like "and continues the prompt" "$out" '^A hacker'
text=$out
lmpipe model generate mine/experiment.yaml:model -S steps=4 --prompt "A hacker" --tokens 8 --threads 2
is "threads never change the text" "$out" "$text"
lmpipe model generate mine/experiment.yaml:model -S steps=4 --prompt "A hacker" --tokens 8 --weights int8
is "model generate --weights int8" "$status" 0
like "which continues the prompt, too" "$out" '^A hacker'
lmpipe model generate mine/experiment.yaml:model -S steps=4 --weights int9
is "an unknown kind of weights: exit 2" "$status" 2
lmpipe model info mine/experiment.yaml:model.model -S steps=4
like "model info: its size" "$out" '^parameters +[0-9,]+$'

# The matrix that it proposes.
sed -i 's/^# matrix:/matrix:/; s/^#   lr: \[/  lr: [/; s/^      lr: .*/      lr: "${matrix.lr}"/' mine/experiment.yaml
lmpipe check mine/experiment.yaml
is "the matrix is sound" "$status:$err" "0:"
lmpipe plan mine/experiment.yaml
is "and makes three models" "$(grep -c ' model@lr=' <<<"$out")" 3

# Texts of many kinds: what is written reads them, down to tokens.
LM_TEST_DATA="$LM_TEST_DATA" python3 - <<'PY'
import csv, gzip, json, os
lines = [line for line in open(os.environ["LM_TEST_DATA"] + "/tiny.txt", encoding="utf-8").read().split("\n") if line.strip()]
def put(name, data):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    open(name, "wb").write(data if isinstance(data, bytes) else data.encode())
texts = [" ".join(lines[i:i + 3]) for i in range(len(lines) - 3)] * 2
put("jsonl/corpus.jsonl", "".join(json.dumps({"id": i, "meta": {"body": t + str(i)}, "title": t[:9]}) + "\n" for i, t in enumerate(texts)))
with open("table.csv", "w", newline="") as f:
    rows = csv.writer(f)
    rows.writerow(["n", "the text"])
    rows.writerows([i, t + str(i)] for i, t in enumerate(texts))
for i in range(30):
    body = "\n\n".join(texts[i:i + 4])
    put(f"pages/p{i}.html", f"<!DOCTYPE html><html><head><title>{i}</title></head><body><p>{body}</p></body></html>")
    put(f"notes/n{i}.md", f"# Note {i}\n\n{body}\n")
put("notes/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
put("packed/all.txt.gz", gzip.compress("\n".join(lines).encode()))
usual = [bytes([0xb0 + i // 94, 0xa1 + i % 94]).decode("gb2312") for i in range(900)]
han = "".join(usual[i * i * 31 % 907 % 900 if i % 3 else i * 7 % 900] + ("，" if i % 11 == 0 else "。\n" if i % 29 == 0 else "") for i in range(30000))
put("han/book.txt", han)
put("gb/book.txt", "".join(f"第{i}天，天气很好，我们去公园散步，看见了许多人在湖边说话。\n" for i in range(900)).encode("gb18030"))
put("several/a.txt", "\n".join(lines[:80]) * 9)
put("several/b b.txt", "\n".join(lines[80:]) * 9)
put("several/README.md", "# not a text\n")
PY
kind() { # DESCRIPTION FOLDER WANTED-LINE [OPTION...]
    local name=$1 folder=$2 wanted=$3
    shift 3
    lmpipe init "$folder" "$@"
    like "$name" "$(grep -vE "^(#  |$|  [a-z]+: +#|    (in|uses))" "$folder/experiment.yaml" 2>&1)" "$wanted"
    lmpipe run "$folder/experiment.yaml" --until tokens --progress none
    is "… down to tokens" "$status:$(grep -c error <<<"$err")" "0:0"
}
kind "JSON lines: the field with the text" jsonl '^      documents: \{by: jsonl, field: "meta\.body"\}'
kind "a table: the column, by a path that moves with it" table 'documents: \{by: csv, column: "the text"\}' --corpus table.csv
like "… relative" "$(cat table/experiment.yaml)" '^          path: "\.\./table\.csv"$'
kind "web pages" pages2 'documents: \{by: html\}' --corpus pages
kind "Markdown, beside a picture" notes2 'include: \["\*\.md"\]' --corpus notes
like "… each by its rules" "$(cat notes2/experiment.yaml)" 'documents: \{by: markdown\}'
kind "a packed one" packed 'init found 1 file, .* packed by gzip: '
kind "Chinese: a vocabulary for its characters" han '^  vocab: (1024|1536|2048)   # for .* of text of [0-9]+ distinct characters'
kind "in another encoding" gb '^      encoding: gb18030   # not UTF-8'
kind "several files: a source each" several '^        - name: b-b-txt$'
unlike "but not what people keep beside texts" "$(cat several/experiment.yaml)" 'README'
like "how long it takes stands there" "$(cat several/experiment.yaml)" '^  steps: [0-9]+   # about [0-9.]+ passes over the text, about .* here'

# shellcheck disable=SC2016
name=$'my "own" ${text} \\ 红楼.txt'
cp "$LM_TEST_DATA/tiny.txt" "$name"
lmpipe init --corpus "$name" own
is "a name of any kind" "$status" 0
lmpipe check own/experiment.yaml
is "is written so that it is found" "$status:$err" "0:"

lmpipe init other --corpus nothing.txt
is "no such corpus: exit 2" "$status" 2
: >empty.txt
lmpipe init other --corpus empty.txt
is "an empty corpus: exit 2" "$status" 2
lmpipe init other --corpus notes/picture.png
is "no text: exit 2" "$status" 2
lmpipe init several/sub --corpus several
is "a corpus that would hold its own results: exit 2" "$status" 2
ok "and nothing is left behind" not test -e other/experiment.yaml
done_testing
