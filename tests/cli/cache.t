#!/bin/bash
# Care for a store: what costs what, what goes, what stays, in two projects that share it.
. "$(dirname "$0")/lib.sh"

export LMPIPE_STORE=$LM_WORK/store
store=$LMPIPE_STORE

project() { # NAME: two stages and a text of its own
    mkdir -p "$LM_WORK/$1/artifacts"
    cd "$LM_WORK/$1" || exit 1
    seq -f "the text of number %g in $1" 40 >own.txt
    cat >spec.yaml <<'END'
lmpipe: 1
experiment: small
vars: {v: 0.1}
stages:
  corpus: {uses: download, with: {sources: [{name: a, path: own.txt}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: {by: line}, split: {by: position, valid: "${v}"}}}
END
}
member() { # NAME: of the JSON object in $out
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$out"
}
disk() { # bytes of all files
    find "$store" -type f ! -path '*/locks/*' -printf '%s\n' | awk '{ sum += $1 } END { print sum }'
}
set_share() { # V
    sed -i "s/^vars:.*/vars: {v: $1}/" spec.yaml
}

# ---- what is needed ----

project one
lmpipe run spec.yaml --progress none
is "a run" "$status" 0
first=$(basename "$(find "$store/runs" -maxdepth 1 -name '2*' | sort | head -1)")
set_share 0.2
lmpipe run spec.yaml --progress none
project two
lmpipe run spec.yaml --progress none
lmpipe run spec.yaml --progress none -S v=0.3

lmpipe exp list spec.yaml --json
is "a spec's runs are not those of the same path in another project" "$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' <<<"$out")" 2
lmpipe exp show ../one/spec.yaml --json
is "nor is its last one" "$(python3 -c 'import json, sys; print([stage["params"]["split.valid"] for stage in json.load(sys.stdin)["stages"] if stage["stage"] == "text"])' <<<"$out")" "[0.2]"

lmpipe cache gc
is "what is young stays" "$status:$(grep -c '^all  *-  *-$' <<<"$out")" 0:1
lmpipe cache gc --dry-run --json --grace 0
is "so does what recent runs had" "$(member results):$(member kept_results)" 0:6
lmpipe cache gc --dry-run --json --grace 0 --keep-days 1 --keep-runs 0
is "and what runs of the last days had" "$(member results)" 0
before=$(disk)
lmpipe cache gc -n --json --grace 0 --keep-runs 1
is "a dry run tells what would go" "$status:$(member dry_run):$(member results)" "0:True:1"
promised=$(member freed_bytes)
is "and changes nothing" "$(disk)" "$before"
lmpipe cache gc --json --grace 0 --keep-runs 1
is "it goes" "$(member results):$(member freed_bytes)" "1:$promised"
is "the disk has as much more" "$((before - $(disk)))" "$promised"
lmpipe plan spec.yaml --check -S v=0.3
is "the last run's results stay" "$status" 0
lmpipe cache gc --grace 0 --keep-runs 0
is "without last runs" "$status" 0
lmpipe plan spec.yaml --check -S v=0.3
is "they go" "$status" 7
for project in one two; do
    cd "$LM_WORK/$project" || exit 1
    lmpipe plan spec.yaml --check
    is "what the spec of $project needs stays" "$status" 0
done
cd ../one || exit 1
lmpipe plan spec.yaml --check -S v=0.1
is "what it needed once is gone" "$status" 7

# ---- tags, specs that were edited back, exported runs ----

lmpipe exp tag old "$first"
set_share 0.1
lmpipe run spec.yaml --progress none
set_share 0.2
lmpipe run spec.yaml --progress none
lmpipe cache gc --json --grace 0 --keep-runs 0
is "what a tagged run had stays" "$(member results):$(member tags)" "0:1"
lmpipe exp tag --remove old
set_share 0.1
lmpipe cache gc --json --grace 0 --keep-runs 0
is "what a spec hits now that it was edited back stays, and what it had last" "$(member results)" 0
lmpipe plan spec.yaml --check
is "it hits" "$status" 0
printf 'lmpipe: 1\nexperiment: [\n' >broken.yaml
cp spec.yaml sound.yaml
cp broken.yaml spec.yaml
lmpipe cache gc --json --grace 0 --keep-runs 0
is "a spec that cannot be planned keeps what it had last" "$(member results):$(member kept_results)" "1:4"
like "and is told of" "$err" 'warning: .*/one/spec\.yaml cannot be planned'
set_share 0.2
cp sound.yaml spec.yaml
set_share 0.2
lmpipe plan spec.yaml --check
is "that" "$status" 0

# ---- specs that are gone ----

cd "$LM_WORK" || exit 1
mv two away
lmpipe cache gc --json --grace 0 --keep-runs 0 --store "$store"
is "a project that is gone keeps its results" "$(member results):$(member kept_results)" "0:4"
like "and is told of, with what to type" "$err" "two/spec\.yaml is not there; .*lmpipe cache gc --forget $LM_WORK/two/spec\.yaml"
lmpipe cache ls
like "cache ls tells, too" "$out" '^spec two/spec\.yaml: 2 results, .* \(not there\)$'
like "with what to type" "$err" "--forget $LM_WORK/two/spec\.yaml"
lmpipe cache gc --forget tow/spec.yaml --grace 0
is "a path that is no root: exit 2" "$status" 2
like "and the nearest" "$err" "did you mean '$LM_WORK/two/spec.yaml'"
lmpipe cache gc -n --json --forget two --grace 0
is "a folder means all below it" "$(member results):$(member forgotten)" "2:1"
before=$(disk)
lmpipe cache gc --json --forget ./two/spec.yaml --grace 0
is "forgotten, its results go" "$(member results):$(member forgotten)" "2:1"
is "as they were told" "$((before - $(disk)))" "$(member freed_bytes)"
mv away two
cd two || exit 1
lmpipe run spec.yaml --progress none
is "run again it is a root again" "$status:$(find "$store/roots" -type f | wc -l)" 0:2

# ---- while a run is going on ----

mkfifo pipe
(
    exec 9>"$store/locks/store"
    flock -s 9
    echo ready >pipe
    read -r _ <pipe
) &
read -r _ <pipe
lmpipe cache gc --grace 0
is "while a run is going on: exit 3 at once" "$status" 3
like "and says why" "$err" 'a run or another command is using the store'
lmpipe cache clear --yes
is "clear, too" "$status" 3
lmpipe run spec.yaml --progress none
is "another run is not kept from it" "$status" 0
echo go >pipe
wait

# ---- ls, du, verify ----

lmpipe cache ls --json
is "ls --json: largest first" "$(python3 -c '
import json, sys
rows = json.load(sys.stdin)["rows"]
sizes = [row["bytes"] for row in rows]
print(sizes == sorted(sizes, reverse=True), sorted((row["experiment"], row["stage"], row["results"]) for row in rows))' <<<"$out")" \
    "True [('small', 'corpus', 2), ('small', 'text', 2)]"
whole=$(member bytes)
stored=$(find "$store/objects" "$store/actions" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
is "sizes are those of the files" "$whole" "$stored"
cp -r ../one ../three
cd ../three || exit 1
sed -i 's/^experiment:.*/experiment: other/' spec.yaml
lmpipe run spec.yaml --progress none
is "another experiment with the same stages" "$status:$(executed)" "0:"
sed -i 's/with: {documents/with: {invalid: reject, documents/' spec.yaml
lmpipe run spec.yaml --progress none
is "and a parameter that changes no byte" "$status:$(executed)" 0:text
lmpipe cache ls --json
is "results of two experiments stand in both rows" "$(python3 -c '
import json, sys
rows = json.load(sys.stdin)["rows"]
print(sorted((row["experiment"], row["stage"], row["results"]) for row in rows),
      all(row["shared_bytes"] > 0 for row in rows if row["experiment"] == "other"))' <<<"$out")" \
    "[('other', 'corpus', 1), ('other', 'text', 2), ('small', 'corpus', 2), ('small', 'text', 2)] True"
stored=$(find "$store/objects" "$store/actions" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
is "and count once" "$(member bytes)" "$stored"
lmpipe cache ls
like "what rows share counts once" "$out" '^[0-9.]+ k?B in all; [0-9.]+ k?B of it shared by several rows, counted once$'
lmpipe cache du --json
is "du counts all files" "$(member total_bytes)" "$(find "$store" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')"

lmpipe cache clear
is "clear wants --yes: exit 2" "$status" 2
like "and tells of gc" "$err" '--yes.*cache gc'
lmpipe plan spec.yaml --check
is "nothing went" "$status" 0

# Bytes that change below the file system leave no other trace: only reading finds them.
object=$(find "$store/objects" -type f -size +500c | head -1)
stamp=$(stat -c %y "$object")
chmod u+w "$object"
printf 'X' | dd of="$object" bs=1 seek=7 conv=notrunc 2>/dev/null
touch -d "$stamp" "$object"
chmod 444 "$object"
rm -f "$store/index"
for project in one two three; do
    cd "$LM_WORK/$project" || exit 1
    lmpipe run spec.yaml --progress none --verify-hits
    is "run --verify-hits in $project" "$status" 0
    ran+=$(executed)
done
ok "made again what had been changed" [ -n "$ran" ]
lmpipe cache verify
is "and all is sound" "$status" 0
lmpipe cache gc --json --grace 0
is "what was set aside goes" "$(member damaged)" 1

# ---- records of runs ----

template=$(dirname "$(grep -l '"spec": "spec.yaml"' "$store"/runs/2*/run.json | tail -1)")
before=$(find "$store/runs" -maxdepth 1 -name '2*' | wc -l)
python3 - "$template" <<'END'
import pathlib, shutil, sys
template = pathlib.Path(sys.argv[1])
for i in range(1010):
    old = template.parent / f"20200101T000{i // 1000:03d}.{i % 1000:03d}-small"
    old.mkdir()
    shutil.copy(template / "run.json", old)
orphan = template.parent / "keys" / ("ab" * 32)
orphan.write_text("nobody refers to this\n")
END
oldest=$(find "$store/runs" -maxdepth 1 -name '2020*' | sort | head -1)
lmpipe exp tag oldest "$(basename "$oldest")"
lmpipe cache gc --json --dry-run
kept=$(member runs)
lmpipe cache gc --json
is "records that are old, and not among the last thousand of their spec, expire" "$(member runs)" "$kept"
ok "not all of them" [ "$kept" -gt 0 -a "$kept" -le 1010 ]
is "the others are there" "$(find "$store/runs" -maxdepth 1 -name '2*' | wc -l)" $((before + 1010 - kept))
ok "so is one with a tag" [ -d "$oldest" ]
ok "what is young and of no record, too" [ -e "$store/runs/keys/$(printf 'ab%.0s' {1..32})" ]
lmpipe cache gc --grace 0
ok "until its time" [ ! -e "$store/runs/keys/$(printf 'ab%.0s' {1..32})" ]
lmpipe exp show oldest
is "what the others refer to is there" "$status" 0
lmpipe exp tag --remove oldest

# ---- odd inputs ----

root=$(find "$store/roots" -type f | head -1)
sed -i '3s/./X/' "$root"
before=$(disk)
lmpipe cache gc --grace 0 --keep-runs 0
is "a damaged root: exit 3, and nothing goes" "$status:$(disk)" "3:$before"
like "with what to do" "$err" 'is damaged, so that nobody knows what .* needs; run that spec again'
for project in one two three; do
    cd "$LM_WORK/$project" || exit 1
    lmpipe run spec.yaml --progress none
done
lmpipe cache gc --grace 0 --keep-runs 0
is "after a run of the spec it is well again" "$status" 0
lmpipe cache gc --max-size 1
is "--max-size: what is needed stays" "$status" 0
like "and it says so" "$err" 'what is needed is larger than --max-size'
for arguments in '--keep-runs -1' '--keep-days x' '--max-size 3X' '--grace -1s' '--forget' 'SPEC'; do
    read -ra words <<<"$arguments"
    lmpipe cache gc "${words[@]}"
    is "gc $arguments: exit 2" "$status" 2
done
done_testing
