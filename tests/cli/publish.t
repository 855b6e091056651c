#!/bin/bash
# Published files are copies that come back when they are gone.
. "$(dirname "$0")/lib.sh"

fresh publish
lmpipe publish tiny.yaml
unlike "nothing to publish yet" "$out" "report.html"
lmpipe run tiny.yaml --progress none
digest=$(sha256sum <artifacts/tiny/report.html)
rm artifacts/tiny/report.html
lmpipe run tiny.yaml --progress none
is "run publishes again on a hit" "$(executed):$(sha256sum <artifacts/tiny/report.html)" ":$digest"

rm artifacts/tiny/report.md
lmpipe publish tiny.yaml
is "publish succeeds" "$status" 0
like "and names what it published" "$out" '^artifacts/tiny/report\.md$'
ok "the file is back" test -s artifacts/tiny/report.md

is "a copy, not a link into the store" "$(stat -c %h artifacts/tiny/report.html)" 1
chmod u+w artifacts/tiny/report.html
echo broken >artifacts/tiny/report.html
lmpipe run tiny.yaml --progress none
is "damage outside the store executes nothing" "$(executed)" ""
is "and is healed" "$(sha256sum <artifacts/tiny/report.html)" "$digest"

# Damage inside the store is a miss, and heals.
object=$("$LMPIPE" cat tiny.yaml vocab.vocab | sha256sum | cut -c1-64)
file=artifacts/store/objects/${object:0:2}/${object:2}
ok "objects are named by their digest" test -f "$file"
chmod u+w "$file"
truncate -s 10 "$file"
lmpipe run tiny.yaml --progress none
is "a damaged object runs its stage again" "$(executed)" "vocab"
is "with the same bytes" "$(sha256sum <"$file" | cut -c1-64)" "$object"

# run.json and run.html are of the last run; one that executes nothing leaves them where they say what it says.
says() { # MEMBER of the published run.json
    grep -m 1 -oE "\"$1\": [^,]*" artifacts/tiny/run.json | sed 's/^[^:]*: //'
}
told=$(says run)
lmpipe run tiny.yaml --progress none
is "the same again: the pages stay, with their times" "$status:$(says run)" "0:$told"
lmpipe run tiny.yaml vocab --progress none
is "of other stages: they are of that run" "$status:$(says state):$(grep -c '"stage":' artifacts/tiny/run.json)" '0:"hit":3'
lmpipe run tiny.yaml --progress none -S steps=31 -S model.lr=1e9
is "a stage fails" "$status:$(says state):$(says exit_code)" '1:"failed":1'
lmpipe run tiny.yaml --progress none
is "then as before: nothing runs, and nothing failed" "$status:$(executed):$(says state):$(says exit_code)" '0::"hit":0'
unlike "run.html: nothing failed" "$(cat artifacts/tiny/run.html)" '>failed<'
while read -r page damage; do
    file=artifacts/tiny/$page
    eval "$damage"
    lmpipe run tiny.yaml --progress none
    is "$page, $damage: whole again" "$status:$(executed):$(test -L "$file" || tail -c 2 "$file" | head -c 1)" "0::$(if [ "$page" = run.json ]; then echo '}'; else echo '>'; fi)"
    is "and both are of one run" "$(grep -c "$(says run | tr -d '"')" artifacts/tiny/run.html | sed 's/[1-9][0-9]*/some/')" some
done <<'END'
run.html : >"$file"
run.html truncate -s 5000 "$file"
run.html rm "$file" && ln -s /dev/null "$file"
run.html rm "$file" && mkdir "$file"
run.html rm "$file"
run.json truncate -s -3 "$file"
run.json rm "$file" && ln -s ../tiny.yaml "$file"
END
sed -e '/^  report:/,$d; s/^experiment: .*/experiment: gated/' tiny.yaml >ungated.yaml
while read -r bound code; do
    printf 'gates:\n  - {metric: scores.valid.bpb, max: %s}\n' "$bound" | cat ungated.yaml - >gated.yaml
    lmpipe run gated.yaml --progress none
    is "a gate of $bound: as the run ended" "$status:$(grep -m 1 -oE '"exit_code": [0-9]+' artifacts/gated/run.json)" "$code:\"exit_code\": $code"
done <<'END'
99 0
0.1 4
98 0
END
is "which executed nothing" "$(executed)" ""

# Modes are what the umask leaves.
modes() {
    find artifacts/tiny -printf '%y %m\n' | sort -u | tr '\n' ';'
}
for mask in 022 027 077 002; do
    rm -rf artifacts/tiny
    (umask $mask && "$LMPIPE" run tiny.yaml --progress none >/dev/null)
    is "umask $mask: what is published" "$(modes)" "$(printf 'd %o;f %o;' $((0777 & ~mask)) $((0666 & ~mask)))"
done

# A folder is published as a whole: what left the result leaves the folder, what somebody put there too.
fresh folder
mkdir in
echo one >in/one.txt
echo two >in/two.txt
cat >f.yaml <<'END'
lmpipe: 1
experiment: f
stages:
  corpus:
    uses: download
    publish: {corpus: out/corpus}
    with: {sources: [{name: a, path: in}]}
END
members() {
    (cd artifacts/f/out/corpus && find . -type f | LC_ALL=C sort | tr '\n' ' ')
}
lmpipe run f.yaml --progress none
is "a folder with its members" "$status:$(members)" "0:./files/a/one.txt ./files/a/two.txt ./manifest.json "
rm in/two.txt
lmpipe run f.yaml --progress none
is "a member that left the result is gone" "$status:$(members)" "0:./files/a/one.txt ./manifest.json "
echo stray >artifacts/f/out/corpus/files/stray
chmod -R u+w artifacts/f/out
echo damaged >artifacts/f/out/corpus/files/a/one.txt
lmpipe run f.yaml --progress none
is "what is not of the result is gone, damage is healed" \
    "$(members)$(<artifacts/f/out/corpus/files/a/one.txt)" "./files/a/one.txt ./manifest.json one"
