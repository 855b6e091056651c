#!/bin/bash
# Verbs, help, mistakes, exit statuses, stdout and stderr.
. "$(dirname "$0")/lib.sh"

lmpipe
is "no verb: exit 2" "$status" 2
is "usage on stderr" "$out" ""
lmpipe --help
is "--help: exit 0" "$status" 0
is "help on stdout" "$err" ""
verbs=$(awk '/^commands:/ {on = 1; next} /^$/ {on = 0} on {print substr($0, 3, 16)}' <<<"$out" | sed 's/ *$//')
is "the verbs" "$(tr '\n' ',' <<<"$verbs")" "run,plan,why,check,config,graph,stages,schema,log,cat,publish,exp list,exp show,exp diff,exp compare,exp tag,exp rm,exp export,model list,model info,model create,model generate,model score,model export,model import,tokenizer info,tokenizer encode,tokenizer decode,tokenizer import,tokenizer export,cache du,cache ls,cache gc,cache clear,cache verify,lock merge,init,doctor,version,"
while read -r verb; do
    # shellcheck disable=SC2086 # a verb may be two words
    lmpipe $verb --help
    is "$verb --help: exit 0" "$status" 0
    like "$verb --help: an example of it" "$(grep -A1 '^example:' <<<"$out")" "^  lmpipe $verb"
    # shellcheck disable=SC2086
    lmpipe $verb --no-such-option
    is "$verb --no-such-option: exit 2" "$status:$out" "2:"
done <<<"$verbs"

lmpipe pln tiny.yaml
is "an unknown command: exit 2" "$status" 2
is "did you mean" "$err" "lmpipe: error: unknown command 'pln'; did you mean 'plan'?"
lmpipe model genrate x
is "of two words" "$err" "lmpipe: error: unknown command 'model genrate'; did you mean 'model generate'?"
lmpipe model
is "half a verb: exit 2" "$status" 2
like "its family is listed" "$err" "lmpipe model generate"
lmpipe help plan
like "help VERB" "$out" '^usage: lmpipe plan SPEC'
lmpipe run --forse x
is "an option that was meant" "$err" "lmpipe: error: run: unknown option '--forse'; did you mean '--force'?"
lmpipe plan
is "too few arguments" "$status:$err" "2:lmpipe: error: plan: too few arguments; usage: lmpipe plan SPEC [STAGE…]"
lmpipe version
is "version" "$status:${out%% *}" "0:lmpipe"
lmpipe version extra
is "too many arguments" "$status" 2

fresh usage
lmpipe check tiny.yaml
is "check: one line" "$status:$out:$err" "0:tiny.yaml: ok, 8 stages:"
lmpipe check nothing.yaml
is "check: no such file" "$status:$out" "2:"
like "is named" "$err" 'nothing\.yaml'
printf 'lmpipe: 1\nexperiment: x\nstages: {a: {uses: trian}}\n' >bad.yaml
lmpipe check bad.yaml
is "check: a bad spec" "$status:$out" "2:"
like "file:line:col, field and suggestion" "$err" "^lmpipe: error: bad\.yaml:3:[0-9]+: .*train"
for verb in plan run config graph; do
    lmpipe $verb bad.yaml
    is "$verb: a bad spec is exit 2, stdout empty" "$status:$out" "2:"
done
lmpipe graph tiny.yaml --format mermaid
like "graph --format mermaid" "$out" 'model'
lmpipe graph tiny.yaml --format dto
like "a choice that was meant" "$err" "'dto' is none of text\|dot\|mermaid; did you mean 'dot'"
lmpipe config tiny.yaml --origin
like "config --origin: where a value is from" "$out" 'tiny\.yaml:[0-9]+'
like "config --origin: what is a default" "$out" 'default'
lmpipe stages
is "stages: a line for each of LM_STAGES" "$(wc -l <<<"$out")" "$(sed -n "s/^set(LM_STAGES \(.*\))\$/\1/p" "$LM_SOURCE/CMakeLists.txt" | wc -w)"
lmpipe stages trian
is "an unknown type" "$status:$err" "2:lmpipe: error: no stage type 'trian'; did you mean 'train'?"
lmpipe stages train
like "stages TYPE: its parameters" "$out" 'lr'
lmpipe schema
like "schema is JSON Schema" "$out" '\$schema'
lmpipe doctor
is "doctor succeeds" "$status" 0
like "names OpenBLAS" "$out" 'openblas'
like "names a kernel path" "$out" '^kernels .*c'
like "measures the peak of each" "$out" ' c +fp32 [0-9]+ GFLOP/s on 1 thread, [0-9]+ on [0-9]+'
like "measures how fast memory is read" "$out" '^memory read [0-9.]+ GB/s on 1 thread, [0-9.]+ on [0-9]+'
lmpipe cache du
is "cache du without a store: exit 3" "$status:$out" "3:"
LMPIPE_THREADS=many "$LMPIPE" run tiny.yaml 2>/dev/null
is "LMPIPE_THREADS is checked" $? 2
LMPIPE_KERNELS=sse "$LMPIPE" run tiny.yaml 2>/dev/null
is "LMPIPE_KERNELS is checked" $? 2
"$LMPIPE" schema >/dev/full 2>/dev/null
is "a full device: exit 3" $? 3
lmpipe run tiny.yaml --store /dev/null/store
is "a store that cannot be: exit 3" "$status" 3
done_testing
