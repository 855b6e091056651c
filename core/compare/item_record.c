#include "compare/item_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/json_flat.h"
#include "base/lines.h"

enum { LARGEST = 1 << 30 };

const char *const lm_item_names[LM_ITEM_COLUMNS] = {
    [LM_ITEM_SCORE] = "score",    [LM_ITEM_NLL] = "nll", [LM_ITEM_BYTES] = "bytes",
    [LM_ITEM_CHOICE] = "choice",  [LM_ITEM_TIE] = "tie", [LM_ITEM_TOKENS] = "tokens",
    [LM_ITEM_CORRECT] = "correct"};

/* ---- writing ---- */

struct lm_item_record lm_item_record_empty(const char *id)
{
    return (struct lm_item_record){id, NULL, (double)NAN, (double)NAN, -1, -1, -1};
}

static void put_count(struct lm_json_writer *writer, const char *key, int64_t value)
{
    lm_json_key(writer, key);
    if (value < 0)
        lm_json_put_null(writer);
    else
        lm_json_put_int(writer, value);
}

void lm_item_record_put(struct lm_json_writer *writer, const struct lm_item_record *record)
{
    lm_json_member_string(writer, "id", record->id);
    lm_json_key(writer, "group");
    if (record->group != NULL)
        lm_json_put_string(writer, record->group);
    else
        lm_json_put_null(writer);
    lm_json_member_double(writer, lm_item_names[LM_ITEM_SCORE], record->score);
    lm_json_member_double(writer, lm_item_names[LM_ITEM_NLL], record->nll);
    put_count(writer, lm_item_names[LM_ITEM_BYTES], record->bytes);
    put_count(writer, lm_item_names[LM_ITEM_CHOICE], record->choice);
    lm_json_key(writer, lm_item_names[LM_ITEM_TIE]);
    if (record->tie < 0)
        lm_json_put_null(writer);
    else
        lm_json_put_bool(writer, record->tie != 0);
}

/* ---- reading ---- */

bool lm_item_record_is_one(const struct lm_json *line)
{
    bool is_one = lm_json_get(line, "id") != NULL && lm_json_get(line, "group") != NULL;
    for (size_t c = LM_ITEM_SCORE; c <= LM_ITEM_TIE; c++)
        is_one = is_one && lm_json_get(line, lm_item_names[c]) != NULL;
    return is_one;
}

static enum lm_status no_memory(size_t count, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for %zu items; free some and run again", count);
}

enum lm_status lm_items_init(struct lm_items *out, struct lm_arena *arena, size_t count,
                             struct lm_err *err)
{
    struct lm_items items = {.count = count,
                             .ids = LM_NEW_ARRAY(arena, const char *, count),
                             .groups = LM_NEW_ARRAY(arena, const char *, count)};
    bool is_done = items.ids != NULL && items.groups != NULL;
    for (size_t c = 0; c < LM_ITEM_COLUMNS; c++) {
        items.columns[c] = LM_NEW_ARRAY(arena, double, count);
        is_done = is_done && items.columns[c] != NULL;
        for (size_t i = 0; i < count && items.columns[c] != NULL; i++)
            items.columns[c][i] = (double)NAN;
    }
    if (!is_done)
        return no_memory(count, err);
    *out = items;
    return LM_OK;
}

/* NULL for what is no text, with *failed set when memory is out. */
static const char *copy_text(struct lm_arena *arena, const struct lm_json *value, bool *failed)
{
    const char *text = lm_json_string(value, NULL);
    const char *copy = text != NULL ? lm_arena_strdup(arena, text) : NULL;
    *failed = *failed || (text != NULL && copy == NULL);
    return copy;
}

/* Item i of a tree; *failed: memory is out. */
static void take_tree(struct lm_items *items, size_t i, struct lm_arena *arena,
                      const struct lm_json *root, bool *failed)
{
    items->ids[i] = copy_text(arena, lm_json_get(root, "id"), failed);
    items->groups[i] = copy_text(arena, lm_json_get(root, "group"), failed);
    for (size_t c = 0; c < LM_ITEM_COLUMNS; c++)
        items->columns[c][i] = lm_json_double(lm_json_get(root, lm_item_names[c]), (double)NAN);
    const struct lm_json *tie = lm_json_get(root, lm_item_names[LM_ITEM_TIE]);
    bool is_tie = lm_json_bool(tie, false);
    items->columns[LM_ITEM_TIE][i] = is_tie == lm_json_bool(tie, true) ? is_tie : (double)NAN;
}

/* Items of one group follow each other: its name is kept once. */
static const char *group_of(const struct lm_items *items, size_t i, struct lm_arena *arena,
                            const struct lm_json_flat_value *value, bool *failed)
{
    const char *last = i > 0 ? items->groups[i - 1] : NULL;
    return last != NULL && lm_json_flat_is(value, last) ? last
                                                        : lm_json_flat_text(value, arena, failed);
}

