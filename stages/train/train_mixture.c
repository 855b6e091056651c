#include "train_mixture.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/suggest.h"

#define LARGEST_FILE ((size_t)64 << 20)

/* ---- reading ---- */

/* The weight of a source; NULL: the mixture does not name it. */
static const struct train_weight *find_weight(const struct train_params *params, const char *name)
{
    const struct train_weight *weights = params->mixture.items;
    for (size_t i = 0; i < params->mixture.count; i++)
        if (strcmp(weights[i].name, name) == 0)
            return &weights[i];
    return NULL;
}

static enum lm_status take_source(struct train_mixture *out, uint64_t *first,
                                  const struct train_params *params, const struct lm_json *source,
                                  struct lm_arena *arena, struct lm_err *err)
{
    const char *name = lm_json_string(lm_json_get(source, "name"), NULL);
    int64_t documents = lm_json_int(lm_json_get(source, "train"), -1);
    if (name == NULL || documents < 0)
        return lm_fail(err, LM_FORMAT,
                       "sources: source %zu has no name or no number of train; make it anew",
                       out->count + 1);
    const struct train_weight *weight = find_weight(params, name);
    if (weight == NULL)
        return lm_fail(err, LM_INVALID,
                       "mixture: says nothing of the source '%s'; give it a number above 0", name);
    if (documents == 0)
        return lm_fail(err, LM_RANGE,
                       "mixture.%s: the source has no document in train; leave it out of the "
                       "download, or split the text so that train has some",
                       name);
    struct train_part part = {lm_arena_strdup(arena, name), *first, (uint64_t)documents};
    if (part.name == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for sources");
    out->weights[out->count] = weight->weight;
    out->parts[out->count++] = part;
    *first += (uint64_t)documents;
    return LM_OK;
}

/* A name of the mixture that no source has. */
static enum lm_status check_names(const struct train_mixture *mixture,
                                  const struct train_params *params, struct lm_arena *arena,
                                  struct lm_err *err)
{
    const struct train_weight *weights = params->mixture.items;
    const char **names = LM_NEW_ARRAY(arena, const char *, mixture->count + 1);
    if (names == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for sources");
    for (size_t i = 0; i < mixture->count; i++)
        names[i] = mixture->parts[i].name;
    for (size_t i = 0; i < params->mixture.count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < mixture->count; k++)
            is_known = is_known || strcmp(weights[i].name, names[k]) == 0;
        const char *near = lm_suggest(weights[i].name, names, mixture->count);
        if (!is_known)
            return lm_fail(err, LM_INVALID,
                           "mixture.%s: the text has no source of that name; %s '%s'",
                           weights[i].name, near != NULL ? "did you mean" : "it has, among others,",
                           near != NULL ? near : names[0]);
    }
    return LM_OK;
}

static enum lm_status take_all(struct train_mixture *out, struct lm_arena *arena,
                               const struct lm_json *root, const struct train_params *params,
                               uint64_t documents, struct lm_err *err)
{
    const struct lm_json *list = lm_json_get(root, "sources");
    size_t count = lm_json_count(list);
    uint64_t first = 0;
    if (lm_json_int(lm_json_get(root, "lmpipe_sources"), 0) != 1 || count == 0)
        return lm_fail(err, LM_FORMAT,
                       "sources: is no file of sources of version 1; take the output sources of "
                       "the stage that cleans the text");
    out->parts = LM_NEW_ARRAY(arena, struct train_part, count);
    out->weights = LM_NEW_ARRAY(arena, double, count);
    if (out->parts == NULL || out->weights == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for sources");
    for (size_t i = 0; i < count; i++)
        LM_TRY(take_source(out, &first, params, lm_json_at(list, i), arena, err));
    LM_TRY(check_names(out, params, arena, err));
    if (first != documents)
        return lm_fail(err, LM_MISMATCH,
                       "sources: are of %llu documents in train, but tokens has %llu; take both "
                       "from one text",
                       (unsigned long long)first, (unsigned long long)documents);
    return LM_OK;
}

enum lm_status train_mixture_read(struct train_mixture *out, struct lm_arena *arena,
                                  const char *path, const struct train_params *params,
                                  uint64_t documents, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    struct lm_json *root = NULL;
    *out = (struct train_mixture){.count = 0};
    if (path == NULL)
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST_FILE, err));
    enum lm_status status = lm_json_parse(&root, text, size, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "sources");
    status = take_all(out, arena, root, params, documents, err);
    lm_json_free(root);
    return status;
}

/* ---- what was learnt ---- */

/* Of one source, after so many rows of all. */
struct extent {
    double weight, tokens, epochs;
};

static struct extent extent_of(const struct train_mixture *mixture, const struct train_data *data,
                               size_t index, uint64_t rows)
{
    double sum = 0, most = 0;
    for (size_t i = 0; i < mixture->count; i++)
        most = mixture->weights[i] > most ? mixture->weights[i] : most;
    for (size_t i = 0; i < mixture->count; i++)
        sum += mixture->weights[i] / most;
    double tokens = (double)train_data_scored_of(data, index, rows);
    return (struct extent){mixture->weights[index] / most / sum, tokens,
                           tokens / (double)data->sources[index].scored};
}

void train_mixture_put(struct lm_json_writer *writer, const struct train_mixture *mixture,
                       const struct train_data *data, uint64_t rows)
{
    if (mixture->count == 0)
        return;
    lm_json_key(writer, "sources");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < mixture->count; i++) {
        struct extent extent = extent_of(mixture, data, i, rows);
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", mixture->parts[i].name);
        lm_json_member_double(writer, "weight", extent.weight);
        lm_json_member_int(writer, "tokens", (int64_t)extent.tokens);
        lm_json_member_double(writer, "epochs", extent.epochs);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
}

void train_mixture_report(struct lm_ctx *ctx, const struct train_mixture *mixture,
                          const struct train_data *data, uint64_t rows)
{
    for (size_t i = 0; i < mixture->count; i++) {
        struct extent extent = extent_of(mixture, data, i, rows);

        const struct {
            const char *name;
            double value;
        } metrics[] = {
            {"weight", extent.weight}, {"tokens", extent.tokens}, {"epochs", extent.epochs}};

        for (size_t k = 0; k < sizeof metrics / sizeof metrics[0]; k++) {
            char name[128];
            snprintf(name, sizeof name, "%s.%s", metrics[k].name, mixture->parts[i].name);
            lm_ctx_result(ctx, name, metrics[k].value);
        }
    }
}
