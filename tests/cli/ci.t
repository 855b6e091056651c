#!/bin/bash
# run --ci, and docs/ci: the scripts of both workflow files are taken out of them and played (tests/oracle/ci_player.py), with
# stores and artifacts that travel as bare files; what they leave is read by strict readers of its formats (ci_formats.py).
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "python3 is not installed"
unset GITHUB_ACTIONS GITHUB_WORKSPACE GITHUB_STEP_SUMMARY GITLAB_CI

player=$LM_SOURCE/tests/oracle/ci_player.py formats=$LM_SOURCE/tests/oracle/ci_formats.py
mkdir "$LM_WORK/bin" "$LM_WORK/github" "$LM_WORK/gitlab"
ln -s "$LMPIPE" "$LM_WORK/bin/lmpipe"

# --- what stands around a job: programs of the platforms, which know two things each -----------------------------------
cat >"$LM_WORK/bin/gh" <<END
#!/bin/bash
[ -n "\$GH_TOKEN" ] && [ "\$GH_REPO" = o/r ] || exit 9
case "\$1 \$2" in
"run list")
    [[ "\$*" == *"--workflow lmpipe.yml --branch main"*"--json databaseId,conclusion,event"*"--jq "* ]] || exit 9
    [ ! -d "$LM_WORK/github/artifacts/baseline" ] || echo 17 ;;
"run download")
    [ "\$3 \$4 \$5 \$6" = "17 --name baseline --dir" ] || exit 9
    mkdir -p "\$7" && cp "$LM_WORK/github/artifacts/baseline/"* "\$7" ;;
"pr comment")
    [ "\$3 \$4" = "7 --body-file" ] || exit 9
    [ "\${6:-}" != --edit-last ] || [ -e "$LM_WORK/comment" ] || exit 1
    cp "\$5" "$LM_WORK/comment" ;;
