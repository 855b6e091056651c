#include "base/buf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"

void lm_buf_init(struct lm_buf *buf, size_t ceiling)
{
    *buf = (struct lm_buf){.ceiling = ceiling ? ceiling : SIZE_MAX / 2};
}

void lm_buf_release(struct lm_buf *buf)
{
    free(buf->data);
    *buf = (struct lm_buf){.ceiling = buf->ceiling};
}

void lm_buf_clear(struct lm_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool reserve(struct lm_buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more > buf->ceiling || buf->size > buf->ceiling - more) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->size + more + 1;
    if (need <= buf->capacity)
        return true;
    size_t capacity = buf->capacity + buf->capacity / 2;
    capacity = capacity < need ? need : capacity;
    capacity = capacity < 64 ? 64 : capacity;
    char *data = realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void lm_buf_append(struct lm_buf *buf, const void *data, size_t size)
{
    if (!reserve(buf, size))
        return;
    if (size > 0)
        memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void lm_buf_puts(struct lm_buf *buf, const char *text)
{
    lm_buf_append(buf, text, strlen(text));
}

void lm_buf_putc(struct lm_buf *buf, char c)
{
    if (!reserve(buf, 1))
        return;
    buf->data[buf->size++] = c;
    buf->data[buf->size] = '\0';
}

void lm_buf_printf(struct lm_buf *buf, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char few[256]; /* mostly enough: then it is formatted once */
    int length = lm_c_vsnprintf(few, sizeof few, format, arguments);
    if (length < 0)
        buf->failed = true;
    else if ((size_t)length < sizeof few)
        lm_buf_append(buf, few, (size_t)length);
    else if (reserve(buf, (size_t)length)) {
        lm_c_vsnprintf(buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

static void put_little_endian(struct lm_buf *buf, uint64_t v, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    lm_buf_append(buf, bytes, size);
}

void lm_buf_put_u16(struct lm_buf *buf, uint16_t v)
{
    put_little_endian(buf, v, 2);
}

void lm_buf_put_u32(struct lm_buf *buf, uint32_t v)
{
    put_little_endian(buf, v, 4);
}

void lm_buf_put_u64(struct lm_buf *buf, uint64_t v)
{
    put_little_endian(buf, v, 8);
}

void lm_buf_put_int(struct lm_buf *buf, int64_t v)
{
    char text[24];
    size_t at = sizeof text;
    uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        text[--at] = (char)('0' + size % 10);
    while ((size /= 10) > 0);
    if (v < 0)
        text[--at] = '-';
    lm_buf_append(buf, text + at, sizeof text - at);
}

void lm_buf_put_double(struct lm_buf *buf, double v)
{
    char text[32];
    lm_buf_puts(buf, lm_format_double(text, v));
}

enum lm_status lm_buf_status(const struct lm_buf *buf, struct lm_err *err)
{
    if (!buf->failed)
        return LM_OK;
    return lm_fail(err, LM_NOMEM,
                   "a buffer could not grow beyond %zu bytes (its ceiling is %zu); free memory "
                   "or make the input smaller",
                   buf->size, buf->ceiling);
}

enum lm_status lm_buf_print(const struct lm_buf *buf, FILE *out, struct lm_err *err)
{
    LM_TRY(lm_buf_status(buf, err));
    if (buf->size > 0)
        fwrite(buf->data, 1, buf->size, out);
    return LM_OK;
}
