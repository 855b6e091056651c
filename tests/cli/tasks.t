#!/bin/bash
# Tasks as data: the page's example as it stands there, every kind, what enters the key, what is refused and
# where it stands, downloads as data, the same numbers whatever the batch and the threads.
. "$(dirname "$0")/lib.sh"

fresh tasks
block() { # N: the Nth block of docs/tasks.md
    awk -v n="$1" '/^```/ { inside = !inside; k += inside; next } inside && k == n' "$LM_SOURCE/docs/tasks.md"
}
block 1 >capitals.yaml
block 2 >capitals.jsonl
is "the page's example has ten lines" "$(grep -vc '^#' capitals.yaml)" 9
sed -i '/^  samples:/,$d' tiny.yaml
number() { # METRIC: of the scores that were written last
    grep -oE "\"$1\": [-0-9.e]+" <<<"$scores" | sed 's/.*: //'
}
evaluate() { # TASKS [OPTION…]
    lmpipe run tiny.yaml -S "scores.tasks=$1" "${@:2}" --progress none
    run_status=$status run_err=$err run_out=$out
    lmpipe cat tiny.yaml scores.scores -S "scores.tasks=$1" "${@:2}"
    scores=$out
}

declared() { # TASKS [OPTION…]: every number of the scores is a metric that a gate may name
    {
        cat tiny.yaml
        echo gates:
        grep -oE '"[^"]+": -?[0-9]' <<<"$scores" | sed -E 's/^"(.*)": .*/  - {metric: scores.\1, min: -1e300}/'
    } >declared.yaml
    lmpipe check declared.yaml -S "scores.tasks=$1" "${@:2}"
    is "its $(grep -c 'min: -1e300' declared.yaml) metrics are declared" "$status:$err" "0:"
}

evaluate "[capitals.yaml]"
declared "[capitals.yaml]"
is "it runs" "$run_status:$run_err" "0:"
like "the table says what it came to" "$run_out" 'valid|test'
is "three items" "$(number capitals.items)" 3
is "chance" "$(number capitals.chance | cut -c1-6)" 0.3888
like "an interval" "$scores" '"capitals.acc.lo": '
like "by group" "$scores" '"capitals.America.acc": [01]'
like "by the other norm" "$scores" '"capitals.acc_byte": '
like "floors by counts" "$scores" '"capitals.floor.bigram": '
differs() { # TASK: its difference to the bigram is theirs from ours
    ok "$1: the difference to the bigram" python3 -c '
import sys
ours, theirs, difference = map(float, sys.argv[1:])
sys.exit(abs(ours - theirs - difference) > 1e-12)' "$(number "$1.acc")" "$(number "$1.floor.bigram")" "$(number "$1.bigram.diff")"
}
differs capitals
unlike "and has no interval from three items" "$scores" '"capitals.bigram.diff.lo"'
like "the most frequent answer" "$scores" '"capitals.floor.majority": 0.3'
like "its signature" "$scores" '"capitals.signature": "lmpipe-task 1; kind choice; '
lmpipe cat tiny.yaml scores.items/capitals.jsonl -S "scores.tasks=[capitals.yaml]"
items=$out
is "a line an item" "$(wc -l <<<"$items")" 3
like "the seven members" "$items" '^\{"id":"2","group":"America","score":[01],"nll":[0-9.]+,"bytes":5,"choice":[01],"tie":false,"answer":1,'
lmpipe cat tiny.yaml scores.items/tasks.json -S "scores.tasks=[capitals.yaml]"
like "what there is" "$out" '"metric": "acc"'

