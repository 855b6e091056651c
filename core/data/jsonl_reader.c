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

static enum lm_status too_long(const struct lm_jsonl_reader *reader, struct lm_err *err)
{
    return lm_fail(err, LM_RANGE, "%s:%llu: line longer than %zu bytes; split the document",
                   reader->path, (unsigned long long)reader->line + 1, LM_JSONL_LONGEST);
}

static enum lm_status no_memory(const struct lm_jsonl_reader *reader, size_t size,
                                struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "%s:%llu: no memory for a line of %zu bytes; free some",
                   reader->path, (unsigned long long)reader->line + 1, size);
}

static enum lm_status cut_short(const struct lm_jsonl_reader *reader, size_t size,
                                struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT,
                   "%s:%llu:%zu: the last line has no newline: the file was cut; make it anew",
                   reader->path, (unsigned long long)reader->line + 1, size + 1);
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
        return too_long(reader, err);
    char *data = realloc(reader->data, reader->capacity * 2 + 1);
    if (data == NULL)
        return no_memory(reader, reader->capacity, err);
    reader->data = data;
    reader->capacity *= 2;
    return LM_OK;
}

/* Reads up to `room` bytes; *got is 0 at the end of the file alone. */
static enum lm_status read_some(struct lm_jsonl_reader *reader, char *to, size_t room, size_t *got,
                                struct lm_err *err)
{
    ssize_t count;
    do
        count = read(reader->fd, to, room);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return lm_fail_errno(err, errno, "cannot read %s", reader->path);
    reader->is_eof = count == 0;
    reader->offset += (uint64_t)count;
    *got = (size_t)count;
    return LM_OK;
}

static enum lm_status read_more(struct lm_jsonl_reader *reader, struct lm_err *err)
{
    size_t got = 0;
    LM_TRY(make_room(reader, err));
    LM_TRY(
        read_some(reader, reader->data + reader->end, reader->capacity - reader->end, &got, err));
    reader->end += got;
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
            return cut_short(reader, have, err);
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

/* Takes line `number` of the shard apart into *document. */
static enum lm_status read_line(struct lm_jsonl_document *document, char *line, size_t size,
                                const char *path, uint64_t number, struct lm_err *err)
{
    size_t at = 0;
    struct lm_jsonl_document next = {.line = number};
    const char *wrong = parse_line(&next, line, size, &at);
    if (wrong != NULL)
        return lm_fail(err, LM_FORMAT, "%s:%llu:%zu: %s; make the file anew", path,
                       (unsigned long long)number, at + 1, wrong);
    *document = next;
    return LM_OK;
}

enum lm_status lm_jsonl_next(struct lm_jsonl_reader *reader, struct lm_jsonl_document *document,
                             bool *is_end, struct lm_err *err)
{
    char *line = NULL;
    size_t size = 0;
    LM_TRY(next_line(reader, &line, &size, err));
    *is_end = line == NULL;
    return *is_end ? LM_OK : read_line(document, line, size, reader->path, reader->line, err);
}

/* ---- blocks ---- */

void lm_jsonl_block_release(struct lm_jsonl_block *block)
{
    free(block->data);
    *block = (struct lm_jsonl_block){0};
}

static enum lm_status reserve_block(struct lm_jsonl_reader *reader, struct lm_jsonl_block *block,
                                    size_t capacity, struct lm_err *err)
{
    if (capacity <= block->capacity)
        return LM_OK;
    char *data = realloc(block->data, capacity);
    if (data == NULL)
        return no_memory(reader, capacity, err);
    block->data = data;
    block->capacity = capacity;
    return LM_OK;
}

/* Reads on until the block has a newline and `bytes` in all, or the file ends. *end is where its
 * last whole line ends, 0 when it has none. */
static enum lm_status fill_block(struct lm_jsonl_reader *reader, struct lm_jsonl_block *block,
                                 size_t bytes, size_t *end, struct lm_err *err)
{
    const char *newline = NULL;
    *end = 0;
    for (size_t searched = 0;;) {
        newline = memrchr(block->data + searched, '\n', block->size - searched);
        *end = newline != NULL ? (size_t)(newline - block->data) + 1 : *end;
        if (reader->is_eof || (*end > 0 && block->size >= bytes))
            return LM_OK;
        if (block->size > LM_JSONL_LONGEST && *end == 0)
            return too_long(reader, err);
        if (block->size == block->capacity)
            LM_TRY(reserve_block(reader, block, block->capacity * 2, err));
        size_t got = 0;
        LM_TRY(
            read_some(reader, block->data + block->size, block->capacity - block->size, &got, err));
        block->size += got;
    }
}

/* Gives what follows the last whole line back to the reader, which has nothing left. */
static enum lm_status keep_rest(struct lm_jsonl_reader *reader, const char *rest, size_t size,
                                struct lm_err *err)
{
    if (size > reader->capacity) {
        char *data = realloc(reader->data, size + 1);
        if (data == NULL)
            return no_memory(reader, size, err);
        reader->data = data;
        reader->capacity = size;
    }
    memcpy(reader->data, rest, size);
    reader->start = 0;
    reader->end = size;
    return LM_OK;
}

enum lm_status lm_jsonl_read_block(struct lm_jsonl_reader *reader, struct lm_jsonl_block *block,
                                   size_t bytes, struct lm_err *err)
{
    size_t kept = reader->end - reader->start, end = 0;
    LM_TRY(reserve_block(reader, block, bytes > kept ? bytes : kept, err));
    memcpy(block->data, reader->data + reader->start, kept);
    block->size = kept;
    block->at = 0;
    block->line = reader->line;
    block->path = reader->path;
    LM_TRY(fill_block(reader, block, bytes, &end, err));
    LM_TRY(keep_rest(reader, block->data + end, block->size - end, err));
    if (end == 0 && block->size > 0)
        return cut_short(reader, block->size, err);
    block->size = end;
    for (const char *line = block->data, *stop = line + end; line < stop; reader->line++)
        line = (const char *)memchr(line, '\n', (size_t)(stop - line)) + 1;
    return LM_OK;
}

enum lm_status lm_jsonl_block_next(struct lm_jsonl_block *block, struct lm_jsonl_document *document,
                                   bool *is_end, struct lm_err *err)
{
    *is_end = block->at == block->size;
    if (*is_end)
        return LM_OK;
    char *line = block->data + block->at;
    size_t size = (size_t)((char *)memchr(line, '\n', block->size - block->at) - line);
    block->at += size + 1;
    return read_line(document, line, size, block->path, ++block->line, err);
}