*) exit 9 ;;
esac
END
cat >"$LM_WORK/bin/curl" <<END
#!/bin/bash
[ "\$1 \$2 \$3 \$4 \$5" = "-fsSL -H JOB-TOKEN: none --create-dirs -o" ] || exit 9
kept=$LM_WORK/gitlab/artifacts/main/\$6
[ "\$7" = "https://gitlab.example/api/v4/projects/1/jobs/artifacts/main/raw/\$6?job=main" ] && [ -e "\$kept" ] || exit 22
mkdir -p "\$(dirname "\$6")" && cp "\$kept" "\$6"
END
cat >"$LM_WORK/bin/glab" <<END
#!/bin/bash
[ "\$1 \$2 \$3 \$4" = "mr note 7 --message" ] && printf '%s\n' "\$5" >"$LM_WORK/comment"
END
chmod +x "$LM_WORK"/bin/*
export PATH=$LM_WORK/bin:$PATH

# Plays a job in what stands in $LM_WORK/repo: $status, $log, $state/checkout is the checkout as the job left it.
play() { # SYSTEM JOB [OPTION…]
    local system=$1 job=$2
    shift 2
    state=$LM_WORK/$system status=0
    python3 "$player" "$system" "$LM_SOURCE/docs/ci/$system.yml" "$job" --repo "$LM_WORK/repo" --state "$state" "$@" 2>"$LM_WORK/.err" ||
        status=$?
    [ ! -s "$LM_WORK/.err" ] || sed 's/^/# /' "$LM_WORK/.err"
    log=$(cat "$state/log")
}
read_by() { # FORMAT FILE…: what the reader of the format prints
    python3 "$formats" "$@" 2>&1
}
at() { # EXIT-STATUS: when a check fails, what the job said helps
    [ "$status" = "$1" ] || sed 's/^/# /' "$state/log"
}

# --- a project: an experiment with a gate against main, and a sweep ----------------------------------------------------
mkdir -p "$LM_WORK/repo/experiments" "$LM_WORK/repo/.git"
cd "$LM_WORK/repo" || exit 1
echo "ref: refs/heads/main" >.git/HEAD
cp "$LM_TEST_DATA/tiny.txt" experiments/
cat >experiments/base.yaml <<'END'
vars: {steps: 30, valid: 0.6}
stages:
  corpus: {uses: download, with: {sources: [{name: tiny, path: tiny.txt, license: public-domain}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: {by: line}, split: {by: hash, valid: "${valid}"}}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: 300, pattern: gpt2}}
  tokens: {uses: encode, in: {text: text, vocab: vocab}}
END
cat >experiments/lm.yaml <<'END'
lmpipe: 1
experiment: lm
include: base.yaml
stages:
  model:
    uses: train
    in: {tokens: tokens}
    with: {preset: gpt2-micro, context: 32, layers: 1, heads: 2, width: 32, batch: 4, steps: "${steps}", warmup: 5, eval_every: 1000, lr: 3.0e-3}
  scores: {uses: evaluate, in: {model: model, tokens: tokens}, with: {resamples: 100, untrained_windows: 0}}
  report:
    uses: report
    in: {log: model.log, scores: scores.scores, items: scores.items}
    publish: {html: report.html, md: report.md}
baseline: {run: ../baselines/main.json}
gates:
  - {metric: scores.valid.bpb, max: 20}
  - {metric: scores.valid.bpb, worse_by_at_most: 0.01, vs: baseline}
END
cat >experiments/sweep.yaml <<'END'
lmpipe: 1
experiment: sweep
include: base.yaml
matrix: {lr: [1.0e-3, 3.0e-3, 1.0e-2]}
stages:
  model:
    uses: train
    in: {tokens: tokens}
    with: {preset: gpt2-micro, context: 32, layers: 1, heads: 2, width: 16, batch: 4, steps: "${steps}", warmup: 5, eval_every: 1000, lr: "${matrix.lr}"}
  scores: {uses: evaluate, in: {model: model, tokens: tokens}, with: {resamples: 100, untrained_windows: 0}}
  compare: {uses: compare, in: {scores: {gather: scores}, items: {gather: scores.items}}, publish: {md: compare.md}}
END
cp -R experiments "$LM_WORK/experiments"
again() { # the project as it was
    rm -rf experiments && cp -R "$LM_WORK/experiments" experiments
}
lock() { # as who changes the experiment does, with a store of their own
    "$LMPIPE" run experiments/lm.yaml --lock --store "$LM_WORK/own" --progress none >"$LM_WORK/.out" 2>&1
    rm -rf artifacts
}

# --- main: run, exported ----------------------------------------------------------------------------------------------
lock
cp experiments/lm.lock "$LM_WORK/experiments/"
play github main
at 0
is "main's first run: its gate is undecided, and it becomes the baseline" "$status" 0
like "the lock is held" "$log" 'lmpipe run .* --locked'
ok "the baseline is handed on" test -s "$state/artifacts/baseline/main.json"
ok "and the results" test -s "$state/artifacts/results-main/lm/report.html"
ok "and the store" test -s "$state/cache/lmpipe-main-1-1/VERSION"
play github main --set RUN=2
at 0
is "again: everything is a hit but the page, which has a baseline now" "$status" 0
is "as the log says" "$(sed -n 's/^\([a-z]*\) *done .*/\1/p' <<<"$log")" report

# What it left, read by the rules of its formats.
files=$state/artifacts/results-main/lm
is "junit-run.xml: counts and cases" "$(read_by junit "$files/junit-run.xml")" "9 0 0 0
lm.stages corpus system-out
lm.stages text system-out
lm.stages vocab system-out
lm.stages tokens system-out
lm.stages model system-out
lm.stages scores system-out
lm.stages report system-out
lm.gates scores.valid.bpb max 20 system-out
lm.gates scores.valid.bpb worse by at most 0.01 than the baseline system-out"
like "metrics.json by its schema" "$(read_by metrics "$files/metrics.json" "$LM_SOURCE/docs/formats/metrics.schema.json")" '^[1-9][0-9]+$'
ok "has what the gate is about" grep -q '"scores.valid.bpb": [0-9.]*,' "$files/metrics.json"
is "provenance.json: two subjects with their digests" "$(read_by provenance "$files/provenance.json" "$files")" 2
ok "made of this commit" grep -q '"uri": "git+https://github.example/o/r@refs/heads/main"' "$files/provenance.json"
ok "by this workflow" grep -q '"id": "https://github.example/o/r/.github/workflows/lmpipe.yml@refs/heads/main"' "$files/provenance.json"
like "groups: a stage each" "$(read_by groups "$state/log")" '^report: 2$'
is "no annotations" "$(read_by annotations "$state/log" "$state/checkout")" ""
if command -v cmark-gfm >/dev/null; then
    page=$(read_by summary "$state/summary")
    is "the summary of the job: the result first" "$(head -1 <<<"$page")" "lm: passed"
    like "gates with bound, value, interval, result and why" "$page" \
        '^scores.valid.bpb \| max 20 \| [0-9.]+ \| [0-9.]+ – [0-9.]+ \| pass \| [0-9.]+ is at most 20$'
    like "stages" "$page" '^model \| hit \|  \| valid loss '
