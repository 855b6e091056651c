#include "protocol/saved.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/io.h"

enum { CHUNK = 1 << 18 }; /* bytes looked at at once */

struct lm_saved {
    int fd;
    uint64_t start, size, position, checksum;
    uint64_t at; /* bytes read so far */
    struct lm_hash64 *hash;
    unsigned char *chunk;
};

struct lm_saved *lm_saved_open(int fd, uint64_t start, uint64_t size, uint64_t position,
                               uint64_t checksum)
{
    struct lm_saved *saved = calloc(1, sizeof *saved);
    if (saved == NULL) {
        close(fd);
        return NULL;
    }
    *saved = (struct lm_saved){fd, start, size, position, checksum, 0, NULL, NULL};
    saved->hash = lm_hash64_create();
    saved->chunk = malloc(CHUNK);
    if (saved->hash != NULL && saved->chunk != NULL)
        return saved;
    lm_saved_close(saved);
    return NULL;
}

void lm_saved_close(struct lm_saved *saved)
{
    if (saved == NULL)
        return;
    close(saved->fd);
    lm_hash64_free(saved->hash);
    free(saved->chunk);
    free(saved);
}

uint64_t lm_saved_position(const struct lm_saved *saved)
{
    return saved->position;
}

uint64_t lm_saved_size(const struct lm_saved *saved)
{
    return saved->size;
}

void lm_saved_rewind(struct lm_saved *saved)
{
    saved->at = 0;
    lm_hash64_begin(saved->hash);
}

/* The next bytes, `size` ≤ what is left. False: with errno, or 0 when the file ends before. */
static bool read_some(struct lm_saved *saved, unsigned char *out, size_t size)
{
    if (lm_read_at(saved->fd, out, size, saved->start + saved->at) != size)
        return false;
    saved->at += size;
    lm_hash64_update(saved->hash, out, size);
    return true;
}

/* read_some for any size; out NULL: into the chunk, again and again. */
static bool read_all(struct lm_saved *saved, unsigned char *out, uint64_t size)
{
    while (size > 0) {
        size_t count = size < CHUNK ? (size_t)size : CHUNK;
        if (!read_some(saved, out != NULL ? out : saved->chunk, count))
            return false;
        out = out != NULL ? out + count : NULL;
        size -= count;
    }
    return true;
}

static bool is_as_written(const struct lm_saved *saved)
{
    return saved->at < saved->size || lm_hash64_final(saved->hash) == saved->checksum;
}

enum lm_status lm_saved_read(struct lm_saved *saved, void *out, uint64_t size, struct lm_err *err)
{
    if (size > saved->size - saved->at)
        return lm_fail(err, LM_RANGE, "what was saved ends %llu bytes before",
                       (unsigned long long)(size - (saved->size - saved->at)));
    if (!read_all(saved, out, size))
        return lm_fail_errno(err, errno != 0 ? errno : EIO,
                             "cannot read what was saved; try again");
    if (!is_as_written(saved))
        return lm_fail(err, LM_IO, "what was saved has changed while it was read; try again");
    return LM_OK;
}

bool lm_saved_verify(struct lm_saved *saved, int *error)
{
    lm_saved_rewind(saved);
    bool read = read_all(saved, NULL, saved->size);
    *error = read ? 0 : errno;
    read = read && is_as_written(saved);
    lm_saved_rewind(saved);
    return read;
}

enum lm_status lm_saved_take(void **data, struct lm_arena *arena, struct lm_saved *saved,
                             struct lm_err *err)
{
    enum lm_status status = LM_OK;
    *data = saved->size <= SIZE_MAX ? lm_arena_alloc(arena, (size_t)saved->size) : NULL;
    if (*data == NULL)
        status = lm_fail(err, LM_NOMEM, "no memory for a checkpoint of %llu bytes; free some",
                         (unsigned long long)saved->size);
    else
        status = lm_saved_read(saved, *data, saved->size, err);
    lm_saved_close(saved);
    return status;
}
