#!/bin/bash
# A spec, a store, a source is the same whichever way it is reached; a printed path works where it is
# printed.
# shellcheck disable=SC2317 # functions are called through `ok`
. "$(dirname "$0")/lib.sh"

# A spec of one source: copying a file is work enough.
spec() { # EXPERIMENT PATH [LINE]: to stdout
    printf 'lmpipe: 1\nexperiment: %s\nstages:\n  corpus:\n    uses: download\n    publish: {corpus: corpus}\n' "$1"
    printf '    with:\n      sources: [{name: a, path: "%s"}]\n%s' "$2" "${3-}"
}
state() { # of the only stage, as `run` printed it
    awk '$1 == "corpus" {print $2}' <<<"$out"
}
works_here() { # every path that was published is there, seen from the working folder
    local path number=0
    while read -r path; do
        [ -e "$path" ] || return 1
        number=$((number + 1))
    done < <(awk 'table && NF == 1; /^stage +state/ {table = 1}' <<<"$out")
    [ "$number" -ge 2 ]
}

mkdir -p "$LM_WORK/p/artifacts" "$LM_WORK/p/x/texts" "$LM_WORK/p/y" "$LM_WORK/else"
cd "$LM_WORK/p" || exit 1
echo "a text" >x/texts/one.txt
spec e texts >x/e.yaml
ln -s x/e.yaml link.yaml
ln -s "$LM_WORK/p" "$LM_WORK/checkout"
ln -s x via

lmpipe run x/e.yaml --progress none
is "a first run" "$status:$(state)" "0:done"
ok "what it names is there" works_here
like "relative to the working folder" "$out" '^artifacts/e/corpus$'
while read -r folder path; do
    cd "$LM_WORK/$folder" || exit 1
    lmpipe run "$path" --progress none
    is "in $folder, $path: the same experiment, a hit" "$status:$(state):$err" "0:hit:"
    ok "and what it names is there" works_here
    lmpipe publish "$path"
    is "publish likewise" "$status:$err" "0:"
    ok "with paths that work" test -e "$(head -n1 <<<"$out")"
done <<END
p x/e.yaml
p ./x/e.yaml
p x//e.yaml
p x/../x/e.yaml
p via/e.yaml
p link.yaml
p $LM_WORK/p/x/e.yaml
p/x e.yaml
p/x ./e.yaml
p/y ../x/e.yaml
p/y ../link.yaml
else ../p/x/e.yaml
else $LM_WORK/checkout/x/e.yaml
checkout x/e.yaml
checkout/via e.yaml
. checkout/link.yaml
END
is "the folder remembers the spec below the root" "$(sed -n 2p "$LM_WORK/p/artifacts/e/.lmpipe")" "spec x/e.yaml"
is "and there is one store" "$(find "$LM_WORK" -name VERSION | wc -l)" 1

# Memories of earlier versions hold what was typed.
cd "$LM_WORK/p" || exit 1
for typed in ./x/e.yaml x/../x/e.yaml via/e.yaml "$LM_WORK/checkout/x/e.yaml" e.yaml; do
    sed -i "2s|.*|spec $typed|" artifacts/e/.lmpipe
    lmpipe run x/e.yaml --progress none
    is "a memory of $typed is of this spec" "$status:$(state):$(sed -n 2p artifacts/e/.lmpipe)" "0:hit:spec x/e.yaml"
done

# Another spec of the same experiment: refused, wherever either is run.
spec e ../x/texts "    seed: 2
" >y/e.yaml
for folder in . y; do
    cd "$LM_WORK/p/$folder" || exit 1
    name=$([ $folder = y ] && echo e.yaml || echo y/e.yaml)
    for command in run publish; do
        lmpipe $command "$name"
        is "in $folder: $command of another spec is refused" "$status:$out" "2:"
        like "with both named" "$err" "$name: artifacts/e belongs to $LM_WORK/p/x/e\.yaml; give"
    done
done
cd "$LM_WORK/p" || exit 1
lmpipe run - --progress none <y/e.yaml
mv x/e.yaml x/renamed.yaml
lmpipe run x/renamed.yaml --progress none
is "a spec that was renamed is no other spec" "$status:$(state)" "0:hit"
mv x/renamed.yaml x/e.yaml

