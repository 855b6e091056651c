/** Values one behind the other in few bytes, for what is kept on a disk of this machine: whole
 *  numbers by seven bits a byte (LEB128), small ones of either sign in one byte. */
#ifndef LM_BASE_PACK_H
#define LM_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

/** Appends a number, a double by its bits, `size` bytes behind their number. */
void lm_pack_int(struct lm_buf *out, int64_t value);
void lm_pack_double(struct lm_buf *out, double value);
void lm_pack_bytes(struct lm_buf *out, const void *data, size_t size);

/** What was packed, from its start on. */
struct lm_unpack {
    const uint8_t *at, *end;
    bool failed; /**< it ended too early, or is none: what was read since is 0 or empty */
};

int64_t lm_unpack_int(struct lm_unpack *in);
double lm_unpack_double(struct lm_unpack *in);
/** What lm_buf_put_u64 has appended. */
uint64_t lm_unpack_u64(struct lm_unpack *in);
/** Bytes, borrowed from what was packed. */
const void *lm_unpack_bytes(struct lm_unpack *in, size_t *size);
/** The next `size` bytes, borrowed; NULL: there are fewer. */
const void *lm_unpack_raw(struct lm_unpack *in, uint64_t size);

#endif
