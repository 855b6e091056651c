/**
 * A partial file: what has come of one file from one location, and what proves that more of it is
 * still the same file. It outlives the process.
 *
 * Beside the partial file PART lies PART.json: {"url": SHA-256 of the location, "etag",
 * "last_modified", "total"}, the validators of the response that PART comes from. Without it, for
 * another location, or without a strong validator (RFC 9110, section 13.1.5), PART is of no use.
 */
#ifndef LM_STAGES_HTTP_PART_H
#define LM_STAGES_HTTP_PART_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#define LM_HTTP_HEADER 300         /**< bytes of a header that is kept, NUL included */
#define LM_HTTP_UNKNOWN UINT64_MAX /**< a length that nobody told */

/** What a server said of a file; "" and LM_HTTP_UNKNOWN: nothing. */
struct lm_validators {
    char etag[LM_HTTP_HEADER], last_modified[LM_HTTP_HEADER];
    uint64_t total; /**< bytes of the whole file */
};

struct lm_part {
    const char *path, *sidecar, *url; /**< url: with its secrets, borrowed */
    int fd;                           /**< -1: closed; else it stands at the end */
    struct lm_sha256 *hash;           /**< of the bytes that are there */
    uint64_t size;                    /**< how many */
    struct lm_validators before;      /**< of those bytes; empty without a validator to resume by */
};

/** Asked once a block with the bytes that were read: false gives up with LM_CANCELLED. */
typedef bool lm_part_poll_fn(void *user, uint64_t done);

/** Names the files of a partial file, opens nothing. The arena and `url` must outlive it. LM_NOMEM.
 */
enum lm_status lm_part_init(struct lm_part *part, struct lm_arena *arena, const char *path,
                            const char *url, struct lm_err *err);
/** Opens or creates it and hashes what is there, unless that is of no use: then it counts as empty,
 *  and stays until a better one begins. Open already: nothing. LM_IO, LM_NOMEM, LM_CANCELLED. */
enum lm_status lm_part_open(struct lm_part *part, lm_part_poll_fn *poll, void *user,
                            struct lm_err *err);
/** Throws all bytes and validators away; it stays open. LM_IO. */
enum lm_status lm_part_clear(struct lm_part *part, struct lm_err *err);
/** Clears, and keeps the validators of what is going to be written. LM_IO, LM_NOMEM. */
enum lm_status lm_part_begin(struct lm_part *part, const struct lm_validators *now,
                             struct lm_err *err);
/** Appends. LM_IO. */
enum lm_status lm_part_write(struct lm_part *part, const void *data, size_t size,
                             struct lm_err *err);
/** SHA-256 of all bytes; the part can then only be cleared or closed. */
void lm_part_digest(struct lm_part *part, struct lm_digest *digest);
/** Closes; the files stay. Closed already: nothing. LM_IO: a write was lost. */
enum lm_status lm_part_close(struct lm_part *part, struct lm_err *err);
/** Closes, and removes the files. */
void lm_part_remove(struct lm_part *part);

/** Could the file at `path`, kept by an earlier process, be whole? False: it is not there, or has
 *  another size than was announced. */
bool lm_part_may_be_whole(const char *path);
/** The validator to resume by: a strong entity tag, else the date, else NULL. */
const char *lm_validator(const struct lm_validators *validators);
/** Is an entity tag strong, "…" without W/ ? */
bool lm_etag_is_strong(const char *etag);

#endif
