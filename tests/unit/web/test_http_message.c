/** HTTP messages as archives keep them: joined, unpacked, or as they lie. */
#include "web/http_message.h"

#include <zlib.h>

#include "tests/tap.h"

#define CRLF "\r\n"

/* The body, and what the head says of it. */
static const char *read_body(char *out, size_t room, const char *text, size_t size)
{
    struct lm_http_message message;
    struct lm_buf unpacked;
    struct lm_err err = {.status = LM_OK};
    lm_buf_init(&unpacked, 0);
    if (lm_http_message_read(&message, (struct lm_span){(const uint8_t *)text, size}, &unpacked,
                             &err) != LM_OK)
        snprintf(out, room, "!%.200s", err.text);
    else
        snprintf(out, room, "%u [%.*s] %.*s", message.status, (int)message.type.size,
                 message.type.size > 0 ? (const char *)message.type.data : "",
                 (int)message.body.size, (const char *)message.body.data);
    lm_buf_release(&unpacked);
    return out;
}

static void messages(struct tap *tap)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"HTTP/1.1 200 OK" CRLF "Content-Type: text/html; charset=x" CRLF CRLF "body",
         "200 [text/html; charset=x] body"},
        {"HTTP/1.0 404 Not Found\ncontent-type: text/plain\n\nno", "404 [text/plain] no"},
        {"HTTP/1.1 200 OK" CRLF "Transfer-Encoding: chunked" CRLF CRLF "3" CRLF "abc" CRLF
         "A;x=y" CRLF "0123456789" CRLF "0" CRLF CRLF,
         "200 [] abc0123456789"},
        {"HTTP/1.1 200 OK" CRLF "Transfer-Encoding: chunked" CRLF CRLF "<p>not chunked",
         "200 [] <p>not chunked"},
        {"HTTP/1.1 200 OK" CRLF "Transfer-Encoding: chunked" CRLF CRLF "ff" CRLF "cut",
         "200 [] cut"},
        {"HTTP/1.1 200 OK" CRLF "Content-Encoding: gzip" CRLF CRLF "<p>unpacked before",
         "200 [] <p>unpacked before"},
        {"HTTP/1.1 200 OK" CRLF "Content-Encoding: br" CRLF CRLF "\x0b\x02",
         "!has a body packed by br"},
        {"HTTP/1.1 200 OK" CRLF "Content-Type: text/html", "200 [text/html] "},
        {"no message", "0 [] no message"},
        {"", "0 [] "},
    };

    char out[256];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_STR(read_body(out, sizeof out, rows[i].text, strlen(rows[i].text)), rows[i].want);
}

/* `size` bytes packed: a gzip file or a zlib stream. */
static size_t pack(uint8_t *out, size_t room, const uint8_t *data, size_t size, bool is_gzip)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data,
                  .avail_in = (uInt)size,
                  .next_out = out,
                  .avail_out = (uInt)room};
    if (deflateInit2(&z, 6, Z_DEFLATED, (is_gzip ? 16 : 0) + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        abort();
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void packed_bodies(struct tap *tap)
{
    static const char head[] = "HTTP/1.1 200 OK" CRLF "Content-Encoding: ";
    char text[512], out[256];
    for (int i = 0; i < 2; i++) {
        size_t size = (size_t)snprintf(text, sizeof text, "%s%s" CRLF CRLF, head,
                                       i == 0 ? "gzip" : "deflate");
        size_t end = size + pack((uint8_t *)text + size, sizeof text - size,
                                 (const uint8_t *)"<p>packed", 9, i == 0);
        CHECK_STR(read_body(out, sizeof out, text, end), "200 [] <p>packed");
        read_body(out, sizeof out, text, end - 6);
        CHECK(out[0] == '!' && strstr(out, "cut off") != NULL);
        text[size + 4] ^= 0x55;
        text[end - 5] ^= 0x55;
        read_body(out, sizeof out, text, end);
        CHECK(out[0] == '!');
    }
}

/* A gigabyte of zeros in a megabyte is not unpacked. */
static void bombs(struct tap *tap)
{
    size_t size = LM_HTTP_LARGEST + 1;
    uint8_t *zeros = calloc(1, size), *text = malloc(1 << 20);
    REQUIRE(zeros != NULL && text != NULL);
    int head =
        snprintf((char *)text, 1 << 20, "HTTP/1.1 200 OK" CRLF "Content-Encoding: gzip" CRLF CRLF);
    size_t end = (size_t)head + pack(text + head, (1 << 20) - (size_t)head, zeros, size, true);
    free(zeros);
    char out[256];
    read_body(out, sizeof out, (const char *)text, end);
    CHECK(strstr(out, "!would unpack to more than") != NULL);
    free(text);
}

static const struct tap_test tests[] = {TAP_ROW(messages) TAP_ROW(packed_bodies) TAP_ROW(bombs)};

LM_TEST_FILE(tests)
