#!/bin/bash
# model list, create, info, generate, score, export, import: models in, models out, one line for what is
# wrong.
. "$(dirname "$0")/lib.sh"

data=$LM_TEST_DATA/tokenizers
cd "$LM_WORK" || exit 1

weights() { # FOLDER: the digest of its weights
    "$LMPIPE" model info "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["sha256"])'
}

# A vocabulary with an end-of-text, in GPT-2's form.
mkdir source
python3 - "$data/pair/vocab.json" <<'END'
import json, sys
v = json.load(open(sys.argv[1]))
v["<|endoftext|>"] = len(v)
json.dump(v, open("source/vocab.json", "w"))
END
cp "$data/pair/merges.txt" source
"$LMPIPE" tokenizer import source -o v >/dev/null
printf 'abcd abcd, abcd: 123 123 abcd.\n%.0s' {1..20} >text

# ---- list ----

lmpipe model list
is "list: exit 0" "$status:$err" "0:"
like "GPT-2 small has the published number of parameters" "$out" '^gpt2-124m +12 +12 +768 +1024 +124,439,808  Radford'
like "and XL" "$out" '^gpt2-1558m +48 +25 +1600 +1024 +1,557,611,200 '
lmpipe model list --json
is "list --json" "$(python3 -c 'import json, sys; print({x["name"]: x["parameters"] for x in json.load(sys.stdin)}["gpt2-355m"])' <<<"$out")" 354823168

# ---- create ----

lmpipe model create gpt2-micro --vocab v --seed 3 -o m
is "create: prints the folder" "$status:$out:$err" "0:m:"
is "which has three files" "$(echo m/*)" "m/config.json m/model.safetensors m/vocab"
lmpipe model info m
like "of the preset's shape" "$out" '^shape +2 layers, 4 heads, width 64, context 64$'
like "as many rows as tokens" "$out" '^vocabulary +269 tokens'
lmpipe model create gpt2-micro --layers 3 --heads 2 --width 32 --context 16 --vocab v -o other
lmpipe model info other
like "options stand in for the preset's" "$out" '^shape +3 layers, 2 heads, width 32, context 16$'
lmpipe model create --layers 3 --heads 2 --width 32 --context 16 --vocab v -o same
ok "or make the whole shape, with equal bytes" cmp other/model.safetensors same/model.safetensors
lmpipe model create gpt2-micro --vocab v --seed 4 -o other
is "replaced by another seed's" "$status:$(weights m | grep -c "$(weights other)")" "0:0"
lmpipe model create gpt2-mikro --vocab v -o x
is "a preset that was meant: exit 2" "$status:$err" "2:lmpipe: error: no preset 'gpt2-mikro'; did you mean 'gpt2-micro'?"
lmpipe model create --layers 3 --vocab v -o x
is "half a shape: exit 2" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
lmpipe model create gpt2-micro --width 63 --vocab v -o x
is "a shape that is none: exit 2" "$status" 2
like "says which" "$err" 'heads: 4 does not divide'
lmpipe model create gpt2-micro -o x
is "without --vocab: exit 2" "$status" 2
lmpipe model create gpt2-micro --vocab v
is "without -o: exit 2" "$status" 2
lmpipe model create gpt2-micro --vocab nothing -o x
is "no such vocabulary: exit 2" "$status" 2
ok "nothing was made" not test -e x

lmpipe model create llama-nano --vocab v -o llama
is "an architecture that is not GPT-2's" "$status:$err" "0:"
lmpipe model export llama -o x
is "is not exported as such: exit 2" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
mkdir bare
cp llama/config.json llama/model.safetensors bare
is "without its vocabulary it is still known" "$(weights bare)" "$(weights llama)"
lmpipe model import bare --vocab v -o bare2
is "and takes one" "$status:$(weights bare2)" "0:$(weights llama)"
rm -r x

# ---- what is read, and what is printed ----

lmpipe model generate m --prompt 'ab cd' --tokens 8
want=$out
is "a prompt piped in" "$(printf 'ab cd' | "$LMPIPE" model generate m --tokens 8)" "$want"
is "without the newline at its end" "$(echo 'ab cd' | "$LMPIPE" model generate m --tokens 8)" "$want"
is "or from a file" "$("$LMPIPE" model generate m --tokens 8 < <(echo 'ab cd'))" "$want"
is "or by -" "$(echo 'ab cd' | "$LMPIPE" model generate m --prompt - --tokens 8)" "$want"
is "--prompt comes before it" "$(echo 'xyz' | "$LMPIPE" model generate m --prompt 'ab cd' --tokens 8)" "$want"
is "nothing is no prompt" "$("$LMPIPE" model generate m --tokens 8 </dev/null)" "$(: | "$LMPIPE" model generate m --tokens 8)"
is "LMPIPE_THREADS changes no text" "$(LMPIPE_THREADS=3 "$LMPIPE" model generate m --prompt 'ab cd' --tokens 8)" "$want"
LMPIPE_THREADS=none lmpipe model generate m --prompt ab
is "and is read: exit 2" "$status" 2
like "by its name" "$err" 'LMPIPE_THREADS'
is "score reads -" "$("$LMPIPE" model score m - <text)" "$("$LMPIPE" model score m <text)"

