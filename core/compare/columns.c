#include "compare/columns.h"

#include <math.h>
#include <string.h>

#include "base/json_flat.h"
#include "base/json_text.h"

/* ---- cutting ---- */

/* The containers around a column: of the baseline, its stages, a stage, its items, a set. */
#define AROUND "{[{{{"

enum { DEEP = sizeof AROUND - 1 };

/* Behind the quote that ends a text; `at` is behind the one that begins it. NULL: none does. */
static const char *behind_text(const char *at, const char *end)
{
    const char *quote = lm_json_text_end(at, end);
    return quote != NULL ? quote + 1 : NULL;
}

static bool has_brackets(const char *at, const char *end)
{
    return memchr(at, '[', (size_t)(end - at)) != NULL ||
           memchr(at, '{', (size_t)(end - at)) != NULL;
}

/* Behind the bracket that ends the list at `at`; NULL: none does. */
static const char *behind_list(const char *at, const char *end)
{
    const char *start = at++, *close = start, *quote;
    while (at != NULL) {
        if (close < at)
            close = memchr(at, ']', (size_t)(end - at));
        if (close == NULL)
            return NULL;
        quote = memchr(at, '"', (size_t)(close - at));
        if (has_brackets(at, quote != NULL ? quote : close))
            break;
        if (quote == NULL)
            return close + 1;
        at = behind_text(quote + 1, end);
    }
    struct lm_json_walk walk = {.text = start, .size = (size_t)(end - start)};
    return at != NULL && lm_json_walk_value(&walk, NULL) ? start + walk.at : NULL;
}

static enum lm_status add(struct lm_columns *columns, struct lm_arena *arena, const char *text,
                          size_t size)
{
    struct lm_column *items =
        lm_arena_grow(arena, columns->items, columns->count, &columns->capacity, sizeof *items);
    if (items == NULL)
        return LM_NOMEM;
    columns->items = items;
    items[columns->count++] = (struct lm_column){text, size, false};
    return LM_OK;
}

enum lm_status lm_columns_cut(struct lm_columns *out, struct lm_buf *rest, struct lm_arena *arena,
                              const char *text, size_t size)
{
    const char *end = text + size, *left = text, *next;
    char around[DEEP + 1] = "";
    size_t deep = 0;
    *out = (struct lm_columns){0};
    for (const char *at = text; at < end; at = next) {
        next = at + 1;
        if (*at == '"')
            next = behind_text(next, end);
        else if (*at == '[' && deep == DEEP && strcmp(around, AROUND) == 0) {
            next = behind_list(at, end);
            if (next != NULL) {
                lm_buf_append(rest, left, (size_t)(at - left));
                lm_buf_printf(rest, "[%zu]", out->count);
                LM_TRY(add(out, arena, at, (size_t)(next - at)));
                left = next;
            }
        } else if (*at == '[' || *at == '{') {
            if (deep < DEEP)
                around[deep] = *at;
            deep++;
        } else if ((*at == ']' || *at == '}') && deep > 0)
            deep--;
        if (next == NULL)
            return LM_FORMAT;
    }
    lm_buf_append(rest, left, (size_t)(end - left));
    return lm_buf_status(rest, NULL);
}

/* ---- reading ---- */

/* The list that a place stands for; it is read from now on. */
static const struct lm_column *column_at(struct lm_columns *columns, const struct lm_json *place)
{
    int64_t k = lm_json_is_array(place) ? lm_json_int(lm_json_at(place, 0), -1) : -1;
    if (k < 0 || (uint64_t)k >= columns->count)
        return NULL;
    columns->items[k].is_read = true;
    return &columns->items[k];
}

/* False: it is not flat, or not as long. */
static bool read_numbers(double *out, size_t count, const struct lm_column *column)
{
    struct lm_json_flat_list list;
    struct lm_json_flat_value value;
    if (!lm_json_flat_list_open(&list, column->text, column->size))
        return false;
    for (size_t i = 0; lm_json_flat_list_next(&list, &value); i++) {
        if (value.kind == '\0' || i == count)
            return value.kind == '\0' && i == count;
        out[i] = lm_json_flat_double(&value, (double)NAN);
        if (value.kind == '0' && isnan(out[i])) /* too large, which is an error here */
            return false;
    }
    return false;
}

