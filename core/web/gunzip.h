/**
 * A gzip file as the bytes it holds, by zlib: all its members one after the other, each held
 * against its checksum and its length (RFC 1952). libarchive reads gzip too, but verifies neither
 * and ends without a word at a member that it cannot read.
 */
#ifndef LM_WEB_GUNZIP_H
#define LM_WEB_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

struct lm_gunzip;

/** Reads from `fd`, which stands at the start of the file, is borrowed and must outlive it.
 *  LM_NOMEM. */
enum lm_status lm_gunzip_open(struct lm_gunzip **out, int fd, struct lm_err *err);
/** Up to `size` bytes; *got is 0 at the end only, after all checks have passed. LM_FORMAT: damaged,
 *  cut off, or followed by something that is no gzip member (zeros may follow); LM_IO, LM_NOMEM. */
enum lm_status lm_gunzip_read(struct lm_gunzip *gunzip, void *out, size_t size, size_t *got,
                              struct lm_err *err);
void lm_gunzip_close(struct lm_gunzip *gunzip); /**< NULL is fine */

enum lm_status lm_inflate(
    struct lm_buf *out, const uint8_t *data, size_t size,
    struct lm_err *err); /** Appends what data[0..size), one gzip member or zlib stream (RFC 1950),
                          * holds; what follows it is not looked at. LM_FORMAT: damaged or cut off;
                          * LM_RANGE: more than the buffer's ceiling; LM_NOMEM. */
enum lm_status lm_inflate(struct lm_buf *out, const uint8_t *data, size_t size, struct lm_err *err);

#endif
