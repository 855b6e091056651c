/** The text of a spec that `init` writes. */
#ifndef LM_CLI_INIT_SPEC_H
#define LM_CLI_INIT_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct lm_init_source {
    const char *name;    /**< [a-z0-9_-]+ */
    const char *path;    /**< any bytes but NUL */
    const char *include; /**< a list of globs in YAML, or NULL: all of it */
};

/** A corpus, how it is read and why, and what to call things. Reasons are one line each. */
struct lm_init_corpus {
    const char *file;        /**< name of the spec, as in its comments */
    const char *experiment;  /**< [a-z0-9_-]+ */
    const char *description; /**< any text */
    const char *found;       /**< what was looked at */
    const struct lm_init_source *sources;
    size_t source_count;
    const char *license;
    uint64_t bytes;                        /**< of its text */
    const char *documents, *documents_why; /**< inside of clean's documents */
    uint64_t count;                        /**< of its documents, about */
    const char *encoding;                  /**< "gb18030", "auto"; NULL: UTF-8 */
    bool is_dense;                         /**< a script of thousands of characters */
    size_t characters;                     /**< distinct ones, when it is dense */
    size_t threads; /**< that will train, and operations a second they reach; 0: not known */
    double peak;
};

/** What a training on a text of so many bytes is given, and why. */
struct lm_init_sizes {
    int vocab, steps, batch;
    const char *preset, *lr;
    double part;    /**< of the text, for valid and for test each */
    bool is_hashed; /**< documents are shared out by content; else the end is held out */
    double passes;  /**< over the training text */
    double seconds; /**< it takes on this machine; 0: not known */
    bool is_cut;    /**< fewer steps than the text would take, so that it does not last too long */
};

/** Chooses: a vocabulary that the text supports, a model that it can teach, some ten passes over
 *  small texts and fewer over large ones, at most about half an hour. */
struct lm_init_sizes lm_init_sizes(const struct lm_init_corpus *corpus);
/** Appends the spec. The buffer's status is the caller's to check. */
void lm_init_spec_write(struct lm_buf *out, const struct lm_init_corpus *corpus);
/** A name fit for `experiment:` made of any text: lower case, other bytes become '-'; "mine" when
 *  nothing is left. */
void lm_init_experiment_name(char out[41], const char *text);
/** Appends text as a double-quoted YAML scalar: quotes, control characters and "${" escaped. */
void lm_init_quote(struct lm_buf *out, const char *text);
/** The text `init` starts with when there is no corpus; static. */
extern const char lm_init_starter[];

#endif
