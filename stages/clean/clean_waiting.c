#include "clean_waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/io.h"
#include "base/unnamed.h"

#define BLOCK ((size_t)1 << 20)

static const char what[] = "documents that wait for others";

void clean_waiting_begin(struct clean_waiting *out, const char *folder)
{
    *out = (struct clean_waiting){.folder = folder, .fd = -1};
    lm_buf_init(&out->out, 0);
}

void clean_waiting_release(struct clean_waiting *waiting)
{
    if (waiting->folder == NULL)
        return;
    if (waiting->fd >= 0)
        close(waiting->fd);
    lm_buf_release(&waiting->out);
    free(waiting->starts);
    *waiting = (struct clean_waiting){.fd = -1};
}

static enum lm_status flush(struct clean_waiting *waiting, struct lm_err *err)
{
    LM_TRY(lm_buf_status(&waiting->out, err));
    if (waiting->fd < 0)
        LM_TRY(lm_unnamed_open(&waiting->fd, waiting->folder, what, err));
    LM_TRY(lm_write_all(waiting->fd, waiting->out.data, waiting->out.size, what, err));
    waiting->written += waiting->out.size;
    lm_buf_clear(&waiting->out);
    return LM_OK;
}

static enum lm_status mark(struct clean_waiting *waiting, struct lm_err *err)
{
    uint64_t *starts = lm_grow(waiting->starts, &waiting->capacity, waiting->count, sizeof *starts);
    if (starts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu documents; free some", waiting->count);
    waiting->starts = starts;
    waiting->starts[waiting->count++] = waiting->written + waiting->out.size;
    return LM_OK;
}

enum lm_status clean_waiting_put(struct clean_waiting *waiting, const struct clean_waiter *waiter,
                                 struct lm_err *err)
{
    LM_TRY(mark(waiting, err));
    lm_buf_append(&waiting->out, waiter, sizeof *waiter);
    lm_buf_append(&waiting->out, waiter->text, waiter->size);
    lm_buf_append(&waiting->out, waiter->meta, waiter->meta_size);
    return waiting->out.size >= BLOCK ? flush(waiting, err) : lm_buf_status(&waiting->out, err);
}

enum lm_status clean_waiting_end(struct clean_waiting *waiting, struct lm_err *err)
{
    return flush(waiting, err);
}

static enum lm_status read_all(const struct clean_waiting *waiting, void *out, size_t size,
                               uint64_t at, struct lm_err *err)
{
    if (lm_read_at(waiting->fd, out, size, at) != size)
        return lm_fail_errno(err, errno != 0 ? errno : EIO, "cannot read %s in %s", what,
                             waiting->folder);
    return LM_OK;
}

enum lm_status clean_waiting_head(const struct clean_waiting *waiting, size_t index,
                                  struct clean_waiter *out, struct lm_err *err)
{
    return read_all(waiting, out, sizeof *out, waiting->starts[index], err);
}

enum lm_status clean_waiting_read(const struct clean_waiting *waiting, size_t index,
                                  struct clean_waiter *out, struct lm_buf *room, struct lm_err *err)
{
    static const char blank[4096];
    LM_TRY(clean_waiting_head(waiting, index, out, err));
    const size_t size = out->size + out->meta_size;
    out->whole = out->size;
    lm_buf_clear(room);
    while (room->size < size && !room->failed)
        lm_buf_append(room, blank,
                      size - room->size < sizeof blank ? size - room->size : sizeof blank);
    LM_TRY(lm_buf_status(room, err));
    out->text = room->data;
    out->meta = size > 0 ? room->data + out->size : NULL;
    return size > 0 ? read_all(waiting, room->data, size, waiting->starts[index] + sizeof *out, err)
                    : LM_OK;
}
