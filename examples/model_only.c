/* The model core alone: learns the bytes of a short text, then continues it. */
#include <lmpipe/model.h>

#include <stdio.h>
#include <string.h>

static const char text[] = "she sells sea shells by the sea shore. ";

enum { TIME = 32, BATCH = 4, STEPS = 600 };

static bool print_byte(void *user, int32_t token, double nll)
{
    (void)user, (void)nll;
    putchar(token);
    return true;
}

int main(void)
{
    const struct lm_model_config config = {
        .vocab = 256, .context = TIME, .layers = 2, .heads = 2, .width = 32};
    const struct lm_model_options options = {
        .training = true, .max_batch = BATCH, .seed = 1, .numerics = LM_NUMERICS_PORTABLE};
    const struct lm_step_options adamw = {
        .lr = 3e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.0, .clip = 1};
    struct lm_model *model = NULL;
    struct lm_err err;
    double loss = 0;
    enum lm_status status = lm_model_create(&model, &config, &options, &err);
    for (int step = 0; status == LM_OK && step < STEPS; step++) {
        int32_t tokens[BATCH * TIME], targets[BATCH * TIME];
        for (int i = 0; i < BATCH * TIME; i++) {
            int place = i / TIME * 7 + step * 11 + i % TIME;
            tokens[i] = text[place % (int)strlen(text)];
            targets[i] = text[(place + 1) % (int)strlen(text)];
        }
        status = lm_model_accumulate(model, tokens, targets, BATCH, TIME, 1.0, &loss, &err);
        if (status == LM_OK)
            status = lm_model_step(model, &adamw, NULL, &err);
    }
    const int32_t prompt[] = {'s', 'h', 'e', ' '};
    const struct lm_sampling greedy = {0};
    const struct lm_continuation more = {.prompt = prompt,
                                         .count = 4,
                                         .max_new = 60,
                                         .rules = &greedy,
                                         .rng = lm_rng_stream(1, "sample"),
                                         .emit = print_byte};
    if (status == LM_OK)
        status = lm_model_generate(model, &more, 1, NULL, &err);
    lm_model_free(model);
    printf("\nloss %.3f nats a byte\n", loss);
    if (status != LM_OK)
        fprintf(stderr, "model_only: %s\n", err.text);
    return status == LM_OK && loss < 0.5 ? 0 : 1;
}
