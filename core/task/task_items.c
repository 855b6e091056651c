#include "task/task_items.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/rng.h>

#include "base/io.h"
#include "yaml/scalar.h"

#define LARGEST ((size_t)1 << 31)

enum { POLL = 1 << 10 /* rows between two questions */ };

/* Items on their way in. */
struct reading {
    struct lm_arena *arena;
    const struct lm_task *task;
    const struct lm_task_input *input;
    struct lm_task_items *out;
    size_t capacity;
    const char *file; /* put before rows in ids; NULL: one file alone */
    uint64_t row;     /* in the file, from 1 */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the items of a task; give it a limit");
}

/* ---- one row ---- */

/* An error's text begins with what it is about: "choices.0: field: …". */
static enum lm_status fill(struct lm_text *out, struct reading *reading,
                           const struct lm_template *template, const struct lm_row *row,
                           const char *what, struct lm_err *err)
{
    enum lm_status status = lm_template_fill(out, reading->arena, template, row, err);
    return status == LM_OK ? LM_OK : lm_wrap(err, status, "%s", what);
}

static enum lm_status fill_texts(struct lm_text **out, size_t *count, struct reading *reading,
                                 const struct lm_template *templates, size_t template_count,
                                 bool is_list, const struct lm_row *row, const char *what,
                                 struct lm_err *err)
{
    if (is_list) {
        enum lm_status status =
            lm_template_fill_list(out, count, reading->arena, templates, row, err);
        return status == LM_OK ? LM_OK : lm_wrap(err, status, "%s", what);
    }
    *count = template_count;
    *out = LM_NEW_ARRAY(reading->arena, struct lm_text, template_count);
    if (*out == NULL)
        return no_memory(err);
    for (size_t i = 0; i < template_count; i++)
        LM_TRY(fill(&(*out)[i], reading, &templates[i], row, what, err));
    return LM_OK;
}

static enum lm_status name_item(struct lm_task_item *item, struct reading *reading,
                                const struct lm_row *row, struct lm_err *err)
{
    struct lm_row_value value;
    LM_TRY(lm_row_get(&value, reading->arena, row, "id", err));
    if (value.kind == LM_VALUE_TEXT && value.text.size > 0)
        item->id = lm_arena_strndup(reading->arena, value.text.data, value.text.size);
    else if (reading->file != NULL)
        item->id = lm_arena_printf(reading->arena, "%s:%llu", reading->file,
                                   (unsigned long long)reading->row);
    else
        item->id = lm_arena_printf(reading->arena, "%llu", (unsigned long long)reading->row);
    return item->id != NULL ? LM_OK : no_memory(err);
}

static enum lm_status group_item(struct lm_task_item *item, struct reading *reading,
                                 const struct lm_row *row, struct lm_err *err)
{
    const struct lm_task *task = reading->task;
    item->groups = LM_NEW_ARRAY(reading->arena, const char *, task->group_count + 1);
    if (item->groups == NULL)
        return no_memory(err);
    for (size_t i = 0; i < task->group_count; i++) {
        struct lm_text text;
        LM_TRY(fill(&text, reading, &task->groups[i], row, "group", err));
        if (text.size == 0)
            return lm_fail(err, LM_FORMAT, "group: empty; every item needs one");
        item->groups[i] = text.data;
    }
    return LM_OK;
}

static struct lm_text trimmed(struct lm_text text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
        text.size--;
    while (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL) {
        text.data++;
        text.size--;
    }
    return text;
}

static bool is_equal(struct lm_text a, struct lm_text b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* The place that digits name; -1 when there are other bytes, or too few choices. */
static int64_t find_place(struct lm_text text, size_t choices)
{
    int64_t place = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        place = place < LM_TASK_CHOICES ? 10 * place + (text.data[i] - '0') : place;
    }
    return text.size > 0 && place < (int64_t)choices ? place : -1;
}

/* The choice that alone has this text; -1. */
static int64_t find_text(struct lm_text text, const struct lm_task_item *item)
{
    int64_t found = -1;
    for (size_t i = 0; i < item->choice_count; i++) {
        if (!is_equal(trimmed(item->choices[i]), text))
            continue;
        if (found >= 0)
            return -1;
        found = (int64_t)i;
    }
    return found;
}

