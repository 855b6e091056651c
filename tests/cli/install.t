#!/bin/bash
# Installed under any prefix the program finds its worker, and works.
# shellcheck disable=SC2317 # functions are called through `ok`
. "$(dirname "$0")/lib.sh"
command -v cmake >/dev/null || skip_all "cmake is not there"
build=$(dirname "$(dirname "$LMPIPE")")
[ -e "$build/CMakeCache.txt" ] || skip_all "not run from a build folder"

prefix="$LM_WORK/a prefix"
program=$LMPIPE
ok "cmake --install" cmake --install "$build" --prefix "$prefix"  >"$LM_WORK/install.log"
ok "bin/lmpipe" test -x "$prefix/bin/lmpipe"
ok "libexec/lmpipe/lmpipe-worker" test -x "$prefix/libexec/lmpipe/lmpipe-worker"
ok "headers" test -e "$prefix/include/lmpipe/model.h"
LMPIPE="$prefix/bin/lmpipe"
fresh installed
lmpipe run tiny.yaml --until tokens --progress none
is "a run from there" "$status" 0
lmpipe doctor
like "the worker is the installed one" "$out" "^worker +.*a prefix/"
ln -s "$prefix/bin/lmpipe" link
LMPIPE=./link
lmpipe plan tiny.yaml --until tokens --check
is "also through a link" "$status" 0

# The model core alone, by pkg-config, from C, outside of the tree.
cache() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
compiler=$(cache CMAKE_C_COMPILER)
flags=-std=c17
LMPIPE=$program sanitized && flags="-std=c17 -fsanitize=address,undefined"

core() { PKG_CONFIG_PATH="$pc" pkg-config "$@" lmpipe-model; }

# Builds NAME from NAME.c with what pkg-config says, and with MORE.
build_program() { # NAME [MORE]
    eval "$compiler $flags $1.c -o $1 $(core --cflags) ${2:-} $(core --libs)" 2>"$1.log" ||
        { sed 's/^/# /' "$1.log"; return 1; }
}

if command -v pkg-config >/dev/null && command -v "$compiler" >/dev/null; then
    pc=$(dirname "$(find "$prefix" -name lmpipe-model.pc)")
    cat >core.c <<'C'
#include <lmpipe/model.h>
int main(void)
{
    struct lm_model_config config = {.vocab = 50257, .context = 1024, .layers = 12, .heads = 12, .width = 768};
    struct lm_model *model = NULL;
    struct lm_model_config tiny = {.vocab = 8, .context = 4, .layers = 1, .heads = 1, .width = 8};
    struct lm_model_options options = {0};
    if (lm_model_create(&model, &tiny, &options, NULL) != LM_OK)
        return 1;
    lm_model_free(model);
    return lm_model_parameters(&config) == 124439808 ? 0 : 1;
}
C
    cat >ids.c <<'C'
#include <lmpipe/tokenizer.h>
int main(int argc, char **argv)
{
    struct lm_vocab *vocab = NULL;
    struct lm_err err = {0};
    const struct lm_vocab_source source = {.path = argv[argc - 1]};
    const int32_t *ids;
    size_t count = 0;
    if (lm_vocab_import(&vocab, &source, &err) != LM_OK)
        return 1;
    struct lm_encoder *encoder = lm_encoder_create(vocab);
    bool is_good = encoder != NULL && lm_encode(encoder, "abcd", 4, &ids, &count, NULL) == LM_OK;
    lm_encoder_free(encoder);
    lm_vocab_free(vocab);
    return is_good && count == 1 ? 0 : 1;
}
C
    ok "a program with a model builds" build_program core
    ok "and runs" ./core
    ok "one with a vocabulary builds" build_program ids
    ok "and runs" ./ids "$LM_TEST_DATA/tokenizers/pair"
    for name in train complete score; do
        cp "$LM_SOURCE/docs/programs/$name.c" .
        ok "docs/programs/$name.c builds" build_program "$name"
    done
    whole=$(core --libs-only-l | grep -o -- '-llmpipe_[a-z]*' | tr '\n' ' ')
    ok "nothing of the archives is left without a home" \
        build_program core "-L'$(dirname "$pc")' -Wl,--whole-archive $whole -Wl,--no-whole-archive"
    head -c 3000 "$LM_TEST_DATA/tiny.txt" >text
    ok "train, from there" ./train text model 3
    ok "score" ./score model text
    ok "complete" ./complete model "The "
fi
done_testing
