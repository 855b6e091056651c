#!/bin/bash
# Whatever is misspelt is answered with the nearest, and exit status 2.
. "$(dirname "$0")/lib.sh"

fresh misspelt
sed 's/^experiment.*/experiment: sweep/; s/^      lr: .*/      lr: "${matrix.lr}"/' tiny.yaml >sweep.yaml
printf 'matrix: {lr: [1.0e-3, 3.0e-3]}\n' >>sweep.yaml
lmpipe run tiny.yaml --until tokens --progress none
lmpipe exp tag trial last

# WHAT | COMMAND LINE | NEAREST
while IFS='|' read -r what line nearest; do
    # shellcheck disable=SC2086 # words
    lmpipe $line
    is "$what: exit 2, nothing on stdout" "$status:$out" "2:"
    like "… the nearest" "$(head -1 <<<"$err")" "did you mean '$nearest'\?"
done <<'ROWS'
a command|pln x|plan
a command's family member|exp lst|exp list
a cache verb|cache dl|cache du
a command asked for help of|help pln|plan
an option|run tiny.yaml --forse model|--force
a choice|run tiny.yaml --progress plane|plain
a stage|plan tiny.yaml modle|model
a stage, by log|log tiny.yaml modle|model
a stage, by why|why tiny.yaml modle|model
a stage, by --from|run tiny.yaml --from modle|model
a stage, by --until|run tiny.yaml --until modle|model
a stage, by --force|run tiny.yaml --force modle|model
a stage, by verify|verify tiny.yaml modle|model
a stage of a run|exp show last vocba|vocab
an instance|plan sweep.yaml model@lr=0.002|model@lr=0.001
an instance, by log|log sweep.yaml model@lr=0.0011|model@lr=0.001
a family with one stage wanted|log sweep.yaml model|model@lr=0.001
an axis of an instance|plan sweep.yaml model@lrr=0.001|model@lr=0.001
an axis alone|plan sweep.yaml @lrr=0.001|@lr=0.001
an axis of -S|plan sweep.yaml -S matrix.lrr=[1]|matrix.lr
a variable|plan tiny.yaml -S stpes=3|steps
a parameter|plan tiny.yaml -S model.stepz=3|steps
a parameter's stage|plan tiny.yaml -S modle.steps=3|model.steps
a nested parameter|plan tiny.yaml -S text.split.valld=0.1|valid
a preset|plan tiny.yaml -S model.preset=gpt2-micr|gpt2-micro
numerics|plan tiny.yaml -S model.numerics=portabel|portable
a port|cat tiny.yaml model.modle|model
a port, by model|model generate tiny.yaml:model.modle|model
a stage, by tokenizer|tokenizer info tiny.yaml:vocb|vocab
a run|exp show lats|last
a tag|exp diff last trail|trial
a run to remove|exp rm trail|trial
a spec|check tinny.yaml|tiny.yaml
a spec of a stage|model info tinny.yaml:model|tiny.yaml
a format of graphs|graph tiny.yaml --format dto|dot
a format of models|model export tiny.yaml:model --format ggfu -o z|gguf
a type of numbers|model export tiny.yaml:model --dtype bf61 -o z|bf16
a format of ids|tokenizer encode tiny.yaml:vocab --format u61|u16
a format of vocabularies|tokenizer export tiny.yaml:vocab --format hff -o z|hf
a pattern|tokenizer import tiny.txt --pattern gtp2 -o z|gpt2
weights|model generate tiny.yaml:model --weights int88|int8
a stage type|stages trian|train
ROWS
lmpipe cat tiny.yaml vocab.vocab/x
is "a name in one file: not there, exit 1" "$status:$out" "1:"
lmpipe cat tiny.yaml text.text/trian.jsonl
is "a file of a folder: not there, exit 1" "$status:$out" "1:"
like "… the nearest" "$err" "did you mean 'train\.jsonl'\?"
done_testing
