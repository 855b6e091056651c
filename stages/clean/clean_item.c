#include "clean_item.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "data/jsonl.h"

/* What a packed document has beside its numbers. */
enum {
    MISSING = 1,
    REJECTED = 2,
    FOREIGN = 4,
    LEAKED = 8,
    LINED = 16,
    RAW = 32,
    CHANGED = 64,
    FOUND = 128,  /* an address, what is kept beside the text, how it was decoded */
    TOLD = 256,   /* languages */
    RULED = 512,  /* what a rule measured, and did to lines */
    UNITED = 1024 /* units, or keys of near-duplicates */
};

/* Of a text that is dropped, its start is shown; one character more tells where to cut. */
enum { SHOWN = CLEAN_EXAMPLE_BYTES + 4 };

/* ---- structs of numbers ---- */

/* Structs of nothing else, which are arrays of them. */
#define IS_NUMBERS(type)                                                                           \
    _Static_assert(sizeof(type) % sizeof(int64_t) == 0 &&                                          \
                       sizeof(type) <= LM_PACK_MOST * sizeof(int64_t),                             \
                   "numbers alone, and not too many")

IS_NUMBERS(struct lm_clean_counts);
IS_NUMBERS(struct clean_transform_counts);
IS_NUMBERS(struct clean_flow);
IS_NUMBERS(struct lm_text_measure);

static void pack_numbers(struct lm_buf *out, const void *of, size_t size)
{
    int64_t numbers[LM_PACK_MOST];
    memcpy(numbers, of, size);
    lm_pack_ints(out, numbers, size / sizeof(int64_t));
}

