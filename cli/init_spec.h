/** The text of a spec that `init` writes. */
#ifndef LM_CLI_INIT_SPEC_H
#define LM_CLI_INIT_SPEC_H

#include <stdint.h>

#include "base/buf.h"

/** A corpus, and what to call things. */
struct lm_init_corpus {
    const char *file;        /**< name of the spec, as in its comments */
    const char *experiment;  /**< [a-z0-9_-]+ */
    const char *description; /**< any text */
    const char *path;        /**< of the corpus: any bytes but NUL */
    const char *license;
    uint64_t bytes;                /**< size of the corpus */
    const char *documents, *split; /**< clean's documents.by and split.by */
};

/** Appends the spec: sizes are chosen so that the corpus is seen a few times and training takes
 *  minutes on two cores (docs/stages/train.md speaks of each). */
void lm_init_spec_write(struct lm_buf *out, const struct lm_init_corpus *corpus);
/** A name fit for `experiment:` made of any text: lower case, other bytes become '-'; "mine" when
 *  nothing is left. */
void lm_init_experiment_name(char out[41], const char *text);
/** Appends text as a double-quoted YAML scalar: quotes, control characters and "${" escaped. */
void lm_init_quote(struct lm_buf *out, const char *text);
/** The text `init` starts with when there is no corpus; static. */
extern const char lm_init_starter[];

#endif
