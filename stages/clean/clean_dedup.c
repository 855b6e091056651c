#include "clean_dedup.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

struct clean_compared clean_compared_of(const struct clean_dedup_params *params)
{
    const char *const *exact = params->exact.items;
    struct clean_compared out = {.same = params->same};
    for (size_t i = 0; i < params->exact.count; i++) {
        out.document = out.document || strcmp(exact[i], "document") == 0;
        out.paragraph = out.paragraph || strcmp(exact[i], "paragraph") == 0;
        out.line = out.line || strcmp(exact[i], "line") == 0;
    }
    return out;
}

/* ---- units ---- */

static enum lm_status add_unit(struct clean_units *units, const struct lm_exact_unit *unit,
                               bool is_paragraph, struct lm_err *err)
{
    struct clean_unit *items = lm_grow(units->items, &units->capacity, units->count, sizeof *items);
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to find duplicates; free some");
    units->items = items;
    units->items[units->count++] = (struct clean_unit){*unit, is_paragraph};
    return LM_OK;
}

/* A paragraph, or the whole text where paragraphs are not compared, and its lines. */
static enum lm_status add_paragraph(struct clean_units *out, const struct clean_compared *compared,
                                    const uint8_t *text, size_t size, size_t *at,
                                    struct lm_buf *scratch, struct lm_err *err)
{
    struct lm_exact_unit unit = {.at = *at, .size = size - *at, .is_blank = true};
    if (compared->paragraph)
        LM_TRY(lm_exact_next(&unit, text, size, *at, true, scratch, err));
    LM_TRY(add_unit(out, &unit, true, err));
    size_t end = *at + unit.size;
    while (compared->line && *at < end) {
        LM_TRY(lm_exact_next(&unit, text, end, *at, false, scratch, err));
        LM_TRY(add_unit(out, &unit, false, err));
        *at += unit.size;
    }
    *at = end;
    return LM_OK;
}

enum lm_status clean_units_find(struct clean_units *out, const struct clean_compared *compared,
                                const uint8_t *text, size_t size, struct lm_err *err)
{
    struct lm_buf scratch;
    enum lm_status status = LM_OK;
    lm_buf_init(&scratch, 0);
    if (compared->document)
        status = lm_exact_unit(&out->document, text, size, &scratch, err);
    bool has_parts = compared->paragraph || compared->line;
    for (size_t at = 0; has_parts && at < size && status == LM_OK;)
        status = add_paragraph(out, compared, text, size, &at, &scratch, err);
    lm_buf_release(&scratch);
    return status;
}

void clean_units_release(struct clean_units *units)
{
    free(units->items);
    *units = (struct clean_units){.items = NULL};
}

/* ---- what was met ---- */

void clean_dedup_begin(struct clean_dedup *out, const struct clean_compared *compared,
                       const char *folder, size_t memory)
{
    const bool used[] = {compared->same, compared->document, compared->paragraph, compared->line};
    struct lm_digest_set *const sets[] = {&out->bytes, &out->documents, &out->paragraphs,
                                          &out->lines};
    size_t count = 0;
    *out = (struct clean_dedup){.compared = *compared};
    for (size_t i = 0; i < 4; i++)
        count += used[i];
    for (size_t i = 0; i < 4; i++)
        *sets[i] = (struct lm_digest_set){.folder = folder, .most = memory / (count ? count : 1)};
}

static enum lm_status meet_unit(struct lm_digest_set *set, const struct lm_exact_unit *unit,
                                uint32_t *source, bool *is_new, struct lm_err *err)
{
    *is_new = true;
    return unit->is_blank ? LM_OK : lm_digest_set_add(set, &unit->digest, source, is_new, err);
}

enum lm_status clean_dedup_document(struct clean_dedup *dedup, const struct clean_units *units,
                                    uint32_t *source, bool *is_new, struct lm_err *err)
{
    *is_new = true;
    return dedup->compared.document
               ? meet_unit(&dedup->documents, &units->document, source, is_new, err)
               : LM_OK;
}

enum lm_status clean_dedup_parts(struct clean_dedup *dedup, const struct clean_units *units,
                                 struct lm_buf *text, bool *is_changed, struct lm_err *err)
{
    size_t kept = 0, before = text->size;
    uint32_t any = 0;
    bool is_new = true, is_line_new = true;
    *is_changed = false;
    if (units->count == 0)
        return LM_OK;
    for (size_t i = 0; i < units->count; i++) {
        const struct clean_unit *item = &units->items[i];
        if (item->is_paragraph) {
            LM_TRY(meet_unit(&dedup->paragraphs, &item->unit, &any, &is_new, err));
            dedup->dropped_paragraphs += !is_new;
        } else if (is_new) {
            LM_TRY(meet_unit(&dedup->lines, &item->unit, &any, &is_line_new, err));
            dedup->dropped_lines += !is_line_new;
        }
        bool is_whole = item->is_paragraph != dedup->compared.line;
        if (!is_whole || !is_new || (!item->is_paragraph && !is_line_new))
            continue;
        memmove(text->data + kept, text->data + item->unit.at, item->unit.size);
        kept += item->unit.size;
    }
    text->size = kept;
    text->data[kept] = '\0';
    dedup->dropped_bytes += (int64_t)(before - kept);
    *is_changed = kept != before;
    return LM_OK;
}

enum lm_status clean_dedup_bytes(struct clean_dedup *dedup, const struct lm_digest *digest,
                                 uint32_t *source, bool *is_new, struct lm_err *err)
{
    *is_new = true;
    return dedup->compared.same ? lm_digest_set_add(&dedup->bytes, digest, source, is_new, err)
                                : LM_OK;
}

void clean_dedup_release(struct clean_dedup *dedup)
{
    lm_digest_set_release(&dedup->bytes);
    lm_digest_set_release(&dedup->documents);
    lm_digest_set_release(&dedup->paragraphs);
    lm_digest_set_release(&dedup->lines);
}
