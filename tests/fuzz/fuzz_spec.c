/* Hostile specs: any bytes give diagnostics or a spec. Seeds: experiments/, tests/specs/bad/. */
#include <lmpipe/pipeline.h>

#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lm_spec_options options = {.types = lm_stage_table};
    struct lm_arena *arena = lm_arena_create();
    struct lm_spec *spec = NULL;
    struct lm_diags diags = {NULL, 0, 0};
    struct lm_err err;
    struct fuzz_file file;
    fuzz_file_open(&file, data, size);
    enum lm_status status = lm_spec_load(&spec, &diags, arena, file.path, &options, &err);
    if ((status == LM_OK) != (spec != NULL) || (status == LM_INVALID && diags.errors == 0))
        __builtin_trap();
    fuzz_file_close(&file);
    lm_arena_free(arena);
    return 0;
}
