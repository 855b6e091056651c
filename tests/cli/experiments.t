#!/bin/bash
# The specs in experiments/ are sound, can be planned, and what does not fit is refused.
. "$(dirname "$0")/lib.sh"

cd "$LM_WORK" || exit 1
cp -r "$LM_SOURCE/experiments" . && mkdir artifacts
mkdir -p data/english-novels data/zh-classical data/tinyshakespeare
export LMPIPE_DATA=$LM_WORK/data
mkdir -p data/british-fiction data/eval/tasks data/peps data/html/1 data/warc
echo text >data/peps/pep-1.rst && echo '<p>text' >data/html/1/source.html && echo >data/warc/whirlwind.warc
for name in sst2 sick_similarity multi30k_en_de; do echo '{}' >data/eval/tasks/$name.jsonl; done
for book in ABronte_Agnes Austen_Emma CBronte_Professor; do echo text >data/british-fiction/$book.txt; done
for name in novels/one.txt novels/two.txt; do echo text >"data/english-${name}"; done
for spec in experiments/*.yaml; do
    lmpipe check "$spec"
    like "check $(basename "$spec")" "$status:$out" "^0:$spec: ok, [0-9]+ stages\$"
    stages=$(grep -oE '[0-9]+ stages' <<<"$out")
    lmpipe plan "$spec"
    is "plan $(basename "$spec"): a line a stage" "$(wc -l <<<"$out") stages" "$stages"
    unlike "LMPIPE_DATA does not show" "$out" "$LM_WORK"
done
lmpipe plan experiments/gpt2-124m.yaml
like "GPT-2 small: its parameters" "$out" '124,439,808 parameters'
like "its operations" "$out" '8\.5e\+18 FLOP'
like "its memory" "$out" '[0-9]+ MiB of memory'
lmpipe run experiments/gpt2-124m.yaml -S steps=5
if [ "$(awk '/MemTotal/ {print $2}' /proc/meminfo)" -lt 40000000 ]; then
    is "what exceeds the machine is refused" "$status:$out" "2:"
    like "before anything ran" "$err" 'nothing was run'
fi
unset LMPIPE_DATA
lmpipe check experiments/novels.yaml
is "without LMPIPE_DATA: exit 2" "$status" 2
like "said plainly" "$err" 'LMPIPE_DATA is not set'
lmpipe check experiments/shakespeare.yaml
is "a mirror below LMPIPE_DATA is optional" "$status:$err" "0:"
done_testing
