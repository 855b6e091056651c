#include "report_input.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/lines.h"

#include "report_text.h"

static enum lm_status read_json(struct lm_json **out, struct report *report, const char *path,
                                const char *what, struct lm_err *err)
{
    char *text;
    size_t size;
    if (path == NULL)
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, report->arena, path, REPORT_LARGEST_FILE, err));
    enum lm_status status = lm_json_parse(out, text, size, err);
    return status == LM_OK ? LM_OK : lm_wrap(err, status, "%s", what);
}

static enum lm_status read_lines(struct report_lines *out, struct report *report, const char *path,
                                 const char *what, struct lm_err *err)
{
    char *text;
    const char *line;
    size_t size, length;
    if (path == NULL)
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, report->arena, path, REPORT_LARGEST_FILE, err));
    out->items = LM_NEW_ARRAY(report->arena, struct lm_json *, lm_line_walk_count(text, size) + 1);
    if (out->items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the %s; free some and run again", what);
    for (struct lm_line_walk lines = lm_line_walk_of(text, size);
         lm_line_walk_next(&lines, &line, &length);) {
        if (length == 0)
            continue;
        enum lm_status status = lm_json_parse(&out->items[out->count], line, length, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "%s, line %zu", what, lines.number);
        out->count++;
    }
    return LM_OK;
}

/* A file of the folder of items: a document or lines; it may be missing. */
static enum lm_status read_item(struct report *report, const char *folder, const char *name,
                                struct lm_json **document, struct report_lines *lines,
                                struct lm_err *err)
{
    const char *path = lm_path_join(report->arena, folder, name);
    const char *what = lm_arena_printf(report->arena, "items/%s", name);
    if (path == NULL || what == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for paths; free some and run again");
    if (!lm_path_exists(path))
        return LM_OK;
    return document != NULL ? read_json(document, report, path, what, err)
                            : read_lines(lines, report, path, what, err);
}

/* The documents' records of the split that the result is about. */
static enum lm_status read_documents(struct report *report, const char *folder, struct lm_err *err)
{
    const char *name = lm_arena_printf(report->arena, "%s.jsonl", report->split);
    const char *path = name != NULL ? lm_path_join(report->arena, folder, name) : NULL;
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for paths; free some and run again");
    if (!lm_path_exists(path))
        return LM_OK;
    enum lm_status status = lm_items_read(&report->documents, report->arena, path, err);
    return status == LM_OK ? LM_OK : lm_wrap(err, status, "items/%s", name);
}

static enum lm_status read_items(struct report *report, const char *folder, struct lm_err *err)
{
    if (folder == NULL)
        return LM_OK;
    bool is_test = strcmp(report->examples_split, "test") == 0;
    LM_TRY(read_documents(report, folder, err));
    LM_TRY(read_item(report, folder, "curves.json", &report->curves, NULL, err));
    LM_TRY(read_item(report, folder, "tasks.json", &report->tasks, NULL, err));
    LM_TRY(read_item(report, folder, "passages.jsonl", NULL, &report->passages, err));
    LM_TRY(read_item(report, folder, "examples.json", &report->objective, NULL, err));
    return read_item(report, folder, is_test ? "examples.test.jsonl" : "examples.valid.jsonl", NULL,
                     &report->examples, err);
}

static enum lm_status read_inputs(struct report *report, struct lm_ctx *ctx, struct lm_err *err)
{
    const char *facts = lm_ctx_experiment(ctx), *vocab = lm_ctx_input(ctx, "vocab");
    if (facts != NULL)
        LM_TRY(lm_json_parse(&report->experiment, facts, strlen(facts), err));
    LM_TRY(read_json(&report->scores, report, lm_ctx_input(ctx, "scores"), "scores", err));
    report->split = isnan(report_score(report, "test", "bpb")) ? "valid" : "test";
    report->examples_split = isnan(report_score(report, "test", "examples")) &&
                                     !isnan(report_score(report, "valid", "examples"))
                                 ? "valid"
                                 : "test";
    LM_TRY(read_json(&report->card, report, lm_ctx_input(ctx, "card"), "card", err));
    LM_TRY(read_json(&report->tokenizer, report, lm_ctx_input(ctx, "tokenizer"), "tokenizer", err));
    LM_TRY(read_items(report, lm_ctx_input(ctx, "items"), err));
    LM_TRY(read_lines(&report->samples, report, lm_ctx_input(ctx, "samples"), "samples", err));
    LM_TRY(report_log_read(report, lm_ctx_input(ctx, "log"), err));
    return vocab != NULL ? lm_vocab_load(&report->vocab, vocab, err) : LM_OK;
}

enum lm_status report_load(struct report *report, bool *lacks_memory, struct lm_ctx *ctx,
                           const struct report_params *params, struct lm_err *err)
{
    memset(report, 0, sizeof *report);
    report->arena = lm_ctx_arena(ctx);
    report->lacks_memory = lacks_memory;
    report->params = params;
    for (int i = 0; i < REPORT_LANGUAGES; i++)
        if (strcmp(params->language, lm_report_language_names[i]) == 0)
            report->language = (enum report_language)i;
    LM_TRY(read_inputs(report, ctx, err));
    const char *name = lm_json_string(lm_json_get(report->experiment, "name"), NULL);
    report->name = name != NULL ? name : "experiment";
    return LM_OK;
}

static void release_lines(struct report_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        lm_json_free(lines->items[i]);
}

void report_release(struct report *report)
{
    lm_json_free(report->experiment);
    lm_json_free(report->scores);
    lm_json_free(report->card);
    lm_json_free(report->tokenizer);
    lm_json_free(report->curves);
    lm_json_free(report->log_sources);
    lm_json_free(report->tasks);
    lm_json_free(report->objective);
    release_lines(&report->passages);
    release_lines(&report->examples);
    release_lines(&report->samples);
    lm_vocab_free(report->vocab);
}

double report_score(const struct report *report, const char *split, const char *name)
{
    char key[200];
    int length = snprintf(key, sizeof key, "%s.%s", split, name);
    if (length < 0 || (size_t)length >= sizeof key)
        return (double)NAN;
    return lm_json_double(lm_json_get(report->scores, key), (double)NAN);
}

const struct lm_json *report_stage_params(const struct report *report, const char *id)
{
    const struct lm_json *stages = lm_json_get(report->experiment, "stages");
    return id != NULL ? lm_json_get(lm_json_get(stages, id), "params") : NULL;
}

const char *report_stage_type(const struct report *report, const char *id)
{
    const struct lm_json *stages = lm_json_get(report->experiment, "stages");
    return lm_json_string(lm_json_get(lm_json_get(stages, id), "uses"), NULL);
}
