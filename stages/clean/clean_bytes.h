/**
 * The bytes of a file, to be changed in place, however large it is: a small one is read, a large
 * one is mapped, so that what is needed is in memory and what is done with is let go. What must be
 * written anew (another encoding, other newlines) is made in memory while it is small, else in a
 * file without a name.
 */
#ifndef LM_STAGES_CLEAN_BYTES_H
#define LM_STAGES_CLEAN_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** Zero-initialise. */
struct clean_bytes {
    uint8_t *data; /**< `size` bytes, and a NUL behind them */
    size_t size;
    void *owned;    /**< the mapping, or memory of malloc; NULL: nothing */
    size_t mapped;  /**< bytes of the mapping; 0: `owned` is of malloc */
    size_t dropped; /**< bytes at the start of the mapping that were let go */
};

/** Maps a file; changes of the bytes stay private. LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status clean_bytes_open(struct clean_bytes *out, const char *path, struct lm_err *err);
/** What lies before `at` is not asked for again: changes of it may be lost. */
void clean_bytes_drop(struct clean_bytes *bytes, const uint8_t *at);
void clean_bytes_close(struct clean_bytes *bytes);

/** Bytes in the making; zero-initialise but for `folder`, or clean_anew_release. */
struct clean_anew {
    struct lm_buf buf;  /**< appended to, then clean_anew_take */
    const char *folder; /**< where the file is made; borrowed */
    int fd;             /**< plus 1; 0: all is in memory */
    uint64_t written;
};

enum { CLEAN_ANEW_AT = 8 << 20 }; /**< bytes that are made in memory */

/** Takes what was appended, once it is more than CLEAN_ANEW_AT. LM_IO: the disk is full; LM_NOMEM.
 */
enum lm_status clean_anew_take(struct clean_anew *anew, struct lm_err *err);
/** Ends it: *out holds the bytes. LM_IO, LM_NOMEM. */
enum lm_status clean_anew_end(struct clean_bytes *out, struct clean_anew *anew, struct lm_err *err);
void clean_anew_release(struct clean_anew *anew);

/** Drops a byte order mark at the start and turns CR LF and CR into LF (lm_newlines_normalise).
 *  `folder` is for what memory does not hold. LM_IO, LM_NOMEM. */
enum lm_status clean_bytes_even(struct clean_bytes *bytes, const char *folder, int64_t *marks,
                                int64_t *newlines, struct lm_err *err);

#endif
