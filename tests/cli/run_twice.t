#!/bin/bash
# The main promise: run, and run again.
. "$(dirname "$0")/lib.sh"

fresh first
lmpipe run tiny.yaml
is "the first run succeeds" "$status" 0
is "and executes every stage" "$(executed)" "corpus text vocab tokens model scores samples report"
like "its table has a headline" "$out" '^model +done +[0-9.]+ s  .+'
like "the published report is named" "$out" '^artifacts/tiny/report\.html$'
ok "and there" test -s artifacts/tiny/report.html
unlike "progress is on stderr, not on stdout" "$out" 'running|eta'
like "stderr tells what happened" "$err" '^model: done'
unlike "no escape sequence without a terminal" "$out$err" $'\033'

lmpipe run tiny.yaml
is "the second run succeeds" "$status" 0
is "and executes nothing" "$(executed)" ""
is "every stage is a hit" "$(in_state hit)" "corpus text vocab tokens model scores samples report"
is "and nothing is said on stderr" "$err" ""

lmpipe plan tiny.yaml
is "plan: a line a stage, nothing else" "$(awk '{print $1, $2}' <<<"$out")" "hit corpus
hit text
hit vocab
hit tokens
hit model
hit scores
hit samples
hit report"
lmpipe plan tiny.yaml --check
is "plan --check: all is up to date" "$status" 0

# The same experiment elsewhere, in a store of its own, gives the same bytes.
before=$(artifact_digests tiny.yaml)
is "each output of each stage has a digest" "$(grep -cE '^[a-z]+\.[a-z]+ sha256:[0-9a-f]{64}$' <<<"$before"):$(wc -l <<<"$before")" 16:16
fresh second
lmpipe run tiny.yaml --threads 1 --progress none
is "another folder: success" "$status" 0
is "--progress none: nothing on stderr" "$err" ""
is "same artifacts, byte for byte" "$(artifact_digests tiny.yaml)" "$before"

# A store elsewhere is shared by --store and LMPIPE_STORE.
fresh third
lmpipe run tiny.yaml --store "$LM_WORK/first/artifacts/store"
is "--store: nothing is executed" "$(executed)" ""
ok "but the report is published here" test -s artifacts/tiny/report.html
LMPIPE_STORE=$LM_WORK/first/artifacts/store "$LMPIPE" plan tiny.yaml --check >/dev/null
is "LMPIPE_STORE is the store" $? 0
done_testing
