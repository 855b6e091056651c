/** What the commands of `lmpipe exp` share. */
#ifndef LM_CLI_EXP_H
#define LM_CLI_EXP_H

#include <lmpipe/runs.h>

#include "loaded.h"

#define LM_EXP_NAMES                                                                               \
    "RUN is a run's id or a beginning of it that no other has, last, last~1 (the one before), "    \
    "or\n"                                                                                         \
    "the path of a spec: its last run."

/** Opens the store of --store (`option`, or NULL), of LMPIPE_STORE, of the first of the names that
 * is a spec, or of the working folder. Told when there is none. */
int lm_exp_store(struct lm_store **store, struct lm_cli *cli, const char *option,
                 char *const *names, size_t count);

/** The exit status of a function of lmpipe/runs.h, its error told. */
int lm_exp_end(struct lm_cli *cli, enum lm_status status, const struct lm_err *err);

#endif
