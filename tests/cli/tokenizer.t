#!/bin/bash
# tokenizer info, encode, decode, import, export: files in, ids out, one line for what is wrong.
. "$(dirname "$0")/lib.sh"

data=$LM_TEST_DATA/tokenizers
cd "$LM_WORK" || exit 1

# Runs a verb on standard input: $status, $out and $err.
feed() { # TEXT ARGUMENT...
    local text=$1
    shift
    status=0
    printf '%s' "$text" | "$LMPIPE" tokenizer "$@" >.out 2>.err || status=$?
    out=$(tr -d '\0' <.out)
    err=$(cat .err)
}

# ---- import ----

lmpipe tokenizer import "$data/pairs.json" -o pairs.vocab
is "import: prints the file" "$status:$out:$err" "0:pairs.vocab:"
lmpipe tokenizer import "$data/ranks.tiktoken" -o ranks.vocab
is "ranks without a pattern: exit 2" "$status:$out" "2:"
like "and which there are" "$err" '^lmpipe: error: .*ranks\.tiktoken: .*; name the pattern it was made with: gpt2, cl100k or o200k$'
ok "nothing was written" not test -e ranks.vocab
lmpipe tokenizer import "$data/ranks.tiktoken" --pattern gpt2 -o ranks.vocab
is "with one" "$status:$err" "0:"
lmpipe tokenizer import "$data/pair" -o pair.vocab
is "a folder" "$status" 0
lmpipe tokenizer import "$data/pair/vocab.json" -o pair2.vocab
ok "one of its files: the same vocabulary" cmp pair.vocab pair2.vocab
digest=$(sha256sum "$data/pairs.json")
lmpipe tokenizer import "$data/pairs.json" --sha256 "${digest%% *}" -o pinned.vocab
ok "pinned: the same vocabulary" cmp pairs.vocab pinned.vocab
cp pairs.vocab kept.vocab
lmpipe tokenizer import "$data/pairs.json" --sha256 "${digest:1:63}0" -o pairs.vocab
is "pinned to another: exit 2" "$status" 2
lmpipe tokenizer import "$data/tiktoken.json" -o pairs.vocab
is "JSON of another kind: exit 2" "$status:$(wc -l <"$LM_WORK/.err")" "2:1"
ok "a failed import leaves the file that is there" cmp pairs.vocab kept.vocab
lmpipe tokenizer import nothing.json -o x.vocab
is "no such file: exit 2" "$status" 2
lmpipe tokenizer import "$data/pairs.json"
is "without -o: exit 2" "$status" 2
lmpipe tokenizer import "$data/pairs.json" -o no/such/folder/x
is "nowhere to write: exit 3" "$status:$(wc -l <"$LM_WORK/.err")" "3:1"
is "nothing else was left" "$(echo ./*)" "./kept.vocab ./pair.vocab ./pair2.vocab ./pairs.vocab ./pinned.vocab ./ranks.vocab"

# ---- info ----

lmpipe tokenizer info pairs.vocab
is "info: exit 0" "$status:$err" "0:"
like "its size" "$out" '^tokens +276$'
like "its way of merging" "$out" '^merging +pairs$'
like "a special token" "$out" '^specials +0 "<\|x\|>"$'
like "the longest" "$out" '^longest +[0-9]+ 4 bytes "abcd"$'
like "where text is cut" "$out" '^pattern +gpt2$'
like "by which Unicode" "$out" '^unicode +15\.0\.0$'
like "its pairs" "$out" '^merges +16$'
lmpipe tokenizer import "$data/single.json" -o single.vocab
lmpipe tokenizer info single.vocab
like "an expression of its own" "$out" '^regex +\(\?i:'
rm single.vocab
lmpipe tokenizer info ranks.vocab
like "who ends a text" "$out" '^specials +291 "<\|endoftext\|>", ends a text$'
lmpipe tokenizer info ranks.vocab --json
is "info --json" "$(python3 -c 'import json, sys; x = json.load(sys.stdin); print(x["merging"], x["ids_below"], x["end_of_text"], x["specials"][0]["text"])' <<<"$out")" \
    "ranks 292 291 <|endoftext|>"
lmpipe tokenizer info "$data/pairs.json"
is "not a vocabulary: exit 2" "$status:$out" "2:"
lmpipe tokenizer info nothing.vocab
is "no such vocabulary: exit 2" "$status" 2

# ---- encode ----

feed "abcd" encode pair.vocab
is "encode" "$status:$out:$err" "0:258:"
feed "" encode pair.vocab
is "nothing gives an empty line" "$status:$out" "0:"
feed "<|x|>a" encode pair.vocab
is "a special token's name is text" "$out" "27 91 87 91 29 64"
feed "<|x|>a" encode pair.vocab --specials
is "unless it is asked for" "$out" "266 64"
feed "abcd" encode pair.vocab --format u16
is "u16" "$(od -An -tx1 .out)" " 02 01"
feed "abcd" encode pair.vocab --format u32
is "u32" "$(od -An -tx1 .out)" " 02 01 00 00"
feed "abcd" encode pair.vocab --format u64
is "u64: exit 2" "$status" 2
feed "x" encode nothing.vocab
is "no such vocabulary: exit 2, one line" "$status:$(wc -l <.err)" "2:1"

