#!/bin/bash
# Starting costs nothing: the light program loads no heavy library, neither linked nor at run time.
. "$(dirname "$0")/lib.sh"
command -v readelf >/dev/null || skip_all "readelf is not there"
sanitized && skip_all "a sanitizer loads libraries of its own"

heavy='curl|openblas|lmdb|archive|pcre2|utf8proc|xml2|libstdc'
needed=$(readelf -d "$LMPIPE" | grep NEEDED)
unlike "the program needs no heavy library" "$needed" "$heavy"
build=$(dirname "$(dirname "$LMPIPE")")/CMakeCache.txt
for library in crypto yaml jansson xxhash; do
    [ -e "$build" ] && grep -q "^LM_ARCHIVE_$library:FILEPATH=/" "$build" &&
        unlike "lib$library is linked into it" "$needed" "lib$library"
done
fresh light
lmpipe run tiny.yaml --progress none
is "a run" "$status" 0
for verb in "run tiny.yaml" "plan tiny.yaml" "why tiny.yaml model" "check tiny.yaml"; do
    # shellcheck disable=SC2086 # words
    loaded=$(LD_DEBUG=files "$LMPIPE" $verb 2>&1 >/dev/null | grep 'calling init')
    like "$verb: loads libc" "$loaded" 'libc\.so'
    unlike "$verb: loads nothing heavy" "$loaded" "$heavy"
    unlike "$verb: starts no worker when all is up to date" "$loaded" "openblas"
done
done_testing