name=$'s\e[31m\u202eq'
lmpipe model create gpt2-micro --vocab v --seed 3 -o "$name"
is "create escapes what a terminal would obey" "$out" 's\x1b[31m\u202eq'
cp text "$name.txt"
for command in "info $name" "score $name $name.txt" "score $name $name.txt --per-token" "import $name -o $name" \
    "export $name -o $name.hf" "export $name --format gguf -o $name.hf"; do
    IFS=' ' read -r -a words <<<"$command"
    lmpipe model "${words[@]}"
    is "${words[0]} does, too" "$status:$(grep -c $'[\x1b]\|\u202e' <<<"$out")" "0:0"
done
lmpipe model info "$name" --json
is "in JSON, where it is the same name" "$(grep -c $'\u202e' <<<"$out"):$(python3 -c 'import json, sys; print(json.load(sys.stdin)["model"])' <<<"$out")" "0:$name"
printf 'a\u202eb\u2028\U000e0041\ufeffc' >hidden
lmpipe model score m hidden --json --per-token
ok "nor does a token in JSON" not grep -qP '[^\x00-\x7f]' <<<"$(tr -d '\357\277\275' <<<"$out")"

# ---- export, import: there and back ----

lmpipe model export m -o hf
is "export: prints the files" "$status:$(tr '\n' ' ' <<<"$out"):$err" "0:hf/config.json hf/model.safetensors hf/tokenizer.json :"
lmpipe model import hf -o back
is "import: prints the folder" "$status:$out:$err" "0:back:"
is "the same weights" "$(weights back)" "$(weights m)"
for file in config.json model.safetensors vocab; do
    ok "the same $file" cmp "m/$file" "back/$file"
done
lmpipe model export back -o hf2
ok "and out again: the same bytes" cmp hf/model.safetensors hf2/model.safetensors
lmpipe model import hf/model.safetensors -o back
is "a file with its folder beside it" "$status:$(weights back)" "0:$(weights m)"
for dtype in f16 bf16; do
    lmpipe model export m --dtype $dtype -o hf-$dtype
    lmpipe model import hf-$dtype -o $dtype
    lmpipe model export $dtype --dtype $dtype -o hf-$dtype-2
    ok "$dtype: rounded once, then exact" cmp hf-$dtype/model.safetensors hf-$dtype-2/model.safetensors
    is "$dtype: half the bytes" "$((100 * $(stat -c %s hf-$dtype/model.safetensors) / $(stat -c %s hf/model.safetensors)))" 50
done
lmpipe model info hf
like "info knows where it was made" "$out" '^form +safetensors$'
is "and its weights" "$(weights hf)" "$(weights m)"
rm hf2/tokenizer.json
lmpipe model info hf2
is "without a vocabulary info still tells" "$status" 0
like "that there is none" "$out" '^vocabulary +none that can be read, for 269 tokens$'
lmpipe model import hf2 -o x
is "import without one: exit 2, one line" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
lmpipe model import hf2 --vocab v -o x
is "import --vocab" "$status:$err:$(weights x)" "0::$(weights m)"
lmpipe model generate hf2 --prompt ab
is "generate without one: exit 2" "$status:$out" "2:"
"$LMPIPE" tokenizer import "$data/ranks.tiktoken" --pattern gpt2 -o ranks >/dev/null
lmpipe model create gpt2-micro --vocab ranks -o r
lmpipe model export r -o hfr
is "a vocabulary that tokenizer.json cannot say: exit 2" "$status:$out" "2:"
like "says what to do" "$err" '; export the weights alone with --no-vocab$'
lmpipe model export r --no-vocab -o hfr
is "--no-vocab" "$status:$(echo hfr/*)" "0:hfr/config.json hfr/model.safetensors"
lmpipe model import hfr --vocab ranks -o x
is "and in again" "$status:$(weights x)" "0:$(weights r)"
lmpipe model import hfr --vocab v -o x
is "a vocabulary of fewer tokens" "$status" 0
lmpipe model import hf2 --vocab ranks -o x
is "of more: exit 2" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"

