#include "runs/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "spec/spec.h"
#include "store/store.h"

/** What belongs to no other name than the stage's own: not looked behind. */
#define MODEL "model"
#define ITEMS "items"
#define JSONL ".jsonl"

struct export
{
    struct lm_arena *arena;
    struct lm_store *store;
    const struct lm_recorded *run;
    struct lm_record **records;   /**< (stages) of their keys; NULL: it has no result */
    struct lm_name_map producers; /**< places of stages by the digest of an output */
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to export the run; free some");
}

/* ---- what is stored ---- */

static bool has_record(const struct lm_recorded_stage *stage, const struct lm_record *record)
{
    for (size_t i = 0; i < stage->output_count; i++) {
        const struct lm_output *output = lm_record_output(record, stage->outputs[i].name);
        if (output == NULL || strcmp(output->digest, stage->outputs[i].digest) != 0)
            return false;
    }
    return true;
}

static enum lm_status find_records(struct export *export, size_t *left, struct lm_err *err)
{
    const struct lm_recorded *run = export->run;
    export->records = LM_NEW_ARRAY(export->arena, struct lm_record *, run->stage_count);
    lm_name_map_init(&export->producers, export->arena);
    if (export->records == NULL)
        return no_memory(err);
    for (size_t i = 0; i < run->stage_count; i++) {
        const struct lm_recorded_stage *stage = &run->stages[i];
        if (stage->output_count == 0) {
            ++*left;
            continue;
        }
        enum lm_status status =
            lm_store_read(export->store, &export->records[i], export->arena, &stage->key, NULL);
        if (status == LM_NOMEM)
            return no_memory(err);
        if (status != LM_OK || !has_record(stage, export->records[i]))
            return lm_fail(err, LM_NOT_FOUND,
                           "the result of %s in run %s is no longer in the store; run %s again and "
                           "export that run",
                           stage->id, run->id, run->home);
        for (size_t k = 0; k < stage->output_count; k++)
            if (!lm_name_map_put(&export->producers, stage->outputs[k].digest, i))
                return no_memory(err);
    }
    return LM_OK;
}

/* ---- what metrics are of ---- */

/** The next line "input PORT DIGEST" of a key text, as copies; false: there is none. */
static bool next_input(struct lm_arena *arena, const char **at, struct lm_named_digest *out)
{
    while (**at != '\0') {
        const char *line = *at, *end = line + strcspn(line, "\n");
        *at = *end != '\0' ? end + 1 : end;
        if (strncmp(line, "input ", 6) != 0)
            continue;
        const char *name = line + 6, *space = name + strcspn(name, " \n");
        if (*space != ' ')
            continue;
        out->name = lm_arena_strndup(arena, name, (size_t)(space - name));
        out->digest = lm_arena_strndup(arena, space + 1, (size_t)(end - space - 1));
        return true;
    }
    return false;
}

/** Stages whose inputs are to be named, nearest first. */
struct walk {
    size_t *queue;
    bool *is_seen;
    size_t begin, end;
};

/** Names the inputs of one stage, and queues the stages that they come from. */
static enum lm_status name_inputs(struct export *export, struct lm_baseline_stage *out,
                                  struct walk *walk, size_t *capacity)
{
    struct lm_named_digest input;
    const char *at = export->records[walk->queue[walk->begin++]]->key_text;
    while (next_input(export->arena, &at, &input)) {
        if (input.name == NULL || input.digest == NULL)
            return LM_NOMEM;
        size_t producer = lm_name_map_find(&export->producers, input.digest);
        if (strcmp(input.name, MODEL) != 0 && producer != SIZE_MAX && !walk->is_seen[producer]) {
            walk->is_seen[producer] = true;
            walk->queue[walk->end++] = producer;
        }
        if (lm_named_digest_find(out->of, out->of_count, input.name) != NULL)
            continue;
        struct lm_named_digest *rows =
            lm_arena_grow(export->arena, out->of, out->of_count, capacity, sizeof *rows);
        if (rows == NULL)
            return LM_NOMEM;
        out->of = rows;
        rows[out->of_count++] = input;
    }
    return LM_OK;
}

static enum lm_status name_all(struct export *export, struct lm_baseline_stage *out, size_t stage,
                               struct lm_err *err)
{
    size_t count = export->run->stage_count, capacity = 0;
    struct walk walk = {.queue = LM_NEW_ARRAY(export->arena, size_t, count),
                        .is_seen = LM_NEW_ARRAY(export->arena, bool, count)};
    if (walk.queue == NULL || walk.is_seen == NULL)
        return no_memory(err);
    walk.queue[walk.end++] = stage;
    walk.is_seen[stage] = true;
    while (walk.begin < walk.end)
        if (name_inputs(export, out, &walk, &capacity) != LM_OK)
            return no_memory(err);
    lm_named_digests_sort(out->of, out->of_count);
    return LM_OK;
}

/* ---- items ---- */

