#!/bin/bash
# Lock files: what `run --lock` pins and when it writes, what `run --locked` holds a run to, how git merges them.
. "$(dirname "$0")/lib.sh"

fresh lock
spec() { # the file that follows: v.yaml
    cat >v.yaml <<'END'
lmpipe: 1
experiment: v
vars: {v: 280}
stages:
  corpus: {uses: download, with: {sources: [{name: tiny, path: tiny.txt}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: unindented}}
  vocab:
    uses: bpe
    in: {text: text}
    with: {vocab_size: "${v}"}
    publish: {vocab: vocab}
END
}
quietly() { # run ARGUMENTS…
    lmpipe run "$@" --progress none
}
refused() { # WHAT PLACE PATTERN: the run that was just made stopped, in one line
    is "$1: exit 6" "$status" 6
    is "$1: one error line" "$(grep -c '^lmpipe: error: ' <<<"$err")" 1
    like "$1: says why" "$err" "^lmpipe: error: $2: $3"
}
untouched() { # WHAT FILE: it was not written since `old`
    is "$1" "$(stat -c %Y "$2")" 946684800
}
old() { # FILE
    touch -d '2000-01-01T00:00:00Z' "$1"
}

# --- nothing is offered that is not there --------------------------------------------------------
spec
quietly v.yaml --locked
is "no lock file: exit 2" "$status:$out" "2:"
like "and what to do" "$err" "^lmpipe: error: v\.lock: is not there, .*'lmpipe run v\.yaml --lock'$"
ok "nothing was executed" not test -e artifacts/v
quietly v.yaml
is "a plain run" "$status:$(executed)" "0:corpus text vocab"
ok "writes no lock file" not test -e v.lock
for options in "--lock --locked" "--lock -n" "--locked --dry-run"; do
    # shellcheck disable=SC2086 # words
    quietly v.yaml $options
    is "$options: exit 2" "$status:$out" "2:"
    like "in one line that ends with what to do" "$err" '^lmpipe: error: --[^;]*; .*'
done
lmpipe run - --lock <v.yaml
"$LMPIPE" run - --lock <v.yaml >.out 2>.err
is "standard input has none" "$?:$(cat .out)" "2:"
like "in one line" "$(cat .err)" '^lmpipe: error: a spec on standard input has no lock file; '

# --- what is pinned --------------------------------------------------------------------------------
lmpipe run v.yaml --lock
is "locked by hits" "$status:$(executed)" "0:"
like "a note says so" "$err" 'wrote v\.lock: 0 stages changed, 3 new, 0 gone$'
of() { # STAGE.PORT: its digest as `cat` gives it
    "$LMPIPE" cat v.yaml "$1" | sha256sum | cut -c1-64
}
is "the whole file" "$(cat v.lock)" "lmpipe-lock 1

corpus out.corpus sha256:$(of corpus.corpus)
corpus source.tiny sha256:$(sha256sum <tiny.txt | cut -c1-64)
corpus uses download $("$LMPIPE" stages download | sed -n '1s/.*version \([0-9]*\).*/\1/p')

text out.card sha256:$(of text.card)
text out.sources sha256:$(of text.sources)
text out.text sha256:$(of text.text)
text uses clean $("$LMPIPE" stages clean | sed -n '1s/.*version \([0-9]*\).*/\1/p')

vocab out.vocab sha256:$(of vocab.vocab)
vocab uses bpe $("$LMPIPE" stages bpe | sed -n '1s/.*version \([0-9]*\).*/\1/p')"
cp v.lock good.lock
old v.lock
lmpipe run v.yaml --lock
untouched "equal content leaves it untouched" v.lock
like "and a note says so" "$err" 'v\.lock says all of it already$'
quietly v.yaml --locked
is "held to it by hits" "$status:$(in_state hit)" "0:corpus text vocab"
quietly v.yaml --locked --store elsewhere
is "and by execution" "$status:$(executed)" "0:corpus text vocab"
mkdir -p "$LM_WORK/far/artifacts"
cp v.yaml tiny.txt "$LM_WORK/far/"
(cd "$LM_WORK/far" && "$LMPIPE" run v.yaml -j 1 --progress none --until text --lock >/dev/null && "$LMPIPE" run v.yaml --lock --progress none >/dev/null)
is "no order, place or history is in it" "$(cat "$LM_WORK/far/v.lock")" "$(cat good.lock)"

# --- what differs ------------------------------------------------------------------------------------
old artifacts/v/vocab
sed -i '/^text out.card/s/sha256:..../sha256:0000/' v.lock
quietly v.yaml --locked -S v=290
refused "another hit" 'v\.yaml:6:3' "text\.card: is sha256 [0-9a-f]{12}, and v\.lock pins sha256 0000[0-9a-f]{8}; accept it with 'lmpipe run v\.yaml --lock'$"
is "nothing downstream ran" "$(executed):$(in_state failed):$(in_state skipped)" ":text:vocab"
untouched "nothing was published" artifacts/v/vocab
lmpipe exp show last
is "the run is on record" "$status" 0
like "with its exit status" "$(lmpipe exp list --json; echo "$out")" '"exit_code": ?6'
cp good.lock v.lock
lmpipe plan v.yaml -S v=290
like "what was refused before had not begun" "$out" '^run +vocab'
quietly v.yaml --locked -S v=290
refused "another result" 'v\.yaml:7:3' 'vocab\.vocab: is sha256 [0-9a-f]{12}, and v\.lock pins sha256 [0-9a-f]{12}; '
untouched "nothing of it was published" artifacts/v/vocab
sed 's/documents: unindented/documents: line/; s/experiment: v/experiment: w/' v.yaml >w.yaml
cp good.lock w.lock
quietly w.yaml --locked -k -j 2 --store third
is "it stops at the first, whatever -k says" "$status:$(executed):$(in_state failed):$(in_state skipped)" "6:corpus:text:vocab"
rm w.*
is "a plain run goes on with it" "$(quietly v.yaml -S v=290; echo "$status:$(executed)")" "0:"
is "and never touches the lock file" "$(cat v.lock)" "$(cat good.lock)"
quietly v.yaml

sed -i '/^vocab /d' v.lock
quietly v.yaml --locked --store fourth
refused "a stage that is missing" 'v\.yaml:7:3' "vocab: is not in v\.lock; accept it with "
is "before anything runs" "$(executed)" ""
sed 's/^vocab uses bpe .*/vocab uses bpe 99/' good.lock >v.lock
quietly v.yaml --locked --store fourth
refused "another version of a type" 'v\.yaml:7:3' 'vocab: is of type bpe [0-9]+, and v\.lock pins a result of type bpe 99; '
is "before anything runs as well" "$(executed)" ""
sed '/^text out.card/d' good.lock >v.lock
quietly v.yaml --locked
refused "an output that is missing" 'v\.yaml:6:3' 'text\.card: is sha256 [0-9a-f]{12}, and is not in v\.lock; '
sed 's/^text out.card \(.*\)/&\ntext out.caret \1/' good.lock >v.lock
quietly v.yaml --locked
refused "one that there is not" 'v\.yaml:6:3' 'text: has no out\.caret, which v\.lock pins; '
cp good.lock v.lock
printf '\nthird uses bpe 1\n' >>v.lock
quietly v.yaml --locked
is "a stage that the spec has no more holds nothing up" "$status" 0
cp good.lock v.lock

# --- sources -------------------------------------------------------------------------------------------
cp tiny.txt was.txt
echo more >>tiny.txt
quietly v.yaml --locked
refused "an edited source" 'v\.yaml:5:64' "corpus\.sources\.0\.path: is sha256 $(sha256sum <tiny.txt | cut -c1-12), and v\.lock pins sha256 $(sha256sum <was.txt | cut -c1-12); "
is "before anything runs" "$(executed):$(in_state failed)" ":corpus"
lmpipe run v.yaml --lock
is "accepted" "$status:$(executed)" "0:corpus text vocab"
like "all of it is new" "$err" 'wrote v\.lock: 3 stages changed, 0 new, 0 gone$'
quietly v.yaml --locked
is "and held" "$status" 0
cp was.txt tiny.txt
quietly v.yaml --lock
is "back again: the same bytes" "$(cat v.lock)" "$(cat good.lock)"

pin=$(sha256sum <tiny.txt | cut -c1-64)
sed "s/path: tiny.txt/path: tiny.txt, sha256: $pin/; s/experiment: v/experiment: p/" v.yaml >p.yaml
quietly p.yaml --lock
like "a pinned file's digest is there" "$(cat p.lock)" "^corpus source\.tiny sha256:$pin$"
echo more >>tiny.txt
quietly p.yaml
is "a hit hides that a pinned file was edited" "$status:$(executed)" "0:"
like "with a warning" "$err" '^lmpipe: warning: p\.yaml:5:'
quietly p.yaml --locked
refused "--locked sees it" 'p\.yaml:5:[0-9]+' "corpus\.sources\.0\.sha256: 'tiny\.txt' has another sha256 by now, .*; restore the file or correct sha256$"
quietly p.yaml --locked --store fifth
refused "without a result, too" 'p\.yaml:5:[0-9]+' "corpus\.sources\.0\.sha256: 'tiny\.txt' has another sha256"
is "nothing ran" "$(executed)" ""
sed -i "s/$pin/$(sha256sum <tiny.txt | cut -c1-64)/" p.yaml
quietly p.yaml --locked
refused "a pin that was edited with its file" 'p\.yaml:5:64' "corpus\.sources\.0\.path: is sha256 $(sha256sum <tiny.txt | cut -c1-12), and p\.lock pins sha256 ${pin:0:12}; "
cp was.txt tiny.txt
sed 's/{name: tiny, path: tiny.txt}/&, {name: more, path: was.txt}/; s/experiment: v/experiment: q/' v.yaml >q.yaml
cp v.lock q.lock
quietly q.yaml --locked
refused "another source" 'q\.yaml:5:[0-9]+' 'corpus\.sources\.1\.path: is sha256 [0-9a-f]{12}, and is not in q\.lock; '
mkdir -p tok
cp "$LM_TEST_DATA/tokenizers/pairs.json" tok/t.json
printf 'lmpipe: 1\nexperiment: import\nstages:\n  v: {uses: bpe, with: {import: {path: tok/t.json}}}\n' >i.yaml
quietly i.yaml --lock
like "of other types, too" "$(cat i.lock)" "^v source\.import sha256:$(sha256sum <tok/t.json | cut -c1-64)$"
quietly i.yaml --locked
is "held" "$status" 0
rm -f ./?.yaml ./?.lock
spec
cp good.lock v.lock

# --- an address that nothing pins -------------------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout key.pem -out cert.pem 2>/dev/null
mkdir served
cp tiny.txt served/t.txt
(cd served && exec openssl s_server -WWW -accept 0 -key ../key.pem -cert ../cert.pem) >served.log 2>&1 </dev/null &
server=$!
for _ in $(seq 100); do
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' served.log)
    [ -n "$port" ] && break
    sleep 0.05
done
cat >u.yaml <<END
lmpipe: 1
experiment: u
stages:
  corpus:
    uses: download
    with:
      ca_file: cert.pem
      retries: 0
      sources: [{name: far, url: "https://localhost:$port/t.txt", allow_unpinned: true}]
  text: {uses: clean, in: {corpus: corpus}, with: {documents: unindented}}
END
quietly u.yaml --lock
is "from an address that nothing pins" "$status" 0
like "what it gave is pinned" "$(cat u.lock)" "^corpus source\.far sha256:$pin$"
quietly u.yaml --locked --store sixth
is "it gives the same" "$status:$(executed)" "0:corpus text"
echo more >>served/t.txt
quietly u.yaml --locked
is "a hit asks nobody" "$status:$(executed)" "0:"
quietly u.yaml --locked --store seventh
refused "it gives something else" 'u\.yaml:9:[0-9]+' "corpus\.sources\.0\.url: is sha256 $(sha256sum <served/t.txt | cut -c1-12), and u\.lock pins sha256 ${pin:0:12}; "
is "nothing downstream ran" "$(executed):$(in_state failed):$(in_state skipped)" ":corpus:text"
cp u.lock full.lock
sed -i '/ source\./d' u.lock
quietly u.yaml --locked
is "a lock file from a result that did not know it holds the outputs" "$status" 0
kill "$server"
cp full.lock u.lock
rm -f ./?.yaml ./?.lock
spec
cp good.lock v.lock

# --- gates, failures ------------------------------------------------------------------------------------------
printf 'gates: [{metric: text.documents, max: 1}]\n' >>v.yaml
quietly v.yaml --locked
is "as locked, and a gate fails" "$status" 4
sed -i 's/^vocab out.*/vocab out.vocab sha256:'"$pin"'/' v.lock
quietly v.yaml --locked
is "not as locked comes first" "$status" 6
lmpipe run v.yaml --lock
is "a failed gate is no failed stage: the lock file is written" "$status:$(cat v.lock)" "4:$(cat good.lock)"
spec
gzip -c tiny.txt | head -c 1000 >cut.gz
printf '  bad: {uses: download, with: {sources: [{name: x, path: cut.gz}]}}\n' >>v.yaml
sed -i '/^vocab/d' v.lock
old v.lock
lmpipe run v.yaml --lock -k
is "a stage that fails" "$status:$(in_state failed)" "1:bad"
untouched "the lock file stays as it was" v.lock
like "and that is said" "$err" 'v\.lock stays as it was: 1 stage has no result$'
lmpipe run v.yaml vocab --lock
is "what can be locked is named" "$status:$(cat v.lock)" "0:$(cat good.lock)"
sed -n 's/^corpus /bad /p' good.lock | sed "s/tiny .*/x sha256:$(sha256sum <cut.gz | cut -c1-64)/" >>v.lock
quietly v.yaml --locked -k
is "a stage that fails is no stage that differs" "$status" 1
spec
cp good.lock v.lock
sed -i '/^vocab/d' v.lock
old v.lock
lmpipe run v.yaml --lock --store ninth --deadline 0.001
is "a run that was stopped" "$status" 75
untouched "changes nothing" v.lock
like "and says so" "$err" 'v\.lock stays as it was: [123] stages? (have|has) no result$'
cp good.lock v.lock

# --- CI: what an earlier run left is not this one's ---------------------------------------------------------
cp good.lock v.lock
quietly v.yaml --locked --ci
is "as locked" "$status" 0
ok "published" test -e artifacts/v/vocab
sed -i 's/^vocab out.*/vocab out.vocab sha256:'"$pin"'/' v.lock
quietly v.yaml --locked --ci
is "not as locked" "$status" 6
ok "nothing is left for a job to take for its own" not test -e artifacts/v/vocab
like "a failed case" "$(cat artifacts/v/junit-run.xml)" '<testcase classname="v\.stages" name="vocab" [^>]*><failure message="vocab\.vocab: is sha256 '
like "in run.json as well" "$(cat artifacts/v/run.json)" '"exit_code": 6'
GITHUB_ACTIONS=true lmpipe run v.yaml --locked --ci
is "one annotation" "$(grep -c '^::error ' <<<"$out$err")" 1
like "at its place" "$(grep '^::error ' <<<"$out$err")" '^::error file=v\.yaml,line=7,.*vocab\.vocab: is sha256 '

# --- damaged, merged, of another time: said before anything runs -----------------------------------------------
damaged() { # N SAID < CONTENT
    cat >"damaged.$1"
    for option in --lock --locked; do
        cp "damaged.$1" v.lock
        old v.lock
        quietly v.yaml "$option" --store eighth
        is "damaged $1, $option: exit 2" "$status:$out" "2:"
        like "damaged $1, $option: says what to do" "$err" "^lmpipe: error: v\.lock$2.*; .*"
        untouched "damaged $1, $option: stays as it is" v.lock
    done
}
damaged 1 ': is empty' </dev/null
damaged 2 ':1:1: is no line' <v.yaml
damaged 3 ':3:1: is no line' < <(head -c 100 good.lock | head -c 60)
damaged 4 ': is of another lmpipe: its format is 7' < <(sed 's/^lmpipe-lock 1/lmpipe-lock 7/' good.lock)
damaged 5 ':5:1: a merge left this marker' < <(head -4 good.lock; printf '<<<<<<< HEAD\n=======\n>>>>>>> b\n')
damaged 6 ': says of vocab\.out\.vocab both' < <(cat good.lock; grep '^vocab out' good.lock | sed 's/:..../:0000/')
damaged 7 ':1:1: is no line' < <(head -c 3000 /bin/sh)
rm v.lock
mkdir v.lock
for option in --lock --locked; do
    quietly v.yaml "$option"
    is "a folder in its place, $option: exit 2" "$status:$out" "2:"
    like "says so" "$err" '^lmpipe: error: v\.lock: is no file; '
done
rmdir v.lock

# --- links, line ends, names, folders ----------------------------------------------------------------------------
mkdir kept view
cp good.lock kept/pinned
sed -i '/^vocab/d' kept/pinned
ln -s kept/pinned v.lock
quietly v.yaml --lock
is "a linked lock file is written where it lies" "$(readlink v.lock):$(cat kept/pinned)" "kept/pinned:$(cat good.lock)"
quietly v.yaml --locked
is "and read" "$status" 0
rm kept/pinned
for option in --lock --locked; do
    quietly v.yaml "$option"
    is "a link that leads nowhere, $option: exit 2" "$status" 2
    like "says so" "$err" '^lmpipe: error: v\.lock: is a link that leads nowhere; '
done
rm v.lock
cp good.lock v.lock
ln -s ../v.yaml view/other.yaml
quietly view/other.yaml --locked
is "a linked spec has the lock file of what it leads to" "$status" 0
sed -i '/^vocab/d' v.lock
quietly view/other.yaml --locked
refused "and names it" '[^ ]*v\.yaml:7:3|view/other\.yaml:7:3' "vocab: is not in $PWD/v\.lock; "
cd view || exit 1
quietly ../v.yaml --locked
refused "from elsewhere by its way from here" '\.\./v\.yaml:7:3' "vocab: is not in \.\./v\.lock; accept it with 'lmpipe run \.\./v\.yaml --lock'$"
cd .. || exit 1
sed 's/$/\r/' good.lock >v.lock
old v.lock
quietly v.yaml --lock
untouched "lines that end as on Windows say the same" v.lock
quietly v.yaml --locked
is "and hold the same" "$status" 0
sed -i '/^vocab/d' v.lock
quietly v.yaml --lock
is "they end so in what is written, too" "$(cat v.lock)" "$(sed 's/$/\r/' good.lock)"
rm v.lock
sed 's/experiment: v/experiment: plain/' v.yaml >plain
sed 's/experiment: v/experiment: yml/' v.yaml >w.yml
quietly plain --lock --until corpus
quietly w.yml --lock --until corpus
ok "STEM is the name without .yaml or .yml" test -e plain.lock -a -e w.lock
chmod 777 . artifacts artifacts/*
mkdir ro
cp plain ro/v.yaml
cp tiny.txt ro/
chmod 555 ro
# Somebody else may not reach the build folder, or find the worker from it.
if setpriv --reuid 65534 --regid 65534 --clear-groups "$LMPIPE" doctor 2>/dev/null | grep -q '^worker .*/'; then
    mkdir nobody
    chmod 777 nobody "$LM_WORK"
    setpriv --reuid 65534 --regid 65534 --clear-groups "$LMPIPE" run ro/v.yaml --lock --store nobody/store --progress none >.out 2>.err
    is "a read-only folder: exit 3" "$?" 3
    like "and what to do, before anything runs" "$(cat .out .err)" '^lmpipe: error: ro/v\.lock: cannot be written, .*; nothing was run$'
fi
rm -rf plain* w.* ro

# --- a part of the spec, -S, a sweep ---------------------------------------------------------------------------------
cat >s.yaml <<'END'
lmpipe: 1
experiment: s
stages:
  corpus: {uses: download, with: {sources: [{name: tiny, path: tiny.txt}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: unindented}}
  vocab: {uses: bpe, in: {text: text}, with: {vocab_size: "${matrix.v}"}}
matrix: {v: [280, 290, 300, 310]}
END
ids() { # of a lock file, in its order
    sed -n 's/^\([^ ]*\) uses .*/\1/p' "$1" | paste -sd ' '
}
quietly s.yaml --lock
is "an instance is a block, by its id" "$status:$(ids s.lock)" "0:corpus text vocab@v=280 vocab@v=290 vocab@v=300 vocab@v=310"
cp s.lock whole.lock
rm s.lock
quietly s.yaml --lock --shard 1/2
is "a shard locks its own" "$(ids s.lock)" "corpus text vocab@v=280 vocab@v=300"
quietly s.yaml --locked --shard 1/2
is "and is held to it" "$status" 0
quietly s.yaml --locked --shard 2/2
refused "others are not in it" 's\.yaml:6:3' 'vocab@v=290: is not in s\.lock; '
quietly s.yaml --lock --shard 2/2
is "joined with the others it is that of all" "$(cat s.lock)" "$(cat whole.lock)"
rm s.lock
for i in 1 2 3 4; do
    "$LMPIPE" run s.yaml --lock --shard $i/4 --progress none >/dev/null 2>&1 &
    jobs[i]=$!
done
for i in 1 2 3 4; do
    wait "${jobs[i]}"
done
is "four at once lose nothing" "$(cat s.lock)" "$(cat whole.lock)"
sed -i 's/, 310\]/]/' s.yaml
old s.lock
quietly s.yaml --lock 'vocab@v=280'
untouched "a target alone removes nothing" s.lock
quietly s.yaml --lock -S 'matrix.v=[280]'
untouched "neither does -S" s.lock
quietly s.yaml --lock --until text
untouched "nor --until" s.lock
quietly s.yaml --lock -S 'matrix.v=[280, 320]'
is "-S adds what it ran" "$(ids s.lock)" "corpus text vocab@v=280 vocab@v=290 vocab@v=300 vocab@v=310 vocab@v=320"
lmpipe run s.yaml --lock
is "the whole spec removes what it has no more" "$(ids s.lock)" "corpus text vocab@v=280 vocab@v=290 vocab@v=300"
like "and says so" "$err" 'wrote s\.lock: 0 stages changed, 0 new, 2 gone$'
sed -i '/^vocab@v=290 out/s/:..../:0000/' s.lock
quietly s.yaml --locked
refused "an instance that differs" 's\.yaml:6:3' 'vocab@v=290\.vocab: is sha256 '
is "the others are what they were" "$(in_state hit):$(in_state failed)" "corpus text vocab@v=280 vocab@v=300:vocab@v=290"
quietly s.yaml --locked 'vocab@v=280'
is "one that was not asked for is not looked at" "$status" 0

# --- a training that diverged has a result; best of some ------------------------------------------------------------------
sed -e '/^  report:/,$d' -e 's/^vars:.*/vars: {vocab: 320, steps: 6}/' -e 's/lr: 3.0e-3$/lr: "${matrix.lr}"/' -e 's/experiment: tiny/experiment: d/' \
    -e 's/warmup: 5/warmup: 1\n      clip: 0\n      on_divergence: record/' -e 's/in: {model: model, tokens: tokens}\(.*\)/&/' tiny.yaml >d.yaml
sed -i '/^  samples:/,$s/model: model/model: {best: model, by: scores.valid.bpb, mode: min}/' d.yaml
printf 'matrix: {lr: [1.0e-3, 1.0e+9]}\n' >>d.yaml
quietly d.yaml --lock
is "locked with an instance that diverged" "$status:$(ids d.lock)" \
    "0:corpus model@lr=0.001 model@lr=1000000000 samples scores@lr=0.001 scores@lr=1000000000 text tokens vocab"
quietly d.yaml --locked --store tenth -j 2
is "and held, executed again" "$status:$(executed | wc -w)" "0:9"

# --- git ---------------------------------------------------------------------------------------------------------------
lmpipe lock merge a b
is "lock merge takes three files" "$status" 2
for bad in "missing v.lock v.lock" "v.lock v.lock missing" "v.yaml v.lock v.lock" "v.lock v.lock damaged.5" "v.lock v.lock ." "v.lock /dev/null v.lock"; do
    cp good.lock v.lock
    old v.lock
    # shellcheck disable=SC2086 # words
    lmpipe lock merge $bad
    is "lock merge $bad: exit 2" "$status:$out" "2:"
    like "with an error line" "$err" '^lmpipe: error: '
    untouched "nothing is written" v.lock
done
mkdir repo
cd repo || exit 1
mkdir artifacts
cp ../tiny.txt .
cat >g.yaml <<'END'
lmpipe: 1
experiment: g
vars:
  a: 280

  # apart, so that git merges what is changed here

  b: 290

  # apart

  c: 300
stages:
  corpus: {uses: download, with: {sources: [{name: tiny, path: tiny.txt}]}}
  text: {uses: clean, in: {corpus: corpus}, with: {documents: unindented}}

  # apart

  tri: {uses: bpe, in: {text: text}, with: {vocab_size: "${c}"}}

  # apart

  two: {uses: bpe, in: {text: text}, with: {vocab_size: "${b}"}}

  # apart

  one: {uses: bpe, in: {text: text}, with: {vocab_size: "${a}"}}
END
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_EDITOR=true
git init -q -b main .
git config user.name T
git config user.email t@example.org
# The lines of docs/formats/lock.md.
echo '*.lock merge=lmpipe' >>.gitattributes
git config merge.lmpipe.name 'lmpipe lock files'
git config merge.lmpipe.driver "'$LMPIPE' lock merge %O %A %B"
echo artifacts >.gitignore
locked() { # MESSAGE: lock and commit
    quietly g.yaml --lock
    git add -A
    git commit -qm "$1"
}
locked base
git checkout -qb left
sed -i 's/a: 280/a: 281/' g.yaml
printf '  new: {uses: bpe, in: {text: text}, with: {vocab_size: 270}}\n' >>g.yaml
locked left
git checkout -qb right main
sed -i 's/b: 290/b: 291/; /^  tri:/d' g.yaml
locked right
is "each has its own" "$(git diff --name-only left right | paste -sd ' ')" "g.lock g.yaml"
git merge -q -m both left >../said 2>&1
is "git merges them" "$?" 0
is "stage by stage" "$(ids g.lock)" "corpus new one text two"
is "ours is as we had it" "$(grep '^two' g.lock)" "$(git show 'right^1:g.lock' | grep '^two')"
is "theirs is as they had it" "$(grep '^one' g.lock)" "$(git show left:g.lock | grep '^one')"
quietly g.yaml --locked
is "what came of it holds" "$status:$(executed)" "0:"
git checkout -qb onto main
sed -i 's/c: 300/c: 301/' g.yaml
locked onto
git checkout -q left
git rebase -q onto >../said 2>&1
is "rebased" "$?:$(ids g.lock)" "0:corpus new one text tri two"
is "and the lock file is that of the whole" "$(grep '^tri' g.lock)" "$(git show onto:g.lock | grep '^tri')"
quietly g.yaml --locked
is "which holds, too" "$status:$(executed)" "0:"
git checkout -qb mine main
sed -i 's/a: 280/a: 282/' g.yaml
locked mine
git checkout -qb yours main
sed -i 's/a: 280/a: 283/; s/b: 290/b: 292/' g.yaml
locked yours
git merge -m both mine >../said 2>&1
like "what both sides changed is said" "$(cat ../said)" "^lmpipe: warning: one was changed on both sides, and not alike: it is not in the lock file now; 'lmpipe run SPEC --lock' pins it again$"
is "and dropped" "$(ids g.lock)" "corpus text tri two"
git checkout -q --ours g.yaml
quietly g.yaml --locked
refused "so --locked names it" 'g\.yaml:[0-9]+:3' 'one: is not in g\.lock; '
quietly g.yaml --lock
is "and --lock pins it" "$status:$(ids g.lock)" "0:corpus one text tri two"
quietly g.yaml --locked
is "again" "$status" 0
git add -A
git commit -qm both

done_testing
