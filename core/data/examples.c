#include "data/examples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/io.h"
#include "base/json.h"
#include "data/split.h"

#define LARGEST_FILE ((size_t)1 << 30)

enum { MOST_LABELS = 1 << 16 };

const char *const lm_example_form_names[] = {"choice", "generate", "similarity", NULL};

/* Items while they are read. */
struct reading {
    struct lm_examples *out;
    struct lm_arena *arena;
    const struct lm_example_options *options;
    const char *file; /* relative to the folder */
    uint64_t line;
    size_t capacity;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the examples; give fewer");
}

static enum lm_status fault(const struct reading *reading, enum lm_status status, const char *what,
                            struct lm_err *err)
{
    return lm_fail(err, status, "%s:%llu: %s", reading->file, (unsigned long long)reading->line,
                   what);
}

/* ---- members ---- */

static enum lm_status copy_text(const struct reading *reading, struct lm_example_text *out,
                                const struct lm_json *value, struct lm_err *err)
{
    size_t size;
    const char *text = lm_json_string(value, &size);
    char *copy = lm_arena_strndup(reading->arena, text, size);
    if (copy == NULL)
        return no_memory(err);
    *out = (struct lm_example_text){copy, size};
    return LM_OK;
}

static enum lm_status take_text(const struct reading *reading, struct lm_example_text *out,
                                const struct lm_json *item, const char *key, struct lm_err *err)
{
    char what[120];
    const struct lm_json *value = lm_json_get(item, key);
    if (lm_json_is_string(value))
        return copy_text(reading, out, value, err);
    snprintf(what, sizeof what, "no text \"%s\"; an item of the form %s has one", key,
             lm_example_form_names[reading->options->form]);
    return fault(reading, LM_FORMAT, what, err);
}

static enum lm_status take_texts(const struct reading *reading, struct lm_example_text **out,
                                 size_t *count, const struct lm_json *item, const char *key,
                                 struct lm_err *err)
{
    char what[160];
    const struct lm_json *list = lm_json_get(item, key);
    snprintf(what, sizeof what, "\"%s\" must be a list of texts that are not empty", key);
    *count = lm_json_count(list);
    *out = LM_NEW_ARRAY(reading->arena, struct lm_example_text, *count);
    if (*out == NULL)
        return no_memory(err);
    if (!lm_json_is_array(list))
        return fault(reading, LM_FORMAT, what, err);
    for (size_t i = 0; i < *count; i++) {
        const struct lm_json *value = lm_json_at(list, i);
        if (!lm_json_is_string(value))
            return fault(reading, LM_FORMAT, what, err);
        LM_TRY(copy_text(reading, &(*out)[i], value, err));
        if ((*out)[i].size == 0)
            return fault(reading, LM_FORMAT, what, err);
    }
    return LM_OK;
}

static bool equal(const struct lm_example_text *a, const struct lm_example_text *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* ---- a form each ---- */

/* The first item says what the labels are. */
static enum lm_status agree_on_labels(struct reading *reading, struct lm_example_text *choices,
                                      size_t count, struct lm_err *err)
{
    struct lm_examples *out = reading->out;
    bool is_same = count == out->label_count;
    if (out->labels == NULL) {
        if (count < 2 || count > MOST_LABELS)
            return fault(reading, LM_RANGE, "\"choices\" must have 2 to 65,536 items", err);
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < i; k++)
                if (equal(&choices[i], &choices[k]))
                    return fault(reading, LM_FORMAT, "two \"choices\" are equal; drop one", err);
        out->labels = choices;
        out->label_count = count;
        return LM_OK;
    }
    for (size_t i = 0; is_same && i < count; i++)
        is_same = equal(&choices[i], &out->labels[i]);
    if (!is_same)
        return fault(reading, LM_FORMAT,
                     "\"choices\" differ from those of the first item; a label must mean the same "
                     "in all",
                     err);
    return LM_OK;
}

