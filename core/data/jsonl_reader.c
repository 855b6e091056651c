#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/jsonl.h"
#include "data/zstd_stream.h"

enum { CHUNK = 256 << 10 };

struct lm_jsonl_reader {
    char *own;                     /* the path of a reader of one file */
    const char *const *paths;      /* of the files that follow the one being read */
    size_t left;                   /* how many */
    const char *path;              /* of the file being read */
    struct lm_zstd_reader *packed; /* where that is compressed, else NULL */
    int fd;
    char *data;                  /* bytes [start, end) are read and not yet given */
    size_t start, end, capacity; /* capacity leaves room for one more byte */
    uint64_t line, offset;
    bool is_eof;
};

/* Begins to read the file that follows. */
static enum lm_status open_file(struct lm_jsonl_reader *reader, struct lm_err *err)
{
    lm_zstd_reader_free(reader->packed);
    reader->packed = NULL;
    if (reader->fd >= 0)
        close(reader->fd);
    reader->path = *reader->paths++;
    reader->left--;
    reader->line = 0;
    reader->is_eof = false;
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0)
        return lm_fail_errno(err, errno, "cannot open %s", reader->path);
    return lm_zstd_is_name(reader->path)
               ? lm_zstd_reader_create(&reader->packed, reader->fd, reader->path, err)
               : LM_OK;
}

enum lm_status lm_jsonl_open_shards(struct lm_jsonl_reader **out, const char *const *paths,
                                    size_t count, struct lm_err *err)
{
    struct lm_jsonl_reader *reader = calloc(1, sizeof *reader);
    char *data = malloc(CHUNK + 1);
    if (reader == NULL || data == NULL) {
        free(reader);
        free(data);
        return lm_fail(err, LM_NOMEM, "no memory to read %s; free some", paths[0]);
    }
    *reader = (struct lm_jsonl_reader){
        .paths = paths, .left = count, .fd = -1, .data = data, .capacity = CHUNK};
    enum lm_status status = open_file(reader, err);
    if (status == LM_OK)
        *out = reader;
    else
        lm_jsonl_close(reader);
    return status;
}

enum lm_status lm_jsonl_open(struct lm_jsonl_reader **out, const char *path, struct lm_err *err)
{
    char *own = strdup(path);
    const char *const paths[] = {own};
    if (own == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read %s; free some", path);
    enum lm_status status = lm_jsonl_open_shards(out, paths, 1, err);
    if (status != LM_OK)
        free(own);
    else
        (*out)->own = own;
    return status;
}

void lm_jsonl_close(struct lm_jsonl_reader *reader)
{
    if (reader == NULL)
        return;
    lm_zstd_reader_free(reader->packed);
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader->own);
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

static enum lm_status read_plain(struct lm_jsonl_reader *reader, char *to, size_t room, size_t *got,
                                 struct lm_err *err)
{
    ssize_t count;
    do
        count = read(reader->fd, to, room);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return lm_fail_errno(err, errno, "cannot read %s", reader->path);
    *got = (size_t)count;
    return LM_OK;
}

/* Reads up to `room` bytes; *got is 0 at the end of the file alone. */
static enum lm_status read_some(struct lm_jsonl_reader *reader, char *to, size_t room, size_t *got,
                                struct lm_err *err)
{
    size_t taken = 0;
    if (reader->packed != NULL) {
        LM_TRY(lm_zstd_read(reader->packed, to, room, got, &taken, err));
    } else {
        LM_TRY(read_plain(reader, to, room, got, err));
        taken = *got;
    }
    reader->is_eof = *got == 0;
    reader->offset += taken;
    return LM_OK;
}

/* Is the file read to its end, and one more to follow? */
static bool is_between(const struct lm_jsonl_reader *reader)
{
    return reader->is_eof && reader->start == reader->end && reader->left > 0;
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
        if (reader->is_eof && have == 0 && reader->left == 0)
            return LM_OK;
        if (reader->is_eof && have > 0)
            return cut_short(reader, have, err);
        LM_TRY(reader->is_eof ? open_file(reader, err) : read_more(reader, err));
    }
}

enum lm_status lm_jsonl_next(struct lm_jsonl_reader *reader, struct lm_jsonl_document *document,
                             bool *is_end, struct lm_err *err)
{
    char *line = NULL;
    size_t size = 0;
    LM_TRY(next_line(reader, &line, &size, err));
    *is_end = line == NULL;
    return *is_end ? LM_OK : lm_jsonl_parse(document, line, size, reader->path, reader->line, err);
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

static enum lm_status read_block(struct lm_jsonl_reader *reader, struct lm_jsonl_block *block,
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

enum lm_status lm_jsonl_read_block(struct lm_jsonl_reader *reader, struct lm_jsonl_block *block,
                                   size_t bytes, struct lm_err *err)
{
    do {
        if (is_between(reader))
            LM_TRY(open_file(reader, err));
        LM_TRY(read_block(reader, block, bytes, err));
    } while (block->size == 0 && is_between(reader));
    return LM_OK;
}

uint64_t lm_jsonl_block_skip(struct lm_jsonl_block *block, uint64_t lines)
{
    uint64_t skipped = 0;
    for (; skipped < lines && block->at < block->size; skipped++) {
        const char *line = block->data + block->at;
        block->at += (size_t)((char *)memchr(line, '\n', block->size - block->at) - line) + 1;
    }
    block->line += skipped;
    return skipped;
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
    return lm_jsonl_parse(document, line, size, block->path, ++block->line, err);
}
