/** Action records as text (docs/formats/store.md): written, read strictly, checked by their last
 * line. */
#ifndef LM_STORE_RECORD_H
#define LM_STORE_RECORD_H

#include "base/buf.h"
#include "store/store.h"

/** Sorts the files of each output by name and sets manifest and digest from them. LM_NOMEM. */
enum lm_status lm_record_seal(struct lm_record *record, struct lm_arena *arena, struct lm_err *err);
/** The text of a sealed record, checksum line included. Control characters of free texts become
 *  spaces. The buffer's status is the caller's to check. */
void lm_record_write(struct lm_buf *out, const struct lm_record *record);
/** Parses a record that the caller has no other use for: it is cut in place, and what the record
 *  says stays there. The rest goes to the arena. LM_FORMAT for a text that is not exactly what
 *  lm_record_write writes; LM_NOMEM. */
enum lm_status lm_record_take(struct lm_record *out, struct lm_arena *arena, char *text,
                              size_t size, struct lm_err *err);
/** The same of a copy: everything goes to the arena. */
enum lm_status lm_record_read(struct lm_record *out, struct lm_arena *arena, const char *text,
                              size_t size, struct lm_err *err);

#endif