/* The place of a letter, or of false and true among two; -1. */
static int64_t find_letter(struct lm_text text, size_t choices)
{
    char letter = text.size == 1 ? (char)(text.data[0] & ~0x20) : '\0';
    if (letter >= 'A' && letter <= 'Z' && (size_t)(letter - 'A') < choices)
        return letter - 'A';
    if (choices == 2 && is_equal(text, (struct lm_text){"false", 5}))
        return 0;
    return choices == 2 && is_equal(text, (struct lm_text){"true", 4}) ? 1 : -1;
}

/* A place counted from 0, whatever the choices say; else the text of exactly one; else a letter. */
static int64_t find_answer(struct lm_text text, const struct lm_task_item *item)
{
    bool is_number = text.size > 0;
    for (size_t i = 0; i < text.size; i++)
        is_number = is_number && text.data[i] >= '0' && text.data[i] <= '9';
    if (is_number)
        return find_place(text, item->choice_count);
    int64_t found = find_text(text, item);
    return found >= 0 ? found : find_letter(text, item->choice_count);
}

static enum lm_status fill_choices(struct lm_task_item *item, struct reading *reading,
                                   const struct lm_row *row, struct lm_err *err)
{
    const struct lm_task *task = reading->task;
    struct lm_text answer;
    char shown[80];
    LM_TRY(fill_texts(&item->choices, &item->choice_count, reading, task->choices,
                      task->choice_count, task->is_choice_list, row, "choices", err));
    LM_TRY(fill(&answer, reading, &task->answer, row, "answer", err));
    answer = trimmed(answer);
    snprintf(shown, sizeof shown, "%.*s", (int)(answer.size < 60 ? answer.size : 60), answer.data);
    if (task->kind == LM_TASK_SIMILARITY) {
        const struct lm_scalar number = lm_scalar_resolve(shown, true);
        item->score = number.real;
        if (item->choice_count != 2)
            return lm_fail(err, LM_FORMAT, "choices: %zu texts; similarity compares two",
                           item->choice_count);
        if ((number.type != LM_SCALAR_INT && number.type != LM_SCALAR_FLOAT) ||
            !isfinite(item->score))
            return lm_fail(err, LM_FORMAT, "answer: %s is no number",
                           lm_quote(reading->arena, shown));
        return LM_OK;
    }
    item->answer = find_answer(answer, item);
    if (item->choice_count < 2)
        return lm_fail(err, LM_FORMAT, "choices: one alone; a choice needs at least two");
    if (item->answer < 0)
        return lm_fail(err, LM_FORMAT,
                       "answer: %s names none of the %zu choices; give its place counted from 0, "
                       "its letter or its text",
                       lm_quote(reading->arena, shown), item->choice_count);
    return LM_OK;
}

/* Nothing to score is a mistake of the task's. */
static enum lm_status check_scored(const struct lm_task_item *item, const struct lm_task *task,
                                   struct lm_err *err)
{
    if (task->has_target && item->target.size == 0)
        return lm_fail(err, LM_FORMAT, "target: empty; there is nothing to score");
    for (size_t i = 0; i < item->choice_count; i++)
        if (item->choices[i].size == 0 && !task->has_target)
            return lm_fail(err, LM_FORMAT, "choices.%zu: empty; there is nothing to score", i);
    for (size_t i = 0; i < item->reference_count; i++)
        if (item->references[i].size == 0)
            return lm_fail(err, LM_FORMAT, "references.%zu: empty; give a text", i);
    return LM_OK;
}

static enum lm_status make_item(struct lm_task_item *item, struct reading *reading,
                                const struct lm_row *row, struct lm_err *err)
{
    const struct lm_task *task = reading->task;
    LM_TRY(name_item(item, reading, row, err));
    LM_TRY(group_item(item, reading, row, err));
    LM_TRY(fill(&item->context, reading, &task->context, row, "context", err));
    if (task->choice_count > 0)
        LM_TRY(fill_choices(item, reading, row, err));
    if (task->has_target)
        LM_TRY(fill(&item->target, reading, &task->target, row, "target", err));
    if (task->reference_count > 0)
        LM_TRY(fill_texts(&item->references, &item->reference_count, reading, task->references,
                          task->reference_count, task->is_reference_list, row, "references", err));
    return check_scored(item, task, err);
}

