/* Stage type clean: the work. Files are read in order, cut into documents, cleaned in parallel by
 * batches, and judged and written one after the other. */
#include <lmpipe/stage.h>

#include <string.h>

#include "base/io.h"
#include "clean_admit.h"
#include "clean_batch.h"
#include "clean_card.h"
#include "clean_corpus.h"
#include "clean_params.h"
#include "clean_removals.h"
#include "clean_sources.h"
#include "clean_split.h"
#include "clean_totals.h"
#include "web/html_tree.h"

#define BATCH_BYTES ((size_t)16 << 20) /* raw text cleaned together */
#define LOUD_NOTES 5                   /* files whose replaced bytes are noted one by one */
#define FILE_LARGEST ((size_t)1 << 34) /* a file is read whole */

struct run {
    struct lm_ctx *ctx;
    const struct clean_params *params;
    struct lm_arena *files; /* text of files; rewound when its documents are done */
    struct lm_clean_options options;
    struct clean_reading reading;
    struct clean_corpus corpus;
    struct lm_ruleset rules;
    struct clean_batch batch;
    struct clean_totals totals;
    struct clean_splitter splitter;
    struct clean_dedup dedup;
    struct clean_removals removals;
    struct lm_language *language; /* NULL: not asked */
    struct lm_pool *pool;
    int64_t bytes_done, bytes_all;
    int64_t kept[CLEAN_KEPT]; /* documents that have each of documents.keep */
    struct lm_err *err;
};

static size_t index_of(const char *const *names, const char *name)
{
    size_t i = 0;
    while (names[i + 1] != NULL && strcmp(names[i], name) != 0)
        i++;
    return i;
}

/* ---- judging ---- */

/* A removed document, where all of them are to be written. */
static enum lm_status tell_removal(struct run *run, const struct clean_item *item, size_t reason,
                                   const void *text, size_t size)
{
    const struct clean_file *file = &run->corpus.files[item->form->file];
    return clean_removals_put(&run->removals, &run->totals.drops[reason], item,
                              run->corpus.sources[file->source].name, clean_file_member(file), text,
                              size, run->err);
}

/* A record without text: its file remembers what the first one has instead. */
static enum lm_status judge_missing(struct run *run, const struct clean_item *item,
                                    struct clean_file *file)
{
    struct lm_arena *arena = lm_ctx_arena(run->ctx);
    const char *unit = item->form->by == LM_BY_WARC ? "record" : "line";
    const char *place = item->form->label;
    if (item->piece.line > 0)
        place = lm_arena_printf(run->files, "%s, %s %zu", place, unit, item->piece.line);
    if (file->missing++ == 0 && item->form->by == LM_BY_JSONL)
        file->instead = lm_arena_strdup(arena, item->err.text);
    if (place == NULL)
        return lm_fail(run->err, LM_NOMEM, "no memory for a message; free some");
    clean_totals_drop(&run->totals, CLEAN_MISSING, (const uint8_t *)place, strlen(place), NULL,
                      NULL);
    return tell_removal(run, item, CLEAN_MISSING, "", 0);
}

/* What was met before goes; what is left of a document is one as if it had come so. *reason: why
 * it goes, or CLEAN_RULES. */