enum lm_status lm_columns_numbers(double *out, size_t count, struct lm_columns *columns,
                                  const struct lm_json *place)
{
    struct lm_json *tree;
    const struct lm_column *column = column_at(columns, place);
    if (column == NULL)
        return LM_FORMAT;
    if (read_numbers(out, count, column))
        return LM_OK;
    LM_TRY(lm_json_parse(&tree, column->text, column->size, NULL));
    enum lm_status status = lm_json_count(tree) == count ? LM_OK : LM_FORMAT;
    for (size_t i = 0; i < count && status == LM_OK; i++)
        out[i] = lm_json_double(lm_json_at(tree, i), (double)NAN);
    lm_json_free(tree);
    return status;
}

/* Texts as they are found; a run of equal ones is kept once. */
struct texts {
    struct lm_arena *arena;
    const char **items;
    size_t count, capacity;
};

static enum lm_status add_text(struct texts *texts, const char *text)
{
    const char **items = lm_arena_grow(texts->arena, (void *)texts->items, texts->count,
                                       &texts->capacity, sizeof *items);
    if (items == NULL)
        return LM_NOMEM;
    texts->items = items;
    items[texts->count++] = text;
    return LM_OK;
}

static const char *last_of(const struct texts *texts)
{
    return texts->count > 0 ? texts->items[texts->count - 1] : NULL;
}

/* LM_FORMAT: it is not flat. */
static enum lm_status read_texts(struct texts *out, const struct lm_column *column)
{
    struct lm_json_flat_list list;
    struct lm_json_flat_value value;
    bool failed = false;
    if (!lm_json_flat_list_open(&list, column->text, column->size))
        return LM_FORMAT;
    while (lm_json_flat_list_next(&list, &value)) {
        if (value.kind == '\0')
            return LM_OK;
        if (value.kind == '0' && isnan(lm_json_flat_double(&value, (double)NAN)))
            return LM_FORMAT;
        const char *text = last_of(out);
        if (text == NULL || !lm_json_flat_is(&value, text))
            text = lm_json_flat_text(&value, out->arena, &failed);
        if (failed)
            return LM_NOMEM;
        LM_TRY(add_text(out, text));
    }
    return LM_FORMAT;
}

static enum lm_status texts_of_tree(struct texts *out, const struct lm_column *column)
{
    struct lm_json *tree;
    LM_TRY(lm_json_parse(&tree, column->text, column->size, NULL));
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < lm_json_count(tree) && status == LM_OK; i++) {
        const char *text = lm_json_string(lm_json_at(tree, i), NULL);
        const char *copy = text != NULL ? lm_arena_strdup(out->arena, text) : NULL;
        status = text != NULL && copy == NULL ? LM_NOMEM : add_text(out, copy);
    }
    lm_json_free(tree);
    return status;
}

enum lm_status lm_columns_texts(const char ***out, size_t *count, struct lm_columns *columns,
                                const struct lm_json *place, struct lm_arena *arena)
{
    const struct lm_column *column = column_at(columns, place);
    struct texts texts = {.arena = arena};
    if (column == NULL)
        return LM_FORMAT;
    enum lm_status status = read_texts(&texts, column);
    if (status == LM_FORMAT) {
        texts.count = 0;
        status = texts_of_tree(&texts, column);
    }
    *out = texts.items;
    *count = texts.count;
    return status;
}

enum lm_status lm_columns_check(const struct lm_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        struct lm_json *tree = NULL;
        if (!columns->items[i].is_read)
            LM_TRY(lm_json_parse(&tree, columns->items[i].text, columns->items[i].size, NULL));
        lm_json_free(tree);
    }
    return LM_OK;
}
