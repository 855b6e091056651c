#include "evaluate_tasks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "task/task_follow.h"

#include "task_contamination.h"

static const struct task_kind *const kinds[LM_TASK_KINDS] = {
    [LM_TASK_STREAM] = &task_stream,         [LM_TASK_CHOICE] = &task_choice,
    [LM_TASK_CLOZE] = &task_cloze,           [LM_TASK_GENERATE] = &task_generate,
    [LM_TASK_SIMILARITY] = &task_similarity,
};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for tasks; give them a limit");
}

/* ---- reading ---- */

/* The files of `data`, which the parameters know as tasks.INDEX.NAME. */
static enum lm_status find_files(struct lm_task_files *out, const struct task_run *run,
                                 const struct lm_task_data *data, size_t index, const char *name,
                                 struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    char param[64];
    snprintf(param, sizeof param, "tasks.%zu.%s", index, name);
    if (data->file != NULL) {
        const char *path = lm_ctx_file(evaluation->ctx, param);
        if (path == NULL)
            return lm_fail(err, LM_INVALID, "%s: the task file has changed; run again", param);
        return lm_task_data_file(out, evaluation->arena, data, path, err);
    }
    size_t count = lm_ctx_input_count(evaluation->ctx, LM_TASK_PORT);
    const char **corpora = LM_NEW_ARRAY(evaluation->arena, const char *, count + 1);
    if (corpora == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        corpora[i] = lm_ctx_input_at(evaluation->ctx, LM_TASK_PORT, i);
    return lm_task_data_sources(out, evaluation->arena, data, corpora, count, err);
}

static enum lm_status read_items(struct task_run *run, size_t index, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    struct lm_arena *arena = evaluation->arena;
    struct lm_task_input input = {.is_cancelled = evaluate_is_cancelled, .user = evaluation->ctx};
    LM_TRY(find_files(&input.data, run, &run->task.data, index, "data", err));
    if (run->task.shot_count > 0)
        LM_TRY(find_files(&input.shots, run, &run->task.shots, index, "few_shot", err));
    LM_TRY(lm_task_items_read(&run->items, arena, &run->task, &input, err));
    LM_TRY(task_groups_find(&run->groups, arena, &run->task, &run->items, err));
    size_t count = run->items.count;
    run->score = LM_NEW_ARRAY(arena, double, count);
    run->nll = LM_NEW_ARRAY(arena, double, count);
    run->choice = LM_NEW_ARRAY(arena, int64_t, count);
    run->tie = LM_NEW_ARRAY(arena, bool, count);
    run->outputs = LM_NEW_ARRAY(arena, struct lm_text, count);
    if (run->score == NULL || run->nll == NULL || run->choice == NULL || run->tie == NULL ||
        run->outputs == NULL)
        return no_memory(err);
    return LM_OK;
}

/* ---- items ---- */

static void put_line(struct lm_buf *out, const struct task_run *run, size_t item)
{
    struct lm_json_writer writer;
    const struct task_kind *kind = kinds[run->task.kind];
    const struct lm_task_item *own = &run->items.items[item];
    struct lm_item_record record = lm_item_record_empty(own->id);
    if (run->groups.level_count > 0)
        record.group = own->groups[0];
    kind->record(&record, run, item);
    lm_json_begin(&writer, out, false);
    lm_json_open(&writer, '{');
    lm_item_record_put(&writer, &record);
    kind->put_item(&writer, run, item);
    if (run->touched != NULL) {
        lm_json_key(&writer, "contaminated");
        lm_json_put_bool(&writer, run->touched[item]);
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
}

static enum lm_status write_file(struct evaluation *evaluation, const char *name,
                                 const struct lm_buf *out, struct lm_err *err)
{
    const char *folder = lm_ctx_output(evaluation->ctx, "items");
    const char *path = lm_path_join(evaluation->arena, folder, name);
    if (path == NULL)
        return no_memory(err);
    return lm_file_write_buf(path, out, err);
}

static enum lm_status write_items(const struct task_run *run, struct lm_err *err)
{
    enum { POLL = 1 << 10 };

    struct lm_buf out;
    char name[LM_TASK_NAME + 8];
    enum lm_status status = LM_OK;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < run->items.count && status == LM_OK; i++) {
        put_line(&out, run, i);
        if (i % POLL == 0)
            status = evaluate_poll(run->evaluation, err);
    }
    snprintf(name, sizeof name, "%s.jsonl", run->task.name);
    if (status == LM_OK)
        status = write_file(run->evaluation, name, &out, err);
    lm_buf_release(&out);
    return status;
}

/* ---- what the numbers mean ---- */

static void sign(struct lm_buf *out, const struct task_run *run)
{
    const struct evaluation *evaluation = run->evaluation;
    const struct lm_task *task = &run->task;
    lm_buf_printf(out, "lmpipe-task 1; kind %s; ", lm_task_kinds[task->kind]);
    kinds[task->kind]->sign(out, run);
    if (task->kind == LM_TASK_CHOICE || task->kind == LM_TASK_CLOZE)
        lm_buf_puts(out, "; context and continuation encoded together behind one end-of-text, a "
                         "token counting when it ends behind the border");
    lm_buf_printf(out, "; vocabulary of %lld; context %llu, cut from the left; ",
                  (long long)evaluation->config.vocab, (unsigned long long)evaluation->context);
    lm_buf_printf(out, "%zu of %zu items", run->items.count, run->items.read);
    if (run->items.count < run->items.read)
        lm_buf_puts(out, " by keys of their ids");
    if (task->shot_count > 0)
        lm_buf_printf(out, "; %lld examples before each, drawn by its id",
                      (long long)task->shot_count);
    lm_buf_printf(out,
                  "; intervals: 95 %%, Wilson of accuracies, studentised bootstrap of other "
                  "ratios, %s of the rest, with "
                  "%lld resamples; portable products of %s",
                  evaluate_interval_word(evaluation), (long long)evaluation->params->resamples,
                  evaluation->params->precision);
}

static void put_groups(struct lm_json_writer *writer, const struct task_groups *groups)
{
    lm_json_key(writer, "groups");
    lm_json_open(writer, '[');
    for (size_t l = 0; l < groups->level_count; l++) {
        lm_json_open(writer, '[');
        for (size_t i = 0; i < groups->levels[l].count; i++)
            lm_json_put_string(writer, groups->levels[l].names[i]);
        lm_json_close(writer, ']');
    }
    lm_json_close(writer, ']');
}

static void put_reliability(struct lm_json_writer *writer,
                            const struct task_calibration *calibration)
{
    lm_json_key(writer, "reliability");
    lm_json_open(writer, '[');
    for (size_t b = 0; b < LM_CALIBRATION_BINS; b++) {
        const struct lm_calibration_bin *bin = &calibration->bins[b];
        if (bin->count == 0)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "items", (int64_t)bin->count);
        lm_json_member_double(writer, "confidence", bin->confidence / bin->count);
        lm_json_member_double(writer, "acc", bin->correct / bin->count);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

/* The task's entry of tasks.json, and its signature among the scores. */
static enum lm_status describe(struct lm_json_writer *writer, struct scores *scores,
                               const struct task_run *run, struct lm_err *err)
{
    const struct lm_task *task = &run->task;
    struct lm_buf text;
    char name[LM_TASK_NAME + 16];
    lm_buf_init(&text, 0);
    sign(&text, run);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "name", task->name);
    lm_json_member_string(writer, "kind", lm_task_kinds[task->kind]);
    snprintf(name, sizeof name, "%s.jsonl", task->name);
    lm_json_member_string(writer, "file", name);
    lm_json_member_int(writer, "items", (int64_t)run->items.count);
    lm_json_member_string(writer, "metric", kinds[task->kind]->metric);
    if (task->kind == LM_TASK_CHOICE) {
        lm_json_key(writer, "norm");
        lm_json_open(writer, '[');
        for (size_t n = 0; n < task->norm_count; n++)
            lm_json_put_string(writer, lm_task_norms[task->norms[n]]);
        lm_json_close(writer, ']');
    }
    put_groups(writer, &run->groups);
    if (isfinite(run->calibration.ece) && run->calibration.items > 0)
        put_reliability(writer, &run->calibration);
    lm_json_member_string(writer, "signature", text.data != NULL ? text.data : "");
    lm_json_close(writer, '}');
    snprintf(name, sizeof name, "%s.signature", task->name);
    lm_json_member_string(&scores->writer, name, text.data != NULL ? text.data : "");
    enum lm_status status = lm_buf_status(&text, err);
    lm_buf_release(&text);
    return status;
}

/* ---- a task ---- */

/* "blimp accuracy 0.612, lambada accuracy 0.02". */
static void add_headline(struct evaluation *evaluation, const struct task_run *run)
{
    char *at = evaluation->task_headline + strlen(evaluation->task_headline);
    size_t left = sizeof evaluation->task_headline - strlen(evaluation->task_headline);
    if (isfinite(run->headline))
        snprintf(at, left, "%s%s %s %.3g", evaluation->task_headline[0] != '\0' ? ", " : "",
                 run->task.name, kinds[run->task.kind]->title, run->headline);
}

static enum lm_status score_task(struct task_run *run, struct lm_err *err)
{
    enum lm_status status = kinds[run->task.kind]->score(run, err);
    return status == LM_OK ? LM_OK : lm_wrap(err, status, "task %s", run->task.name);
}

static enum lm_status evaluate_task(struct scores *scores, struct lm_json_writer *list,
                                    struct task_run *run, size_t index, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    const char *const *paths = evaluation->params->tasks.items;
    LM_TRY(lm_task_open(&run->task, run->evaluation->arena, paths[index], err));
    enum lm_status status = read_items(run, index, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "task %s", run->task.name);
    status = score_task(run, err);
    if (status == LM_NUMERIC && evaluation->config.diverged_at > 0) {
        lm_ctx_note(evaluation->ctx, "%s", err->text);
        *err = (struct lm_err){LM_OK, ""};
        return LM_OK;
    }
    LM_TRY(status);
    scores->prefix = run->task.name;
    LM_TRY(kinds[run->task.kind]->put(scores, run, err));
    LM_TRY(task_contamination_find(run, err));
    LM_TRY(task_contamination_put(scores, run, err));
    LM_TRY(describe(list, scores, run, err));
    add_headline(evaluation, run);
    return write_items(run, err);
}

static enum lm_status evaluate_each(struct scores *scores, struct task_scorer *scorer,
                                    struct evaluation *evaluation, struct lm_err *err)
{
    struct lm_json_writer list;
    struct lm_buf out;
    enum lm_status status = LM_OK;
    lm_buf_init(&out, 0);
    lm_json_begin(&list, &out, true);
    lm_json_open(&list, '[');
    for (size_t i = 0; i < evaluation->params->tasks.count && status == LM_OK; i++) {
        struct lm_arena_mark mark = lm_arena_mark(evaluation->arena);
        struct task_run *run = calloc(1, sizeof *run);
        if (run == NULL)
            status = no_memory(err);
        if (run != NULL) {
            *run = (struct task_run){
                .evaluation = evaluation, .scorer = scorer, .headline = (double)NAN};
            status = evaluate_task(scores, &list, run, i, err);
        }
        free(run);
        lm_arena_rewind(evaluation->arena, mark);
    }
    lm_json_close(&list, ']');
    lm_buf_putc(&out, '\n');
    if (status == LM_OK)
        status = write_file(evaluation, "tasks.json", &out, err);
    lm_buf_release(&out);
    return status;
}

enum lm_status evaluate_tasks(struct scores *scores, struct evaluation *evaluation,
                              struct lm_err *err)
{
    struct task_scorer *scorer = NULL;
    struct lm_model_options options = evaluate_model_options(evaluation);
    if (evaluation->params->tasks.count == 0)
        return LM_OK;
    lm_model_free(evaluation->model);
    evaluation->model = NULL;
    options.numerics = LM_NUMERICS_PORTABLE;
    options.precision = lm_precision_find(evaluation->params->precision);
    LM_TRY(
        lm_model_load(&evaluation->model, lm_ctx_input(evaluation->ctx, "model"), &options, err));
    enum lm_status status = task_scorer_open(&scorer, evaluation, evaluation->model, err);
    if (status == LM_OK)
        status = evaluate_each(scores, scorer, evaluation, err);
    scores->prefix = "tasks";
    if (evaluation->centred_count > 1)
        scores_put(scores, "centred", evaluation->centred_sum / (double)evaluation->centred_count);
    task_scorer_close(scorer);
    return status;
}
