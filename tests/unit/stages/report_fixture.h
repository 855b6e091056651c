/** Runs the report stage on the inputs of tests/data/report, or on others, and reads what it wrote.
 */
#ifndef LM_TESTS_REPORT_FIXTURE_H
#define LM_TESTS_REPORT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ctx.h"
#include "page/html.h"
#include "page/markdown.h"
#include "stages/report/report_params.h"
#include "tap.h"
#include "wellformed.h"

#define DATA LM_TEST_DATA "/report"

extern const struct lm_stage lm_stage_report;
extern lm_run_fn lm_run_report;

static const struct report_params usual = {.title = "", .language = "en", .samples_shown = 4};
static const char *const outputs[] = {"html", "md", "json", "junit"};

enum { OUTPUTS = sizeof outputs / sizeof outputs[0] };

/* Inputs by port; NULL: not connected. */
struct inputs {
    const char *scores, *log, *items, *samples, *card, *vocab, *tokenizer, *experiment;
    const char *baseline; /* the experiment's; NULL: none */
};
static const struct inputs all = {DATA "/scores.json",    DATA "/log.jsonl",      DATA "/items",
                                  DATA "/samples.jsonl",  DATA "/card.json",      TOP "/vocab",
                                  DATA "/tokenizer.json", DATA "/experiment.json"};

static inline bool no_document(void *user, const uint8_t **text, size_t *size)
{
    (void)user;
    *text = NULL;
    *size = 0;
    return false;
}

/* A vocabulary of bytes and end-of-text: token ids are the bytes. */
static inline bool start(void)
{
    static const char *const specials[] = {"<|endoftext|>"};
    const struct lm_bpe_options options = {.vocab_size = 257,
                                           .pattern = LM_PATTERN_BYTES,
                                           .min_frequency = 1,
                                           .specials = specials,
                                           .special_count = 1};
    struct lm_vocab *vocab = NULL;
    bool is_done = lm_dir_remove(TOP, NULL) == LM_OK && lm_dir_create(TOP, NULL) == LM_OK &&
                   lm_bpe_train(&vocab, &options, no_document, NULL, NULL, NULL, NULL) == LM_OK &&
                   lm_vocab_save(vocab, TOP "/vocab", NULL) == LM_OK;
    lm_vocab_free(vocab);
    return is_done;
}

static inline enum lm_status run_with(const char *folder, const struct inputs *in,
                                      const struct report_params *params, struct lm_err *err)
{
    const char *const ports[] = {"scores", "log", "items", "samples", "card", "vocab", "tokenizer"};
    const char *const paths[] = {in->scores, in->log,   in->items,    in->samples,
                                 in->card,   in->vocab, in->tokenizer};
    struct lm_job_input inputs[7];
    struct lm_arena *arena = lm_arena_create();
    struct lm_job job = {.stage = &lm_stage_report, .params = params, .folder = folder};
    struct lm_ctx *ctx = NULL;
    char *facts = NULL;
    size_t size;
    for (size_t i = 0; i < 7; i++) {
        if (paths[i] != NULL)
            inputs[job.input_count++] = (struct lm_job_input){ports[i], ports[i], paths[i]};
    }
    job.inputs = inputs;
    job.checkpoints = folder;
    job.threads = 1;
    enum lm_status status = lm_dir_create(folder, err);
    if (status == LM_OK && in->experiment != NULL)
        status = lm_file_read(&facts, &size, arena, in->experiment, 1 << 20, err);
    job.experiment = facts;
    const struct lm_job_file file = {in->baseline, "sha256:", "baseline"};
    job.files = &file;
    job.file_count = in->baseline != NULL;
    if (status == LM_OK)
        status = lm_ctx_create(&ctx, &job, NULL, -1, err);
    if (status == LM_OK)
        status = lm_run_report(ctx, params, err);
    lm_ctx_free(ctx);
    lm_arena_free(arena);
    return status;
}

static inline enum lm_status run(const char *folder, const struct inputs *in, struct lm_err *err)
{
    return run_with(folder, in, &usual, err);
}

static inline char *read_output(struct lm_arena *arena, const char *folder, const char *name)
{
    char path[300], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/out/%s", folder, name);
    return lm_file_read(&text, &size, arena, path, 1 << 26, NULL) == LM_OK ? text : NULL;
}

static inline size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

static inline void check_wellformed(struct tap *tap, const char *text, size_t least)
{
    size_t elements = 0;
    const char *where = "";
    REQUIRE(text != NULL);
    bool is_good = is_wellformed(text, &elements, &where);
    if (!is_good)
        printf("# not well-formed at: %.80s\n", where);
    CHECK(is_good);
    CHECK(elements >= least);
    CHECK_INT(lm_utf8_valid_prefix((const uint8_t *)text, strlen(text)), strlen(text));
}

#endif
