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

static const struct lm_param rows[] = {{0}};

const struct lm_stage lm_stage_encode = {
    .name = "encode",
    .version = 3,
    .summary = "turn documents into tokens, end-of-text after each",
    .inputs = inputs,
    .outputs = outputs,
    .params = rows,
};
