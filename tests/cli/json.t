#!/bin/bash
# --json: what docs/json.md says of every command is what is printed; errors are none.
. "$(dirname "$0")/lib.sh"

page=$LM_SOURCE/docs/json.md
form_of() { # < JSON: "form | members", as the page has it
    python3 -c 'import json, sys
text = sys.stdin.read()
def members(rows):
    return " ".join(dict.fromkeys("`" + key + "`" for row in rows for key in row))
try:
    value = json.loads(text)
    print(f"array | {members(value)}" if isinstance(value, list) else f"object | {members([value])}")
except ValueError:
    print(f"lines | {members(json.loads(line) for line in text.splitlines())}")'
}

sorted() { tr ' ' '\n' | sort | tr '\n' ' '; }

fresh json
lmpipe run tiny.yaml --progress none
lmpipe exp tag first last
rows=$(sed -n 's/^| `\(.*\)` | \(.*\) |$/\1 => \2/p' "$page")
while IFS= read -r row; do
    run=${row%% => *}
    # shellcheck disable=SC2086 # words
    lmpipe ${run//SPEC/tiny.yaml}
    is "$run" "$status $(form_of <<<"$out" 2>&1 | tail -1 | sorted)" "0 $(sorted <<<"${row#* => }")"
done <<<"$rows"

# Every command that takes --json stands there.
"$LMPIPE" --help | awk '/^commands:/ {on = 1; next} /^$/ {on = 0} on {print substr($0, 3, 16)}' | sed 's/ *$//' |
    while read -r command; do
        # shellcheck disable=SC2086
        "$LMPIPE" $command --help | grep -q -- '--json' && ! grep -q "^| \`$command " "$page" && echo "$command"
    done >missing.txt
is "no command with --json is missing" "$(cat missing.txt)" ""

lmpipe plan tiny.yaml modle --json
is "an error is a line on stderr, nothing on stdout" "$status:$out:$err" \
    "2::lmpipe: error: tiny.yaml has no stage 'modle'; did you mean 'model'?"
printf 'lmpipe: 1\nexperiment: x\nstages: {a: {uses: trian}}\n' >bad.yaml
lmpipe check bad.yaml --json
is "what check finds is its result" "$status:$(python3 -c 'import json, sys
found = json.load(sys.stdin)
print(found["ok"], *[(f["kind"], f["line"], "train" in f["text"]) for f in found["findings"]])' <<<"$out")" \
    "2:False ('error', 3, True)"
lmpipe check nothing.yaml --json
is "but not a file that is not there" "$status:$out" "2:"
lmpipe cat tiny.yaml model.log --json
is "cat --json of one file: exit 2" "$status:$out" "2:"
done_testing
