#include "train_open.h"
#include "train_guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "train_init.h"
#include "train_shape.h"
#include "train_speed.h"

/* By enum lm_objective_kind. */
static const struct train_task *const tasks[LM_OBJECTIVES] = {
    [LM_OBJECTIVE_LM] = &train_lm,
    [LM_OBJECTIVE_CLASSIFY] = &train_classify,
    [LM_OBJECTIVE_TRANSLATE] = &train_translate,
    [LM_OBJECTIVE_SIMILAR] = &train_similar,
};

static bool is_cancelled(void *ctx)
{
    return lm_ctx_cancelled(ctx);
}

bool train_has_valid(const struct train *train)
{
    return train->data.valid_windows > 0 || train->examples.looks_at > 0;
}

static bool by_examples(const struct train *train)
{
    return train->task != &train_lm;
}

/* Texts of a batch: a pair has two. */
static int64_t texts(const struct train *train)
{
    return train->task == &train_similar ? 2 * train->params->batch : train->params->batch;
}

static enum lm_status open_model(struct train *train, const struct lm_model_config *config,
                                 struct lm_err *err)
{
    const struct train_params *p = train->params;
    bool is_looked_at = lm_ctx_partial(train->ctx); /* the weights alone, no room to train */
    const struct lm_model_options options = {
        .threads = lm_ctx_threads(train->ctx),
        .kernels = lm_ctx_kernels(train->ctx),
        .numerics = lm_ctx_portable(train->ctx) ? LM_NUMERICS_PORTABLE : LM_NUMERICS_BLAS,
        .precision = lm_precision_find(p->precision),
        .training = !is_looked_at,
        .recompute = p->recompute,
        .max_batch = is_looked_at ? 1 : texts(train),
        .max_time = is_looked_at ? 1 : train->context,
        .leaves = p->accumulate,
        .muon = strcmp(p->optimizer, "muon") == 0,
        .zero_init = p->zero_init,
        .seed = lm_ctx_seed(train->ctx),
        .stop = is_cancelled,
        .stop_user = train->ctx,
        .frozen_layers = p->frozen_layers,
        .label_smoothing = p->label_smoothing,
        .z_loss = p->z_loss,
    };
    LM_TRY(train->init == NULL
               ? lm_model_create(&train->model, config, &options, err)
               : train_init_load(&train->model, train->init, config, &options,
                                 &train->examples.objective, lm_ctx_arena(train->ctx), err));
    lm_ctx_gauge(train->ctx, "memory", (double)lm_model_memory(config, &options));
    train->weights = (size_t)lm_model_parameters(config);
    return LM_OK;
}

