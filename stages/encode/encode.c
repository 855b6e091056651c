/** The stage type `encode`: descriptor; it has no parameters, the vocabulary says everything. */
#include <lmpipe/stage.h>

static const struct lm_port inputs[] = {
    {.name = "text",
     .kind = "text",
     .flags = LM_PORT_FOLDER,
     .help = "train.jsonl, valid.jsonl, test.jsonl: a document a line"},
    {.name = "vocab", .kind = "vocab", .help = "the vocabulary to encode with"},
    {.name = "sources",
     .kind = "card",
     .flags = LM_PORT_OPTIONAL,
     .help = "data card of the same text, for the card's figures by source"},
    {0},
};

static const struct lm_port outputs[] = {
    {.name = "tokens",
     .kind = "tokens",
     .flags = LM_PORT_FOLDER,
     .help = "data.mdb, the token set, and vocab, a copy of the vocabulary"},
    {.name = "card",
     .kind = "tokenizer_card",
     .help = "how well the vocabulary fits the text, by split and source"},
    {0},
};

static const struct lm_metric_row metrics[] = {
    {"{train,valid,test}.documents", "documents", LM_BETTER_NONE, "documents of a split"},
    {"{train,valid,test}.tokens", "tokens", LM_BETTER_NONE,
     "tokens of a split, end-of-text included"},
    {"{train,valid,test}.bytes", "bytes", LM_BETTER_NONE, "text of a split"},
    {"bytes_per_token", "bytes", LM_BETTER_HIGHER, "compression of all text"},
    {"{train,valid,test}.bytes_per_token", "bytes", LM_BETTER_HIGHER,
     "compression of a split's text"},
    {"{train,valid,test}.tokens_per_word", "tokens", LM_BETTER_LOWER,
     "fertility on a split's text"},
    {"{train,valid,test}.renyi_efficiency", NULL, LM_BETTER_HIGHER,
     "how evenly the tokens are used: Rényi efficiency, alpha 2.5"},
    {"held_out.unused_share", NULL, LM_BETTER_LOWER,
     "share of the tokens that held-out text never uses"},
    {NULL},
};

static const struct lm_param rows[] = {{0}};

/* The vocabulary may hold an expression. */
static const char *const *libraries(const void *params)
{
    static const char *const matched[] = {"pcre2?", NULL};
    (void)params;
    return matched;
}

/* A larger vocabulary writes the same text with fewer tokens. */
static void estimate(const void *params, const struct lm_upstream *upstream,
                     struct lm_estimate *out)
{
    int64_t vocab;
    (void)params;
    if (upstream->get_int(upstream->user, "bpe", "vocab_size", &vocab))
        out->shape[0] = (double)vocab;
    uint64_t bytes = lm_upstream_bytes(upstream, "text");
    out->scratch = bytes >= LM_WORK_FROM ? bytes / 2 : 0; /* ids, until it has ended */
}

/* English novels by vocabularies of 1,024, 4,096 and 8,192: 2.38, 2.96, 3.27 bytes a token. */
static const struct lm_stage_cost cost = {.pace = 40e6,
                                          .memory = 15e6,
                                          .memory_share = 1.7,
                                          .sizes = {0.85, 0.001},
                                          .power = -0.16,
                                          .at = 1024};

const struct lm_stage lm_stage_encode = {
    .name = "encode",
    .version = 3,
    .flags = LM_STAGE_RESUMES,
    .summary = "turn documents into tokens, end-of-text after each",
    .inputs = inputs,
    .outputs = outputs,
    .params = rows,
    .metrics = metrics,
    .libraries = libraries,
    .estimate = estimate,
    .cost = &cost,
};
