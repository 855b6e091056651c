#include "heavy_gguf.h"

#include <lmpipe/gguf.h>

#include <string.h>

static enum lm_status find_weights(enum lm_dtype *out, const char *name, struct lm_err *err)
{
    for (int i = 0; lm_dtype_names[i] != NULL; i++) {
        if (strcmp(lm_dtype_names[i], name) == 0) {
            *out = (enum lm_dtype)i;
            return LM_OK;
        }
    }
    return lm_fail(err, LM_INVALID, "GGUF keeps no weights as '%s'; take f32, f16 or bf16", name);
}

enum lm_status lm_heavy_gguf_export(const struct lm_heavy_model *model, const char *weights,
                                    const char *path, struct lm_err *err)
{
    enum lm_dtype kind = LM_DTYPE_F32;
    struct lm_gguf_writer *writer = NULL;
    LM_TRY(find_weights(&kind, weights, err));
    LM_TRY(lm_gguf_writer_create(&writer, err));
    enum lm_status status = lm_gguf_put_model(writer, model->model, kind, err);
    if (status == LM_OK && model->vocab != NULL)
        status = lm_gguf_put_vocab(writer, model->vocab, lm_model_config(model->model)->vocab, err);
    if (status == LM_OK)
        status = lm_gguf_write(writer, path, err);
    lm_gguf_writer_free(writer);
    return status;
}

enum lm_status lm_heavy_gguf_import(struct lm_heavy_model *out, const char *path,
                                    const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_heavy_model made = {.name = path, .form = "gguf"};
    struct lm_gguf *gguf = NULL;
    LM_TRY(lm_gguf_open(&gguf, path, err));
    enum lm_status status = lm_gguf_load_model(&made.model, gguf, options, err);
    if (status == LM_OK && lm_gguf_has_vocab(gguf))
        status = lm_gguf_load_vocab(&made.vocab, gguf, err);
    else if (status == LM_OK)
        lm_fail(&made.vocab_error, LM_NOT_FOUND, "%s holds no tokenizer; import it with --vocab",
                path);
    lm_gguf_close(gguf);
    if (status == LM_OK)
        *out = made;
    else
        lm_heavy_model_release(&made);
    return status;
}
