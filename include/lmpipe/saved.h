/**
 * What stages save to go on from later, checkpoints and states: given as parts of memory, which are
 * written from where they lie, and read back piece by piece, so that neither takes a copy of the
 * whole.
 */
#ifndef LMPIPE_SAVED_H
#define LMPIPE_SAVED_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** Memory to be saved, borrowed. */
struct lm_save_part {
    const void *data;
    size_t size;
};

/** Something saved whose checksum held when it was opened. */
struct lm_saved;

/** The progress (steps) at which it was saved. */
uint64_t lm_saved_position(const struct lm_saved *saved);
/** All its bytes. */
uint64_t lm_saved_size(const struct lm_saved *saved);
/** The next `size` bytes into `out`; NULL passes them over. The last bytes are given only when all
 *  of them read in order have the checksum again. LM_RANGE: there are fewer; LM_IO: reading failed,
 *  or they have changed since. */
enum lm_status lm_saved_read(struct lm_saved *saved, void *out, uint64_t size, struct lm_err *err);
/** Begins to read anew. */
void lm_saved_rewind(struct lm_saved *saved);
void lm_saved_close(struct lm_saved *saved); /**< NULL is fine */

#endif
