# bash completion for lmpipe: the program says what may stand at the cursor (cli/complete.c).
_lmpipe_paths() { # OPTIONS of compgen: adds to `candidates` what `tail` may become
    compopt -o filenames
    mapfile -t -O ${#candidates[@]} candidates < <(compgen "$@" -- "$tail")
}

_lmpipe() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() i piece
    # What the user typed as words: bash has cut them also at = : @.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $rest == [[:blank:]]* ]]; then
            words+=("")
            rest=${rest#"${rest%%[![:blank:]]*}"}
        fi
        ((i == COMP_CWORD)) && piece=$rest
        words[-1]+=$piece
        rest=${rest#"$piece"}
    done
    local typed=${words[-1]} program=${words[0]/#\~/$HOME} line
    words=("${words[@]//[\'\"\\]/}") # what the program is asked about: without quotes
    # Of the word that is completed bash replaces what follows the last place where it cuts, and an @ there.
    local tail=${typed##*["$COMP_WORDBREAKS"]}
    local cut=${typed%"$tail"} candidates=() IFS=$'\n'
    [[ $cut == *@ ]] && cut=${cut%@} tail=@$tail
    [[ $typed == "${words[-1]}" ]] || cut='' tail=${words[-1]}
    while read -r line; do
        case $line in
        :files) _lmpipe_paths -f ;;
        :folders) _lmpipe_paths -d ;;
        :specs) _lmpipe_paths -f -X '!*.yaml' && _lmpipe_paths -f -X '!*.yml' && _lmpipe_paths -d ;;
        *)
            line=${line%%$'\t'*}
            [[ $line == *= ]] && compopt -o nospace
            candidates+=("${line#"$cut"}")
            ;;
        esac
    done < <("$program" __complete "${words[@]:1}" 2>/dev/null)
    COMPREPLY=("${candidates[@]}")
}
complete -F _lmpipe lmpipe
