#include <stdio.h>
#include <string.h>

#include <lmpipe/model.h>
#include <lmpipe/stage.h>

#include "base/buf.h"
#include "model/upstream_shape.h"
#include "sample_params.h"

static const struct lm_port inputs[] = {
    {"model", "model", "the model that writes", LM_PORT_FOLDER},
    {"tokens", "tokens", "held-out prompts, and training text to compare with", LM_PORT_FOLDER},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"samples", "samples", "JSON lines: methods, samples with ids and nll, metrics", 0},
    {NULL, NULL, NULL, 0},
};

#define M(f) LM_FIELD(struct sample_method, f)
static const struct lm_param method_rows[] = {
    {M(name), .type = LM_P_STR, .flags = LM_PARAM_REQUIRED, .help = "name in results: [a-z0-9_-]+"},
    {M(temperature), .also = "temp", .type = LM_P_FLOAT, .def_float = 1, .min = 0, .max = 100,
     .help = "logits are divided by it; 0: greedy, always the most likely token"},
    {M(top_k), .type = LM_P_INT, .def_int = 0, .min = 0, .max = 1 << 30, .unit = "tokens",
     .help = "keep the k most likely tokens; 0: all", .source = "Fan et al. 2018, section 5.4"},
    {M(top_p), .type = LM_P_FLOAT, .def_float = 0, .min = 0, .max = 1,
     .help = "keep the most likely tokens up to this probability; 0: all",
     .source = "Holtzman et al. 2020, section 3.1"},
    {M(min_p), .type = LM_P_FLOAT, .def_float = 0, .min = 0, .max = 1,
     .help = "keep tokens at least this share as likely as the most likely; 0: all",
     .source = "Nguyen et al. 2024, section 3"},
    {M(repetition_penalty), .also = "rep_penalty", .type = LM_P_FLOAT, .def_float = 1, .min = 1,
     .max = 100, .help = "lowers the score of tokens that already occurred; 1: off",
     .source = "Keskar et al. 2019, section 4.1"},
    {M(typical_p), .type = LM_P_FLOAT, .flags = LM_PARAM_COMPACT, .def_float = 0, .min = 0,
     .max = 1,
     .help =
         "keep the tokens whose surprise is nearest to the entropy, up to this probability; 0: all",
     .source = "Meister et al. 2023, section 3"},
    {M(eta), .also = "eta_cutoff", .type = LM_P_FLOAT, .flags = LM_PARAM_COMPACT, .def_float = 0,
     .min = 0, .max = 1,
     .help = "keep tokens of probability min(eta, root of eta times e^-entropy) or more; 0: all",
     .source = "Hewitt et al. 2022, section 3"},
    {M(order), .type = LM_P_LIST, .item = LM_P_ENUM, .choices = lm_rule_names,
     .flags = LM_PARAM_COMPACT,
     .help = "in which the rules are applied, all that are in use; none: as listed here"},
    {M(beams), .also = "num_beams beam_width", .type = LM_P_INT, .flags = LM_PARAM_COMPACT,
     .def_int = 0, .min = 0, .max = LM_BEAMS_MAX, .unit = "texts",
     .help = "beam search of so many texts at a time instead of sampling; 0: off",
     .source = "Graves 2012, algorithm 1"},
    {M(length_penalty), .type = LM_P_FLOAT, .flags = LM_PARAM_COMPACT, .def_float = 0, .min = 0,
     .max = 10, .help = "beam search: log probability over ((5 + tokens) / 6)^this; 0: plain",
     .source = "Wu et al. 2016, section 7"},
    {M(contrastive_k), .type = LM_P_INT, .flags = LM_PARAM_COMPACT, .def_int = 0, .min = 0,
     .max = LM_BEAMS_MAX, .unit = "tokens",
     .help = "contrastive search among the k most likely tokens instead of sampling; 0: off",
     .source = "Su et al. 2022, section 4.2"},
    {M(contrastive_alpha), .also = "penalty_alpha", .type = LM_P_FLOAT, .flags = LM_PARAM_COMPACT,
     .def_float = 0, .min = 0, .max = 1,
     .help = "contrastive search: weight of being unlike the text so far, beside probability"},
    {.name = NULL},
};

