#!/bin/bash
# A sweep as users of sweeps want it: only what is missing runs, a grid is extended, a point that fails stops no other, seeds
# are one result, a killed sweep goes on, shards join, what is gone is gone.
. "$(dirname "$0")/lib.sh"

fresh matrix
sed -i -e 's/^vars:.*/vars: {vocab: 320, steps: 12}/' -e 's/lr: 3.0e-3$/lr: "${matrix.lr}"/' \
    -e 's/    uses: train/    uses: train\n    seed: "${matrix.seed}"/' -e 's/eval_every: 10/eval_every: 4/' tiny.yaml
sed -i '/^  samples:/,$d' tiny.yaml
cat >>tiny.yaml <<'EOF'
  samples:
    uses: sample
    in: {model: {best: model, by: scores.valid.bpb, mode: min, mean_over: [seed]}, tokens: tokens}
    with: {max_tokens: 8}
    publish: {samples: samples.jsonl}
  best:
    uses: report
    in: {log: {best: model.log, by: scores.valid.bpb, mode: min}, scores: {best: scores.scores, by: scores.valid.bpb, mode: min}}
    publish: {json: best.json}
matrix:
  lr: [3.0e-3, 1.0e-3]
  seed: [1, 2]
EOF
lmpipe check tiny.yaml
is "four models, four scores, two samples, one report" "$out" "tiny.yaml: ok, 15 stages"
lmpipe plan tiny.yaml
is "a line an instance" "$(grep -c . <<<"$out")" 15
like "named by values" "$out" '^run model@lr=0.001,seed=2 no cached result'
lmpipe run tiny.yaml --progress none -j 2 --until scores
is "the sweep" "$status" 0
lmpipe plan tiny.yaml
like "once metrics are known the choice is" "$(lmpipe why tiny.yaml samples@seed=2; echo "$out")" 'chose model@lr=0.003,seed=2: best model by scores.valid.bpb, [0-9.]+$'
lmpipe run tiny.yaml --progress none
is "the rest" "$status:$(executed)" "0:samples@seed=1 samples@seed=2 best"
ok "published by point" test -s artifacts/tiny/seed=2/samples.jsonl -a -s artifacts/tiny/best.json
for stage in model@seed=2,lr=0.001 model@lr=1.0e-3,seed=2 model@seed=2,lr=1e-3; do
    is "$stage: an instance, in any order and as it may be written" "$("$LMPIPE" cat tiny.yaml "$stage.log" | sha256sum)" \
        "$("$LMPIPE" cat tiny.yaml model@lr=0.001,seed=2.log | sha256sum)"
    lmpipe why tiny.yaml "$stage"
    is "and why knows it" "$status:$(cut -d, -f1,2 <<<"$out" | head -1)" "0:model@lr=0.001,seed=2: hit"
done
lmpipe cat tiny.yaml model@seed=2,lr=0.0010001.log
is "another value is none" "$status" 2
is "an instance's artifact" "$("$LMPIPE" cat tiny.yaml model@lr=0.001,seed=2.log | head -c 8)" '{"step":'

# Extended by a value: the old points are hits. Renamed, reordered: nothing runs.
sed -i 's/lr: \[3.0e-3, 1.0e-3\]/lr: [2.0e-3, 1.0e-3, 0.003]/' tiny.yaml
lmpipe run tiny.yaml --progress none
is "only the new points run" "$(executed)" "model@lr=0.002,seed=1 model@lr=0.002,seed=2 scores@lr=0.002,seed=1 scores@lr=0.002,seed=2"
sed 's/\<model\>/net/g' tiny.yaml | sed 's/experiment: tiny/experiment: renamed/; s/{net:/{model:/g; s/net\.log/net.log/g' >renamed.yaml
lmpipe run renamed.yaml --progress none --until scores
is "stage names are in no key" "$status:$(executed)" "0:"

# config prints a spec of the same keys, whatever holds the references: a value, a mapping's member, a part of a text, a seed.
sed -e 's/layers: 1$/layers: "${matrix.size.layers}"/' -e 's/name: tiny,/name: "tiny-${matrix.size}",/' \
    -e 's/split: {.*}/split: "${matrix.size.split}"/' -e 's/experiment: tiny/experiment: sized/' \
    -e 's/^matrix:/matrix:\n  size: [{name: s, layers: 1, split: {by: hash, valid: 0.2}}]/' tiny.yaml >sized.yaml
