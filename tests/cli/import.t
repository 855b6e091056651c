#!/bin/bash
# A model made elsewhere as a stage: whichever way its files come, the bits are those of the model they
# were exported from; what does not belong together is refused.
. "$(dirname "$0")/lib.sh"

fresh import
lmpipe run tiny.yaml scores --progress none
is "a model" "$status" 0
"$LMPIPE" cat tiny.yaml scores.scores >wanted
"$LMPIPE" model export tiny.yaml:model --format safetensors -o hf >/dev/null
"$LMPIPE" model export tiny.yaml:model --format gguf -o gguf >/dev/null
gguf=$(ls gguf/*.gguf)
ok "exported" test -s hf/model.safetensors -a -s hf/tokenizer.json -a -s "$gguf"

# The model of tiny.yaml is replaced by one that comes in as LINE says; its scores must be the same.
spec() { # NAME LINES: the stages corpus, text, imported, tokens, scores
    sed "s/^experiment: .*/experiment: $1/; /^  vocab:/,/^  tokens:/d; /^  model:/,\$d" tiny.yaml >"$1.yaml"
    cat >>"$1.yaml" <<SPEC
  tokens: {uses: encode, in: {text: text, vocab: imported.vocab}}
$2
  scores:
    uses: evaluate
    in: {model: imported.model, tokens: tokens}
    with: {resamples: 100, untrained_windows: 4}
SPEC
    # what is left of the stage that was cut
    sed -i '/^    uses: encode$/d; /^    in: {text: text, vocab: vocab}$/d' "$1.yaml"
}

same() { # NAME LINES
    spec "$1" "$2"
    lmpipe run "$1.yaml" scores --progress none
    is "$1: runs" "$status:$(head -n 1 <<<"$err")" "0:"
    "$LMPIPE" cat "$1.yaml" scores.scores >got
    ok "$1: the scores of the model it was" cmp wanted got
}

same folder "  imported: {uses: import, with: {path: hf}}"
same weights "  imported: {uses: import, with: {path: hf/model.safetensors, vocab: {path: hf/tokenizer.json}}}"
same gguf "  imported: {uses: import, with: {path: $gguf}}"
same sources "  files:
    uses: download
    with:
      sources:
        - {name: weights-of-it, path: hf/model.safetensors}
        - {name: its_config, path: hf/config.json}
        - {name: words, path: hf/tokenizer.json}
  imported: {uses: import, in: {corpus: files}}"
same one "  files: {uses: download, with: {sources: [{name: model, path: $gguf}]}}
  imported: {uses: import, in: {corpus: files}}"
tar -czf model.tar.gz -C hf .
same archive "  files: {uses: download, with: {sources: [{name: model, path: model.tar.gz}]}}
  imported: {uses: import, in: {corpus: files}}"
same gpt2_vocab "  imported: {uses: import, with: {path: hf/model.safetensors, vocab: {path: $gguf}}}"
lmpipe cat folder.yaml imported.model
cut -d' ' -f3 <<<"$out" >names
is "complete by itself" "$(paste -sd' ' names)" "config.json model.safetensors vocab"
lmpipe run folder.yaml --progress none
like "its headline" "$out" "imported +hit .* parameters"

# Content decides, not names: a moved folder is a hit, another config beside the weights is none.
cp -r hf elsewhere
sed -i 's/path: hf}/path: elsewhere}/' folder.yaml
lmpipe plan folder.yaml imported
like "a moved folder" "$out" "^hit +imported"
sed -i 's/"n_head": *2/"n_head": 1/; s/"n_head":2/"n_head":1/' hf/config.json
lmpipe plan weights.yaml imported
like "another config.json" "$out" "^run +imported"

# A model that is trained further.
spec tuned "  imported: {uses: import, with: {path: elsewhere}}
  model: {uses: train, in: {tokens: tokens, init: imported.model}, with: {steps: 2, batch: 2}}"
lmpipe run tuned.yaml model --progress none
is "as init" "$status" 0

refused() { # DESCRIPTION STATUS LINES PATTERN
    spec refused "$3"
    lmpipe run refused.yaml imported --progress none
    is "$1: exit $2" "$status" "$2"
    like "$1: says so" "$err" "$4"
}
refused "nothing named" 2 "  imported: {uses: import}" "imported.path: is missing"
refused "a file without its vocabulary" 2 "  imported: {uses: import, with: {path: hf/model.safetensors}}" "imported.vocab: is missing"
refused "a config of a folder" 2 "  imported: {uses: import, with: {path: hf, config: hf/config.json}}" "imported.config: is for a path that ends in .safetensors"
refused "a path that is not there" 2 "  imported: {uses: import, with: {path: nowhere}}" "nowhere"
mkdir bare
cp elsewhere/model.safetensors elsewhere/config.json bare
refused "no tokenizer" 1 "  imported: {uses: import, with: {path: bare}}" "tokenizer"
refused "two configs" 1 "  files: {uses: download, with: {sources: [{name: a, path: elsewhere/config.json}, {name: b, path: hf/config.json}]}}
  imported: {uses: import, in: {corpus: files}}" "two files are config.json"
refused "a text" 1 "  files: {uses: download, with: {sources: [{name: a, path: tiny.txt}]}}
  imported: {uses: import, in: {corpus: files}}" "source a is no part of a model"
head -c 5000 elsewhere/model.safetensors >bare/model.safetensors
cp elsewhere/tokenizer.json bare
refused "a file that is cut" 1 "  imported: {uses: import, with: {path: bare}}" "model.safetensors"
pin=$(sha256sum <"$gguf" | cut -d' ' -f1)
spec pinned "  imported: {uses: import, with: {path: $gguf, sha256: $pin}}"
lmpipe run pinned.yaml imported --progress none
is "a pin that holds" "$status" 0
printf x >>"$gguf"
refused "a pin that does not" 1 "  imported: {uses: import, with: {path: $gguf, sha256: ${pin/[0-8]/9}}}" "has sha256 [0-9a-f]+, not"
done_testing
