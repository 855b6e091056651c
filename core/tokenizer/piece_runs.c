#include "tokenizer/piece_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/io.h"
#include "base/unnamed.h"

enum { BLOCK = 64 << 10 }; /* bytes written or read at once */

void lm_piece_spill_init(struct lm_piece_spill *spill)
{
    *spill = (struct lm_piece_spill){.fd = -1};
}

void lm_piece_spill_release(struct lm_piece_spill *spill)
{
    if (spill->fd >= 0)
        close(spill->fd);
    free(spill->runs);
    lm_piece_spill_init(spill);
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to merge runs of pieces; free some");
}

/* ---- writing ---- */

enum lm_status lm_piece_spill_note(struct lm_piece_spill *spill, struct lm_piece_run run,
                                   struct lm_err *err)
{
    struct lm_piece_run *runs = lm_grow(spill->runs, &spill->capacity, spill->count, sizeof *runs);
    if (runs == NULL)
        return no_memory(err);
    spill->runs = runs;
    spill->runs[spill->count++] = run;
    return LM_OK;
}

static enum lm_status flush(struct lm_piece_spill *spill, struct lm_buf *buf, struct lm_err *err)
{
    LM_TRY(lm_buf_status(buf, err));
    LM_TRY(lm_write_all(spill->fd, buf->data, buf->size, "counts of pieces", err));
    spill->size += buf->size;
    lm_buf_clear(buf);
    return LM_OK;
}

void lm_piece_run_put(struct lm_buf *out, const struct lm_piece_table *table, size_t i)
{
    uint8_t small[16];
    size_t size;
    const struct lm_piece *piece = &table->slots[i];
    const uint8_t *bytes = lm_piece_bytes(piece, table->longs.data, small, &size);
    lm_buf_put_u64(out, (uint64_t)piece->count);
    lm_buf_put_u64(out, piece->key[0]);
    lm_buf_put_u64(out, piece->key[1]);
    if (lm_piece_is_long(piece)) {
        lm_buf_put_u64(out, size);
        lm_buf_append(out, bytes, size);
    }
}

enum lm_status lm_piece_spill_table(struct lm_piece_spill *spill, struct lm_piece_table *table,
                                    const char *folder, struct lm_err *err)
{
    const uint64_t at = spill->size;
    if (spill->fd < 0)
        LM_TRY(lm_unnamed_open(&spill->fd, folder, "counts of pieces", err));
    struct lm_buf buf;
    lm_buf_init(&buf, 0);
    enum lm_status status = LM_OK;
    lm_piece_table_sort(table);
    for (size_t i = 0; i < table->count && status == LM_OK; i++) {
        lm_piece_run_put(&buf, table, i);
        if (buf.size >= BLOCK)
            status = flush(spill, &buf, err);
    }
    if (status == LM_OK)
        status = flush(spill, &buf, err);
    lm_buf_release(&buf);
    lm_piece_table_clear(table);
    return status == LM_OK
               ? lm_piece_spill_note(spill, (struct lm_piece_run){spill->fd, at, spill->size}, err)
               : status;
}

/* ---- reading ---- */

/* Where a run is being read: its next piece and, when it is long, the bytes that its key points to.
 */
struct cursor {
    struct lm_piece piece;
    const char *longs;
    const struct lm_piece *next, *end; /* of a table */
    int fd;                            /* of a file, else -1 */
    uint64_t at, stop;                 /* bytes of the file not read yet */
    struct lm_buf bytes;               /* those read, from `used` on */
    size_t used;
    bool is_done;
};

/* Makes `size` bytes of the file ready at bytes.data + used. */
static enum lm_status need(struct cursor *cursor, size_t size, struct lm_err *err)
{
    struct lm_buf *bytes = &cursor->bytes;
    if (bytes->size - cursor->used >= size)
        return LM_OK;
    size_t kept = bytes->size - cursor->used, want = size > BLOCK ? size : BLOCK;
    if (kept > 0)
        memmove(bytes->data, bytes->data + cursor->used, kept);
    cursor->used = 0;
    bytes->size = kept;
    while (bytes->size < want && cursor->at < cursor->stop) {
        char block[4096];
        uint64_t left = cursor->stop - cursor->at;
        ssize_t got = pread(cursor->fd, block, left < sizeof block ? (size_t)left : sizeof block,
                            (off_t)cursor->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return lm_fail_errno(err, got < 0 ? errno : EIO, "cannot read counts of pieces");
        lm_buf_append(bytes, block, (size_t)got);
        cursor->at += (uint64_t)got;
    }
    LM_TRY(lm_buf_status(bytes, err));
    return bytes->size >= size
               ? LM_OK
               : lm_fail(err, LM_FORMAT, "a file of counts was cut short; run again");
}

static uint64_t get_u64(struct cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)(uint8_t)cursor->bytes.data[cursor->used++] << (8 * i);
    return value;
}

static enum lm_status next_of_file(struct cursor *cursor, struct lm_err *err)
{
    cursor->is_done = cursor->at == cursor->stop && cursor->used == cursor->bytes.size;
    if (cursor->is_done)
        return LM_OK;
    LM_TRY(need(cursor, 24, err));
    cursor->piece.count = (int64_t)get_u64(cursor);
    cursor->piece.key[0] = get_u64(cursor);
    cursor->piece.key[1] = get_u64(cursor);
    if (!lm_piece_is_long(&cursor->piece))
        return LM_OK;
    LM_TRY(need(cursor, 8, err));
    uint64_t size = get_u64(cursor);
    cursor->used -= 8;
    LM_TRY(need(cursor, 8 + (size_t)size, err));
    cursor->longs = cursor->bytes.data + cursor->used;
    cursor->piece.key[1] = (uint64_t)255 << 56;
    cursor->used += 8 + (size_t)size;
    return LM_OK;
}

