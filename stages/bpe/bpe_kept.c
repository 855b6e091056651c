#include "bpe_kept.h"

#include "base/pack.h"
#include "tokenizer/bpe_train.h"

enum { FORMAT = 2 };

void bpe_kept_release(struct bpe_kept *kept)
{
    lm_spool_close(&kept->spool);
}

static enum lm_status pack(struct lm_buf *out, const struct bpe_kept *kept,
                           const struct bpe_place *place, struct lm_err *err)
{
    const struct lm_bpe_left_out left_out = lm_bpe_trainer_left_out(kept->trainer);
    lm_pack_int(out, FORMAT);
    lm_pack_int(out, (int64_t)kept->spool.count);
    lm_pack_int(out, (int64_t)place->documents);
    lm_pack_int(out, (int64_t)place->bytes);
    lm_pack_int(out, left_out.pieces);
    lm_pack_int(out, left_out.bytes);
    lm_pack_int(out, left_out.of_bytes);
    return lm_buf_status(out, err);
}

enum lm_status bpe_kept_save(struct bpe_kept *kept, const struct bpe_place *place,
                             struct lm_err *err)
{
    struct lm_buf out;
    if (kept->work.folder == NULL)
        return LM_OK;
    LM_TRY(lm_bpe_trainer_keep(kept->trainer, &kept->spool, err));
    LM_TRY(lm_spool_sync(&kept->spool, err));
    lm_buf_init(&out, 0);
    enum lm_status status = pack(&out, kept, place, err);
    if (status == LM_OK)
        status = lm_ctx_checkpoint_save(kept->ctx, place->bytes, out.data, out.size, err);
    lm_buf_release(&out);
    return status;
}

/* Takes up what a checkpoint says; *is_taken false: it is of no use. */
static enum lm_status take_up(struct bpe_kept *kept, bool *is_taken, struct bpe_place *place,
                              const void *data, size_t size, struct lm_err *err)
{
    struct lm_unpack in = {data, (const uint8_t *)data + size, false};
    struct lm_bpe_left_out left_out;
    struct bpe_place found;
    bool is_known = lm_unpack_int(&in) == FORMAT;
    size_t frames = (size_t)lm_unpack_int(&in);
    found.documents = (uint64_t)lm_unpack_int(&in);
    found.bytes = (uint64_t)lm_unpack_int(&in);
    left_out.pieces = lm_unpack_int(&in);
    left_out.bytes = lm_unpack_int(&in);
    left_out.of_bytes = lm_unpack_int(&in);
    *is_taken = is_known && !in.failed && frames <= kept->spool.count;
    if (!*is_taken)
        return LM_OK;
    LM_TRY(lm_spool_cut(&kept->spool, frames, err));
    LM_TRY(lm_bpe_trainer_take_up(kept->trainer, is_taken, &kept->spool, &left_out, err));
    if (*is_taken)
        *place = found;
    return LM_OK;
}

enum lm_status bpe_kept_open(struct bpe_kept *out, struct lm_ctx *ctx,
                             struct lm_bpe_trainer *trainer, uint64_t bytes,
                             struct bpe_place *place, struct lm_err *err)
{
    uint64_t position;
    void *data = NULL;
    size_t size = 0;
    bool is_taken = false;
    *out = (struct bpe_kept){.ctx = ctx, .trainer = trainer};
    LM_TRY(lm_ctx_work(ctx, bytes, &out->work, err));
    if (out->work.folder == NULL)
        return LM_OK;
    LM_TRY(lm_spool_open(&out->spool, out->work.own, out->work.owner, true, err));
    LM_TRY(lm_ctx_checkpoint_load(ctx, &position, &data, &size, err));
    if (data != NULL)
        LM_TRY(take_up(out, &is_taken, place, data, size, err));
    if (data != NULL && !is_taken)
        lm_ctx_note(ctx, "what was kept is of no use; starting anew");
    if (!is_taken)
        return lm_spool_cut(&out->spool, 0, err);
    lm_ctx_resumed(ctx, position);
    lm_ctx_note(ctx, "the pieces of %llu documents were counted before and taken as they were kept",
                (unsigned long long)place->documents);
    return LM_OK;
}
