#include "encode_kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"

enum { FORMAT = 1, NARROW = 65536 /* tokens whose ids fit into two bytes */ };

enum lm_status encode_kept_open(struct encode_kept *out, struct lm_ctx *ctx, uint64_t bytes,
                                int64_t vocab, struct lm_err *err)
{
    *out = (struct encode_kept){.ctx = ctx, .is_wide = vocab > NARROW};
    lm_buf_init(&out->frame, 0);
    LM_TRY(lm_ctx_work(ctx, bytes, &out->work, err));
    return out->work.folder == NULL
               ? LM_OK
               : lm_spool_open(&out->spool, out->work.own, out->work.owner, true, err);
}

void encode_kept_release(struct encode_kept *kept)
{
    lm_spool_close(&kept->spool);
    lm_buf_release(&kept->frame);
    free(kept->ids);
}

static enum lm_status clear(struct encode_kept *kept, struct lm_err *err)
{
    memset(kept->batches, 0, sizeof kept->batches);
    return lm_spool_cut(&kept->spool, 0, err);
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for kept work; free some");
}

/* ---- checkpoints ---- */

enum lm_status encode_kept_save(struct encode_kept *kept, uint64_t position,
                                struct encode_census *census, struct lm_err *err)
{
    struct lm_buf out;
    if (kept->work.folder == NULL)
        return LM_OK;
    LM_TRY(lm_spool_sync(&kept->spool, err));
    lm_buf_init(&out, 0);
    lm_pack_int(&out, FORMAT);
    lm_pack_int(&out, (int64_t)kept->spool.count);
    encode_census_pack(&out, census);
    enum lm_status status = lm_buf_status(&out, err);
    if (status == LM_OK)
        status = lm_ctx_checkpoint_save(kept->ctx, position, out.data, out.size, err);
    lm_buf_release(&out);
    return status;
}

/* The data of a frame, to be freed; *out NULL: it is not as it was written. */
static enum lm_status read_frame(uint8_t **out, const struct encode_kept *kept,
                                 const struct lm_frame *frame, struct lm_err *err)
{
    *out = malloc((size_t)frame->size + 1);
    if (*out == NULL)
        return no_memory(err);
    if (lm_spool_read(&kept->spool, frame, *out))
        return LM_OK;
    free(*out);
    *out = NULL;
    return LM_OK;
}

/* Counts the batches of each split, which come one after the other; *is_sound: all are as they were
 * written. */
static enum lm_status check_batches(struct encode_kept *kept, bool *is_sound, struct lm_err *err)
{
    size_t split = 0;
    *is_sound = true;
    for (size_t i = 0; i < kept->spool.count && *is_sound; i++) {
        const struct lm_frame *frame = &kept->spool.frames[i];
        uint8_t *data = NULL;
        LM_TRY(read_frame(&data, kept, frame, err));
        *is_sound =
            data != NULL && frame->place == i && frame->count >= split && frame->count < LM_SPLITS;
        free(data);
        split = *is_sound ? (size_t)frame->count : split;
        kept->batches[split]++;
    }
    return LM_OK;
}

enum lm_status encode_kept_load(struct encode_kept *kept, uint64_t *position,
                                struct encode_census *census, struct lm_err *err)
{
    uint64_t stood;
    void *data = NULL;
    size_t size = 0;
    if (kept->work.folder == NULL)
        return LM_OK;
    LM_TRY(lm_ctx_checkpoint_load(kept->ctx, &stood, &data, &size, err));
    if (data == NULL)
        return clear(kept, err);
    struct lm_unpack in = {data, (const uint8_t *)data + size, false};
    bool is_known = lm_unpack_int(&in) == FORMAT;
    size_t frames = (size_t)lm_unpack_int(&in);
    is_known = is_known && !in.failed && frames <= kept->spool.count;
    if (is_known)
        LM_TRY(lm_spool_cut(&kept->spool, frames, err));
    if (is_known)
        LM_TRY(check_batches(kept, &is_known, err));
    if (!is_known || !encode_census_unpack(census, &in)) {
        lm_ctx_note(kept->ctx, "what was kept is of no use; starting anew");
        return clear(kept, err);
    }
    *position = stood;
    lm_ctx_resumed(kept->ctx, stood);
    return LM_OK;
}

/* ---- batches ---- */

void encode_kept_begin(struct encode_kept *kept)
{
    lm_buf_clear(&kept->frame);
}

