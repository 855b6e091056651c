/** Tasks that are evaluated on a small model with a vocabulary of bytes: the folder TOP, which the
 *  test defines before, holds model, tasks, items and results. */
#ifndef LM_TESTS_TASKS_FIXTURE_H
#define LM_TESTS_TASKS_FIXTURE_H

#include <lmpipe/tokenizer.h>

#include "base/json.h"
#include "stages/evaluate/evaluate_params.h"

#include "scored_fixture.h"
#include "tap.h"

extern const struct lm_stage lm_stage_evaluate;
extern lm_run_fn lm_run_evaluate;

enum { END = 257 }; /* of the vocabulary: bytes, " t", end-of-text */

static inline bool no_document(void *user, const uint8_t **text, size_t *size)
{
    bool *is_left = user;
    *text = (const uint8_t *)" to to to";
    *size = 9;
    bool is_one = *is_left;
    *is_left = false;
    return is_one;
}

static inline bool write_vocab(const char *path)
{
    static const char *const special = "<|endoftext|>";
    struct lm_vocab *vocab = NULL;
    bool is_left = true;
    const struct lm_bpe_options options = {.vocab_size = 258,
                                           .pattern = LM_PATTERN_GPT2,
                                           .min_frequency = 2,
                                           .specials = &special,
                                           .special_count = 1};
    bool is_done =
        lm_bpe_train(&vocab, &options, no_document, &is_left, NULL, NULL, NULL) == LM_OK &&
        lm_vocab_end_of_text(vocab) == END && lm_vocab_save(vocab, path, NULL) == LM_OK;
    lm_vocab_free(vocab);
    return is_done;
}

static inline bool put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, TOP "/%s", name);
    return lm_file_write(path, text, strlen(text), NULL) == LM_OK;
}

struct way {
    const char *folder;
    int64_t batch, stride;
    size_t threads;
    bool portable;
    const char *precision;
    long cancel_after;
};

static const struct way usual = {TOP "/a", 3, 0, 1, true, "f32", -1};

/* Evaluates tasks whose items are beside them: NAME.yaml over NAME.jsonl. */
static inline enum lm_status run(struct way way, const char *const *names, size_t count,
                                 struct lm_err *err)
{
    struct lm_job_file files[8];
    const char *paths[8];
    static char text[8][3][100];
    for (size_t i = 0; i < count; i++) {
        snprintf(text[i][0], sizeof text[i][0], TOP "/%s.yaml", names[i]);
        snprintf(text[i][1], sizeof text[i][1], TOP "/%s.jsonl", names[i]);
        snprintf(text[i][2], sizeof text[i][2], "tasks.%zu.data", i);
        paths[i] = text[i][0];
        files[i] = (struct lm_job_file){text[i][1], "sha256:", text[i][2]};
    }
    const struct evaluate_params params = {.batch = way.batch,
                                           .stride = way.stride,
                                           .resamples = 200,
                                           .interval = "percentile",
                                           .max_new_tokens = 6,
                                           .tasks = {(void *)paths, count},
                                           .precision = way.precision};
    const struct lm_job_input inputs[] = {{"model", "model", TOP "/model"}};
    const struct lm_job job = {.stage = &lm_stage_evaluate,
                               .params = &params,
                               .inputs = inputs,
                               .input_count = 1,
                               .files = files,
                               .file_count = count,
                               .folder = way.folder,
                               .checkpoints = way.folder,
                               .seed = 1,
                               .threads = way.threads,
                               .portable = way.portable};
    struct lm_ctx *ctx = NULL;
    LM_TRY(lm_dir_create(way.folder, err));
    LM_TRY(lm_ctx_create(&ctx, &job, NULL, -1, err));
    if (way.cancel_after >= 0)
        lm_ctx_cancel_after(ctx, way.cancel_after);
    enum lm_status status = lm_run_evaluate(ctx, &params, err);
    lm_ctx_free(ctx);
    return status;
}

static inline char *read_text(const char *folder, const char *name, size_t *size)
{
    static char text[1 << 16];
    char path[200];
    snprintf(path, sizeof path, "%s/out/%s", folder, name);
    FILE *file = fopen(path, "rb");
    *size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    text[*size] = '\0';
    return text;
}

/* A member of scores; NaN: absent. */
static inline double score(const char *folder, const char *key)
{
    size_t size;
    struct lm_json *root = NULL;
    char *text = read_text(folder, "scores", &size);
    double value = (double)NAN;
    if (lm_json_parse(&root, text, size, NULL) == LM_OK)
        value = lm_json_double(lm_json_get(root, key), (double)NAN);
    lm_json_free(root);
    return value;
}

/* A member of line `line` of an items file. */
static inline double item(const char *folder, const char *name, size_t line, const char *key)
{
    size_t size;
    struct lm_json *root = NULL;
    char *text = read_text(folder, name, &size);
    double value = (double)NAN;
    for (; line > 0 && text != NULL; line--)
        text = strchr(text, '\n') + 1;
    if (text != NULL && lm_json_parse(&root, text, strcspn(text, "\n"), NULL) == LM_OK)
        value = lm_json_double(lm_json_get(root, key), (double)NAN);
    lm_json_free(root);
    return value;
}

#define TASK "lmpipe_task: 1\n"
#define CHOICE TASK "kind: choice\n"

#endif