# The store.
ln -s "$LM_WORK/p/artifacts/store" "$LM_WORK/store"
for store in artifacts/store artifacts/store/ ./artifacts//store "$LM_WORK/store" "$LM_WORK/store/" x/../artifacts/store; do
    lmpipe run x/e.yaml --store "$store" --progress none
    is "--store $store: a hit" "$status:$(state)" "0:hit"
    LMPIPE_STORE=$store lmpipe plan x/e.yaml
    like "LMPIPE_STORE=$store: a hit" "$out" "^hit +corpus"
done
cd x || exit 1
lmpipe run e.yaml --store ../artifacts/store --progress none -S x=1
lmpipe plan e.yaml --store ../artifacts/store
like "--store below .." "$out" "^hit +corpus"
cd .. || exit 1

# A source: the key holds its content, and how its path is written is in nothing.
ln -s texts x/linked
for path in texts/ texts// ./texts x/../texts "$LM_WORK/p/x/texts" linked linked/ ../via/texts "$LM_WORK/checkout/x/texts/."; do
    [ "$path" = x/../texts ] && path=../x/texts
    spec e "$path" >x/e.yaml
    lmpipe run x/e.yaml --progress none
    is "path: $path is a hit" "$status:$(state):$err" "0:hit:"
done
spec f texts/one.txt >x/f.yaml
lmpipe run x/f.yaml --progress none
for path in ./texts/one.txt ../x/texts//one.txt linked/one.txt; do
    spec f "$path" >x/f.yaml
    lmpipe run x/f.yaml --progress none
    is "path: $path of a file is a hit" "$status:$(state)" "0:hit"
done

# Includes belong to the file that names them, and errors to a file that can be opened.
mkdir -p parts/deep
printf 'include: [deep/more.yaml]\n' >parts/common.yaml
printf 'description: of a part\nsead: 1\n' >parts/deep/more.yaml
{
    spec g ../x/texts
    echo 'include: common.yaml'
} >parts/g.yaml
ln -s ../parts/g.yaml y/g.yaml
ln -s parts/g.yaml g.yaml
for where in ". parts/g.yaml" ". g.yaml" "y g.yaml" "y ../parts/g.yaml" "../else ../p/y/g.yaml" "../checkout y/g.yaml"; do
    cd "$LM_WORK/p" && cd "${where% *}" || exit 1
    lmpipe check "${where#* }"
    is "in $where: an error in an included file" "$status:$out" "2:"
    file=$(sed -n 's/^lmpipe: error: \(.*\):2:1: sead: .*/\1/p' <<<"$err")
    ok "names a file that is there: $file" test -f "$file"
done
cd "$LM_WORK/p" || exit 1
sed -i d parts/deep/more.yaml
printf 'description: of a part\n' >parts/deep/more.yaml
lmpipe run g.yaml --progress none
is "through a link" "$status:$(state)" "0:hit"
cd y || exit 1
lmpipe run g.yaml --progress none
is "through another" "$status:$(state)" "0:hit"
lmpipe config g.yaml --origin
like "origins name a file that can be opened" "$out" "# $LM_WORK/p/parts/deep/more\.yaml:1"

# Logs and failures.
cd "$LM_WORK/p" || exit 1
printf 'lmpipe: 1\nexperiment: h\nstages:\n  corpus: {uses: download, with: {sources: [{name: a, path: empty}]}}\n  text: {uses: clean, in: {corpus: corpus}}\n' >x/h.yaml
: >x/empty
cd x || exit 1
lmpipe run h.yaml --progress none
is "a failure" "$status" 1
lmpipe log h.yaml corpus
is "has a log" "$status" 0
lmpipe check e.yaml
is "check names the spec as typed" "$out" "e.yaml: ok, 1 stage"

# A spec on standard input.
cd "$LM_WORK/p" || exit 1
"$LMPIPE" check - <x/f.yaml >"$LM_WORK/.out" 2>"$LM_WORK/.err"
is "a spec on stdin: its paths are relative to the working folder" "$?:$(<"$LM_WORK/.err")" \
    "2:lmpipe: error: <stdin>:8:33: corpus.sources.0.path: 'linked/one.txt': No such file or directory; paths are relative to the file that names them"
cd x || exit 1
out=$("$LMPIPE" run - --progress none <f.yaml 2>&1)
is "another spec's experiment is not taken from it" "$?" 2
like "it says whose it is" "$out" "<stdin>: artifacts/f belongs to|-: artifacts/f belongs to"
out=$(sed 's/experiment: f/experiment: stdin/' f.yaml | "$LMPIPE" run - --progress none 2>/dev/null)
is "else it runs" "$?:$(state)" "0:hit"
ok "with paths that work" works_here
done_testing
