#include "clean_judge.h"

#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "clean_item.h"
#include "clean_settle.h"
#include "clean_tell.h"

/* ---- files ---- */

/* How many bytes of a file became U+FFFD, of how many. */
struct replaced {
    int64_t bytes;
    double share;
};

/* What was replaced is counted, and said where it is much, of the first files one by one: `where`
 * the first is, and what the file `probably` is in. */
static void account(struct clean_run *run, const struct clean_file *file,
                    const struct replaced *replaced, const char *where, const char *probably)
{
    struct clean_source *source = &run->corpus.sources[file->source];
    source->replaced_bytes += replaced->bytes;
    run->totals.replaced_bytes += replaced->bytes;
    if (replaced->share <= CLEAN_LOUD || ++run->totals.loud_files > CLEAN_LOUD_NOTES)
        return;
    lm_ctx_note(run->ctx,
                "source '%s', %s: %.1f %% of its bytes are not %s and were replaced by U+FFFD, "
                "the first at %s%s%s; convert it, or see invalid",
                source->name, clean_file_member(file), 100 * replaced->share,
                file->decoded > 0 ? "what they are said to be" : "UTF-8", where,
                probably != NULL ? "; probably " : "", probably != NULL ? probably : "");
}

static void begin_file(struct clean_run *run, const struct clean_opened *opened)
{
    const struct clean_facts *facts = &opened->facts;
    const struct clean_file *file = &run->corpus.files[opened->form.file];
    const struct replaced replaced = {(int64_t)(facts->replaced_share * (double)facts->size + 0.5),
                                      facts->replaced_share};
    char where[32];
    snprintf(where, sizeof where, "line %zu", facts->bad_line);
    run->totals.marks += facts->marks;
    run->totals.newlines += facts->newlines;
    run->totals.converted += facts->is_converted;
    account(run, file, &replaced, where, facts->guess);
}

/* Pages and records say what they are encoded in, each for itself: only at its end is known how
 * much of a file was wrong. LM_FORMAT: too much. */
static enum lm_status end_file(struct clean_run *run, const struct clean_opened *opened,
                               struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[opened->form.file];
    for (size_t k = 0; k < LM_WARC_TYPE_COUNT; k++)
        run->totals.archived[k] += opened->form.types[k];
    if (file->wrong == 0)
        return LM_OK;
    const struct replaced replaced = {file->wrong, (double)file->wrong / (double)file->decoded};
    char where[48] = "its only page";
    if (file->first_wrong > 0)
        snprintf(where, sizeof where, "record %zu", file->first_wrong);
    if (replaced.share > CLEAN_TOO_MUCH)
        return lm_fail(err, LM_FORMAT,
                       "source '%s', %s: %.1f %% of the bytes of its pages are not what they are "
                       "said to be, the first in %s; name the encoding by encoding, or leave the "
                       "file out by the include of its source",
                       run->corpus.sources[file->source].name, clean_file_member(file),
                       100 * replaced.share, where);
    account(run, file, &replaced, where, NULL);
    return LM_OK;
}

/* ---- judging ---- */

/* A removed document, where all of them are to be written. */
static enum lm_status tell_removal(struct clean_run *run, const struct clean_item *item,
                                   size_t reason, const void *text, size_t size, struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[item->form->file];
    return clean_removals_put(&run->removals, &run->totals.drops[reason], item, NULL,
                              run->corpus.sources[file->source].name, clean_file_member(file), text,
                              size, err);
}

