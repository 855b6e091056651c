/* Stage type bpe: the descriptor. The work is in bpe_run.c. */
#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#include <string.h>

#include "bpe_params.h"

static const struct lm_port inputs[] = {
    {"text", "text", "cleaned text; merges are trained on its train split alone",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"vocab", "vocab", "bytes, merges and special tokens in one text file", 0},
    {NULL, NULL, NULL, 0},
};

static const char *const patterns[] = {"gpt2", "cl100k", "o200k", "chars", "bytes", NULL};

enum { BYTES = 256, LARGEST = 1 << 24, LONGEST_NAME = 256 };

#define P(f) LM_FIELD(struct bpe_params, f)

#define I(f) LM_FIELD(struct bpe_import, f)

static const char *const import_patterns[] = {BPE_PATTERN_OF_FILE, "gpt2", "cl100k", "o200k", NULL};

/* clang-format off */
static const struct lm_param import_rows[] = {
    {I(path), .type = LM_P_PATH, .flags = LM_PARAM_ENV | LM_PARAM_COMPACT, .def_str = "", .pinned_by = "sha256",
     .help = "tokenizer.json, a rank file of tiktoken, a .gguf file, or a folder with vocab.json and merges.txt"},
    {I(sha256), .type = LM_P_STR, .flags = LM_PARAM_COMPACT, .def_str = "",
     .help = "SHA-256 the file must have; 64 hex digits", .source = "FIPS 180-4"},
    {I(pattern), .type = LM_P_ENUM, .flags = LM_PARAM_COMPACT, .def_str = BPE_PATTERN_OF_FILE,
     .choices = import_patterns,
     .help = "where text is cut; file: what the file says, or is known for by its digest"},
    {.name = NULL},
};

static const struct lm_param params[] = {
    {P(vocab_size), .also = "vocabulary_size n_vocab",
     .type = LM_P_INT, .def_int = BPE_VOCAB_SIZE, .min = 1, .max = LARGEST, .unit = "tokens",
     .help = "size of the vocabulary: the 256 bytes, the merges and the special tokens"},
    {P(pattern), .also = "pretokenizer split_pattern",
     .type = LM_P_ENUM, .def_str = "gpt2", .choices = patterns,
     .help = "where text is cut before merging: into words as GPT-2 does or tiktoken, characters, bytes",
     .source = "Radford et al. 2019, section 2.2"},
    {P(regex), .type = LM_P_STR, .def_str = "", .flags = LM_PARAM_COMPACT,
     .help = "an expression (PCRE2) whose matches are the pieces, in place of pattern"},
    {P(min_frequency), .also = "min_freq min_count",
     .type = LM_P_INT, .def_int = BPE_MIN_FREQUENCY, .min = 1, .max = 1e15, .unit = "occurrences",
     .help = "pairs that occur less often are not merged; of pieces see min_piece_frequency", .source = "Sennrich et al. 2016, section 3.2"},
    {P(min_piece_frequency), .also = "min_piece_count min_word_frequency",
     .type = LM_P_INT, .flags = LM_PARAM_COMPACT, .def_int = 1, .min = 1, .max = 1e15, .unit = "occurrences",
     .help = "pieces of text that occur less often are not learned from, and take no memory while merging"},
    {P(sample), .also = "sample_share subsample",
     .type = LM_P_FLOAT, .def_float = 1, .max = 1, .flags = LM_PARAM_COMPACT | LM_PARAM_OPEN_MIN,
     .help = "share of the train split's documents to learn from, drawn by each document's digest"},
    {P(max_token_length), .type = LM_P_INT, .def_int = 0, .min = 0, .max = 1 << 20, .unit = "bytes",
     .help = "longest token that may be made, itself included; 0: no bound"},
    {P(max_piece_bytes), .type = LM_P_INT, .def_int = BPE_MAX_PIECE_BYTES, .min = 0, .max = 1e9, .unit = "bytes",
     .help = "longer pieces (base64, rulers) are not trained on; 0: no bound"},
    {P(specials), .also = "special_tokens", .type = LM_P_LIST, .item = LM_P_STR,
     .help = "special tokens in id order; <|endoftext|> always follows them as the last id"},
    {P(count_memory), .type = LM_P_SIZE, .flags = LM_PARAM_NOT_IN_KEY, .def_int = 1 << 30, .min = 1 << 20,
     .max = (double)((int64_t)1 << 44), .unit = "bytes", .help = "tables of distinct pieces beyond this go to a file while text is counted"},
    {P(import), .type = LM_P_RECORD, .fields = import_rows, .fields_size = sizeof(struct bpe_import),
     .help = "an external vocabulary, instead of training one"},
    {.name = NULL},
};

/* clang-format on */

static const struct lm_metric_row metrics[] = {
    {"tokens", "tokens", LM_BETTER_NONE, "size of the vocabulary, special tokens included"},
    {"merges", NULL, LM_BETTER_NONE, "merges of the vocabulary"},
    {NULL},
};

