#include "clean_batch.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "clean_item.h"
#include "clean_kept.h"
#include "clean_leak.h"
#include "clean_read.h"
#include "data/jsonl.h"

/* A task ends with one or the other: many small documents cost few tasks, a large one has its own.
 */
enum { ITEMS_A_TASK = 16, BYTES_A_TASK = 64 << 10 };

enum { ENOUGH_TASKS = 64, ENOUGH_BYTES = 1 << 20 };

enum {
    KEPT_SPEED = 8,  /* times faster than cleaning is taking what was cleaned, at the least */
    COPIES = 4,      /* of a text while it is cleaned: as it came, repaired, cleaned, its line */
    KEPT_COPIES = 3, /* of one that was cleaned before: packed, and where it is needed the text */
    LARGE_ROOM = 4 << 20 /* bytes of one that is not kept for the next batch */
};

void clean_item_init(struct clean_item *item, struct clean_opened *opened)
{
    memset(item, 0, offsetof(struct clean_item, found) + offsetof(struct clean_extract, host));
    item->found.host[0] = '\0';
    item->sketch.count = 0;
    item->err.text[0] = '\0';
    item->form = &opened->form;
    item->opened = opened;
    lm_buf_init(&item->text, 0);
    lm_buf_init(&item->line, 0);
    lm_buf_init(&item->hashes, 0);
    lm_buf_init(&item->found.made, 0);
    lm_buf_init(&item->found.meta, 0);
}

void clean_item_release(struct clean_item *item)
{
    clean_item_disown(item);
    lm_buf_release(&item->text);
    lm_buf_release(&item->line);
    lm_buf_release(&item->hashes);
    lm_buf_release(&item->found.made);
    lm_buf_release(&item->found.meta);
    clean_units_release(&item->units);
    clean_keys_release(&item->keys);
    free(item->tallies);
    item->tallies = NULL;
}

static size_t last_begin(const struct clean_batch *batch)
{
    return batch->end_count > 0 ? batch->ends[batch->end_count - 1] : 0;
}

