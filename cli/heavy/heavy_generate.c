/* lmpipe model generate: a prompt continued, its text made harmless. */
#include <string.h>

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

static enum lm_status continue_prompt(struct lm_heavy_model *model, struct lm_encoder *encoder,
                                      const struct lm_model_generate_args *args,
                                      struct speaker *speaker, struct lm_err *err)
{
    const int32_t *ids = NULL;
    const char *prompt = args->prompt != NULL ? args->prompt : "";
    int32_t start = lm_vocab_end_of_text(model->vocab);
    size_t count = 0;
    struct lm_sampling rules = {.temperature = args->temperature,
                                .top_p = args->top_p,
                                .min_p = args->min_p,
                                .repetition_penalty = args->repetition_penalty,
                                .top_k = args->top_k};
    LM_TRY(lm_encode(encoder, prompt, strlen(prompt), &ids, &count, err));
    if (count == 0) {
        if (start < 0)
            return lm_fail(err, LM_INVALID,
                           "this vocabulary has no end-of-text token to start from; give --prompt");
        ids = &start;
        count = 1;
    }
    lm_safe_write(&speaker->safe, prompt, strlen(prompt));
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

int lm_heavy_generate(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_model_generate_args *args = given;
    struct lm_heavy_model model = {0};
    struct lm_err err = {0};
    (void)count;
    int status = lm_heavy_model_load(&model, cli, operands[0], &args->spec, (size_t)args->threads);
    if (status == LM_EXIT_OK)
        status = lm_heavy_model_need_vocab(&model, cli);
    if (status == LM_EXIT_OK) {
        struct speaker speaker = {.vocab = model.vocab};
        struct lm_encoder *encoder = lm_encoder_create(model.vocab);
        lm_safe_init(&speaker.safe, cli->out.file);
        enum lm_status spoken = encoder != NULL
                                    ? continue_prompt(&model, encoder, args, &speaker, &err)
                                    : lm_fail(&err, LM_NOMEM, "out of memory");
        lm_encoder_free(encoder);
        if (spoken != LM_OK)
            status = lm_cli_fail(cli, lm_exit_of(spoken), err.text);
    }
    lm_heavy_model_release(&model);
    return status;
}
