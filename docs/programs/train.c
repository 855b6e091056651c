/* train TEXT FOLDER [STEPS]: a GPT on the bytes of a text file, saved in FOLDER. */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { BATCH = 8, TIME = 64, DEFAULT_STEPS = 500 };

/* The whole file; *size its bytes. */
static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    unsigned char *text = NULL;
    *size = 0;
    if (in == NULL)
        return NULL;
    if (fseek(in, 0, SEEK_END) == 0 && ftell(in) > 0) {
        *size = (size_t)ftell(in);
        text = malloc(*size);
        rewind(in);
        if (text != NULL)
            *size = fread(text, 1, *size, in);
    }
    fclose(in);
    return text;
}

/* Steps of AdamW on windows drawn from the text: the draw is a function of seed, step and row. */
static enum lm_status train(struct lm_model *model, const unsigned char *text, size_t size,
                            int steps, struct lm_err *err)
{
    const struct lm_step_options adamw = {
        .lr = 3e-3, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .decay = 0.1, .clip = 1};
    const struct lm_rng places = lm_rng_stream(1, "places");
    for (int step = 0; step < steps; step++) {
        int32_t tokens[BATCH * TIME], targets[BATCH * TIME];
        double loss;
        for (int i = 0; i < BATCH; i++) {
            size_t at = lm_rng_below(places, (uint64_t)step, (uint64_t)i, size - TIME);
            for (int t = 0; t < TIME; t++) {
                tokens[i * TIME + t] = text[at + (size_t)t];
                targets[i * TIME + t] = text[at + (size_t)t + 1];
            }
        }
        LM_TRY(lm_model_accumulate(model, tokens, targets, BATCH, TIME, 1, &loss, err));
        LM_TRY(lm_model_step(model, &adamw, NULL, err));
        if (step % 50 == 0 || step == steps - 1)
            printf("step %d: %.3f nats a byte\n", step + 1, loss);
    }
    return LM_OK;
}

int main(int argc, char **argv)
{
    const struct lm_model_config config = {
        .vocab = 256, .context = TIME, .layers = 2, .heads = 4, .width = 64};
    const struct lm_model_options options = {.training = true, .max_batch = BATCH, .seed = 1};
    int steps = argc > 3 ? atoi(argv[3]) : DEFAULT_STEPS;
    size_t size = 0;
    unsigned char *text = argc > 2 ? read_file(argv[1], &size) : NULL;
    if (text == NULL || size <= TIME || steps < 1) {
        fprintf(stderr, "usage: train TEXT FOLDER [STEPS], with more than %d bytes of text\n",
                TIME);
        free(text);
        return 2;
    }
    struct lm_model *model = NULL;
    struct lm_err err;
    enum lm_status status = lm_model_create(&model, &config, &options, &err);
    if (status == LM_OK)
        status = train(model, text, size, steps, &err);
    if (status == LM_OK) {
        mkdir(argv[2], 0777); /* when it is there already, that is as good */
        status = lm_model_save(model, argv[2], &err);
    }
    lm_model_free(model);
    free(text);
    if (status != LM_OK)
        fprintf(stderr, "train: %s\n", err.text);
    return status == LM_OK ? 0 : 1;
}
