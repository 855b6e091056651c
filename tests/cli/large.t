#!/bin/bash
# Experiments of tens of thousands of stages: accepted, and every verb that looks at them ends. What costs
# the square of their number does not: at 20,001 stages it takes longer than a test may.
. "$(dirname "$0")/lib.sh"

# A spec of COUNT stages in a SHAPE, in a folder of its own, which becomes the working folder.
large() { # SHAPE COUNT
    mkdir -p "$LM_WORK/$1/artifacts"
    cd "$LM_WORK/$1" || exit 1
    cp "$LM_TEST_DATA/tiny.txt" .
    awk -v shape="$1" -v count="$2" -v model="layers: 1, heads: 1, width: 8, context: 8" '
        function head() {
            print "  corpus: {uses: download, with: {sources: [{name: a, path: tiny.txt}]}}"
            print "  text: {uses: clean, in: {corpus: corpus}}"
            print "  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 260}}"
            print "  tokens: {uses: encode, in: {text: text, vocab: vocab}}"
        }
        function fan(many) {
            for (i = 0; i < many; i++)
                printf "  t%d: {uses: clean, in: {corpus: corpus}, with: {max_blank_lines: %d}, publish: {card: cards/%d.json}}\n", i, i, i
        }
        BEGIN {
            print "lmpipe: 1\nexperiment: large\nstages:"
            head()
            if (shape == "out")
                fan(count - 4)
            for (i = 0; shape == "chain" && i < count - 4; i++)
                printf "  m%d: {uses: train, in: {tokens: tokens%s}, with: {%ssteps: 1}}\n", i,
                    (i ? ", init: m" i - 1 : ""), (i ? "" : model ", ")
            if (shape == "in") {
                half = (count - 5) / 2
                fan(half)
                for (i = 0; i < half; i++) {
                    printf "  k%d: {uses: encode, in: {text: t%d, vocab: vocab}}\n", i, i
                    list = list (i ? ", " : "") "k" i
                }
                printf "  model: {uses: train, in: {tokens: tokens, extra_tokens: [%s]}, with: {%s, steps: 1}}\n", list, model
            }
        }' >spec.yaml
}

looked_at() { # SHAPE COUNT LAST
    large "$1" "$2"
    lmpipe check spec.yaml
    is "$1: $2 stages are accepted" "$status:$out:$err" "0:spec.yaml: ok, $2 stages:"
    lmpipe plan spec.yaml
    is "$1: plan has a line for each" "$status:$(grep -c '^run ' <<<"$out")" "0:$2"
    lmpipe why spec.yaml "$3"
    is "$1: why answers" "$status:$(head -1 <<<"$out")" "0:$3: run, no cached result"
    lmpipe config spec.yaml
    is "$1: config prints all" "$status:$(grep -c '^    uses: ' <<<"$out")" "0:$2"
    lmpipe graph spec.yaml --format dot
    is "$1: graph draws all" "$status:$(grep -c ' \[label=".*\\n' <<<"$out")" "0:$2"
}

many=20001
sanitized && many=2001 # which takes ten times as long
looked_at out $many t$((many - 5))
looked_at chain $((many / 2 + 1)) m$((many / 2 - 4))
looked_at in $many model

# 20,001 stages are planned in 15 KiB each: 300 MB of addresses are enough, stacks and libraries included.
if ! sanitized; then
    status=$(ulimit -v 300000 && "$LMPIPE" plan spec.yaml 2>plan.err >/dev/null && echo 0)
    is "in: plan needs little memory" "$status" 0
fi

# More stages at once than results wait to become durable together: all of the first end between two looks.
at_once() { # COUNT
    mkdir -p "$LM_WORK/at_once/artifacts" "$LM_WORK/at_once/in"
    cd "$LM_WORK/at_once" || exit 1
    printf 'lmpipe: 1\nexperiment: at_once\nstages:\n' >spec.yaml
    for ((i = 0; i < $1; i++)); do
        echo "the text of number $i" >"in/$i.txt"
        echo "  s$i: {uses: download, with: {sources: [{name: a, path: in/$i.txt}]}}" >>spec.yaml
    done
    LMPIPE_THREADS=$1 lmpipe run spec.yaml --progress none
    is "$1 stages at once end well" "$status:$(grep -c ' done ' <<<"$out"):$err" "0:$1:"
    LMPIPE_THREADS=$1 lmpipe run spec.yaml --progress none
    is "and have results" "$status:$(grep -c " hit " <<<"$out"):$err" "0:$1:"
}
at_once 300
if ! sanitized; then
    files=$(ulimit -S -n)
    ulimit -S -n 250 # fewer stages run at once
    rm -r artifacts/store
    at_once 300
    ulimit -S -n "$files"
fi
cd "$LM_WORK/in" || exit 1

# What an unknown name is told, when many are known.
sed -i 's/corpus: corpus}, with: {max_blank_lines: 77}/corpus: carpus}, with: {max_blank_lines: 77}/' spec.yaml
lmpipe check spec.yaml
is "a wrong reference among thousands of stages is one error" "$status:$(wc -l <<<"$err")" "2:1"
like "and has its place and the nearest name" "$err" "spec\.yaml:[0-9]+:[0-9]+: t77\.in\.corpus: unknown stage 'carpus'; did you mean 'corpus'\?$"

# Paths that collide are found among as many.
sed -i 's/carpus/corpus/; s|cards/991.json|cards/17.json/x|' spec.yaml
lmpipe check spec.yaml
is "a path below another's is one error" "$status:$(wc -l <<<"$err")" "2:1"
like "which names both" "$err" "t991\.publish\.card: 'cards/17\.json/x' collides with what t17 publishes \(line 25\)"
done_testing
