#include "clean_kept.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/pack.h"
#include "clean_item.h"
#include "clean_read.h"

#define MOST 2 /* times the corpus: bytes of all that is kept by these settings */

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for kept work; free some");
}

/* ---- what there is ---- */

static bool is_work(const char *name)
{
    return strncmp(name, "work-", 5) == 0;
}

/* The run's own file first; others only where what is there may be used. */
static enum lm_status open_spools(struct clean_kept *kept, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(kept->ctx);
    const struct lm_work *work = &kept->work;
    struct lm_names names = {NULL, 0};
    LM_TRY(lm_dir_list(&names, arena, work->folder, err));
    kept->spools = LM_NEW_ARRAY(arena, struct clean_kept_spool, names.count + 1);
    if (kept->spools == NULL)
        return no_memory(err);
    LM_TRY(lm_spool_open(&kept->spools[0].spool, work->own, work->owner, true, err));
    kept->spool_count = 1;
    if (work->afresh) /* but for what it has done itself by now */
        return kept->has_stood ? LM_OK : lm_spool_cut(&kept->spools[0].spool, 0, err);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = lm_path_join(arena, work->folder, names.items[i]);
        if (path == NULL)
            return no_memory(err);
        if (!is_work(names.items[i]) || strcmp(path, work->own) == 0)
            continue;
        struct lm_spool *spool = &kept->spools[kept->spool_count].spool;
        LM_TRY(lm_spool_open(spool, path, work->owner, false, err));
        kept->spool_count += spool->is_open;
    }
    return LM_OK;
}

/* By file and place; of equal ones that written last comes first, the run's own before others. */
static int compare_rows(const void *a, const void *b)
{
    const struct clean_kept_row *x = a, *y = b;
    int order = lm_digest_compare(&x->frame.of, &y->frame.of);
    if (order != 0)
        return order;
    if (x->frame.place != y->frame.place)
        return x->frame.place < y->frame.place ? -1 : 1;
    if (x->spool != y->spool)
        return x->spool < y->spool ? -1 : 1;
    return x->frame.at > y->frame.at ? -1 : x->frame.at < y->frame.at;
}

static enum lm_status list_frames(struct clean_kept *kept, struct lm_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < kept->spool_count; i++)
        count += kept->spools[i].spool.count;
    if (count == 0)
        return LM_OK;
    kept->rows = calloc(count, sizeof *kept->rows);
    if (kept->rows == NULL)
        return no_memory(err);
    for (size_t i = 0; i < kept->spool_count; i++)
        for (size_t k = 0; k < kept->spools[i].spool.count; k++)
            kept->rows[kept->row_count++] =
                (struct clean_kept_row){kept->spools[i].spool.frames[k], i};
    qsort(kept->rows, count, sizeof *kept->rows, compare_rows);
    return LM_OK;
}

enum lm_status clean_kept_open(struct clean_kept *out, struct lm_ctx *ctx,
                               const struct clean_params *params, uint64_t bytes,
                               struct lm_err *err)
{
    void *data = NULL;
    size_t size = 0;
    *out = (struct clean_kept){.ctx = ctx,
                               .has_names = params->documents.keep.count > 0,
                               .has_whole = params->removals,
                               .is_again = out->is_again};
    lm_buf_init(&out->frame, 0);
    LM_TRY(lm_ctx_work(ctx, bytes, &out->work, err));
    if (out->work.folder == NULL)
        return LM_OK;
    LM_TRY(lm_ctx_checkpoint_load(ctx, &out->stood, &data, &size, err));
    out->has_stood = data != NULL;
    if (out->has_stood)
        lm_ctx_resumed(ctx, out->stood);
    LM_TRY(open_spools(out, err));
    return list_frames(out, err);
}

/* ---- looking ---- */

bool clean_kept_id(struct lm_digest *out, const struct clean_kept *kept,
                   const struct clean_form *form, const char *digest)
{
    if (kept->work.folder == NULL || !lm_digest_parse(out, digest))
        return false;
    struct lm_sha256 *hash = kept->has_names ? lm_sha256_create() : NULL;
    if (!kept->has_names || hash == NULL)
        return !kept->has_names;
    lm_sha256_update(hash, out->bytes, sizeof out->bytes);
    lm_sha256_update(hash, form->source, strlen(form->source) + 1);
    lm_sha256_update(hash, form->member, strlen(form->member) + 1);
    lm_sha256_final(hash, out);
    lm_sha256_free(hash);
    return true;
}

