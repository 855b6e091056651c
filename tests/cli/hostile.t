#!/bin/bash
# Names and texts that want to do harm: never printed raw, never run.
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2317 # called by ok
raw_controls() { # TEXT: has control characters but newline and tab, or bidi controls
    LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' <<<"$1"
}

fresh hostile
evil=$'ev\x1b[2Jil\xe2\x80\xae $(touch pwned) `touch pwned` ;\n::error::x.txt'
cp tiny.txt "$evil"
mkdir texts
cp tiny.txt "texts/$evil"
# shellcheck disable=SC2016
sed 's|path: tiny.txt|path: "ev\\x1b[2Jil\\u202e $(touch pwned) `touch pwned` ;\\n::error::x.txt"|' tiny.yaml >evil.yaml
ok "the spec names the file" grep -q 'ev.x1b' evil.yaml
lmpipe run evil.yaml --until text
is "a file with such a name is a corpus" "$status" 0
ok "nothing raw on stdout" not raw_controls "$out"
ok "nothing raw on stderr" not raw_controls "$err"
unlike "no CI command" "$out$err" '^ *::'
ok "nothing was run" not test -e pwned
lmpipe why evil.yaml corpus
ok "why prints nothing raw" not raw_controls "$out$err"
lmpipe config evil.yaml --origin
ok "config prints nothing raw" not raw_controls "$out$err"
lmpipe log evil.yaml corpus
ok "log prints nothing raw" not raw_controls "$out$err"

lmpipe check "$evil"
is "a spec of such a name: exit 2" "$status" 2
ok "its errors are harmless" not raw_controls "$err"
unlike "and no CI command" "$err" '^ *::'
lmpipe $'\x1b[31mverb'
ok "a verb is echoed harmlessly" not raw_controls "$err"

printf 'lmpipe: 1\nexperiment: x\n"st\\eages\\u202e": {}\n' >keys.yaml
lmpipe check keys.yaml
is "keys of a spec" "$status" 2
ok "are echoed harmlessly" not raw_controls "$err"
printf 'lmpipe: 1\nexperiment: ../../etc\nstages: {}\n' >up.yaml
lmpipe check up.yaml
is "an experiment is no path" "$status" 2
sed 's|report\.html|../../../escape.html|' tiny.yaml >publish.yaml
lmpipe check publish.yaml
is "publish stays below its folder" "$status" 2

# Text of a corpus that reaches a model's output.
cp tiny.yaml model.yaml
sed -i 's/^experiment: tiny/experiment: model/' model.yaml
lmpipe run model.yaml --progress none
is "a model" "$status" 0
lmpipe model generate model.yaml:model.model --prompt $'::error::\x1b[2J' --tokens 5
is "generate: exit 0" "$status" 0
ok "generate prints nothing raw" not raw_controls "$out"
unlike "generate prints no CI command" "$out" '^ *::'
done_testing
