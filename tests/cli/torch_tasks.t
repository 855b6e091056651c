#!/bin/bash
# 670 BLiMP pairs, 200 LAMBADA passages and five windows of a text scored once more by an independent implementation, from the published files to a
# loss (tests/oracle/tasks_torch.py, by PyTorch): every item's loss within 1e-3, the same predictions. What it gave is in
# tests/data/tasks, for a model whose bits are the same on every machine; where Debian's python3-torch is there it is
# computed again. The model brought in as others publish GPT-2 has the same items, byte for byte. Needs LMPIPE_DATA.
. "$(dirname "$0")/lib.sh"

upstream=${LMPIPE_DATA:-/nowhere}/eval/upstream
[ -d "$upstream" ] || skip_all "LMPIPE_DATA has no eval/upstream"

fresh torch
cp -r "$LM_SOURCE/experiments/tasks" "$LM_SOURCE/experiments/include" .
printf 'limit: {items: 10, per: group}\n' >>tasks/blimp.yaml
printf 'limit: 200\n' >>tasks/lambada.yaml
head -c 550 tiny.txt >windows.txt
printf 'lmpipe_task: 1\nname: windows\nkind: stream\ndata: {file: ../windows.txt, format: text}\ntarget: "{text}"\n' >tasks/windows.yaml
sed -i -e '/^  samples:/,$d' -e 's/context: 32/context: 128/' \
    -e 's/^lmpipe: 1/&\nnumerics: portable\ninclude: [include\/blimp.yaml, include\/lambada.yaml]/' \
    -e 's/in: {model: model, tokens: tokens}/in: {model: model, task_data: [blimp, lambada]}/' \
    -e 's/untrained_windows: 4}/untrained_windows: 4, tasks: [tasks\/blimp.yaml, tasks\/lambada.yaml, tasks\/windows.yaml]}/' tiny.yaml
lmpipe run tiny.yaml -S steps=60 --offline --progress none
is "a model is trained and evaluated" "$status:$err" "0:"

losses() { # KEY: of lines of JSON: id and that number
    sed -E "s/.*\"id\": ?\"([^\"]*)\".*\"$1\": ?([-0-9.e]+).*/\1 \2/"
}
declare -A expected=([blimp]=670 [lambada]=200 [windows]=1)
for name in blimp lambada windows; do
    lmpipe cat tiny.yaml "scores.items/$name.jsonl" -S steps=60
    printf '%s\n' "$out" >"$name.jsonl"
    is "$name: within 1e-3 of PyTorch's, item by item" "$(paste <(losses nll <"$name.jsonl") <(losses torch <"$LM_TEST_DATA/tasks/$name.torch.jsonl") |
        awk '{ off = $2 - $4; bad += $1 != $3 || off > 1e-3 || off < -1e-3 } END { print NR, bad + 0 }')" \
        "${expected[$name]} 0"
done

# A published checkpoint's form: model.safetensors, config.json, vocab.json, merges.txt.
lmpipe model export tiny.yaml:model -S steps=60 --no-vocab -o hf
lmpipe tokenizer export tiny.yaml:vocab --format gpt2 -o hf
is "exported" "$status:$err" "0:"
cat >published.yaml <<'END'
lmpipe: 1
experiment: published
numerics: portable
include: [include/blimp.yaml, include/lambada.yaml]
stages:
  gpt2: {uses: import, with: {path: hf}}
  scores:
    uses: evaluate
    in: {model: gpt2, task_data: [blimp, lambada]}
    with: {tasks: [tasks/blimp.yaml, tasks/lambada.yaml, tasks/windows.yaml]}
END
lmpipe run published.yaml --offline --progress none
is "the shipped tasks on a model of GPT-2's published form" "$status:$err" "0:"
for name in blimp lambada windows; do
    lmpipe cat published.yaml "scores.items/$name.jsonl"
    is "$name: the items of the model it was" "$(diff <(printf '%s\n' "$out") "$name.jsonl" | wc -l)" 0
done

python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
if ! "$python" -c 'import torch' 2>/dev/null; then
    echo "# python3-torch is not installed: PyTorch's numbers are those of tests/data/tasks"
    done_testing
fi
sources() { # PREFIX FILE…: NAME=FILE as the tasks name them
    local prefix=$1 file
    shift
    for file; do printf '%s%s=%s ' "$prefix" "$([ "$prefix" = lambada ] || basename "$file" .jsonl | tr '[:upper:]' '[:lower:]')" "$file"; done
}
again() { # NAME SOURCES [OPTION…]
    # shellcheck disable=SC2086 # sources are words
    said=$("$python" "$LM_SOURCE/tests/oracle/tasks_torch.py" hf "$1.jsonl" $2 "${@:3}")
}
pairs=$(sources blimp- "$upstream"/alexwarstadt/blimp/*/data/*.jsonl)
again blimp "$pairs"
is "blimp: $said" "$?" 0
again lambada "$(sources lambada "$upstream"/cybertronai/bflm/*/lambada_test.jsonl)" --cloze
is "lambada: $said" "$?" 0
again windows "=windows.txt" --stream
is "windows: $said" "$?:${said%%,*}" "0:5 windows"
sed -i 's/"nll":/"nll":1/' blimp.jsonl # the comparison can fail
again blimp "$pairs" --take 5
is "another loss is told apart: $said" "$?" 1
done_testing
