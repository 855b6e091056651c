#include "tokenizer_verbs.h"

#define IDS(field) .offset = offsetof(struct lm_tokenizer_ids_args, field)
#define IMPORT(field) .offset = offsetof(struct lm_tokenizer_import_args, field)
#define EXPORT(field) .offset = offsetof(struct lm_tokenizer_export_args, field)

const char *const lm_ids_format_names[] = {"text", "u16", "u32", NULL};
const char *const lm_import_pattern_names[] = {"gpt2", "cl100k", "o200k", NULL};

/* lm_vocab_format_names, which the light program does not link. */
static const char *const formats[] = {"hf", "gpt2", "tiktoken", NULL};

const struct lm_option lm_tokenizer_info_options[] = {
    LM_SPEC_ROWS,
    {.name = "json",
     .kind = LM_O_FLAG,
     .offset = offsetof(struct lm_tokenizer_info_args, json),
     .help = "an object for programs"},
    {0},
};

const struct lm_option lm_tokenizer_encode_options[] = {
    {.name = "format",
     .kind = LM_O_CHOICE,
     IDS(format),
     .metavar = "text|u16|u32",
     .choices = lm_ids_format_names,
     .help = "ids as decimals with spaces between them, or little-endian (default text)"},
    {.name = "specials",
     .kind = LM_O_FLAG,
     IDS(specials),
     .help = "names of special tokens in the text mean these tokens"},
    LM_SPEC_ROWS,
    {0},
};

const struct lm_option lm_tokenizer_decode_options[] = {
    {.name = "format",
     .kind = LM_O_CHOICE,
     IDS(format),
     .metavar = "text|u16|u32",
     .choices = lm_ids_format_names,
     .help = "ids as decimals with white space between them, or little-endian (default text)"},
    LM_SPEC_ROWS,
    {0},
};

const struct lm_tokenizer_import_args lm_tokenizer_import_defaults = {
    .pattern = LM_IMPORT_PATTERN_ANY,
};

const struct lm_option lm_tokenizer_import_options[] = {
    {.name = "pattern",
     .kind = LM_O_CHOICE,
     IMPORT(pattern),
     .metavar = "gpt2|cl100k|o200k",
     .choices = lm_import_pattern_names,
     .help = "where text is cut, when the file neither says it nor is known"},
    {.name = "sha256",
     .kind = LM_O_TEXT,
     IMPORT(sha256),
     .metavar = "HEX",
     .help = "import only a file with this digest"},
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     IMPORT(output),
     .metavar = "VOCAB",
     .help = "the vocabulary file to write; one that is there is replaced"},
    {0},
};

const struct lm_option lm_tokenizer_export_options[] = {
    {.name = "format",
     .kind = LM_O_CHOICE,
     EXPORT(format),
     .metavar = "hf|gpt2|tiktoken",
     .choices = formats,
     .help = "tokenizer.json, vocab.json and merges.txt, or vocab.tiktoken (default hf)"},
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     EXPORT(output),
     .metavar = "DIR",
     .help = "the folder to write to; it is made"},
    LM_SPEC_ROWS,
    {0},
};