# A vocabulary whose ids do not fit 16 bits.
python3 - "$data/pair/vocab.json" <<'EOF'
import json, sys
v = json.load(open(sys.argv[1]))
v["<y>"] = 65536
v["<\x1b[2J>"] = 65537
json.dump(v, open("vocab.json", "w"))
EOF
cp "$data/pair/merges.txt" .
lmpipe tokenizer import vocab.json -o large.vocab
is "ids with a gap" "$status:$err" "0:"
lmpipe tokenizer info large.vocab
like "info escapes what a terminal would obey" "$out" '65537 "<\\x1b\[2J>"$'
feed "a<y>" encode large.vocab --specials --format u16
is "an id above 65535 in u16: exit 2" "$status:$(tr -d '\0' <.out)" "2:"
like "says which and what to do" "$err" '65536, which 16 bits do not hold; use --format u32$'
feed "abcd" encode large.vocab --format u16
is "a text without it is fine" "$status" 0

# ---- decode ----

feed "258 64
266	" decode pair.vocab
is "decode: ids by any white space" "$status:$out" "0:abcda<|x|>"
for bad in 268 -1 1.5 x 99999999999999999999 "64,65"; do
    feed "64 $bad 64" decode pair.vocab
    is "decode $bad: exit 2, nothing on stdout, one line" "$status:$out:$(wc -l <.err)" "2::1"
done
like "says which" "$err" 'error: 64,65, at place 2 of standard input, is not a valid token id of this vocabulary, whose ids are below 268; '
feed "10 300 5" decode pair.vocab
like "the id, not only its place" "$err" 'error: 300, at place 2 of '
printf '\001\000\377\377' | "$LMPIPE" tokenizer decode pair.vocab --format u16 >/dev/null 2>.err
like "also of binary ids" "$(cat .err)" 'error: 65535, at place 2 of '
feed "abc" decode pair.vocab --format u16
is "half an id: exit 2" "$status:$(wc -l <.err)" "2:1"
feed "" decode pair.vocab --format u32
is "no ids: no text" "$status:$out" "0:"

# Every byte string comes back, by every format.
head -c 20000 /dev/urandom >bytes
cat "$LM_TEST_DATA/tiny.txt" >>bytes
for vocab in pairs pair ranks; do
    for format in text u16 u32; do
        "$LMPIPE" tokenizer encode $vocab.vocab --format $format <bytes | "$LMPIPE" tokenizer decode $vocab.vocab --format $format >back
        ok "$vocab, $format: every byte comes back" cmp bytes back
    done
done

# ---- export ----

for format in hf gpt2; do
    lmpipe tokenizer export pair.vocab --format $format -o "out/$format"
    is "export $format: exit 0" "$status:$err" "0:"
    while read -r file; do
        ok "$file is there" test -s "$file"
    done <<<"$out"
done
lmpipe tokenizer import out/gpt2 -o again.vocab
ok "gpt2 and back: the same vocabulary" cmp pair.vocab again.vocab
lmpipe tokenizer import out/hf/tokenizer.json -o again.vocab
ok "hf and back: the same vocabulary" cmp pair.vocab again.vocab
lmpipe tokenizer export ranks.vocab --format tiktoken -o out/tiktoken
is "export tiktoken" "$status:$out:$err" "0:out/tiktoken/vocab.tiktoken:"
ok "a rank file comes back as it was" cmp out/tiktoken/vocab.tiktoken "$data/ranks.tiktoken"
lmpipe tokenizer export pair.vocab --format tiktoken -o out/refused
is "what ranks cannot say: exit 2" "$status:$out" "2:"
like "why, and what to do" "$err" '; export as hf$'
lmpipe tokenizer export pair.vocab --format hf
is "without -o: exit 2" "$status" 2

# ---- of a spec ----

fresh tokenizer
mkdir tokenizers
cp "$data/ranks.tiktoken" tokenizers
cat >import.yaml <<'EOF'
lmpipe: 1
experiment: import
stages:
  vocab: {uses: bpe, with: {import: {path: tokenizers/ranks.tiktoken, pattern: gpt2}}}
EOF
lmpipe tokenizer info import.yaml:vocab
is "no result yet: exit 1" "$status" 1
lmpipe run import.yaml --progress none
is "bpe imports" "$status:$err" "0:"
feed "abcd" encode import.yaml:vocab
is "SPEC:STAGE" "$out" "258"
feed "abcd" encode import.yaml:vocab.vocab
is "SPEC:STAGE.PORT" "$out" "258"
feed "abcd" encode import.yaml:vacob
is "a stage that was meant" "$status" 2
lmpipe plan import.yaml
is "and is done" "$out" "hit vocab up to date"
sed -i 's/ 290$/ 291/' tokenizers/ranks.tiktoken
lmpipe plan import.yaml
like "another file is another key" "$out" '^run vocab '
done_testing
