#!/bin/bash
# Downloads as users run them: many at once, killed and interrupted in the middle, lists, tokens, the
# stage's timeout, what is in the key.
#
#   download.t [ROUNDS]    default: 3 kills and an interruption. LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip_all "no python3"

rounds=${1:-4}
seed=${LM_FAULT_SEED:-$$}
RANDOM=$seed
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY https_proxy HTTPS_PROXY

fresh download
mkdir shelf
for i in 1 2 3 4 5 6; do
    head -c 200000 /dev/urandom | base64 -w 60 >"shelf/$i.txt"
done
(cd shelf && sha256sum -- *.txt) >SHA256SUMS

serve() { # LOG RATE: starts a server, sets $port and $server
    rm -f port
    python3 "$LM_SOURCE/tests/cli/range_server.py" shelf port "$1" "$2" </dev/null >/dev/null 2>&1 &
    server=$!
    for _ in $(seq 200); do
        [ -e port ] && break
        sleep 0.05
    done
    port=$(cat port)
}
hang_up() {
    kill "$server" && wait "$server" 2>/dev/null
}
spec() { # LINE…: of the download's `with`
    printf 'lmpipe: 1\nexperiment: d\nstages:\n  corpus:\n    uses: download\n    with:\n' >d.yaml
    printf '      %s\n' "$@" >>d.yaml
}

# --- what is in the key -------------------------------------------------------------------------
key() {
    "$LMPIPE" plan d.yaml --json 2>/dev/null | grep '"key"'
}
pin=$(sha256sum <shelf/1.txt | cut -c1-64)
source="name: a, url: \"https://example.org/a\", sha256: $pin"
spec "sources: [{$source}]"
plain=$(key)
spec "sources: [{$source, unpack: true, auth: {bearer_env: LM_TOKEN}}]" 'parallel: 9' 'per_host: 3' 'max_rate: 1M'
is "parallel, per_host, max_rate and auth are in no key" "$(key)" "$plain"
spec "sources: [{$source, unpack: false}]"
ok "unpack is" not test "$(key)" = "$plain"
echo "https://example.org/1.txt" >urls
spec 'sources: [{name: a, url: "https://example.org/", sums: SHA256SUMS}]'
listed=$(key)
spec 'sources: [{name: a, url: "https://example.com/elsewhere/", sums: SHA256SUMS}]'
is "where the files of sums lie is in no key" "$(key)" "$listed"
spec 'sources: [{name: a, path: shelf, sums: SHA256SUMS}]'
local=$(key)
echo 1 >shelf/new
is "nor what else lies there" "$(key)" "$local"
rm shelf/new
spec 'sources: [{name: a, urls: urls, sums: SHA256SUMS}]'
before=$(key)
echo "https://example.com/1.txt" >>urls
is "nor a list of addresses" "$(key)" "$before"

# --- killed and interrupted in the middle of parallel transfers -----------------------------------
spec 'sources: [{name: a, path: shelf, sums: SHA256SUMS}]'
lmpipe run d.yaml --progress none --store reference
lmpipe cat d.yaml corpus.corpus --store reference
reference=$out

whole() { # names of the files that lie in the store's partial files
    local part name
    for part in store/checkpoints/*/keep/*.part; do
        [ -e "$part" ] || continue
        name=$(sha256sum <"$part" | cut -c1-64)
        grep "^$name" SHA256SUMS | cut -c67-
    done
}
serve log 600000
spec "sources: [{name: a, url: \"http://127.0.0.1:$port/\", sums: SHA256SUMS}]" 'per_host: 4'
: >log
bad=0 landed=0
for round in $(seq "$rounds"); do
    "$LMPIPE" run d.yaml --progress none --store store >/dev/null 2>&1 </dev/null &
    run=$!
    sleep "0.$((RANDOM % 50 + 20))"
    if [ $((round % 3)) = 0 ]; then
        kill -INT $run && landed=$((landed + 1))
    else
        kill -KILL $run && landed=$((landed + 1))
    fi 2>/dev/null
    wait $run 2>/dev/null
    sleep 0.05
    for name in $(whole); do
        printf '%s %s\n' "$name" "$(grep -c "^$name " log)"
    done >there
    cp there "there.$round"
done
lmpipe run d.yaml --progress none --store store
is "after $landed kills the run ends" "$status" 0
lmpipe cat d.yaml corpus.corpus --store store
is "with the same bytes" "$out" "$reference"
for round in $(seq "$rounds"); do
    while read -r name times; do
        [ "$(grep -c "^$name " log)" = "$times" ] || bad=$((bad + 1))
    done <"there.$round"
done
is "what was whole was not asked for again" "$bad" 0
ok "what was cut went on where it ended (seed $seed)" grep -qE ' [1-9]' log
cp log before
lmpipe run d.yaml --progress none --store store
is "and what is stored is not asked for at all" "$(cat log)" "$(cat before)"
hang_up

# --- the stage's timeout ----------------------------------------------------------------------------
serve log 20000
spec "sources: [{name: a, url: \"http://127.0.0.1:$port/1.txt\", sha256: $pin}]"
sed -i 's/^    uses: download/    timeout: 1s\n&/' d.yaml
lmpipe run d.yaml --progress plain --store late
is "a stage's timeout is its deadline" "$status" 1
like "it is told" "$err" 'corpus: took longer than its timeout'
ok "what came is kept" test -s "$(echo late/checkpoints/*/keep/a.part)"
hang_up

