#include <string.h>

#include <lmpipe/stage.h>

#include "base/io.h"
#include "base/pool.h"
#include "compare/compare_page.h"

#include "compare_params.h"

enum { LARGEST = 64 << 20, SEED = 1 /* of the resamples: they are part of the method */ };

static const struct {
    const char *port;
    void (*write)(struct lm_buf *out, const struct lm_comparison *comparison);
} files[] = {
    {"html", lm_compare_page_write},
    {"md", lm_compare_markdown_write},
    {"csv", lm_compare_csv_write},
    {"json", lm_compare_json_write},
};

enum { FILES = sizeof files / sizeof files[0] };

struct comparing {
    struct lm_ctx *ctx;
    struct lm_arena *arena;
    struct lm_pool *pool; /* NULL: this thread alone */
    struct lm_compare_run *runs;
    struct lm_json **scores;
    size_t count;
};

/* ---- which items and which log belong to a run ---- */

static bool has_axes(const char *label)
{
    return strchr(label, '=') != NULL;
}

/* Is every "name=value" of `part` one of `whole`? */
static bool is_within(const char *part, const char *whole)
{
    for (const char *at = part; *at != '\0';) {
        size_t length = strcspn(at, ",");
        bool is_there = false;
        for (const char *own = whole; *own != '\0' && !is_there;) {
            size_t own_length = strcspn(own, ",");
            is_there = own_length == length && memcmp(own, at, length) == 0;
            own += own_length + (own[own_length] == ',');
        }
        if (!is_there)
            return false;
        at += length + (at[length] == ',');
    }
    return true;
}

/* The path of an input; NULL: it failed, or is not there. */
static const char *path_of(const struct comparing *comparing, const char *port, size_t i)
{
    const char *path = lm_ctx_input_at(comparing->ctx, port, i);
    return path != NULL && path[0] != '\0' ? path : NULL;
}

/* The input of `port` that belongs to run i: with the same axis values; or, where there is none,
 * with the most of them and no other (one model for several evaluations); lists of plain stages by
 * their order. NULL: none. */
static const char *input_of(const struct comparing *comparing, const char *port, size_t i)
{
    size_t count = lm_ctx_input_count(comparing->ctx, port), longest = 0;
    const char *label = lm_ctx_input_label(comparing->ctx, "scores", i), *found = NULL;
    for (size_t k = 0; k < count && has_axes(label); k++) {
        const char *own = lm_ctx_input_label(comparing->ctx, port, k);
        size_t length = strlen(own) + 1;
        if (has_axes(own) && length > longest && is_within(own, label)) {
            longest = length;
            found = path_of(comparing, port, k);
        }
    }
    return found == NULL && count == comparing->count && !has_axes(label)
               ? path_of(comparing, port, i)
               : found;
}

/* ---- runs ---- */

/* Its axes' values; "run 2" for the second of a list of plain stages, whose names a key does not
 * hold. What was gathered from two families may have one label twice: "lr=1 (2)". */
static const char *label_of(const struct comparing *comparing, size_t i)
{
    const char *label = lm_ctx_input_label(comparing->ctx, "scores", i);
    size_t before = 0;
    if (label[0] == '\0')
        return lm_arena_printf(comparing->arena, "run %zu", i + 1);
    for (size_t k = 0; k < i; k++)
        before += strcmp(lm_ctx_input_label(comparing->ctx, "scores", k), label) == 0;
    return before == 0 ? label : lm_arena_printf(comparing->arena, "%s (%zu)", label, before + 1);
}

static enum lm_status read_scores(struct comparing *comparing, size_t i, struct lm_err *err)
{
    char *text;
    size_t size;
    const char *path = path_of(comparing, "scores", i);
    if (path == NULL) {
        comparing->runs[i].failed = "its evaluation, or what that needs, failed";
        return LM_OK;
    }
    LM_TRY(lm_file_read(&text, &size, comparing->arena, path, LARGEST, err));
    enum lm_status status = lm_json_parse(&comparing->scores[i], text, size, err);
    if (status == LM_OK && !lm_json_is_object(comparing->scores[i]))
        status = lm_fail(err, LM_FORMAT, "is not a JSON object; give scores of evaluate");
    comparing->runs[i].scores = comparing->scores[i];
    return status == LM_OK ? LM_OK : lm_wrap(err, status, "scores of %s", comparing->runs[i].label);
}

