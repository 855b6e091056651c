/** The stage type `encode`: descriptor; it has no parameters, the vocabulary says everything. */
#include <lmpipe/stage.h>

static const struct lm_port inputs[] = {
    {.name = "text",
     .kind = "text",
     .flags = LM_PORT_FOLDER,
     .help = "train.jsonl, valid.jsonl, test.jsonl: a document a line"},
    {.name = "vocab", .kind = "vocab", .help = "the vocabulary to encode with"},
    {0},
};

static const struct lm_port outputs[] = {
    {.name = "tokens",
     .kind = "tokens",
     .flags = LM_PORT_FOLDER,
     .help = "data.mdb, the token set, and vocab, a copy of the vocabulary"},
    {0},
};

static const struct lm_metric_row metrics[] = {
    {"{train,valid,test}.documents", "documents", LM_BETTER_NONE, "documents of a split"},
    {"{train,valid,test}.tokens", "tokens", LM_BETTER_NONE,
     "tokens of a split, end-of-text included"},
    {"{train,valid,test}.bytes", "bytes", LM_BETTER_NONE, "text of a split"},
    {"bytes_per_token", "bytes", LM_BETTER_HIGHER, "compression of all text"},
    {NULL},
};

static const struct lm_param rows[] = {{0}};

const struct lm_stage lm_stage_encode = {
    .name = "encode",
    .version = 2,
    .summary = "turn documents into tokens, end-of-text after each",
    .inputs = inputs,
    .outputs = outputs,
    .params = rows,
    .metrics = metrics,
};
