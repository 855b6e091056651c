/* Stage type import: the descriptor. The work is in import_run.c. */
#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#include <string.h>

#include "import_params.h"

static const struct lm_port inputs[] = {
    {"corpus", "corpus", "the model's files as downloaded, in place of path",
     LM_PORT_FOLDER | LM_PORT_OPTIONAL},
    {NULL, NULL, NULL, 0},
};

static const struct lm_port outputs[] = {
    {"model", "model", "weights, config.json and vocabulary: complete by itself", LM_PORT_FOLDER},
    {"vocab", "vocab", "the model's vocabulary", 0},
    {NULL, NULL, NULL, 0},
};

static const char *const patterns[] = {IMPORT_PATTERN_OF_FILE, "gpt2", "cl100k", "o200k", NULL};

#define P(f) LM_FIELD(struct import_params, f)
#define V(f) LM_FIELD(struct import_vocab, f)

/* clang-format off */
static const struct lm_param vocab_rows[] = {
    {V(path), .type = LM_P_PATH, .flags = LM_PARAM_ENV, .def_str = "",
     .help = "tokenizer.json, a rank file of tiktoken, a .gguf file, or a folder with vocab.json and merges.txt"},
    {V(pattern), .type = LM_P_ENUM, .def_str = IMPORT_PATTERN_OF_FILE, .choices = patterns,
     .help = "where text is cut; file: what the file says, or is known for by its digest"},
    {.name = NULL},
};

static const struct lm_param params[] = {
    {P(path), .also = "model weights checkpoint", .type = LM_P_PATH, .flags = LM_PARAM_ENV, .def_str = "", .pinned_by = "sha256",
     .help = "a folder as Hugging Face has them, a .safetensors file, or a .gguf file"},
    {P(sha256), .type = LM_P_STR, .def_str = "",
     .help = "SHA-256 the file of path must have; 64 hex digits", .source = "FIPS 180-4"},
    {P(config), .type = LM_P_PATH, .flags = LM_PARAM_ENV, .def_str = "",
     .help = "config.json of a .safetensors file; when not given, the one beside it"},
    {P(vocab), .also = "tokenizer", .type = LM_P_RECORD, .fields = vocab_rows, .fields_size = sizeof(struct import_vocab),
     .help = "a vocabulary that does not lie beside the weights"},
    {.name = NULL},
};

/* clang-format on */

static const struct lm_metric_row metrics[] = {
    {"parameters", NULL, LM_BETTER_NONE, "weights of the model"},
    {"tokens", "tokens", LM_BETTER_NONE, "size of the vocabulary, special tokens included"},
    {NULL},
};

static bool given(const char *text)
{
    return text[0] != '\0';
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size > tail && strcmp(text + size - tail, end) == 0;
}

/* The digits are folded, so that the key does not depend on their case. */
static enum lm_status resolve_pin(struct import_params *p, struct lm_arena *arena,
                                  struct lm_err *err)
{
    struct lm_digest digest;
    if (!given(p->sha256))
        return LM_OK;
    if (!given(p->path))
        return lm_fail_field(err, LM_INVALID, "sha256: is of the file that path names; name it");
    if (!lm_digest_parse(&digest, p->sha256))
        return lm_fail_field(err, LM_INVALID,
                             "sha256: must be 64 hex digits; `sha256sum FILE` prints them");
    char *hex = lm_arena_alloc(arena, LM_DIGEST_HEX);
    if (hex == NULL)
        return lm_fail_field(err, LM_NOMEM, "sha256: out of memory");
    lm_digest_hex(hex, &digest);
    p->sha256 = hex;
    return LM_OK;
}

/* config.json beside the weights is an input like any other: it is in the key by its content. */
static enum lm_status resolve_config(struct import_params *p, struct lm_arena *arena,
                                     struct lm_err *err)
{
    bool is_weights = ends_with(p->path, ".safetensors");
    if (given(p->config) && !is_weights)
        return lm_fail_field(err, LM_INVALID,
                             "config: is for a path that ends in .safetensors; leave it out");
    if (given(p->config) || !is_weights)
        return LM_OK;
    const char *slash = strrchr(p->path, '/');
    p->config = lm_arena_printf(arena, "%.*sconfig.json",
                                slash != NULL ? (int)(slash + 1 - p->path) : 0, p->path);
    return p->config != NULL ? LM_OK : lm_fail_field(err, LM_NOMEM, "config: out of memory");
}

static enum lm_status resolve(void *data, struct lm_arena *arena, struct lm_err *err)
{
    struct import_params *p = data;
    LM_TRY(resolve_pin(p, arena, err));
    LM_TRY(resolve_config(p, arena, err));
    if (ends_with(p->path, ".safetensors") && !given(p->vocab.path))
        return lm_fail_field(err, LM_INVALID,
                             "vocab: is missing; a single .safetensors file has none: name its "
                             "tokenizer.json in vocab: {path: …}, or the whole folder in path");
    if (!given(p->vocab.path) && strcmp(p->vocab.pattern, IMPORT_PATTERN_OF_FILE) != 0)
        return lm_fail_field(err, LM_INVALID, "vocab.path: is missing; name the vocabulary's file");
    return LM_OK;
}

static enum lm_status check_ports(const void *data, bool (*has)(const void *user, const char *port),
                                  const void *user, struct lm_err *err)
{
    const struct import_params *p = data;
    bool has_corpus = has(user, "corpus");
    if (has_corpus && given(p->path))
        return lm_fail_field(err, LM_INVALID,
                             "path: the corpus that is connected has the model; drop one of them");
    if (has_corpus || given(p->path))
        return LM_OK;
    return lm_fail_field(err, LM_INVALID,
                         "path: is missing; name the model's folder or file, or connect a corpus");
}

/* A vocabulary may hold an expression. */
static const char *const *libraries(const void *data)
{
    static const char *const matched[] = {"pcre2", NULL};
    (void)data;
    return matched;
}

extern const struct lm_stage lm_stage_import;
const struct lm_stage lm_stage_import = {
    .name = "import",
    .version = 1,
    .summary = "brings in a model made elsewhere: Hugging Face's GPT-2, safetensors, GGUF",
    .max_threads = 1,
    .inputs = inputs,
    .outputs = outputs,
    .params = params,
    .params_size = sizeof(struct import_params),
    .metrics = metrics,
    .libraries = libraries,
    .resolve = resolve,
    .check_ports = check_ports,
};
