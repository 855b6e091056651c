/** Opening and verifying what a stage saved (include/lmpipe/saved.h). */
#ifndef LM_PROTOCOL_SAVED_H
#define LM_PROTOCOL_SAVED_H

#include <stdbool.h>

#include <lmpipe/arena.h>
#include <lmpipe/saved.h>

/** Data of `size` bytes at `start` of a file that is open for reading, with the XXH3 `checksum`.
 *  The descriptor is its own from now on, closed also when memory is out: NULL. */
struct lm_saved *lm_saved_open(int fd, uint64_t start, uint64_t size, uint64_t position,
                               uint64_t checksum);
/** Reads all of it: whether the checksum holds. *error: errno of a read that failed, else 0. */
bool lm_saved_verify(struct lm_saved *saved, int *error);
/** All of it in the arena, aligned to 16, and closes it. LM_NOMEM, LM_IO. */
enum lm_status lm_saved_take(void **data, struct lm_arena *arena, struct lm_saved *saved,
                             struct lm_err *err);

#endif
