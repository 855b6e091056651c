/* lmpipe tokenizer: checked here, done by the worker program, which carries the text core. */
#include "commands.h"
#include "tokenizer_verbs.h"
#include "worker_start.h"

static int run_info(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    return lm_worker_become(cli, "tokenizer-info");
}

const struct lm_command lm_command_tokenizer_info = {
    .name = "tokenizer info",
    .summary = "size, pattern, special and longest tokens of a vocabulary",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_info_options,
    .args_size = sizeof(struct lm_tokenizer_info_args),
    .example = "lmpipe tokenizer info experiments/jargon.yaml:vocab",
    .notes = LM_TOKENIZER_NOTES,
    .run = run_info,
};

static int run_encode(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    return lm_worker_become(cli, "tokenizer-encode");
}

const struct lm_command lm_command_tokenizer_encode = {
    .name = "tokenizer encode",
    .summary = "ids of the text on standard input",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_encode_options,
    .args_size = sizeof(struct lm_tokenizer_ids_args),
    .example = "lmpipe tokenizer encode gpt2.vocab <novel.txt",
    .notes = LM_TOKENIZER_NOTES
    "\nThe text is one document and is read to its end before anything is written; a cut in\n"
    "the middle could change ids. No special token is added. --format u16 needs ids below 65536.",
    .run = run_encode,
};

static int run_decode(struct lm_cli *cli, const void *args, char **operands, size_t count)
{
    (void)args, (void)operands, (void)count;
    return lm_worker_become(cli, "tokenizer-decode");
}

const struct lm_command lm_command_tokenizer_decode = {
    .name = "tokenizer decode",
    .summary = "the text of the ids on standard input",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_decode_options,
    .args_size = sizeof(struct lm_tokenizer_ids_args),
    .example = "lmpipe tokenizer decode gpt2.vocab <<<\"15496 995\"",
    .notes = LM_TOKENIZER_NOTES
    "\nSpecial tokens are written by their names. When an id is wrong, nothing is written. A\n"
    "terminal gets control characters escaped, a file or pipe every byte as it is.",
    .run = run_decode,
};

static int run_import(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_tokenizer_import_args *args = given;
    (void)operands, (void)count;
    if (args->output == NULL)
        return lm_cli_fail(cli, LM_EXIT_USAGE,
                           "tokenizer import: say where to write with -o VOCAB");
    return lm_worker_become(cli, "tokenizer-import");
}

const struct lm_command lm_command_tokenizer_import = {
    .name = "tokenizer import",
    .summary = "a vocabulary of Hugging Face, GPT-2 or tiktoken as a vocabulary file",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_import_options,
    .args_size = sizeof(struct lm_tokenizer_import_args),
    .defaults = &lm_tokenizer_import_defaults,
    .example = "lmpipe tokenizer import r50k_base.tiktoken -o gpt2.vocab",
    .notes = "FILE is tokenizer.json, a rank file of tiktoken, vocab.json or merges.txt with the\n"
             "other beside it (also encoder.json and vocab.bpe), a folder that holds one of\n"
             "these, or a .gguf file. It gives the ids that it gives there, or it is refused.",
    .run = run_import,
};

static int run_export(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_tokenizer_export_args *args = given;
    (void)operands, (void)count;
    if (args->output == NULL)
        return lm_cli_fail(cli, LM_EXIT_USAGE, "tokenizer export: say where to write with -o DIR");
    return lm_worker_become(cli, "tokenizer-export");
}

const struct lm_command lm_command_tokenizer_export = {
    .name = "tokenizer export",
    .summary = "a vocabulary in a form that other programs read",
    .operands = "VOCAB",
    .min_operands = 1,
    .max_operands = 1,
    .options = lm_tokenizer_export_options,
    .args_size = sizeof(struct lm_tokenizer_export_args),
    .example = "lmpipe tokenizer export experiments/jargon.yaml:vocab --format hf -o hf",
    .notes = LM_TOKENIZER_NOTES
    "\nWhat a format cannot say so that ids stay the same is refused. A file of tiktoken's holds\n"
    "no special tokens and no pattern: tokenizer info prints both.",
    .run = run_export,
};
