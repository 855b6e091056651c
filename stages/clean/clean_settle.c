#include "clean_settle.h"

#include <string.h>

#include "data/split.h"

static void count_kept(struct clean_run *run, uint64_t kept)
{
    for (size_t i = 0; i < run->params->documents.keep.count; i++)
        run->kept[i] += (int64_t)(kept >> i & 1);
}

/* What is compared with the other sides, where nothing better is. */
static enum lm_status sketch(struct clean_run *run, const struct clean_waiter *waiter,
                             const struct clean_item *item, struct lm_err *err)
{
    const struct clean_split *split = &run->params->split;
    struct lm_sketch made;
    if (!run->work.is_sketched)
        return LM_OK;
    if (item == NULL)
        lm_sketch_make(&made, (const uint8_t *)waiter->text, waiter->size);
    return clean_sketches_add(&run->sketches, item != NULL ? &item->sketch : &made,
                              lm_split_draw(&waiter->identity, split->valid, split->test), err);
}

enum lm_status clean_settle(struct clean_run *run, const struct clean_waiter *waiter,
                            const struct clean_item *item, struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[waiter->file];
    run->corpus.sources[file->source].kept++;
    LM_TRY(clean_totals_keep(&run->totals, &waiter->measure, waiter->size, err));
    count_kept(run, waiter->kept);
    LM_TRY(sketch(run, waiter, item, err));
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
    LM_TRY(clean_substring_wait(&run->substring, waiter->size, waiter->place,
                                run->near.params == NULL && run->classifier.params == NULL, err));
    return clean_waiting_put(&run->waiting, waiter, err);
}

/* ---- documents that waited ---- */

/* A document that goes whole; `like` NULL: there is nothing to tell about it. */
static enum lm_status drop_whole(struct clean_run *run, enum clean_reason reason,
                                 const struct clean_waiter *waiter, const struct clean_like *like,
                                 struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[waiter->file];
    const struct clean_item item = {.piece = {.line = waiter->line}};
    clean_totals_drop(&run->totals, reason, (const uint8_t *)waiter->text, waiter->size,
                      &waiter->measure, &waiter->digest);
    return clean_removals_put(&run->removals, &run->totals.drops[reason], &item, like,
                              run->corpus.sources[file->source].name, clean_file_member(file),
                              waiter->text, waiter->size, err);
}

/* A document that another one represents. */
static enum lm_status drop_near(struct clean_run *run, const struct clean_waiter *waiter,
                                size_t index, struct lm_err *err)
{
    struct clean_waiter stays;
    LM_TRY(clean_waiting_head(&run->waiting, clean_near_first(&run->near, index), &stays, err));
    const struct clean_like like = {run->near.near.documents[index].jaccard, &stays.digest};
    LM_TRY(clean_totals_shared(&run->totals, (uint32_t)run->corpus.files[stays.file].source,
                               (uint32_t)run->corpus.files[waiter->file].source, err));
    return drop_whole(run, CLEAN_NEAR, waiter, &like, err);
}

/* What was cut has another digest; with a group of documents it stays on its side. */
static enum lm_status measure_anew(struct clean_run *run, struct clean_waiter *waiter,
                                   struct lm_err *err)
{
    lm_text_count(&waiter->measure, (const uint8_t *)waiter->text, waiter->size);
    lm_sha256_bytes(&waiter->digest, waiter->text, waiter->size);
    if (strcmp(run->params->split.group, "document") != 0)
        return LM_OK;
    return clean_split_identity(&waiter->identity, &run->params->split, &waiter->digest, "", "", "",
                                err);
}

/* A piece of a document is one itself. */
static enum lm_status settle_piece(struct clean_run *run, const struct clean_waiter *waiter,
                                   const struct lm_leak_span *span, struct lm_err *err)
{
    struct clean_waiter piece = *waiter;
    struct clean_flow flow = {.documents = 0};
    piece.text = waiter->text + span->at;
    piece.size = span->end - span->at;
    LM_TRY(measure_anew(run, &piece, err));
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
        return drop_whole(run, CLEAN_LEAKED, waiter, NULL, err);
    clean_flow_add(&run->totals.cut, waiter->size, &waiter->measure);
    for (size_t i = 0; i < cut->piece_count; i++)
        LM_TRY(settle_piece(run, waiter, &cut->pieces[i], err));
    return LM_OK;
}

