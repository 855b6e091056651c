/** Completion: what may stand where the cursor is, found in the option tables, the spec, the store.
 *  The scripts in cli/completion/ ask, and offer what they are told. */
#ifndef LM_CLI_COMPLETE_H
#define LM_CLI_COMPLETE_H

#include "cli.h"

/** The word by which the scripts ask; no command of people. */
#define LM_COMPLETE "__complete"

/** Prints what the last of `words` may become, given those before it (the program's name is none of
 *  them): lines "CANDIDATE\tDESCRIPTION", and one of ":files", ":specs", ":folders" where the shell
 *  is to offer these. Nothing is told of errors, nothing is made or changed. LM_EXIT_OK. */
int lm_complete(struct lm_cli *cli, int count, char **words);

#endif
