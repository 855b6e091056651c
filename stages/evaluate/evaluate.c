#include <math.h>
#include <stdio.h>

#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include "evaluate_params.h"
#include "model/upstream_shape.h"
#include "task/task_follow.h"

static const struct lm_port inputs[] = {
    {"model", "model", "the model to score", LM_PORT_FOLDER},
    {"tokens", "tokens", "held-out text, encoded with the model's vocabulary",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {"examples", "corpus",
     "the examples of the model's objective, of which training held a part out",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL, .key = "packed_examples"},
    {"task_data", "corpus", "downloaded sources that tasks take their items from",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL | LM_PORT_LIST},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"scores", "scores",
     "flat JSON: valid.bpb, valid.ppl, valid.accuracy, valid.bleu …, likewise test", 0},
    {"items", "items", "by document or example, position, frequency, confidence; passages",
     LM_PORT_FOLDER},
    {NULL, NULL, NULL, 0},
};

static void follow_task(const struct lm_follow *follow)
{
    struct evaluate_params *params = follow->params;
    lm_task_follow(follow, &params->task_names);
}

static struct lm_list task_names(const void *params)
{
    return ((const struct evaluate_params *)params)->task_names;
}

/* Tasks are scored by the portable products whatever the stage's numerics. Their texts, and those
 * of examples, are cut by the model's vocabulary, which may hold an expression. */
static const char *const *libraries(const void *params)
{
    static const char *const of_tasks[] = {"portable", "pcre2?", NULL};
    static const char *const of_examples[] = {"pcre2?", NULL};
    return ((const struct evaluate_params *)params)->tasks.count > 0 ? of_tasks : of_examples;
}

static const char *const intervals[] = {"percentile", "bca", NULL};

#define P(f) LM_FIELD(struct evaluate_params, f)
static const struct lm_param params[] = {
    {P(stride), .type = LM_P_INT, .def_int = 0, .min = 0, .max = 1 << 20, .unit = "tokens",
     .help = "step of the window over the text; 0: half the context"},
    {P(batch), .also = "batch_size", .type = LM_P_INT, .def_int = 8, .min = 1, .max = 4096,
     .unit = "windows",
     .help = "windows scored at once; fixed, so that results do not depend on the machine"},
    {P(resamples), .also = "bootstrap num_resamples", .type = LM_P_INT, .def_int = 1000, .min = 100,
     .max = 100000,
     .help = "resamples of the documents behind the 95 % intervals; fewer than 20 documents: none",
     .source = "Efron & Tibshirani 1993, section 13.3"},
    {P(interval), .also = "ci confidence_interval", .type = LM_P_ENUM, .def_str = "percentile",
     .choices = intervals, .flags = LM_PARAM_COMPACT,
     .help = "of BLEU, chrF and correlations: percentiles of the resamples, or BCa",
     .source = "Efron & Tibshirani 1993, sections 13.3, 14.3"},
    {P(baselines), .type = LM_P_BOOL, .def_bool = true,
     .help = "score a unigram and a Kneser-Ney bigram of the training tokens beside the model",
     .source = "Chen & Goodman 1999, section 4.1.6"},
    {P(untrained_windows), .type = LM_P_INT, .def_int = 64, .min = 0, .max = 1 << 20,
     .unit = "windows", .help = "windows a fresh model of the same shape is scored on; 0: none"},
    {P(passages), .type = LM_P_INT, .def_int = 3, .min = 0, .max = 1000, .unit = "documents",
     .help = "held-out documents whose surprisal is kept token by token"},
    {P(passage_tokens), .type = LM_P_INT, .def_int = 256, .min = 1, .max = 1 << 20,
     .unit = "tokens", .help = "tokens kept of each of them, from the start"},
    {P(max_new_tokens), .type = LM_P_INT, .def_int = 128, .min = 1, .max = 1 << 20,
     .flags = LM_PARAM_COMPACT, .unit = "tokens",
     .help = "longest generated output of objective translate"},
    {P(tasks), .also = "task benchmarks", .type = LM_P_LIST, .item = LM_P_PATH,
     .flags = LM_PARAM_COMPACT | LM_PARAM_ENV, .follow = follow_task,
     .help = "task files: what is scored beside the held-out text (docs/tasks.md)"},
    {P(contamination), .also = "decontaminate overlap", .type = LM_P_BOOL, .def_bool = false,
     .flags = LM_PARAM_COMPACT,
     .help = "of tasks: share of items with 13 tokens in a row from the training text, and scores "
             "with and without them",
     .source = "Brown et al. 2020, appendix C"},
    {P(precision), .also = "dtype", .type = LM_P_ENUM, .def_str = "f32",
     .choices = lm_precision_names, .flags = LM_PARAM_COMPACT,
     .help = "of tasks: operands of matrix products; bf16 is faster with AVX512-BF16"},
    {.name = NULL},
};

