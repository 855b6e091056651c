# A page of docs/ whose blocks are run, in order, in a folder of its own, so that it cannot rot.
#   ```yaml   first line `# FILE`: becomes FILE; `# in FILE`: replaces its keys of the first level
#   ```python first line `# FILE`: becomes FILE
#   ```sh     each line is a command; a comment `# exit N` or `# exit N or M` at its end is its status, else 0
#   ```text   below commands: each line is among what they printed, `…` stands for anything
# Other blocks and what stands in tables are other tools' words.
# shellcheck shell=bash
# shellcheck disable=SC2154 # status, out and err are of lib.sh
bin=$(dirname "$LMPIPE")
PATH=$bin:$PATH

blocks() { # PAGE: block.N.KIND for each block, in order
    awk '/^```/ && open { open = 0; close(file); next }
         /^```/         { open = 1; file = sprintf("block.%03d.%s", ++n, substr($0, 4)); printf "" >file; next }
         open           { print >file }' "$1"
}

write_spec() { # BLOCK
    local head name keys
    read -r head <"$1"
    name=${head##* }
    if [[ $head == "# in "* ]]; then
        keys=$(sed -n 's/^\([a-z]*\):.*/\1/p' "$1" | tr '\n' ' ')
        awk -v keys="$keys" 'BEGIN { split(keys, k, " "); for (i in k) gone[k[i]] }
            /^[a-z]+:/ { key = $0; sub(/:.*/, "", key); skip = key in gone }
            !skip' "$name" >"$name.new"
        sed 1d "$1" >>"$name.new"
        mv "$name.new" "$name"
    else
        cp "$1" "$name"
    fi
    lmpipe check "$name"
    is "$page: $name" "$status" 0
    [ "$status" = 0 ] || echo "# $err"
}

run_commands() { # BLOCK: each line, appended to commands; $printed is what they print
    local line wanted got
    : >printed
    while IFS= read -r line; do
        [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
        wanted=0
        [[ $line =~ '# exit '([0-9]+( or [0-9]+)*)$ ]] && wanted=${BASH_REMATCH[1]}
        got=0
        bash -c "$line" >one 2>&1 </dev/null || got=$?
        cat one >>printed
        printf '%s\n' "$line" >>commands
        [[ " $wanted " == *" $got "* ]] || sed 's/^/# /' one
        is "$page: $line" "$([[ " $wanted " == *" $got "* ]] && echo "$wanted" || echo "$got")" "$wanted"
    done <"$1"
    tr -d '\0' <printed | tr -s ' ' | sed 's/^ //; s/ $//' >squeezed
}

# shellcheck disable=SC2317 # called by ok
printed_line() { # PATTERN: some line of the output matches
    local line
    while IFS= read -r line; do
        # shellcheck disable=SC2053 # a pattern
        [[ $line == $1 ]] && return 0
    done <squeezed
    sed 's/^/# /' squeezed
    return 1
}

find_lines() { # BLOCK
    local line
    while IFS= read -r line; do
        ok "$page: prints $line" printed_line "$(tr -s ' ' <<<"$line" | sed 's/[][\\*?]/\\&/g; s/…/*/g')"
    done <"$1"
}

run_page() { # FILE
    page=$(basename "$1" .md)
    mkdir "$LM_WORK/$page" && cd "$LM_WORK/$page" || exit 1
    blocks "$1"
    : >commands
    for block in block.*; do
        case $block in
        *.yaml) write_spec "$block" ;;
        *.python) cp "$block" "$(sed -n '1s/^# //p' "$block")" ;;
        *.sh) run_commands "$block" ;;
        *.text) find_lines "$block" ;;
        *) ok "$page: $block is yaml, python, sh or text" false ;;
        esac
    done
    ok "$page: has commands" test -s commands
}
