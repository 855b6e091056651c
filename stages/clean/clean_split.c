#include "clean_split.h"

#include <string.h>

#include "data/split.h"

enum lm_status clean_splitter_open(struct clean_splitter *out, struct lm_arena *arena,
                                   const char *folder, const char *meta,
                                   const struct clean_split *options,
                                   const struct clean_layout *layout, struct clean_source *sources,
                                   struct lm_err *err)
{
    *out = (struct clean_splitter){.options = *options,
                                   .sources = sources,
                                   .has_meta = meta != NULL,
                                   .is_by_position = layout->is_by_position};
    LM_TRY(clean_shards_open(&out->text, arena, folder, layout, err));
    return meta == NULL ? LM_OK : clean_shards_open(&out->meta, arena, meta, layout, err);
}

static enum lm_status put_text(struct lm_jsonl_writer *writer,
                               const struct clean_document *document, struct lm_err *err)
{
    return document->line != NULL
               ? lm_jsonl_put_line(writer, document->line->data, document->line->size, err)
               : lm_jsonl_put(writer, document->text, document->size, err);
}

/* A line of `jq -r .id`. */
static enum lm_status count_id(struct clean_side *side, const struct clean_document *document,
                               struct lm_err *err)
{
    struct lm_digest own;
    char hex[LM_DIGEST_HEX];
    if (side->ids == NULL)
        side->ids = lm_sha256_create();
    if (side->ids == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to split documents; free some");
    if (document->id == NULL)
        lm_sha256_bytes(&own, document->text, document->size);
    lm_digest_hex(hex, document->id != NULL ? document->id : &own);
    hex[LM_DIGEST_HEX - 1] = '\n';
    lm_sha256_update(side->ids, hex, sizeof hex);
    return LM_OK;
}

static enum lm_status put_side(struct clean_splitter *splitter, enum lm_split side,
                               const struct clean_document *document, struct lm_err *err)
{
    splitter->sources[document->source].shared[side]++;
    splitter->sides[side].documents++;
    splitter->sides[side].bytes += (int64_t)document->size;
    LM_TRY(count_id(&splitter->sides[side], document, err));
    LM_TRY(clean_leak_add(&splitter->leak, side, document->hashes, document->text, document->size,
                          err));
    struct lm_jsonl_writer *writer = NULL;
    if (splitter->has_meta) {
        LM_TRY(clean_shards_at(&writer, &splitter->meta, side, document->place, err));
        LM_TRY(lm_jsonl_put_line(writer, document->meta, document->meta_size, err));
    }
    LM_TRY(clean_shards_at(&writer, &splitter->text, side, document->place, err));
    return put_text(writer, document, err);
}

enum lm_status clean_split_identity(struct lm_digest *out, const struct clean_split *options,
                                    const struct lm_digest *document, const char *source,
                                    const char *member, const char *host, struct lm_err *err)
{
    char hex[LM_DIGEST_HEX];
    const char *group = options->group;
    bool is_document = strcmp(group, "document") == 0, is_file = strcmp(group, "file") == 0;
    if (is_document && options->salt[0] == '\0') {
        *out = *document;
        return LM_OK;
    }
    lm_digest_hex(hex, document);
    const char *const parts[] = {options->salt, group,
                                 is_document                  ? hex
                                 : strcmp(group, "host") == 0 ? host
                                                              : source,
                                 is_file ? member : NULL};
    struct lm_sha256 *hash = lm_sha256_create();
    if (hash == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to split documents; free some");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && parts[i] != NULL; i++)
        lm_sha256_update(hash, parts[i], strlen(parts[i]) + 1);
    lm_sha256_final(hash, out);
    lm_sha256_free(hash);
    return LM_OK;
}

enum lm_status clean_splitter_put(struct clean_splitter *splitter,
                                  const struct clean_document *document,
                                  const struct lm_digest *identity, struct lm_err *err)
{
    splitter->total.documents++;
    splitter->total.bytes += (int64_t)document->size;
    if (!splitter->is_by_position)
        return put_side(splitter,
                        lm_split_draw(identity, splitter->options.valid, splitter->options.test),
                        document, err);
    if (splitter->has_meta)
        LM_TRY(lm_jsonl_put_line(splitter->meta.all, document->meta, document->meta_size, err));
    return put_text(splitter->text.all, document, err);
}

/* ---- by position ---- */

/* Where train and valid end, in bytes of all text. */
struct borders {
    double ends[LM_SPLITS];
};

static struct borders find_borders(const struct clean_splitter *splitter)
{
    double bytes = (double)splitter->total.bytes;
    double valid = splitter->options.valid, test = splitter->options.test;
    return (struct borders){{bytes * (1 - valid - test), bytes * (1 - test), bytes}};
}

/* Where byte `at` stands in its side, from 0 to 1. */
static double place_in(const struct borders *borders, size_t side, double at)
{
    double start = side > 0 ? borders->ends[side - 1] : 0, size = borders->ends[side] - start;
    return size > 0 ? (at - start) / size : 0;
}

/* The last line border at or before `want`, the first after it when there is none. */
static size_t line_border(const uint8_t *text, size_t size, size_t want)
{
    const uint8_t *newline = memrchr(text, '\n', want);
    if (newline == NULL)
        newline = memchr(text + want, '\n', size - want);
    return newline == NULL ? size : (size_t)(newline - text) + 1;
}

static enum lm_status cut_single(struct clean_splitter *splitter, const struct borders *borders,
                                 const struct clean_document *document, struct lm_err *err)
{
    size_t start = 0;
    for (size_t side = 0; side < LM_SPLITS; side++) {
        size_t end = document->size, want = (size_t)borders->ends[side];
        const uint8_t *text = document->text;
        if (want < end)
            end = line_border(text, document->size, want);
        struct clean_document part = *document;
        part.id = NULL;
        part.hashes = NULL;
        part.text = text + start;
        part.size = end > start ? end - start : 0;
        if (part.size > 0)
            LM_TRY(put_side(splitter, (enum lm_split)side, &part, err));
        start = end > start ? end : start;
    }
    return LM_OK;
}

/* The next document of those that came; *is_end after the last. */
static enum lm_status next_document(struct clean_splitter *splitter, struct clean_document *out,
                                    struct lm_digest *id, bool *is_end, struct lm_err *err)
{
    struct lm_jsonl_document document;
    LM_TRY(lm_jsonl_next(splitter->text.reader, &document, is_end, err));
    if (*is_end)
        return LM_OK;
    out->text = document.text;
    out->size = document.size;
    out->id = id;
    *id = document.id;
    return splitter->has_meta ? clean_shards_line(&splitter->meta, &out->meta, &out->meta_size, err)
                              : LM_OK;
}

/* A document belongs where its middle lies. */
static enum lm_status share_out(struct clean_splitter *splitter, struct lm_err *err)
{
    const struct borders borders = find_borders(splitter);
    double at = 0;
    struct clean_document document = {.source = 0};
    struct lm_digest id;
    for (int64_t of_source = 0;; of_source++) {
        bool is_end = false;
        LM_TRY(next_document(splitter, &document, &id, &is_end, err));
        if (is_end)
            return LM_OK;
        for (; of_source == splitter->sources[document.source].kept; of_source = 0)
            document.source++;
        if (splitter->total.documents == 1)
            return cut_single(splitter, &borders, &document, err);
        double middle = at + (double)document.size / 2;
        size_t side = 0;
        while (side < LM_TEST && middle >= borders.ends[side])
            side++;
        document.place = place_in(&borders, side, middle);
        LM_TRY(put_side(splitter, (enum lm_split)side, &document, err));
        at += (double)document.size;
    }
}

static enum lm_status finish_by_position(struct clean_splitter *splitter, struct lm_err *err)
{
    LM_TRY(clean_shards_turn(&splitter->text, err));
    if (splitter->has_meta)
        LM_TRY(clean_shards_turn(&splitter->meta, err));
    return share_out(splitter, err);
}

/* ---- the end ---- */

/* Advice that is not followed already. */
static enum lm_status check_sides(const struct clean_splitter *splitter, struct lm_err *err)
{
    long long count = splitter->total.documents;
    const char *advice = splitter->is_by_position && count == 1
                             ? "raise its share, or add text of more lines"
                         : splitter->is_by_position
                             ? "raise its share, add text, or cut files into smaller documents"
                         : strcmp(splitter->options.group, "document") != 0
                             ? "raise its share, use a finer group, or another salt"
                             : "raise its share, cut files into smaller documents, or use split: "
                               "{by: position}";
    for (size_t side = 0; side <= LM_VALID; side++)
        if (splitter->sides[side].documents == 0)
            return lm_fail(err, LM_INVALID,
                           "split: no text falls into %s (%lld document%s in all); %s",
                           lm_split_names[side], count, count == 1 ? "" : "s", advice);
    return LM_OK;
}

enum lm_status clean_splitter_finish(struct clean_splitter *splitter, struct lm_err *err)
{
    if (splitter->is_by_position)
        LM_TRY(finish_by_position(splitter, err));
    LM_TRY(check_sides(splitter, err));
    if (splitter->has_meta)
        LM_TRY(clean_shards_finish(&splitter->meta, err));
    return clean_shards_finish(&splitter->text, err);
}

void clean_splitter_digest(char out[LM_DIGEST_HEX], struct clean_side *side)
{
    struct lm_digest digest;
    if (side->ids == NULL)
        lm_sha256_bytes(&digest, "", 0);
    else
        lm_sha256_final(side->ids, &digest);
    lm_sha256_free(side->ids);
    side->ids = NULL;
    lm_digest_hex(out, &digest);
}

void clean_splitter_abandon(struct clean_splitter *splitter)
{
    for (size_t i = 0; i < LM_SPLITS; i++) {
        lm_sha256_free(splitter->sides[i].ids);
        splitter->sides[i].ids = NULL;
    }
    clean_shards_abandon(&splitter->text);
    clean_shards_abandon(&splitter->meta);
    clean_leak_release(&splitter->leak);
}