static enum lm_status take_choice(struct reading *reading, struct lm_example *example,
                                  const struct lm_json *item, struct lm_err *err)
{
    struct lm_example_text *choices = NULL;
    size_t count = 0;
    const struct lm_json *gold = lm_json_get(item, "gold");
    LM_TRY(take_text(reading, &example->prompt, item, "prompt", err));
    LM_TRY(take_texts(reading, &choices, &count, item, "choices", err));
    LM_TRY(agree_on_labels(reading, choices, count, err));
    double index = lm_json_double(gold, -1);
    if (!lm_json_is_number(gold) || !(index >= 0) || index >= (double)count ||
        index != floor(index))
        return fault(reading, LM_RANGE, "\"gold\" must be the index of a choice, counted from 0",
                     err);
    example->label = (int64_t)index;
    return LM_OK;
}

static enum lm_status take_generate(struct reading *reading, struct lm_example *example,
                                    const struct lm_json *item, struct lm_err *err)
{
    LM_TRY(take_text(reading, &example->prompt, item, "prompt", err));
    LM_TRY(take_texts(reading, &example->references, &example->reference_count, item, "references",
                      err));
    if (example->reference_count == 0)
        return fault(reading, LM_FORMAT, "\"references\" must have at least one text", err);
    if (lm_json_get(item, "stop") == NULL)
        return LM_OK;
    return take_texts(reading, &example->stops, &example->stop_count, item, "stop", err);
}

static enum lm_status take_similarity(struct reading *reading, struct lm_example *example,
                                      const struct lm_json *item, struct lm_err *err)
{
    char what[160], low[32], high[32];
    double lowest = reading->options->lowest, highest = reading->options->highest;
    const struct lm_json *value = lm_json_get(item, "score");
    double score = lm_json_double(value, (double)NAN);
    LM_TRY(take_text(reading, &example->prompt, item, "a", err));
    LM_TRY(take_text(reading, &example->other, item, "b", err));
    if (!lm_json_is_number(value))
        return fault(reading, LM_FORMAT, "no number \"score\"; an item of similarity has one", err);
    if (!(score >= lowest && score <= highest)) {
        snprintf(what, sizeof what, "\"score\" is outside %s to %s; set score_range",
                 lm_format_double(low, lowest), lm_format_double(high, highest));
        return fault(reading, LM_RANGE, what, err);
    }
    example->score = (score - lowest) / (highest - lowest);
    return LM_OK;
}

static const struct {
    enum lm_status (*take)(struct reading *, struct lm_example *, const struct lm_json *,
                           struct lm_err *);
} forms[] = {
    [LM_EXAMPLE_CHOICE] = {take_choice},
    [LM_EXAMPLE_GENERATE] = {take_generate},
    [LM_EXAMPLE_SIMILARITY] = {take_similarity},
};

/* ---- splits ---- */

static void hash_size(struct lm_sha256 *hash, uint64_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(size >> 8 * i);
    lm_sha256_update(hash, bytes, sizeof bytes);
}

static void hash_text(struct lm_sha256 *hash, const struct lm_example_text *text)
{
    hash_size(hash, text->size);
    lm_sha256_update(hash, text->data, text->size);
}

/* Each text after its length, so that no two examples are one string. */
static enum lm_status draw_split(const struct reading *reading, struct lm_example *example,
                                 struct lm_err *err)
{
    static const char name[] = "lmpipe-examples";
    struct lm_digest digest;
    struct lm_sha256 *hash = lm_sha256_create();
    const struct lm_example_text id = {example->id, strlen(example->id)};
    if (hash == NULL)
        return no_memory(err);
    lm_sha256_update(hash, name, sizeof name);
    hash_text(hash, &id);
    hash_text(hash, &example->prompt);
    if (reading->options->form == LM_EXAMPLE_SIMILARITY)
        hash_text(hash, &example->other);
    for (size_t i = 0; i < example->reference_count; i++)
        hash_text(hash, &example->references[i]);
    lm_sha256_final(hash, &digest);
    lm_sha256_free(hash);
    example->split = lm_split_draw(&digest, reading->options->valid, reading->options->test);
    return LM_OK;
}

/* ---- lines and files ---- */

static struct lm_example *add(struct reading *reading)
{
    struct lm_examples *out = reading->out;
    struct lm_example *items =
        lm_arena_grow(reading->arena, out->items, out->count, &reading->capacity, sizeof *items);
    if (items == NULL)
        return NULL;
    out->items = items;
    return &out->items[out->count++];
}