/* Some ids, little-endian. */
static void put_ids(struct lm_buf *out, const int32_t *ids, size_t count, size_t width)
{
    uint8_t block[4096];
    for (size_t i = 0, most = sizeof block / width; i < count; i += most) {
        size_t some = count - i < most ? count - i : most;
        for (size_t k = 0; k < some; k++)
            for (size_t byte = 0; byte < width; byte++)
                block[k * width + byte] = (uint8_t)((uint32_t)ids[i + k] >> (8 * byte));
        lm_buf_append(out, block, some * width);
    }
}

static size_t width_of(const struct encode_kept *kept)
{
    return kept->is_wide ? sizeof(uint32_t) : sizeof(uint16_t);
}

void encode_kept_add(struct encode_kept *kept, const struct lm_buf *items, const struct lm_buf *ids)
{
    const struct encode_item *item = (const struct encode_item *)(const void *)items->data;
    const int32_t *id = (const int32_t *)(const void *)ids->data;
    if (kept->work.folder == NULL)
        return;
    for (size_t i = 0; i < items->size / sizeof *item; i++) {
        lm_pack_int(&kept->frame, (int64_t)item[i].size);
        lm_pack_int(&kept->frame, (int64_t)item[i].count);
        lm_buf_put_u64(&kept->frame, item[i].id);
        put_ids(&kept->frame, id, item[i].count, width_of(kept));
        id += item[i].count;
    }
}

enum lm_status encode_kept_put(struct encode_kept *kept, enum lm_split split, struct lm_err *err)
{
    const struct lm_frame frame = {.place = kept->spool.count, .count = split};
    if (kept->work.folder == NULL)
        return LM_OK;
    LM_TRY(lm_buf_status(&kept->frame, err));
    LM_TRY(lm_spool_put(&kept->spool, &frame, kept->frame.data, kept->frame.size, err));
    kept->batches[split]++;
    return LM_OK;
}

/* ---- replaying ---- */

/* The ids of a document; NULL: there are fewer. */
static const uint8_t *take_ids(struct lm_unpack *in, size_t count, size_t width)
{
    const uint8_t *at = in->at;
    if (in->failed || count > (size_t)(in->end - at) / width)
        return NULL;
    in->at += count * width;
    return at;
}

/* The ids as they were; false: out of memory. */
static bool widen(struct encode_kept *kept, const uint8_t *at, size_t count)
{
    const size_t width = width_of(kept);
    if (count > kept->id_capacity) {
        int32_t *ids = realloc(kept->ids, count * sizeof *ids);
        if (ids == NULL)
            return false;
        kept->ids = ids;
        kept->id_capacity = count;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t id = 0;
        for (size_t byte = 0; byte < width; byte++)
            id |= (uint32_t)at[i * width + byte] << (8 * byte);
        kept->ids[i] = (int32_t)id;
    }
    return true;
}

/* A document of a frame. */
static enum lm_status give_document(struct encode_kept *kept, struct lm_unpack *in,
                                    enum lm_split split, encode_document_fn *take, void *user,
                                    struct lm_err *err)
{
    struct encode_item item;
    item.size = (size_t)lm_unpack_int(in);
    item.count = (size_t)lm_unpack_int(in);
    item.id = lm_unpack_u64(in);
    const uint8_t *at = take_ids(in, item.count, width_of(kept));
    if (at == NULL)
        return lm_fail(err, LM_INTERNAL, "kept work cannot be read; report this");
    return widen(kept, at, item.count) ? take(user, split, &item, kept->ids, err) : no_memory(err);
}

static enum lm_status give_frame(struct encode_kept *kept, const struct lm_frame *frame,
                                 encode_document_fn *take, void *user, struct lm_err *err)
{
    uint8_t *data = NULL;
    LM_TRY(read_frame(&data, kept, frame, err));
    if (data == NULL)
        return lm_fail(err, LM_FORMAT, "%s was changed by somebody; run again", kept->spool.path);
    struct lm_unpack in = {data, data + frame->size, false};
    enum lm_status status = LM_OK;
    while (status == LM_OK && in.at < in.end)
        status = give_document(kept, &in, (enum lm_split)frame->count, take, user, err);
    free(data);
    return status;
}

enum lm_status encode_kept_each(struct encode_kept *kept, encode_document_fn *take, void *user,
                                struct lm_err *err)
{
    for (size_t i = 0; i < kept->spool.count; i++) {
        LM_TRY(give_frame(kept, &kept->spool.frames[i], take, user, err));
        if (lm_ctx_cancelled(kept->ctx))
            return lm_fail(err, LM_CANCELLED, "interrupted");
    }
    return LM_OK;
}
