/* Stage type clean: the work. */
#include "clean_run.h"

#include <string.h>

#include "clean_card.h"
#include "clean_judge.h"
#include "clean_settle.h"
#include "clean_sources.h"
#include "clean_tell.h"
#include "web/html_tree.h"

#define HEAVIEST                                                                                   \
    ((size_t)64 << 20) /* bytes of memory that a batch takes: more makes nothing faster */

static size_t index_of(const char *const *names, const char *name)
{
    size_t i = 0;
    while (names[i + 1] != NULL && strcmp(names[i], name) != 0)
        i++;
    return i;
}

/* ---- steps ---- */

static enum lm_status read_step(void *user, void *data, size_t *tasks, bool *is_end,
                                struct lm_err *err)
{
    struct clean_run *run = user;
    struct clean_batch *batch = data;
    enum lm_status status = clean_read_batch(&run->reader, batch, is_end, err);
    *tasks = clean_batch_tasks(batch);
    return status;
}

static enum lm_status work_step(void *user, void *batch, size_t task, size_t worker,
                                struct lm_err *err)
{
    (void)user;
    (void)err; /* what a document failed with is told in its turn */
    clean_batch_task(batch, task, worker);
    return LM_OK;
}

static enum lm_status judge_step(void *user, void *batch, struct lm_err *err)
{
    LM_TRY(clean_judge_batch(user, batch, err));
    clean_batch_clear(batch);
    return LM_OK;
}

/* Tells how far it is, and keeps that when it is time to. */
static enum lm_status go_on(struct clean_run *run, struct lm_err *err)
{
    const uint64_t done = (uint64_t)run->bytes_done;
    lm_ctx_progress(run->ctx, done, (uint64_t)run->bytes_all, "bytes");
    if (lm_ctx_cancelled(run->ctx))
        return lm_fail(err, LM_CANCELLED, "stopped while cleaning; run again");
    return lm_ctx_checkpoint_due(run->ctx) ? clean_kept_save(&run->kept_work, done, err) : LM_OK;
}

static enum lm_status turn_step(void *user, void *batch, struct lm_err *err)
{
    struct clean_run *run = user;
    (void)batch;
    return go_on(run, err);
}

static enum lm_status read_all(struct clean_run *run, struct lm_err *err)
{
    struct lm_batch_steps steps = {
        .user = run, .read = read_step, .work = work_step, .write = judge_step, .turn = turn_step};
    for (size_t i = 0; i < LM_BATCHES; i++)
        steps.batches[i] = &run->batches[i];
    LM_TRY(lm_batches_run(&steps, run->pool, err));
    run->bytes_done = run->bytes_all; /* also what lies between documents */
    LM_TRY(go_on(run, err));
    LM_TRY(clean_judge_end(run, err));
    return clean_settle_waiting(run, err);
}

/* ---- the stage ---- */

/* Rules as the work knows them, and memory for each thread that asks them. */
static enum lm_status prepare_rules(struct clean_run *run, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(run->ctx);
    const struct clean_rule *given = run->params->rules.items;
    size_t count = run->params->rules.count;
    struct lm_rule *rules = LM_NEW_ARRAY(arena, struct lm_rule, count);
    run->pool = lm_pool_create(lm_ctx_threads(run->ctx)); /* NULL: serially */
    run->work.threads = lm_pool_threads(run->pool);
    run->work.scratch = LM_NEW_ARRAY(arena, struct lm_rule_scratch, run->work.threads);
    if (rules == NULL || run->work.scratch == NULL) {
        run->work.threads = 0;
        return lm_fail(err, LM_NOMEM, "no memory for rules; free some");
    }
    for (size_t i = 0; i < run->work.threads; i++)
        lm_rule_scratch_init(&run->work.scratch[i]);
    for (size_t i = 0; i < count; i++) {
        rules[i] = (struct lm_rule){lm_rule_find(given[i].rule), given[i].min, given[i].max,
                                    given[i].length};
        if (rules[i].kind == NULL)
            return lm_fail(err, LM_INTERNAL, "rules.%zu: \"%s\" is not known; report this", i,
                           given[i].rule);
    }
    lm_ruleset_init(&run->rules, rules, count);
    run->work.rules = &run->rules;
    return clean_totals_init(&run->totals, arena, rules, count, err);
}