static void unpack_numbers(void *out, size_t size, struct lm_unpack *in)
{
    int64_t numbers[LM_PACK_MOST];
    lm_unpack_ints(in, numbers, size / sizeof(int64_t));
    memcpy(out, numbers, size);
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
    pack_unit(out, &item->units.document, false);
    lm_pack_int(out, (int64_t)item->units.count);
    for (size_t i = 0; i < item->units.count; i++)
        pack_unit(out, &item->units.items[i].unit, item->units.items[i].is_paragraph);
    lm_pack_bytes(out, item->keys.items, bands * sizeof *item->keys.items);
    lm_pack_int(out, (int64_t)item->keys.grams);
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

static void pack_sketch(struct lm_buf *out, const struct lm_sketch *sketch)
{
    lm_pack_bytes(out, sketch->hashes, sketch->count * sizeof sketch->hashes[0]);
}

static void unpack_sketch(struct lm_sketch *out, struct lm_unpack *in)
{
    size_t size;
    const void *hashes = lm_unpack_bytes(in, &size);
    in->failed = in->failed || size > sizeof out->hashes || size % sizeof out->hashes[0] != 0;
    out->count = in->failed ? 0 : size / sizeof out->hashes[0];
    if (out->count > 0)
        memcpy(out->hashes, hashes, size);
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

static bool is_raw(const struct clean_item *item)
{
    return !item->is_missing && (item->is_rejected || item->cleaned.documents == 0);
}

static bool is_found(const struct clean_extract *found)
{
    return found->read > 0 || found->wrong > 0 || found->kept != 0 || found->host[0] != '\0' ||
           found->meta.size > 0;
}

static bool is_united(const struct clean_item *item)
{
    const struct lm_exact_unit *whole = &item->units.document;
    return item->units.count > 0 || whole->size > 0 || whole->is_blank || item->keys.grams > 0;
}

static unsigned flags_of(const struct clean_item *item)
{
    const struct {
        bool is_set;
        unsigned flag;
    } all[] = {{item->is_missing, MISSING},
               {item->is_rejected, REJECTED},
               {item->is_foreign, FOREIGN},
               {item->is_leaked, LEAKED},
               {item->line.size > 0, LINED},
               {is_raw(item), RAW},
               {item->outcome.is_changed, CHANGED},
               {is_found(&item->found), FOUND},
               {item->told.codes[0] != NULL, TOLD},
               {item->tallies != NULL || item->outcome.value != 0, RULED},
               {is_united(item), UNITED}};

    unsigned flags = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        flags |= all[i].is_set ? all[i].flag : 0;
    return flags;
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

static void pack_found(struct lm_buf *out, const struct clean_extract *found)
{
    lm_pack_int(out, (int64_t)found->read);
    lm_pack_int(out, (int64_t)found->wrong);
    lm_pack_int(out, (int64_t)found->kept);
    lm_pack_bytes(out, found->host, strlen(found->host) + 1);
    lm_pack_bytes(out, found->meta.data, found->meta.size);
}

static void pack_parts(struct lm_buf *out, const struct clean_item *item,
                       const struct clean_work *work, unsigned flags)
{
    if (work->is_sketched)
        pack_sketch(out, &item->sketch);
    if ((flags & FOUND) != 0)
        pack_found(out, &item->found);
    if ((flags & TOLD) != 0)
        pack_told(out, item);
    if ((flags & RULED) != 0) {
        lm_pack_double(out, item->outcome.value);
        pack_tallies(out, item->tallies);
    }
    if ((flags & UNITED) != 0)
        pack_compared(out, item, work);
}

void clean_item_pack(struct lm_buf *out, const struct clean_item *item,
                     const struct clean_work *work, bool has_whole)
{
    const unsigned flags = flags_of(item);
    const size_t at = out->size;
    lm_buf_put_u64(out, 0);
    pack_digest(out, &item->digest);
    lm_pack_int(out, (int64_t)item->piece.size);
    lm_pack_int(out, flags);
    lm_pack_int(out, (int64_t)item->at);
    lm_pack_int(out, (int64_t)item->piece.line);
    pack_numbers(out, &item->counts, sizeof item->counts);
    pack_numbers(out, &item->transformed, sizeof item->transformed);
    pack_numbers(out, &item->cleaned, sizeof item->cleaned);
    pack_numbers(out, &item->measure, sizeof item->measure);
    lm_pack_int(out, (int64_t)item->found.size);
    lm_pack_int(out, (int64_t)item->outcome.rule);
    lm_pack_int(out, (int64_t)item->outcome.unfit);
    lm_pack_bytes(out, item->hashes.data, item->hashes.size);
    pack_parts(out, item, work, flags);
    pack_texts(out, item, flags, has_whole);
    if (!out->failed)
        lm_set_u64(out->data + at, out->size - at - sizeof(uint64_t));
}

struct lm_span clean_item_next(struct lm_unpack *in)
{
    const uint64_t size = lm_unpack_u64(in);
    const uint8_t *data = lm_unpack_raw(in, size);
    in->failed = in->failed || size < LM_DIGEST_SIZE;
    return in->failed ? (struct lm_span){NULL, 0} : (struct lm_span){data, (size_t)size};
}

size_t clean_item_piece(struct lm_span packed)
{
    struct lm_unpack in = {packed.data + LM_DIGEST_SIZE, packed.data + packed.size, false};
    return (size_t)lm_unpack_int(&in);
}

static void unpack_found(struct clean_extract *found, struct lm_unpack *in)
{
    size_t size;
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
    unpack_digest(&item->digest, in);
    item->piece.size = (size_t)lm_unpack_int(in);
    *flags = (unsigned)lm_unpack_int(in);
    item->is_missing = (*flags & MISSING) != 0;
    item->is_rejected = (*flags & REJECTED) != 0;
    item->is_foreign = (*flags & FOREIGN) != 0;
    item->is_leaked = (*flags & LEAKED) != 0;
    item->outcome.is_changed = (*flags & CHANGED) != 0;
    item->at = (size_t)lm_unpack_int(in);
    item->piece.line = (size_t)lm_unpack_int(in);
    unpack_numbers(&item->counts, sizeof item->counts, in);
    unpack_numbers(&item->transformed, sizeof item->transformed, in);
    unpack_numbers(&item->cleaned, sizeof item->cleaned, in);
    unpack_numbers(&item->measure, sizeof item->measure, in);
    item->found.size = (size_t)lm_unpack_int(in);
    item->outcome.rule = (size_t)lm_unpack_int(in);
    item->outcome.unfit = (uint64_t)lm_unpack_int(in);
    borrow(&item->hashes, in);
}

static enum lm_status unpack_parts(struct clean_item *item, const struct clean_work *work,
                                   struct lm_unpack *in, unsigned flags)
{
    if (work->is_sketched)
        unpack_sketch(&item->sketch, in);
    if ((flags & FOUND) != 0)
        unpack_found(&item->found, in);
    if ((flags & TOLD) != 0)
        unpack_told(item, in);
    if ((flags & RULED) != 0) {
        item->outcome.value = lm_unpack_double(in);
        LM_TRY(unpack_tallies(item, in));
    }
    if ((flags & UNITED) == 0)
        return LM_OK;
    LM_TRY(unpack_units(item, in));
    return unpack_keys(item, in, bands_of(work));
}

enum lm_status clean_item_unpack(struct clean_item *item, const struct clean_work *work)
{
    struct lm_unpack in = {item->kept.data, item->kept.data, item->kept.data == NULL};
    unsigned flags;
    if (!in.failed)
        in.end += item->kept.size;
    unpack_head(item, &in, &flags);
    LM_TRY(unpack_parts(item, work, &in, flags));
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