#define P(f) LM_FIELD(struct sample_params, f)
static const struct lm_param params[] = {
    {P(prompts), .also = "prompt", .type = LM_P_LIST, .item = LM_P_STR,
     .help = "texts to continue"},
    {P(methods), .type = LM_P_LIST, .item = LM_P_RECORD, .fields = method_rows,
     .fields_size = sizeof(struct sample_method),
     .help = "decoding methods; none: greedy, nucleus (0.8, top-p 0.95) and pure sampling (1.0)"},
    {P(temperatures), .also = "temps", .type = LM_P_LIST, .item = LM_P_FLOAT, .min = 0, .max = 100,
     .flags = LM_PARAM_COMPACT,
     .help = "pure sampling at each, as methods t0, t0_5 …, behind the others; 0: greedy"},
    {P(from_valid), .type = LM_P_INT, .def_int = 2, .min = 0, .max = 1000, .unit = "documents",
     .help = "held-out documents whose start is continued beside the real continuation"},
    {P(prompt_tokens), .type = LM_P_INT, .def_int = 24, .min = 1, .max = 1 << 20, .unit = "tokens",
     .help = "tokens taken from each held-out document"},
    {P(unconditional), .type = LM_P_INT, .def_int = 2, .min = 0, .max = 1000, .unit = "samples",
     .help = "samples without a prompt: from end-of-text alone"},
    {P(samples), .also = "num_samples num_return_sequences", .type = LM_P_INT, .def_int = 1,
     .min = 1, .max = 1000, .unit = "samples",
     .help = "samples of each prompt (greedy: always one)"},
    {P(max_tokens), .also = "max_new_tokens max_length num_tokens", .type = LM_P_INT,
     .def_int = 128, .min = 1, .max = 1 << 20, .unit = "tokens",
     .help = "longest continuation; end-of-text ends it earlier"},
    {P(weights), .type = LM_P_ENUM, .flags = LM_PARAM_COMPACT, .def_str = "f32",
     .choices = lm_weights_names,
     .help = "how the model's weights are kept while it writes: bf16, int8 are faster, rounded"},
    {.name = NULL},
};

#define GROUPS "{<methods.name>,held-out}."
#define ENDS "{,.lo,.hi}"
static const struct lm_metric_row metrics[] = {
    {GROUPS "nll" ENDS, "nats", LM_BETTER_NONE, "mean loss of the tokens drawn"},
    {GROUPS "distinct_{1,2,3,4}" ENDS, NULL, LM_BETTER_NONE, "share of different n-grams"},
    {GROUPS "rep_4" ENDS, NULL, LM_BETTER_NONE,
     "share of 4-grams that occurred before in the text"},
    {GROUPS "compression" ENDS, NULL, LM_BETTER_NONE,
     "bytes of the texts over those of their compressed code"},
    {GROUPS "self_bleu" ENDS, NULL, LM_BETTER_NONE, "BLEU-4 of a text against the others, mean"},
    {GROUPS "novel_{1,2,3,4,5,6,8,10,13,16,24,32,50}" ENDS, NULL, LM_BETTER_NONE,
     "share of n-grams that train lacks"},
    {GROUPS "mean_copy" ENDS, "tokens", LM_BETTER_NONE,
     "longest run of a text's tokens that stands in train, mean"},
    {GROUPS "longest_copy", "tokens", LM_BETTER_NONE, "longest run of tokens that stands in train"},
    {NULL},
};
#undef ENDS
#undef GROUPS

/* ---- the default grid, and rules between methods ---- */

static const struct sample_method usual[] = {
    {.name = "greedy", .temperature = 0, .repetition_penalty = 1},
    {.name = "nucleus", .temperature = 0.8, .top_p = 0.95, .repetition_penalty = 1},
    {.name = "pure", .temperature = 1, .repetition_penalty = 1},
};