static enum lm_status compare(struct run *run, struct clean_item *item, size_t *reason)
{
    bool is_changed = false, is_new = true;
    const uint32_t source = (uint32_t)run->corpus.files[item->form->file].source;
    uint32_t first = source;
    *reason = CLEAN_ALIKE;
    LM_TRY(clean_dedup_document(&run->dedup, &item->units, &first, &is_new, run->err));
    if (!is_new)
        return clean_totals_shared(&run->totals, first, source, run->err);
    *reason = CLEAN_DUPLICATE;
    LM_TRY(clean_dedup_parts(&run->dedup, &item->units, &item->text, &is_changed, run->err));
    if (is_changed) {
        lm_clean_lines(&item->text, &run->options, &run->totals.repairs);
        const uint8_t *text = (const uint8_t *)item->text.data;
        lm_text_count(&item->measure, text, item->text.size);
        lm_sha256_bytes(&item->digest, text, item->text.size);
        lm_buf_clear(&item->line);
        lm_jsonl_line(&item->line, &item->digest, text, item->text.size);
        LM_TRY(lm_buf_status(&item->line, run->err));
        if (item->text.size == 0)
            return LM_OK;
    }
    first = source;
    LM_TRY(clean_dedup_bytes(&run->dedup, &item->digest, &first, &is_new, run->err));
    if (!is_new)
        return clean_totals_shared(&run->totals, first, source, run->err);
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

static enum lm_status drop(struct run *run, const struct clean_item *item, size_t reason)
{
    bool is_raw = reason == CLEAN_INVALID || reason == CLEAN_EMPTY;
    const uint8_t *text = is_raw ? item->found.text : (const uint8_t *)item->text.data;
    size_t size = is_raw ? item->found.size : item->text.size;
    clean_totals_drop(&run->totals, reason, text, size, is_raw ? NULL : &item->measure,
                      is_raw ? NULL : &item->digest);
    return tell_removal(run, item, reason, text, size);
}

static void count_kept(struct run *run, uint64_t kept)
{
    for (size_t i = 0; i < run->params->documents.keep.count; i++)
        run->kept[i] += (int64_t)(kept >> i & 1);
}

/* A document that no rule drops. */
static enum lm_status keep(struct run *run, struct clean_item *item)
{
    const struct clean_file *file = &run->corpus.files[item->form->file];
    struct clean_source *source = &run->corpus.sources[file->source];
    struct lm_digest identity;
    size_t reason;
    clean_flow_add(&run->totals.ruled, item->text.size, &item->measure);
    LM_TRY(compare(run, item, &reason));
    if (reason != CLEAN_RULES)
        return drop(run, item, reason);
    LM_TRY(clean_split_identity(&identity, &run->params->split, &item->digest, source->name,
                                clean_file_member(file), item->found.host, run->err));
    source->kept++;
    LM_TRY(clean_totals_keep(&run->totals, lm_ctx_arena(run->ctx), &item->measure, item->text.size,
                             run->err));
    count_kept(run, item->found.kept);
    if (run->language != NULL)
        clean_totals_language(&run->totals, item->told.codes[0], item->text.size, true);
    return clean_splitter_put(&run->splitter,
                              &(struct clean_document){.source = file->source,
                                                       .text = item->text.data,
                                                       .size = item->text.size,
                                                       .id = &item->digest,
                                                       .line = &item->line,
                                                       .meta = item->found.meta.data,
                                                       .meta_size = item->found.meta.size},
                              &identity, run->err);
}

static enum lm_status judge(struct run *run, struct clean_item *item)
{
    struct clean_file *file = &run->corpus.files[item->form->file];
    if (item->status != LM_OK)
        return lm_fail(run->err, item->status, "%s", item->err.text);
    run->totals.documents_in++;
    run->corpus.sources[file->source].documents++;
    file->records++;
    lm_clean_counts_add(&run->totals.repairs, &item->counts);
    clean_transform_add(&run->totals.transformed, &item->transformed);
    if (item->is_missing)
        return judge_missing(run, item, file);
    clean_flow_add(&run->totals.formats[item->form->by], item->found.size, NULL);
    clean_flow_sum(&run->totals.cleaned, &item->cleaned);
    clean_totals_lines(&run->totals, &run->rules, item->tallies, &item->outcome);
    if (run->language != NULL && item->cleaned.documents > 0)
        clean_totals_language(&run->totals, item->told.codes[0], (size_t)item->cleaned.bytes,
                              false);
    size_t reason = own_reason(item);
    if (reason == CLEAN_RULES + run->rules.count)
        return keep(run, item);
    return drop(run, item, reason);
}

static enum lm_status flush(struct run *run)
{
    clean_batch_work(&run->batch, run->pool);
    for (size_t i = 0; i < run->batch.count; i++)
        LM_TRY(judge(run, &run->batch.items[i]));
    run->bytes_done += (int64_t)run->batch.bytes;
    clean_batch_clear(&run->batch);
    lm_ctx_progress(run->ctx, (uint64_t)run->bytes_done, (uint64_t)run->bytes_all, "bytes");
    if (lm_ctx_cancelled(run->ctx))
        return lm_fail(run->err, LM_CANCELLED, "stopped while cleaning; run again");
    return LM_OK;
}

/* ---- reading ---- */

/* What was replaced is said, of the first files one by one. */
static void account(struct run *run, const struct clean_file *file, const struct clean_text *text,
                    size_t size)
{
    struct clean_source *source = &run->corpus.sources[file->source];
    int64_t replaced = (int64_t)(text->replaced_share * (double)size + 0.5);
    source->replaced_bytes += replaced;
    run->totals.replaced_bytes += replaced;
    run->totals.converted += text->converted != NULL;
    if (text->replaced_share <= CLEAN_LOUD || ++run->totals.loud_files > LOUD_NOTES)
        return;
    lm_ctx_note(run->ctx,
                "source '%s', %s: %.1f %% of its bytes are not UTF-8 and were replaced by U+FFFD, "
                "the first at line %zu%s%s; convert it, or see invalid",
                source->name, clean_file_member(file), 100 * text->replaced_share,
                text->census.line, text->guess != NULL ? "; probably " : "",
                text->guess != NULL ? text->guess : "");
}

/* The file's bytes, known for what they are; newlines are made LF where that is harmless. */
static enum lm_status open_file(struct run *run, struct clean_form *form, size_t index)
{
    const struct clean_file *file = &run->corpus.files[index];
    char *bytes;
    size_t size;
    const char *path = lm_path_join(run->files, lm_ctx_input(run->ctx, "corpus"), file->path);
    form->label = lm_arena_printf(run->files, "source '%s', %s",
                                  run->corpus.sources[file->source].name, clean_file_member(file));
    if (path == NULL || form->label == NULL)
        return lm_fail(run->err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(lm_file_read(&bytes, &size, run->files, path, FILE_LARGEST, run->err));
    struct clean_text text = {.bytes = (uint8_t *)bytes, .size = size};
    enum lm_status status = clean_admit(&text, run->files, &run->reading, run->err);
    if (status != LM_OK)
        return lm_wrap(run->err, status, "%s", form->label);
    account(run, file, &text, size);
    form->file = index;
    form->source = run->corpus.sources[file->source].name;
    form->member = clean_file_member(file);
    form->by = text.by;
    form->options = &run->params->documents;
    form->reading = &run->reading;
    if (clean_form_is_text(text.by))
        text.size =
            lm_newlines_normalise(text.bytes, text.size, &run->totals.marks, &run->totals.newlines);
    return clean_form_open(form, text.bytes, text.size, run->err);
}

static enum lm_status read_file(struct run *run, size_t index)
{
    bool is_end = false;
    struct clean_form *form = LM_NEW(run->files, struct clean_form);
    if (form != NULL)
        form->kept = LM_NEW_ARRAY(run->files, size_t, run->params->documents.keep.count);
    if (form == NULL || form->kept == NULL)
        return lm_fail(run->err, LM_NOMEM, "no memory for a file; free some");
    LM_TRY(open_file(run, form, index));
    for (;;) {
        struct clean_piece piece;
        LM_TRY(clean_form_next(form, &piece, &is_end, run->err));
        if (is_end)
            break;
        LM_TRY(clean_batch_add(&run->batch, form, &piece, run->err));
        if (run->batch.bytes >= BATCH_BYTES)
            LM_TRY(flush(run));
    }
    for (size_t i = 0; i < LM_WARC_TYPE_COUNT; i++)
        run->totals.archived[i] += form->types[i];
    return LM_OK;
}

/* A file none of whose records has text was not meant so. */
static enum lm_status check_missing(const struct run *run)
{
    for (size_t i = 0; i < run->corpus.file_count; i++) {
        const struct clean_file *file = &run->corpus.files[i];
        if (file->instead != NULL && file->missing == file->records)
            return lm_fail(run->err, LM_FORMAT,
                           "source '%s', %s: %s; name the one that holds the text by "
                           "documents.field, or leave the file out by the include of its source",
                           run->corpus.sources[file->source].name, clean_file_member(file),
                           file->instead);
    }
    return LM_OK;
}

static enum lm_status read_all(struct run *run)
{
    struct lm_arena_mark start = lm_arena_mark(run->files);
    for (size_t i = 0; i < run->corpus.file_count; i++) {
        LM_TRY(read_file(run, i));
        if (lm_arena_used(run->files) < BATCH_BYTES)
            continue;
        LM_TRY(flush(run));
        lm_arena_rewind(run->files, start);
    }
    LM_TRY(flush(run));
    return check_missing(run);
}

/* ---- the stage ---- */

/* Rules as the work knows them, and memory for each thread that asks them. */
static enum lm_status prepare_rules(struct run *run)
{
    struct lm_arena *arena = lm_ctx_arena(run->ctx);
    const struct clean_rule *given = run->params->rules.items;
    size_t count = run->params->rules.count;
    struct lm_rule *rules = LM_NEW_ARRAY(arena, struct lm_rule, count);
    run->pool = lm_pool_create(lm_ctx_threads(run->ctx)); /* NULL: serially */
    run->batch.threads = lm_pool_threads(run->pool);
    run->batch.scratch = LM_NEW_ARRAY(arena, struct lm_rule_scratch, run->batch.threads);
    if (rules == NULL || run->batch.scratch == NULL) {
        run->batch.threads = 0;
        return lm_fail(run->err, LM_NOMEM, "no memory for rules; free some");
    }
    for (size_t i = 0; i < run->batch.threads; i++)
        lm_rule_scratch_init(&run->batch.scratch[i]);
    for (size_t i = 0; i < count; i++) {
        rules[i] = (struct lm_rule){lm_rule_find(given[i].rule), given[i].min, given[i].max,
                                    given[i].length};
        if (rules[i].kind == NULL)
            return lm_fail(run->err, LM_INTERNAL, "rules.%zu: \"%s\" is not known; report this", i,
                           given[i].rule);
    }
    lm_ruleset_init(&run->rules, rules, count);
    run->batch.rules = &run->rules;
    return clean_totals_init(&run->totals, arena, rules, count, run->err);
}

/* CLD2 is loaded only where languages are asked for. */
static enum lm_status prepare_language(struct run *run)
{
    const struct clean_language *wanted = &run->params->language;
    if (wanted->keep.count == 0)
        return LM_OK;
    run->totals.drops[CLEAN_LANGUAGE].language = run->batch.wanted = wanted;
    LM_TRY(lm_language_open(&run->language, run->err));
    run->batch.language = run->language;
    return LM_OK;
}

static enum lm_status prepare(struct run *run)
{
    const struct clean_params *p = run->params;
    struct lm_arena *arena = lm_ctx_arena(run->ctx);
    run->files = lm_arena_create();
    if (run->files == NULL)
        return lm_fail(run->err, LM_NOMEM, "no memory for files; free some");
    run->options = (struct lm_clean_options){
        .repair = (enum lm_repair)index_of(lm_repair_names, p->invalid),
        .nfc = p->nfc,
        .strip_trailing_space = p->strip_trailing_space,
        .trim = p->trim,
        .max_blank_lines = p->max_blank_lines == LM_UNSET_INT ? -1 : p->max_blank_lines};
    run->reading = (struct clean_reading){
        .by = (enum lm_documents_by)index_of(lm_documents_by_names, p->documents.by),
        .encoding = p->encoding,
        .repair = run->options.repair,
        .needs_host = strcmp(p->split.group, "host") == 0};
    run->batch.options = &run->options;
    run->batch.transform = &run->totals.transform;
    run->dedup.compared = run->batch.compared = clean_compared_of(&p->dedup);
    LM_TRY(prepare_rules(run));
    LM_TRY(prepare_language(run));
    run->totals.transform = clean_transform_of(p);
    LM_TRY(clean_corpus_read(&run->corpus, arena, lm_ctx_input(run->ctx, "corpus"), run->err));
    for (size_t i = 0; i < run->corpus.source_count; i++)
        run->bytes_all += run->corpus.sources[i].bytes;
    if (p->removals)
        LM_TRY(clean_removals_open(&run->removals, lm_ctx_output(run->ctx, "removals"), run->err));
    bool has_meta = p->documents.keep.count > 0;
    return clean_splitter_open(&run->splitter, arena, lm_ctx_output(run->ctx, "text"),
                               has_meta ? lm_ctx_output(run->ctx, "meta") : NULL, &p->split,
                               run->corpus.sources, run->err);
}

/* Nothing is left: says who took most. */
static enum lm_status nothing_left(const struct run *run)
{
    const struct clean_drop *most = &run->totals.drops[0];
    for (size_t i = 1; i < run->totals.drop_count; i++)
        if (run->totals.drops[i].gone.documents > most->gone.documents)
            most = &run->totals.drops[i];
    if (most->gone.documents == 0)
        return lm_fail(run->err, LM_INVALID, "the corpus has no text; add a source that has some");
    return lm_fail(
        run->err, LM_INVALID, "no document is left: of %lld, %lld fell to \"%s\"; loosen it",
        (long long)run->totals.documents_in, (long long)most->gone.documents, most->name);
}

/* Replaced bytes above the share that is fine, in the headline; "" when there are none. */
static const char *loud_part(const struct run *run)
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
static void tell_archived(struct run *run)
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
static void tell_kept(struct run *run)
{
    const char *const *names = run->params->documents.keep.items;
    for (size_t i = 0; i < run->params->documents.keep.count; i++)
        if (run->kept[i] == 0)
            lm_ctx_note(run->ctx, "documents.keep: no document has '%s'; meta has null for it",
                        names[i]);
}

/* What each rule did, and what it was not asked about. */
static void tell_drops(struct run *run)
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

static void tell(struct run *run)
{
    const struct clean_totals *totals = &run->totals;
    const struct clean_side *sides = run->splitter.sides;
    tell_archived(run);
    tell_kept(run);
    if (totals->dropped_parts > 0)
        lm_ctx_note(run->ctx, "met before and taken out: %lld paragraphs, %lld lines, %lld bytes",
                    (long long)totals->dropped_paragraphs, (long long)totals->dropped_lines,
                    (long long)totals->dropped_parts);
    if (totals->loud_files > LOUD_NOTES)
        lm_ctx_note(run->ctx, "and %lld more files with over 1 %% of bytes replaced",
                    (long long)(totals->loud_files - LOUD_NOTES));
    tell_drops(run);
    lm_ctx_result(run->ctx, "documents", (double)totals->documents);
    lm_ctx_result(run->ctx, "bytes", (double)totals->bytes);
    lm_ctx_result(run->ctx, "train.bytes", (double)sides[LM_TRAIN].bytes);
    lm_ctx_result(run->ctx, "valid.bytes", (double)sides[LM_VALID].bytes);
    lm_ctx_result(run->ctx, "test.bytes", (double)sides[LM_TEST].bytes);
    lm_ctx_headline(run->ctx, "%lld of %lld documents, %.2f MB%s", (long long)totals->documents,
                    (long long)totals->documents_in, (double)totals->bytes / 1e6, loud_part(run));
}

static enum lm_status work(struct run *run)
{
    LM_TRY(prepare(run));
    LM_TRY(read_all(run));
    if (run->totals.documents == 0)
        return nothing_left(run);
    lm_ctx_doing(run->ctx, "writing the text");
    LM_TRY(clean_splitter_finish(&run->splitter, run->err));
    LM_TRY(clean_removals_finish(&run->removals, run->err));
    run->totals.dropped_paragraphs = run->dedup.dropped_paragraphs;
    run->totals.dropped_lines = run->dedup.dropped_lines;
    run->totals.dropped_parts = run->dedup.dropped_bytes;
    LM_TRY(clean_sources_write(lm_ctx_output(run->ctx, "sources"), &run->corpus, run->err));
    LM_TRY(clean_card_write(lm_ctx_output(run->ctx, "card"), &run->corpus, &run->totals,
                            &run->splitter, run->err));
    tell(run);
    return LM_OK;
}

extern lm_run_fn lm_run_clean;

enum lm_status lm_run_clean(struct lm_ctx *ctx, const void *params, struct lm_err *err)
{
    struct run run = {.ctx = ctx, .params = params, .err = err};
    lm_html_ready();
    enum lm_status status = work(&run);
    clean_splitter_abandon(&run.splitter);
    clean_removals_abandon(&run.removals);
    clean_batch_release(&run.batch);
    clean_dedup_release(&run.dedup);
    clean_totals_release(&run.totals);
    lm_language_close(run.language);
    lm_pool_free(run.pool);
    lm_arena_free(run.files);
    return status;
}