static enum lm_status take_item(struct reading *reading, const struct lm_json *item,
                                struct lm_err *err)
{
    size_t size = 0;
    const char *id = lm_json_string(lm_json_get(item, "id"), &size);
    if (!lm_json_is_object(item))
        return fault(reading, LM_FORMAT, "not an object; an item is {\"id\": …}", err);
    if (id == NULL || size == 0 || strlen(id) != size)
        return fault(reading, LM_FORMAT, "no text \"id\"; every item needs one of its own", err);
    struct lm_example *example = add(reading);
    if (example == NULL)
        return no_memory(err);
    *example = (struct lm_example){.file = reading->file, .line = reading->line};
    example->id = lm_arena_strdup(reading->arena, id);
    if (example->id == NULL)
        return no_memory(err);
    LM_TRY(forms[reading->options->form].take(reading, example, item, err));
    return draw_split(reading, example, err);
}

static enum lm_status read_line(struct reading *reading, const char *line, size_t size,
                                struct lm_err *err)
{
    struct lm_json *item = NULL;
    enum lm_status status = lm_json_parse_lenient(&item, line, size, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "%s:%llu", reading->file, (unsigned long long)reading->line);
    status = take_item(reading, item, err);
    lm_json_free(item);
    return status;
}

/* Bytes of a byte order mark, which some programs write before UTF-8. */
static size_t mark_size(const char *text, size_t size)
{
    return size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Nothing but what JSON takes for white space; of CR LF the first is some. */
static bool is_blank(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

static enum lm_status read_file(struct reading *reading, const char *path, struct lm_err *err)
{
    struct lm_arena *own = lm_arena_create(); /* the file's bytes, which are not kept */
    char *text = NULL;
    size_t size = 0;
    if (own == NULL)
        return no_memory(err);
    enum lm_status status = lm_file_read(&text, &size, own, path, LARGEST_FILE, err);
    reading->line = 0;
    for (size_t at = mark_size(text, size); status == LM_OK && at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - text) - at : size - at;
        reading->line++;
        if (!is_blank(text + at, length))
            status = read_line(reading, text + at, length, err);
        at += length + 1;
    }
    lm_arena_free(own);
    return status;
}

/* ---- all ---- */

/* By id; those of one id, which are refused, by their place. */
static int compare_examples(const void *a, const void *b)
{
    const struct lm_example *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    if (order == 0)
        order = strcmp(x->file, y->file);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static enum lm_status put_in_order(struct lm_examples *out, struct lm_err *err)
{
    if (out->count == 0)
        return lm_fail(err, LM_INVALID, "the corpus holds no examples; give JSON lines of items");
    qsort(out->items, out->count, sizeof *out->items, compare_examples);
    for (size_t i = 1; i < out->count; i++) {
        const struct lm_example *a = &out->items[i - 1], *b = &out->items[i];
        if (strcmp(a->id, b->id) == 0)
            return lm_fail(
                err, LM_INVALID, "%s:%llu and %s:%llu have one id; every item needs one of its own",
                a->file, (unsigned long long)a->line, b->file, (unsigned long long)b->line);
    }
    for (size_t i = 0; i < out->count; i++)
        out->splits[out->items[i].split]++;
    return LM_OK;
}

enum lm_status lm_examples_read(struct lm_examples *out, struct lm_arena *arena, const char *folder,
                                const struct lm_example_options *options, struct lm_err *err)
{
    struct lm_examples examples = {0};
    struct reading reading = {.out = &examples, .arena = arena, .options = options};
    struct lm_names names;
    const char *files = lm_path_join(arena, folder, "files");
    if (files == NULL)
        return no_memory(err);
    LM_TRY(lm_dir_walk(&names, NULL, arena, files, err));
    for (size_t i = 0; i < names.count; i++) {
        const char *path = lm_path_join(arena, files, names.items[i]);
        if (path == NULL)
            return no_memory(err);
        reading.file = names.items[i];
        LM_TRY(read_file(&reading, path, err));
    }
    LM_TRY(put_in_order(&examples, err));
    *out = examples;
    return LM_OK;
}