static enum lm_status check_name(const char *name, struct lm_err *err)
{
    size_t length = strlen(name);
    if (length == 0 || length > 32 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") != length)
        return lm_fail_field(err, LM_INVALID,
                             "methods: a name has 1 to 32 of a-z, 0-9, _ and -; rename \"%s\"",
                             name);
    if (strcmp(name, "held-out") == 0)
        return lm_fail_field(err, LM_INVALID,
                             "methods: \"held-out\" is the name of the real text; choose another");
    return LM_OK;
}

static enum lm_status check_methods(const struct lm_list *methods, struct lm_err *err)
{
    const struct sample_method *rows = methods->items;
    for (size_t i = 0; i < methods->count; i++) {
        const struct lm_sampling rules = lm_sample_rules(&rows[i]);
        struct lm_err own = {0};
        LM_TRY(check_name(rows[i].name, err));
        if (lm_sampling_check(&rules, &own) != LM_OK)
            return lm_fail_field(err, LM_INVALID, "methods.%zu.%s", i, own.text);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(rows[k].name, rows[i].name) == 0)
                return lm_fail_field(err, LM_INVALID,
                                     "methods: the name \"%s\" occurs twice; rename one",
                                     rows[i].name);
        }
    }
    return LM_OK;
}

struct lm_sampling lm_sample_rules(const struct sample_method *method)
{
    struct lm_sampling rules = {.temperature = method->temperature,
                                .top_p = method->top_p,
                                .min_p = method->min_p,
                                .repetition_penalty = method->repetition_penalty,
                                .typical_p = method->typical_p,
                                .eta = method->eta,
                                .top_k = method->top_k,
                                .beams = method->beams,
                                .length_penalty = method->length_penalty,
                                .contrastive_k = method->contrastive_k,
                                .contrastive_alpha = method->contrastive_alpha};
    const char *const *order = method->order.items;
    for (size_t i = 0; i < method->order.count; i++) {
        unsigned char rule = 0;
        while (rule < LM_RULES && strcmp(lm_rule_names[rule], order[i]) != 0)
            rule++;
        if (rules.order_count < LM_RULES)
            rules.order[rules.order_count] = rule;
        rules.order_count++; /* more than there are: refused by lm_sampling_check */
    }
    return rules;
}

/* "t0_8", since dots part the names of metrics; NULL: out of memory. */
static const char *temperature_name(struct lm_arena *arena, double temperature)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_putc(&text, 't');
    lm_buf_put_double(&text, temperature);
    char *name = text.failed ? NULL : LM_NEW_ARRAY(arena, char, text.size + 1);
    for (size_t i = 0; name != NULL && i < text.size; i++)
        name[i] = (char)(text.data[i] == '.' ? '_' : text.data[i]);
    lm_buf_release(&text);
    return name;
}

/* Is it a method that an earlier resolution made of this temperature? */
static bool has_temperature(const struct lm_list *methods, const char *name, double temperature)
{
    const struct sample_method *rows = methods->items;
    for (size_t i = 0; i < methods->count; i++)
        if (strcmp(rows[i].name, name) == 0 && rows[i].temperature == temperature)
            return true;
    return false;
}

/* The methods that are given, else those of `usual` (none where there are temperatures), then the
 * temperatures as methods. */
static enum lm_status list_methods(struct sample_params *own, struct lm_arena *arena,
                                   struct lm_err *err)
{
    size_t given = own->methods.count, added = sizeof usual / sizeof *usual;
    const double *temperatures = own->temperatures.items;
    bool is_usual = given == 0 && own->temperatures.count == 0;
    struct sample_method *rows =
        LM_NEW_ARRAY(arena, struct sample_method, given + own->temperatures.count + added);
    if (rows == NULL)
        return lm_fail_field(err, LM_NOMEM, "methods: no memory for the grid; free some");
    if (given > 0)
        memcpy(rows, own->methods.items, given * sizeof *rows);
    else if (is_usual)
        memcpy(rows, usual, sizeof usual);
    own->methods = (struct lm_list){rows, is_usual ? added : given};
    for (size_t i = 0; i < own->temperatures.count; i++) {
        const char *name = temperature_name(arena, temperatures[i]);
        if (name == NULL)
            return lm_fail_field(err, LM_NOMEM, "temperatures: no memory for a name; free some");
        if (!has_temperature(&own->methods, name, temperatures[i]))
            rows[own->methods.count++] = (struct sample_method){
                .name = name, .temperature = temperatures[i], .repetition_penalty = 1};
    }
    return LM_OK;
}

