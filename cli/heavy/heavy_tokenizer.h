/** Commands over a vocabulary, and how they find it. */
#ifndef LM_CLI_HEAVY_TOKENIZER_H
#define LM_CLI_HEAVY_TOKENIZER_H

#include <stdio.h>

#include <lmpipe/tokenizer.h>

#include "loaded.h"

/** Loads VOCAB: a file, or SPEC:STAGE.PORT[/NAME] (SPEC:STAGE for port "vocab"). LM_EXIT_OK, or the
 *  exit status after an error was printed. Free with lm_vocab_free. */
int lm_heavy_vocab_load(struct lm_vocab **out, struct lm_cli *cli, const char *name,
                        const struct lm_spec_args *args);

/** Prints a token's text in quotes, harmless and on one line, its first 200 bytes. */
void lm_heavy_token_print(FILE *out, const struct lm_vocab *vocab, int32_t id);

/** The commands of cli/tokenizer_commands.h. */
int lm_heavy_tokenizer_info(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_tokenizer_encode(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_tokenizer_decode(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_tokenizer_import(struct lm_cli *cli, const void *given, char **operands, size_t count);
int lm_heavy_tokenizer_export(struct lm_cli *cli, const void *given, char **operands, size_t count);

#endif