/* The same of a record, as evaluate writes them. */
static void take_record(struct lm_items *items, size_t i, struct lm_arena *arena,
                        const struct lm_json_flat *record, bool *failed)
{
    struct lm_json_flat_value id = lm_json_flat_get(record, "id");
    struct lm_json_flat_value group = lm_json_flat_get(record, "group");
    struct lm_json_flat_value tie = lm_json_flat_get(record, lm_item_names[LM_ITEM_TIE]);
    items->ids[i] = lm_json_flat_text(&id, arena, failed);
    items->groups[i] = group_of(items, i, arena, &group, failed);
    for (size_t c = 0; c < LM_ITEM_COLUMNS; c++) {
        struct lm_json_flat_value value = lm_json_flat_get(record, lm_item_names[c]);
        items->columns[c][i] = lm_json_flat_double(&value, (double)NAN);
    }
    items->columns[LM_ITEM_TIE][i] = tie.kind == 't' ? 1 : tie.kind == 'f' ? 0 : (double)NAN;
}

static enum lm_status take_line(struct lm_items *items, struct lm_arena *arena, const char *line,
                                size_t size, struct lm_err *err)
{
    struct lm_json_flat record;
    struct lm_json *root = NULL;
    bool failed = false;
    size_t i = items->count;
    if (lm_json_flat_read(&record, line, size))
        take_record(items, i, arena, &record, &failed);
    else {
        LM_TRY(lm_json_parse_lenient(&root, line, size, err));
        take_tree(items, i, arena, root, &failed);
    }
    lm_json_free(root);
    if (failed)
        return no_memory(items->count + 1, err);
    if (items->ids[i] == NULL)
        return lm_fail(err, LM_FORMAT, "holds no text \"id\"; evaluate again");
    items->lines[i] = line;
    items->count++;
    return LM_OK;
}

enum lm_status lm_items_read(struct lm_items *out, struct lm_arena *arena, const char *path,
                             struct lm_err *err)
{
    char *text;
    const char *line;
    size_t size, length;
    struct lm_items items;
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    LM_TRY(lm_items_init(&items, arena, lm_line_walk_count(text, size), err));
    items.lines = LM_NEW_ARRAY(arena, const char *, items.count);
    if (items.lines == NULL)
        return no_memory(items.count, err);
    items.count = 0;
    for (struct lm_line_walk lines = lm_line_walk_of(text, size);
         lm_line_walk_next(&lines, &line, &length);) {
        enum lm_status status = length > 0 ? take_line(&items, arena, line, length, err) : LM_OK;
        if (status != LM_OK)
            return lm_wrap(err, status, "line %zu", lines.number);
    }
    LM_TRY(lm_items_sort(&items, arena, err));
    *out = items;
    return LM_OK;
}

const char *lm_items_set(char *out, size_t size, const char *file)
{
    static const char ending[] = ".jsonl";
    size_t length = strlen(file), tail = strlen(ending);
    bool has = length > tail && strcmp(file + length - tail, ending) == 0;
    snprintf(out, size, "%.*s", (int)(has ? length - tail : length), file);
    return out;
}

/* ---- order ---- */

struct place {
    const char *id;
    size_t index;
};

static int by_id(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static bool is_sorted(const struct lm_items *items)
{
    for (size_t i = 1; i < items->count; i++)
        if (strcmp(items->ids[i - 1], items->ids[i]) > 0)
            return false;
    return true;
}

enum lm_status lm_items_sort(struct lm_items *items, struct lm_arena *arena, struct lm_err *err)
{
    struct lm_items out;
    if (is_sorted(items))
        return LM_OK;
    struct place *places = LM_NEW_ARRAY(arena, struct place, items->count);
    if (places == NULL)
        return no_memory(items->count, err);
    LM_TRY(lm_items_init(&out, arena, items->count, err));
    if (items->lines != NULL)
        out.lines = LM_NEW_ARRAY(arena, const char *, items->count);
    if (items->lines != NULL && out.lines == NULL)
        return no_memory(items->count, err);
    for (size_t i = 0; i < items->count; i++)
        places[i] = (struct place){items->ids[i], i};
    qsort(places, items->count, sizeof *places, by_id);
    for (size_t i = 0; i < items->count; i++) {
        out.ids[i] = places[i].id;
        out.groups[i] = items->groups[places[i].index];
        if (items->lines != NULL)
            out.lines[i] = items->lines[places[i].index];
        for (size_t c = 0; c < LM_ITEM_COLUMNS; c++)
            out.columns[c][i] = items->columns[c][places[i].index];
    }
    *items = out;
    return LM_OK;
}

const char *lm_items_differ(const struct lm_items *a, const struct lm_items *b)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        if (i == a->count || i == b->count)
            return i == a->count ? b->ids[i] : a->ids[i];
        int order = strcmp(a->ids[i], b->ids[i]);
        if (order != 0)
            return order < 0 ? a->ids[i] : b->ids[i];
    }
    return NULL;
}
