#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

enum { DEEPEST = sizeof((struct lm_json_writer *)0)->first / sizeof(bool) };

void lm_json_begin(struct lm_json_writer *writer, struct lm_buf *out, bool pretty)
{
    *writer = (struct lm_json_writer){.out = out, .pretty = pretty};
    writer->first[0] = true;
}

static void new_line(struct lm_json_writer *writer)
{
    char text[1 + 2 * DEEPEST];
    size_t length = 1 + 2 * (size_t)writer->depth;
    memset(text, ' ', length);
    text[0] = '\n';
    lm_buf_append(writer->out, text, length);
}

/* What stands before a value or a key: nothing after a key, else a comma unless it is the first. */
static void separate(struct lm_json_writer *writer)
{
    if (writer->is_key_done) {
        writer->is_key_done = false;
        return;
    }
    if (!writer->first[writer->depth])
        lm_buf_putc(writer->out, ',');
    writer->first[writer->depth] = false;
    if (writer->pretty && writer->depth > 0)
        new_line(writer);
}

void lm_json_open(struct lm_json_writer *writer, char bracket)
{
    separate(writer);
    lm_buf_putc(writer->out, bracket);
    if (writer->depth + 1 >= DEEPEST) {
        writer->out->failed = true;
        return;
    }
    writer->first[++writer->depth] = true;
}

void lm_json_close(struct lm_json_writer *writer, char bracket)
{
    if (writer->depth == 0) {
        writer->out->failed = true;
        return;
    }
    bool is_empty = writer->first[writer->depth--];
    if (writer->pretty && !is_empty)
        new_line(writer);
    lm_buf_putc(writer->out, bracket);
}

static void put_escape(struct lm_buf *out, unsigned char c)
{
    static const char short_forms[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    if (c < sizeof short_forms && short_forms[c] != 0) {
        char pair[2] = {'\\', short_forms[c]};
        lm_buf_append(out, pair, 2);
    } else
        lm_buf_printf(out, "\\u%04x", c);
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c != '"' && c != '\\' && c != 127;
}

/* Eight bytes at once: is each of them plain ASCII? Arithmetic a byte, as in Bit Twiddling Hacks
 * ("Determine if a word has a byte less than n"). */
static bool are_plain(const uint8_t data[8])
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t word;
    memcpy(&word, data, sizeof word);
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\'), del = word ^ (ones * 127);
    uint64_t odd = (word - ones * ' ') | (quote - ones) | (slash - ones) | (del - ones) | word;
    return (odd & tops) == 0;
}

/* The string of `data`, quoted; runs that need no change are appended at once. */
static void put_quoted(struct lm_buf *out, const uint8_t *data, size_t size)
{
    lm_buf_putc(out, '"');
    size_t start = 0, at = 0;
    while (at < size) {
        if (size - at >= 8 && are_plain(data + at)) {
            at += 8;
            continue;
        }
        if (data[at] < 0x80 && is_plain(data[at])) {
            at++;
            continue;
        }
        uint32_t code_point;
        size_t length = lm_utf8_decode(&code_point, data + at, size - at);
        if (length > 1) {
            at += length;
            continue;
        }
        lm_buf_append(out, data + start, at - start);
        if (length == 1)
            put_escape(out, data[at]);
        else
            lm_buf_puts(out, "\xEF\xBF\xBD");
        start = ++at;
    }
    if (at > start)
        lm_buf_append(out, data + start, at - start);
    lm_buf_putc(out, '"');
}

void lm_json_key(struct lm_json_writer *writer, const char *key)
{
    separate(writer);
    put_quoted(writer->out, (const uint8_t *)key, strlen(key));
    lm_buf_puts(writer->out, writer->pretty ? ": " : ":");
    writer->is_key_done = true;
}

void lm_json_put_string(struct lm_json_writer *writer, const char *text)
{
    lm_json_put_bytes(writer, text, strlen(text));
}

void lm_json_put_bytes(struct lm_json_writer *writer, const void *data, size_t size)
{
    separate(writer);
    put_quoted(writer->out, data, size);
}

void lm_json_put_int(struct lm_json_writer *writer, int64_t v)
{
    separate(writer);
    lm_buf_put_int(writer->out, v);
}

void lm_json_put_double(struct lm_json_writer *writer, double v)
{
    separate(writer);
    if (isfinite(v))
        lm_buf_put_double(writer->out, v);
    else
        lm_buf_puts(writer->out, "null");
}

void lm_json_put_raw(struct lm_json_writer *writer, const char *text, size_t size)
{
    separate(writer);
    lm_buf_append(writer->out, text, size);
}

void lm_json_put_bool(struct lm_json_writer *writer, bool v)
{
    separate(writer);
    lm_buf_puts(writer->out, v ? "true" : "false");
}

void lm_json_put_null(struct lm_json_writer *writer)
{
    separate(writer);
    lm_buf_puts(writer->out, "null");
}

void lm_json_member_string(struct lm_json_writer *writer, const char *key, const char *text)
{
    lm_json_key(writer, key);
    lm_json_put_string(writer, text);
}

void lm_json_member_int(struct lm_json_writer *writer, const char *key, int64_t v)
{
    lm_json_key(writer, key);
    lm_json_put_int(writer, v);
}

void lm_json_member_double(struct lm_json_writer *writer, const char *key, double v)
{
    lm_json_key(writer, key);
    lm_json_put_double(writer, v);
}

void lm_json_member_bool(struct lm_json_writer *writer, const char *key, bool v)
{
    lm_json_key(writer, key);
    lm_json_put_bool(writer, v);
}
