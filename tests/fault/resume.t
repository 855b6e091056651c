#!/bin/bash
# clean, bpe and encode killed at random moments, by -9 and by a signal that they answer: what is run
# again at last has the artifacts of an undisturbed run, and has not done again what was done.
#
#   resume.t [KILLS]   default: 1 kill of a cleaning of numbers; more (the campaign: 50): of all three,
#                      of 140 MB of the novels in LMPIPE_DATA. LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/../cli/lib.sh"

kills=${1:-1}
seed=${LM_FAULT_SEED:-$$}
RANDOM=$seed
cd "$LM_WORK" || exit 1
mkdir artifacts text

if [ "$kills" -gt 1 ]; then
    [ -d "${LMPIPE_DATA:-/nowhere}/english-novels" ] || skip_all "LMPIPE_DATA has no english-novels"
    for file in "$LMPIPE_DATA"/english-novels/*.txt "$LMPIPE_DATA"/british-fiction/*.txt; do
        cp "$file" "text/one-$(basename "$file")" # twice, so that each stage reads more than is done anew
        sed 's/ the / that /g' "$file" >"text/two-$(basename "$file")"
    done
    target=tokens
    artifacts=(text.text text.card text.removals vocab.vocab tokens.tokens tokens.card)
    near='dedup: {near: {threshold: 0.8}}, '
else
    seq 1 9000000 >text/numbers.txt # 71 MB: documents of a thousand lines
    target=text
    artifacts=(text.text text.card text.removals)
    near=
fi
cat >spec.yaml <<END
lmpipe: 1
experiment: resume
stages:
  corpus: {uses: download, with: {sources: [{name: text, path: text, license: public-domain}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: {by: separator, separator: "000\n"}, ${near}removals: true}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 2000}}
  tokens: {uses: encode, in: {text: text, vocab: vocab, sources: text.card}}
END

start_run() {
    exec "$LMPIPE" run spec.yaml "$target" --progress none >out.txt 2>err.txt </dev/null &
}

digests() {
    local artifact
    for artifact in "${artifacts[@]}"; do
        printf '%s %s\n' "$artifact" "$("$LMPIPE" cat spec.yaml "$artifact" 2>&1 | sha256sum | cut -c1-64)"
    done
}

milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

lmpipe run spec.yaml corpus --progress none
is "the corpus" "$status" 0
start=$(milliseconds)
lmpipe run spec.yaml "$target" --progress none
length=$(($(milliseconds) - start))
is "an undisturbed run" "$status" 0
want=$(digests)
chmod -R u+w artifacts/store/actions artifacts/store/objects
rm -rf artifacts/store/states

# What is undisturbed goes: all that has a result but the corpus.
forget() {
    grep -lE '^stage (clean|bpe|encode) ' -r artifacts/store/actions | xargs -r rm -f
    rm -rf artifacts/store/records artifacts/store/checkpoints artifacts/store/states
}

landed=0 resumed=0 misses=0
forget
for ((i = 0; i < kills; i++)); do
    signal=$((kills == 1 ? 15 : i % 3 == 0 ? 9 : i % 3 == 1 ? 15 : 2)) # one alone: that which always keeps what is done
    start_run
    runner=$!
    delay=$((length / 4 + RANDOM * (length + 1) / 2 / 32768))
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
    kill -$signal "$runner" 2>/dev/null
    status=0
    wait "$runner" 2>/dev/null || status=$?
    case $status in
    0) # it had ended before: another one, killed earlier
        forget
        length=$delay
        [ $((misses++)) -lt 10 ] && i=$((i - 1))
        ;;
    75 | 137 | 130 | 143) landed=$((landed + 1)) ;;
    *)
        report 1 "killed by $signal after $delay ms: exit $status"
        sed 's/^/# /' err.txt
        ;;
    esac
    if [ "$status" = 75 ]; then
        lmpipe plan spec.yaml
        grep -q '^resume@' <<<"$out" && resumed=$((resumed + 1))
    fi
done
ok "$landed of $kills kills landed in a run of $length ms (LM_FAULT_SEED=$seed)" [ "$((landed * 3))" -ge "$kills" ]
[ "$kills" -le 3 ] || ok "plan told $resumed times where it goes on" [ "$resumed" -gt 0 ]
lmpipe run spec.yaml "$target" --progress none
is "what is run at last completes" "$status" 0
[ "$status" = 0 ] || echo "# ${err//$'\n'/$'\n# '}"
is "with the artifacts of an undisturbed run" "$(digests)" "$want"
if [ "$kills" = 1 ] && [ "$landed" = 1 ]; then
    log=$(cat artifacts/store/runs/*/logs/text.log artifacts/store/runs/*/events.jsonl)
    like "and takes what was cleaned as it was kept" "$log" 'documents were cleaned before and taken as they were kept'
fi
# Another split cleans nothing.
if [ "$target" = text ]; then
    lmpipe plan spec.yaml -S text.split.salt=other
    like "another split is planned with what is kept" "$out" '^run text takes up the work on at most 7[0-9.]+ MB; '
    lmpipe run spec.yaml text -S text.split.salt=other --progress plain
    like "and cleans nothing" "$err" '(9000|9001) of (9000|9001) documents were cleaned before'
fi
done_testing
