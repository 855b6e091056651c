#include "tokenizer/piece_kept.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to keep counts of pieces; free some");
}

static enum lm_status note_last(struct lm_piece_spill *kept, const struct lm_spool *spool,
                                struct lm_err *err)
{
    const struct lm_frame *frame = &spool->frames[spool->count - 1];
    return lm_piece_spill_note(
        kept, (struct lm_piece_run){spool->fd, frame->at, frame->at + frame->size}, err);
}

static enum lm_status keep(struct lm_piece_spill *kept, struct lm_spool *spool, const void *data,
                           size_t size, struct lm_err *err)
{
    const struct lm_frame frame = {.place = spool->count};
    LM_TRY(lm_spool_put(spool, &frame, data, size, err));
    return note_last(kept, spool, err);
}

enum lm_status lm_piece_keep_table(struct lm_piece_spill *kept, struct lm_spool *spool,
                                   struct lm_piece_table *table, struct lm_err *err)
{
    struct lm_buf run;
    if (table->count == 0)
        return LM_OK;
    lm_buf_init(&run, 0);
    lm_piece_table_sort(table);
    for (size_t i = 0; i < table->count; i++)
        lm_piece_run_put(&run, table, i);
    enum lm_status status = lm_buf_status(&run, err);
    if (status == LM_OK)
        status = keep(kept, spool, run.data, run.size, err);
    lm_buf_release(&run);
    lm_piece_table_clear(table);
    return status;
}

/* The bytes of a run, to be freed. */
static enum lm_status read_run(char **out, const struct lm_piece_run *run, struct lm_err *err)
{
    const size_t size = (size_t)(run->stop - run->at);
    char *data = malloc(size + 1);
    if (data == NULL)
        return no_memory(err);
    if (lm_read_at(run->fd, data, size, run->at) != size) {
        free(data);
        return lm_fail_errno(err, errno != 0 ? errno : EIO, "cannot read counts of pieces");
    }
    *out = data;
    return LM_OK;
}

enum lm_status lm_piece_keep_spill(struct lm_piece_spill *kept, struct lm_spool *spool,
                                   struct lm_piece_spill *spill, struct lm_err *err)
{
    for (size_t i = 0; i < spill->count; i++) {
        const struct lm_piece_run *run = &spill->runs[i];
        char *data = NULL;
        LM_TRY(read_run(&data, run, err));
        enum lm_status status = keep(kept, spool, data, (size_t)(run->stop - run->at), err);
        free(data);
        LM_TRY(status);
    }
    lm_piece_spill_release(spill);
    return LM_OK;
}

/* Can the frame be read, and is it as it was written? */
static enum lm_status check(bool *is_sound, const struct lm_spool *spool,
                            const struct lm_frame *frame, struct lm_err *err)
{
    void *data = malloc((size_t)frame->size + 1);
    if (data == NULL)
        return no_memory(err);
    *is_sound = lm_spool_read(spool, frame, data);
    free(data);
    return LM_OK;
}

enum lm_status lm_piece_keep_open(struct lm_piece_spill *kept, bool *is_sound,
                                  const struct lm_spool *spool, struct lm_err *err)
{
    *is_sound = true;
    for (size_t i = 0; i < spool->count && *is_sound; i++)
        LM_TRY(check(is_sound, spool, &spool->frames[i], err));
    for (size_t i = 0; i < spool->count && *is_sound; i++) {
        const struct lm_frame *frame = &spool->frames[i];
        LM_TRY(lm_piece_spill_note(
            kept, (struct lm_piece_run){spool->fd, frame->at, frame->at + frame->size}, err));
    }
    return LM_OK;
}