static enum lm_status take_row(void *user, const struct lm_row *row, struct lm_err *err)
{
    struct reading *reading = user;
    struct lm_task_items *out = reading->out;
    const struct lm_task_input *input = reading->input;
    if (++reading->row % POLL == 0 && input->is_cancelled != NULL &&
        input->is_cancelled(input->user))
        return lm_fail(err, LM_CANCELLED, "interrupted; run again to resume");
    if (out->count >= INT32_MAX)
        return lm_fail(err, LM_RANGE, "more than 2^31 items; split the task");
    void *grown = lm_arena_grow(reading->arena, out->items, out->count, &reading->capacity,
                                sizeof *out->items);
    if (grown == NULL)
        return no_memory(err);
    out->items = grown;
    return make_item(&out->items[out->count++], reading, row, err);
}

/* ---- files ---- */

/* Reads a file's rows; its digest is found on the way. */
static enum lm_status read_file(struct reading *reading, const struct lm_task_data *data,
                                const struct lm_task_file *file, bool is_alone,
                                struct lm_digest *digest, struct lm_err *err)
{
    struct lm_arena *scratch = lm_arena_create();
    char *text = NULL;
    size_t size = 0;
    if (scratch == NULL)
        return no_memory(err);
    enum lm_status status = lm_file_read(&text, &size, scratch, file->path, LARGEST, err);
    struct lm_row_source source = {.file = file->name,
                                   .data = text,
                                   .size = size,
                                   .format = data->format,
                                   .columns = data->columns,
                                   .column_count = data->column_count};
    reading->file = is_alone ? NULL : file->name;
    reading->row = 0;
    if (status == LM_OK) {
        lm_sha256_bytes(digest, text, size);
        status = lm_rows_read(&source, scratch, take_row, reading, err);
    }
    lm_arena_free(scratch);
    return status;
}

static enum lm_status read_files(struct reading *reading, const struct lm_task_data *data,
                                 const struct lm_task_files *files, struct lm_digest **digests,
                                 struct lm_err *err)
{
    *digests = LM_NEW_ARRAY(reading->arena, struct lm_digest, files->count);
    if (*digests == NULL)
        return no_memory(err);
    for (size_t i = 0; i < files->count; i++)
        LM_TRY(read_file(reading, data, &files->items[i], files->count == 1, &(*digests)[i], err));
    if (reading->out->count == 0)
        return lm_fail(err, LM_INVALID, "%s: no items; is it the right file?",
                       files->count > 0 ? files->items[0].name : "data");
    return LM_OK;
}

/* ---- the sample ---- */

struct ranked {
    size_t group; /* 0 when the limit is for the task */
    uint64_t key;
    size_t place;
};

