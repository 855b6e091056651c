/* lmpipe tokenizer: what each command is. The worker program, which carries the tokenizers, does
 * it. */
#include "tokenizer_commands.h"

#include "commands.h"

#define IDS(field) .offset = offsetof(struct lm_tokenizer_ids_args, field)
#define IMPORT(field) .offset = offsetof(struct lm_tokenizer_import_args, field)
#define EXPORT(field) .offset = offsetof(struct lm_tokenizer_export_args, field)

const char *const lm_ids_format_names[] = {"text", "u16", "u32", NULL};
const char *const lm_import_pattern_names[] = {"gpt2", "cl100k", "o200k", NULL};

/* lm_vocab_format_names, which the light program does not link. */
static const char *const formats[] = {"hf", "gpt2", "tiktoken", NULL};

static const struct lm_option info_options[] = {
    LM_SPEC_ROWS,
    LM_JSON_ROW(struct lm_tokenizer_info_args, json, "an object for programs"),
    {0},
};

static const struct lm_option encode_options[] = {
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

static const struct lm_option decode_options[] = {
    {.name = "format",
     .kind = LM_O_CHOICE,
     IDS(format),
     .metavar = "text|u16|u32",
     .choices = lm_ids_format_names,
     .help = "ids as decimals with white space between them, or little-endian (default text)"},
    LM_SPEC_ROWS,
    {0},
};

static const struct lm_tokenizer_import_args import_defaults = {
    .pattern = LM_IMPORT_PATTERN_ANY,
};

static const struct lm_option import_options[] = {
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
     .required = true,
     .metavar = "VOCAB",
     .help = "the vocabulary file to write; one that is there is replaced"},
    {0},
};

static const struct lm_option export_options[] = {
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
     .required = true,
     .metavar = "DIR",
     .help = "the folder to write to; it is made"},
    LM_SPEC_ROWS,
    {0},
};

/* ---- the commands ---- */

const struct lm_command lm_command_tokenizer_info = {
    .name = "tokenizer info",
    .summary = "size, pattern, special and longest tokens of a vocabulary",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = info_options,
    .args_size = sizeof(struct lm_tokenizer_info_args),
    .example = "lmpipe tokenizer info experiments/jargon.yaml:vocab",
    .notes = LM_TOKENIZER_NOTES,
};

const struct lm_command lm_command_tokenizer_encode = {
    .name = "tokenizer encode",
    .summary = "ids of the text on standard input",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = encode_options,
    .args_size = sizeof(struct lm_tokenizer_ids_args),
    .example = "lmpipe tokenizer encode gpt2.vocab <novel.txt",
    .notes = LM_TOKENIZER_NOTES
    "\nThe text is one document and is read to its end before anything is written; a cut in\n"
    "the middle could change ids. No special token is added. --format u16 needs ids below 65536.",
};

const struct lm_command lm_command_tokenizer_decode = {
    .name = "tokenizer decode",
    .summary = "the text of the ids on standard input",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = decode_options,
    .args_size = sizeof(struct lm_tokenizer_ids_args),
    .example = "lmpipe tokenizer decode gpt2.vocab <<<\"15496 995\"",
    .notes = LM_TOKENIZER_NOTES
    "\nSpecial tokens are written by their names. When an id is wrong, nothing is written. A\n"
    "terminal gets control characters escaped, a file or pipe every byte as it is.",
};

const struct lm_command lm_command_tokenizer_import = {
    .name = "tokenizer import",
    .summary = "a vocabulary of Hugging Face, GPT-2 or tiktoken as a vocabulary file",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .options = import_options,
    .args_size = sizeof(struct lm_tokenizer_import_args),
    .defaults = &import_defaults,
    .example = "lmpipe tokenizer import r50k_base.tiktoken -o gpt2.vocab",
    .notes = "FILE is tokenizer.json, a rank file of tiktoken, vocab.json or merges.txt with the\n"
             "other beside it (also encoder.json and vocab.bpe), a folder that holds one of\n"
             "these, or a .gguf file. It gives the ids that it gives there, or it is refused.",
};

const struct lm_command lm_command_tokenizer_export = {
    .name = "tokenizer export",
    .summary = "a vocabulary in a form that other programs read",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = export_options,
    .args_size = sizeof(struct lm_tokenizer_export_args),
    .example = "lmpipe tokenizer export experiments/jargon.yaml:vocab --format hf -o hf",
    .notes = LM_TOKENIZER_NOTES
    "\nWhat a format cannot say so that ids stay the same is refused. A file of tiktoken's holds\n"
    "no special tokens and no pattern: tokenizer info prints both.",
};
