/** A corpus of made-up examples, a vocabulary of bytes, and trainings on them through a context. */
#ifndef LM_TESTS_EXAMPLES_FIXTURE_H
#define LM_TESTS_EXAMPLES_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>

#include "base/buf.h"
#include "base/io.h"
#include "ctx.h"
#include "stages/train/train_params.h"
#include "train_fixture.h"

enum { EXAMPLES = 120 };

/** A place of train_fixture.h with a corpus of each form and a vocabulary. */
struct examples_place {
    struct place place;
    char vocab[96], examples[96]; /**< examples: of the form written last */
    const char *init;             /**< folder of a model for the port, or NULL */
};

static inline bool examples_no_document(void *user, const uint8_t **text, size_t *size)
{
    (void)user;
    (void)text;
    (void)size;
    return false;
}

/* Bytes and end-of-text, which may have another name: another vocabulary. */
static inline bool examples_write_vocab(const char *path, const char *end_of_text)
{
    struct lm_vocab *vocab = NULL;
    const struct lm_bpe_options options = {.vocab_size = 257,
                                           .pattern = LM_PATTERN_GPT2,
                                           .min_frequency = 2,
                                           .specials = &end_of_text,
                                           .special_count = 1};
    bool is_done =
        lm_bpe_train(&vocab, &options, examples_no_document, NULL, NULL, NULL, NULL) == LM_OK &&
        lm_vocab_save(vocab, path, NULL) == LM_OK;
    lm_vocab_free(vocab);
    return is_done;
}

static inline bool examples_open(struct examples_place *at)
{
    *at = (struct examples_place){.init = NULL};
    if (!place_open(&at->place))
        return false;
    snprintf(at->vocab, sizeof at->vocab, "%s/vocab", at->place.dir);
    snprintf(at->examples, sizeof at->examples, "%s/examples", at->place.dir);
    return examples_write_vocab(at->vocab, "<|endoftext|>");
}

/* One line of an objective's form: what is to be found out is in the text. */
static inline void examples_line(char *out, size_t size, const char *objective, int i)
{
    static const char *const words[] = {"sun", "sea", "oak", "fox", "inn"};
    const char *a = words[i % 5], *b = words[i / 5 % 5];
    int is_so = i * 7 % 11 % 2;
    if (strcmp(objective, "classify") == 0)
        snprintf(out, size,
                 "{\"id\":\"c%03d\",\"prompt\":\"%s %s\",\"choices\":[\"bad\",\"good\"],"
                 "\"gold\":%d}\n",
                 i, a, is_so ? "++" : "--", is_so);
    else if (strcmp(objective, "translate") == 0)
        snprintf(out, size,
                 "{\"id\":\"t%03d\",\"prompt\":\"%s:\",\"references\":[\" A%c is a word\"],"
                 "\"stop\":[\"\\n\"]}\n",
                 i, a, a[0]);
    else
        snprintf(out, size, "{\"id\":\"s%03d\",\"a\":\"%s %s\",\"b\":\"%s %s\",\"score\":%d}\n", i,
                 a, b, is_so ? a : "0101", is_so ? b : "10101", is_so ? 5 : 1);
}

static inline bool examples_write(struct examples_place *at, const char *objective)
{
    char path[200], line[300];
    struct lm_buf lines;
    lm_dir_remove(at->examples, NULL);
    snprintf(path, sizeof path, "%s/files/made-up", at->examples);
    if (lm_dir_create(path, NULL) != LM_OK)
        return false;
    snprintf(path, sizeof path, "%s/files/made-up/data", at->examples);
    lm_buf_init(&lines, 0);
    for (int i = 0; i < EXAMPLES; i++) {
        examples_line(line, sizeof line, objective, i);
        lm_buf_puts(&lines, line);
    }
    bool is_done = lm_file_write(path, lines.data, lines.size, NULL) == LM_OK;
    lm_buf_release(&lines);
    return is_done;
}

/** What most trainings on examples begin with. */
static inline struct train_params examples_params(const char *objective)
{
    static double range[] = {1, 5};
    struct train_params params = train_usual();
    params.objective = objective;
    params.context = 32;
    params.layers = 1;
    params.batch = 8;
    params.accumulate = 1;
    params.steps = 30;
    params.lr = 1e-2;
    params.min_lr = 1e-3;
    params.eval_batches = 1;
    if (strcmp(objective, "similar") == 0)
        params.score_range = (struct lm_list){range, 2};
    return params;
}

/** One training; cancelled after `polls` questions whether to stop when polls ≥ 0. */
static inline enum lm_status examples_train(struct examples_place *at,
                                            const struct train_params *params, size_t threads,
                                            long polls)
{
    struct place *place = &at->place;
    struct lm_ctx *ctx = NULL;
    struct lm_job_input inputs[3];
    struct lm_job job = {.stage = &lm_stage_train,
                         .params = params,
                         .inputs = inputs,
                         .folder = place->work,
                         .checkpoints = place->checkpoints,
                         .seed = 7,
                         .threads = threads,
                         .portable = true};
    inputs[job.input_count++] = (struct lm_job_input){"examples", "examples", at->examples};
    if (at->init != NULL)
        inputs[job.input_count++] = (struct lm_job_input){"init", "base", at->init};
    else if (params->init.path == NULL)
        inputs[job.input_count++] = (struct lm_job_input){"vocab", "vocab", at->vocab};
    place->err.text[0] = '\0';
    lm_dir_remove(place->work, NULL);
    if (lm_dir_create(place->work, &place->err) != LM_OK ||
        lm_ctx_create(&ctx, &job, NULL, -1, &place->err) != LM_OK)
        return LM_INTERNAL;
    if (polls >= 0)
        lm_ctx_cancel_after(ctx, polls);
    enum lm_status status = lm_run_train(ctx, params, &place->err);
    lm_ctx_flush(ctx);
    place->valid_loss = lm_ctx_result_value(ctx, "valid_loss");
    place->train_loss = lm_ctx_result_value(ctx, "train_loss");
    lm_ctx_free(ctx);
    return status;
}

/** A file of the last training's model. */
static inline const char *examples_path(char path[200], const struct examples_place *at,
                                        const char *name)
{
    snprintf(path, 200, "%s/out/model/%s", at->place.work, name);
    return path;
}

/** SHA-256 over the last training's outputs, as hex. */
static inline void examples_digest(char hex[LM_DIGEST_HEX], const struct examples_place *at)
{
    static const char *const names[] = {"model.safetensors", "config.json", "vocab",
                                        "objective.json", "../log"};

    enum { NAMES = sizeof names / sizeof names[0] };
    struct lm_digest digests[NAMES] = {0}, all;
    for (size_t i = 0; i < NAMES; i++) {
        char path[200];
        if (lm_sha256_file(&digests[i], NULL, examples_path(path, at, names[i]), NULL) != LM_OK)
            printf("# %s cannot be read\n", path);
    }
    lm_sha256_bytes(&all, digests, sizeof digests);
    lm_digest_hex(hex, &all);
}

/** Moves the last training's model out of the work folder; `path`: where it is then. */
static inline bool examples_keep(char path[200], const struct examples_place *at, const char *name)
{
    char from[200];
    snprintf(from, sizeof from, "%s/out/model", at->place.work);
    snprintf(path, 200, "%s/%s", at->place.dir, name);
    return rename(from, path) == 0;
}

#endif