static int by_key(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* Keeps `limit` items, of each group when it says so, in the order they have. */
static enum lm_status draw_sample(struct lm_task_items *items, struct lm_arena *arena,
                                  const struct lm_task *task, struct lm_err *err)
{
    size_t kept = 0, in_group = 0;
    struct lm_rng rng = lm_rng_stream(0, task->name);
    if (task->limit == 0)
        return LM_OK;
    struct ranked *order = LM_NEW_ARRAY(arena, struct ranked, items->count);
    if (order == NULL)
        return no_memory(err);
    for (size_t i = 0; i < items->count; i++) {
        const struct lm_task_item *item = &items->items[i];
        const char *group = task->is_limit_by_group ? item->groups[0] : "";
        order[i].group = (size_t)lm_hash64(group, strlen(group), 0);
        order[i].key = lm_rng_u64(rng, 0, lm_hash64(item->id, strlen(item->id), 0) >> 8);
        order[i].place = i;
    }
    qsort(order, items->count, sizeof *order, by_key);
    for (size_t i = 0; i < items->count; i++) {
        in_group = i > 0 && order[i].group == order[i - 1].group ? in_group + 1 : 0;
        if (in_group < (size_t)task->limit)
            order[kept++] = order[i];
    }
    qsort(order, kept, sizeof *order, by_place);
    for (size_t i = 0; i < kept; i++)
        items->items[i] = items->items[order[i].place];
    items->count = kept;
    return LM_OK;
}

/* ---- examples before items ---- */

static struct lm_text gold_of(const struct lm_task *task, const struct lm_task_item *shot)
{
    if (task->kind == LM_TASK_CHOICE)
        return shot->choices[shot->answer];
    return task->kind == LM_TASK_CLOZE ? shot->target : shot->references[0];
}

/* `shot_count` different examples, each with its answer, then the item's own context. */
static enum lm_status put_shots(struct lm_task_item *item, struct lm_arena *arena,
                                const struct lm_task *task, const struct lm_task_items *pool,
                                struct lm_err *err)
{
    struct lm_rng rng = lm_rng_stream(0, "few_shot");
    uint64_t key = lm_hash64(item->id, strlen(item->id), 0);
    struct lm_buf text;
    lm_buf_init(&text, LARGEST);
    for (int64_t i = 0; i < task->shot_count; i++) {
        const struct lm_task_item *shot =
            &pool->items[lm_rng_permute(rng, key, (uint64_t)i, pool->count)];
        struct lm_text gold = gold_of(task, shot);
        lm_buf_append(&text, shot->context.data, shot->context.size);
        lm_buf_append(&text, gold.data, gold.size);
        if (task->kind == LM_TASK_CHOICE && task->has_target)
            lm_buf_append(&text, shot->target.data, shot->target.size);
        lm_buf_puts(&text, task->shot_join);
    }
    lm_buf_append(&text, item->context.data, item->context.size);
    item->context =
        (struct lm_text){lm_arena_strndup(arena, text.data ? text.data : "", text.size), text.size};
    enum lm_status status = lm_buf_status(&text, err);
    lm_buf_release(&text);
    return status != LM_OK ? status : item->context.data != NULL ? LM_OK : no_memory(err);
}

static enum lm_status check_apart(const struct lm_task_input *input, const struct lm_digest *items,
                                  const struct lm_digest *shots, struct lm_err *err)
{
    for (size_t i = 0; i < input->data.count; i++)
        for (size_t k = 0; k < input->shots.count; k++)
            if (lm_digest_compare(&items[i], &shots[k]) == 0)
                return lm_fail(err, LM_INVALID,
                               "few_shot.data: %s is the items' own file; give examples that are "
                               "not among them",
                               input->shots.items[k].name);
    return LM_OK;
}

static enum lm_status add_shots(struct lm_task_items *items, struct reading *reading,
                                const struct lm_digest *digests, struct lm_err *err)
{
    const struct lm_task *task = reading->task;
    struct lm_digest *own;
    struct lm_task_items pool = {.items = NULL};
    if (task->shot_count == 0)
        return LM_OK;
    reading->out = &pool;
    reading->capacity = 0;
    LM_TRY(read_files(reading, &task->shots, &reading->input->shots, &own, err));
    LM_TRY(check_apart(reading->input, digests, own, err));
    if (pool.count < (size_t)task->shot_count)
        return lm_fail(err, LM_INVALID, "few_shot.count: %lld of %zu examples; give fewer",
                       (long long)task->shot_count, pool.count);
    for (size_t i = 0; i < items->count; i++)
        LM_TRY(put_shots(&items->items[i], reading->arena, task, &pool, err));
    return LM_OK;
}

enum lm_status lm_task_items_read(struct lm_task_items *out, struct lm_arena *arena,
                                  const struct lm_task *task, const struct lm_task_input *input,
                                  struct lm_err *err)
{
    struct reading reading = {.arena = arena, .task = task, .input = input, .out = out};
    struct lm_digest *digests;
    *out = (struct lm_task_items){.items = NULL};
    LM_TRY(read_files(&reading, &task->data, &input->data, &digests, err));
    out->read = out->count;
    LM_TRY(draw_sample(out, arena, task, err));
    return add_shots(out, &reading, digests, err);
}
