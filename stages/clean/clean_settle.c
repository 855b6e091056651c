#include "clean_settle.h"

#include <string.h>

#include "data/split.h"

static void count_kept(struct clean_run *run, uint64_t kept)
{
    for (size_t i = 0; i < run->params->documents.keep.count; i++)
        run->kept[i] += (int64_t)(kept >> i & 1);
}

enum lm_status clean_settle(struct clean_run *run, const struct clean_waiter *waiter,
                            const struct clean_item *item, struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[waiter->file];
    run->corpus.sources[file->source].kept++;
    LM_TRY(clean_totals_keep(&run->totals, &waiter->measure, waiter->size, err));
    count_kept(run, waiter->kept);
    if (run->language != NULL)
        clean_totals_language(&run->totals, waiter->language, waiter->size, true);
    return clean_splitter_put(
        &run->splitter,
        &(struct clean_document){.source = file->source,
                                 .text = waiter->text,
                                 .size = waiter->size,
                                 .id = &waiter->digest,
                                 .hashes = item != NULL ? &item->hashes : NULL,
                                 .line = item != NULL ? &item->line : NULL,
                                 .meta = waiter->meta,
                                 .meta_size = waiter->meta_size,
                                 .place = waiter->place},
        &waiter->identity, err);
}

enum lm_status clean_settle_later(struct clean_run *run, struct clean_item *item,
                                  const struct clean_waiter *waiter, struct lm_err *err)
{
    const struct clean_split *split = &run->params->split;
    LM_TRY(clean_near_keys(&run->near, &item->keys, &run->near.shingles,
                           (const uint8_t *)waiter->text, waiter->size, err));
    LM_TRY(clean_near_add(&run->near, &item->keys,
                          lm_split_draw(&waiter->identity, split->valid, split->test), err));
    LM_TRY(clean_contamination_add(&run->contamination, item->is_leaked, err));
    return clean_waiting_put(&run->waiting, waiter, err);
}

/* ---- documents that waited ---- */

/* A document that another one represents. */
static enum lm_status drop_near(struct clean_run *run, const struct clean_waiter *waiter,
                                size_t index, struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[waiter->file];
    const struct clean_item item = {.piece = {.line = waiter->line}};
    struct clean_waiter stays;
    LM_TRY(clean_waiting_head(&run->waiting, clean_near_first(&run->near, index), &stays, err));
    const struct clean_like like = {run->near.near.documents[index].jaccard, &stays.digest};
    clean_totals_drop(&run->totals, CLEAN_NEAR, (const uint8_t *)waiter->text, waiter->size,
                      &waiter->measure, &waiter->digest);
    LM_TRY(clean_totals_shared(&run->totals, (uint32_t)run->corpus.files[stays.file].source,
                               (uint32_t)file->source, err));
    return clean_removals_put(&run->removals, &run->totals.drops[CLEAN_NEAR], &item, &like,
                              run->corpus.sources[file->source].name, clean_file_member(file),
                              waiter->text, waiter->size, err);
}

/* A document of which evaluation items leave nothing, or too many pieces. */
static enum lm_status drop_leaked(struct clean_run *run, const struct clean_waiter *waiter,
                                  struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[waiter->file];
    const struct clean_item item = {.piece = {.line = waiter->line}};
    clean_totals_drop(&run->totals, CLEAN_LEAKED, (const uint8_t *)waiter->text, waiter->size,
                      &waiter->measure, &waiter->digest);
    return clean_removals_put(&run->removals, &run->totals.drops[CLEAN_LEAKED], &item, NULL,
                              run->corpus.sources[file->source].name, clean_file_member(file),
                              waiter->text, waiter->size, err);
}

/* A piece of a document is one itself; with a group of documents it stays on its side. */
static enum lm_status settle_piece(struct clean_run *run, const struct clean_waiter *waiter,
                                   const struct lm_leak_span *span, struct lm_err *err)
{
    struct clean_waiter piece = *waiter;
    struct clean_flow flow = {.documents = 0};
    piece.text = waiter->text + span->at;
    piece.size = span->end - span->at;
    lm_text_count(&piece.measure, (const uint8_t *)piece.text, piece.size);
    lm_sha256_bytes(&piece.digest, piece.text, piece.size);
    if (strcmp(run->params->split.group, "document") == 0)
        LM_TRY(clean_split_identity(&piece.identity, &run->params->split, &piece.digest, "", "", "",
                                    err));
    clean_flow_add(&flow, piece.size, &piece.measure);
    clean_flow_less(&run->totals.cut, &flow);
    return clean_settle(run, &piece, NULL, err);
}

/* A document that stays, without what is evaluated on. */
static enum lm_status settle_rest(struct clean_run *run, const struct clean_waiter *waiter,
                                  size_t index, struct lm_err *err)
{
    const struct lm_leak_cut *cut = &run->contamination.cut;
    bool is_cut;
    LM_TRY(clean_contamination_cut(&run->contamination, &is_cut, index, waiter, err));
    if (!is_cut)
        return clean_settle(run, waiter, NULL, err);
    if (cut->piece_count == 0)
        return drop_leaked(run, waiter, err);
    clean_flow_add(&run->totals.cut, waiter->size, &waiter->measure);
    for (size_t i = 0; i < cut->piece_count; i++)
        LM_TRY(settle_piece(run, waiter, &cut->pieces[i], err));
    return LM_OK;
}

static enum lm_status decide(struct clean_run *run, size_t index, struct lm_buf *room,
                             struct lm_err *err)
{
    struct clean_waiter waiter;
    LM_TRY(clean_waiting_read(&run->waiting, index, &waiter, room, err));
    return clean_near_first(&run->near, index) == index ? settle_rest(run, &waiter, index, err)
                                                        : drop_near(run, &waiter, index, err);
}

enum lm_status clean_settle_waiting(struct clean_run *run, struct lm_err *err)
{
    struct lm_buf room;
    enum lm_status status = LM_OK;
    if (run->waiting.folder == NULL)
        return LM_OK;
    LM_TRY(clean_waiting_end(&run->waiting, err));
    LM_TRY(clean_near_resolve(&run->near, &run->waiting, run->ctx, run->pool, err));
    LM_TRY(
        clean_contamination_count(&run->contamination, &run->near, &run->waiting, run->ctx, err));
    lm_buf_init(&room, 0);
    for (size_t i = 0; i < run->waiting.count && status == LM_OK; i++) {
        status = decide(run, i, &room, err);
        if (status == LM_OK && lm_ctx_cancelled(run->ctx))
            status = lm_fail(err, LM_CANCELLED, "stopped while cleaning; run again");
    }
    lm_buf_release(&room);
    return status;
}
