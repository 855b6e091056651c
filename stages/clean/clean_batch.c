#include "clean_batch.h"

#include <stdlib.h>

#include "data/jsonl.h"

/* Items of one task: cut by shape, so that many small documents cost few tasks. */
enum { ITEMS_A_TASK = 16 };

enum lm_status clean_batch_add(struct clean_batch *batch, const struct clean_form *form,
                               const struct clean_piece *piece, struct lm_err *err)
{
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity ? batch->capacity * 2 : 256;
        struct clean_item *items = realloc(batch->items, capacity * sizeof *items);
        if (items == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for %zu documents; free some", capacity);
        batch->items = items;
        batch->capacity = capacity;
    }
    struct clean_item *item = &batch->items[batch->count++];
    *item = (struct clean_item){.form = form, .piece = *piece};
    lm_buf_init(&item->text, 0);
    lm_buf_init(&item->line, 0);
    batch->bytes += piece->size;
    return LM_OK;
}

static enum lm_status find_text(struct clean_item *item)
{
    LM_TRY(clean_form_extract(item->form, &item->piece, &item->found, &item->err));
    item->is_rejected = item->found.is_rejected;
    item->is_missing = item->found.text == NULL && !item->is_rejected;
    lm_clean_counts_add(&item->counts, &item->found.counts);
    return LM_OK;
}

/* Which languages a cleaned text is in, and whether these are enough. */
static void ask_language(const struct clean_batch *batch, struct clean_item *item)
{
    const struct clean_language *wanted = batch->wanted;
    if (batch->language == NULL)
        return;
    lm_language_tell(&item->told, batch->language, item->text.data, item->text.size);
    item->share = lm_language_share(&item->told, wanted->keep.items, wanted->keep.count);
    item->is_foreign = item->share < wanted->min;
}

/* Asks the rules of a cleaned text; those of lines may change it. */
static enum lm_status ask_rules(const struct clean_batch *batch, struct clean_item *item,
                                struct lm_rule_scratch *scratch)
{
    struct lm_rule_measure measure = {.none = 0};
    if (batch->rules->edits_lines) {
        item->tallies = calloc(LM_C4_RULES, sizeof *item->tallies);
        if (item->tallies == NULL)
            return lm_fail(&item->err, LM_NOMEM, "no memory to count lines; free some");
    }
    const uint8_t *text = (const uint8_t *)item->text.data;
    if (batch->rules->measures_lines)
        LM_TRY(lm_text_measure(&measure.text, text, item->text.size, &item->err));
    else
        lm_text_count(&measure.text, text, item->text.size);
    clean_flow_add(&item->cleaned, item->text.size, &measure.text);
    item->measure = measure.text;
    ask_language(batch, item);
    if (item->is_foreign)
        return LM_OK;
    LM_TRY(lm_rules_ask(&item->outcome, batch->rules, &item->text, &measure, item->tallies, scratch,
                        &item->err));
    item->measure = measure.text;
    return LM_OK;
}

/* Repairs and cleans the text, with the changes that are asked for before and after. */
static enum lm_status clean_text(const struct clean_batch *batch, struct clean_item *item)
{
    struct lm_buf repaired;
    const uint8_t *text = item->found.text;
    size_t size = item->found.size;
    bool is_changed = false;
    lm_buf_init(&repaired, 0);
    enum lm_status status = clean_transform_before(batch->transform, &repaired, &text, &size,
                                                   &item->transformed, &item->err);
    if (status == LM_OK)
        status = lm_clean(&item->text, text, size, batch->options, &item->counts,
                          &item->is_rejected, &item->err);
    lm_buf_release(&repaired);
    if (status == LM_OK && !item->is_rejected)
        status = clean_transform_after(batch->transform, &item->text, &is_changed,
                                       &item->transformed, &item->err);
    if (status == LM_OK && is_changed && item->text.size > 0)
        lm_clean_lines(&item->text, batch->options, &item->counts);
    return status;
}

static enum lm_status clean_item(const struct clean_batch *batch, struct clean_item *item,
                                 size_t worker)
{
    struct lm_rule_scratch *scratch = &batch->scratch[worker];
    item->outcome.rule = batch->rules->count;
    LM_TRY(find_text(item));
    if (item->is_missing || item->is_rejected)
        return LM_OK;
    LM_TRY(clean_text(batch, item));
    if (item->is_rejected || item->text.size == 0)
        return LM_OK;
    LM_TRY(ask_rules(batch, item, scratch));
    const uint8_t *text = (const uint8_t *)item->text.data;
    lm_sha256_bytes(&item->digest, text, item->text.size);
    if (item->is_foreign || item->outcome.rule < batch->rules->count)
        return LM_OK;
    lm_jsonl_line(&item->line, &item->digest, text, item->text.size);
    LM_TRY(lm_buf_status(&item->line, &item->err));
    LM_TRY(clean_units_find(&item->units, &batch->compared, text, item->text.size, &item->err));
    return batch->near == NULL ? LM_OK
                               : clean_near_keys(batch->near, &item->keys, &batch->shingles[worker],
                                                 text, item->text.size, &item->err);
}

static void run_task(void *user, size_t task, size_t worker)
{
    struct clean_batch *batch = user;
    size_t end = (task + 1) * ITEMS_A_TASK;
    for (size_t i = task * ITEMS_A_TASK; i < end && i < batch->count; i++)
        batch->items[i].status = clean_item(batch, &batch->items[i], worker);
}

void clean_batch_work(struct clean_batch *batch, struct lm_pool *pool)
{
    lm_pool_run(pool, (batch->count + ITEMS_A_TASK - 1) / ITEMS_A_TASK, run_task, batch);
}

void clean_batch_clear(struct clean_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        lm_buf_release(&batch->items[i].text);
        lm_buf_release(&batch->items[i].line);
        lm_buf_release(&batch->items[i].found.made);
        lm_buf_release(&batch->items[i].found.meta);
        clean_units_release(&batch->items[i].units);
        clean_keys_release(&batch->items[i].keys);
        free(batch->items[i].tallies);
    }
    batch->count = 0;
    batch->bytes = 0;
}

void clean_batch_release(struct clean_batch *batch)
{
    clean_batch_clear(batch);
    for (size_t i = 0; i < batch->threads; i++)
        lm_rule_scratch_release(&batch->scratch[i]);
    for (size_t i = 0; batch->shingles != NULL && i < batch->threads; i++)
        lm_shingles_release(&batch->shingles[i]);
    batch->threads = 0;
    free(batch->items);
    batch->items = NULL;
    batch->capacity = 0;
}
