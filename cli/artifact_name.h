/** STAGE.PORT and STAGE.PORT/NAME as `cat` and `model` take them. */
#ifndef LM_CLI_ARTIFACT_NAME_H
#define LM_CLI_ARTIFACT_NAME_H

#include "loaded.h"

struct lm_artifact_name {
    const char *stage, *port;
    const char *name; /**< of one file in a folder, or NULL */
};

/** Splits a name at the '.' behind the longest stage known, else at its first, and the '/' after
 * it. LM_INVALID says the form. */
enum lm_status lm_artifact_name_parse(struct lm_artifact_name *out, const char *text,
                                      const struct lm_spec *spec, struct lm_arena *arena,
                                      struct lm_err *err);
/** Index of the stage in *stage after checking that the port exists; else the exit status after
 *  an error with "did you mean" was printed. */
int lm_artifact_name_find(size_t *stage, const struct lm_artifact_name *name,
                          const struct lm_loaded *loaded, struct lm_cli *cli);

#endif
