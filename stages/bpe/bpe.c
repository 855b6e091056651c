/* Stage type bpe: the descriptor. The work is in bpe_run.c. */
#include <lmpipe/stage.h>

#include <string.h>

#include "bpe_params.h"

static const struct lm_port inputs[] = {
    {"text", "text", "cleaned text; merges are learned from its train split alone", LM_PORT_FOLDER},
    {"sources", "card", "data card of the same text, for the card's figures by source",
     LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"vocab", "vocab", "bytes, merges and special tokens in one text file", 0},
    {"card", "tokenizer_card", "how well the vocabulary fits the text, by split and source", 0},
    {NULL, NULL, NULL, 0},
};

static const char *const patterns[] = {"gpt2", "chars", "bytes", NULL};

enum { BYTES = 256, LARGEST = 1 << 24, LONGEST_NAME = 256 };

#define P(f) LM_FIELD(struct bpe_params, f)

/* clang-format off */
static const struct lm_param params[] = {
    {P(vocab_size), .type = LM_P_INT, .def_int = 4096, .min = 1, .max = LARGEST, .unit = "tokens",
     .help = "size of the vocabulary: the 256 bytes, the merges and the special tokens"},
    {P(pattern), .type = LM_P_ENUM, .def_str = "gpt2", .choices = patterns,
     .help = "where text is cut before merging: GPT-2's words, single characters, single bytes",
     .source = "Radford et al. 2019, section 2.2"},
    {P(min_frequency), .type = LM_P_INT, .def_int = 2, .min = 1, .max = 1e15, .unit = "occurrences",
     .help = "pairs that occur less often are not merged", .source = "Sennrich et al. 2016, section 3.2"},
    {P(max_token_length), .type = LM_P_INT, .def_int = 0, .min = 0, .max = 1 << 20, .unit = "bytes",
     .help = "longest token that may be made, itself included; 0: no bound"},
    {P(max_piece_bytes), .type = LM_P_INT, .def_int = 256, .min = 0, .max = 1e9, .unit = "bytes",
     .help = "longer pieces (base64, rulers) are not learned from; 0: no bound"},
    {P(specials), .type = LM_P_LIST, .item = LM_P_STR,
     .help = "special tokens in id order; <|endoftext|> always follows them as the last id"},
    {.name = NULL},
};

/* clang-format on */

static enum lm_status check_special(const char *const *names, size_t index, struct lm_err *err)
{
    const char *name = names[index];
    if (name[0] == '\0' || strlen(name) > LONGEST_NAME)
        return lm_fail(err, LM_INVALID, "specials: a name must have 1 to %d bytes; change item %zu",
                       LONGEST_NAME, index + 1);
    if (strcmp(name, LM_END_OF_TEXT) == 0)
        return lm_fail(err, LM_INVALID,
                       "specials: %s is always there, as the last id; leave it out",
                       LM_END_OF_TEXT);
    for (size_t i = 0; i < index; i++)
        if (strcmp(names[i], name) == 0)
            return lm_fail(err, LM_INVALID, "specials: items %zu and %zu are equal; drop one",
                           i + 1, index + 1);
    return LM_OK;
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    (void)arena;
    const struct bpe_params *p = data;
    const char *const *names = p->specials.items;
    for (size_t i = 0; i < p->specials.count; i++)
        LM_TRY(check_special(names, i, err));
    int64_t specials = (int64_t)p->specials.count + 1, least = BYTES + specials;
    if (p->vocab_size < least)
        return lm_fail(err, LM_RANGE,
                       "vocab_size: %lld is too small for the 256 bytes and %lld special token%s; "
                       "it must be at least %lld",
                       (long long)p->vocab_size, (long long)specials, specials == 1 ? "" : "s",
                       (long long)least);
    return LM_OK;
}

extern const struct lm_stage lm_stage_bpe;
const struct lm_stage lm_stage_bpe = {
    .name = "bpe",
    .version = 2,
    .summary = "learns a byte-level BPE vocabulary from the train split",
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct bpe_params),
    .resolve = resolve,
};