#define SPLITS "{valid,test}."
static const struct lm_metric_row metrics[] = {
    {SPLITS "bpb{,.lo,.hi}", "bits per byte", LM_BETTER_LOWER,
     "loss on the text, with its 95 % interval"},
    {SPLITS "ppl{,.lo,.hi}", NULL, LM_BETTER_LOWER, "perplexity per token, with its 95 % interval"},
    {SPLITS "acc{,.lo,.hi}", NULL, LM_BETTER_HIGHER, "next-token accuracy, with its 95 % interval"},
    {SPLITS "nll", "nats", LM_BETTER_LOWER, "mean loss of a token"},
    {SPLITS "calibration", "nats", LM_BETTER_LOWER,
     "how far the loss is from the entropy of the predictions, mean over bins"},
    {SPLITS "ece", NULL, LM_BETTER_LOWER,
     "expected calibration error of the most likely token, 15 bins of equal mass"},
    {SPLITS "brier", NULL, LM_BETTER_LOWER, "Brier score of the most likely token"},
    {SPLITS "in_context_gain", "nats", LM_BETTER_HIGHER,
     "loss at positions 32 to 63 less that of the window's last eighth"},
    {SPLITS "{untrained,unigram,bigram}.bpb", "bits per byte", LM_BETTER_NONE,
     "the same text under a fresh model, a unigram, a Kneser-Ney bigram"},
    {SPLITS "{untrained,unigram,bigram}.diff{,.lo,.hi}", "bits per byte", LM_BETTER_LOWER,
     "the model less that baseline, paired by document, with its 95 % interval"},
    {SPLITS "{untrained,unigram,bigram}.diff.detectable", "bits per byte", LM_BETTER_NONE,
     "smallest such difference that these documents show in 4 of 5 cases: 2.8 standard errors"},
    {SPLITS "examples", "examples", LM_BETTER_NONE, "examples of a split"},
    {SPLITS "examples.nll", "nats", LM_BETTER_LOWER,
     "classify: mean loss of an example; translate: of a token of the reference"},
    {SPLITS "accuracy{,.lo,.hi}", NULL, LM_BETTER_HIGHER,
     "classify: accuracy, with its 95 % interval"},
    {SPLITS "majority", NULL, LM_BETTER_NONE, "classify: accuracy of the most frequent label"},
    {SPLITS "f1", NULL, LM_BETTER_HIGHER, "classify: macro-averaged F1"},
    {SPLITS "confusion.#.#", "examples", LM_BETTER_NONE, "classify: by true and predicted label"},
    {SPLITS "{bleu,chrf}{,.lo,.hi}", NULL, LM_BETTER_HIGHER,
     "translate: BLEU, chrF, with their 95 % intervals"},
    {SPLITS "copy", NULL, LM_BETTER_NONE, "translate: BLEU of the sources themselves"},
    {SPLITS "{spearman,pearson}{,.lo,.hi}", NULL, LM_BETTER_HIGHER,
     "similar: correlation with the given scores, with its 95 % interval"},
    {SPLITS "{majority,copy,overlap}.diff{,.lo,.hi}", NULL, LM_BETTER_HIGHER,
     "the headline metric less that baseline, paired by example, with its 95 % interval"},
    {SPLITS "overlap", NULL, LM_BETTER_NONE, "similar: Spearman correlation of the words' overlap"},
    {"{train,valid,test}.tokens", "tokens", LM_BETTER_NONE, "tokens of a split"},
    {"{train,valid,test}.bytes", "bytes", LM_BETTER_NONE, "text of a split"},
    {"{train,valid,test}.documents", "documents", LM_BETTER_NONE, "documents of a split"},
    {"diverged", NULL, LM_BETTER_LOWER, "1 when the training of the model diverged; else absent"},
    {"model.{parameters,layers,heads,width,context,vocab}", NULL, LM_BETTER_NONE,
     "shape of the model"},
    {"<>.acc{,.lo,.hi,.clustered.lo,.clustered.hi,_sum,_token,_byte,_pmi}", NULL, LM_BETTER_HIGHER,
     "choice, cloze: accuracy, with its 95 % intervals; by other norms"},
    {"<>.*.acc{,.lo,.hi}", NULL, LM_BETTER_HIGHER, "choice, cloze: accuracy of a group"},
    {"<>.{macro,centred}", NULL, LM_BETTER_HIGHER,
     "choice, cloze: mean of the groups' accuracies; choice: accuracy from chance (0) to 1"},
    {"<>.{ece,brier}", NULL, LM_BETTER_LOWER,
     "choice: expected calibration error (15 bins of equal mass) and Brier score of the softmax of "
     "the choices' scores"},
    {"tasks.centred", NULL, LM_BETTER_HIGHER,
     "mean of the choice tasks' accuracies from chance (0) to 1"},
    {"<>.bpb{,.lo,.hi}", "bits per byte", LM_BETTER_LOWER, "stream: loss, with its 95 % interval"},
    {"<>.*.bpb", "bits per byte", LM_BETTER_LOWER, "stream: loss of a group"},
    {"<>.{ppl,word_ppl}{,.lo,.hi}", NULL, LM_BETTER_LOWER,
     "stream: perplexity per token, per word; cloze: of a target"},
    {"<>.nll{,.lo,.hi}", "nats", LM_BETTER_LOWER, "cloze: mean loss of a target"},
    {"<>.{bleu,chrf,spearman,pearson}{,.lo,.hi}", NULL, LM_BETTER_HIGHER,
     "generate: BLEU, chrF; similarity: correlation; with their 95 % intervals"},
    {"<>.contamination", NULL, LM_BETTER_NONE,
     "share of items with 13 tokens in a row from the training text"},
    {"<>.contamination.untested", "items", LM_BETTER_NONE,
     "items of fewer than 8 tokens, which are not looked for and count as clean"},
    {"<>.acc_{clean,dirty}{,.lo,.hi}", NULL, LM_BETTER_HIGHER,
     "choice, cloze: accuracy on the items that are not, or are, contaminated"},
    {"<>.bpb_{clean,dirty}{,.lo,.hi}", "bits per byte", LM_BETTER_LOWER,
     "stream: loss on the items that are not, or are, contaminated"},
    {"<>.chance", NULL, LM_BETTER_NONE, "choice: accuracy of chance"},
    {"<>.floor.{length,majority,unigram,bigram,copy,overlap}", NULL, LM_BETTER_NONE,
     "the headline metric of a rule that needs no model"},
    {"<>.bigram.diff{,.lo,.hi,.clustered.lo,.clustered.hi}", NULL, LM_BETTER_NONE,
     "choice, cloze, stream: the headline metric less the bigram's on the same items, with its "
     "95 % intervals"},
    {"<>.{items,ties,straddlers,cut,tokens,bytes,words}", NULL, LM_BETTER_NONE,
     "tasks: what was scored, and how often a rule of scoring was needed"},
    {NULL},
};
#undef SPLITS

