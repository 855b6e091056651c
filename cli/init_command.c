/* lmpipe init: what it is. The worker program does it. */
#include "init_command.h"

#include "commands.h"

static const struct lm_option options[] = {
    {.name = "corpus",
     .kind = LM_O_TEXT,
     .offset = offsetof(struct lm_init_args, corpus),
     .metavar = "FILE",
     .help = "your own text: a file, or a folder of text files"},
    {0},
};

const struct lm_command lm_command_init = {
    .name = "init",
    .summary = "write a commented spec that runs, on a starter text or on your own",
    .operands = "[DIR]",
    .max_operands = 1,
    .options = options,
    .args_size = sizeof(struct lm_init_args),
    .example = "lmpipe init mine --corpus my.txt",
    .notes =
        "Writes DIR/" LM_INIT_SPEC " (DIR is the working folder when not given) and prints its\n"
        "path. Without --corpus the texts that lie in DIR are taken, else a starter text is put\n"
        "there. Files are looked into: plain text, JSON lines, tables, web pages, Markdown,\n"
        "packed ones; script and encoding. Documents, split, vocabulary, model, batch and steps\n"
        "are chosen from that and from the speed of this machine; comments say why.",
};