static enum lm_status check_special(const char *const *names, size_t index, struct lm_err *err)
{
    const char *name = names[index];
    if (name[0] == '\0' || strlen(name) > LONGEST_NAME)
        return lm_fail_field(err, LM_INVALID,
                             "specials: a name must have 1 to %d bytes; change item %zu",
                             LONGEST_NAME, index + 1);
    if (strcmp(name, LM_END_OF_TEXT) == 0)
        return lm_fail_field(err, LM_INVALID,
                             "specials: %s is always there, as the last id; leave it out",
                             LM_END_OF_TEXT);
    for (size_t i = 0; i < index; i++)
        if (strcmp(names[i], name) == 0)
            return lm_fail_field(err, LM_INVALID, "specials: items %zu and %zu are equal; drop one",
                                 i + 1, index + 1);
    return LM_OK;
}

/* ---- import ---- */

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* A row that says how to train and is not at its default, or NULL. */
static const char *find_training(const struct bpe_params *p)
{
    const struct {
        const char *name;
        bool is_set;
    } rows[] = {
        {"vocab_size", p->vocab_size != BPE_VOCAB_SIZE},
        {"pattern", strcmp(p->pattern, "gpt2") != 0},
        {"regex", given(p->regex)},
        {"min_frequency", p->min_frequency != BPE_MIN_FREQUENCY},
        {"min_piece_frequency", p->min_piece_frequency != 1},
        {"sample", p->sample != 1},
        {"max_token_length", p->max_token_length != 0},
        {"max_piece_bytes", p->max_piece_bytes != BPE_MAX_PIECE_BYTES},
        {"specials", p->specials.count > 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].is_set)
            return rows[i].name;
    return NULL;
}

/* The digits of the pin are folded, so that the key does not depend on their case. */
static enum lm_status resolve_import(struct bpe_params *p, struct lm_arena *arena,
                                     struct lm_err *err)
{
    struct lm_digest digest;
    struct bpe_import *import = &p->import;
    const char *training = find_training(p);
    if (!given(import->path))
        return given(import->sha256) || strcmp(import->pattern, BPE_PATTERN_OF_FILE) != 0
                   ? lm_fail_field(err, LM_INVALID,
                                   "import.path: is missing; name the file to import")
                   : LM_OK;
    if (training != NULL)
        return lm_fail_field(err, LM_INVALID,
                             "%s: has no effect on a vocabulary that is imported; leave it out",
                             training);
    if (!given(import->sha256))
        return LM_OK;
    if (!lm_digest_parse(&digest, import->sha256))
        return lm_fail_field(err, LM_INVALID,
                             "import.sha256: must be 64 hex digits; `sha256sum FILE` prints them");
    char *hex = lm_arena_alloc(arena, LM_DIGEST_HEX);
    if (hex == NULL)
        return lm_fail_field(err, LM_NOMEM, "import.sha256: out of memory");
    lm_digest_hex(hex, &digest);
    import->sha256 = hex;
    return LM_OK;
}

static enum lm_status check_ports(const void *data, bool (*has)(const void *user, const char *port),
                                  const void *user, struct lm_err *err)
{
    const struct bpe_params *p = data;
    bool imports = given(p->import.path), has_text = has(user, "text");
    if (imports && has_text)
        return lm_fail_field(err, LM_INVALID,
                             "text: has no effect on a vocabulary that is imported; leave it out");
    if (imports || has_text)
        return LM_OK;
    return lm_fail_field(err, LM_INVALID,
                         "text: required, but not given: text to train on; connect it, or import a "
                         "vocabulary");
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    struct bpe_params *p = data;
    LM_TRY(resolve_import(p, arena, err));
    const char *const *names = p->specials.items;
    for (size_t i = 0; i < p->specials.count; i++)
        LM_TRY(check_special(names, i, err));
    if (p->regex[0] != '\0' && strcmp(p->pattern, patterns[0]) != 0)
        return lm_fail_field(err, LM_INVALID,
                             "regex: it takes the place of pattern %s; drop one of them",
                             p->pattern);
    int64_t specials = (int64_t)p->specials.count + 1, least = BYTES + specials;
    if (p->vocab_size < least)
        return lm_fail_field(
            err, LM_RANGE,
            "vocab_size: %lld is too small for the 256 bytes and %lld special token%s; "
            "it must be at least %lld",
            (long long)p->vocab_size, (long long)specials, specials == 1 ? "" : "s",
            (long long)least);
    return LM_OK;
}

/* A vocabulary that is imported may hold an expression, too. */
static const char *const *libraries(const void *data)
{
    static const char *const matched[] = {"pcre2", NULL};
    const struct bpe_params *p = data;
    return p->regex[0] != '\0' || given(p->import.path) ? matched : NULL;
}

static const struct lm_stage_cost cost = {
    .pace = 75e6, .memory = 14.2e6, .memory_share = 0.1, .sizes = {0.005}};

extern const struct lm_stage lm_stage_bpe;
const struct lm_stage lm_stage_bpe = {
    .name = "bpe",
    .version = 3,
    .flags = LM_STAGE_RESUMES,
    .summary = "trains a byte-level BPE vocabulary on the train split, or imports one",
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct bpe_params),
    .metrics = metrics,
    .libraries = libraries,
    .resolve = resolve,
    .check_ports = check_ports,
    .cost = &cost,
};