enum {
    PROCESS_BYTES = 16 << 20, /* programs and libraries */
    TASK_BYTE = 5,            /* bytes of token sets: a fourth of a token, once */
    FRESH_TOKEN = 20,         /* of each of two splits */
    TYPICAL_BYTES = 10 << 20  /* of token sets, while nobody knows how many there are */
};

/* What is scored, in bytes of token sets: of these a tenth is held out, two bytes are a token, and
 * with a stride of half the context each is in two windows: a byte is a tenth of a token. */
static double bytes_of(const struct evaluate_params *p, const struct lm_upstream *upstream,
                       double context)
{
    double stride = p->stride > 0 ? fmin((double)p->stride, context) : context / 2;
    double text = (double)lm_upstream_bytes(upstream, "tokens");
    double fresh = text > 0 ? FRESH_TOKEN * (double)p->untrained_windows * context : 0;
    double bytes = text * context / stride / 2 + fresh +
                   TASK_BYTE * (double)lm_upstream_bytes(upstream, "task_data");
    return bytes > 0 ? bytes : TYPICAL_BYTES;
}

/* The model and, beside it, the untrained one. What grows with the held-out text (20 bytes a
 * token, the bigram's counts) is not known before there is one. */
static void estimate(const void *data, const struct lm_upstream *upstream, struct lm_estimate *out)
{
    const struct evaluate_params *p = data;
    struct lm_model_config config;
    if (!lm_upstream_shape(&config, upstream))
        return;
    const struct lm_model_options options = {.max_batch = p->batch,
                                             .threads = upstream->threads,
                                             .numerics = upstream->portable ? LM_NUMERICS_PORTABLE
                                                                            : LM_NUMERICS_BLAS};
    uint64_t models = p->untrained_windows > 0 ? 2 : 1;
    struct lm_model_options packed = options;
    packed.numerics = LM_NUMERICS_PORTABLE;
    packed.precision = lm_precision_find(p->precision);
    const struct lm_generate_options generated = {.sequences = p->batch};
    uint64_t text = models * lm_model_memory(&config, &options);
    uint64_t tasks = lm_model_memory(&config, &packed) +
                     lm_generate_memory(&config, &generated, upstream->threads);
    out->memory = (p->tasks.count > 0 && tasks > text ? tasks : text) + PROCESS_BYTES;
    out->work = lm_work_of(bytes_of(p, upstream, (double)config.context) * lm_token_flops(&config),
                           config.width);
    out->shape[0] = (double)config.width;
    snprintf(out->text, sizeof out->text, "%lld windows of %lld tokens at once",
             (long long)p->batch, (long long)config.context);
}