/* Of named sources, of token sets, or none. */
static enum lm_status open_mixture(struct train *train, struct train_data_options *options,
                                   struct lm_err *err)
{
    const struct train_params *p = train->params;
    struct lm_tokens *const *sets = train->tokens.sets;
    const struct train_weight *given = p->mixture.items;
    double *weights = LM_NEW_ARRAY(lm_ctx_arena(train->ctx), double, p->mixture.count + 1);
    if (weights == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a mixture");
    for (size_t i = 0; i < p->mixture.count; i++)
        weights[i] = given[i].weight;
    options->mixture = p->mixture.count > 0 ? weights : NULL;
    LM_TRY(train_mixture_read(&train->mixture, lm_ctx_arena(train->ctx),
                              lm_ctx_input(train->ctx, "sources"), p,
                              lm_tokens_documents(sets[0], LM_TRAIN), err));
    if (train->mixture.count > 0) {
        options->parts = train->mixture.parts;
        options->part_count = train->mixture.count;
        options->mixture = train->mixture.weights;
    } else if (p->mixture.count > 0 && p->mixture.count != train->tokens.count) {
        return lm_fail(err, LM_INVALID,
                       "mixture: %zu weights for %zu token sets; give one for tokens and one for "
                       "each of extra_tokens",
                       p->mixture.count, train->tokens.count);
    }
    return train_data_init(&train->data, sets, train->tokens.count, options, err);
}

static enum lm_status open_tokens(struct train *train, int64_t *vocab_size, struct lm_err *err)
{
    const struct train_params *p = train->params;
    struct train_data_options options = {
        .seed = lm_ctx_seed(train->ctx),
        .context = train->context,
        .valid_windows = (uint64_t)p->eval_batches * (uint64_t)p->batch,
        .by_documents = strcmp(p->order, "documents") == 0,
    };
    LM_TRY(train_tokens_open(&train->tokens, train->ctx, err));
    *vocab_size = lm_tokens_vocab(train->tokens.sets[0]);
    if (train->init != NULL)
        LM_TRY(train_init_check_vocab(train->init, train->vocab, err));
    return open_mixture(train, &options, err);
}

/* The shape is init's, or the parameters'; the vocabulary is not known yet. */
static enum lm_status choose_shape(struct train *train, struct lm_model_config *config,
                                   struct lm_err *err)
{
    const struct train_params *p = train->params;
    *config = train_shape(p, 0);
    if (train->init != NULL)
        LM_TRY(train_init_config(config, train->init, p, err));
    config->dropout = p->dropout;
    config->labels = 0;
    train->context = p->max_length > 0 ? p->max_length : config->context;
    if (train->context > config->context)
        return lm_fail(err, LM_RANGE,
                       "max_length: %lld exceeds the model's context of %lld; give less",
                       (long long)train->context, (long long)config->context);
    return LM_OK;
}

/* Beside the tokens, in the model to begin with, or the port's own. */
static enum lm_status choose_vocab(struct train *train, struct lm_err *err)
{
    const char *folder = by_examples(train) ? train->init : lm_ctx_input(train->ctx, "tokens");
    train->vocab = folder != NULL ? lm_path_join(lm_ctx_arena(train->ctx), folder, "vocab")
                                  : lm_ctx_input(train->ctx, "vocab");
    return train->vocab != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory");
}

static enum lm_status open_examples(struct train *train, struct lm_model_config *config,
                                    int64_t *vocab_size, struct lm_err *err)
{
    LM_TRY(train_examples_read(&train->examples, train->ctx, train->params, err));
    LM_TRY(train_examples_encode(&train->examples, train->vocab, train->context, vocab_size, err));
    config->labels = (int64_t)train->examples.objective.label_count;
    train_examples_report(&train->examples, train->ctx);
    return train->task->check != NULL ? train->task->check(train, err) : LM_OK;
}

/* What is learnt from, then the model: init has the vocabulary of the first. */
static enum lm_status open_inputs(struct train *train, struct lm_err *err)
{
    struct lm_model_config config;
    int64_t vocab_size = 0;
    train->init = train_init_folder(train->ctx, train->params);
    lm_ctx_doing(train->ctx, by_examples(train) ? "reading examples" : "reading tokens");
    LM_TRY(choose_shape(train, &config, err));
    LM_TRY(choose_vocab(train, err));
    LM_TRY(by_examples(train) ? open_examples(train, &config, &vocab_size, err)
                              : open_tokens(train, &vocab_size, err));
    if (train->init == NULL)
        config.vocab = vocab_size;
    if (config.vocab < vocab_size) /* more rows than tokens pad the matrix */
        return lm_fail(err, LM_MISMATCH,
                       "init: the model has %lld token types, its vocabulary %lld; get a model "
                       "whose vocab is its own",
                       (long long)config.vocab, (long long)vocab_size);
    lm_ctx_doing(train->ctx, train->init == NULL ? "making the model" : "reading the model");
    return open_model(train, &config, err);
}

/* Numbers that a look at the valid split reads of an example: logits, or two states. */
static size_t outputs(const struct train *train)
{
    size_t labels = train->examples.objective.label_count;
    return train->task == &train_similar ? 2 * (size_t)lm_model_config(train->model)->width
                                         : labels;
}

static enum lm_status make_room(struct train *train, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(train->ctx);
    size_t batch = (size_t)train->params->batch;
    size_t rows = (size_t)texts(train) * (size_t)train->context;
    train->inputs = LM_NEW_ARRAY(arena, int32_t, rows);
    train->targets = LM_NEW_ARRAY(arena, int32_t, rows);
    train->nll = LM_NEW_ARRAY(arena, float, rows);
    train->picked = LM_NEW_ARRAY(arena, size_t, batch);
    train->labels = LM_NEW_ARRAY(arena, int32_t, batch);
    train->lengths = LM_NEW_ARRAY(arena, int32_t, 2 * batch);
    train->scores = LM_NEW_ARRAY(arena, float, batch);
    train->logits = LM_NEW_ARRAY(arena, float, batch *outputs(train));
    train->ratios = LM_NEW_ARRAY(arena, double, (size_t)lm_model_config(train->model)->layers + 2);
    return train->inputs != NULL && train->targets != NULL && train->nll != NULL &&
                   train->picked != NULL && train->labels != NULL && train->lengths != NULL &&
                   train->scores != NULL && train->logits != NULL && train->ratios != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "out of memory for a batch; choose a smaller one");
}

/* Copies of all weights that the parameters ask for. */
static enum lm_status open_copies(struct train *train, struct lm_err *err)
{
    const struct train_params *p = train->params;

    struct {
        bool wanted;
        float **to;
    } copies[] = {{train_guard_records(train), &train->before},
                  {strcmp(p->keep, "best") == 0, &train->best_weights},
                  {p->ema > 0, &train->average}};

    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        if (copies[i].wanted)
            *copies[i].to = calloc(train->weights, sizeof(float));
        if (copies[i].wanted && *copies[i].to == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory for a copy of the weights");
    }
    return LM_OK;
}

static enum lm_status check_valid(struct train *train, struct lm_err *err)
{
    if (train_has_valid(train))
        return LM_OK;
    if (train->params->patience > 0)
        return lm_fail(err, LM_INVALID,
                       "patience: the valid split is empty, there is nothing to validate on; keep "
                       "something for it, or set patience to 0");
    if (train->best_weights != NULL)
        lm_ctx_note(train->ctx, "the valid split is empty: the last weights are kept");
    return LM_OK;
}

enum lm_status train_open(struct train *train, struct lm_err *err)
{
    train->task = tasks[train_objective(train->params).kind];
    LM_TRY(open_inputs(train, err));
    LM_TRY(make_room(train, err));
    LM_TRY(open_copies(train, err));
    LM_TRY(check_valid(train, err));
    lm_ctx_doing(train->ctx, "looking for a checkpoint");
    LM_TRY(train_resume(train, err));
    lm_ctx_doing(train->ctx, "");
    if (!lm_ctx_partial(train->ctx))
        train_speed_begin(train);
    return LM_OK;
}
