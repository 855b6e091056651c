#!/bin/bash
# A pinned local file that was edited since: its result is still a hit, and run, plan and check say so.
. "$(dirname "$0")/lib.sh"

fresh pins
sum() {
    sha256sum <"$1" | cut -c1-64
}
pinned_source() { # SOURCE…: a spec of one stage; the pins stand at known columns
    printf 'lmpipe: 1\nexperiment: pins\nstages:\n  c: {uses: download, with: {sources: [{name: a,\n%s\n}]}}\n' "$1" >p.yaml
}
# Each command says PATTERN in one line that begins with PLACE, and ends as if nothing were said.
warned() { # WHAT PLACE PATTERN
    for command in "run p.yaml --progress none" "run p.yaml -n" "plan p.yaml --check" "check p.yaml"; do
        # shellcheck disable=SC2086 # words
        lmpipe $command
        is "$1: ${command%% p.yaml*} succeeds" "$status" 0
        like "and warns" "$err" "^lmpipe: warning: p\.yaml:$2: $3"
        is "in one line" "$(wc -l <<<"$err")" 1
    done
    is "and executes nothing" "$(executed)" ""
}
quiet() { # WHAT
    for command in "run p.yaml --progress none" "plan p.yaml" "check p.yaml"; do
        # shellcheck disable=SC2086 # words
        lmpipe $command
        is "$1: ${command%% *} says nothing" "$status:$err" "0:"
    done
}

# --- sha256 of a file: at first it is right --------------------------------------------------
echo one >in.txt
pin=$(sum in.txt)
pinned_source "path: in.txt,
sha256: $pin"
lmpipe run p.yaml --progress none
is "a right pin runs" "$status:$(executed)" "0:c"
quiet "a right pin"
echo two >in.txt
now=$(sum in.txt)
warned "an edited file" 6:9 "c\.sources\.0\.sha256: 'in\.txt' has another sha256 by now, $now; a stored result hides this; restore the file or correct sha256$"
lmpipe plan p.yaml --json
is "as JSON it is no part of the output" "$(head -c 1 <<<"$out")" "["
rm in.txt
quiet "a removed file"
mkdir in.txt
echo one >in.txt/a
warned "a folder in its place" 6:9 "c\.sources\.0\.sha256: .*has another sha256"
rm -r in.txt
mkfifo in.txt
quiet "a pipe in its place"
rm in.txt
echo one >in.txt
quiet "a restored file"
touch -d '2001-01-01' in.txt
quiet "a touched file"

# --- the pin was changed: a miss, which fails ------------------------------------------------
pinned_source "path: in.txt,
sha256: $now"
lmpipe run p.yaml --progress none
is "another pin is no hit" "$status" 1
lmpipe plan p.yaml
is "nothing hides that" "$(grep -c warning <<<"$err")" 0
lmpipe check p.yaml
like "check sees it before" "$err" 'p\.yaml:6:9: c\.sources\.0\.sha256: .*has another sha256 by now'

# --- size alone, and beside sha256; in capitals; through a variable ----------------------------
pinned_source "path: in.txt,
size: 4"
lmpipe run p.yaml --progress none
quiet "a right size"
pinned_source "path: in.txt,
size: 5"
warned "a wrong size" 6:7 "c\.sources\.0\.size: 'in\.txt' has 4 bytes by now, not 5; .*correct size$"
pinned_source "path: in.txt, sha256: ${pin^^},
size: 1K"
warned "a size beside a pin" 6:7 "c\.sources\.0\.size: .*has 4 bytes by now, not 1024"
pinned_source "path: in.txt, sha256: '\${pin}'"
printf 'vars:\n  pin: %s\n' "$pin" >>p.yaml
echo three >in.txt
warned "a pin in a variable" 8:8 "c\.sources\.0\.sha256: .*has another sha256"

# --- addresses and mirrors ---------------------------------------------------------------------
echo one >in.txt
cp in.txt 'mir ror.txt'
pinned_source "url: 'file://$PWD/in.txt', mirrors: ['https://127.0.0.1:1/x', 'file://localhost$PWD/mir%20ror.txt'],
sha256: $pin"
lmpipe run p.yaml --progress none
is "by file address" "$status" 0
quiet "a file address"
echo two >'mir ror.txt'
warned "an edited mirror" 6:9 "c\.sources\.0\.sha256: 'mir ror\.txt' has another sha256"
echo one >'mir ror.txt'
echo two >in.txt
warned "an edited file behind an address" 6:9 "c\.sources\.0\.sha256: 'in\.txt' has another sha256"

mkdir -p s3cret
echo one >s3cret/in.txt
export LM_WHERE=$PWD/s3cret
pinned_source "path: '\${env.LM_WHERE}/in.txt',
sha256: $pin"
lmpipe run p.yaml --progress none
echo two >s3cret/in.txt
warned "a path by reference" 6:9 "c\.sources\.0\.sha256: '\\$\{env\.LM_WHERE\}/in\.txt' has another sha256"
unset LM_WHERE

# --- a folder ------------------------------------------------------------------------------------
mkdir -p docs/b
echo one >docs/a.txt
echo two >docs/b/c.txt
tree=$(cd docs && sha256sum a.txt b/c.txt | sha256sum | cut -c1-64)
pinned_source "path: docs, size: 8,
sha256: $tree"
lmpipe run p.yaml --progress none
is "a pinned folder" "$status" 0
quiet "a pinned folder"
echo two >docs/a.txt
warned "an edited folder" 6:9 "c\.sources\.0\.sha256: 'docs' has another sha256"

# --- a tokenizer's import; of a model's init the content is in the key (objectives.t) ----------
fresh import
cp "$LM_TEST_DATA/tokenizers/pairs.json" t.json
cat >p.yaml <<END
lmpipe: 1
experiment: import
stages:
  v:
    uses: bpe
    with:
      import: {path: t.json, sha256: $(sum t.json)}
END
lmpipe run p.yaml --progress none
is "a pinned import" "$status" 0
quiet "a pinned import"
echo >>t.json
warned "an edited import" 7:38 "v\.import\.sha256: 't\.json' has another sha256 by now"
rm t.json
quiet "a removed import"

done_testing