# over new groups: items once more say nothing new of them, but to the interval over items
rows() { # TIMES: 60 items in 20 groups
    for i in $(seq 60); do
        for _ in $(seq "$1"); do
            echo "{\"q\": \"the word\", \"g\": \"g$((i % 20))\", \"a\": [\" of $i\", \" $((i * 7 % 60)) the\"], \"n\": $((i * i % 3 % 2))}"
        done
    done >groups.jsonl
    evaluate "[groups.yaml]"
}
printf 'lmpipe_task: 1\nkind: choice\ndata: groups.jsonl\ncontext: "{q}"\nchoices: "{a}"\nanswer: "{n}"\ngroup: "{g}"\n' >groups.yaml
rows 1
declared "[groups.yaml]"
once=$scores
rows 3
ok "the intervals of a difference, over items and over groups" python3 -c '
import json, sys
once, thrice = ({k[len("groups.bigram."):]: v for k, v in json.loads(text).items() if k.startswith("groups.bigram.")} for text in sys.argv[1:])
clustered, items = [(row["diff.clustered.lo"], row["diff.clustered.hi"]) for row in (once, thrice)], [row["diff.hi"] - row["diff.lo"] for row in (once, thrice)]
print("#", once, thrice)
sys.exit(clustered[0] != clustered[1] or not clustered[0][0] < once["diff"] < clustered[0][1] or not 1.5 < items[0] / items[1] < 2)' "$once" "$scores"

# what enters the key
lmpipe plan tiny.yaml -S "scores.tasks=[capitals.yaml]"
like "again: a hit" "$out" '^hit +scores'
evaluate "[capitals.yaml]" -S scores.batch=3 --threads 1 -f scores
lmpipe cat tiny.yaml scores.items/capitals.jsonl -S "scores.tasks=[capitals.yaml]" -S scores.batch=3
is "the same items at another batch" "$out" "$items"
mkdir other && cp capitals.* other/
lmpipe plan tiny.yaml -S "scores.tasks=[other/capitals.yaml]"
like "another place is nothing new" "$out" '^hit +scores'
sed -i 's/Lyon/Nice/' other/capitals.jsonl
lmpipe plan tiny.yaml -S "scores.tasks=[other/capitals.yaml]"
like "other items are" "$out" '^run +scores'
lmpipe why tiny.yaml scores -S "scores.tasks=[other/capitals.yaml]"
like "and why says which file" "$out" 'tasks\.0\.data'
lmpipe plan tiny.yaml
unlike "no task: no line of one" "$out" 'error'

# all kinds
cat >cloze.yaml <<'Y'
lmpipe_task: 1
kind: cloze
data: {file: tiny.txt, format: lines}
context: "{text|without_last_word}"
target: " {text|last_word}"
limit: 40
Y
printf 'lmpipe_task: 1\nkind: stream\ndata: {file: tiny.txt, format: text}\ntarget: "{text}"\n' >stream.yaml
cat >generate.yaml <<'Y'
lmpipe_task: 1
kind: generate
data: {file: pairs.csv}
context: "{a} ="
references: ["{b}", "{a}"]
Y
cat >similarity.yaml <<'Y'
lmpipe_task: 1
kind: similarity
data: pairs.csv
choices: ["{a}", "{b}"]
answer: "{n}"
Y
{ echo a,b,n; for i in $(seq 30); do echo "\"word, $i\",other $((i * 7 % 10)),$((i % 5))"; done; } >pairs.csv
evaluate "[cloze.yaml, stream.yaml, generate.yaml, similarity.yaml]" -S scores.max_new_tokens=8 -S scores.contamination=true
is "all kinds run" "$run_status:$run_err" "0:"
declared "[cloze.yaml, stream.yaml, generate.yaml, similarity.yaml]"
is "cloze: a limit" "$(number cloze.items)" 40
like "a perplexity of targets" "$scores" '"cloze.ppl.hi": '
like "what the most frequent token would have right" "$scores" '"cloze.floor.unigram": 0[,.]'
differs cloze
is "stream: words and line ends" "$(number stream.words)" "$(awk '{ n += NF + 1 } END { print n }' tiny.txt)"
is "and bytes" "$(number stream.bytes)" "$(stat -c %s tiny.txt)"
like "word perplexity" "$scores" '"stream.word_ppl": '
like "BLEU" "$scores" '"generate.bleu": '
like "with an interval" "$scores" '"generate.chrf.hi": '
like "the context copied" "$scores" '"generate.floor.copy": '
like "Spearman" "$scores" '"similarity.spearman.lo": '
like "words in common" "$scores" '"similarity.floor.overlap": '