static const struct clean_kept_row *find(const struct clean_kept *kept, const struct lm_digest *of,
                                         uint64_t place)
{
    const struct clean_kept_row wanted = {{.of = *of, .place = place, .at = UINT64_MAX}, 0};
    size_t low = 0, high = kept->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_rows(&kept->rows[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct clean_kept_row *row = low < kept->row_count ? &kept->rows[low] : NULL;
    bool is_it =
        row != NULL && row->frame.place == place && lm_digest_compare(&row->frame.of, of) == 0;
    return is_it ? row : NULL;
}

bool clean_kept_has(const struct clean_kept *kept, const struct lm_digest *id)
{
    return find(kept, id, 0) != NULL;
}

/* ---- frames ---- */

enum { FACTS_MOST = 512 /* bytes that are told of a file: numbers, and an encoding's name */ };

/* What is told of a file, of which `bytes` are in the frame; of a web archive what it held, where
 * this is its last one. */
static void pack_facts(struct lm_buf *out, const struct clean_opened *opened, size_t bytes,
                       bool is_last)
{
    const struct clean_facts *facts = &opened->facts;
    const char *guess = facts->guess != NULL ? facts->guess : "";
    lm_pack_int(out, is_last);
    lm_pack_int(out, (int64_t)bytes);
    lm_pack_int(out, facts->by);
    lm_pack_int(out, (int64_t)facts->size);
    lm_pack_int(out, (int64_t)facts->cut);
    lm_pack_int(out, facts->marks);
    lm_pack_int(out, facts->newlines);
    lm_pack_int(out, facts->is_converted);
    lm_pack_double(out, facts->replaced_share);
    lm_pack_int(out, (int64_t)facts->bad_line);
    lm_pack_bytes(out, guess, strlen(guess));
    for (size_t i = 0; i < LM_WARC_TYPE_COUNT; i++)
        lm_pack_int(out, is_last ? opened->form.types[i] : 0);
}

static enum lm_status unpack_facts(struct clean_opened *opened, struct lm_unpack *in, size_t *bytes,
                                   bool *is_last, struct lm_err *err)
{
    struct clean_facts facts = {.size = 0};
    size_t size;
    *is_last = lm_unpack_int(in) != 0;
    *bytes = (size_t)lm_unpack_int(in);
    const int64_t by = lm_unpack_int(in);
    in->failed = in->failed || by < 0 || by >= LM_BY_AUTO; /* of the way it was read */
    facts.by = in->failed ? LM_BY_FILE : (enum lm_documents_by)by;
    facts.size = (size_t)lm_unpack_int(in);
    facts.cut = (size_t)lm_unpack_int(in);
    facts.marks = lm_unpack_int(in);
    facts.newlines = lm_unpack_int(in);
    facts.is_converted = lm_unpack_int(in) != 0;
    facts.replaced_share = lm_unpack_double(in);
    facts.bad_line = (size_t)lm_unpack_int(in);
    const char *guess = lm_unpack_bytes(in, &size);
    if (size > 0)
        facts.guess = lm_arena_strndup(opened->arena, guess, size);
    if (size > 0 && facts.guess == NULL)
        return no_memory(err);
    int64_t types[LM_WARC_TYPE_COUNT];
    for (size_t i = 0; i < LM_WARC_TYPE_COUNT; i++)
        types[i] = lm_unpack_int(in);
    if (*is_last && !in->failed)
        memcpy(opened->form.types, types, sizeof types);
    if (opened->taken == 0 && !in->failed)
        opened->facts = facts;
    return LM_OK;
}

/* An item for each of the packed documents. */
static enum lm_status add_items(struct clean_batch *batch, struct clean_opened *opened,
                                struct lm_unpack *in, uint64_t count, struct lm_err *err)
{
    for (uint64_t i = 0; i < count && !in->failed; i++) {
        struct lm_span item = clean_item_next(in);
        if (!in->failed)
            LM_TRY(clean_batch_add_kept(batch, opened, item, err));
    }
    return LM_OK;
}

/* The data of a frame, in the batch's room; NULL in *data: it is not as it was written. */
static enum lm_status read_frame(void **data, struct clean_batch *batch,
                                 const struct lm_spool *spool, const struct lm_frame *frame,
                                 struct lm_err *err)
{
    void *bytes = clean_batch_room(batch, (size_t)frame->size + 1);
    if (bytes == NULL)
        return no_memory(err);
    *data = lm_spool_read(spool, frame, bytes) ? bytes : NULL;
    return LM_OK;
}

/* All documents of a frame as one item: what is told of the file stands in front of them, and is
 * believed until they are read. */
static enum lm_status put_off(struct clean_batch *batch, struct clean_opened *opened,
                              const struct lm_spool *spool, const struct clean_kept_row *row,
                              bool *is_taken, bool *is_last, struct lm_err *err)
{
    uint8_t head[FACTS_MOST];
    size_t bytes = 0;
    struct lm_unpack in = {head, head + lm_spool_peek(spool, &row->frame, head, sizeof head),
                           false};
    LM_TRY(unpack_facts(opened, &in, &bytes, is_last, err));
    *is_taken = !in.failed;
    return in.failed
               ? LM_OK
               : clean_batch_add_packed(batch, opened, row, (size_t)(in.at - head), bytes, err);
}

/* Documents one by one: tasks unpack them. */
static enum lm_status take_each(struct clean_batch *batch, struct clean_opened *opened,
                                const struct lm_spool *spool, const struct clean_kept_row *row,
                                bool *is_taken, bool *is_last, struct lm_err *err)
{
    const struct lm_frame *frame = &row->frame;
    void *data = NULL;
    size_t bytes = 0;
    LM_TRY(read_frame(&data, batch, spool, frame, err));
    if (data == NULL)
        return LM_OK;
    struct lm_unpack in = {data, (uint8_t *)data + frame->size, false};
    LM_TRY(unpack_facts(opened, &in, &bytes, is_last, err));
    LM_TRY(add_items(batch, opened, &in, in.failed ? 0 : frame->count, err));
    if (in.failed)
        return lm_fail(err, LM_INTERNAL, "kept work cannot be read; remove %s, and report this",
                       spool->path);
    *is_taken = frame->count > 0 || *is_last;
    return LM_OK;
}

enum lm_status clean_kept_take(struct clean_kept *kept, struct clean_opened *opened,
                               struct clean_batch *batch, bool *is_taken, bool *is_last,
                               struct lm_err *err)
{
    const struct clean_kept_row *row = find(kept, &opened->id, opened->taken);
    *is_taken = *is_last = false;
    if (row == NULL)
        return LM_OK;
    struct clean_kept_spool *from = &kept->spools[row->spool];
    const bool is_put_off = row->frame.count > 0 && !batch->work->needs_texts;
    LM_TRY((is_put_off ? put_off : take_each)(batch, opened, &from->spool, row, is_taken, is_last,
                                              err));
    if (!*is_taken)
        return LM_OK;
    from->is_used = true;
    opened->taken += (size_t)row->frame.count;
    kept->taken += row->frame.count;
    return LM_OK;
}

enum lm_status clean_kept_read(struct lm_span *out, struct clean_kept *kept,
                               const struct clean_item *packed, struct lm_err *err)
{
    const struct lm_spool *spool = &kept->spools[packed->row->spool].spool;
    const struct lm_frame *frame = &packed->row->frame;
    uint8_t *data = clean_room_for(&kept->room, (size_t)frame->size);
    if (data == NULL)
        return no_memory(err);
    *out = (struct lm_span){data + packed->kept_from, (size_t)frame->size - packed->kept_from};
    if (lm_spool_read(spool, frame, data))
        return LM_OK;
    kept->is_damaged = true;
    LM_TRY(lm_spool_drop(spool, frame, kept->is_again, err));
    return lm_fail(err, LM_MISMATCH, "kept work in %s was damaged; run again", spool->path);
}

/* ---- keeping ---- */

static enum lm_status put_frame(struct clean_kept *kept, struct clean_opened *opened,
                                const struct clean_item *items, size_t count, bool is_last,
                                const struct clean_work *work, struct lm_err *err)
{
    struct lm_buf *out = &kept->frame;
    const struct lm_frame frame = {.of = opened->id, .place = opened->put, .count = count};
    size_t bytes = 0;
    if (!opened->has_id)
        return LM_OK;
    lm_buf_clear(out);
    for (size_t i = 0; i < count; i++)
        bytes += items[i].piece.size;
    pack_facts(out, opened, bytes, is_last);
    for (size_t i = 0; i < count; i++) {
        if (items[i].status != LM_OK)
            return LM_OK; /* the run ends with it */
        clean_item_pack(out, &items[i], work, kept->has_whole);
    }
    LM_TRY(lm_buf_status(out, err));
    LM_TRY(lm_spool_put(&kept->spools[0].spool, &frame, out->data, out->size, err));
    opened->put += count;
    opened->is_put = is_last;
    return LM_OK;
}

static bool was_kept(const struct clean_item *item)
{
    return item->kept.data != NULL || item->kept_count > 0;
}

/* Is the file among those that end in the batch? They come in the order of its items. */
static bool ends_here(const struct clean_files *ended, size_t *from,
                      const struct clean_opened *opened)
{
    for (size_t i = *from; i < ended->count; i++)
        if (ended->items[i] == opened) {
            *from = i + 1;
            return true;
        }
    return false;
}

enum lm_status clean_kept_put(struct clean_kept *kept, const struct clean_batch *batch,
                              struct lm_err *err)
{
    size_t end, from = 0;
    if (kept->work.folder == NULL)
        return LM_OK;
    for (size_t i = 0; i < batch->count; i = end) {
        const struct clean_item *item = &batch->items[i];
        for (end = i + 1; end < batch->count && batch->items[end].opened == item->opened &&
                          was_kept(&batch->items[end]) == was_kept(item);)
            end++;
        bool is_end = end == batch->count || batch->items[end].opened != item->opened;
        if (was_kept(item))
            continue;
        bool is_last = is_end && ends_here(&batch->ended, &from, item->opened);
        LM_TRY(put_frame(kept, item->opened, item, end - i, is_last, batch->work, err));
    }
    for (size_t i = 0; i < batch->ended.count; i++) /* whose end came with no piece of theirs */
        if (!batch->ended.items[i]->is_kept && !batch->ended.items[i]->is_put)
            LM_TRY(put_frame(kept, batch->ended.items[i], NULL, 0, true, batch->work, err));
    return LM_OK;
}

/* ---- checkpoints and the end ---- */

enum lm_status clean_kept_save(struct clean_kept *kept, uint64_t position, struct lm_err *err)
{
    if (kept->work.folder == NULL)
        return LM_OK;
    if (position > kept->stood)
        kept->stood = position;
    LM_TRY(lm_spool_sync(&kept->spools[0].spool, err));
    return lm_ctx_checkpoint_save(kept->ctx, kept->stood, &kept->stood, sizeof kept->stood, err);
}

static int64_t changed_at(const struct lm_spool *spool)
{
    struct stat info;
    return fstat(spool->fd, &info) == 0 ? (int64_t)info.st_mtime : 0;
}

/* The oldest file of which nothing was used; SIZE_MAX: there is none. */
static size_t find_unused(const struct clean_kept *kept)
{
    size_t best = SIZE_MAX;
    int64_t oldest = INT64_MAX;
    for (size_t i = 1; i < kept->spool_count; i++) {
        const struct lm_spool *spool = &kept->spools[i].spool;
        int64_t changed =
            spool->is_open && !kept->spools[i].is_used ? changed_at(spool) : INT64_MAX;
        if (changed < oldest) {
            oldest = changed;
            best = i;
        }
    }
    return best;
}

static void drop_unused(struct clean_kept *kept, uint64_t most)
{
    uint64_t all = 0;
    for (size_t i = 0; i < kept->spool_count; i++)
        all += kept->spools[i].spool.size;
    for (size_t i; all > most && (i = find_unused(kept)) != SIZE_MAX;) {
        struct lm_spool *spool = &kept->spools[i].spool;
        all -= spool->size;
        unlink(spool->path);
        lm_spool_close(spool);
    }
}

void clean_kept_end(struct clean_kept *kept, uint64_t documents, uint64_t bytes)
{
    if (kept->work.folder == NULL)
        return;
    if (kept->taken > 0)
        lm_ctx_note(kept->ctx,
                    "%llu of %llu documents were cleaned before and taken as they were kept",
                    (unsigned long long)kept->taken, (unsigned long long)documents);
    for (size_t i = 1; i < kept->spool_count; i++)
        if (kept->spools[i].is_used)
            futimens(kept->spools[i].spool.fd, NULL); /* last used, last to go */
    drop_unused(kept, MOST * bytes);
    if (kept->spools[0].spool.count == 0)
        unlink(kept->work.own);
    lm_ctx_state_save(kept->ctx, bytes, &(struct lm_save_part){&bytes, sizeof bytes}, 1);
}

void clean_kept_release(struct clean_kept *kept)
{
    for (size_t i = 0; i < kept->spool_count; i++)
        lm_spool_close(&kept->spools[i].spool);
    free(kept->rows);
    free(kept->room.data);
    lm_buf_release(&kept->frame);
    *kept = (struct clean_kept){.ctx = NULL};
}
