/**
 * Growable byte buffer with a ceiling and a sticky failure: appends after a failure do
 * nothing, so a writer checks once at the end (lm_buf_status).
 */
#ifndef LM_BASE_BUF_H
#define LM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lmpipe/status.h>

struct lm_buf {
    char *data; /**< always NUL-terminated when not NULL; owned */
    size_t size, capacity, ceiling;
    bool failed; /**< memory ran out or the ceiling was passed */
};

/** Empty buffer that may grow to `ceiling` bytes (0: SIZE_MAX / 2). */
void lm_buf_init(struct lm_buf *buf, size_t ceiling);
void lm_buf_release(struct lm_buf *buf);
void lm_buf_clear(struct lm_buf *buf); /**< size 0, memory kept, failure forgotten */

void lm_buf_append(struct lm_buf *buf, const void *data, size_t size);
void lm_buf_puts(struct lm_buf *buf, const char *text);
void lm_buf_putc(struct lm_buf *buf, char c);
void lm_buf_printf(struct lm_buf *buf, const char *format, ...) LM_PRINTF(2, 3);
/** Little-endian integers, for file formats. */
void lm_buf_put_u16(struct lm_buf *buf, uint16_t v);
void lm_buf_put_u32(struct lm_buf *buf, uint32_t v);
void lm_buf_put_u64(struct lm_buf *buf, uint64_t v);
/** Decimal digits, with a sign when negative. */
void lm_buf_put_int(struct lm_buf *buf, int64_t v);
/** Shortest decimal that reads back as the same double ("0.001", "1e-05", "inf", "nan"). */
void lm_buf_put_double(struct lm_buf *buf, double v);
/** The same into a caller's array (≥ 32 bytes); returns `out`. */
char *lm_format_double(char out[32], double v);

/** LM_OK, or LM_NOMEM with a message when the buffer failed. */
enum lm_status lm_buf_status(const struct lm_buf *buf, struct lm_err *err);
/** Writes what it holds to a stream, which remembers whether that was possible; nothing of one that
 *  failed: LM_NOMEM, as lm_buf_status. A file takes it by lm_file_write_buf (io.h) or
 *  lm_new_file_write_buf (new_file.h). */
enum lm_status lm_buf_print(const struct lm_buf *buf, FILE *out, struct lm_err *err);

#endif