static enum lm_status check_ports(const void *data, bool (*has)(const void *user, const char *port),
                                  const void *user, struct lm_err *err)
{
    const struct evaluate_params *p = data;
    if (has(user, "task_data") && p->tasks.count == 0)
        return lm_fail_field(err, LM_INVALID,
                             "tasks: none, but task_data is connected; name task files, or leave "
                             "it out");
    if (p->contamination && (!has(user, "tokens") || p->tasks.count == 0))
        return lm_fail_field(err, LM_INVALID,
                             "contamination: it compares tasks with the training text; connect "
                             "tokens and name tasks, or leave it out");
    if (has(user, "tokens") || has(user, "examples") || p->tasks.count > 0)
        return LM_OK;
    return lm_fail_field(
        err, LM_INVALID,
        "tokens: nothing to evaluate on; connect tokens, or examples of the model's "
        "objective, or name tasks");
}

/* Held-out text is a tenth of a token set's bytes, or so. */
static const struct lm_stage_cost cost = {.pace = 9, .memory_share = 1.6, .sizes = {0.001, 0.03}};

const struct lm_stage lm_stage_evaluate = {
    .name = "evaluate",
    .version = 7,
    .summary =
        "bits per byte on held-out text, accuracy, BLEU or correlation on examples, with intervals",
    .flags = LM_STAGE_SEED | LM_STAGE_NUMERIC,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct evaluate_params),
    .metrics = metrics,
    .check_ports = check_ports,
    .names = task_names,
    .libraries = libraries,
    .estimate = estimate,
    .cost = &cost,
};