# contamination: the text is the one that training had, but for what was held out
is "a text that training had" "$(number stream.contamination)" 1
like "lines of it, most of them" "$(number cloze.contamination)" '^0\.[1-9]'
like "scores on both parts" "$scores" '"cloze.acc_clean.lo": .*'
like "and of what is touched" "$scores" '"cloze.acc_dirty.hi": '
unlike "not where there are no tokens to look for" "$scores" '"similarity.contamination"'
lmpipe check tiny.yaml -S scores.contamination=true
is "without tasks it is refused" "$status" 2

# the items of tasks are taken by whatever takes items
lmpipe exp export last -o all.json
like "exported item by item" "$(grep -oE '"(cloze|similarity|generate|stream)":[{]"id":' all.json | sort | tr -d '\n')" \
    '^"cloze":."id":"generate":."id":"similarity":."id":"stream":."id":$'
lmpipe exp compare all.json last --metric cloze.acc
like "compared" "$out" 'over 40 items, .*no difference'
sed 's/^experiment: .*/experiment: gated/' tiny.yaml >gated.yaml
printf 'baseline: {run: all.json}\ngates:\n  - {metric: scores.cloze.acc, worse_by_at_most: 0.01}\n' >>gated.yaml
lmpipe run gated.yaml -S "scores.tasks=[cloze.yaml, stream.yaml, generate.yaml, similarity.yaml]" -S scores.max_new_tokens=8 -S scores.contamination=true --progress none
is "a gate on a task" "$status:$(executed)" "0:"
like "paired by item" "$out" 'pass +scores.cloze.acc .*: every item has the number it had$'
lmpipe cat gated.yaml scores.items/stream.jsonl -S "scores.tasks=[cloze.yaml, stream.yaml, generate.yaml, similarity.yaml]" -S scores.max_new_tokens=8 -S scores.contamination=true
like "the seven members of a stream" "$out" '^[{]"id":"[^"]+","group":null,"score":[0-9.]+,"nll":[0-9.]+,"bytes":[0-9]+,"choice":null,"tie":null,'

# downloads
mkdir -p include && cat >include/pairs.yaml <<'Y'
stages:
  pairs:
    uses: download
    with: {sources: [{name: pairs-one, path: ../pairs.csv, license: made-up}, {name: pairs-two, path: ../capitals.jsonl, license: made-up}]}
Y
sed 's/^data: .*/data: {source: "pairs-o*", format: csv}/; s/^lmpipe_task.*/&\nname: taken/' similarity.yaml >taken.yaml
sed -e 's/^experiment: .*/experiment: down/; s/^lmpipe: 1/&\ninclude: [include\/pairs.yaml]/' -e 's/in: {model: model, tokens: tokens}/in: {model: model, task_data: pairs}/' tiny.yaml >down.yaml
lmpipe run down.yaml -S "scores.tasks=[taken.yaml]" --progress none --store artifacts/store
is "a source of a download, and no tokens" "$status:$err" "0:"
like "the headline is the task's" "$out" 'taken Spearman'
lmpipe cat down.yaml scores.scores -S "scores.tasks=[taken.yaml]"
like "the same numbers" "$(grep '"taken.spearman":' <<<"$out" | sed 's/taken/similarity/')" "$(grep '"similarity.spearman":' <<<"$scores")"
sed -i 's/pairs-o\*/pairs-0ne/' taken.yaml
lmpipe run down.yaml -S "scores.tasks=[taken.yaml]" --progress none
is "an unknown source: exit 1" "$status" 1
like "with the nearest name" "$err" "no source of task_data is called 'pairs-0ne'; did you mean 'pairs-one'\?"
lmpipe check tiny.yaml -S "scores.tasks=[taken.yaml]"
is "nothing connected: exit 2" "$status" 2
like "said where it stands" "$err" '^lmpipe: error: taken\.yaml:4:7: data: its source is one of the port task_data'