for spec in tiny sized; do
    lmpipe plan $spec.yaml --json
    keys=$(grep -o '"key": "[0-9a-f]*"\|"stage": "[^"]*"' <<<"$out")
    lmpipe config $spec.yaml
    printf '%s\n' "$out" >printed.yaml
    lmpipe plan printed.yaml --json
    is "$spec: check accepts it" "$status" 0
    is "$spec: config reads back" "$(grep -o '"key": "[0-9a-f]*"\|"stage": "[^"]*"' <<<"$out")" "$keys"
done
like "with its references" "$(cat printed.yaml)" 'layers: "\$\{matrix\.size\.layers\}"$'
lmpipe config tiny.yaml --origin -S matrix.lr=[0.5]
like "and where an axis comes from" "$out" 'lr: \[0.5\]  # -S matrix.lr'

# Targets.
count() { lmpipe plan tiny.yaml "$@"; grep -c . <<<"$out"; }
is "a family and what it needs" "$(count model)" 10
is "one instance" "$(count model@lr=0.002,seed=1)" 5
is "a glob" "$(count 'model@lr=0.002*')" 6
is "values: what varies by them, and what that needs" "$(lmpipe plan tiny.yaml @seed=1 --only; grep -c 'seed=1' <<<"$out")" 7
lmpipe plan tiny.yaml model@lr=0.004
is "no such instance: exit 2" "$status" 2
lmpipe plan tiny.yaml modle
like "the nearest family" "$err" "did you mean 'model'"
lmpipe why tiny.yaml model
like "a command about one stage wants one" "$err" "has no stage 'model'; did you mean 'model@lr=0.002,seed=1'"

# -S: axes and parameters, typed; nothing is removed by it.
lmpipe plan tiny.yaml -S 'matrix.lr=[0.5]' -S model.steps=3 -S matrix.seed=[7] --until scores
is "an axis replaced" "$(awk '$1 == "run" {print $2}' <<<"$out")" "$(printf 'model@lr=0.5,seed=7\nscores@lr=0.5,seed=7')"
lmpipe run tiny.yaml -S 'matrix.seed=[1]' --progress none
ok "folders of other points stay" test -s artifacts/tiny/seed=2/samples.jsonl
lmpipe plan tiny.yaml -S model.stepz=3
is "an unknown parameter: exit 2" "$status" 2
like "with the nearest" "$err" "did you mean 'steps'"
sed -i 's/seed: \[1, 2\]/seed: [1]/' tiny.yaml
lmpipe run tiny.yaml --progress plain
ok "a point that left the file: its folder goes" not test -e artifacts/tiny/seed=2
like "and that is said" "$err" 'seed=2: removed, the matrix has no such point now'
ok "the others stay" test -s artifacts/tiny/seed=1/samples.jsonl

# A point that fails: with -k the others go on; a choice leaves it out; exit 1 stays.
sed -e 's/experiment: tiny/experiment: failing/' -e 's/lr: \[.*\]/lr: [1.0e-3, 1.0e+9]/' -e 's/      warmup: 5/      warmup: 1\n      clip: 0/' tiny.yaml >failing.yaml
lmpipe run failing.yaml --progress none -k
is "one fails: exit 1" "$status" 1
is "the failed and what needs it" "$(in_state failed):$(in_state skipped)" "model@lr=1000000000,seed=1:scores@lr=1000000000,seed=1"
like "the others went on, and the choice" "$(executed)" 'scores@lr=0.001,seed=1 samples@seed=1 best$'
sed -e 's/experiment: failing/experiment: recording/' -e 's/      clip: 0/      clip: 0\n      on_divergence: record/' failing.yaml >recording.yaml
lmpipe run recording.yaml --progress none
is "recorded, it is a result: exit 0" "$status" 0
like "that says so" "$out" '^model@lr=1000000000,seed=1 +done .* diverged at step [0-9]+$'
like "and its scores" "$("$LMPIPE" cat recording.yaml scores@lr=1000000000,seed=1.scores)" '"diverged": 1'
lmpipe run recording.yaml --progress none
is "and is not tried again" "$status:$(executed)" "0:"

# Three shards with three stores, joined by copying: the last job executes nothing but what joins.
for shard in 1 2 3; do
    lmpipe run tiny.yaml -S 'matrix.seed=[1,2,3]' --shard $shard/3 --store "store$shard" --progress none
    is "shard $shard" "$status:$(executed | tr ' ' '\n' | grep -c scores@)" "0:3"
    mkdir -p joined
    cp -r store$shard/. joined/
done
rm -rf joined/index* joined/locks
lmpipe run tiny.yaml -S 'matrix.seed=[1,2,3]' --store joined --progress none
is "joined" "$status:$(executed)" "0:samples@seed=1 samples@seed=2 samples@seed=3 best"
lmpipe plan tiny.yaml --shard 4/3
is "no such shard: exit 2" "$status" 2

# Killed twice and resumed: the bytes of a sweep that was not.
digests() { for a in model@lr=0.003,seed=1.model scores@lr=0.002,seed=1.scores samples@seed=1.samples best.json; do "$LMPIPE" cat tiny.yaml $a --store "$1" | sha256sum; done; }
lmpipe run tiny.yaml --store calm --progress none
for wait in 0.4 0.8; do
    "$LMPIPE" run tiny.yaml --store killed --progress none >/dev/null 2>&1 &
    sleep $wait
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
done
lmpipe run tiny.yaml --store killed --progress none
is "resumed" "$status" 0
is "the same bytes" "$(digests killed)" "$(digests calm)"
done_testing
