/** What the importers share: where a fault is, what a file may not say, its text. */
#ifndef LM_TOKENIZER_IMPORT_SHARED_H
#define LM_TOKENIZER_IMPORT_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/status.h>

#include "base/json.h"

/** Puts "PATH: ", or "PATH:LINE: " with a line above 0, before the message of an import that
 * failed, and what to do behind it when it does not say. Returns `status`. */
enum lm_status lm_import_tell(struct lm_err *err, enum lm_status status, const char *path,
                              long line);

/** Steps over a mark of UTF-8 at the start of a text, as RFC 8259 lets readers do. LM_UNSUPPORTED
 * for UTF-16 and UTF-32, which no tokenizer's file is written in. */
enum lm_status lm_import_text(const char **text, size_t *size, struct lm_err *err);

/** A member of an object that must be what changes nothing. */
struct lm_must {
    const char *key; /**< NULL ends a list */
    bool (*accept)(const struct lm_json *value);
    const char *because; /**< a clause: "which …" */
};

bool lm_is_null(const struct lm_json *value); /**< missing or null */
bool lm_is_off(const struct lm_json *value);  /**< missing, null or false */

/** An added token that is read wherever it stands. */
extern const struct lm_must lm_added_musts[];

/** LM_UNSUPPORTED, naming `what` and the first member that is not as it must be. */
enum lm_status lm_import_check(const struct lm_json *object, const struct lm_must *musts,
                               const char *what, struct lm_err *err);

#endif
