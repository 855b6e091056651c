#!/bin/bash
# Which stages run: names, --only, --from, --until, --force, --dry-run.
. "$(dirname "$0")/lib.sh"

fresh select
lmpipe run tiny.yaml --dry-run
is "--dry-run succeeds" "$status" 0
is "and prints the plan" "$(wc -l <<<"$out") $(head -n 1 <<<"$out" | cut -d' ' -f1-2)" "8 run corpus"
lmpipe plan tiny.yaml
is "it executed nothing" "$(grep -c '^hit' <<<"$out")" 0

lmpipe run tiny.yaml --until vocab --progress none
is "--until: it and all upstream" "$(executed)" "corpus text vocab"
lmpipe run tiny.yaml tokens --progress none
is "a named stage takes what it needs" "$(executed)" "tokens"
lmpipe run tiny.yaml --only report --progress none
ok "--only without what is upstream cannot run" test "$status" != 0
unlike "and executes nothing else" "$(executed)" "model"
lmpipe run tiny.yaml --progress none
is "the rest" "$(executed)" "model scores samples report"
lmpipe run tiny.yaml --force vocab --progress none
is "--force runs it; equal output stops the wave" "$(executed)" "vocab"
lmpipe run tiny.yaml -f samples -f scores --progress none
is "--force may be repeated" "$(executed)" "scores samples"
lmpipe plan tiny.yaml --from model
is "--from: it and all that depends on it" "$(awk '{print $2}' <<<"$out" | tr '\n' ' ')" "model scores samples report "
lmpipe plan tiny.yaml --only text
is "--only: one line" "$(awk '{print $2}' <<<"$out")" "text"
lmpipe run tiny.yaml --only --progress none
is "--only without a stage: exit 2" "$status" 2
lmpipe run tiny.yaml modle
is "an unknown stage: exit 2" "$status" 2
like "did you mean" "$err" "no stage 'modle'; did you mean 'model'"
lmpipe run tiny.yaml --until modle
is "also in an option" "$status" 2
done_testing