/* A record without text: its file remembers what the first one has instead. */
static enum lm_status judge_missing(struct clean_run *run, const struct clean_item *item,
                                    struct clean_file *file, struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(run->labels);
    const char *unit = item->opened->facts.by == LM_BY_WARC ? "record" : "line";
    const char *place = item->form->label;
    if (item->piece.line > 0)
        place = lm_arena_printf(run->labels, "%s, %s %zu", place, unit, item->piece.line);
    if (file->missing++ == 0 && item->opened->facts.by == LM_BY_JSONL)
        file->instead = lm_arena_strdup(lm_ctx_arena(run->ctx), item->err.text);
    if (place == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a message; free some");
    clean_totals_drop(&run->totals, CLEAN_MISSING, (const uint8_t *)place, strlen(place), NULL,
                      NULL);
    lm_arena_rewind(run->labels, mark);
    return tell_removal(run, item, CLEAN_MISSING, "", 0, err);
}

/* What was met before goes; what is left of a document is one as if it had come so. *reason: why
 * it goes, or CLEAN_RULES. */
static enum lm_status compare(struct clean_run *run, struct clean_item *item, size_t *reason,
                              struct lm_err *err)
{
    bool is_changed = false, is_new = true;
    const uint32_t source = (uint32_t)run->corpus.files[item->form->file].source;
    uint32_t first = source;
    *reason = CLEAN_ALIKE;
    LM_TRY(clean_dedup_document(&run->dedup, &item->units, &first, &is_new, err));
    if (!is_new)
        return clean_totals_shared(&run->totals, first, source, err);
    *reason = CLEAN_DUPLICATE;
    LM_TRY(clean_dedup_parts(&run->dedup, &item->units, &item->text, &is_changed, err));
    if (is_changed) {
        clean_item_disown(item);
        clean_keys_release(&item->keys);
        item->is_leaked = run->work.contamination != NULL; /* perhaps */
        lm_clean_lines(&item->text, &run->options, &run->totals.repairs);
        const uint8_t *text = (const uint8_t *)item->text.data;
        lm_text_count(&item->measure, text, item->text.size);
        lm_sha256_bytes(&item->digest, text, item->text.size);
        lm_buf_clear(&item->line);
        lm_jsonl_line(&item->line, &item->digest, text, item->text.size);
        LM_TRY(lm_buf_status(&item->line, err));
        lm_buf_clear(&item->hashes);
        clean_leak_hash(&item->hashes, text, item->text.size);
        LM_TRY(lm_buf_status(&item->hashes, err));
        if (run->work.is_sketched)
            lm_sketch_make(&item->sketch, text, item->text.size);
        if (item->text.size == 0)
            return LM_OK;
    }
    first = source;
    LM_TRY(clean_dedup_bytes(&run->dedup, &item->digest, &first, &is_new, err));
    if (!is_new)
        return clean_totals_shared(&run->totals, first, source, err);
    *reason = CLEAN_RULES;
    return LM_OK;
}

/* Why a document goes by itself, before others are looked at; CLEAN_RULES + count: it does not. */
static size_t own_reason(const struct clean_item *item)
{
    if (item->is_rejected)
        return CLEAN_INVALID;
    if (item->cleaned.documents == 0)
        return CLEAN_EMPTY;
    if (item->is_foreign)
        return CLEAN_LANGUAGE;
    return item->text.size == 0 ? CLEAN_LINELESS : CLEAN_RULES + item->outcome.rule;
}

static enum lm_status drop(struct clean_run *run, struct clean_item *item, size_t reason,
                           struct lm_err *err)
{
    LM_TRY(clean_item_text(item, err));
    bool is_raw = reason == CLEAN_INVALID || reason == CLEAN_EMPTY;
    const uint8_t *text = is_raw ? item->found.text : (const uint8_t *)item->text.data;
    size_t size = is_raw ? item->found.size : item->text.size;
    clean_totals_drop(&run->totals, reason, text, size, is_raw ? NULL : &item->measure,
                      is_raw ? NULL : &item->digest);
    return tell_removal(run, item, reason, text, size, err);
}

/* Where a document stands in the corpus, from 0 to 1, by the bytes of its files as they came. */
static double place_of(const struct clean_run *run, const struct clean_item *item)
{
    const struct clean_file *file = &run->corpus.files[item->form->file];
    const size_t cut = item->opened->facts.cut;
    double at = cut > 0 ? (double)item->at / (double)cut : 0;
    return run->corpus.bytes > 0
               ? ((double)file->before + at * (double)file->bytes) / (double)run->corpus.bytes
               : 0;
}

/* A document that no rule drops. */
static enum lm_status keep(struct clean_run *run, struct clean_item *item, struct lm_err *err)
{
    const struct clean_file *file = &run->corpus.files[item->form->file];
    struct clean_waiter waiter = {.file = item->form->file,
                                  .line = item->piece.line,
                                  .place = place_of(run, item),
                                  .language = run->language != NULL ? item->told.codes[0] : "",
                                  .kept = item->found.kept,
                                  .meta = item->found.meta.data,
                                  .meta_size = item->found.meta.size};
    size_t reason;
    clean_flow_add(&run->totals.ruled, item->text.size, &item->measure);
    LM_TRY(compare(run, item, &reason, err));
    if (reason != CLEAN_RULES)
        return drop(run, item, reason, err);
    waiter.digest = item->digest;
    waiter.measure = item->measure;
    waiter.text = item->text.data;
    waiter.size = item->text.size;
    LM_TRY(clean_split_identity(&waiter.identity, &run->params->split, &item->digest,
                                run->corpus.sources[file->source].name, clean_file_member(file),
                                item->found.host, err));
    return run->waiting.folder != NULL ? clean_settle_later(run, item, &waiter, err)
                                       : clean_settle(run, &waiter, item, err);
}

static enum lm_status judge(struct clean_run *run, struct clean_item *item, struct lm_err *err)
{
    struct clean_file *file = &run->corpus.files[item->form->file];
    if (item->status != LM_OK) {
        *err = item->err;
        return item->status;
    }
    run->totals.documents_in++;
    run->corpus.sources[file->source].documents++;
    file->records++;
    if (file->wrong == 0 && item->found.wrong > 0)
        file->first_wrong = item->piece.line;
    file->decoded += (int64_t)item->found.read;
    file->wrong += (int64_t)item->found.wrong;
    lm_clean_counts_add(&run->totals.repairs, &item->counts);
    clean_transform_add(&run->totals.transformed, &item->transformed);
    if (item->is_missing)
        return judge_missing(run, item, file, err);
    clean_flow_add(&run->totals.formats[item->opened->facts.by], item->found.size, NULL);
    clean_flow_sum(&run->totals.cleaned, &item->cleaned);
    clean_totals_lines(&run->totals, &run->rules, item->tallies, &item->outcome);
    if (run->language != NULL && item->cleaned.documents > 0)
        item->told.codes[0] = clean_totals_language(&run->totals, item->told.codes[0],
                                                    (size_t)item->cleaned.bytes, false);
    size_t reason = own_reason(item);
    if (reason == CLEAN_RULES + run->rules.count)
        return keep(run, item, err);
    return drop(run, item, reason, err);
}

/* ---- batches ---- */

enum { AHEAD = 4 /* documents whose place among what was met is on its way from memory */ };

/* Documents that were kept are unpacked one after the other, in one place that stays near. */
static enum lm_status judge_packed(struct clean_run *run, const struct clean_item *packed,
                                   struct lm_err *err)
{
    struct lm_span all;
    LM_TRY(clean_kept_read(&all, &run->kept_work, packed, err));
    struct lm_unpack in = {all.data, all.data + all.size, false}, ahead = in;
    struct clean_item item;
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < packed->kept_count + AHEAD && status == LM_OK; i++) {
        const struct lm_span next =
            i < packed->kept_count ? clean_item_next(&ahead) : (struct lm_span){NULL, 0};
        if (next.data != NULL)
            clean_dedup_foresee(&run->dedup, next.data);
        if (i < AHEAD)
            continue;
        clean_item_init(&item, packed->opened);
        item.kept = clean_item_next(&in);
        item.status = clean_item_unpack(&item, &run->work);
        status = judge(run, &item, err);
        clean_item_release(&item);
    }
    return status;
}

