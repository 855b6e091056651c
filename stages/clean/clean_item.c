#include "clean_item.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/pack.h"
#include "data/jsonl.h"

/* What a packed document has beside its numbers. */
enum { MISSING = 1, REJECTED = 2, FOREIGN = 4, LEAKED = 8, LINED = 16, RAW = 32, CHANGED = 64 };

/* Of a text that is dropped, its start is shown; one character more tells where to cut. */
enum { SHOWN = CLEAN_EXAMPLE_BYTES + 4 };

/* ---- structs of numbers ---- */

#define PACK(field, name) lm_pack_int(out, of->field);
#define UNPACK(field, name) out->field = lm_unpack_int(in);

static void pack_counts(struct lm_buf *out, const struct lm_clean_counts *of)
{
    LM_CLEAN_COUNTS(PACK)
}

static void unpack_counts(struct lm_clean_counts *out, struct lm_unpack *in)
{
    LM_CLEAN_COUNTS(UNPACK)
}

static void pack_transformed(struct lm_buf *out, const struct clean_transform_counts *of)
{
    CLEAN_TRANSFORM_COUNTS(PACK)
}

static void unpack_transformed(struct clean_transform_counts *out, struct lm_unpack *in)
{
    CLEAN_TRANSFORM_COUNTS(UNPACK)
}

static void pack_flow(struct lm_buf *out, const struct clean_flow *of)
{
    lm_pack_int(out, of->documents);
    lm_pack_int(out, of->bytes);
    lm_pack_int(out, of->chars);
    lm_pack_int(out, of->words);
}

static void unpack_flow(struct clean_flow *out, struct lm_unpack *in)
{
    out->documents = lm_unpack_int(in);
    out->bytes = lm_unpack_int(in);
    out->chars = lm_unpack_int(in);
    out->words = lm_unpack_int(in);
}

enum { MEASURES = sizeof(struct lm_text_measure) / sizeof(int64_t) };

_Static_assert(sizeof(struct lm_text_measure) % sizeof(int64_t) == 0, "numbers alone");

static void pack_measure(struct lm_buf *out, const struct lm_text_measure *of)
{
    int64_t numbers[MEASURES];
    memcpy(numbers, of, sizeof numbers);
    for (size_t i = 0; i < MEASURES; i++)
        lm_pack_int(out, numbers[i]);
}

static void unpack_measure(struct lm_text_measure *out, struct lm_unpack *in)
{
    int64_t numbers[MEASURES];
    for (size_t i = 0; i < MEASURES; i++)
        numbers[i] = lm_unpack_int(in);
    memcpy(out, numbers, sizeof numbers);
}

static void pack_digest(struct lm_buf *out, const struct lm_digest *of)
{
    lm_buf_append(out, of->bytes, sizeof of->bytes);
}

static void unpack_digest(struct lm_digest *out, struct lm_unpack *in)
{
    const void *bytes = lm_unpack_raw(in, sizeof out->bytes);
    if (bytes != NULL)
        memcpy(out->bytes, bytes, sizeof out->bytes);
}

/* ---- what rules and languages said ---- */

static void pack_told(struct lm_buf *out, const struct clean_item *item)
{
    lm_pack_double(out, item->share);
    for (size_t i = 0; i < LM_LANGUAGES_TOLD; i++) {
        const char *code = item->told.codes[i] != NULL ? item->told.codes[i] : "";
        lm_pack_bytes(out, code, strlen(code) + 1);
        lm_pack_double(out, item->told.shares[i]);
    }
}

static void unpack_told(struct clean_item *item, struct lm_unpack *in)
{
    size_t size;
    item->share = lm_unpack_double(in);
    for (size_t i = 0; i < LM_LANGUAGES_TOLD; i++) {
        const char *code = lm_unpack_bytes(in, &size);
        item->told.codes[i] = code != NULL ? code : "";
        item->told.shares[i] = lm_unpack_double(in);
    }
}

static void pack_tallies(struct lm_buf *out, const struct lm_line_tally *tallies)
{
    lm_pack_int(out, tallies != NULL ? LM_C4_RULES : 0);
    for (size_t i = 0; tallies != NULL && i < LM_C4_RULES; i++) {
        lm_pack_int(out, tallies[i].lines);
        lm_pack_int(out, tallies[i].bytes);
        lm_pack_int(out, tallies[i].chars);
        lm_pack_int(out, tallies[i].words);
        lm_buf_put_u64(out, tallies[i].key);
        lm_pack_bytes(out, tallies[i].example, tallies[i].example_size);
    }
}

