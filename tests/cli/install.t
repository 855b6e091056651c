#!/bin/bash
# Installed under any prefix the program finds its worker, and works.
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

# The model core alone, by pkg-config, from C.
if LMPIPE=$program sanitized; then
    echo "# the archives carry a sanitizer: no program is linked with them"
elif command -v pkg-config >/dev/null && command -v cc >/dev/null; then
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
    # shellcheck disable=SC2046
    ok "a C program builds with pkg-config" env PKG_CONFIG_PATH="$pc" sh -c \
        'eval cc -std=c17 core.c -o core $(pkg-config --cflags --libs lmpipe-model)'
    ok "and runs" ./core
fi
done_testing
