#include "compare/baseline.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "compare/columns.h"

#define HEAD "{\"lmpipe_baseline\":"

enum { VERSION = 1, LARGEST = 1 << 30 };

/* ---- writing ---- */

static void put_texts(struct lm_json_writer *writer, const char *key, const char *const *texts,
                      size_t count)
{
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        if (texts[i] != NULL)
            lm_json_put_bytes(writer, texts[i], strlen(texts[i]));
        else
            lm_json_put_null(writer);
    }
    lm_json_close(writer, ']');
}

/** A column in which every item has nothing is left out. */
static void put_column(struct lm_json_writer *writer, const char *key, const double *values,
                       size_t count)
{
    size_t i = 0;
    while (i < count && isnan(values[i]))
        i++;
    if (i == count)
        return;
    lm_json_key(writer, key);
    lm_json_open(writer, '[');
    for (i = 0; i < count; i++)
        lm_json_put_double(writer, values[i]);
    lm_json_close(writer, ']');
}

static void put_items(struct lm_json_writer *writer, const struct lm_items *items)
{
    size_t grouped = 0;
    lm_json_open(writer, '{');
    put_texts(writer, "id", items->ids, items->count);
    while (grouped < items->count && items->groups[grouped] == NULL)
        grouped++;
    if (grouped < items->count)
        put_texts(writer, "group", items->groups, items->count);
    for (size_t c = 0; c < LM_ITEM_COLUMNS; c++)
        put_column(writer, lm_item_names[c], items->columns[c], items->count);
    lm_json_close(writer, '}');
}

static void put_stage(struct lm_json_writer *writer, const struct lm_baseline_stage *stage)
{
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", stage->id);
    lm_json_member_string(writer, "type", stage->type);
    lm_json_member_int(writer, "version", stage->version);
    lm_named_digests_put(writer, "of", stage->of, stage->of_count);
    lm_named_digests_put(writer, "outputs", stage->outputs, stage->output_count);
    lm_named_values_put(writer, "metrics", stage->metrics, stage->metric_count);
    lm_json_key(writer, "items");
    lm_json_open(writer, '{');
    for (size_t i = 0; i < stage->set_count; i++) {
        lm_json_key(writer, stage->sets[i].name);
        put_items(writer, &stage->sets[i].items);
    }
    lm_json_close(writer, '}');
    lm_json_close(writer, '}');
}

void lm_baseline_write(struct lm_buf *out, const struct lm_baseline *baseline)
{
    struct lm_json_writer writer;
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_baseline", VERSION);
    lm_json_member_string(&writer, "experiment", baseline->experiment);
    lm_json_key(&writer, "stages");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < baseline->stage_count; i++) {
        lm_buf_putc(out, '\n');
        put_stage(&writer, &baseline->stages[i]);
    }
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

/* ---- reading ---- */

static enum lm_status read_items(struct lm_items *out, struct lm_arena *arena,
                                 struct lm_columns *columns, const struct lm_json *object)
{
    const struct lm_json *groups = lm_json_get(object, "group"), *column;
    const char **ids, **names = NULL;
    size_t count, named;
    LM_TRY(lm_columns_texts(&ids, &count, columns, lm_json_get(object, "id"), arena));
    if (groups != NULL)
        LM_TRY(lm_columns_texts(&names, &named, columns, groups, arena));
    for (size_t i = 0; i < count; i++)
        if (ids[i] == NULL)
            return LM_FORMAT;
    if (groups != NULL && named != count)
        return LM_FORMAT;
    LM_TRY(lm_items_init(out, arena, count, NULL));
    out->ids = count > 0 ? ids : out->ids;
    out->groups = names != NULL ? names : out->groups;
    for (size_t c = 0; c < LM_ITEM_COLUMNS; c++)
        if ((column = lm_json_get(object, lm_item_names[c])) != NULL)
            LM_TRY(lm_columns_numbers(out->columns[c], count, columns, column));
    return lm_items_sort(out, arena, NULL);
}

/** The stage whose sets are being read. */
struct set_reading {
    struct lm_baseline_stage *stage;
    struct lm_columns *columns;
    struct lm_arena *arena;
    enum lm_status status;
};

static bool take_set(void *user, const char *key, const struct lm_json *value)
{
    struct set_reading *reading = user;
    struct lm_baseline_set *set = &reading->stage->sets[reading->stage->set_count++];
    set->name = lm_arena_strdup(reading->arena, key);
    reading->status = set->name != NULL
                          ? read_items(&set->items, reading->arena, reading->columns, value)
                          : LM_NOMEM;
    return reading->status == LM_OK;
}