static void unpack_tally(struct lm_line_tally *out, struct lm_unpack *in)
{
    out->lines = lm_unpack_int(in);
    out->bytes = lm_unpack_int(in);
    out->chars = lm_unpack_int(in);
    out->words = lm_unpack_int(in);
    out->key = lm_unpack_u64(in);
    const char *example = lm_unpack_bytes(in, &out->example_size);
    in->failed = in->failed || out->example_size > sizeof out->example;
    if (!in->failed && out->example_size > 0)
        memcpy(out->example, example, out->example_size);
}

static enum lm_status unpack_tallies(struct clean_item *item, struct lm_unpack *in)
{
    if (lm_unpack_int(in) == 0)
        return LM_OK;
    item->tallies = calloc(LM_C4_RULES, sizeof *item->tallies);
    if (item->tallies == NULL)
        return lm_fail(&item->err, LM_NOMEM, "no memory to count lines; free some");
    for (size_t i = 0; i < LM_C4_RULES; i++)
        unpack_tally(&item->tallies[i], in);
    return LM_OK;
}

/* ---- what is compared with others ---- */

static void pack_unit(struct lm_buf *out, const struct lm_exact_unit *unit, bool is_paragraph)
{
    lm_pack_int(out, (int64_t)unit->at);
    lm_pack_int(out, (int64_t)unit->size);
    lm_pack_int(out, (unit->is_blank ? 1 : 0) + (is_paragraph ? 2 : 0));
    if (!unit->is_blank)
        pack_digest(out, &unit->digest);
}

static void unpack_unit(struct clean_unit *out, struct lm_unpack *in)
{
    out->unit.at = (size_t)lm_unpack_int(in);
    out->unit.size = (size_t)lm_unpack_int(in);
    int64_t flags = lm_unpack_int(in);
    out->unit.is_blank = (flags & 1) != 0;
    out->is_paragraph = (flags & 2) != 0;
    if (!out->unit.is_blank)
        unpack_digest(&out->unit.digest, in);
}

static size_t bands_of(const struct clean_work *work)
{
    return work->near != NULL ? work->near->near.options.bands : 0;
}

static void pack_compared(struct lm_buf *out, const struct clean_item *item,
                          const struct clean_work *work)
{
    const size_t bands = item->keys.items != NULL ? bands_of(work) : 0;
    lm_pack_bytes(out, item->hashes.data, item->hashes.size);
    pack_unit(out, &item->units.document, false);
    lm_pack_int(out, (int64_t)item->units.count);
    for (size_t i = 0; i < item->units.count; i++)
        pack_unit(out, &item->units.items[i].unit, item->units.items[i].is_paragraph);
    lm_pack_bytes(out, item->keys.items, bands * sizeof *item->keys.items);
    lm_pack_int(out, (int64_t)item->keys.grams);
    if (!work->is_sketched)
        return;
    lm_pack_int(out, (int64_t)item->sketch.count);
    for (size_t i = 0; i < item->sketch.count; i++)
        lm_buf_put_u64(out, item->sketch.hashes[i]);
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for a document that was kept; free some");
}

static enum lm_status unpack_units(struct clean_item *item, struct lm_unpack *in)
{
    struct clean_units *units = &item->units;
    struct clean_unit document;
    unpack_unit(&document, in);
    units->document = document.unit;
    units->count = (size_t)lm_unpack_int(in);
    in->failed = in->failed || units->count > (size_t)(in->end - in->at);
    if (in->failed || units->count == 0) {
        units->count = 0;
        return LM_OK;
    }
    units->capacity = units->count;
    units->items = calloc(units->count, sizeof *units->items);
    if (units->items == NULL)
        return no_memory(&item->err);
    for (size_t i = 0; i < units->count; i++)
        unpack_unit(&units->items[i], in);
    return LM_OK;
}

