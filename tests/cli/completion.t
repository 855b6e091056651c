#!/bin/bash
# What may stand at the cursor, asked as the scripts ask, and typed into real shells; manual pages.
. "$(dirname "$0")/lib.sh"

fresh words
cat >sweep.yaml <<'SPEC'
lmpipe: 1
experiment: sweep
vars: {steps: 5, vocab: 300}
matrix: {lr: [0.001, 0.01], seed: [1, 2]}
stages:
  corpus: {uses: download, with: {sources: [{name: a, path: tiny.txt}]}}
  text: {uses: clean, in: {corpus: corpus}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: "${vocab}"}}
  tokens: {uses: encode, in: {text: text, vocab: vocab}}
  model: {uses: train, in: {tokens: tokens}, with: {preset: gpt2-nano, steps: "${steps}", lr: "${matrix.lr}"}, seed: "${matrix.seed}"}
SPEC
mkdir -p 'a folder'
cp sweep.yaml 'a folder/other.yaml'
printf 'stages: [\n' >broken.yaml

offered() { # WORDS…: candidates without their descriptions, on one line
    "$LMPIPE" __complete "$@" 2>&1 | cut -f1 | paste -sd' '
}

is "commands" "$(offered pl)" "plan"
is "families once" "$(offered mo)" "model"
is "their commands" "$(offered model in)" "info"
is "every command" "$("$LMPIPE" __complete '' | wc -l)" "$(($("$LMPIPE" --help | sed -n '/^commands:/,/^$/p' | awk 'NF > 1 {print $1}' | sort -u | wc -l) + 1))"
is "help takes commands, too" "$(offered help wh)" "why"
is "and families" "$(offered help cache '')" "$("$LMPIPE" help cache | awk '{print $3}' | paste -sd' ')"
is "nothing after it" "$(offered help cache du '')" ""
is "options" "$(offered run --un)" "--until"
is "of the command alone" "$(offered check --un)" ""
is "choices" "$(offered run sweep.yaml --progress '')" "auto plain json none"
is "choices behind a sign" "$(offered run sweep.yaml --progress=p)" "--progress=plain"
is "no options behind --" "$(offered run -- --un)" ":specs"
is "a spec" "$(offered run '')" ":specs"
is "a folder" "$(offered run --store '')" ":folders"
is "a file" "$(offered exp export last -o '')" ":files"
is "stages" "$(offered run sweep.yaml '')" "corpus text vocab tokens model"
is "also behind options with values" "$(offered run --store s -j 3 sweep.yaml -k t)" "text tokens"
is "and as the value of one" "$(offered run sweep.yaml --until m)" "model"
is "instances" "$(offered run sweep.yaml 'model@lr=0.01')" "model@lr=0.01,seed=1 model@lr=0.01,seed=2"
is "of what -S says" "$(offered run -S 'matrix.lr=[0.5]' sweep.yaml 'model@')" "model@lr=0.5,seed=1 model@lr=0.5,seed=2"
is "joined, too" "$(offered run -S'matrix.lr=[0.5]' '--set=matrix.seed=[7]' sweep.yaml 'model@')" "model@lr=0.5,seed=7"
is "variables, axes" "$(offered plan sweep.yaml -S s)" "steps="
is "axes" "$(offered plan sweep.yaml -S matrix.)" "matrix.lr= matrix.seed="
is "parameters, nested" "$(offered plan sweep.yaml -S text.split.v)" "text.split.valid="
is "no values" "$(offered plan sweep.yaml -S steps=)" ""
is "ports" "$(offered cat sweep.yaml text.)" "text.text text.card text.sources"
is "stage types" "$(offered stages en)" "encode"
is "of a broken spec nothing, and no word of it" "$(offered run broken.yaml '')" ""
is "of none, either" "$(offered run nowhere.yaml '')" ""
ok "no store is made by asking" not test -e artifacts/store
is "runs without a store" "$(offered exp show '')" "last :files"

cp "$LM_TEST_DATA/tiny.txt" . 2>/dev/null
lmpipe run sweep.yaml corpus --progress none
is "a run" "$status" 0
id=$("$LMPIPE" exp list --csv | sed -n '2s/,.*//p')
lmpipe exp tag main last
is "tags and runs" "$(offered exp show '')" "last main $id :files"
is "by their beginning" "$(offered exp diff last m)" "main :files"

# As users type it. A word is what the shell makes of it: blanks, quotes, '=' and '@'.
ln -s "$LMPIPE" lmpipe
PATH=$PWD:$PATH
common=$'lmpipe chec\tlmpipe check
lmpipe run sw\tlmpipe run sweep.yaml
lmpipe run sweep.yaml voc\tlmpipe run sweep.yaml vocab
lmpipe run sweep.yaml model@lr=0.001,seed=\tmodel@lr=0.001,seed=
lmpipe run sweep.yaml --unti\tlmpipe run sweep.yaml --until
lmpipe plan sweep.yaml -S matrix.l\tlmpipe plan sweep.yaml -S matrix.lr=
lmpipe exp sh\tlmpipe exp show
lmpipe cache \t?verify
lmpipe run a\\ fo\tlmpipe run a\\ folder/
lmpipe run sweep.yaml model@\t?0.01,seed=2'
for shell in bash zsh fish; do
    case $shell in
    bash) script=$LM_SOURCE/cli/completion/lmpipe.bash ;;
    zsh) script=$LM_SOURCE/cli/completion/_lmpipe ;;
    fish) script=$LM_SOURCE/cli/completion/lmpipe.fish ;;
    esac
    if ! command -v "$shell" >/dev/null || ! command -v python3 >/dev/null; then
        report 0 "$shell # SKIP it is not there"
        continue
    fi
    HOME=$LM_WORK python3 "$LM_SOURCE/tests/cli/type_in_shell.py" "$shell" "$script" "$PWD" <<<"$common" >"$shell.out" 2>"$shell.err"
    exec 3<"$shell.out"
    while IFS=$'\t' read -r typed _; do
        IFS= read -r verdict <&3 || verdict="no answer: $(tail -n 2 "$shell.err")"
        is "$shell: $typed" "$verdict" ok
    done <<<"$common"
    exec 3<&-
done

# Manual pages: one a command, read without a complaint.
pages=$(dirname "$LMPIPE")/man1
is "a page a command" "$(find "$pages" -name 'lmpipe-*.1' | wc -l)" "$("$LMPIPE" --help | sed -n '/^commands:/,/^$/p' | grep -c '^  ')"
if command -v mandoc >/dev/null; then
    is "mandoc has nothing to say but that they bear no date" "$(mandoc -T lint -W warning "$pages"/*.1 2>&1 | grep -v "missing date" | head -n 5)" ""
    is "nothing but an example is wider than a terminal of 80 columns" \
        "$(mandoc -T utf8 -O width=80 "$pages"/*.1 | sed 's/.\x08//g' | grep -E '^.{81}' | grep -v '^ *lmpipe model generate ')" ""
    page=$(mandoc -T utf8 -O width=100 "$pages/lmpipe-run.1" | sed 's/.\x08//g')
    like "options of run" "$page" "\-\-until STAGE"
    like "its example" "$page" "lmpipe run experiments/jargon.yaml"
    page=$(mandoc -T utf8 "$pages/lmpipe.1" | sed 's/.\x08//g')
    like "exit statuses" "$page" "^ +75 +interrupted"
else
    report 0 "mandoc # SKIP it is not there"
fi
done_testing