/** Does a file begin with an item record? */
static bool is_set(const char *path)
{
    char *line = NULL;
    size_t capacity = 0;
    struct lm_json *root = NULL;
    FILE *file = fopen(path, "re");
    ssize_t size = file != NULL ? getline(&line, &capacity, file) : -1;
    bool is_one = size > 0 && lm_json_parse_lenient(&root, line, (size_t)size, NULL) == LM_OK;
    is_one = is_one && lm_item_record_is_one(root);
    lm_json_free(root);
    free(line);
    if (file != NULL)
        fclose(file);
    return is_one;
}

static enum lm_status read_sets(struct export *export, struct lm_baseline_stage *out,
                                const struct lm_output *items, struct lm_err *err)
{
    out->sets = LM_NEW_ARRAY(export->arena, struct lm_baseline_set, items->file_count);
    if (out->sets == NULL)
        return no_memory(err);
    for (size_t i = 0; i < items->file_count; i++) {
        const struct lm_output_file *file = &items->files[i];
        size_t length = strlen(file->name);
        const char *path = lm_store_object_path(export->store, export->arena, &file->object);
        if (path == NULL)
            return no_memory(err);
        if (!lm_path_exists(path))
            return lm_fail(err, LM_NOT_FOUND,
                           "the items of %s are no longer in the store; run %s again, and export "
                           "that run",
                           out->id, export->run->home);
        if (length <= strlen(JSONL) || strcmp(file->name + length - strlen(JSONL), JSONL) != 0 ||
            !is_set(path))
            continue;
        struct lm_baseline_set *set = &out->sets[out->set_count++];
        set->name = lm_arena_strndup(export->arena, file->name, length - strlen(JSONL));
        if (set->name == NULL)
            return no_memory(err);
        LM_TRY(lm_items_read(&set->items, export->arena, path, err));
    }
    return LM_OK;
}

/* ---- a stage ---- */

static enum lm_status take_stage(struct export *export, struct lm_baseline_stage *out, size_t i,
                                 struct lm_err *err)
{
    const struct lm_recorded_stage *stage = &export->run->stages[i];
    const struct lm_output *items = lm_record_output(export->records[i], ITEMS);
    *out = (struct lm_baseline_stage){.id = stage->id,
                                      .type = stage->type,
                                      .version = stage->version,
                                      .outputs = stage->outputs,
                                      .output_count = stage->output_count,
                                      .metrics = stage->metrics,
                                      .metric_count = stage->metric_count};
    lm_named_digests_sort(out->outputs, out->output_count);
    lm_named_values_sort(out->metrics, out->metric_count);
    LM_TRY(name_all(export, out, i, err));
    return items != NULL && items->folder ? read_sets(export, out, items, err) : LM_OK;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct lm_baseline_stage *)a)->id,
                  ((const struct lm_baseline_stage *)b)->id);
}

enum lm_status lm_export(struct lm_baseline *out, size_t *left, struct lm_arena *arena,
                         struct lm_store *store, const struct lm_recorded *run, struct lm_err *err)
{
    struct export export = {.arena = arena, .store = store, .run = run};
    struct lm_baseline baseline = {
        .experiment = run->experiment,
        .stages = LM_NEW_ARRAY(arena, struct lm_baseline_stage, run->stage_count)};
    *left = 0;
    if (baseline.stages == NULL)
        return no_memory(err);
    if (run->damaged > 0)
        return lm_fail(err, LM_FORMAT,
                       "the record of run %s is damaged; run %s again and export "
                       "that run",
                       run->id, run->home);
    LM_TRY(find_records(&export, left, err));
    for (size_t i = 0; i < run->stage_count; i++)
        if (run->stages[i].metric_count > 0)
            LM_TRY(take_stage(&export, &baseline.stages[baseline.stage_count++], i, err));
    if (baseline.stage_count == 0)
        return lm_fail(err, LM_NOT_FOUND,
                       "run %s has no metrics to compare with; export one that has evaluated",
                       run->id);
    qsort(baseline.stages, baseline.stage_count, sizeof *baseline.stages, by_id);
    *out = baseline;
    return LM_OK;
}

enum lm_status lm_export_items(const struct lm_baseline_set **out, size_t *count,
                               struct lm_arena *arena, struct lm_store *store,
                               const struct lm_recorded_stage *stage, struct lm_err *err)
{
    const struct lm_recorded run = {.home = "the spec"};
    struct export export = {.arena = arena, .store = store, .run = &run};
    struct lm_baseline_stage found = {.id = stage->id};
    struct lm_record *record = NULL;
    *out = NULL;
    *count = 0;
    if (!stage->is_keyed || stage->output_count == 0)
        return LM_OK;
    enum lm_status status = lm_store_read(store, &record, arena, &stage->key, NULL);
    const struct lm_output *items =
        status == LM_OK && has_record(stage, record) ? lm_record_output(record, ITEMS) : NULL;
    if (status == LM_NOMEM || items == NULL || !items->folder)
        return status == LM_NOMEM ? no_memory(err) : LM_OK;
    status = read_sets(&export, &found, items, err);
    if (status != LM_OK)
        return status == LM_NOT_FOUND ? LM_OK : status;
    *out = found.sets;
    *count = found.set_count;
    return LM_OK;
}
