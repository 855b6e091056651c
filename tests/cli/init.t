#!/bin/bash
# init writes specs that run: on the starter text, on the user's file, on a folder.
. "$(dirname "$0")/lib.sh"

cd "$LM_WORK" || exit 1
lmpipe init mine
is "init DIR: exit 0" "$status" 0
is "prints the path of the spec" "$out" "mine/experiment.yaml"
lmpipe check mine/experiment.yaml
is "the spec is sound" "$status:$err" "0:"
lmpipe run mine/experiment.yaml -S steps=20 --progress none
is "and runs" "$status" 0
ok "a report was published" test -s mine/artifacts/starter/report.html
lmpipe init mine
is "nothing is overwritten: exit 2" "$status" 2

# shellcheck disable=SC2016
name=$'my "own" ${text} \\ 红楼.txt'
cp "$LM_TEST_DATA/tiny.txt" "$name"
lmpipe init --corpus "$name" own
is "init --corpus FILE" "$status" 0
lmpipe run own/experiment.yaml -S steps=20 --progress none
is "runs on the user's own text" "$status" 0
lmpipe model generate own/experiment.yaml:model -S steps=20 --prompt "A hacker" --tokens 8
is "the model can be prompted" "$status" 0
like "and continues the prompt" "$out" '^A hacker'
text=$out
lmpipe model generate own/experiment.yaml:model -S steps=20 --prompt "A hacker" --tokens 8 --threads 2
is "threads never change the text" "$out" "$text"
lmpipe model generate own/experiment.yaml:model -S steps=20 --prompt "A hacker" --tokens 8 --weights int8
is "model generate --weights int8" "$status" 0
like "which continues the prompt, too" "$out" '^A hacker'
lmpipe model generate own/experiment.yaml:model -S steps=20 --weights int9
is "an unknown kind of weights: exit 2" "$status" 2
lmpipe model info own/experiment.yaml:model.model -S steps=20
like "model info: its size" "$out" '^parameters +[0-9,]+$'

mkdir folder
split -n l/12 "$LM_TEST_DATA/tiny.txt" folder/part
for part in folder/part*; do mv "$part" "$part.txt"; done
lmpipe init there --corpus folder
lmpipe run there/experiment.yaml -S steps=20 --progress none
is "runs on a folder of texts" "$status" 0

lmpipe init other --corpus nothing.txt
is "no such corpus: exit 2" "$status" 2
: >empty.txt
lmpipe init other --corpus empty.txt
is "an empty corpus: exit 2" "$status" 2
ok "and nothing is left behind" not test -e other/experiment.yaml
done_testing