/* CLD2 is loaded only where languages are asked for. */
static enum lm_status prepare_language(struct clean_run *run, struct lm_err *err)
{
    const struct clean_language *wanted = &run->params->language;
    if (wanted->keep.count == 0)
        return LM_OK;
    run->totals.drops[CLEAN_LANGUAGE].language = run->work.wanted = wanted;
    LM_TRY(lm_language_open(&run->language, err));
    run->work.language = run->language;
    return LM_OK;
}

static enum lm_status prepare_near(struct clean_run *run, const char *scratch, struct lm_err *err)
{
    const struct clean_near_params *near = &run->params->dedup.near;
    if (!clean_near_is_wanted(near))
        return LM_OK;
    run->work.shingles =
        LM_NEW_ARRAY(lm_ctx_arena(run->ctx), struct lm_shingles, run->work.threads);
    if (run->work.shingles == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for shingles; free some");
    run->totals.drops[CLEAN_NEAR].near = near;
    clean_near_begin(&run->near, run->params, scratch, run->memory / 4);
    run->work.near = &run->near;
    return LM_OK;
}

/* Of plain text all bytes may stay, and nothing is known of other files before they are read. */
static enum lm_status prepare_substring(struct clean_run *run, const char *scratch,
                                        struct lm_err *err)
{
    const struct clean_substring_params *substring = &run->params->dedup.substring;
    if (!clean_substring_is_wanted(substring))
        return LM_OK;
    return clean_substring_begin(&run->substring, substring, &run->options, scratch, run->memory,
                                 lm_clean_keeps_all(run->params) ? (uint64_t)run->corpus.bytes : 0,
                                 err);
}

static enum lm_status prepare_contamination(struct clean_run *run, struct lm_err *err)
{
    const struct clean_decontaminate *asked = &run->params->decontaminate;
    if (asked->against.count == 0)
        return LM_OK;
    run->work.words = LM_NEW_ARRAY(lm_ctx_arena(run->ctx), struct lm_leak_words, run->work.threads);
    if (run->work.words == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for words; free some");
    LM_TRY(clean_contamination_begin(&run->contamination, asked, run->ctx, err));
    run->work.contamination = &run->contamination;
    return LM_OK;
}

/* What only all documents together tell. */
static enum lm_status prepare_waiting(struct clean_run *run, const char *scratch,
                                      struct lm_err *err)
{
    LM_TRY(prepare_near(run, scratch, err));
    run->work.is_sketched = run->work.near == NULL && strcmp(run->params->split.by, "hash") == 0;
    if (clean_classifier_is_wanted(&run->params->classifier))
        run->classifier.params = &run->params->classifier;
    LM_TRY(prepare_substring(run, scratch, err));
    LM_TRY(prepare_contamination(run, err));
    run->left = (struct clean_left){&run->waiting, &run->near, &run->classifier, &run->substring};
    bool are_waiting = run->work.near != NULL || run->classifier.params != NULL ||
                       run->substring.params != NULL || run->work.contamination != NULL;
    run->work.needs_texts = are_waiting || run->work.compared.paragraph || run->work.compared.line;
    if (are_waiting)
        clean_waiting_begin(&run->waiting, scratch);
    return LM_OK;
}

static void prepare_reader(struct clean_run *run, const char *scratch)
{
    const struct clean_params *p = run->params;
    const size_t share = run->memory / 2 / LM_BATCHES;
    run->reader = (struct clean_reader){
        .corpus = &run->corpus,
        .documents = &p->documents,
        .folder = lm_ctx_input(run->ctx, "corpus"),
        .kept = &run->kept_work,
        .weight = share < HEAVIEST ? share : HEAVIEST,
        .reading = {.by = (enum lm_documents_by)index_of(lm_documents_by_names, p->documents.by),
                    .encoding = p->encoding,
                    .repair = run->options.repair,
                    .needs_host = strcmp(p->split.group, "host") == 0,
                    .scratch = scratch}};
    for (size_t i = 0; i < LM_BATCHES; i++)
        run->batches[i].work = &run->work;
}

static enum lm_status prepare(struct clean_run *run, struct lm_err *err)
{
    const struct clean_params *p = run->params;
    struct lm_arena *arena = lm_ctx_arena(run->ctx);
    const char *scratch = NULL;
    run->memory = lm_ctx_memory(run->ctx);
    run->labels = lm_arena_create();
    if (run->labels == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for files; free some");
    LM_TRY(lm_ctx_scratch(run->ctx, &scratch, err));
    run->options = (struct lm_clean_options){
        .repair = (enum lm_repair)index_of(lm_repair_names, p->invalid),
        .nfc = p->nfc,
        .strip_trailing_space = p->strip_trailing_space,
        .trim = p->trim,
        .max_blank_lines = p->max_blank_lines == LM_UNSET_INT ? -1 : p->max_blank_lines};
    run->work.options = &run->options;
    run->work.transform = &run->totals.transform;
    run->work.compared = clean_compared_of(&p->dedup);
    clean_dedup_begin(&run->dedup, &run->work.compared, scratch, run->memory / 2);
    LM_TRY(prepare_rules(run, err));
    LM_TRY(prepare_language(run, err));
    LM_TRY(clean_corpus_read(&run->corpus, arena, lm_ctx_input(run->ctx, "corpus"), err));
    LM_TRY(prepare_waiting(run, scratch, err));
    run->totals.transform = clean_transform_of(p);
    run->bytes_all = run->corpus.bytes;
    LM_TRY(clean_kept_open(&run->kept_work, run->ctx, p, (uint64_t)run->bytes_all, err));
    if (p->removals)
        LM_TRY(clean_removals_open(&run->removals, lm_ctx_output(run->ctx, "removals"), err));
    prepare_reader(run, scratch);
    const struct clean_layout layout = {.count = (size_t)p->shards,
                                        .is_packed = strcmp(p->compression, "zstd") == 0,
                                        .is_by_position = strcmp(p->split.by, "position") == 0};
    bool has_meta = p->documents.keep.count > 0;
    return clean_splitter_open(&run->splitter, arena, lm_ctx_output(run->ctx, "text"),
                               has_meta ? lm_ctx_output(run->ctx, "meta") : NULL, &p->split,
                               &layout, run->corpus.sources, err);
}

static enum lm_status work(struct clean_run *run, struct lm_err *err)
{
    LM_TRY(prepare(run, err));
    LM_TRY(read_all(run, err));
    if (run->totals.documents == 0)
        return clean_tell_nothing_left(run, err);
    lm_ctx_doing(run->ctx, "writing the text");
    LM_TRY(clean_splitter_finish(&run->splitter, err));
    LM_TRY(clean_removals_finish(&run->removals, err));
    run->totals.dropped_paragraphs = run->dedup.dropped_paragraphs;
    run->totals.dropped_lines = run->dedup.dropped_lines;
    run->totals.dropped_parts = run->dedup.dropped_bytes;
    LM_TRY(clean_sources_write(lm_ctx_output(run->ctx, "sources"), &run->corpus, err));
    LM_TRY(clean_card_write(lm_ctx_output(run->ctx, "card"), &run->corpus, &run->totals,
                            &run->splitter, &run->near,
                            run->work.is_sketched ? &run->sketches : NULL, &run->classifier,
                            &run->substring, &run->contamination, err));
    clean_kept_end(&run->kept_work, (uint64_t)run->totals.documents_in, (uint64_t)run->bytes_all);
    clean_tell(run);
    return LM_OK;
}

/* Wherever it was stopped, what is cleaned by then is not cleaned again. */
static enum lm_status keep_cancelled(struct clean_run *run, struct lm_err *err)
{
    LM_TRY(clean_kept_save(&run->kept_work, (uint64_t)run->bytes_done, err));
    return LM_CANCELLED;
}

static void release(struct clean_run *run)
{
    clean_splitter_abandon(&run->splitter);
    clean_removals_abandon(&run->removals);
    for (size_t i = 0; i < LM_BATCHES; i++)
        clean_batch_release(&run->batches[i]);
    clean_reader_release(&run->reader);
    clean_kept_release(&run->kept_work);
    clean_work_release(&run->work);
    clean_dedup_release(&run->dedup);
    clean_near_release(&run->near);
    clean_classifier_release(&run->classifier);
    clean_substring_release(&run->substring);
    clean_contamination_release(&run->contamination);
    clean_waiting_release(&run->waiting);
    clean_sketches_release(&run->sketches);
    clean_totals_release(&run->totals);
    lm_language_close(run->language);
    lm_pool_free(run->pool);
    lm_arena_free(run->labels);
}

extern lm_run_fn lm_run_clean;

enum lm_status lm_run_clean(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    enum lm_status status;
    bool is_damaged = false;
    lm_html_ready();
    do { /* again without work that was kept and damaged: each time less of it is there */
        struct clean_run run = {.ctx = ctx, .params = params, .kept_work.is_again = is_damaged};
        status = work(&run, err);
        is_damaged = status == LM_MISMATCH && run.kept_work.is_damaged;
        if (status == LM_CANCELLED)
            status = keep_cancelled(&run, err);
        release(&run);
    } while (is_damaged);
    return status;
}
