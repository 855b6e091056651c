#include "clean_contamination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "task/task_follow.h"

_Static_assert((int)CLEAN_LEAK_WORDS == (int)LM_LEAK_WORDS, "one bound");

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to look for evaluation items; free some");
}

void clean_contamination_release(struct clean_contamination *own)
{
    lm_leaks_release(&own->leaks);
    lm_leak_words_release(&own->words);
    lm_leak_cut_release(&own->cut);
    free(own->marks);
    *own = (struct clean_contamination){.params = NULL};
}

/* ---- items ---- */

/* Takes a text of an item, in words. */
typedef enum lm_status text_fn(void *user, const struct lm_leak_words *words, struct lm_err *err);

/* Texts of items on their way. */
struct telling {
    struct lm_buf text;
    struct lm_leak_words words;
    text_fn *take;
    void *user;
};

static enum lm_status tell(struct telling *telling, const struct lm_text *const parts[3],
                           struct lm_err *err)
{
    lm_buf_clear(&telling->text);
    for (size_t i = 0; i < 3 && parts[i] != NULL; i++)
        lm_buf_append(&telling->text, parts[i]->data, parts[i]->size);
    LM_TRY(lm_buf_status(&telling->text, err));
    LM_TRY(lm_leak_words_find(&telling->words, (const uint8_t *)telling->text.data,
                              telling->text.size, err));
    return telling->take(telling->user, &telling->words, err);
}

/* An item as it might stand somewhere: its context with each choice or reference, and its target.
 */
static enum lm_status tell_item(struct telling *telling, const struct lm_task *task,
                                const struct lm_task_item *item, struct lm_err *err)
{
    const struct lm_text *ends = item->choice_count > 0 ? item->choices : item->references;
    size_t count = item->choice_count > 0 ? item->choice_count : item->reference_count;
    for (size_t i = 0; i < count; i++) {
        const struct lm_text *const pair[] = {&item->context, &ends[i], &item->target};
        const struct lm_text *const one[] = {&ends[i], NULL, NULL};
        LM_TRY(tell(telling, task->kind == LM_TASK_SIMILARITY ? one : pair, err));
    }
    const struct lm_text *const alone[] = {&item->context, &item->target, NULL};
    return count > 0 ? LM_OK : tell(telling, alone, err);
}

struct adding {
    struct lm_leaks *leaks;
    uint32_t task;
};

static enum lm_status add_text(void *user, const struct lm_leak_words *words, struct lm_err *err)
{
    const struct adding *adding = user;
    return lm_leaks_add(adding->leaks, adding->task, words, err);
}

static enum lm_status tell_items(const struct clean_contamination_task *task, size_t item,
                                 text_fn *take, void *user, struct telling *telling,
                                 struct lm_err *err)
{
    telling->take = take;
    telling->user = user;
    return tell_item(telling, &task->task, &task->items.items[item], err);
}

static enum lm_status add_items(struct clean_contamination *own, size_t index, struct lm_err *err)
{
    struct telling telling = {.words = {.items = NULL}};
    struct adding adding = {&own->leaks, (uint32_t)index};
    enum lm_status status = LM_OK;
    lm_buf_init(&telling.text, 0);
    for (size_t i = 0; i < own->tasks[index].items.count && status == LM_OK; i++)
        status = tell_items(&own->tasks[index], i, add_text, &adding, &telling, err);
    lm_buf_release(&telling.text);
    lm_leak_words_release(&telling.words);
    return status;
}

/* ---- tasks ---- */

