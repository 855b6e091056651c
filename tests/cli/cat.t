#!/bin/bash
# cat: artifacts of the current key, byte for byte.
. "$(dirname "$0")/lib.sh"

fresh cat
lmpipe cat tiny.yaml scores.scores
is "nothing yet: exit 1" "$status" 1
is "nothing on stdout" "$out" ""
is "one line on stderr" "$(wc -l <<<"$err")" 1

lmpipe run tiny.yaml --progress none
lmpipe cat tiny.yaml scores.scores
is "a file: exit 0" "$status" 0
like "the flat JSON of scores" "$out" 'valid\.bpb'
lmpipe cat tiny.yaml text.text
is "a folder: its manifest" "$(awk '{print $2}' <<<"$out" | tr '\n' ' ')" "test.jsonl train.jsonl valid.jsonl "
like "digests first" "$out" '^[0-9a-f]{64}  train\.jsonl$'
want=$(awk '$2 == "train.jsonl" {print $1}' <<<"$out")
is "one file of it has that digest" "$("$LMPIPE" cat tiny.yaml text.text/train.jsonl | sha256sum | cut -c1-64)" "$want"
lmpipe cat tiny.yaml tokens.tokens
like "LMDB files go by logical digest" "$out" '^lmdb:[0-9a-f]{64}  data\.mdb$'
lmpipe cat tiny.yaml report.html
"$LMPIPE" cat tiny.yaml report.html >page.html
ok "the published report is the artifact" cmp -s page.html artifacts/tiny/report.html

lmpipe cat tiny.yaml scores.scores -S steps=5
is "another key without a result: exit 1" "$status:$out" "1:"
lmpipe cat tiny.yaml text.text/nothing
is "a file that is not there: exit 1" "$status:$out" "1:"
lmpipe cat tiny.yaml text.text/../../VERSION
is "no way out of the folder" "$status:$out" "1:"
lmpipe cat tiny.yaml scores
is "no port: exit 2" "$status" 2
lmpipe cat tiny.yaml scores.scoers
is "an unknown port: exit 2" "$status" 2
like "did you mean" "$err" "did you mean 'scores'"
lmpipe cat tiny.yaml scoers.scores
is "an unknown stage: exit 2" "$status" 2

"$LMPIPE" cat tiny.yaml model.model/model.safetensors >/dev/full 2>err.txt
is "a full device: exit 3" $? 3
like "said plainly" "$(cat err.txt)" 'standard output'
# A sample can be made again by hand: a prompt is fed as it is by both.
sed 's|with: {max_tokens: 16}|with: {max_tokens: 16, prompts: ["a program"], methods: [{name: greedy, temperature: 0}]}|; s|^experiment: tiny|experiment: prompted|' tiny.yaml >prompted.yaml
lmpipe run prompted.yaml --progress none
lmpipe cat prompted.yaml samples.samples
sampled=$(python3 -c '
import json, sys
for line in sys.stdin:
    line = json.loads(line) if line.strip() else {"kind": ""}
    if line["kind"] == "sample" and line["prompt"]["source"] == "spec":
        print(line["prompt"]["text"] + line["text"])' <<<"$out")
lmpipe model generate prompted.yaml:model.model --prompt "a program" --temperature 0 --tokens 16
is "model generate continues a prompt as sample does" "$out" "$sampled"
done_testing
