#!/bin/bash
# Who may include whom (ARCHITECTURE.md), one door a library, and what each floor may call.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bad=0
complain() {
    echo "floors: $*"
    bad=1
}

# --- quoted includes: FOLDER, and the first path components it may name ---------
# Without a slash, an include must lie in the file's own folder (or in an extra one).
allow() {
    local folder=$1 floors=$2 extra=${3:-} file line text name place
    while IFS=: read -r file line text; do
        [[ $file == *.[ch] && $text =~ \"([^\"]*)\" ]] || continue
        name=${BASH_REMATCH[1]}
        case $name in
        *.inc) continue ;; # data, generated beside the build
        */*) [[ " $floors " == *" ${name%%/*} "* ]] && continue ;;
        *) for place in "${file%/*}" $extra; do
               [ -e "$place/$name" ] && continue 2
           done ;;
        esac
        complain "$file:$line: \"$name\" is not for this floor"
    done < <(git grep -nE '^ *# *include *"' -- "$folder")
}
allow core/base "base"
allow core/gguf "base gguf"
allow core/page "base page"
allow core/yaml "base yaml"
allow core/param "base yaml param"
allow core/task "base yaml task"
allow core/stats "base stats"
allow core/text "base text"
allow core/corpus "base text corpus"
allow core/web "base text web"
allow core/tokenizer "base gguf text tokenizer"
allow core/data "base data"
allow core/model "base gguf model"
allow core/compare "base page stats compare"
allow core/differ "base data model differ"
allow protocol "base param protocol"
allow pipeline/spec "base yaml param spec"
allow pipeline/store "base protocol store"
allow pipeline/plan "base page compare yaml param spec store protocol plan"
allow pipeline/runs "base page yaml compare param spec store plan runs"
allow pipeline/exec "base param spec store plan runs protocol exec"
allow stages "base yaml task page stats compare text corpus web tokenizer data model"
allow worker "base param protocol text web tokenizer differ worker"
allow cli/heavy "base page yaml text web" "cli cli/heavy worker"
allow ":(glob)cli/*" "base page yaml" "cli cli/heavy worker"

# --- the promise: siblings and libc only --------------------------------------------
libc='assert|ctype|errno|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string'
while IFS=: read -r file line text; do
    [[ $text =~ \<lmpipe/(model/)?[a-z_]+\.h\> || $text =~ \<($libc)\.h\> ]] ||
        complain "$file:$line: a public header may include siblings and libc only:$text"
done < <(grep -n '^ *# *include' include/lmpipe/*.h include/lmpipe/*/*.h)

# --- one door a library ---------------------------------------------------------------
door() {
    local header=$1 floor=$2 users
    users=$(git grep -lE "^ *# *include *<$header>" -- core protocol pipeline stages cli worker plugins include)
    [ "$(wc -w <<<"$users")" -le 1 ] || complain "<$header> has several doors: ${users//$'\n'/ }"
    for user in $users; do
        [[ $user == "$floor"/* ]] || complain "$user: <$header> belongs into $floor"
    done
}
door 'openssl/[a-z]*\.h' core/base
door 'jansson\.h' core/base
door 'xxhash\.h' core/base
door 'yaml\.h' core/yaml
door 'lmdb\.h' core/data
door 'zstd\.h' core/data
door 'cblas\.h' core/model/kernels
door 'pcre2\.h' core/tokenizer
door 'utf8proc\.h' core/text
door 'curl/curl\.h' stages/download
door 'archive\.h' stages/download
door 'zlib\.h' core/web
door 'libxml/[A-Za-z]*\.h' core/web
door 'iconv\.h' core/text
door 'cld2/[a-z_/]*\.h' plugins
while read -r file; do
    [[ $file == core/model/kernels/* ]] || complain "$file: intrinsics live in core/model/kernels"
done < <(git grep -lE '^ *# *include *<[a-z]*intrin\.h>' -- core protocol pipeline stages cli worker include)

# --- what is called where ---------------------------------------------------------------
banned() {
    local pattern=$1 why=$2
    shift 2
    while IFS= read -r hit; do
        complain "${hit%%:*}:$(cut -d: -f2 <<<"$hit"): $why"
    done < <(git grep -nE "(^|[^a-zA-Z0-9_.>])($pattern) *\(" -- "$@" | grep -vE ':[0-9]+: *(/?\*|//)')
}
everywhere=('core/*.c' 'protocol/*.c' 'pipeline/*.c' 'stages/*.c' 'cli/*.c' 'worker/*.c')
below=('core/*.c' 'protocol/*.c' 'pipeline/*.c' 'stages/*.c')
banned 'sprintf|vsprintf|strcpy|strcat|strtok|atoi|atol|atof|rand|srand|gets|system|popen|localtime|gmtime|ctime|asctime|setlocale|tmpnam|alloca' \
    "a banned function" "${everywhere[@]}"
banned 'getenv|secure_getenv|setenv|putenv' "the environment is read in cli/ and worker/ only" "${below[@]}"
banned 'exit|abort|printf|puts|putchar|perror' "only cli/ and worker/ print or exit" "${below[@]}"
banned 'expf?|logf?|log2f?|powf?|tanhf?|sinf?|cosf?|erff?' \
    "libm is not the same on every machine; use core/base/elem.h" 'core/*.c' 'stages/*.c'

exit "$bad"