/* Ends the last task where it has enough to do. */
static enum lm_status end_task(struct clean_batch *batch, struct lm_err *err)
{
    if (batch->count - last_begin(batch) < ITEMS_A_TASK && batch->task_bytes < BYTES_A_TASK)
        return LM_OK;
    size_t *ends =
        lm_grow(batch->ends, &batch->end_capacity, batch->end_count, sizeof *batch->ends);
    if (ends == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tasks; free some", batch->end_count);
    batch->ends = ends;
    batch->ends[batch->end_count++] = batch->count;
    batch->task_bytes = 0;
    return LM_OK;
}

/* A new item, of which the rest is to be set; NULL: out of memory. */
static struct clean_item *add_item(struct clean_batch *batch, struct clean_opened *opened,
                                   struct lm_err *err)
{
    struct clean_item *items = lm_grow(batch->items, &batch->capacity, batch->count, sizeof *items);
    if (items == NULL) {
        lm_fail(err, LM_NOMEM, "no memory for %zu documents; free some", batch->count);
        return NULL;
    }
    batch->items = items;
    struct clean_item *item = &batch->items[batch->count++];
    clean_item_init(item, opened);
    return item;
}

enum lm_status clean_batch_add(struct clean_batch *batch, struct clean_opened *opened,
                               const struct clean_piece *piece, struct lm_err *err)
{
    struct clean_item *item = add_item(batch, opened, err);
    if (item == NULL)
        return LM_NOMEM;
    item->piece = *piece;
    item->at = (size_t)(piece->raw - opened->form.text);
    batch->bytes += piece->size;
    batch->task_bytes += piece->size;
    LM_TRY(end_task(batch, err));
    batch->weight += sizeof *item + COPIES * piece->size;
    return LM_OK;
}

enum lm_status clean_batch_add_kept(struct clean_batch *batch, struct clean_opened *opened,
                                    struct lm_span packed, struct lm_err *err)
{
    struct clean_item *item = add_item(batch, opened, err);
    if (item == NULL)
        return LM_NOMEM;
    item->kept = packed;
    batch->bytes += clean_item_piece(packed);
    batch->task_bytes += packed.size / KEPT_SPEED;
    LM_TRY(end_task(batch, err));
    batch->weight += sizeof *item + KEPT_COPIES * packed.size;
    return LM_OK;
}

enum lm_status clean_batch_add_packed(struct clean_batch *batch, struct clean_opened *opened,
                                      const struct clean_kept_row *row, size_t from, size_t bytes,
                                      struct lm_err *err)
{
    struct clean_item *item = add_item(batch, opened, err);
    if (item == NULL)
        return LM_NOMEM;
    item->row = row;
    item->kept_from = from;
    item->kept_count = (size_t)row->frame.count;
    batch->bytes += bytes;
    batch->has_packed = true;
    LM_TRY(end_task(batch, err));
    batch->weight += sizeof *item;
    return LM_OK;
}

void *clean_room_for(struct clean_room *room, size_t size)
{
    if (room->size >= size)
        return room->data;
    free(room->data);
    size += size / 4; /* the next one may be somewhat larger */
    *room = (struct clean_room){malloc(size), size};
    if (room->data == NULL)
        room->size = 0;
    return room->data;
}

void *clean_batch_room(struct clean_batch *batch, size_t size)
{
    struct clean_frames *frames = &batch->frames;
    if (frames->count == frames->made) {
        struct clean_room *items =
            lm_grow(frames->items, &frames->capacity, frames->made, sizeof *items);
        if (items == NULL)
            return NULL;
        frames->items = items;
        items[frames->made++] = (struct clean_room){NULL, 0};
    }
    void *data = clean_room_for(&frames->items[frames->count], size);
    frames->count += data != NULL;
    return data;
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
static void ask_language(const struct clean_work *work, struct clean_item *item)
{
    const struct clean_language *wanted = work->wanted;
    if (work->language == NULL)
        return;
    lm_language_tell(&item->told, work->language, item->text.data, item->text.size);
    item->share = lm_language_share(&item->told, wanted->keep.items, wanted->keep.count);
    item->is_foreign = item->share < wanted->min;
}

/* Asks the rules of a cleaned text; those of lines may change it. */
static enum lm_status ask_rules(const struct clean_work *work, struct clean_item *item,
                                struct lm_rule_scratch *scratch)
{
    struct lm_rule_measure measure = {.none = 0};
    if (work->rules->edits_lines) {
        item->tallies = calloc(LM_C4_RULES, sizeof *item->tallies);
        if (item->tallies == NULL)
            return lm_fail(&item->err, LM_NOMEM, "no memory to count lines; free some");
    }
    const uint8_t *text = (const uint8_t *)item->text.data;
    if (work->rules->measures_lines)
        LM_TRY(lm_text_measure(&measure.text, text, item->text.size, &item->err));
    else
        lm_text_count(&measure.text, text, item->text.size);
    clean_flow_add(&item->cleaned, item->text.size, &measure.text);
    item->measure = measure.text;
    ask_language(work, item);
    if (item->is_foreign)
        return LM_OK;
    LM_TRY(lm_rules_ask(&item->outcome, work->rules, &item->text, &measure, item->tallies, scratch,
                        &item->err));
    item->measure = measure.text;
    return LM_OK;
}

/* Repairs and cleans the text, with the changes that are asked for before and after. */
static enum lm_status clean_text(const struct clean_work *work, struct clean_item *item)
{
    struct lm_buf repaired;
    const uint8_t *text = item->found.text;
    size_t size = item->found.size;
    bool is_changed = false;
    lm_buf_init(&repaired, 0);
    enum lm_status status = clean_transform_before(work->transform, &repaired, &text, &size,
                                                   &item->transformed, &item->err);
    if (status == LM_OK)
        status = lm_clean(&item->text, text, size, work->options, &item->counts, &item->is_rejected,
                          &item->err);
    lm_buf_release(&repaired);
    if (status == LM_OK && !item->is_rejected)
        status = clean_transform_after(work->transform, &item->text, &is_changed,
                                       &item->transformed, &item->err);
    if (status == LM_OK && is_changed && item->text.size > 0)
        lm_clean_lines(&item->text, work->options, &item->counts);
    return status;
}

static enum lm_status clean_item(const struct clean_work *work, struct clean_item *item,
                                 size_t worker)
{
    item->outcome.rule = work->rules->count;
    LM_TRY(find_text(item));
    if (item->is_missing || item->is_rejected)
        return LM_OK;
    LM_TRY(clean_text(work, item));
    if (item->is_rejected || item->text.size == 0)
        return LM_OK;
    LM_TRY(ask_rules(work, item, &work->scratch[worker]));
    const uint8_t *text = (const uint8_t *)item->text.data;
    lm_sha256_bytes(&item->digest, text, item->text.size);
    if (item->is_foreign || item->outcome.rule < work->rules->count)
        return LM_OK;
    lm_jsonl_line(&item->line, &item->digest, text, item->text.size);
    LM_TRY(lm_buf_status(&item->line, &item->err));
    clean_leak_hash(&item->hashes, text, item->text.size);
    LM_TRY(lm_buf_status(&item->hashes, &item->err));
    LM_TRY(clean_units_find(&item->units, &work->compared, text, item->text.size, &item->err));
    if (work->is_sketched)
        lm_sketch_make(&item->sketch, text, item->text.size);
    if (work->near != NULL)
        LM_TRY(clean_near_keys(work->near, &item->keys, &work->shingles[worker], text,
                               item->text.size, &item->err));
    return work->contamination == NULL
               ? LM_OK
               : clean_contamination_ask(work->contamination, &item->is_leaked,
                                         &work->words[worker], text, item->text.size, &item->err);
}

size_t clean_batch_tasks(const struct clean_batch *batch)
{
    size_t tasks = batch->end_count + (batch->count > last_begin(batch));
    return tasks == 0 && batch->begun.count + batch->ended.count > 0 ? 1 : tasks;
}

bool clean_batch_is_enough(const struct clean_batch *batch)
{
    return (batch->end_count >= ENOUGH_TASKS || batch->has_packed) && batch->bytes >= ENOUGH_BYTES;
}

void clean_batch_task(struct clean_batch *batch, size_t task, size_t worker)
{
    size_t i = task > 0 ? batch->ends[task - 1] : 0;
    size_t end = task < batch->end_count ? batch->ends[task] : batch->count;
    for (; i < end; i++) {
        struct clean_item *item = &batch->items[i];
        if (item->kept_count == 0)
            item->status = item->kept.data != NULL ? clean_item_unpack(item, batch->work)
                                                   : clean_item(batch->work, item, worker);
    }
}

enum lm_status clean_files_add(struct clean_files *files, struct clean_opened *opened,
                               struct lm_err *err)
{
    struct clean_opened **items =
        lm_grow(files->items, &files->capacity, files->count, sizeof(struct clean_opened *));
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu files; free some", files->count);
    files->items = items;
    files->items[files->count++] = opened;
    return LM_OK;
}

void clean_batch_clear(struct clean_batch *batch)
{
    if (batch->open != NULL && batch->count > 0 && batch->items[batch->count - 1].piece.raw != NULL)
        clean_bytes_drop(&batch->open->text.file, batch->items[batch->count - 1].piece.raw);
    for (size_t i = 0; i < batch->count; i++)
        clean_item_release(&batch->items[i]);
    for (size_t i = 0; i < batch->frames.count; i++)
        if (batch->frames.items[i].size > LARGE_ROOM) {
            free(batch->frames.items[i].data);
            batch->frames.items[i] = (struct clean_room){NULL, 0};
        }
    batch->frames.count = 0;
    for (size_t i = 0; i < batch->ended.count; i++)
        clean_opened_close(batch->ended.items[i]);
    batch->begun.count = batch->ended.count = 0;
    batch->has_packed = false;
    batch->open = NULL;
    batch->count = batch->end_count = batch->task_bytes = batch->bytes = batch->weight = 0;
}

void clean_batch_release(struct clean_batch *batch)
{
    batch->open = NULL; /* of a run that was stopped: gone with a later batch, perhaps */
    clean_batch_clear(batch);
    for (size_t i = 0; i < batch->frames.made; i++)
        free(batch->frames.items[i].data);
    free(batch->frames.items);
    free(batch->begun.items);
    free(batch->ended.items);
    free(batch->items);
    free(batch->ends);
    *batch = (struct clean_batch){.items = NULL};
}

void clean_work_release(struct clean_work *work)
{
    for (size_t i = 0; i < work->threads; i++)
        lm_rule_scratch_release(&work->scratch[i]);
    for (size_t i = 0; work->shingles != NULL && i < work->threads; i++)
        lm_shingles_release(&work->shingles[i]);
    for (size_t i = 0; work->words != NULL && i < work->threads; i++)
        lm_leak_words_release(&work->words[i]);
    work->threads = 0;
}
