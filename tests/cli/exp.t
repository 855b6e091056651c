#!/bin/bash
# Recorded runs: what they are called, what is told of them, baselines.
. "$(dirname "$0")/lib.sh"

json() { # FILE PYTHON-EXPRESSION over `d`
    python3 -c "import json,sys; d = json.load(open(sys.argv[1])); print($2)" "$1"
}

fresh exp
lmpipe run tiny.yaml --progress none
is "a run" "$status" 0
id=$(basename "$(ls -d artifacts/store/runs/2*)")

# --- baselines ---
lmpipe exp export last -o base.json
is "exp export: one file, nothing printed" "$status:$out:$err" "0::"
is "its version and experiment" "$(json base.json 'd["lmpipe_baseline"], d["experiment"]')" "1 tiny"
is "stages with metrics, sorted" "$(json base.json '",".join(s["stage"] for s in d["stages"])')" \
    "corpus,model,samples,scores,text,tokens,vocab"
of() {
    json base.json "[s for s in d['stages'] if s['stage'] == 'scores'][0]$1"
}
is "what metrics are of" "$(of "['of'].keys()")" "dict_keys(['corpus', 'model', 'text', 'tokens', 'vocab'])"
is "by digest" "$(of "['of']['vocab']")" "sha256:$("$LMPIPE" cat tiny.yaml vocab.vocab | sha256sum | cut -c1-64)"
"$LMPIPE" cat tiny.yaml scores.scores >scores.json
is "metrics have the bits of the scores" \
    "$(python3 -c "import json
a = json.load(open('scores.json'))
b = [s for s in json.load(open('base.json'))['stages'] if s['stage'] == 'scores'][0]['metrics']
print(all(a[k] == v for k, v in b.items()), 'valid.bpb' in b)")" "True True"
"$LMPIPE" cat tiny.yaml scores.items/valid.jsonl >valid.jsonl
is "items are those of the artifact, in columns" \
    "$(python3 -c "import json
a = sorted((json.loads(l) for l in open('valid.jsonl')), key=lambda r: r['id'])
b = [s for s in json.load(open('base.json'))['stages'] if s['stage'] == 'scores'][0]['items']['valid']
print(len(a) > 1, all([r[k] for r in a] == b[k] for k in ('id', 'nll', 'bytes', 'score', 'tokens')))")" "True True"

cp base.json other.json
fresh again
lmpipe run tiny.yaml --progress none --threads 1
lmpipe exp export tiny.yaml -o base.json
ok "equal results give equal bytes" cmp -s base.json ../exp/base.json
cd ../exp || exit 1

for name in "$id" "${id:0:12}" last last~0 tiny.yaml ./tiny.yaml "$PWD/tiny.yaml"; do
    rm -f other.json
    lmpipe exp export "$name" -o other.json
    ok "a run is called $(basename "$name")" cmp -s base.json other.json
done
lmpipe exp export lsat -o other.json
is "an unknown name: exit 2 and the nearest" "$status:$err" "2:lmpipe: error: no run 'lsat'; did you mean 'last'?"
lmpipe exp export "${id%y}z" -o other.json
is "an id that was meant" "$status:$err" "2:lmpipe: error: no run '${id%y}z'; did you mean '$id'?"
lmpipe exp export last~1 -o other.json
is "there is no run before" "$status:$err" "2:lmpipe: error: no run 'last~1': 1 are recorded; see 'lmpipe exp list'"
lmpipe exp export tiny.txt -o other.json
is "a file without runs" "$status" 2
like "says so" "$err" 'tiny\.txt has no recorded run'
lmpipe exp export last
is "-o is needed" "$status" 2
lmpipe exp export last -o none/other.json
is "where it cannot be written: exit 3" "$status" 3
(cd / && "$LMPIPE" exp export "$LM_WORK/exp/tiny.yaml" -o "$LM_WORK/far.json")
ok "the store of a spec, from anywhere" cmp -s base.json "$LM_WORK/far.json"
lmpipe exp export last -o other.json --store nowhere
is "no store there: exit 3" "$status" 3

done_testing