lmpipe model export m --format gguf -o one
is "export gguf: one file" "$status:$out:$err:$(echo one/*)" "0:one/model.gguf::one/model.gguf"
lmpipe model info one/model.gguf
like "info knows it" "$out" '^form +gguf$'
lmpipe model import one/model.gguf -o x
is "gguf and back: the same weights" "$status:$err:$(weights x)" "0::$(weights m)"
ok "the same vocabulary" cmp m/vocab x/vocab
lmpipe model export m --format gguf --dtype bf16 --no-vocab -o one
lmpipe model import one/model.gguf -o x
is "gguf without a vocabulary: exit 2, one line" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
lmpipe model import one/model.gguf --vocab v -o x
is "with one" "$status:$err" "0:"
lmpipe model export x --format gguf --dtype bf16 --no-vocab -o two
ok "in 16 bits: rounded once, then exact" cmp one/model.gguf two/model.gguf
truncate -s -1 one/model.gguf
lmpipe model info one/model.gguf
is "cut short: exit 2, one line" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
lmpipe model info one/no.gguf
is "no such file: exit 2" "$status" 2

# ---- nothing is lost ----

lmpipe model import hf -o hf-f16
is "a folder with other files is not replaced: exit 2" "$status" 2
like "says with which" "$err" 'hf-f16 holds "tokenizer.json", which is no part of a model; choose another folder$'
lmpipe model import hf -o text
is "nor a file: exit 2" "$status:$(wc -l <text)" "2:20"
lmpipe model import hf -o .
is "nor where one stands: exit 2" "$status" 2
mkdir empty
lmpipe model import hf -o empty/
is "an empty folder is" "$status:$(weights empty)" "0:$(weights m)"
before=$(weights back)
cp -r hf damaged
truncate -s -4 damaged/model.safetensors
lmpipe model import damaged -o back
is "a failed import leaves the model that is there" "$status:$(weights back)" "2:$before"
is "and nothing else" "$(ls -d -- *.tmp.* 2>/dev/null)" ""

# ---- what is wrong ----

