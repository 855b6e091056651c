/** Values one behind the other in few bytes, for what is kept on a disk of this machine: whole
 *  numbers by seven bits a byte (LEB128), small ones of either sign in one byte. */
#ifndef LM_BASE_PACK_H
#define LM_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

enum { LM_PACK_MOST = 62 /**< numbers that are packed together */ };

/** Appends a number, a double by its bits, `size` bytes behind their number. */
void lm_pack_int(struct lm_buf *out, int64_t value);
void lm_pack_double(struct lm_buf *out, double value);
void lm_pack_bytes(struct lm_buf *out, const void *data, size_t size);
/** Appends numbers of which most are 0: which are not, and those; count ≤ LM_PACK_MOST. */
void lm_pack_ints(struct lm_buf *out, const int64_t *values, size_t count);

/** What was packed, from its start on. */
struct lm_unpack {
    const uint8_t *at, *end;
    bool failed; /**< it ended too early, or is none: what was read since is 0 or empty */
};

/** The number whose first byte says that more follow, or that is not there. */
int64_t lm_unpack_long(struct lm_unpack *in);

static inline int64_t lm_unpack_int(struct lm_unpack *in)
{
    if (in->at == in->end || *in->at > 127)
        return lm_unpack_long(in);
    const uint8_t byte = *in->at++;
    return byte >> 1 ^ -(byte & 1);
}

/** What lm_pack_ints has appended; all 0 where that failed. */
void lm_unpack_ints(struct lm_unpack *in, int64_t *values, size_t count);
double lm_unpack_double(struct lm_unpack *in);
/** What lm_buf_put_u64 has appended. */
uint64_t lm_unpack_u64(struct lm_unpack *in);
/** Bytes, borrowed from what was packed. */
const void *lm_unpack_bytes(struct lm_unpack *in, size_t *size);
/** The next `size` bytes, borrowed; NULL: there are fewer. */
const void *lm_unpack_raw(struct lm_unpack *in, uint64_t size);

#endif