static enum lm_status find_files(struct lm_task_files *out, const struct lm_task_data *data,
                                 size_t index, struct lm_ctx *ctx, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    char param[64];
    snprintf(param, sizeof param, "decontaminate.against.%zu.data", index);
    if (data->file != NULL) {
        const char *path = lm_ctx_file(ctx, param);
        if (path == NULL)
            return lm_fail(err, LM_INVALID, "%s: the task file has changed; run again", param);
        return lm_task_data_file(out, arena, data, path, err);
    }
    size_t count = lm_ctx_input_count(ctx, LM_TASK_PORT);
    const char **corpora = LM_NEW_ARRAY(arena, const char *, count + 1);
    if (corpora == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        corpora[i] = lm_ctx_input_at(ctx, LM_TASK_PORT, i);
    return lm_task_data_sources(out, arena, data, corpora, count, err);
}

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

/* All items, without the examples before them. */
static enum lm_status read_task(struct clean_contamination_task *out, size_t index,
                                const char *path, struct lm_ctx *ctx, struct lm_err *err)
{
    struct lm_task_input input = {.is_cancelled = is_cancelled, .user = ctx};
    LM_TRY(lm_task_open(&out->task, lm_ctx_arena(ctx), path, err));
    out->task.limit = 0;
    out->task.shot_count = 0;
    LM_TRY(find_files(&input.data, &out->task.data, index, ctx, err));
    return lm_task_items_read(&out->items, lm_ctx_arena(ctx), &out->task, &input, err);
}

enum lm_status clean_contamination_begin(struct clean_contamination *out,
                                         const struct clean_decontaminate *params,
                                         struct lm_ctx *ctx, struct lm_err *err)
{
    const char *const *paths = params->against.items;
    *out = (struct clean_contamination){.params = params, .task_count = params->against.count};
    lm_leaks_init(&out->leaks, (size_t)params->ngram);
    out->tasks = LM_NEW_ARRAY(lm_ctx_arena(ctx), struct clean_contamination_task, out->task_count);
    if (out->tasks == NULL)
        return no_memory(err);
    lm_ctx_doing(ctx, "reading tasks");
    for (size_t i = 0; i < out->task_count; i++) {
        enum lm_status status = read_task(&out->tasks[i], i, paths[i], ctx, err);
        if (status != LM_OK)
            return out->tasks[i].task.name != NULL
                       ? lm_wrap(err, status, "task %s", out->tasks[i].task.name)
                       : status;
        LM_TRY(add_items(out, i, err));
    }
    lm_ctx_doing(ctx, "");
    return LM_OK;
}

/* ---- documents ---- */

enum lm_status clean_contamination_ask(const struct clean_contamination *own, bool *has,
                                       struct lm_leak_words *words, const void *text, size_t size,
                                       struct lm_err *err)
{
    *has = false;
    if (own == NULL || own->params == NULL)
        return LM_OK;
    LM_TRY(lm_leak_words_find(words, text, size, err));
    *has = lm_leaks_has(&own->leaks, words);
    return LM_OK;
}

enum lm_status clean_contamination_add(struct clean_contamination *own, bool has,
                                       struct lm_err *err)
{
    if (own->params == NULL)
        return LM_OK;
    if (own->count >= UINT32_MAX - 1)
        return lm_fail(err, LM_RANGE,
                       "items are looked for in 2^32 − 2 documents at most; clean parts of the "
                       "corpus one by one");
    uint8_t *marks = lm_grow(own->marks, &own->capacity, own->count, sizeof *marks);
    if (marks == NULL)
        return no_memory(err);
    own->marks = marks;
    own->marks[own->count++] = has;
    return LM_OK;
}

static enum lm_status count_document(struct clean_contamination *own, size_t index,
                                     const struct clean_left *left, struct lm_buf *room,
                                     struct lm_err *err)
{
    struct clean_waiter waiter;
    LM_TRY(clean_left_read(left, index, &waiter, room, NULL, err));
    LM_TRY(lm_leak_words_find(&own->words, (const uint8_t *)waiter.text, waiter.size, err));
    lm_leaks_count(&own->leaks, &own->words, index);
    return LM_OK;
}

enum lm_status clean_contamination_count(struct clean_contamination *own,
                                         const struct clean_left *left, struct lm_ctx *ctx,
                                         struct lm_err *err)
{
    struct lm_buf room;
    enum lm_status status = LM_OK;
    lm_buf_init(&room, 0);
    for (size_t i = 0; i < own->count && status == LM_OK; i++) {
        if (!own->marks[i] || !clean_left_has(left, i))
            continue;
        status = count_document(own, i, left, &room, err);
        if (status == LM_OK && lm_ctx_cancelled(ctx))
            status = lm_fail(err, LM_CANCELLED, "stopped while looking for items; run again");
    }
    lm_buf_release(&room);
    return status;
}

/* What was cut, by the task whose n-gram it was. */
static void account(struct clean_contamination *own, const struct clean_waiter *waiter)
{
    for (size_t i = 0; i < own->cut.cut_count; i++) {
        const struct lm_leak_span *span = &own->cut.cuts[i];
        struct clean_contamination_task *task = &own->tasks[span->task];
        struct lm_digest key = {{0}};
        bool is_first = true;
        for (size_t k = 0; k < i; k++)
            is_first = is_first && own->cut.cuts[k].task != span->task;
        task->documents += is_first;
        task->bytes += (int64_t)(span->end - span->at);
        for (size_t k = 0; k < 8; k++)
            key.bytes[k] = (uint8_t)(span->hash >> (56 - 8 * k));
        clean_drop_show(&task->shown, &key, waiter->text + span->gram_at,
                        span->gram_end - span->gram_at);
    }
}

enum lm_status clean_contamination_cut(struct clean_contamination *own, bool *is_cut, size_t index,
                                       const struct clean_waiter *waiter, struct lm_err *err)
{
    struct lm_leak_cut *cut = &own->cut;
    size_t left = 0;
    *is_cut = false;
    if (own->params == NULL || !own->marks[index])
        return LM_OK;
    const uint8_t *text = (const uint8_t *)waiter->text;
    LM_TRY(lm_leak_words_find(&own->words, text, waiter->size, err));
    LM_TRY(lm_leaks_cut(&own->leaks, cut, &own->words, text, waiter->size,
                        (size_t)own->params->window, err));
    *is_cut = cut->cut_count > 0;
    if (!*is_cut)
        return LM_OK;
    for (size_t i = 0; i < cut->piece_count; i++)
        left += cut->pieces[i].end - cut->pieces[i].at;
    own->documents++;
    own->pieces += (int64_t)cut->piece_count;
    own->bytes += (int64_t)(waiter->size - left);
    account(own, waiter);
    return LM_OK;
}

/* ---- what is told ---- */

struct asking {
    const struct lm_leaks *leaks;
    bool is_cut;
};

static enum lm_status ask_text(void *user, const struct lm_leak_words *words, struct lm_err *err)
{
    struct asking *asking = user;
    (void)err;
    asking->is_cut = asking->is_cut || lm_leaks_is_cut(asking->leaks, words);
    return LM_OK;
}

/* Items of a task that were cut out somewhere. */
static enum lm_status count_items(const struct clean_contamination *own,
                                  const struct clean_contamination_task *task, int64_t *count,
                                  struct lm_err *err)
{
    struct telling telling = {.words = {.items = NULL}};
    enum lm_status status = LM_OK;
    *count = 0;
    lm_buf_init(&telling.text, 0);
    for (size_t i = 0; i < task->items.count && status == LM_OK && own->documents > 0; i++) {
        struct asking asking = {&own->leaks, false};
        status = tell_items(task, i, ask_text, &asking, &telling, err);
        *count += asking.is_cut;
    }
    lm_buf_release(&telling.text);
    lm_leak_words_release(&telling.words);
    return status;
}

static enum lm_status put_task(struct lm_json_writer *writer, const struct clean_contamination *own,
                               size_t index, struct lm_err *err)
{
    const struct clean_contamination_task *task = &own->tasks[index];
    int64_t leaked;
    LM_TRY(count_items(own, task, &leaked, err));
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "task", task->task.name);
    lm_json_member_int(writer, "items", (int64_t)task->items.count);
    lm_json_member_int(writer, "leaked", leaked);
    lm_json_member_int(writer, "documents", task->documents);
    lm_json_member_int(writer, "bytes", task->bytes);
    lm_json_member_int(writer, "phrases", lm_leaks_phrases(&own->leaks, (uint32_t)index));
    lm_json_key(writer, "examples");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < task->shown.example_count; i++)
        lm_json_put_bytes(writer, task->shown.examples[i].text, task->shown.examples[i].size);
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
    return LM_OK;
}

enum lm_status clean_contamination_put(struct lm_json_writer *writer,
                                       struct clean_contamination *own, struct lm_err *err)
{
    if (own->params == NULL)
        return LM_OK;
    lm_json_key(writer, "decontaminated");
    lm_json_open(writer, '{');
    lm_json_member_int(writer, "ngram", own->params->ngram);
    lm_json_member_int(writer, "window", own->params->window);
    lm_json_member_int(writer, "documents", own->documents);
    lm_json_member_int(writer, "pieces", own->pieces);
    lm_json_member_int(writer, "bytes", own->bytes);
    lm_json_key(writer, "tasks");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < own->task_count; i++)
        LM_TRY(put_task(writer, own, i, err));
    lm_json_close(writer, ']');
    lm_json_close(writer, '}');
    return LM_OK;
}