static enum lm_status unpack_keys(struct clean_item *item, struct lm_unpack *in, size_t bands)
{
    size_t size;
    const void *keys = lm_unpack_bytes(in, &size);
    item->keys.grams = (size_t)lm_unpack_int(in);
    in->failed = in->failed || (size != 0 && size != bands * sizeof *item->keys.items);
    if (in->failed || size == 0)
        return LM_OK;
    item->keys.items = malloc(size);
    if (item->keys.items == NULL)
        return no_memory(&item->err);
    memcpy(item->keys.items, keys, size);
    return LM_OK;
}

static void unpack_sketch(struct lm_sketch *out, struct lm_unpack *in)
{
    uint64_t count = (uint64_t)lm_unpack_int(in);
    in->failed = in->failed || count > LM_SKETCH_MOST;
    for (size_t i = 0; !in->failed && i < count; i++)
        out->hashes[i] = lm_unpack_u64(in);
    out->count = in->failed ? 0 : (size_t)count;
}

/* ---- bytes ---- */

/* A buffer of bytes that lie elsewhere. */
static void borrow(struct lm_buf *out, struct lm_unpack *in)
{
    const char *bytes = lm_unpack_bytes(in, &out->size);
    out->data = (char *)(uintptr_t)bytes; /* never written: clean_item_disown comes before */
    out->capacity = 0;
}

static void copy(struct lm_buf *out, struct lm_unpack *in)
{
    size_t size;
    const void *bytes = lm_unpack_bytes(in, &size);
    lm_buf_append(out, bytes, size);
}

void clean_item_disown(struct clean_item *item)
{
    if (item->line.capacity == 0)
        lm_buf_init(&item->line, 0);
    if (item->hashes.capacity == 0)
        lm_buf_init(&item->hashes, 0);
}

enum lm_status clean_item_text(struct clean_item *item, struct lm_err *err)
{
    struct lm_jsonl_document document;
    struct lm_buf line;
    if (item->text.data != NULL || item->line.size == 0)
        return LM_OK;
    lm_buf_init(&line, 0);
    lm_buf_append(&line, item->line.data, item->line.size);
    enum lm_status status = lm_buf_status(&line, err);
    if (status == LM_OK)
        status = lm_jsonl_parse(&document, line.data, line.size, "kept work", 1, err);
    lm_buf_clear(&item->text);
    if (status == LM_OK) {
        lm_buf_append(&item->text, document.text, document.size);
        status = lm_buf_status(&item->text, err);
    }
    lm_buf_release(&line);
    return status;
}

/* ---- a document ---- */

static unsigned flags_of(const struct clean_item *item)
{
    const bool is_raw = !item->is_missing && (item->is_rejected || item->cleaned.documents == 0);
    return (item->is_missing ? MISSING : 0) | (item->is_rejected ? REJECTED : 0) |
           (item->is_foreign ? FOREIGN : 0) | (item->is_leaked ? LEAKED : 0) |
           (item->line.size > 0 ? LINED : 0) | (is_raw ? RAW : 0) |
           (item->outcome.is_changed ? CHANGED : 0);
}

static void pack_texts(struct lm_buf *out, const struct clean_item *item, unsigned flags,
                       bool has_whole)
{
    const size_t size = item->text.size;
    lm_pack_int(out, (int64_t)size);
    if ((flags & LINED) != 0)
        lm_pack_bytes(out, item->line.data, item->line.size);
    else
        lm_pack_bytes(out, item->text.data, has_whole || size < SHOWN ? size : SHOWN);
    if ((flags & RAW) != 0)
        lm_pack_bytes(out, item->found.text, item->found.size);
    if ((flags & MISSING) != 0)
        lm_pack_bytes(out, item->err.text, strlen(item->err.text) + 1);
}

void clean_item_pack(struct lm_buf *out, const struct clean_item *item,
                     const struct clean_work *work, bool has_whole)
{
    const unsigned flags = flags_of(item);
    lm_pack_int(out, (int64_t)item->piece.size);
    lm_pack_int(out, flags);
    lm_pack_int(out, (int64_t)item->at);
    lm_pack_int(out, (int64_t)item->piece.line);
    pack_counts(out, &item->counts);
    pack_transformed(out, &item->transformed);
    pack_flow(out, &item->cleaned);
    pack_measure(out, &item->measure);
    lm_pack_int(out, (int64_t)item->found.size);
    lm_pack_int(out, (int64_t)item->found.read);
    lm_pack_int(out, (int64_t)item->found.wrong);
    lm_pack_int(out, (int64_t)item->found.kept);
    lm_pack_bytes(out, item->found.host, strlen(item->found.host) + 1);
    lm_pack_bytes(out, item->found.meta.data, item->found.meta.size);
    pack_told(out, item);
    lm_pack_int(out, (int64_t)item->outcome.rule);
    lm_pack_double(out, item->outcome.value);
    lm_pack_int(out, (int64_t)item->outcome.unfit);
    pack_tallies(out, item->tallies);
    pack_digest(out, &item->digest);
    pack_compared(out, item, work);
    pack_texts(out, item, flags, has_whole);
}

