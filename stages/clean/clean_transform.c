#include "clean_transform.h"

#include <string.h>

#include "text/gutenberg.h"
#include "text/mojibake.h"
#include "text/pii.h"
#include "text/unwrap.h"

struct clean_transform clean_transform_of(const struct clean_params *params)
{
    struct clean_transform out = {
        .mojibake = params->mojibake, .gutenberg = params->gutenberg, .unwrap = params->unwrap};
    const char *const *kinds = params->pii.items;
    for (size_t i = 0; i < params->pii.count; i++)
        for (unsigned k = 0; k < LM_PII_KINDS; k++)
            if (strcmp(kinds[i], lm_pii_names[k]) == 0)
                out.pii |= 1U << k;
    return out;
}

bool clean_transform_any(const struct clean_transform *transform)
{
    return transform->mojibake || transform->gutenberg || transform->unwrap || transform->pii != 0;
}

enum lm_status clean_transform_before(const struct clean_transform *transform, struct lm_buf *made,
                                      const uint8_t **text, size_t *size,
                                      struct clean_transform_counts *counts, struct lm_err *err)
{
    bool is_changed = false;
    if (!transform->mojibake)
        return LM_OK;
    LM_TRY(lm_mojibake_repair(made, *text, *size, &is_changed, &counts->mojibake, err));
    if (is_changed) {
        *text = (const uint8_t *)made->data;
        *size = made->size;
    }
    return LM_OK;
}

static void strip_book(struct lm_buf *text, bool *is_changed, struct clean_transform_counts *counts)
{
    size_t start, end;
    if (!lm_gutenberg_find(text->data, text->size, &start, &end))
        return;
    memmove(text->data, text->data + start, end - start);
    text->size = end - start;
    text->data[text->size] = '\0';
    *is_changed = true;
    counts->gutenberg++;
}

enum lm_status clean_transform_after(const struct clean_transform *transform, struct lm_buf *text,
                                     bool *is_changed, struct clean_transform_counts *counts,
                                     struct lm_err *err)
{
    int64_t joined = 0, masked[LM_PII_KINDS] = {0};
    *is_changed = false;
    if (text->size == 0)
        return LM_OK;
    if (transform->gutenberg)
        strip_book(text, is_changed, counts);
    if (transform->unwrap)
        LM_TRY(lm_unwrap(text, &joined, err));
    if (transform->pii != 0)
        LM_TRY(lm_pii_mask(text, transform->pii, masked, err));
    counts->unwrap += joined;
    counts->email += masked[LM_PII_EMAIL];
    counts->ip += masked[LM_PII_IP];
    counts->phone += masked[LM_PII_PHONE];
    return LM_OK;
}

void clean_transform_add(struct clean_transform_counts *a, const struct clean_transform_counts *b)
{
#define ADD(field, name) a->field += b->field;
    CLEAN_TRANSFORM_COUNTS(ADD)
#undef ADD
}

void clean_transform_put(struct lm_json_writer *writer, const struct clean_transform *transform,
                         const struct clean_transform_counts *counts)
{
    if (!clean_transform_any(transform))
        return;
    lm_json_key(writer, "transformed");
    lm_json_open(writer, '{');
#define PUT(field, name) lm_json_member_int(writer, name, counts->field);
    CLEAN_TRANSFORM_COUNTS(PUT)
#undef PUT
    lm_json_close(writer, '}');
}
