/* exp compare: runs beside one another, by the same code as the stage type compare. */
#include <lmpipe/runs.h>

#include <math.h>
#include <string.h>

#include "base/io.h"
#include "base/new_file.h"
#include "compare/compare_page.h"
#include "runs/export.h"
#include "runs/side.h"
#include "spec/spec.h"
#include "store/store.h"

#define SCORES "scores"

enum { SEED = 1 /* of the resamples, as in the stage type */, RESAMPLES = 10000 };

struct comparing {
    struct lm_history history;
    struct lm_arena *arena;
    struct lm_pool *pool; /* NULL: this thread alone */
    struct lm_store *store;
    struct lm_side *sides;
    size_t side_count;
    struct lm_compare_run *runs;
    size_t count, capacity;
    struct lm_name_map labels; /**< of the runs; places mean nothing */
    const char *reference;
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to compare so many runs; compare fewer");
}

/* ---- a run of the comparison ---- */

/** The metrics that are finite, as the comparison reads them. */
static enum lm_status take_values(struct comparing *comparing, struct lm_compare_run *out,
                                  const struct lm_recorded_stage *stage, struct lm_err *err)
{
    struct lm_compare_number *values =
        LM_NEW_ARRAY(comparing->arena, struct lm_compare_number, stage->metric_count);
    if (values == NULL)
        return no_memory(err);
    for (size_t i = 0; i < stage->metric_count; i++)
        if (isfinite(stage->metrics[i].value))
            values[out->value_count++] =
                (struct lm_compare_number){stage->metrics[i].name, stage->metrics[i].value};
    out->values = values;
    return LM_OK;
}

/** The file of an output of a stage, when the store still holds it; else NULL. */
static const char *output_path(const struct comparing *comparing,
                               const struct lm_recorded_stage *stage, const char *port)
{
    struct lm_record *record = NULL;
    const char *digest = lm_named_digest_find(stage->outputs, stage->output_count, port);
    if (digest == NULL || !stage->is_keyed ||
        lm_store_read(comparing->store, &record, comparing->arena, &stage->key, NULL) != LM_OK)
        return NULL;
    const struct lm_output *output = lm_record_output(record, port);
    if (output == NULL || output->folder || output->file_count != 1 ||
        strcmp(output->digest, digest) != 0)
        return NULL;
    const char *path =
        lm_store_object_path(comparing->store, comparing->arena, &output->files[0].object);
    return path != NULL && lm_path_exists(path) ? path : NULL;
}

/** The log of the training whose model was evaluated; NULL: not known. */
static const char *find_log(const struct comparing *comparing, const struct lm_recorded *run,
                            const struct lm_recorded_stage *stage)
{
    static const char line[] = "\ninput model ";
    const char *at = stage->key_text != NULL ? strstr(stage->key_text, line) : NULL;
    if (at == NULL)
        return NULL;
    at += strlen(line);
    const char *digest = lm_arena_strndup(comparing->arena, at, strcspn(at, "\n"));
    for (size_t i = 0; digest != NULL && i < run->stage_count; i++) {
        const struct lm_recorded_stage *model = &run->stages[i];
        const char *own = lm_named_digest_find(model->outputs, model->output_count, "model");
        if (own != NULL && strcmp(own, digest) == 0)
            return output_path(comparing, model, "log");
    }
    return NULL;
}

/** Does every value of the matrix that `part` has stand in `whole`, too? */
static bool is_within(const struct lm_recorded_stage *part, const struct lm_recorded_stage *whole)
{
    for (size_t i = 0; i < part->point_count; i++) {
        const char *own = lm_named_text_find(whole->point, whole->point_count, part->point[i].name);
        if (own == NULL || strcmp(own, part->point[i].text) != 0)
            return false;
    }
    return true;
}

/** Parameters of all stages at the run's point: "model.lr". */
static enum lm_status take_params(struct comparing *comparing, struct lm_compare_run *out,
                                  const struct lm_recorded *run,
                                  const struct lm_recorded_stage *stage, struct lm_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < run->stage_count; i++)
        count += is_within(&run->stages[i], stage) ? run->stages[i].param_count : 0;
    struct lm_compare_param *params =
        LM_NEW_ARRAY(comparing->arena, struct lm_compare_param, count);
    if (params == NULL)
        return no_memory(err);
    out->params = params;
    for (size_t i = 0; i < run->stage_count; i++) {
        const struct lm_recorded_stage *other = &run->stages[i];
        if (!is_within(other, stage))
            continue;
        for (size_t k = 0; k < other->param_count; k++) {
            const char *name =
                lm_arena_printf(comparing->arena, "%.*s.%s", (int)strcspn(other->id, "@"),
                                other->id, other->params[k].name);
            if (name == NULL)
                return no_memory(err);
            params[out->param_count++] = (struct lm_compare_param){name, other->params[k].text};
        }
    }
    return LM_OK;
}

