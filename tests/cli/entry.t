#!/bin/bash
# What enters is known: damaged archives, other encodings, binary files and containers of texts are
# refused, each in one line that names the file and says what to do.
. "$(dirname "$0")/lib.sh"

fresh entry

spec() { # SOURCE [CLEAN]
    printf 'lmpipe: 1\nexperiment: entry\nstages:\n  corpus:\n    uses: download\n    with:\n      sources: [{name: src, %s}]\n' "$1" >e.yaml
    printf '  text: {uses: clean, in: {corpus: corpus}, with: {%s}}\n' \
        "${2-documents: line, dedup: false}" >>e.yaml
}

refused() { # DESCRIPTION FILE STAGE PATTERN
    spec "path: $2"
    lmpipe run e.yaml --progress none
    is "$1: exit 1" "$status" 1
    like "$1: in words" "$err" "^lmpipe: error: stage $3: source 'src'.*$4"
    is "$1: in one line" "$(grep -c 'error:' <<<"$err")" 1
}

passes() { # DESCRIPTION FILE
    spec "path: $2"
    lmpipe run e.yaml --progress none
    is "$1" "$status" 0
}

# --- damaged archives, made by the programs that people use -------------------------------
flip() { # FILE OFFSET: another byte there
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf '%b' "\\0$(printf %o $((byte ^ 32)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

cp tiny.txt second.txt
tar --sort=name -cf two.tar second.txt tiny.txt
for packer in gzip xz bzip2 zstd; do
    command -v $packer >/dev/null || continue
    $packer -c <tiny.txt >one.$packer
    $packer -c <two.tar >two.$packer
    size=$(stat -c %s one.$packer)
    cat one.$packer one.$packer >both.$packer
    passes "$packer: two members" both.$packer
    passes "$packer: a tar" two.$packer
    cp one.$packer bad.$packer
    flip bad.$packer $((size / 2))
    refused "$packer: a changed byte" bad.$packer corpus "bad.$packer: "
    cp both.$packer bad.$packer
    flip bad.$packer "$size"
    refused "$packer: a damaged second member" bad.$packer corpus "bad.$packer: "
    (cat one.$packer && echo garbage) >bad.$packer
    refused "$packer: garbage behind it" bad.$packer corpus "bad.$packer: "
    (cat two.$packer && echo garbage) >bad.$packer
    refused "$packer: garbage behind a tar" bad.$packer corpus "bad.$packer: "
    head -c $((size - 3)) one.$packer >bad.$packer
    refused "$packer: cut off" bad.$packer corpus "bad.$packer: "
    member=$((($(stat -c %s second.txt) + 511) / 512 * 512 + 512))
    head -c $member two.tar | $packer -c >bad.$packer
    refused "$packer: a tar cut between members" bad.$packer corpus "bad.$packer: .*cut off"
done
# The example of the fault: a byte that still inflates.
gzip -c tiny.txt >bad.gz
size=$(stat -c %s bad.gz)
flip bad.gz $((size - 6))
refused "gzip: a wrong checksum" bad.gz corpus 'bad.gz: is damaged .*incorrect data check'
cp two.tar bad.tar
flip bad.tar $((member + 5))
refused "tar: a damaged second header" bad.tar corpus 'after member "second.txt"'
(cat two.tar && head -c 10240 /dev/zero) >padded.tar
passes "tar: zeros behind it" padded.tar

# --- encodings ----------------------------------------------------------------------------
for name in UTF-16 UTF-16LE UTF-16BE UTF-32 UTF-32LE; do
    iconv -f UTF-8 -t $name tiny.txt >enc.txt
    passes "$name is converted" enc.txt
    "$LMPIPE" cat e.yaml text.text/train.jsonl >"$name.out" 2>&1
done
spec 'path: tiny.txt'
lmpipe run e.yaml --progress none
"$LMPIPE" cat e.yaml text.text/train.jsonl >plain.out
for name in UTF-16 UTF-16LE UTF-16BE UTF-32 UTF-32LE; do
    ok "$name gives the text" cmp -s "$name.out" plain.out
done
printf '第一回 甄士隐梦幻识通灵 贾雨村风尘怀闺秀。此开卷第一回也。作者自云：因曾历过一番梦幻之后\n' >zh.txt
printf '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n' >ja.txt
printf 'Все счастливые семьи похожи друг на друга, каждая несчастливая семья\n' >ru.txt
while read -r name file; do
    iconv -f UTF-8 -t "$name" "$file" >enc.txt
    refused "$name" enc.txt text ", data: .*line 1 .*iconv -f"
    like "$name: the name" "$err" "probably it is in ${name/GBK/GB18030}: set encoding: "
    cat enc.txt enc.txt enc.txt >encs.txt
    spec 'path: encs.txt' "split: {by: position, valid: 0.4, test: 0}, encoding: ${name,,}"
    lmpipe run e.yaml --progress none
    is "$name: read by its name" "$("$LMPIPE" cat e.yaml text.text/train.jsonl | grep -coFf "$file")" 1
done <<'END'
GBK zh.txt
Shift_JIS ja.txt
EUC-JP ja.txt
KOI8-R ru.txt
Windows-1251 ru.txt
END
iconv -f UTF-8 -t ISO-2022-JP ja.txt >enc.txt
refused "ISO-2022-JP" enc.txt text 'ISO-2022-JP.*iconv -f ISO-2022-JP'

# --- a share of bytes that are no UTF-8 -----------------------------------------------------
(for _ in 1 2 3; do cat tiny.txt; done && printf '\351') >little.txt
awk 'length > 20 { printf "%s caf\351\n", substr($0, 1, 40) }' tiny.txt >loud.txt
spec 'path: loud.txt'
lmpipe run e.yaml
is "2 % is let in" "$status" 0
like "loudly" "$err" "source 'src', data: [0-9.]+ % of its bytes are not UTF-8 and were replaced.*line 1"
like "in the headline" "$out" '^text .* % of bytes replaced'
like "and in the card" "$("$LMPIPE" cat e.yaml text.card)" '"replaced_share": 0\.0[1-9]'
spec 'path: loud.txt' 'documents: line, dedup: false, invalid: cp1252'
lmpipe run e.yaml
is "read as Windows-1252" "$status" 0
unlike "nothing is replaced" "$out$err" 'replaced'
spec 'path: little.txt'
lmpipe run e.yaml
unlike "one byte is no matter" "$out$err" 'replaced'

# --- no text --------------------------------------------------------------------------------
cp "$LMPIPE" program
refused "a program" program text 'ELF program'
printf 'PAR1\25\4\25' >p.parquet
refused "Parquet" p.parquet text 'Parquet.*by: jsonl'
(cat tiny.txt && printf '\0' && cat tiny.txt) >nul.txt
refused "a NUL" nul.txt text "a NUL at byte $(stat -c %s tiny.txt)"
mkdir folder
cp tiny.txt folder/
printf '\211PNG\r\n\032\n' >folder/picture.png
refused "a picture in a folder" folder text 'picture.png: is not text \(PNG image\).*include'
spec 'path: folder, include: ["*.txt"]'
lmpipe run e.yaml --progress none
is "include leaves it out" "$status" 0
printf '{"text": "one"}\n{"text": "two"}\n' >a.jsonl
refused "JSON lines" a.jsonl text 'JSON lines.*documents: {by: jsonl}'
printf '[{"text": "one"}]\n' >a.json
refused "a JSON array" a.json text 'JSON.*documents: {by: jsonl}'
printf 'id,text\n1,"a, b"\n2,c\n' >a.csv
refused "CSV" a.csv text 'CSV table.*{by: csv}'
printf 'id\ttext\n1\ta\n2\tc\n' >a.tsv
refused "TSV" a.tsv text 'TSV table.*{by: tsv}'
printf '<!doctype html>\n<p>Hello\n' >a.html
refused "HTML" a.html text 'HTML page.*{by: html}'
printf 'WARC/1.0\r\nWARC-Type: warcinfo\r\n\r\n' >a.warc
refused "WARC" a.warc text 'WARC archive.*{by: warc}'
done_testing
