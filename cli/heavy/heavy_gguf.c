#include "heavy_gguf.h"

#include <lmpipe/gguf.h>

enum lm_status lm_heavy_gguf_export(const struct lm_model *model, const struct lm_vocab *vocab,
                                    enum lm_dtype weights, const char *path, struct lm_err *err)
{
    struct lm_gguf_writer *writer = NULL;
    LM_TRY(lm_gguf_writer_create(&writer, err));
    enum lm_status status = lm_gguf_put_model(writer, model, weights, err);
    if (status == LM_OK && vocab != NULL)
        status = lm_gguf_put_vocab(writer, vocab, lm_model_config(model)->vocab, err);
    if (status == LM_OK)
        status = lm_gguf_write(writer, path, err);
    lm_gguf_writer_free(writer);
    return status;
}

enum lm_status lm_heavy_gguf_import(struct lm_model **model, struct lm_vocab **vocab,
                                    struct lm_err *vocab_error, const char *path,
                                    const struct lm_model_options *options, struct lm_err *err)
{
    struct lm_gguf *gguf = NULL;
    *model = NULL;
    *vocab = NULL;
    LM_TRY(lm_gguf_open(&gguf, path, err));
    enum lm_status status = lm_gguf_load_model(model, gguf, options, err);
    if (status == LM_OK && lm_gguf_has_vocab(gguf))
        status = lm_gguf_load_vocab(vocab, gguf, err);
    else if (status == LM_OK)
        lm_fail(vocab_error, LM_NOT_FOUND, "%s holds no tokenizer; import it with --vocab", path);
    lm_gguf_close(gguf);
    if (status != LM_OK) {
        lm_model_free(*model);
        *model = NULL;
    }
    return status;
}
