#!/bin/bash
# Exit statuses: what is named and missing, or of another kind, is 2; what cannot be written, or a store
# that cannot be used, is 3; a result that is not there yet is 1 (docs/command-line.md).
. "$(dirname "$0")/lib.sh"

fresh exits
lmpipe init new
mkdir folder
: >empty
head -c 3000 /bin/sh >binary
lmpipe model create gpt2-nano --vocab missing -o m
is "model create --vocab of nothing" "$status:$out" "2:"
printf 'lmpipe: 1\nexperiment: v\nstages:\n  corpus: {uses: download, with: {sources: [{name: a, path: tiny.txt}]}}\n  text: {uses: clean, in: {corpus: corpus}, with: {documents: line}}\n  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 300}}\n' >v.yaml

while read -r wanted command; do
    # shellcheck disable=SC2086 # words
    lmpipe $command
    is "$command: exit $wanted" "$status" "$wanted"
    like "$command: an error line that ends with what to do" "$err" '^lmpipe: error: .'
    is "$command: nothing on stdout" "$out" ""
done <<'END'
2 run missing.yaml
2 run folder
2 run empty
2 run binary
2 plan missing.yaml
2 why missing.yaml x
2 check folder
2 config binary
2 graph missing.yaml
2 log missing.yaml x
2 cat missing.yaml x.y
2 publish missing.yaml
2 run tiny.yaml nostage
2 why tiny.yaml nostage
2 cat tiny.yaml text
2 cat tiny.yaml text.nothing
1 cat tiny.yaml text.text
1 log tiny.yaml text
2 init new --corpus tiny.txt
2 init other --corpus missing
2 init other --corpus empty
2 stages nothing
2 model info missing
2 model info folder
2 model info binary
2 model info tiny.txt
2 model info missing.gguf
2 model info folder/missing.safetensors
2 model generate missing
2 model score missing
2 model score folder tiny.txt
2 model export folder -o out
2 model import folder -o out
2 model import missing.gguf -o out
2 model import folder
2 model create nothing --vocab missing -o out
2 tokenizer info missing
2 tokenizer info folder
2 tokenizer info binary
2 tokenizer encode missing
2 tokenizer decode folder
2 tokenizer import missing -o out
2 tokenizer import folder -o out
2 tokenizer import binary -o out
2 tokenizer export binary -o out
1 tokenizer info v.yaml:vocab
2 tokenizer info missing.yaml:vocab
2 tokenizer info v.yaml:nothing
3 cache du --store missing
3 exp list --store missing
3 exp show last --store missing
3 cache du --store tiny.txt
3 cache clear --yes --store missing
2 cache clear
3 cache gc --store missing
3 cache ls --store missing
3 run tiny.yaml --store tiny.txt
3 plan tiny.yaml --store /dev/null/x
END

lmpipe run v.yaml --progress none
is "a vocabulary" "$status" 0
lmpipe tokenizer export v.yaml:vocab -o hf
is "its export" "$status" 0
"$LMPIPE" cat v.yaml vocab.vocab >vocab
lmpipe model create --vocab vocab --context 16 --layers 1 --heads 1 --width 8 -o model
is "a model" "$status" 0
while read -r wanted command; do
    # shellcheck disable=SC2086 # words
    lmpipe $command
    is "$command: exit $wanted" "$status" "$wanted"
    like "$command: an error line" "$err" '^lmpipe: error: .'
done <<'END'
2 model score model missing
2 model score model folder
2 model score model/config.json tiny.txt
2 model import model/model.safetensors --vocab missing -o out
3 tokenizer import hf/tokenizer.json -o missing/vocab
3 tokenizer import hf/tokenizer.json -o /dev/null/vocab
3 tokenizer export vocab -o /dev/null/out
3 model export model -o /dev/null/out
3 model create gpt2-nano --vocab vocab -o /dev/null/out
END
truncate -s -100 model/model.safetensors
lmpipe model info model
is "a damaged model is a wrong input" "$status" 2

# The options may stand anywhere, and help is one page however it is asked for.
lmpipe run --help
page=$out
lmpipe help run
is "help COMMAND is COMMAND --help" "$status:$out" "0:$page"
lmpipe help model score
like "of two words" "$status:$out" '^0:usage: lmpipe model score'
lmpipe help model
is "a family" "$status" 0
like "lists its commands" "$out" 'model generate'
lmpipe help pln
is "what is none" "$status:$err" "2:lmpipe: error: unknown command 'pln'; did you mean 'plan'?"
lmpipe model score vocab --json folder
is "options between operands" "$status" 2
lmpipe plan v.yaml -S x=1 vocab --only
is "options after operands" "$status" 2
done_testing
