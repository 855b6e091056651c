/**
 * Files of checksummed lines, to which lines are only ever added: "<16 hex digits of XXH3-64>
 * TEXT". A line that is torn, damaged or of somebody else's making is a line that is not there; the
 * others stay. Such files may be joined by copying one behind the other.
 */
#ifndef LM_RUNS_LEDGER_H
#define LM_RUNS_LEDGER_H

#include <lmpipe/arena.h>

#include "base/buf.h"

/** A file while its lines are read; owns nothing, the text lies in an arena. */
struct lm_ledger {
    char *at, *end;
    size_t damaged; /**< lines passed over so far */
};

/** Appends a line for a text without line breaks. */
void lm_ledger_put(struct lm_buf *out, const char *text, size_t size);
/** Adds lines to a file, which is made when it is absent; several processes may do so at once. Not
 *  made durable. LM_IO. */
enum lm_status lm_ledger_append(const char *path, const struct lm_buf *lines, struct lm_err *err);
/** Opens a file; one that is not there has no lines. LM_IO, LM_NOMEM, LM_RANGE (beyond 1 GiB). */
enum lm_status lm_ledger_open(struct lm_ledger *out, struct lm_arena *arena, const char *path,
                              struct lm_err *err);
/** At most so many texts are left. */
size_t lm_ledger_count(const struct lm_ledger *ledger);
/** The next text that is sound, ended by NUL; false at the end. */
bool lm_ledger_next(struct lm_ledger *ledger, char **text, size_t *size);

#endif