damage() { # DESCRIPTION STATUS PATTERN: in damaged/
    lmpipe model import damaged -o x
    is "$1: exit $2, one line" "$status:$out:$(wc -l <"$LM_WORK/.err")" "$2::1"
    like "$1: says so" "$err" "$3"
    cp hf/* damaged
}
damage "a file cut short" 2 'damaged/model\.safetensors: .*; the file is damaged'
printf x >>damaged/model.safetensors
damage "a byte too many" 2 '1 bytes follow the last tensor'
printf '\377' | dd of=damaged/model.safetensors bs=1 seek=7 conv=notrunc status=none
damage "an impossible length" 2 "header's length is impossible"
sed -i 's/gelu_new/relu/' damaged/config.json
damage "another architecture" 2 'damaged/config\.json: activation_function is not "gelu_new".*; only GPT-2'
sed -i 's/"n_layer": 2/"n_layer": 3/' damaged/config.json
damage "another shape" 2 'belongs to another config\.json'
sed -i 's/"n_layer": 2/"n_layer": 1/' damaged/config.json
damage "a smaller one" 2 'h\.1\.[a-z_0-9.]*" is none of GPT-2'
echo '{' >damaged/config.json
damage "half a configuration" 2 'config\.json'
rm damaged/config.json
damage "none" 2 'config\.json'
rm damaged/model.safetensors
damage "no weights" 2 'model\.safetensors'
mv damaged/tokenizer.json tokenizer.json
echo '{}' >damaged/tokenizer.json
damage "a tokenizer that is none" 2 'tokenizer\.json'
lmpipe model import nothing -o x
is "no such folder: exit 2" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
lmpipe model export m --format gguff -o x
is "a format that is none: exit 2" "$status" 2
lmpipe model export m --dtype f64 -o x
is "a dtype that is none: exit 2" "$status" 2

# ---- score, generate ----

lmpipe model score m text
is "score: exit 0" "$status:$err" "0:"
like "its bytes" "$out" '^bytes +620$'
like "bits a byte" "$out" '^bits per byte +[0-9.]+$'
one=$(grep '^bits' <<<"$out")
is "standard input gives the same" "$("$LMPIPE" model score m <text | grep '^bits')" "$one"
is "so does the export" "$("$LMPIPE" model score hf text | grep '^bits')" "$one"
is "and do two threads" "$("$LMPIPE" model score m text --threads 2 | grep '^bits')" "$one"
lmpipe model score m text --json --per-token
is "--json: sums agree, each token once" "$(python3 -c '
import json, math, sys
x = json.load(sys.stdin)
t = x["per_token"]
total = sum(i["nll"] for i in t)
print(len(t) == x["tokens"], abs(total - x["nll"]) < 1e-6, abs(x["bpb"] - total / math.log(2) / x["bytes"]) < 1e-9,
      abs(x["ppl"] - math.exp(total / len(t))) < 1e-6 * x["ppl"], all(0 <= i["rank"] < 269 for i in t),
      "".join(i["text"] for i in t) == open("text").read(), x["context"], x["stride"])' <<<"$out")" \
    "True True True True True True 64 32"
tokens=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"])' <<<"$out")
lmpipe model score m text --per-token
is "--per-token: a line each before the rest" "$(grep -cE '^[0-9]+ +[0-9.]+ +[0-9]+  "' <<<"$out")" "$tokens"
printf 'a\033]0;x\a' >hostile
lmpipe model score m hostile --per-token
unlike "what a terminal would obey is escaped" "$out" $'\033'
: >nothing
lmpipe model score m nothing
is "an empty text: exit 2, one line" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
lmpipe model score m no-such-file
is "no such text: exit 2" "$status" 2
"$LMPIPE" tokenizer import "$data/pairs.json" -o plain >/dev/null
lmpipe model create gpt2-micro --vocab plain -o p
printf 'abcd' >short
lmpipe model score p short
is "no end-of-text: a first token alone has nothing to predict it" "$status" 2
printf 'abcd1' >short
lmpipe model score p short
like "the first token is left out, with its bytes" "$out" '^bytes +1$'
a=$("$LMPIPE" model generate m --prompt ab --tokens 8 --seed 1)
is "generate: a checkpoint made elsewhere says the same" "$("$LMPIPE" model generate hf --prompt ab --tokens 8 --seed 1)" "$a"

# ---- a vocabulary padded to a round number of rows ----

cp "$LM_TEST_DATA/tiny.txt" .
sed 's/^experiment: tiny/experiment: padded/; /^  scores:/,$d' "$LM_TEST_DATA/tiny.yaml" >padded.yaml
"$LMPIPE" run padded.yaml --progress none >/dev/null
"$LMPIPE" model export padded.yaml:model -o padded-hf >/dev/null
cat >>padded.yaml <<'END'
  tuned:
    uses: train
    in: {tokens: tokens}
    with: {init: {path: padded}, batch: 4, steps: 30, warmup: 5, eval_every: 10}
  scores: {uses: evaluate, in: {model: tuned, tokens: tokens}}
  samples: {uses: sample, in: {model: tuned, tokens: tokens}, with: {max_tokens: 16}}
END
mkdir padded
python3 - <<'END'
import json, math, struct
data = open("padded-hf/model.safetensors", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header, body = json.loads(data[8:8 + size]), data[8 + size:]
rows, width = header["transformer.wte.weight"]["shape"]
more, out, tensors = 384 - rows, b"", {}
for name, entry in sorted(((n, e) for n, e in header.items() if n != "__metadata__"), key=lambda x: x[1]["data_offsets"]):
    begin, end = entry["data_offsets"]
    blob = body[begin:end]
    if name.endswith("wte.weight"):
        blob += struct.pack("<f", 0.5) * (more * width)
        entry["shape"][0] = 384
    entry["data_offsets"] = [len(out), len(out) + len(blob)]
    tensors[name] = entry
    out += blob
text = json.dumps(tensors).encode()
open("padded-hf/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + out)
config = json.load(open("padded-hf/config.json"))
config["vocab_size"] = 384
json.dump(config, open("padded-hf/config.json", "w"))
END
lmpipe model import padded-hf --vocab padded.yaml:vocab.vocab -o padded
is "import of one" "$status:$err" "0:"
lmpipe run padded.yaml --progress none
is "it is trained further, evaluated and sampled" "$status:$err" "0:"
is "as wide as it was" "$("$LMPIPE" model info padded.yaml:tuned --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["vocab"])')" 384
ok "and no sample holds a row that is no token" python3 -c '
import json, subprocess, sys
lines = [json.loads(x) for x in subprocess.run([sys.argv[1], "cat", "padded.yaml", "samples.samples"], stdout=subprocess.PIPE, check=True).stdout.splitlines()]
assert len(lines) > 4 and "384" not in [i for x in lines for i in x.get("ids", [])]
assert all(i < 320 for x in lines for i in x.get("ids", []))' "$LMPIPE"
is "generate with a padded row most likely" "$("$LMPIPE" model generate padded --prompt a --tokens 20 --temperature 0 | wc -l)" 1
done_testing
