#!/bin/bash
# docs/corpora.md: each kind of file through the lines that the page gives for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/page.sh"

run_page "$LM_SOURCE/docs/corpora.md"

# The cards of all that the page made: what came in is what went and what is left, to the byte.
for spec in *.yaml; do
    [ "$spec" = base.yaml ] && continue
    rm -rf text && mkdir text
    for split in train valid test; do lmpipe cat "$spec" "text.text/$split.jsonl" >/dev/null && printf '%s' "$out" >"text/$split.jsonl"; done
    lmpipe cat "$spec" text.card && printf '%s' "$out" >card.json
    is "the card of $spec adds up" "$("$LM_SOURCE/tests/oracle/card_sums.py" card.json text)" ""
done
done_testing