static enum lm_status resolve(void *params_, struct lm_arena *arena, struct lm_err *err)
{
    struct sample_params *own = params_;
    LM_TRY(list_methods(own, arena, err));
    if (own->prompts.count == 0 && own->from_valid == 0 && own->unconditional == 0)
        return lm_fail_field(
            err, LM_INVALID,
            "prompts: nothing to sample; give prompts, from_valid or unconditional");
    return check_methods(&own->methods, err);
}

/* Prompts are cut by the model's vocabulary, which may hold an expression. */
static const char *const *libraries(const void *data)
{
    static const char *const matched[] = {"pcre2?", NULL};
    return ((const struct sample_params *)data)->prompts.count > 0 ? matched : NULL;
}

enum { PROCESS_BYTES = 16 << 20 /* programs and libraries */ };

/* Sequences that the largest search has at once; 0: there is none. */
static int64_t most_sequences(const struct lm_list *methods)
{
    const struct sample_method *rows = methods->items;
    int64_t most = 0;
    for (size_t i = 0; i < methods->count; i++) {
        int64_t own = rows[i].beams > rows[i].contrastive_k ? rows[i].beams : rows[i].contrastive_k;
        most = own > most ? own : most;
    }
    return most;
}

/* What draws and searches hold, which come after one another. */
static uint64_t decoding_memory(const struct sample_params *p, const struct lm_model_config *config,
                                size_t threads)
{
    struct lm_generate_options options = {.weights = lm_weights_find(p->weights)};
    uint64_t drawing = lm_generate_memory(config, &options, threads);
    options.sequences = most_sequences(&p->methods);
    uint64_t searching = lm_generate_memory(config, &options, threads);
    return searching > drawing ? searching : drawing;
}

/* The weights, once more packed for decoding, and the keys and values of the sequences; activations
 * of a batch and what OpenBLAS would not need are not touched. */
static void estimate(const void *data, const struct lm_upstream *upstream, struct lm_estimate *out)
{
    const struct sample_params *p = data;
    struct lm_model_config config;
    if (!lm_upstream_shape(&config, upstream))
        return;
    const struct lm_model_options options = {
        .max_time = 1, .threads = upstream->threads, .numerics = LM_NUMERICS_BLAS};
    out->memory = lm_model_memory(&config, &options) +
                  decoding_memory(p, &config, upstream->threads) + PROCESS_BYTES;
    double texts =
        (double)(p->from_valid + p->unconditional + (int64_t)p->prompts.count) * (double)p->samples;
    out->work = texts * (double)p->methods.count * (double)p->max_tokens * lm_token_flops(&config);
    out->shape[0] = (double)config.width;
    snprintf(out->variant, sizeof out->variant, "%s", p->weights);
    snprintf(out->text, sizeof out->text, "up to %lld tokens a sample", (long long)p->max_tokens);
}

static const struct lm_stage_cost cost = {.pace = 0.1, .memory_share = 0.1, .sizes = {0.01}};

const struct lm_stage lm_stage_sample = {
    .name = "sample",
    .version = 6,
    .summary = "text from the model by several decoding methods, with diversity and novelty",
    .flags = LM_STAGE_SEED | LM_STAGE_NUMERIC,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct sample_params),
    .metrics = metrics,
    .libraries = libraries,
    .resolve = resolve,
    .estimate = estimate,
    .cost = &cost,
};