# --- progress -------------------------------------------------------------------------------------------
serve log 0
spec "sources: [{name: a, url: \"http://127.0.0.1:$port/\", sums: SHA256SUMS}]" 'max_rate: 1M'
lmpipe run d.yaml --progress json --store told
like "bytes of all files together" "$out$err" '"unit":"bytes","done":[1-9][0-9]+,"total":16[0-9]{5}'

# --- tokens -----------------------------------------------------------------------------------------------
spec 'retries: 0' "sources: [{name: a, url: \"http://127.0.0.1:$port/secret/1.txt\", sha256: $pin, auth: {bearer_env: LM_TOKEN}}]"
export LM_TOKEN=wrong
lmpipe run d.yaml --progress plain --store tokens
is "a token that is not taken" "$status" 1
like "is said so" "$err" 'HTTP status 401 \(the server does not take the token\)'
unset LM_TOKEN
lmpipe run d.yaml --progress plain --store tokens
is "a token that is not there" "$status" 1
like "is named by its variable" "$err" 'sources\.0\.auth\.bearer_env: the environment variable LM_TOKEN is not set'
export LM_TOKEN=t0psecret
lmpipe run d.yaml --progress plain --store tokens
is "the right one" "$status" 0
shown=$out$err
lmpipe config d.yaml --store tokens
shown+=$out$err
lmpipe exp show last --json --store tokens
shown+=$out$err
unlike "is nowhere in what is printed" "$shown" t0psecret
ok "nor in what is kept" not grep -rq t0psecret tokens artifacts d.yaml
unset LM_TOKEN
lmpipe run d.yaml --progress plain --store tokens --offline
is "a stored result needs none" "$status" 0
hang_up

# --- mistakes ---------------------------------------------------------------------------------------------
mistake() { # PATTERN LINE…
    spec "${@:2}"
    lmpipe check d.yaml
    is "refused: $1" "$status" 2
    like "with a word on it" "$err" "$1"
}
mistake 'not a token' 'sources: [{name: a, url: "https://h/a", allow_unpinned: true, auth: {bearer_env: hf_AbCdEfGh}}]'
unlike "which is not shown" "$err" hf_AbCd
mistake 'exactly one of url, path and urls' 'sources: [{name: a, url: "https://h/a", urls: urls, allow_unpinned: true}]'
mistake 'sources\.0\.sha256: is of one file' "sources: [{name: a, urls: urls, sums: SHA256SUMS, sha256: $pin}]"
mistake 'sources\.0\.sums: is missing' 'sources: [{name: a, urls: urls}]'
mistake 'sources\.0\.mirrors: stand in the file' 'sources: [{name: a, urls: urls, sums: SHA256SUMS, mirrors: ["https://h/"]}]'
mistake 'contradicts sums' 'sources: [{name: a, urls: urls, sums: SHA256SUMS, allow_unpinned: true}]'
mistake 'auth: is for locations on the network' 'sources: [{name: a, path: shelf, auth: {bearer_env: X}}]'
mistake 'max_rate' 'max_rate: 10' 'sources: [{name: a, path: shelf}]'
mistake 'parallel' 'parallel: 0' 'sources: [{name: a, path: shelf}]'

done_testing
