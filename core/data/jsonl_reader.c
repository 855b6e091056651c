#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/jsonl.h"

enum { CHUNK = 256 << 10 };

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

enum lm_status lm_jsonl_next(struct lm_jsonl_reader *reader, struct lm_jsonl_document *document,
                             bool *is_end, struct lm_err *err)
{
    char *line = NULL;
    size_t size = 0;
    LM_TRY(next_line(reader, &line, &size, err));
    *is_end = line == NULL;
    return line ? lm_jsonl_parse(document, line, size, reader->path, reader->line, err) : LM_OK;
}

static uint64_t count_lines(const char *data, size_t size)
{
    uint64_t count = 0;
    const char *end = data + size;
    while ((data = memchr(data, '\n', (size_t)(end - data))) != NULL) {
        data++;
        count++;
    }
    return count;
}

/* What is in memory of whole lines; else at least the next one, after more was read. */
static enum lm_status some_lines(struct lm_jsonl_reader *reader, const char **data, size_t *size,
                                 struct lm_err *err)
{
    char *start = reader->data + reader->start;
    const char *last = memrchr(start, '\n', reader->end - reader->start);
    if (last == NULL) {
        char *line = NULL;
        LM_TRY(next_line(reader, &line, size, err));
        *data = line;
        *size += line != NULL;
        return LM_OK;
    }
    *data = start;
    *size = (size_t)(last + 1 - start);
    reader->start += *size;
    reader->line += count_lines(start, *size);
    return LM_OK;
}

enum lm_status lm_jsonl_lines(struct lm_jsonl_reader *reader, struct lm_buf *lines, size_t goal,
                              bool *is_end, struct lm_err *err)
{
    const char *data = lines->data;
    while (lines->size < goal) {
        size_t size = 0;
        LM_TRY(some_lines(reader, &data, &size, err));
        *is_end = data == NULL;
        if (*is_end)
            break;
        lm_buf_append(lines, data, size);
        LM_TRY(lm_buf_status(lines, err));
    }
    return LM_OK;
}

uint64_t lm_jsonl_line(const struct lm_jsonl_reader *reader)
{
    return reader->line;
}
