#include "web/http_message.h"

#include <string.h>
#include <strings.h>

#include "web/gunzip.h"

static bool says(struct lm_span value, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= value.size; i++)
        if (strncasecmp((const char *)value.data + i, word, length) == 0)
            return true;
    return false;
}

/* ---- chunks ---- */

/* The size that a chunk's line says, in hex digits; false when it says none. */
static bool chunk_size(struct lm_span line, size_t *out)
{
    size_t at = 0, value = 0;
    for (; at < line.size && at < 9; at++) {
        uint8_t c = line.data[at];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            break;
        value = value * 16 + (size_t)digit;
    }
    *out = value;
    return at > 0 && (at == line.size || line.data[at] == ';' || line.data[at] == ' ');
}

/* Joins the chunks; false when the body is none of chunks. A cut last one is taken as far as it
 * goes. */
static bool join_chunks(struct lm_buf *out, struct lm_span body)
{
    bool is_any = false;
    while (body.size > 0) {
        size_t size = 0;
        struct lm_span line = lm_warc_line(&body);
        if (line.size == 0 && is_any)
            continue;
        if (!chunk_size(line, &size))
            return false;
        is_any = true;
        if (size == 0)
            break;
        size = size < body.size ? size : body.size;
        lm_buf_append(out, body.data, size);
        body.data += size;
        body.size -= size;
    }
    return is_any;
}

/* ---- packing ---- */

static bool is_gzip(struct lm_span body)
{
    return body.size > 2 && body.data[0] == 0x1F && body.data[1] == 0x8B;
}

/* A zlib header, whose two bytes are a multiple of 31. */
static bool is_zlib(struct lm_span body)
{
    return body.size > 2 && (body.data[0] & 0x0F) == 8 &&
           (body.data[0] * 256 + body.data[1]) % 31 == 0;
}

static enum lm_status unpack(struct lm_http_message *out, struct lm_span packing,
                             struct lm_buf *unpacked, struct lm_err *err)
{
    bool is_packed = (says(packing, "gzip") && is_gzip(out->body)) ||
                     (says(packing, "deflate") && (is_zlib(out->body) || is_gzip(out->body)));
    if (says(packing, "br") || says(packing, "zstd"))
        return lm_fail(err, LM_FORMAT, "has a body packed by %.*s", (int)packing.size,
                       (const char *)packing.data);
    if (!is_packed)
        return LM_OK;
    struct lm_buf made;
    lm_buf_init(&made, LM_HTTP_LARGEST);
    enum lm_status status = lm_inflate(&made, out->body.data, out->body.size, err);
    if (status != LM_OK) {
        lm_buf_release(&made);
        return status;
    }
    lm_buf_release(unpacked);
    *unpacked = made;
    out->body = (struct lm_span){(const uint8_t *)made.data, made.size};
    return LM_OK;
}

enum lm_status lm_http_message_read(struct lm_http_message *out, struct lm_span message,
                                    struct lm_buf *unpacked, struct lm_err *err)
{
    struct lm_span rest = message, head = {message.data, 0};
    struct lm_span line = lm_warc_line(&rest);
    *out = (struct lm_http_message){.body = message};
    if (line.size < 12 || memcmp(line.data, "HTTP/", 5) != 0)
        return LM_OK;
    const uint8_t *space = memchr(line.data, ' ', line.size - 3);
    for (size_t i = 1; space != NULL && i <= 3 && space + i < line.data + line.size; i++)
        out->status = out->status * 10 + (unsigned)(space[i] - '0') % 10;
    head.data = rest.data;
    while (rest.size > 0) {
        const uint8_t *start = rest.data;
        if (lm_warc_line(&rest).size == 0) {
            head.size = (size_t)(start - head.data);
            break;
        }
        head.size = (size_t)(rest.data - head.data);
    }
    out->type = lm_warc_header(head, "Content-Type");
    out->body = rest;
    if (says(lm_warc_header(head, "Transfer-Encoding"), "chunked") &&
        join_chunks(unpacked, out->body))
        out->body = (struct lm_span){(const uint8_t *)unpacked->data, unpacked->size};
    LM_TRY(lm_buf_status(unpacked, err));
    return unpack(out, lm_warc_header(head, "Content-Encoding"), unpacked, err);
}
