/** Files without a name, for what memory does not hold: they go with their last descriptor or
 *  mapping, however the process ends. */
#ifndef LM_BASE_UNNAMED_H
#define LM_BASE_UNNAMED_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** An empty file in `folder`, open for reading and writing; `what` it is for ("counts of pieces")
 *  stands in messages. LM_IO, LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_unnamed_open(int *fd, const char *folder, const char *what, struct lm_err *err);
/** `size` > 0 bytes of zeros in such a file, mapped: pages that memory has no room for go to the
 * disk. The disk's room is taken before they are mapped, so that a full one is an error here
 * (LM_IO, nothing is left) and never a signal later. munmap ends it. LM_NOMEM. */
enum lm_status lm_unnamed_map(void **out, size_t size, const char *folder, const char *what,
                              struct lm_err *err);

#endif
