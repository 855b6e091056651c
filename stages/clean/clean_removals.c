#include "clean_removals.h"

#include "base/json.h"

enum lm_status clean_removals_open(struct clean_removals *out, const char *path, struct lm_err *err)
{
    lm_buf_init(&out->line, 0);
    return lm_jsonl_create(&out->writer, path, err);
}

static void put_bound(struct lm_json_writer *writer, const char *name, double bound)
{
    if (bound == bound)
        lm_json_member_double(writer, name, bound);
}

static void put_told(struct lm_json_writer *writer, const struct lm_language_told *told)
{
    lm_json_key(writer, "languages");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < LM_LANGUAGES_TOLD && told->codes[i][0] != '\0'; i++)
        lm_json_member_double(writer, told->codes[i], told->shares[i]);
    lm_json_close(writer, '}');
}

static void put_like(struct lm_json_writer *writer, const struct clean_drop *drop,
                     const struct clean_like *like)
{
    char hex[LM_DIGEST_HEX];
    lm_json_member_double(writer, "value", like->value);
    if (like->of == NULL)
        return;
    lm_digest_hex(hex, like->of);
    lm_json_member_double(writer, "min", drop->near->threshold);
    lm_json_member_string(writer, "like", hex);
}

enum lm_status clean_removals_put(struct clean_removals *removals, const struct clean_drop *drop,
                                  const struct clean_item *item, const struct clean_like *like,
                                  const char *source, const char *member, const void *text,
                                  size_t size, struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf *line = &removals->line;
    if (removals->writer == NULL)
        return LM_OK;
    lm_buf_clear(line);
    lm_json_begin(&writer, line, false);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "rule", drop->name);
    if (drop->rule != NULL) {
        lm_json_member_double(&writer, "value", item->outcome.value);
        put_bound(&writer, "min", drop->rule->min);
        put_bound(&writer, "max", drop->rule->max);
        put_bound(&writer, "length", drop->rule->length);
    }
    if (drop->language != NULL) {
        lm_json_member_double(&writer, "value", item->share);
        lm_json_member_double(&writer, "min", drop->language->min);
        put_told(&writer, &item->told);
    }
    if (like != NULL)
        put_like(&writer, drop, like);
    lm_json_member_string(&writer, "source", source);
    lm_json_member_string(&writer, "file", member);
    if (item->piece.line > 0)
        lm_json_member_int(&writer, "line", (int64_t)item->piece.line);
    lm_json_key(&writer, "text");
    lm_json_put_bytes(&writer, text, size);
    lm_json_close(&writer, '}');
    LM_TRY(lm_buf_status(line, err));
    return lm_jsonl_put_line(removals->writer, line->data, line->size, err);
}

enum lm_status clean_removals_finish(struct clean_removals *removals, struct lm_err *err)
{
    struct lm_jsonl_writer *writer = removals->writer;
    removals->writer = NULL;
    lm_buf_release(&removals->line);
    return writer != NULL ? lm_jsonl_finish(writer, err) : LM_OK;
}

void clean_removals_abandon(struct clean_removals *removals)
{
    lm_jsonl_abandon(removals->writer);
    removals->writer = NULL;
    lm_buf_release(&removals->line);
}
