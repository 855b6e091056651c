/** What the commands of `lmpipe exp` share. */
#ifndef LM_CLI_EXP_H
#define LM_CLI_EXP_H

#include <lmpipe/runs.h>

#include "loaded.h"

#define LM_EXP_NAMES                                                                               \
    "RUN is a run's id or a beginning of it that no other has, last, last~1 (the one before), "    \
    "or\n"                                                                                         \
    "the path of a spec: its last run."

#define LM_EXP_SIDES                                                                               \
    "A, B: a run's id or a beginning of it that no other has, a tag, last, last~1 (the one "       \
    "before),\n"                                                                                   \
    "the path of a spec (its last run), or a file of exp export; with :STAGE behind it (such as\n" \
    "spec.yaml:scores@lr=0.001) one stage of it."

/** The path of the spec that a name is or begins with ("spec.yaml:scores"), in the arena; NULL: it
 * is none. An exported run is none. */
const char *lm_exp_spec(struct lm_cli *cli, const char *name);
/** Opens the store of --store (`option`, or NULL), of LMPIPE_STORE, of the first of the names that
 * is a spec, or of the working folder. Told when there is none.
 *  *store stays NULL when there is none and all names are exported runs. */
int lm_exp_store(struct lm_store **store, struct lm_cli *cli, const char *option,
                 char *const *names, size_t count);

/** The exit status of a function of lmpipe/runs.h, its error told. */
int lm_exp_end(struct lm_cli *cli, enum lm_status status, const struct lm_err *err);

#endif