fi

# --- a change, judged -------------------------------------------------------------------------------------------------
sed -i 's/steps: 30/steps: 60/' experiments/base.yaml
play github change --set RUN=3
at 6
is "a change whose lock was left behind: exit 6" "$status" 6
like "annotated" "$(read_by annotations "$state/log" "$state/checkout")" '^error experiments/lm.yaml:[0-9]+:[0-9]+ model'
lock
play github change --set RUN=4
at 0
is "with its lock, and better: exit 0" "$status" 0
is "told in a comment" "$(head -1 "$LM_WORK/comment")" "### lm&#58; passed"
again
sed -i 's/steps: 30/steps: 10/' experiments/base.yaml
lock
play github change --set RUN=5
at 4
is "worse than main: exit 4" "$status" 4
like "annotated at the gate" "$(read_by annotations "$state/log" "$state/checkout")" \
    '^error experiments/lm.yaml:17:5 scores.valid.bpb worse by at most 0.01 than the baseline \| gate failed: worse by '
is "the comment is edited" "$(head -1 "$LM_WORK/comment")" "### lm&#58; a gate failed"
if command -v cmark-gfm >/dev/null; then
    like "and says what changed" "$(read_by summary "$LM_WORK/comment")" '^scores.valid.bpb \| [0-9.]+ \| [0-9.]+ \| \+[0-9.]+ \| worse$'
fi
again
sed -i 's/valid: 0.6/valid: 0.5/' experiments/base.yaml
lock
play github change --set RUN=6
at 5
is "on other documents: exit 5" "$status" 5
like "annotated" "$(read_by annotations "$state/log" "$state/checkout")" '^error experiments/lm.yaml:17:5 .* gate undecided: '
again
sed -i 's/resamples:/resampels:/' experiments/lm.yaml
play github change --set RUN=7
at 2
is "a misspelt parameter: exit 2" "$status" 2
like "annotated at its place" "$(read_by annotations "$state/log" "$state/checkout")" "^error experiments/lm.yaml:9:[0-9]+ scores.resampels \| unknown parameter; did you mean 'resamples'"
ok "no file of a run that did not begin" test ! -e "$state/checkout/artifacts/lm/summary.md"
like "but a summary for the job" "$(cat "$state/summary")" '^### lmpipe&#58; the run did not begin'
again
play github change --set RUN=8 --set LMPIPE_STORE=/dev/null/store
at 3
is "a store that cannot be: exit 3" "$status" 3
sed -i 's/steps: 30/steps: 31/' experiments/base.yaml
play github fresh
at 7
is "stale: exit 7" "$status" 7
again
play github fresh
at 0
is "what main has run is there: exit 0" "$status" 0

# --- a sweep in three shards, three stores joined ---------------------------------------------------------------------
for shard in 1 2 3; do
    play github sweep --shard $shard --set RUN=9
    at 0
    is "shard $shard" "$status:$(sed -n 's/^\(model@[^ ]*\) *done .*/\1/p' <<<"$log" | wc -l)" 0:1
done
play github join --set RUN=9
at 0
is "joined: what joins the instances is all that runs" "$status:$(sed -n 's/^\([a-z]*\) *done .*/\1/p' <<<"$log")" 0:compare
like "over all of them" "$(cat "$state/artifacts/results-sweep/sweep/compare.md")" '0\.001.*|0\.003.*|0\.01.*'
is "instances stand in metrics.json by their ids" "$(grep -c '"scores@lr=0\.0*[0-9]*\.valid\.bpb":' "$state/artifacts/results-sweep/sweep/metrics.json")" 3

