/** GGUF files made by hand, byte by byte, right or wrong. */
#ifndef LM_TESTS_GGUF_BYTES_H
#define LM_TESTS_GGUF_BYTES_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "gguf/gguf.h"

static inline void put_text(struct lm_buf *out, const char *text)
{
    lm_buf_put_u64(out, strlen(text));
    lm_buf_puts(out, text);
}

static inline void put_start(struct lm_buf *out, uint64_t tensors, uint64_t pairs)
{
    lm_buf_init(out, 0);
    lm_buf_puts(out, "GGUF");
    lm_buf_put_u32(out, 3);
    lm_buf_put_u64(out, tensors);
    lm_buf_put_u64(out, pairs);
}

static inline void put_key(struct lm_buf *out, const char *key, uint32_t type)
{
    put_text(out, key);
    lm_buf_put_u32(out, type);
}

/** A row of the table with up to two dimensions; second 0: one. */
static inline void put_row(struct lm_buf *out, const char *name, uint64_t first, uint64_t second,
                           uint32_t type, uint64_t offset)
{
    put_text(out, name);
    lm_buf_put_u32(out, second > 0 ? 2 : 1);
    lm_buf_put_u64(out, first);
    if (second > 0)
        lm_buf_put_u64(out, second);
    lm_buf_put_u32(out, type);
    lm_buf_put_u64(out, offset);
}

static inline void put_zeros(struct lm_buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        lm_buf_putc(out, 0);
}

static inline void put_padding(struct lm_buf *out)
{
    while (out->size % 32 != 0)
        lm_buf_putc(out, 0);
}

/** A file that the test removes: its path, by the process's number. */
static inline const char *gguf_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "test_gguf.%ld.gguf", (long)getpid());
    return path;
}

/** Opens bytes as a file. The bytes stay. */
static inline enum lm_status open_bytes(struct lm_gguf **out, const void *bytes, size_t size,
                                        struct lm_err *err)
{
    enum lm_status status = lm_file_write(gguf_path(), bytes, size, err);
    if (status == LM_OK)
        status = lm_gguf_open(out, gguf_path(), err);
    unlink(gguf_path());
    return status;
}

#endif
