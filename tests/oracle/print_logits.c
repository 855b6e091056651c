/* What gpt2_torch.py and model_page.py are held against: the logits of a checkpoint or of a model
 * of ours for some ids, (T, V) as little-endian float32 on standard output. print_logits FOLDER
 * ID... */
#include <lmpipe/model.h>

#include <stdio.h>
#include <stdlib.h>

static enum lm_status print(struct lm_model *model, const int32_t *ids, int64_t count,
                            struct lm_err *err)
{
    size_t numbers = (size_t)(count * lm_model_config(model)->vocab);
    float *logits = calloc(numbers, sizeof *logits);
    if (logits == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    enum lm_status status = lm_model_logits(model, ids, 1, count, logits, err);
    if (status == LM_OK && fwrite(logits, sizeof *logits, numbers, stdout) != numbers)
        status = lm_fail(err, LM_IO, "cannot write");
    free(logits);
    return status;
}

int main(int argc, char **argv)
{
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL;
    struct lm_err err = {0};
    int64_t count = argc - 2;
    if (count < 1)
        return 2;
    int32_t *ids = calloc((size_t)count, sizeof *ids);
    if (ids == NULL)
        return 1;
    for (int64_t i = 0; i < count; i++)
        ids[i] = atoi(argv[i + 2]);
    enum lm_status status = lm_model_load(&model, argv[1], &options, &err);
    if (status != LM_OK)
        status = lm_model_import_hf(&model, argv[1], &options, &err);
    if (status == LM_OK)
        status = print(model, ids, count, &err);
    if (status != LM_OK)
        fprintf(stderr, "print_logits: %s\n", err.text);
    lm_model_free(model);
    free(ids);
    return status == LM_OK ? 0 : 1;
}