static enum lm_status open_runs(struct comparing *comparing, struct lm_err *err)
{
    comparing->count = lm_ctx_input_count(comparing->ctx, "scores");
    comparing->runs = LM_NEW_ARRAY(comparing->arena, struct lm_compare_run, comparing->count);
    comparing->scores = LM_NEW_ARRAY(comparing->arena, struct lm_json *, comparing->count);
    if (comparing->runs == NULL || comparing->scores == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu runs; compare fewer", comparing->count);
    for (size_t i = 0; i < comparing->count; i++) {
        comparing->runs[i].label = label_of(comparing, i);
        if (comparing->runs[i].label == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for labels; compare fewer runs");
        LM_TRY(read_scores(comparing, i, err));
        comparing->runs[i].items = input_of(comparing, "items", i);
        comparing->runs[i].log = input_of(comparing, "log", i);
        lm_ctx_progress(comparing->ctx, i + 1, comparing->count, "runs");
    }
    return LM_OK;
}

/* ---- what is made of them ---- */

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

static struct lm_compare_options options_of(const struct comparing *comparing,
                                            const struct compare_params *params)
{
    static const char *const seeds[] = {"seed"};
    bool has_repeats = params->repeats.count > 0;
    return (struct lm_compare_options){
        .title = params->title[0] != '\0' ? params->title : params->metric,
        .metric = params->metric,
        .better = strcmp(params->mode, "min") == 0   ? LM_BETTER_LOWER
                  : strcmp(params->mode, "max") == 0 ? LM_BETTER_HIGHER
                                                     : LM_BETTER_NONE,
        .reference = params->reference[0] != '\0' ? params->reference : NULL,
        .repeats = has_repeats ? params->repeats.items : (const void *)seeds,
        .repeat_count = has_repeats ? params->repeats.count : 1,
        .confidence = params->confidence,
        .resamples = (size_t)params->resamples,
        .seed = SEED,
        .is_cancelled = is_cancelled,
        .user = comparing->ctx,
        .pool = comparing->pool};
}

static enum lm_status write_files(const struct lm_comparison *comparison, struct lm_ctx *ctx,
                                  struct lm_err *err)
{
    struct lm_buf out;
    enum lm_status status = LM_OK;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < FILES && status == LM_OK; i++) {
        lm_buf_clear(&out);
        files[i].write(&out, comparison);
        status = lm_file_write_buf(lm_ctx_output(ctx, files[i].port), &out, err);
    }
    lm_buf_release(&out);
    return status;
}

lm_run_fn lm_run_compare;

enum lm_status lm_run_compare(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct comparing comparing = {.ctx = ctx,
                                  .arena = lm_ctx_arena(ctx),
                                  .pool = lm_pool_create(lm_ctx_threads(ctx))}; /* NULL: alone */
    struct lm_comparison comparison;
    enum lm_status status = open_runs(&comparing, err);
    const struct lm_compare_options options = options_of(&comparing, params);
    lm_ctx_doing(ctx, "comparing");
    if (status == LM_OK)
        status = lm_compare_runs(&comparison, comparing.arena, comparing.runs, comparing.count,
                                 &options, err);
    if (status == LM_OK)
        status = write_files(&comparison, ctx, err);
    if (status == LM_OK) {
        lm_ctx_headline(ctx, "%s", comparison.headline);
        lm_ctx_note(ctx, "%s", comparison.summary);
    }
    for (size_t i = 0; comparing.scores != NULL && i < comparing.count; i++)
        lm_json_free(comparing.scores[i]);
    lm_pool_free(comparing.pool);
    return status;
}
