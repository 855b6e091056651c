#include "train_init.h"

#include <string.h>

#include "base/io.h"

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

const char *train_init_folder(const struct lm_ctx *ctx, const struct train_params *params)
{
    const char *port = lm_ctx_input(ctx, "init");
    if (port != NULL)
        return port;
    return given(params->init.path) ? params->init.path : NULL;
}

static enum lm_status digest_in(struct lm_digest *out, const char *folder, const char *name,
                                struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena == NULL ? NULL : lm_path_join(arena, folder, name);
    enum lm_status status = path == NULL ? lm_fail(err, LM_NOMEM, "no memory for a path")
                                         : lm_sha256_file(out, NULL, path, err);
    lm_arena_free(arena);
    return status;
}

enum lm_status train_init_config(struct lm_model_config *out, const char *folder,
                                 const struct train_params *params, struct lm_err *err)
{
    struct lm_digest pin, got;
    if (given(params->init.sha256) && lm_digest_parse(&pin, params->init.sha256)) {
        char hex[LM_DIGEST_HEX];
        LM_TRY(digest_in(&got, folder, "model.safetensors", err));
        lm_digest_hex(hex, &got);
        if (lm_digest_compare(&pin, &got) != 0)
            return lm_fail(err, LM_MISMATCH,
                           "init.sha256: model.safetensors has %s; get the right model or change "
                           "the pin",
                           hex);
    }
    LM_TRY(lm_model_load_config(out, folder, err));
    out->diverged_at = 0; /* what comes of it is another model */
    return LM_OK;
}

enum lm_status train_init_check_vocab(const char *folder, const char *vocab, struct lm_err *err)
{
    struct lm_digest own, other;
    LM_TRY(lm_sha256_file(&other, NULL, vocab, err));
    LM_TRY(digest_in(&own, folder, "vocab", err));
    if (lm_digest_compare(&own, &other) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "init: the model has another vocabulary than tokens; encode the text with "
                       "the model's");
    return LM_OK;
}

/* ---- weights ---- */

static bool has_labels_of(const struct lm_objective *a, const struct lm_objective *b)
{
    bool is_same = a->kind == b->kind && a->label_count == b->label_count;
    for (size_t i = 0; is_same && i < a->label_count; i++)
        is_same = a->labels[i].size == b->labels[i].size &&
                  memcmp(a->labels[i].data, b->labels[i].data, a->labels[i].size) == 0;
    return is_same;
}

enum lm_status train_init_load(struct lm_model **out, const char *folder,
                               const struct lm_model_config *config,
                               const struct lm_model_options *options,
                               const struct lm_objective *objective, struct lm_arena *arena,
                               struct lm_err *err)
{
    struct lm_objective before;
    LM_TRY(lm_objective_load(&before, arena, folder, err));
    const struct lm_tuning tuning = {.labels = config->labels,
                                     .fresh_head = !has_labels_of(&before, objective),
                                     .dropout = config->dropout};
    return lm_model_load_to_tune(out, folder, &tuning, options, err);
}