# what is refused, before anything runs
bad() { # DESCRIPTION SED-EXPRESSION WANTED
    sed "$2" capitals.yaml >bad.yaml
    lmpipe check tiny.yaml -S "scores.tasks=[bad.yaml]"
    is "$1: exit 2" "$status" 2
    like "$1: where and what" "$err" "$3"
}
bad "a field" 's/^context/contxt/' "^lmpipe: error: bad\.yaml:6:1: contxt: unknown field of a task; did you mean 'context'\?"
bad "a kind" 's/^kind: .*/kind: choose/' "bad\.yaml:3:7: kind: there is no 'choose'; did you mean 'choice'\?"
bad "items that are not there" 's/^data: .*/data: nothing.jsonl/' "bad\.yaml:4:7: scores\.tasks\.0\.data: 'nothing\.jsonl': No such file"
bad "an unset variable" 's/^data: .*/data: "${env.NOWHERE}\/x.jsonl"/' 'bad\.yaml:4:7: data: the environment variable NOWHERE is not set'
bad "no YAML" '1s/^/[/' '^lmpipe: error: bad\.yaml:'
lmpipe check tiny.yaml -S "scores.tasks=[none.yaml]"
like "a task file that is not there" "$err" "scores\.tasks\.0: 'none\.yaml': No such file"
lmpipe check tiny.yaml -S "scores.tasks=[capitals.yaml, other/capitals.yaml]"
like "two of one name" "$err" 'other/capitals\.yaml:1:1: name: another task of this stage is called capitals'
sed 's/{country}/{countri}/' capitals.yaml >bad.yaml
lmpipe run tiny.yaml -S "scores.tasks=[bad.yaml]" --progress none
is "a field of the items that is not there: exit 1" "$status" 1
like "with the items' line" "$err" "capitals\.jsonl:1: context: countri: there is no such field; did you mean 'country'\?"
printf 'gates:\n  - {metric: scores.capitals.acc, min: 0}\n' >>tiny.yaml
lmpipe run tiny.yaml -S "scores.tasks=[capitals.yaml]" --progress none
is "a gate on a task" "$status" 0
lmpipe check tiny.yaml -S "scores.tasks=[cloze.yaml]"
is "on one that is not evaluated: exit 2" "$status" 2

# what comes with lmpipe is sound
cp -r "$LM_SOURCE/experiments/tasks" "$LM_SOURCE/experiments/include" .
for task in tasks/*.yaml; do
    name=$(basename "$task" .yaml)
    [ -e "include/$name.yaml" ] || continue
    sed -e "s/^experiment: .*/experiment: shipped/; s/^lmpipe: 1/&\ninclude: [include\/$name.yaml]/" -e "s/in: {model: model, tokens: tokens}/in: {model: model, task_data: [$name]}/" \
        -e '/^gates:/,$d' tiny.yaml >shipped.yaml
    LMPIPE_DATA='' lmpipe check shipped.yaml -S "scores.tasks=[$task]"
    is "$task is sound" "$status:$err" "0:"
done
if [ -n "${LMPIPE_DATA:-}" ] && [ -d "$LMPIPE_DATA/eval/upstream" ]; then
    sed -e "s/^experiment: .*/experiment: shipped/; s/^lmpipe: 1/&\ninclude: [include\/blimp.yaml, include\/lambada.yaml, include\/arithmetic.yaml, include\/sst2.yaml]/" \
        -e "s/in: {model: model, tokens: tokens}/in: {model: model, task_data: [blimp, lambada, arithmetic, sst2]}/" -e '/^gates:/,$d' tiny.yaml >shipped.yaml
    for name in blimp lambada arithmetic sst2 sick multi30k zh_cloze; do
        sed -i '/^limit:/d' tasks/$name.yaml
        printf 'limit: 60\n' >>tasks/$name.yaml
    done
    lmpipe run shipped.yaml -S "scores.tasks=[tasks/blimp.yaml, tasks/lambada.yaml, tasks/arithmetic.yaml, tasks/sst2.yaml, tasks/sick.yaml, tasks/multi30k.yaml, tasks/zh_cloze.yaml]" \
        -S scores.max_new_tokens=4 --offline --progress none
    is "the shipped tasks run on their upstream files" "$status:$err" "0:"
    lmpipe cat shipped.yaml scores.scores -S "scores.tasks=[tasks/blimp.yaml, tasks/lambada.yaml, tasks/arithmetic.yaml, tasks/sst2.yaml, tasks/sick.yaml, tasks/multi30k.yaml, tasks/zh_cloze.yaml]" -S scores.max_new_tokens=4
    is "sixty items each" "$(grep -c '\.items": 60,' <<<"$out")" 7
else
    echo "# LMPIPE_DATA has no eval/upstream: the shipped tasks are checked, not run"
fi
done_testing