static enum lm_status advance(struct cursor *cursor, struct lm_err *err)
{
    if (cursor->fd >= 0)
        return next_of_file(cursor, err);
    cursor->is_done = cursor->next == cursor->end;
    if (!cursor->is_done)
        cursor->piece = *cursor->next++;
    return LM_OK;
}

/* ---- the union: cursors in a heap by their next piece ---- */

struct merge {
    struct cursor *cursors;
    size_t cursor_count;
    struct cursor **heap;
    size_t count;
};

static bool is_before(const struct cursor *a, const struct cursor *b)
{
    return lm_piece_compare(&a->piece, a->longs, &b->piece, b->longs) < 0;
}

static void sift_down(struct merge *merge, size_t at)
{
    struct cursor **heap = merge->heap, *moved = heap[at];
    for (size_t child = 2 * at + 1; child < merge->count; at = child, child = 2 * at + 1) {
        if (child + 1 < merge->count && is_before(heap[child + 1], heap[child]))
            child++;
        if (!is_before(heap[child], moved))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static enum lm_status start(struct merge *merge, struct lm_piece_table *const *tables,
                            const struct lm_piece_spill *const *spills, size_t count,
                            struct lm_err *err)
{
    size_t runs = count;
    for (size_t i = 0; i < count; i++)
        runs += spills[i]->count;
    merge->cursors = calloc(runs + 1, sizeof *merge->cursors);
    merge->heap = calloc(runs + 1, sizeof(struct cursor *));
    if (merge->cursors == NULL || merge->heap == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        lm_piece_table_sort(tables[i]);
        if (tables[i]->slots != NULL) /* else nothing was counted, or all was spilled */
            merge->cursors[merge->cursor_count++] =
                (struct cursor){.next = tables[i]->slots,
                                .end = tables[i]->slots + tables[i]->count,
                                .longs = tables[i]->longs.data,
                                .fd = -1};
        for (size_t k = 0; k < spills[i]->count; k++) {
            struct cursor *cursor = &merge->cursors[merge->cursor_count++];
            cursor->fd = spills[i]->runs[k].fd;
            cursor->at = spills[i]->runs[k].at;
            cursor->stop = spills[i]->runs[k].stop;
            lm_buf_init(&cursor->bytes, 0);
        }
    }
    for (size_t i = 0; i < merge->cursor_count; i++) {
        LM_TRY(advance(&merge->cursors[i], err));
        if (!merge->cursors[i].is_done)
            merge->heap[merge->count++] = &merge->cursors[i];
    }
    for (size_t i = merge->count / 2; i-- > 0;)
        sift_down(merge, i);
    return LM_OK;
}

static enum lm_status advance_top(struct merge *merge, struct lm_err *err)
{
    LM_TRY(advance(merge->heap[0], err));
    if (merge->heap[0]->is_done)
        merge->heap[0] = merge->heap[--merge->count];
    if (merge->count > 0)
        sift_down(merge, 0);
    return LM_OK;
}

static enum lm_status give_all(struct merge *merge, lm_piece_fn *take, void *user,
                               struct lm_err *err)
{
    struct lm_buf longs; /* of the piece whose count is being added up */
    lm_buf_init(&longs, 0);
    enum lm_status status = LM_OK;
    while (merge->count > 0 && status == LM_OK) {
        struct cursor *top = merge->heap[0];
        struct lm_piece piece = top->piece;
        uint8_t small[16];
        size_t size;
        const uint8_t *bytes = lm_piece_bytes(&piece, top->longs, small, &size);
        if (lm_piece_is_long(&piece)) {
            lm_buf_clear(&longs);
            lm_buf_put_u64(&longs, size);
            lm_buf_append(&longs, bytes, size);
            status = lm_buf_status(&longs, err);
            piece.key[1] = (uint64_t)255 << 56;
            bytes = (const uint8_t *)longs.data + 8;
        }
        if (status == LM_OK)
            status = advance_top(merge, err);
        while (status == LM_OK && merge->count > 0 &&
               lm_piece_compare(&piece, longs.data, &merge->heap[0]->piece,
                                merge->heap[0]->longs) == 0) {
            piece.count += merge->heap[0]->piece.count;
            status = advance_top(merge, err);
        }
        if (status == LM_OK && !take(user, bytes, size, piece.count))
            status = no_memory(err);
    }
    lm_buf_release(&longs);
    return status;
}

enum lm_status lm_piece_union(struct lm_piece_table *const *tables,
                              const struct lm_piece_spill *const *spills, size_t count,
                              lm_piece_fn *take, void *user, struct lm_err *err)
{
    struct merge merge = {NULL, 0, NULL, 0};
    enum lm_status status = start(&merge, tables, spills, count, err);
    if (status == LM_OK)
        status = give_all(&merge, take, user, err);
    for (size_t i = 0; i < merge.cursor_count; i++)
        if (merge.cursors[i].fd >= 0)
            lm_buf_release(&merge.cursors[i].bytes);
    free(merge.cursors);
    free(merge.heap);
    return status;
}