static enum lm_status take_items(struct comparing *comparing, struct lm_compare_run *out,
                                 const struct lm_side *side, const struct lm_recorded_stage *stage,
                                 struct lm_err *err)
{
    const struct lm_baseline_stage *from =
        side->baseline != NULL ? lm_baseline_find(side->baseline, stage->id) : NULL;
    const struct lm_baseline_set *sets = from != NULL ? from->sets : NULL;
    size_t count = from != NULL ? from->set_count : 0;
    if (side->baseline == NULL)
        LM_TRY(lm_export_items(&sets, &count, comparing->arena, comparing->store, stage, err));
    struct lm_compare_items *items = LM_NEW_ARRAY(comparing->arena, struct lm_compare_items, count);
    if (items == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        items[i].file = lm_arena_printf(comparing->arena, "%s.jsonl", sets[i].name);
        items[i].items = sets[i].items;
        if (items[i].file == NULL)
            return no_memory(err);
    }
    out->given = items;
    out->given_count = count;
    return LM_OK;
}

/** No two runs may be called the same. NULL: out of memory. */
static const char *label_of(const struct comparing *comparing, const char *wanted)
{
    const char *label = lm_arena_strdup(comparing->arena, wanted);
    for (size_t i = 2; label != NULL && lm_name_map_find(&comparing->labels, label) != SIZE_MAX;
         i++)
        label = lm_arena_printf(comparing->arena, "%s (%zu)", wanted, i);
    return label;
}

static enum lm_status add_run(struct comparing *comparing, const struct lm_side *side,
                              const struct lm_recorded_stage *stage, const char *wanted,
                              struct lm_err *err)
{
    struct lm_compare_run run = {.label = label_of(comparing, wanted)};
    struct lm_compare_run *runs = lm_arena_grow(comparing->arena, comparing->runs, comparing->count,
                                                &comparing->capacity, sizeof *runs);
    if (run.label == NULL || runs == NULL ||
        !lm_name_map_put(&comparing->labels, run.label, comparing->count))
        return no_memory(err);
    comparing->runs = runs;
    if (stage->output_count == 0) {
        run.failed = stage->error != NULL    ? stage->error
                     : side->run.damaged > 0 ? "its record is damaged"
                                             : "it has no result";
    } else {
        LM_TRY(take_values(comparing, &run, stage, err));
        LM_TRY(take_items(comparing, &run, side, stage, err));
        run.log = find_log(comparing, &side->run, stage);
    }
    LM_TRY(take_params(comparing, &run, &side->run, stage, err));
    runs[comparing->count++] = run;
    return LM_OK;
}

/* ---- which runs ---- */

static const char *family_of(const struct comparing *comparing,
                             const struct lm_recorded_stage *stage)
{
    return lm_arena_strndup(comparing->arena, stage->id, strcspn(stage->id, "@"));
}

/** The family of a side's stages that are compared: the last that gives scores; NULL: none. */
static const char *find_family(const struct comparing *comparing, const struct lm_side *side)
{
    for (size_t i = side->run.stage_count; i > 0; i--) {
        const struct lm_recorded_stage *stage = &side->run.stages[i - 1];
        if (lm_named_digest_find(stage->outputs, stage->output_count, SCORES) != NULL)
            return family_of(comparing, stage);
    }
    return NULL;
}

static enum lm_status add_side(struct comparing *comparing, const struct lm_side *side,
                               struct lm_err *err)
{
    const char *family = side->only == SIZE_MAX ? find_family(comparing, side) : NULL;
    size_t length = family != NULL ? strlen(family) : 0, count = 0;
    const struct lm_recorded *run = &side->run;
    if (side->only != SIZE_MAX) {
        const char *one =
            lm_arena_printf(comparing->arena, "%s %s", side->label, run->stages[side->only].id);
        return one != NULL ? add_run(comparing, side, &run->stages[side->only], one, err)
                           : no_memory(err);
    }
    if (family == NULL)
        return lm_fail(err, LM_INVALID,
                       "%s has no scores to compare by; name one that has evaluated", side->name);
    for (size_t i = 0; i < run->stage_count; i++)
        count += strcspn(run->stages[i].id, "@") == length &&
                 strncmp(run->stages[i].id, family, length) == 0;
    for (size_t i = 0; i < run->stage_count; i++) {
        const char *id = run->stages[i].id;
        if (strcspn(id, "@") != length || strncmp(id, family, length) != 0)
            continue;
        const char *label = count == 1 ? side->label
                            : comparing->side_count == 1
                                ? id
                                : lm_arena_printf(comparing->arena, "%s %s", side->label, id);
        if (label == NULL)
            return no_memory(err);
        LM_TRY(add_run(comparing, side, &run->stages[i], label, err));
    }
    return LM_OK;
}

