/* lmpipe model generate: a prompt continued, its text made harmless. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pool.h"
#include "heavy_input.h"
#include "heavy_model.h"
#include "model_commands.h"
#include "safe_text.h"

struct speaker {
    struct lm_safe safe;
    const struct lm_vocab *vocab;
};

/* Receives each token; the end of a document ends the text. */
static bool speak(void *user, int32_t token, double nll)
{
    struct speaker *speaker = user;
    size_t size = 0;
    (void)nll;
    if (token == lm_vocab_end_of_text(speaker->vocab))
        return false;
    const uint8_t *bytes = lm_vocab_token(speaker->vocab, token, &size);
    if (bytes != NULL && !lm_vocab_is_special(speaker->vocab, token))
        lm_safe_write(&speaker->safe, bytes, size);
    fflush(speaker->safe.out);
    return ferror(speaker->safe.out) == 0;
}

/* Whether somebody gave a text on standard input: a pipe or a file, as opposed to a terminal or
 * /dev/null. */
static bool is_text_given(void)
{
    struct stat stat;
    return fstat(STDIN_FILENO, &stat) == 0 && (S_ISFIFO(stat.st_mode) || S_ISREG(stat.st_mode));
}

/* --prompt, "-" being standard input, which is also read when a text is given there and none by
 * --prompt. Of that the newline at its end is no part. */
static enum lm_status read_prompt(struct lm_buf *out, const char *prompt, struct lm_err *err)
{
    if (prompt != NULL && strcmp(prompt, "-") != 0) {
        lm_buf_puts(out, prompt);
        return lm_buf_status(out, err);
    }
    if (prompt == NULL && !is_text_given())
        return LM_OK;
    LM_TRY(lm_heavy_input(out, NULL, err));
    if (out->size > 0 && out->data[out->size - 1] == '\n')
        out->size--;
    return LM_OK;
}

/* The rules of --order, separated by commas. */
static enum lm_status read_order(struct lm_sampling *method, const char *order, struct lm_err *err)
{
    for (const char *at = order; at != NULL && *at != '\0'; at += *at == ',') {
        size_t size = strcspn(at, ",");
        int rule = 0;
        while (rule < LM_RULES &&
               (strlen(lm_rule_names[rule]) != size || strncmp(lm_rule_names[rule], at, size) != 0))
            rule++;
        if (rule == LM_RULES || method->order_count == LM_RULES)
            return lm_fail(
                err, LM_INVALID,
                "order: \"%s\" has something that is no rule, or one twice; name each of "
                "repetition_penalty, temperature, top_k, typical_p, top_p, min_p, eta "
                "once, with commas",
                order);
        method->order[method->order_count++] = (unsigned char)rule;
        at += size;
    }
    return LM_OK;
}

/* What was asked for: without a word about it sampling at temperature 0.8 and top-p 0.95, which no
 * search goes with. */
static enum lm_status read_method(struct lm_sampling *out,
                                  const struct lm_model_generate_args *args,
                                  const struct lm_vocab *vocab, struct lm_err *err)
{
    bool is_search = args->beams > 0 || args->contrastive_k > 0;
    *out = (struct lm_sampling){.temperature = is_search ? 0 : 0.8,
                                .top_p = is_search ? 0 : 0.95,
                                .min_p = args->min_p,
                                .typical_p = args->typical_p,
                                .eta = args->eta,
                                .repetition_penalty = args->repetition_penalty,
                                .top_k = args->top_k,
                                .tokens = lm_vocab_size(vocab),
                                .beams = args->beams,
                                .length_penalty = args->length_penalty,
                                .contrastive_k = args->contrastive_k,
                                .contrastive_alpha = args->contrastive_alpha,
                                .has_end = lm_vocab_end_of_text(vocab) >= 0,
                                .end = lm_vocab_end_of_text(vocab)};
    if (!isnan(args->temperature))
        out->temperature = args->temperature;
    if (!isnan(args->top_p))
        out->top_p = args->top_p;
    LM_TRY(read_order(out, args->order, err));
    if (out->order_count > 0 && isnan(args->top_p) && !is_search)
        out->top_p = 0; /* an order says which rules there are */
    return lm_sampling_check(out, err);
}

static enum lm_status continue_prompt(struct lm_heavy_model *model, struct lm_encoder *encoder,
                                      const struct lm_model_generate_args *args,
                                      const struct lm_buf *prompt, struct speaker *speaker,
                                      struct lm_err *err)
{
    const int32_t *ids = NULL;
    int32_t start = lm_vocab_end_of_text(model->vocab);
    size_t count = 0;
    struct lm_sampling rules;
    LM_TRY(read_method(&rules, args, model->vocab, err));
    if (prompt->size > 0)
        LM_TRY(lm_encode(encoder, prompt->data, prompt->size, &ids, &count, err));
    if (count == 0) {
        if (start < 0)
            return lm_fail(err, LM_INVALID,
                           "this vocabulary has no end-of-text token to start from; give --prompt");
        ids = &start;
        count = 1;
    }
    if (prompt->size > 0)
        lm_safe_write(&speaker->safe, prompt->data, prompt->size);
    const struct lm_continuation text = {
        .prompt = ids,
        .count = (int64_t)count,
        .max_new = args->tokens,
        .rules = &rules,
        .rng = lm_rng_stream((uint64_t)args->seed, "generate"),
        .emit = speak,
        .user = speaker,
    };
    const struct lm_generate_options options = {.weights = (enum lm_weights)args->weights};
    LM_TRY(lm_model_generate(model->model, &text, 1, &options, err));
    lm_safe_finish(&speaker->safe);
    fputc('\n', speaker->safe.out);
    return LM_OK;
}

static enum lm_status generate(struct lm_heavy_model *model,
                               const struct lm_model_generate_args *args, FILE *out,
                               struct lm_err *err)
{
    struct speaker speaker = {.vocab = model->vocab};
    struct lm_buf prompt;
    lm_buf_init(&prompt, 0);
    lm_safe_init(&speaker.safe, out);
    struct lm_encoder *encoder = lm_encoder_create(model->vocab);
    enum lm_status status = encoder != NULL ? read_prompt(&prompt, args->prompt, err)
                                            : lm_fail(err, LM_NOMEM, "out of memory; free some");
    if (status == LM_OK)
        status = continue_prompt(model, encoder, args, &prompt, &speaker, err);
    lm_encoder_free(encoder);
    lm_buf_release(&prompt);
    return status;
}

int lm_heavy_generate(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_generate_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    size_t threads = 0;
    (void)count;
    int status = lm_loaded_threads(&threads, cli, args->threads);
    if (status == LM_EXIT_OK)
        status = lm_heavy_model_load(&model, cli, operands[0], &args->spec,
                                     threads > 0 ? threads : lm_cpu_count());
    if (status == LM_EXIT_OK)
        status = lm_heavy_model_need_vocab(&model, cli);
    if (status == LM_EXIT_OK) {
        enum lm_status spoken = generate(&model, args, cli->out.file, &err);
        if (spoken != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of_input(spoken), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
