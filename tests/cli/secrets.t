#!/bin/bash
# User name, password and query of an address are nowhere: not in what is printed, not in what is kept.
. "$(dirname "$0")/lib.sh"

fresh secrets

url='https://alice:s3cretpw@127.0.0.1:1/x.txt?token=t0psecret'
spec() { # SOURCE
    printf 'lmpipe: 1\nexperiment: secrets\nstages:\n  corpus:\n    uses: download\n    with:\n      retries: 0\n      sources: [{name: a, %s}]\n' "$1" >s.yaml
}
shown='' # all that was ever printed
run() { # ARGUMENT…
    lmpipe "$@"
    shown+="$out$err"
}
# shellcheck disable=SC2317 # called by ok
clean() { # TEXT
    ! grep -qE 'alice|s3cret|t0psecret' <<<"$1"
}

spec "url: \"$url\", allow_unpinned: true"
run plan s.yaml
run run s.yaml
is "nobody answers there" "$status" 1
like "the place is named" "$err" 'https://\*\*\*@127\.0\.0\.1:1/x\.txt\?\*\*\*'
run why s.yaml corpus
run why s.yaml corpus --json
run config s.yaml
like "config has the address" "$out" '127\.0\.0\.1:1/x\.txt'
run config s.yaml --origin
run config s.yaml --json
run log s.yaml
run run s.yaml --progress json
run run s.yaml --offline
pin=$(sha256sum <tiny.txt | cut -c1-64)
spec "url: \"${url/x.txt/y.txt}\", mirrors: [\"$url\", \"file://$PWD/tiny.txt\"], sha256: $pin"
run run s.yaml
is "a mirror has it" "$status" 0
run config s.yaml
run why s.yaml corpus
export SECRET_TOKEN=t0psecret SECRET_USER=alice:s3cretpw
spec 'url: "https://${env.SECRET_USER}@127.0.0.1:1/x?${env.SECRET_TOKEN}", allow_unpinned: true'
run run s.yaml
run config s.yaml
ok "nothing secret is printed" clean "$shown"
unset SECRET_TOKEN SECRET_USER

# --- what config prints of them reads back to the same keys, but where the query is in the key ---
keys() {
    "$LMPIPE" plan "$1" --json 2>/dev/null | grep '"key"'
}
mkdir -p printed
for source in "url: \"$url\", sha256: $pin" "url: \"https://h/x\", sha256: $pin, mirrors: [\"$url\"]" \
    'url: "https://alice:s3cretpw@127.0.0.1:1/x.txt", allow_unpinned: true'; do
    spec "$source"
    "$LMPIPE" config s.yaml >printed/s.yaml
    run check printed/s.yaml
    is "printed: accepted" "$status" 0
    like "with a warning" "$err" '^lmpipe: warning: printed/s\.yaml:[0-9]+:[0-9]+: corpus\.sources\.0\.(url|mirrors\.0): .*write it as \$\{env\.NAME\}$'
    is "and of the same keys" "$(keys printed/s.yaml)" "$(keys s.yaml)"
done
spec "url: \"$url\", allow_unpinned: true"
"$LMPIPE" config s.yaml >printed/s.yaml
run check printed/s.yaml
is "printed without a query that is in the key: refused" "$status" 2
export LM_TOKEN=t0psecret
spec 'url: "https://127.0.0.1:1/x.txt?token=${env.LM_TOKEN}", allow_unpinned: true'
"$LMPIPE" config s.yaml >printed/s.yaml
run check printed/s.yaml
is "written as a reference: accepted without a word" "$status:$err" "0:"
is "and of the same keys" "$(keys printed/s.yaml)" "$(keys s.yaml)"
unset LM_TOKEN

# --- mistyped ones ---------------------------------------------------------------------------
shown=''
for bad in "url: \"htps${url#https}\"" "url: \"${url/:\/\//:/}\"" "url: \"${url#https://}\"" "path: \"$url\"" \
    "path: tiny.txt, sha256: \"$url\"" "path: tiny.txt, size: \"$url\"" "url: \"${url/s3cretpw/s3cret\/pw}\"" \
    "url: \"${url/https/ftp}\", allow_unpinned: true" "path: tiny.txt, \"$url\": 1" "url: [\"$url\"]"; do
    spec "$bad"
    run check s.yaml
    is "refused: ${bad%%:*}" "$status" 2
done
spec 'path: tiny.txt'
run run s.yaml -S "corpus.max_files=$url"
ok "nor when mistyped" clean "$shown"

# --- what is kept ------------------------------------------------------------------------------
ok "nothing secret is kept" not grep -rqE 'alice|s3cretpw|t0psecret' artifacts

done_testing