/* A document that repeats an earlier one, or parts of it: *is_gone when nothing new is left. */
static enum lm_status take_repeats(struct clean_run *run, struct clean_waiter *waiter, size_t index,
                                   bool is_cut, bool *is_gone, struct lm_err *err)
{
    struct clean_substring *substring = &run->substring;
    struct clean_waiter whole = *waiter;
    const bool is_short = is_cut || waiter->size < (size_t)substring->params->bytes;
    bool is_new = true;
    uint32_t mark = 0;
    *is_gone = false;
    if (is_cut)
        LM_TRY(measure_anew(run, waiter, err));
    if (is_short && waiter->size > 0 && run->params->dedup.same)
        LM_TRY(lm_digest_set_add(&substring->met, &waiter->digest, &mark, &is_new, err));
    *is_gone = waiter->size == 0 || !is_new;
    if (is_cut) {
        whole.text = clean_substring_whole(substring, index);
        whole.size = waiter->whole;
        clean_substring_tell(substring, index, whole.size);
    }
    if (*is_gone)
        return drop_whole(run, CLEAN_REPEATED, &whole, NULL, err);
    if (is_cut) {
        struct clean_flow left = {.documents = 0};
        clean_flow_add(&substring->cut, whole.size, &whole.measure);
        clean_flow_add(&left, waiter->size, &waiter->measure);
        clean_flow_less(&substring->cut, &left);
    }
    return LM_OK;
}

static enum lm_status decide(struct clean_run *run, size_t index, struct lm_buf *room,
                             struct lm_err *err)
{
    struct clean_waiter waiter;
    bool is_cut, is_gone = false;
    LM_TRY(clean_left_read(&run->left, index, &waiter, room, &is_cut, err));
    if (clean_near_first(&run->near, index) != index)
        return drop_near(run, &waiter, index, err);
    if (clean_classifier_drops(&run->classifier, index)) {
        const struct clean_like like = {clean_classifier_score(&run->classifier, index), NULL};
        return drop_whole(run, CLEAN_CLASSIFIED, &waiter, &like, err);
    }
    if (run->substring.params != NULL)
        LM_TRY(take_repeats(run, &waiter, index, is_cut, &is_gone, err));
    return is_gone ? LM_OK : settle_rest(run, &waiter, index, err);
}

static bool is_left(const void *user, size_t index)
{
    return clean_left_has(user, index);
}

enum lm_status clean_settle_waiting(struct clean_run *run, struct lm_err *err)
{
    struct lm_buf room;
    enum lm_status status = LM_OK;
    if (run->waiting.folder == NULL)
        return LM_OK;
    LM_TRY(clean_waiting_end(&run->waiting, err));
    clean_dedup_release(&run->dedup); /* nothing is met any more: the memory is for what follows */
    LM_TRY(clean_near_resolve(&run->near, &run->waiting, run->ctx, run->pool, err));
    LM_TRY(clean_classifier_judge(&run->classifier, &run->waiting, &run->near, run->ctx, run->pool,
                                  err));
    LM_TRY(clean_substring_find(&run->substring, &run->waiting, is_left, &run->left, run->ctx,
                                run->pool, err));
    LM_TRY(clean_contamination_count(&run->contamination, &run->left, run->ctx, err));
    lm_buf_init(&room, 0);
    for (size_t i = 0; i < run->waiting.count && status == LM_OK; i++) {
        status = decide(run, i, &room, err);
        if (status == LM_OK && lm_ctx_cancelled(run->ctx))
            status = lm_fail(err, LM_CANCELLED, "stopped while cleaning; run again");
    }
    lm_buf_release(&room);
    return status;
}
