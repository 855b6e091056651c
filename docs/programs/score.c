/* score FOLDER FILE: bits per byte of a file under a model that `train` saved, and for comparison
 * under the frequencies of the file's own bytes. */
#include <lmpipe/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The file's bytes as ids, behind a newline from which the first is predicted; NULL without any. */
static int32_t *read_ids(const char *path, int64_t *count)
{
    FILE *in = fopen(path, "rb");
    int32_t *ids = NULL;
    long size = 0;
    if (in == NULL)
        return NULL;
    if (fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) > 0)
        ids = calloc((size_t)size + 1, sizeof *ids);
    rewind(in);
    *count = 0;
    if (ids != NULL)
        ids[0] = '\n';
    for (int c; ids != NULL && *count < size && (c = getc(in)) != EOF;)
        ids[++*count] = c;
    fclose(in);
    return ids;
}

/* Entropy of the bytes by their own frequencies: what a model without context can reach at best. */
static double order_0(const int32_t *ids, int64_t count)
{
    double seen[256] = {0}, bits = 0;
    for (int64_t i = 1; i <= count; i++)
        seen[ids[i]]++;
    for (int b = 0; b < 256; b++)
        if (seen[b] > 0)
            bits -= seen[b] * log2(seen[b] / (double)count);
    return bits / (double)count;
}

/* Every byte once, with at least half a context before it: windows step by half the context, and
 * but for the first only their later half counts. */
static enum lm_status score(struct lm_model *model, const int32_t *ids, int64_t count, double *bits,
                            struct lm_err *err)
{
    int64_t context = lm_model_config(model)->context, stride = (context + 1) / 2;
    float *nll = calloc((size_t)context, sizeof *nll);
    enum lm_status status = LM_OK;
    double nats = 0;
    if (nll == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    for (int64_t first = 0; status == LM_OK; first += stride) {
        int64_t rest = count - first, time = rest < context ? rest : context;
        const struct lm_scores out = {.nll = nll};
        status = lm_model_score(model, ids + first, ids + first + 1, 1, time, &out, err);
        for (int64_t t = first == 0 ? 0 : context - stride; status == LM_OK && t < time; t++)
            nats += (double)nll[t];
        if (time == rest)
            break;
    }
    free(nll);
    *bits = nats / log(2) / (double)count;
    return status;
}

int main(int argc, char **argv)
{
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL;
    struct lm_err err;
    double bits = 0;
    int64_t count = 0;
    int32_t *ids = argc == 3 ? read_ids(argv[2], &count) : NULL;
    if (ids == NULL || count == 0) {
        fprintf(stderr, "usage: score FOLDER FILE, with at least a byte in FILE\n");
        free(ids);
        return 2;
    }
    enum lm_status status = lm_model_load(&model, argv[1], &options, &err);
    if (status == LM_OK && lm_model_config(model)->vocab != 256)
        status = lm_fail(&err, LM_INVALID, "%s is no model of bytes; make one with train", argv[1]);
    if (status == LM_OK)
        status = score(model, ids, count, &bits, &err);
    if (status == LM_OK)
        printf("%.4f bits per byte; %.4f by the frequencies of its bytes\n", bits,
               order_0(ids, count));
    else
        fprintf(stderr, "score: %s\n", err.text);
    lm_model_free(model);
    free(ids);
    return status == LM_OK ? 0 : 1;
}
