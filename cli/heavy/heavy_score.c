/* lmpipe model score: how well a model predicts a text, in windows as `evaluate` takes them. */
#include <stdlib.h>
#include <string.h>

#include "base/elem.h"
#include "base/json.h"
#include "base/pool.h"
#include "heavy_input.h"
#include "heavy_model.h"
#include "heavy_tokenizer.h"
#include "human.h"
#include "model_commands.h"

#define LN2 0.69314718055994530942

/* A text under a model. Target i is stream[i + 1], predicted from what lies before it. */
struct score {
    const struct lm_heavy_model *model;
    const char *text; /* as given, or "standard input" */
    int32_t *stream;
    int64_t targets;
    uint64_t bytes; /* of the targets */
    struct lm_scores scores;
    int64_t context, stride;
    double sum; /* of -log p, nats */
};

/* ---- work ---- */

static bool allocate(struct lm_scores *out, int64_t count)
{
    out->nll = calloc((size_t)count + 1, sizeof *out->nll);
    out->rank = calloc((size_t)count + 1, sizeof *out->rank);
    return out->nll != NULL && out->rank != NULL;
}

static void release(struct lm_scores *scores)
{
    free(scores->nll);
    free(scores->rank);
}

/* The stream: an end-of-text, if there is one, and the ids. */
static enum lm_status take_ids(struct score *score, const int32_t *ids, size_t count, size_t bytes,
                               struct lm_err *err)
{
    const struct lm_vocab *vocab = score->model->vocab;
    int32_t start = lm_vocab_end_of_text(vocab);
    size_t before = start >= 0, left_out = 0;
    if (count + before < 2)
        return lm_fail(err, LM_INVALID, "%s: no token to predict; give more text", score->text);
    score->stream = calloc(count + before, sizeof *score->stream);
    score->targets = (int64_t)(count + before) - 1;
    if (score->stream == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu tokens; give less text", count);
    memcpy(score->stream + before, ids, count * sizeof *ids);
    if (before)
        score->stream[0] = start;
    else
        lm_vocab_token(vocab, ids[0], &left_out);
    score->bytes = bytes - left_out;
    return LM_OK;
}

static enum lm_status read_text(struct score *score, const char *path, struct lm_err *err)
{
    const int32_t *ids = NULL;
    size_t count = 0;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    struct lm_encoder *encoder = lm_encoder_create(score->model->vocab);
    enum lm_status status = encoder == NULL
                                ? lm_fail(err, LM_NOMEM, "no memory for an encoder; free some")
                                : lm_heavy_input(&text, path, err);
    if (status == LM_OK)
        status = lm_encode(encoder, text.data, text.size, &ids, &count, err);
    if (status == LM_OK)
        status = take_ids(score, ids, count, text.size, err);
    lm_encoder_free(encoder);
    lm_buf_release(&text);
    return status;
}

/* Keeps what a window that begins at `first` tells of its targets [t, count). */
static void keep(struct score *score, const struct lm_scores *window, int64_t first, int64_t t,
                 int64_t count)
{
    for (; t < count; t++) {
        score->scores.nll[first + t] = window->nll[t];
        score->scores.rank[first + t] = window->rank[t];
        score->sum += (double)window->nll[t];
    }
}

/* Windows step by half the context; of all but the first only the later half counts. */
static enum lm_status score_windows(struct score *score, struct lm_err *err)
{
    struct lm_scores window = {0};
    enum lm_status status = LM_OK;
    if (!allocate(&window, score->context) || !allocate(&score->scores, score->targets)) {
        release(&window);
        lm_fail(err, LM_NOMEM, "no memory for the scores of a text; give less of it");
        return LM_NOMEM;
    }
    for (int64_t first = 0; status == LM_OK && first < score->targets; first += score->stride) {
        int64_t rest = score->targets - first;
        int64_t count = rest < score->context ? rest : score->context;
        const int32_t *tokens = score->stream + first;
        status = lm_model_score(score->model->model, tokens, tokens + 1, 1, count, &window, err);
        if (status == LM_OK)
            keep(score, &window, first, first == 0 ? 0 : score->context - score->stride, count);
        if (count == rest)
            break;
    }
    release(&window);
    return status;
}

/* ---- print ---- */

static double bits_per_byte(const struct score *score)
{
    return score->sum / LN2 / (double)score->bytes;
}

static double perplexity(const struct score *score)
{
    return lm_exp(score->sum / (double)score->targets);
}

static void print_text(const struct score *score, bool per_token, FILE *out)
{
    char number[32];
    for (int64_t i = 0; i < score->targets && per_token; i++) {
        fprintf(out, "%-8d %10.6f %8d  ", score->stream[i + 1], (double)score->scores.nll[i],
                score->scores.rank[i]);
        lm_heavy_token_print(out, score->model->vocab, score->stream[i + 1]);
        fputc('\n', out);
    }
    fprintf(out, "model          %s\n", score->model->name);
    fprintf(out, "text           %s\n", score->text);
    fprintf(out, "bytes          %s\n", lm_human_count(number, score->bytes));
    fprintf(out, "tokens         %s\n", lm_human_count(number, (uint64_t)score->targets));
    fprintf(out, "bits per byte  %.4f\n", bits_per_byte(score));
    fprintf(out, "perplexity     %.2f a token\n", perplexity(score));
    fprintf(out, "windows        of %lld tokens, stride %lld\n", (long long)score->context,
            (long long)score->stride);
}

static void put_tokens(struct lm_json_writer *writer, const struct score *score)
{
    lm_json_key(writer, "per_token");
    lm_json_open(writer, '[');
    for (int64_t i = 0; i < score->targets; i++) {
        size_t size = 0;
        const uint8_t *text = lm_vocab_token(score->model->vocab, score->stream[i + 1], &size);
        lm_json_open(writer, '{');
        lm_json_member_int(writer, "id", score->stream[i + 1]);
        lm_json_key(writer, "text");
        lm_json_put_bytes(writer, text, size);
        lm_json_member_double(writer, "nll", (double)score->scores.nll[i]);
        lm_json_member_int(writer, "rank", score->scores.rank[i]);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

static enum lm_status print_json(const struct score *score, bool per_token, FILE *out,
                                 struct lm_err *err)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    lm_json_open(&writer, '{');
    lm_json_member_string(&writer, "model", score->model->name);
    lm_json_member_string(&writer, "text", score->text);
    lm_json_member_int(&writer, "bytes", (int64_t)score->bytes);
    lm_json_member_int(&writer, "tokens", score->targets);
    lm_json_member_double(&writer, "nll", score->sum);
    lm_json_member_double(&writer, "bpb", bits_per_byte(score));
    lm_json_member_double(&writer, "ppl", perplexity(score));
    lm_json_member_int(&writer, "context", score->context);
    lm_json_member_int(&writer, "stride", score->stride);
    if (per_token)
        put_tokens(&writer, score);
    lm_json_close(&writer, '}');
    return lm_cli_put(&text, out, err);
}

static enum lm_status run_score(const struct lm_heavy_model *model, const char *path,
                                const struct lm_model_score_args *args, FILE *out,
                                struct lm_err *err)
{
    int64_t context = lm_model_config(model->model)->context;
    bool is_standard = path == NULL || strcmp(path, "-") == 0;
    struct score score = {.model = model,
                          .text = is_standard ? "standard input" : path,
                          .context = context,
                          .stride = (context + 1) / 2};
    enum lm_status status = read_text(&score, path, err);
    if (status == LM_OK)
        status = score_windows(&score, err);
    if (status == LM_OK && args->json)
        status = print_json(&score, args->per_token, out, err);
    else if (status == LM_OK)
        print_text(&score, args->per_token, out);
    release(&score.scores);
    free(score.stream);
    return status;
}

int lm_heavy_model_score(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_score_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    size_t threads = 0;
    int status = lm_loaded_threads(&threads, cli, args->threads);
    if (status == LM_EXIT_OK)
        status = lm_heavy_model_load(&model, cli, operands[0], &args->spec,
                                     threads > 0 ? threads : lm_cpu_count());
    if (status == LM_EXIT_OK)
        status = lm_heavy_model_need_vocab(&model, cli);
    if (status == LM_EXIT_OK) {
        enum lm_status scored =
            run_score(&model, count > 1 ? operands[1] : NULL, args, cli->out.file, &err);
        if (scored != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of_input(scored), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