static enum lm_status read_stage(struct lm_baseline_stage *out, struct lm_arena *arena,
                                 struct lm_columns *columns, const struct lm_json *object)
{
    const struct lm_json *items = lm_json_get(object, "items");
    struct set_reading reading = {.stage = out, .columns = columns, .arena = arena};
    LM_TRY(lm_named_text(&out->id, arena, lm_json_get(object, "stage")));
    LM_TRY(lm_named_text(&out->type, arena, lm_json_get(object, "type")));
    out->version = lm_json_int(lm_json_get(object, "version"), -1);
    LM_TRY(lm_named_digests(&out->of, &out->of_count, arena, lm_json_get(object, "of")));
    LM_TRY(
        lm_named_digests(&out->outputs, &out->output_count, arena, lm_json_get(object, "outputs")));
    LM_TRY(
        lm_named_values(&out->metrics, &out->metric_count, arena, lm_json_get(object, "metrics")));
    if (out->version < 0 || !lm_json_is_object(items))
        return LM_FORMAT;
    out->sets = LM_NEW_ARRAY(arena, struct lm_baseline_set, lm_json_count(items));
    if (out->sets == NULL)
        return LM_NOMEM;
    lm_json_each(items, take_set, &reading);
    return reading.status;
}

static enum lm_status read_all(struct lm_baseline *out, struct lm_arena *arena,
                               struct lm_columns *columns, const struct lm_json *root)
{
    const struct lm_json *stages = lm_json_get(root, "stages");
    struct lm_baseline baseline = {
        .stages = LM_NEW_ARRAY(arena, struct lm_baseline_stage, lm_json_count(stages)),
        .stage_count = lm_json_count(stages)};
    if (!lm_json_is_array(stages) || baseline.stages == NULL)
        return baseline.stages == NULL ? LM_NOMEM : LM_FORMAT;
    lm_name_map_init(&baseline.by_id, arena);
    LM_TRY(lm_named_text(&baseline.experiment, arena, lm_json_get(root, "experiment")));
    for (size_t i = 0; i < baseline.stage_count; i++) {
        LM_TRY(read_stage(&baseline.stages[i], arena, columns, lm_json_at(stages, i)));
        if (!lm_name_map_put(&baseline.by_id, baseline.stages[i].id, i))
            return LM_NOMEM;
    }
    *out = baseline;
    return lm_columns_check(columns);
}

static enum lm_status refuse(const struct lm_json *root, const char *path, struct lm_err *err)
{
    int64_t version = lm_json_int(lm_json_get(root, "lmpipe_baseline"), -1);
    if (version > 0 && version != VERSION)
        return lm_fail(
            err, LM_FORMAT,
            "%s: a baseline of version %lld, and this lmpipe reads version %d; export it "
            "again with this lmpipe",
            path, (long long)version, VERSION);
    return lm_fail(err, LM_FORMAT,
                   version == VERSION
                       ? "%s: a damaged baseline; write it again with 'lmpipe exp export'"
                       : "%s: no baseline; write one with 'lmpipe exp export RUN -o FILE'",
                   path);
}

/* The tree of all but the lists of items, which are to be read as columns. */
static enum lm_status read_tree(struct lm_json **out, struct lm_columns *columns,
                                struct lm_arena *arena, const char *text, size_t size)
{
    struct lm_buf rest;
    lm_buf_init(&rest, 0);
    enum lm_status status = lm_columns_cut(columns, &rest, arena, text, size);
    if (status == LM_OK)
        status = lm_json_parse(out, rest.data, rest.size, NULL);
    lm_buf_release(&rest);
    return status;
}

enum lm_status lm_baseline_read(struct lm_baseline *out, struct lm_arena *arena, const char *path,
                                struct lm_err *err)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    struct lm_columns columns;
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    enum lm_status status = read_tree(&root, &columns, arena, text, size);
    if (status == LM_OK && lm_json_int(lm_json_get(root, "lmpipe_baseline"), -1) != VERSION)
        status = LM_FORMAT;
    if (status == LM_OK)
        status = read_all(out, arena, &columns, root);
    if (status == LM_FORMAT)
        refuse(root, path, err);
    else if (status == LM_NOMEM)
        lm_fail(err, LM_NOMEM, "%s: no memory to read it; free some", path);
    lm_json_free(root);
    return status;
}

bool lm_baseline_is_one(const char *path)
{
    char head[sizeof HEAD] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t count = fd >= 0 ? read(fd, head, sizeof HEAD - 1) : -1;
    if (fd >= 0)
        close(fd);
    return count == (ssize_t)(sizeof HEAD - 1) && strcmp(head, HEAD) == 0;
}

/* ---- looking up ---- */

const struct lm_baseline_stage *lm_baseline_find(const struct lm_baseline *baseline, const char *id)
{
    size_t place = lm_name_map_find(&baseline->by_id, id);
    return place != SIZE_MAX ? &baseline->stages[place] : NULL;
}

double lm_baseline_metric(const struct lm_baseline_stage *stage, const char *name)
{
    return stage != NULL ? lm_named_value_find(stage->metrics, stage->metric_count, name)
                         : (double)NAN;
}

const char *lm_baseline_of(const struct lm_baseline_stage *stage, const char *name)
{
    return stage != NULL ? lm_named_digest_find(stage->of, stage->of_count, name) : NULL;
}

const char *lm_baseline_output(const struct lm_baseline_stage *stage, const char *port)
{
    return stage != NULL ? lm_named_digest_find(stage->outputs, stage->output_count, port) : NULL;
}

const struct lm_items *lm_baseline_items(const struct lm_baseline_stage *stage, const char *name)
{
    for (size_t i = 0; stage != NULL && i < stage->set_count; i++)
        if (strcmp(stage->sets[i].name, name) == 0)
            return &stage->sets[i].items;
    return NULL;
}
