#include "model/formats/config_file.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/new_file.h"

enum { CONFIG_MAX = 1 << 20 };

static const struct {
    const char *key;
    size_t offset;
} sizes[] = {
    {"vocab_size", offsetof(struct lm_model_config, vocab)},
    {"n_positions", offsetof(struct lm_model_config, context)},
    {"n_layer", offsetof(struct lm_model_config, layers)},
    {"n_head", offsetof(struct lm_model_config, heads)},
    {"n_embd", offsetof(struct lm_model_config, width)},
};

static const char *const dropouts[] = {"embd_pdrop", "attn_pdrop", "resid_pdrop"};

enum { SIZES = sizeof sizes / sizeof sizes[0], DROPOUTS = sizeof dropouts / sizeof dropouts[0] };

enum lm_status lm_config_file_read(struct lm_model_config *out, const char *path,
                                   lm_config_take_fn *take, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = NULL;
    char *text = NULL;
    size_t size = 0;
    enum lm_status status = arena == NULL
                                ? lm_fail(err, LM_NOMEM, "out of memory for %s", path)
                                : lm_file_read(&text, &size, arena, path, CONFIG_MAX, err);
    if (status == LM_OK) {
        status = lm_json_parse(&root, text, size, err);
        if (status == LM_OK)
            status = take(out, root, err);
        if (status != LM_OK)
            lm_wrap(err, status, "%s", path);
    }
    lm_json_free(root);
    lm_arena_free(arena);
    return status;
}

enum lm_status lm_config_file_write(const char *path, const struct lm_buf *text, struct lm_err *err)
{
    return lm_new_file_write_buf(path, text, LM_NEW_DURABLE, err);
}

void lm_config_put_class(struct lm_json_writer *writer, const char *name)
{
    lm_json_key(writer, "architectures");
    lm_json_open(writer, '[');
    lm_json_put_string(writer, name);
    lm_json_close(writer, ']');
}

void lm_config_put_sizes(struct lm_json_writer *writer, const struct lm_model_config *config)
{
    for (size_t i = 0; i < SIZES; i++)
        lm_json_member_int(writer, sizes[i].key,
                           *(const int64_t *)((const char *)config + sizes[i].offset));
}

void lm_config_take_sizes(struct lm_model_config *out, const struct lm_json *root)
{
    for (size_t i = 0; i < SIZES; i++)
        *(int64_t *)((char *)out + sizes[i].offset) =
            lm_json_int(lm_json_get(root, sizes[i].key), 0);
}

void lm_config_put_dropout(struct lm_json_writer *writer, const struct lm_model_config *config)
{
    for (size_t i = 0; i < DROPOUTS; i++)
        lm_json_member_double(writer, dropouts[i], config->dropout);
}

void lm_config_take_dropout(struct lm_model_config *out, const struct lm_json *root)
{
    out->dropout = lm_json_double(lm_json_get(root, dropouts[DROPOUTS - 1]), 0);
}