# A stage that fails, and one that is stopped and goes on.
sed -i 's/1.0e-2\]/1.0e+9]/' experiments/sweep.yaml
play github sweep --shard 3 --set RUN=10
at 1
is "a training that diverges: exit 1" "$status" 1
like "annotated at the stage" "$(read_by annotations "$state/log" "$state/checkout")" '^error experiments/sweep.yaml:6:3 model@lr=1000000000 \| stage failed: '
again
sed -i 's/steps: 30/steps: 5000000/' experiments/base.yaml
play github sweep --shard 1 --set RUN=11 --set DEADLINE=1s
at 75
is "out of time: exit 75" "$status" 75
rm -rf "$state/cache/lmpipe-join-9-1" && cp -R "$state/artifacts/store-1" "$state/cache/lmpipe-later"
play github sweep --shard 1 --set RUN=12 --set DEADLINE=1s
is "the next attempt" "$status" 75
ok "goes on from its checkpoint" grep -q '"resumed_at": [1-9]' "$state/checkout/artifacts/sweep/run.json"
again

# --- GitLab: the same, from the stores there are -----------------------------------------------------------------------
mkdir -p "$LM_WORK/gitlab/cache/lmpipe/artifacts"
cp -R "$LM_WORK/github/cache/lmpipe-main-2-1" "$LM_WORK/gitlab/cache/lmpipe/artifacts/store"
rm "$LM_WORK/comment"
play gitlab main
at 0
is "GitLab: main" "$status" 0
ok "the baseline is handed on" test -s "$state/artifacts/main/baselines/main.json"
ok "the store is no artifact of it" test ! -e "$state/artifacts/main/artifacts/store"
is "the same baseline" "$(cksum <"$state/artifacts/main/baselines/main.json")" "$(cksum <"$LM_WORK/github/artifacts/baseline/main.json")"
play gitlab change
at 0
is "a change that changes nothing" "$status" 0
is "told in a note" "$(head -1 "$LM_WORK/comment")" "### lm&#58; passed"
ok "made by this runner" grep -q '"id": "https://gitlab.example/o/r/-/runners/3"' "$state/checkout/artifacts/lm/provenance.json"
cp -R "$LM_WORK/github/artifacts/store-2/objects" "$LM_WORK/github/artifacts/store-2/actions" "$state/cache/lmpipe/artifacts/store/"
for shard in 1 2 3; do
    play gitlab sweep --shard $shard
    at 0
    is "shard $shard of GitLab" "$status" 0
done
play gitlab join
at 0
is "joined there" "$status:$(sed -n 's/^\([a-z]*\) *done .*/\1/p' <<<"$log")" 0:compare
is "sections: a stage each" "$(read_by sections "$state/log")" "compare: 2"
unlike "no commands of another system" "$log" '^::'
sed -i 's/steps: 30/steps: 31/' experiments/base.yaml
play gitlab fresh
is "stale there: exit 7" "$status" 7
again

# --- nothing foreign becomes a command ----------------------------------------------------------------------------------
rm -rf "$LM_WORK/repo" && mkdir -p "$LM_WORK/repo/artifacts" && cd "$LM_WORK/repo" || exit 1
printf 'x' >$'::error::x\n::error::y ##[error]z %0A,title=q.txt'
cat >h.yaml <<'END'
lmpipe: 1
experiment: h
description: "::error::d ##[error]e"
stages:
  corpus: {uses: download, with: {sources: [{name: a, path: "::error::x\n::error::y ##[error]z %0A,title=q.txt", sha256: "0000000000000000000000000000000000000000000000000000000000000000"}]}}
END
status=0
GITHUB_ACTIONS=true GITHUB_WORKSPACE=$PWD GITHUB_STEP_SUMMARY=$PWD/page "$LMPIPE" run h.yaml --ci >both 2>&1 || status=$?
is "a hostile file name: the stage fails" "$status" 1
is "one annotation, of ours" "$(read_by annotations both "$PWD" | sed 's/ |.*//')" "error h.yaml:5:3 corpus"
unlike "nothing of it in the summary" "$(cat page)" '::|##\['
done_testing
