#include "clean_positive.h"

#include <string.h>

#include "base/io.h"
#include "clean_bytes.h"
#include "data/jsonl.h"
#include "data/shards.h"
#include "text/json_field.h"

struct reading {
    struct lm_ctx *ctx;
    clean_positive_fn *take;
    void *user;
};

static enum lm_status hand_over(const struct reading *own, const void *text, size_t size,
                                struct lm_err *err)
{
    if (lm_ctx_cancelled(own->ctx))
        return lm_fail(err, LM_CANCELLED, "stopped while reading examples; run again");
    return own->take(own->user, text, size, err);
}

/* ---- files ---- */

static enum lm_status wrong(const char *path, const char *what, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT,
                   "classifier.positive: %s %s; name text or JSON lines with a member \"text\", or "
                   "connect the text of a clean stage that reads it to " CLEAN_POSITIVE_PORT,
                   path, what);
}

static enum lm_status read_records(const struct reading *own, struct clean_bytes *bytes,
                                   const char *path, struct lm_err *err)
{
    struct lm_json_records records = {
        .walk = {.text = (const char *)bytes->data, .size = bytes->size}};
    for (;;) {
        struct lm_json_field field;
        size_t at, size;
        bool is_end = false;
        if (!lm_json_records_next(&records, &at, &size, &is_end))
            return wrong(path, "is no sound JSON", err);
        if (is_end)
            return LM_OK;
        lm_json_field_take(&field, bytes->data + at, size, "text");
        if (field.wrong != NULL || field.text == NULL)
            return wrong(path, field.wrong != NULL ? field.wrong : "has a record without a text",
                         err);
        LM_TRY(hand_over(own, field.text, field.size, err));
    }
}

static bool ends_in(const char *path, const char *end)
{
    size_t size = strlen(path), own = strlen(end);
    return size > own && strcmp(path + size - own, end) == 0;
}

static enum lm_status read_file(const struct reading *own, const char *path, struct lm_err *err)
{
    struct clean_bytes bytes = {.data = NULL};
    enum lm_status status = clean_bytes_open(&bytes, path, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "classifier.positive");
    if (ends_in(path, ".jsonl") || ends_in(path, ".ndjson") || ends_in(path, ".json"))
        status = read_records(own, &bytes, path, err);
    else if (bytes.size > 0 && memchr(bytes.data, '\0', bytes.size) != NULL)
        status = wrong(path, "is not text", err);
    else
        status = hand_over(own, bytes.data, bytes.size, err);
    clean_bytes_close(&bytes);
    return status;
}

static enum lm_status read_path(const struct reading *own, const char *path, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(own->ctx);
    struct lm_names names = {0};
    if (!lm_path_is_dir(path))
        return read_file(own, path, err);
    LM_TRY(lm_dir_walk(&names, NULL, arena, path, err));
    for (size_t i = 0; i < names.count; i++) {
        const char *file = lm_path_join(arena, path, names.items[i]);
        if (file == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for examples; free some");
        LM_TRY(read_file(own, file, err));
    }
    return LM_OK;
}

/* ---- texts of other stages ---- */

static enum lm_status read_shards(const struct reading *own, struct lm_jsonl_reader *reader,
                                  struct lm_err *err)
{
    struct lm_jsonl_document document;
    bool is_end = false;
    LM_TRY(lm_jsonl_next(reader, &document, &is_end, err));
    while (!is_end) {
        LM_TRY(hand_over(own, document.text, document.size, err));
        LM_TRY(lm_jsonl_next(reader, &document, &is_end, err));
    }
    return LM_OK;
}

static enum lm_status read_text(const struct reading *own, const char *folder, struct lm_err *err)
{
    struct lm_shards shards;
    struct lm_jsonl_reader *reader = NULL;
    LM_TRY(lm_shards_find(&shards, lm_ctx_arena(own->ctx), folder, "train", err));
    LM_TRY(lm_jsonl_open_shards(&reader, shards.paths, shards.count, err));
    enum lm_status status = read_shards(own, reader, err);
    lm_jsonl_close(reader);
    return status;
}

enum lm_status clean_positive_each(const struct clean_classifier_params *params, struct lm_ctx *ctx,
                                   clean_positive_fn *take, void *user, struct lm_err *err)
{
    const struct reading own = {ctx, take, user};
    const char *const *paths = params->positive.items;
    for (size_t i = 0; i < lm_ctx_input_count(ctx, CLEAN_POSITIVE_PORT); i++)
        LM_TRY(read_text(&own, lm_ctx_input_at(ctx, CLEAN_POSITIVE_PORT, i), err));
    for (size_t i = 0; i < params->positive.count; i++)
        LM_TRY(read_path(&own, paths[i], err));
    return LM_OK;
}