/* ---- telling ---- */

static bool has_value(const struct lm_compare_run *run, const char *name)
{
    for (size_t i = 0; i < run->value_count; i++)
        if (strcmp(run->values[i].name, name) == 0)
            return true;
    return false;
}

/** The metric to compare by when none is named: the first usual one that the first run has. */
static const char *choose_metric(const struct comparing *comparing)
{
    static const char *const usual[] = {"valid.bpb",      "test.bpb",   "valid.acc", "test.acc",
                                        "valid.spearman", "valid.bleu", "valid.nll"};
    for (size_t k = 0; k < sizeof usual / sizeof usual[0]; k++)
        for (size_t i = 0; i < comparing->count; i++)
            if (has_value(&comparing->runs[i], usual[k]))
                return usual[k];
    return usual[0];
}

static enum lm_status write_page(const struct lm_comparison *comparison, const char *path,
                                 struct lm_err *err)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_compare_page_write(&out, comparison);
    enum lm_status status = lm_new_file_write_buf(path, &out, LM_NEW_DURABLE, err);
    lm_buf_release(&out);
    return status == LM_NOT_FOUND ? LM_IO : status; /* its folder is not there */
}

static enum lm_status print(const struct lm_comparison *comparison, enum lm_runs_format format,
                            bool is_plain, FILE *out, struct lm_err *err)
{
    static void (*const writers[])(struct lm_buf *, const struct lm_comparison *) = {
        [LM_RUNS_TEXT] = lm_compare_markdown_write,
        [LM_RUNS_JSON] = lm_compare_json_write,
        [LM_RUNS_CSV] = lm_compare_csv_write};
    struct lm_buf text;
    lm_buf_init(&text, 0);
    if (is_plain && format == LM_RUNS_TEXT)
        lm_compare_text_write(&text, comparison);
    else
        writers[format](&text, comparison);
    enum lm_status status = lm_buf_status(&text, err);
    for (size_t i = 0; status == LM_OK && i < text.size; i++)
        if (text.data[i] != '\r') /* of CSV: standard output has lines */
            fputc(text.data[i], out);
    lm_buf_release(&text);
    return status;
}

static enum lm_status compare(struct comparing *comparing, const char *const *names,
                              const struct lm_compare_request *request, FILE *out,
                              struct lm_err *err)
{
    static const char *const seeds[] = {"seed"};
    struct lm_comparison comparison;
    comparing->sides = LM_NEW_ARRAY(comparing->arena, struct lm_side, comparing->side_count);
    if (comparing->sides == NULL)
        return no_memory(err);
    for (size_t i = 0; i < comparing->side_count; i++) {
        LM_TRY(lm_side_find(&comparing->sides[i], &comparing->history, names[i], err));
        LM_TRY(add_side(comparing, &comparing->sides[i], err));
        if (i == 0 && comparing->count == 1 && comparing->side_count > 1)
            comparing->reference = comparing->runs[0].label;
    }
    const char *metric = request->metric != NULL ? request->metric : choose_metric(comparing);
    const struct lm_compare_options options = {.title = metric,
                                               .metric = metric,
                                               .reference = comparing->reference,
                                               .repeats = seeds,
                                               .repeat_count = 1,
                                               .confidence = 0.95,
                                               .resamples = RESAMPLES,
                                               .seed = SEED,
                                               .pool = comparing->pool};
    LM_TRY(lm_compare_runs(&comparison, comparing->arena, comparing->runs, comparing->count,
                           &options, err));
    if (request->page != NULL)
        LM_TRY(write_page(&comparison, request->page, err));
    return print(&comparison, request->format, request->is_plain, out, err);
}

enum lm_status lm_runs_compare(struct lm_store *store, const char *const *names, size_t count,
                               const struct lm_compare_request *request, FILE *out,
                               struct lm_err *err)
{
    struct comparing comparing = {.arena = lm_arena_create(),
                                  .pool = lm_pool_create(lm_cpu_count()),
                                  .store = store,
                                  .side_count = count};
    lm_name_map_init(&comparing.labels, comparing.arena);
    enum lm_status status = comparing.arena != NULL ? LM_OK : no_memory(err);
    if (status == LM_OK)
        status = lm_history_load(&comparing.history, comparing.arena, store, err);
    if (status == LM_OK)
        status = compare(&comparing, names, request, out, err);
    lm_history_release(&comparing.history);
    lm_pool_free(comparing.pool);
    lm_arena_free(comparing.arena);
    return status;
}