size_t clean_item_piece(struct lm_span packed)
{
    struct lm_unpack in = {packed.data, packed.data + packed.size, false};
    return (size_t)lm_unpack_int(&in);
}

static void unpack_found(struct clean_item *item, struct lm_unpack *in)
{
    size_t size;
    struct clean_extract *found = &item->found;
    found->size = (size_t)lm_unpack_int(in);
    found->read = (size_t)lm_unpack_int(in);
    found->wrong = (size_t)lm_unpack_int(in);
    found->kept = (uint64_t)lm_unpack_int(in);
    const char *host = lm_unpack_bytes(in, &size);
    in->failed = in->failed || size == 0 || size > sizeof found->host;
    if (!in->failed)
        memcpy(found->host, host, size);
    copy(&found->meta, in);
}

static void unpack_texts(struct clean_item *item, struct lm_unpack *in, unsigned flags)
{
    size_t size;
    const size_t text_size = (size_t)lm_unpack_int(in);
    if ((flags & LINED) != 0)
        borrow(&item->line, in);
    else
        copy(&item->text, in);
    item->text.size = text_size;
    if ((flags & RAW) != 0) {
        copy(&item->found.made, in);
        item->found.text = (const uint8_t *)item->found.made.data;
    }
    const char *error = (flags & MISSING) != 0 ? lm_unpack_bytes(in, &size) : NULL;
    if (error != NULL)
        snprintf(item->err.text, sizeof item->err.text, "%s", error);
}

static void unpack_head(struct clean_item *item, struct lm_unpack *in, unsigned *flags)
{
    item->piece.size = (size_t)lm_unpack_int(in);
    *flags = (unsigned)lm_unpack_int(in);
    item->is_missing = (*flags & MISSING) != 0;
    item->is_rejected = (*flags & REJECTED) != 0;
    item->is_foreign = (*flags & FOREIGN) != 0;
    item->is_leaked = (*flags & LEAKED) != 0;
    item->outcome.is_changed = (*flags & CHANGED) != 0;
    item->at = (size_t)lm_unpack_int(in);
    item->piece.line = (size_t)lm_unpack_int(in);
    unpack_counts(&item->counts, in);
    unpack_transformed(&item->transformed, in);
    unpack_flow(&item->cleaned, in);
    unpack_measure(&item->measure, in);
    unpack_found(item, in);
    unpack_told(item, in);
    item->outcome.rule = (size_t)lm_unpack_int(in);
    item->outcome.value = lm_unpack_double(in);
    item->outcome.unfit = (uint64_t)lm_unpack_int(in);
}

enum lm_status clean_item_unpack(struct clean_item *item, const struct clean_work *work)
{
    struct lm_unpack in = {item->kept.data, item->kept.data + item->kept.size, false};
    unsigned flags;
    unpack_head(item, &in, &flags);
    LM_TRY(unpack_tallies(item, &in));
    unpack_digest(&item->digest, &in);
    borrow(&item->hashes, &in);
    LM_TRY(unpack_units(item, &in));
    LM_TRY(unpack_keys(item, &in, bands_of(work)));
    if (work->is_sketched)
        unpack_sketch(&item->sketch, &in);
    unpack_texts(item, &in, flags);
    if (in.failed)
        return lm_fail(&item->err, LM_INTERNAL,
                       "a document that was kept cannot be read; remove the folder states of the "
                       "store, and report this");
    LM_TRY(lm_buf_status(&item->found.meta, &item->err));
    LM_TRY(lm_buf_status(&item->found.made, &item->err));
    LM_TRY(lm_buf_status(&item->text, &item->err));
    return work->needs_texts ? clean_item_text(item, &item->err) : LM_OK;
}