is "nothing is left beside it" "$(ls -A artifacts/f/out)" "corpus"
rm -rf artifacts/f/out/corpus
echo mine >artifacts/f/out/corpus
lmpipe run f.yaml --progress none
is "a file in the folder's place moves aside" "$status:$(members)" "0:./files/a/one.txt ./manifest.json "
is "and is kept" "$(cat artifacts/f/out/corpus.aside.*)" mine

# A folder, or a link, where a file is published.
fresh places
lmpipe run tiny.yaml --progress none
for place in folder link; do
    rm -rf artifacts/tiny/report.json
    if [ $place = folder ]; then
        mkdir -p artifacts/tiny/report.json/x
    else
        echo kept >elsewhere
        ln -s "$PWD/elsewhere" artifacts/tiny/report.json
    fi
    lmpipe run tiny.yaml --progress none
    is "a $place in a file's place: exit 0" "$status" 0
    ok "the file is published" test -f artifacts/tiny/report.json -a ! -L artifacts/tiny/report.json
done
is "what the link led to is as it was" "$(<elsewhere)" kept

# What a failed run did not make does not stand as its result.
fresh stale
lmpipe run tiny.yaml --ci --progress none
ok "a good run" test -f artifacts/tiny/report.html -a -f artifacts/tiny/junit-run.xml
printf '\0binary\0' >tiny.txt
lmpipe run tiny.yaml --progress plain
is "a run that fails" "$status" 1
like "says what is of an earlier result" "$err" 'report\.html is of an earlier result'
ok "and leaves it" test -f artifacts/tiny/report.html
lmpipe run tiny.yaml --ci
is "a job of CI that fails" "$status" 1
ok "has no report of an earlier one" test ! -e artifacts/tiny/report.html -a ! -e artifacts/tiny/report.md
like "and says in junit-run.xml what failed" "$(<artifacts/tiny/junit-run.xml)" '<failure message='

# A job of CI whose run is refused has nothing of an earlier one either, as far as the experiment is known.
good() { # a run of CI that publishes, and a file of somebody beside it
    lmpipe run tiny.yaml --ci --progress none
    echo mine >artifacts/tiny/mine.txt
    before=$(left)
}
left() {
    (cd artifacts/tiny && find . -type f | LC_ALL=C sort | tr '\n' ' ')
}
refused() { # WHAT [OPTION...]: exit 2, and what was published is gone
    local what=$1
    shift
    lmpipe run tiny.yaml --ci --progress none "$@"
    is "$what: refused" "$status" 2
    is "$what: what an earlier run left is gone" "$(left)" "./.lmpipe ./mine.txt "
    like "$what: as is said" "$err" '^lmpipe: warning: artifacts/tiny: removed what an earlier run left there \([0-9]+\), as this one did not begin$'
    lmpipe run tiny.yaml --ci --progress none "$@"
    unlike "$what: once" "$err" 'removed'
}
kept() { # WHAT [COMMAND...]: exit 2 without a trace
    local what=$1
    shift
    lmpipe "$@"
    is "$what: refused" "$status" 2
    is "$what: nothing is touched" "$(left)" "$before"
}
fresh refused
cp tiny.yaml good.yaml
good
is "there is a run to speak of" "$(tr ' ' '\n' <<<"$before" | grep -cE '/(run\.html|run\.json|junit-run\.xml|report\.html)$')" 4
sed -i 's/steps:/stepps:/' tiny.yaml
kept "without --ci" run tiny.yaml
kept "a dry run" run tiny.yaml --ci -n
kept "check" check tiny.yaml
refused "a misspelt parameter"
cp good.yaml tiny.yaml
good
refused "an unknown variable" -S nothing=1
good
refused "an unknown stage" nostage
good
LMPIPE_THREADS=none refused "a budget that is none"
good
LMPIPE_KERNELS=fast refused "kernels that are none"
good
printf 'include: nowhere.yaml\n' >>tiny.yaml
lmpipe run tiny.yaml --ci --progress none
is "a missing include: refused" "$status" 2
unlike "a missing include: the job has no JUnit of an earlier run" "$(left)" 'junit-run|run\.'
cp good.yaml tiny.yaml
good
sed 's/memory: .*//; s/uses: train/&\n    resources: {memory: 1K}/' good.yaml >tiny.yaml
refused "more memory than is granted" -f model
cp good.yaml tiny.yaml
good
sed -i 's/^experiment: .*/experiment: Bad Name/' tiny.yaml
kept "a name that is none" run tiny.yaml --ci
sed -i 's/^experiment: .*/experiment: ..\/tiny/' tiny.yaml
kept "a path for a name" run tiny.yaml --ci
sed -i 's/^experiment: .*/experiment: [tiny/' tiny.yaml
kept "no YAML" run tiny.yaml --ci
cp good.yaml tiny.yaml
sed 's/steps:/stepps:/' good.yaml >other.yaml
kept "another spec's experiment" run other.yaml --ci
kept "another spec's experiment, without errors" run good.yaml --ci

# The folder remembers its spec.
fresh owner
lmpipe run tiny.yaml --progress none
cp tiny.yaml other.yaml
lmpipe run other.yaml --progress none
is "another spec of the same experiment is refused" "$status" 2
like "with both named" "$err" 'tiny\.yaml'
done_testing
