#!/bin/bash
# kill -9 of a runner with hundreds of small stages, whose results become durable in batches: at
# whatever moment it dies, a record that can be seen has its objects, and the next run completes.
#
#   kill_many.t [KILLS]   default: 4; the campaign: 40. LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/../cli/lib.sh"

kills=${1:-4}
chains=60 # of two stages
seed=${LM_FAULT_SEED:-$$}
RANDOM=$seed
store=artifacts/store

many() { # NAME: a fresh experiment of many short chains
    mkdir -p "$LM_WORK/$1/artifacts" "$LM_WORK/$1/in"
    cd "$LM_WORK/$1" || exit 1
    local i
    {
        printf 'lmpipe: 1\nexperiment: many\nstages:\n'
        for ((i = 0; i < chains; i++)); do
            printf '  c%d: {uses: download, with: {sources: [{name: a, path: in/%d.txt}]}}\n' $i $i
            printf '  t%d: {uses: clean, in: {corpus: c%d}, with: {documents: {by: line}, split: {by: position}}}\n' $i $i
            printf 'the text of number %d\n' {1..9}"$i" >in/$i.txt
        done
    } >many.yaml
}

# Objects that a visible record names and that are not there, or not what they are called.
unsound() {
    find $store/actions -type f ! -name '*.tmp.*' -exec awk '/^file / && length($2) == 64 { print $2 }' {} + | sort -u |
        while read -r object; do
            path=$store/objects/${object:0:2}/${object:2}
            [ "$(sha256sum <"$path" 2>/dev/null | cut -c1-64)" = "$object" ] || echo "$object"
        done
}

records() {
    find $store/actions -type f ! -name '*.tmp.*' 2>/dev/null | wc -l
}

many undisturbed
start=$(date +%s%N)
lmpipe run many.yaml --progress none
is "an undisturbed run" "$status:$(executed | wc -w)" "0:$((2 * chains))"
length=$((($(date +%s%N) - start) / 1000000))
echo "# $length ms undisturbed; LM_FAULT_SEED=$seed"

landed=0
between=0
round=0
for ((done = 0; done < kills; done++)); do
    [ "$round" -gt 0 ] || many "store$done"
    before=$(records)
    exec 3>&2 2>/dev/null
    "$LMPIPE" run many.yaml --progress none >out.txt 2>err.txt </dev/null &
    runner=$!
    delay=$((RANDOM * length / 32768 / (round + 1)))
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
    kill -9 $runner
    status=0
    wait $runner || status=$?
    exec 2>&3 3>&-
    after=$(records)
    landed=$((landed + (status == 137)))
    between=$((between + (status == 137 && after > before && after < 2 * chains)))
    is "killed after $delay ms with $after records, $before before: each has its objects" "$(unsound)" ""
    round=$((round + 1))
    [ $round = 3 ] || [ $status = 0 ] || continue
    lmpipe run many.yaml --progress none
    did=$(executed)
    is "the next run completes" "$status:$(in_state hit | wc -w)" "0:$((2 * chains - $(executed | wc -w)))"
    is "with all records, and their objects" "$(records):$(unsound)" "$((2 * chains)):"
    # A run that finds all of it done, killed as it was when nothing but its leftovers was left to do, sweeps nothing.
    [ -n "$did" ] || "$LMPIPE" run many.yaml -f c0 --progress none >/dev/null
    is "and without leftovers" "$(find $store -name '*.tmp.*' -o -path "$store/tmp/*" -o -path "$store/locks/*" ! -name store)" ""
    lmpipe cache verify
    is "and every byte is sound" "$status" 0
    lmpipe run many.yaml --progress none
    is "and leaves nothing to do" "$status:$(executed)" "0:"
    chmod -R u+w . && rm -rf -- "${PWD:?}"/*
    round=0
done
echo "# $landed of $kills kills landed in a run, $between of them among its commits"
ok "at least half of the kills landed" [ $((landed * 2)) -ge "$kills" ]
# A handful may miss the commits, which are a small part of a run.
[ "$kills" -lt 12 ] || ok "some landed among commits" [ "$between" -gt 0 ]
done_testing
