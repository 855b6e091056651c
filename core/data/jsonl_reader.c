#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "data/jsonl.h"

enum { CHUNK = 256 << 10 };

static const char head[] = "{\"id\":\"", middle[] = "\",\"text\":\"", tail[] = "\"}";

struct lm_jsonl_reader {
    char *path;
    int fd;
    char *data;                  /* bytes [start, end) are read and not yet given */
    size_t start, end, capacity; /* capacity leaves room for one more byte */
    uint64_t line, offset;
    bool is_eof;
};

enum lm_status lm_jsonl_open(struct lm_jsonl_reader **out, const char *path, struct lm_err *err)
{
    struct lm_jsonl_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read %s; free some", path);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0) {
        int error = errno;
        free(reader);
        return lm_fail_errno(err, error, "cannot open %s", path);
    }
    reader->path = strdup(path);
    reader->capacity = CHUNK;
    reader->data = malloc(CHUNK + 1);
    if (reader->path == NULL || reader->data == NULL) {
        lm_jsonl_close(reader);
        return lm_fail(err, LM_NOMEM, "no memory to read %s; free some", path);
    }
    *out = reader;
    return LM_OK;
}

void lm_jsonl_close(struct lm_jsonl_reader *reader)
{
    if (reader == NULL)
        return;
    close(reader->fd);
    free(reader->path);
    free(reader->data);
    free(reader);
}

uint64_t lm_jsonl_offset(const struct lm_jsonl_reader *reader)
{
    return reader->offset;
}

/* Moves the rest to the front and makes room for at least one more chunk. */
static enum lm_status make_room(struct lm_jsonl_reader *reader, struct lm_err *err)
{
    if (reader->start > 0) {
        memmove(reader->data, reader->data + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (reader->capacity - reader->end >= CHUNK / 2)
        return LM_OK;
    if (reader->capacity > LM_JSONL_LONGEST)
        return lm_fail(err, LM_RANGE, "%s:%llu: line longer than %zu bytes; split the document",
                       reader->path, (unsigned long long)reader->line + 1, LM_JSONL_LONGEST);
    char *data = realloc(reader->data, reader->capacity * 2 + 1);
    if (data == NULL)
        return lm_fail(err, LM_NOMEM, "%s:%llu: no memory for a line of %zu bytes; free some",
                       reader->path, (unsigned long long)reader->line + 1, reader->capacity);
    reader->data = data;
    reader->capacity *= 2;
    return LM_OK;
}

static enum lm_status read_more(struct lm_jsonl_reader *reader, struct lm_err *err)
{
    LM_TRY(make_room(reader, err));
    ssize_t got;
    do
        got = read(reader->fd, reader->data + reader->end, reader->capacity - reader->end);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return lm_fail_errno(err, errno, "cannot read %s", reader->path);
    reader->is_eof = got == 0;
    reader->end += (size_t)got;
    reader->offset += (uint64_t)got;
    return LM_OK;
}

/* Finds the next line, without its newline. *line stays NULL at the end of the file. */
static enum lm_status next_line(struct lm_jsonl_reader *reader, char **line, size_t *size,
                                struct lm_err *err)
{
    size_t searched = 0;
    for (;;) {
        char *start = reader->data + reader->start;
        size_t have = reader->end - reader->start;
        char *newline = memchr(start + searched, '\n', have - searched);
        if (newline != NULL) {
            *line = start;
            *size = (size_t)(newline - start);
            reader->start += *size + 1;
            reader->line++;
            return LM_OK;
        }
        searched = have;
        if (reader->is_eof && have == 0)
            return LM_OK;
        if (reader->is_eof)
            return lm_fail(
                err, LM_FORMAT,
                "%s:%llu:%zu: the last line has no newline: the file was cut; make it anew",
                reader->path, (unsigned long long)reader->line + 1, have + 1);
        LM_TRY(read_more(reader, err));
    }
}

/* Four hex digits at text[0..4), or -1. */
static long hex4(const char *text)
{
    long value = 0;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX (or a surrogate pair) at text; its bytes go to out. Returns what it took, 0 when bad. */
static size_t unescape_unicode(uint8_t *out, size_t *out_size, const char *text, size_t size)
{
    long unit = size >= 6 ? hex4(text + 2) : -1;
    size_t taken = 6;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        long low = size >= 12 && text[6] == '\\' && text[7] == 'u' ? hex4(text + 8) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        taken = 12;
    }
    *out_size = unit < 0 ? 0 : lm_utf8_encode(out, (uint32_t)unit);
    return *out_size > 0 ? taken : 0;
}

/* One escape at text[0] == '\\'. */
static size_t unescape(uint8_t out[4], size_t *out_size, const char *text, size_t size)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (size < 2)
        return 0;
    if (text[1] == 'u')
        return unescape_unicode(out, out_size, text, size);
    const char *hit = text[1] ? strchr(from, text[1]) : NULL;
    if (hit == NULL)
        return 0;
    out[0] = (uint8_t)to[hit - from];
    *out_size = 1;
    return 2;
}

/* Unescapes a string's inside in place (it only shrinks). Returns NULL, or what is wrong at *at. */
static const char *unescape_all(char *text, size_t *size, size_t *at)
{
    size_t in = 0, out = 0;
    while (in < *size) {
        size_t run = in;
        while (run < *size && text[run] != '\\' && text[run] != '"' &&
               (unsigned char)text[run] >= ' ')
            run++;
        memmove(text + out, text + in, run - in);
        out += run - in;
        in = run;
        if (in == *size)
            break;
        *at = in;
        if (text[in] != '\\')
            return text[in] == '"' ? "quote inside the text" : "control character in the text";
        uint8_t bytes[4];
        size_t count = 0, taken = unescape(bytes, &count, text + in, *size - in);
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

enum lm_status lm_jsonl_next(struct lm_jsonl_reader *reader, struct lm_jsonl_document *document,
                             bool *is_end, struct lm_err *err)
{
    char *line = NULL;
    size_t size = 0, at = 0;
    LM_TRY(next_line(reader, &line, &size, err));
    *is_end = line == NULL;
    if (line == NULL)
        return LM_OK;
    struct lm_jsonl_document next = {.line = reader->line};
    const char *wrong = parse_line(&next, line, size, &at);
    if (wrong != NULL)
        return lm_fail(err, LM_FORMAT, "%s:%llu:%zu: %s; make the file anew", reader->path,
                       (unsigned long long)reader->line, at + 1, wrong);
    *document = next;
    return LM_OK;
}
