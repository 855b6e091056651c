#include <string.h>

#include "base/json_text.h"
#include "base/utf8.h"
#include "data/jsonl.h"

static const char head[] = "{\"id\":\"", middle[] = "\",\"text\":\"", tail[] = "\"}";

/* Bytes at the start that stand for themselves: no quote, backslash or control character. Eight at
 * a time, by the usual borrow trick (Mycroft 1987: a byte below n borrows from its high bit). */
static size_t plain_prefix(const char *text, size_t size)
{
    static const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t v, quote, slash;
        memcpy(&v, text + at, 8);
        quote = v ^ (ones * '"');
        slash = v ^ (ones * '\\');
        if ((((v - ones * ' ') & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) &
            highs)
            break;
    }
    while (at < size && text[at] != '\\' && text[at] != '"' && (unsigned char)text[at] >= ' ')
        at++;
    return at;
}

/* Unescapes a string's inside in place (it only shrinks). Returns NULL, or what is wrong at *at. */
static const char *unescape_all(char *text, size_t *size, size_t *at)
{
    size_t in = 0, out = 0;
    while (in < *size) {
        size_t run = in + plain_prefix(text + in, *size - in);
        if (out < in)
            memmove(text + out, text + in, run - in);
        out += run - in;
        in = run;
        if (in == *size)
            break;
        *at = in;
        if (text[in] != '\\')
            return text[in] == '"' ? "quote inside the text" : "control character in the text";
        uint8_t bytes[4];
        size_t count = 0, taken = lm_json_unescape(bytes, &count, text + in, *size - in);
        if (taken == 0)
            return "bad escape";
        memcpy(text + out, bytes, count);
        out += count;
        in += taken;
    }
    *size = out;
    return NULL;
}

static bool starts(const char *text, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && memcmp(text, with, length) == 0;
}

/* Takes a line apart; NULL, or what is wrong at byte *at. */
static const char *parse_line(struct lm_jsonl_document *document, char *line, size_t size,
                              size_t *at)
{
    static const size_t id_at = sizeof head - 1, hex = LM_DIGEST_HEX - 1;
    static const size_t text_at = sizeof head - 1 + LM_DIGEST_HEX - 1 + sizeof middle - 1;
    char id[LM_DIGEST_HEX] = {0};
    *at = 0;
    if (!starts(line, size, head))
        return "a line must start with {\"id\":\"";
    *at = id_at;
    if (size < text_at)
        return "line too short";
    memcpy(id, line + id_at, hex);
    if (!lm_digest_parse(&document->id, id))
        return "id is not 64 hex digits";
    *at = id_at + hex;
    if (!starts(line + *at, size - *at, middle))
        return "the id must be followed by \",\"text\":\"";
    *at = size;
    if (size < text_at + 2 || memcmp(line + size - 2, tail, 2) != 0)
        return "a line must end with \"}";
    char *text = line + text_at;
    size_t raw = size - text_at - 2, length = raw, bad = 0;
    /* Before unescaping, so that the column is the file's; escapes give well-formed bytes only. */
    size_t valid = lm_utf8_valid_prefix((const uint8_t *)text, raw);
    *at = text_at + valid;
    if (valid < raw)
        return "ill-formed UTF-8";
    const char *wrong = unescape_all(text, &length, &bad);
    *at = text_at + bad;
    text[length] = '\0';
    document->text = (const uint8_t *)text;
    document->size = length;
    return wrong;
}

enum lm_status lm_jsonl_parse(struct lm_jsonl_document *document, char *line, size_t size,
                              const char *path, uint64_t number, struct lm_err *err)
{
    struct lm_jsonl_document found = {.line = number};
    size_t at = 0;
    const char *wrong = parse_line(&found, line, size, &at);
    if (wrong != NULL)
        return lm_fail(err, LM_FORMAT, "%s:%llu:%zu: %s; make the file anew", path,
                       (unsigned long long)number, at + 1, wrong);
    *document = found;
    return LM_OK;
}