enum lm_status clean_judge_batch(struct clean_run *run, struct clean_batch *batch,
                                 struct lm_err *err)
{
    LM_TRY(clean_kept_put(&run->kept_work, batch, err));
    for (size_t i = 0; i < batch->begun.count; i++)
        begin_file(run, batch->begun.items[i]);
    for (size_t i = 0; i < batch->count; i++) {
        if (i + AHEAD < batch->count)
            clean_dedup_foresee(&run->dedup, batch->items[i + AHEAD].digest.bytes);
        LM_TRY(batch->items[i].kept_count > 0 ? judge_packed(run, &batch->items[i], err)
                                              : judge(run, &batch->items[i], err));
    }
    for (size_t i = 0; i < batch->ended.count; i++)
        LM_TRY(end_file(run, batch->ended.items[i], err));
    run->bytes_done += (int64_t)batch->bytes;
    return LM_OK;
}

enum lm_status clean_judge_end(const struct clean_run *run, struct lm_err *err)
{
    for (size_t i = 0; i < run->corpus.file_count; i++) {
        const struct clean_file *file = &run->corpus.files[i];
        if (file->instead != NULL && file->missing == file->records)
            return lm_fail(err, LM_FORMAT,
                           "source '%s', %s: %s; name the one that holds the text by "
                           "documents.field, or leave the file out by the include of its source",
                           run->corpus.sources[file->source].name, clean_file_member(file),
                           file->instead);
    }
    return LM_OK;
}
