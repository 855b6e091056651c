/* complete FOLDER PROMPT [BYTES]: continues a prompt with a model that `train` saved. */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BYTES = 200 };

/* Called for every new byte; false would end the text. */
static bool print_byte(void *user, int32_t byte, double nll)
{
    (void)user, (void)nll;
    return putchar(byte) != EOF;
}

static enum lm_status complete(struct lm_model *model, const char *prompt, int64_t bytes,
                               struct lm_err *err)
{
    const struct lm_sampling rules = {.temperature = 0.7, .top_p = 0.95};
    size_t size = strlen(prompt);
    int32_t *ids = calloc(size, sizeof *ids);
    if (ids == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    for (size_t i = 0; i < size; i++)
        ids[i] = (unsigned char)prompt[i];
    const struct lm_continuation text = {
        .prompt = ids,
        .count = (int64_t)size,
        .max_new = bytes,
        .rules = &rules,
        .rng = lm_rng_stream(1, "complete"),
        .emit = print_byte,
    };
    fputs(prompt, stdout);
    enum lm_status status = lm_model_generate(model, &text, 1, NULL, err);
    putchar('\n');
    free(ids);
    return status;
}

int main(int argc, char **argv)
{
    const struct lm_model_options options = {0};
    int bytes = argc > 3 ? atoi(argv[3]) : DEFAULT_BYTES;
    if (argc < 3 || argv[2][0] == '\0' || bytes < 1) {
        fprintf(stderr, "usage: complete FOLDER PROMPT [BYTES]\n");
        return 2;
    }
    struct lm_model *model = NULL;
    struct lm_err err;
    enum lm_status status = lm_model_load(&model, argv[1], &options, &err);
    if (status == LM_OK && lm_model_config(model)->vocab != 256)
        status = lm_fail(&err, LM_INVALID, "%s is no model of bytes; make one with train", argv[1]);
    if (status == LM_OK)
        status = complete(model, argv[2], bytes, &err);
    lm_model_free(model);
    if (status != LM_OK)
        fprintf(stderr, "complete: %s\n", err.text);
    return status == LM_OK ? 0 : 1;
}
