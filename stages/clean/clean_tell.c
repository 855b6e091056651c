#include "clean_tell.h"

enum lm_status clean_tell_nothing_left(const struct clean_run *run, struct lm_err *err)
{
    const struct clean_drop *most = &run->totals.drops[0];
    for (size_t i = 1; i < run->totals.drop_count; i++)
        if (run->totals.drops[i].gone.documents > most->gone.documents)
            most = &run->totals.drops[i];
    if (most->gone.documents == 0)
        return lm_fail(err, LM_INVALID, "the corpus has no text; add a source that has some");
    return lm_fail(err, LM_INVALID, "no document is left: of %lld, %lld fell to \"%s\"; loosen it",
                   (long long)run->totals.documents_in, (long long)most->gone.documents,
                   most->name);
}

/* Replaced bytes above the share that is fine, in the headline; "" when there are none. */
static const char *loud_part(const struct clean_run *run)
{
    const struct clean_totals *totals = &run->totals;
    double share = run->bytes_all > 0 ? (double)totals->replaced_bytes / (double)run->bytes_all : 0;
    const char *text = "";
    if (share > CLEAN_LOUD)
        text = lm_arena_printf(lm_ctx_arena(run->ctx), ", %.1f %% of bytes replaced", 100 * share);
    else if (totals->loud_files > 0)
        text = lm_arena_printf(lm_ctx_arena(run->ctx),
                               ", over 1 %% of bytes replaced in %lld of %zu files",
                               (long long)totals->loud_files, run->corpus.file_count);
    return text != NULL ? text : "";
}

/* What the web archives held. */
static void tell_archived(struct clean_run *run)
{
    int64_t all = 0;
    const char *parts = "";
    for (size_t i = 0; i < LM_WARC_TYPE_COUNT && parts != NULL; i++) {
        int64_t count = run->totals.archived[i];
        all += count;
        if (count > 0)
            parts = lm_arena_printf(lm_ctx_arena(run->ctx), "%s%s%lld %s", parts,
                                    parts[0] != '\0' ? ", " : "", (long long)count,
                                    lm_warc_type_names[i]);
    }
    if (all > 0 && parts != NULL)
        lm_ctx_note(run->ctx, "web archives: %lld records (%s)", (long long)all, parts);
}

/* What no document has was not meant so. */
static void tell_kept(struct clean_run *run)
{
    const char *const *names = run->params->documents.keep.items;
    for (size_t i = 0; i < run->params->documents.keep.count; i++)
        if (run->kept[i] == 0)
            lm_ctx_note(run->ctx, "documents.keep: no document has '%s'; meta has null for it",
                        names[i]);
}

/* What each rule did, and what it was not asked about. */
static void tell_drops(struct clean_run *run)
{
    const struct clean_totals *totals = &run->totals;
    for (size_t i = 0; i < totals->drop_count; i++) {
        const struct clean_drop *drop = &totals->drops[i];
        double unfit =
            totals->documents_in > 0 ? 100 * (double)drop->unfit / (double)totals->documents_in : 0;
        if (drop->gone.documents > 0)
            lm_ctx_note(run->ctx, "dropped by %s: %lld documents, %lld bytes", drop->name,
                        (long long)drop->gone.documents, (long long)drop->gone.bytes);
        else if (drop->lines > 0)
            lm_ctx_note(run->ctx, "%s: %lld lines, %lld bytes", drop->name, (long long)drop->lines,
                        (long long)drop->gone.bytes);
        else if (drop->rule != NULL || drop->language != NULL)
            lm_ctx_note(run->ctx, "rule %s dropped nothing", drop->name);
        if (drop->unfit > 0)
            lm_ctx_note(run->ctx,
                        "warning: %s is a rule for English; it was not asked about %lld documents "
                        "(%.1f %%), whose letters are mostly of another script",
                        drop->name, (long long)drop->unfit, unfit);
    }
}

void clean_tell(struct clean_run *run)
{
    const struct clean_totals *totals = &run->totals;
    const struct clean_side *sides = run->splitter.sides;
    tell_archived(run);
    tell_kept(run);
    if (totals->dropped_parts > 0)
        lm_ctx_note(run->ctx, "met before and taken out: %lld paragraphs, %lld lines, %lld bytes",
                    (long long)totals->dropped_paragraphs, (long long)totals->dropped_lines,
                    (long long)totals->dropped_parts);
    if (totals->loud_files > CLEAN_LOUD_NOTES)
        lm_ctx_note(run->ctx, "and %lld more files with over 1 %% of bytes replaced",
                    (long long)(totals->loud_files - CLEAN_LOUD_NOTES));
    tell_drops(run);
    lm_ctx_result(run->ctx, "documents", (double)totals->documents);
    lm_ctx_result(run->ctx, "bytes", (double)totals->bytes);
    lm_ctx_result(run->ctx, "train.bytes", (double)sides[LM_TRAIN].bytes);
    lm_ctx_result(run->ctx, "valid.bytes", (double)sides[LM_VALID].bytes);
    lm_ctx_result(run->ctx, "test.bytes", (double)sides[LM_TEST].bytes);
    lm_ctx_headline(run->ctx, "%lld of %lld documents, %.2f MB%s", (long long)totals->documents,
                    (long long)totals->documents_in, (double)totals->bytes / 1e6, loud_part(run));
}
