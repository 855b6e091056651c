#include <stdlib.h>
#include <string.h>

#include <lmpipe/tokens.h>

#include "base/buf.h"
#include "data/tokens_format.h"
#include "data/tokens_lmdb.h"

struct lm_tokens_writer {
    struct lm_rows_writer *rows;
    struct lm_sha256 *ids, *documents; /* of the split being written */
    struct lm_tokens_meta meta;
    enum lm_split split;
    /* The block being filled, right in LMDB's page; NULL between blocks. */
    uint8_t *block;
    size_t fill; /* bytes */
    uint64_t blocks, index_rows;
    struct lm_buf entries; /* of documents that are in no index row yet */
};

enum lm_status lm_tokens_create(struct lm_tokens_writer **out, const char *path, int64_t vocab_size,
                                int32_t end_of_text, const struct lm_digest *vocab_digest,
                                struct lm_err *err)
{
    if (vocab_size < 1 || vocab_size > INT32_MAX || end_of_text < 0 || end_of_text >= vocab_size)
        return lm_fail(err, LM_INVALID,
                       "%s: a vocabulary of %lld tokens with end-of-text %d; use one whose "
                       "end-of-text is one of its tokens",
                       path, (long long)vocab_size, end_of_text);
    struct lm_tokens_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to write %s; free some", path);
    writer->meta = (struct lm_tokens_meta){.version = LM_TOKENS_VERSION,
                                           .width = vocab_size <= LM_TOKENS_SMALL_VOCAB ? 2 : 4,
                                           .block = LM_TOKENS_BLOCK,
                                           .entries = LM_TOKENS_ENTRIES,
                                           .end_of_text = end_of_text,
                                           .vocab_size = vocab_size,
                                           .vocab = *vocab_digest};
    lm_buf_init(&writer->entries, 0);
    writer->ids = lm_sha256_create();
    writer->documents = lm_sha256_create();
    enum lm_status status = writer->ids && writer->documents
                                ? lm_rows_create(&writer->rows, path, err)
                                : lm_fail(err, LM_NOMEM, "no memory to write %s; free some", path);
    if (status != LM_OK)
        lm_tokens_abandon(writer);
    else
        *out = writer;
    return status;
}

void lm_tokens_abandon(struct lm_tokens_writer *writer)
{
    if (writer == NULL)
        return;
    lm_rows_abandon(writer->rows);
    lm_sha256_free(writer->ids);
    lm_sha256_free(writer->documents);
    lm_buf_release(&writer->entries);
    free(writer);
}

/* ---- rows ---- */

static enum lm_status begin_row(uint8_t **content, struct lm_tokens_writer *writer,
                                struct lm_tokens_key key, size_t size, struct lm_err *err)
{
    uint8_t packed[LM_TOKENS_KEY];
    lm_tokens_key_pack(packed, key);
    return lm_rows_reserve(content, writer->rows, packed, sizeof packed, size + LM_TOKENS_SUM, err);
}

/* A row that is whole in memory. */
static enum lm_status put_row(struct lm_tokens_writer *writer, struct lm_tokens_key key,
                              const void *content, size_t size, struct lm_err *err)
{
    uint8_t *row = NULL;
    LM_TRY(begin_row(&row, writer, key, size, err));
    memcpy(row, content, size);
    lm_tokens_seal(key, row, size);
    return lm_rows_commit(writer->rows, err);
}

/* Index rows of all entries, or of as many as fill rows. */
static enum lm_status put_index(struct lm_tokens_writer *writer, bool is_all, struct lm_err *err)
{
    static const size_t full = (size_t)LM_TOKENS_ENTRIES * LM_TOKENS_ENTRY;
    struct lm_buf *entries = &writer->entries;
    size_t at = 0;
    LM_TRY(lm_buf_status(entries, err));
    while (entries->size - at >= full || (is_all && entries->size > at)) {
        size_t size = entries->size - at < full ? entries->size - at : full;
        struct lm_tokens_key key = {writer->split, LM_TOKENS_INDEX, writer->index_rows++};
        LM_TRY(put_row(writer, key, entries->data + at, size, err));
        lm_sha256_update(writer->documents, entries->data + at, size);
        at += size;
    }
    if (at > 0)
        memmove(entries->data, entries->data + at, entries->size - at);
    entries->size -= at;
    return LM_OK;
}

static struct lm_tokens_key block_key(const struct lm_tokens_writer *writer)
{
    return (struct lm_tokens_key){writer->split, LM_TOKENS_BODY, writer->blocks};
}

static enum lm_status end_block(struct lm_tokens_writer *writer, struct lm_err *err)
{
    if (writer->block == NULL)
        return LM_OK;
    if (writer->fill < LM_TOKENS_BLOCK)
        LM_TRY(lm_rows_shrink(&writer->block, writer->rows, writer->fill + LM_TOKENS_SUM, err));
    lm_tokens_seal(block_key(writer), writer->block, writer->fill);
    lm_sha256_update(writer->ids, writer->block, writer->fill);
    writer->block = NULL;
    writer->fill = 0;
    writer->blocks++;
    return lm_rows_commit(writer->rows, err);
}

static enum lm_status end_split(struct lm_tokens_writer *writer, struct lm_err *err)
{
    LM_TRY(end_block(writer, err));
    LM_TRY(put_index(writer, true, err));
    lm_sha256_final(writer->ids, &writer->meta.ids[writer->split]);
    lm_sha256_final(writer->documents, &writer->meta.documents[writer->split]);
    writer->blocks = writer->index_rows = 0;
    writer->split++;
    return LM_OK;
}

/* ---- documents ---- */

static enum lm_status append_ids(struct lm_tokens_writer *writer, const int32_t *ids, size_t count,
                                 struct lm_err *err)
{
    size_t width = writer->meta.width;
    while (count > 0) {
        if (writer->block == NULL)
            LM_TRY(begin_row(&writer->block, writer, block_key(writer), LM_TOKENS_BLOCK, err));
        size_t room = (LM_TOKENS_BLOCK - writer->fill) / width, part = count < room ? count : room;
        lm_tokens_narrow(writer->block + writer->fill, ids, part, width);
        writer->fill += part * width;
        ids += part;
        count -= part;
        if (writer->fill < LM_TOKENS_BLOCK)
            continue;
        LM_TRY(end_block(writer, err));
        LM_TRY(put_index(writer, false, err));
    }
    return LM_OK;
}

static enum lm_status check_ids(const struct lm_tokens_writer *writer, const int32_t *ids,
                                size_t count, struct lm_err *err)
{
    uint32_t most = 0; /* a negative id is a large one */
    for (size_t i = 0; i < count; i++)
        most = (uint32_t)ids[i] > most ? (uint32_t)ids[i] : most;
    if ((int64_t)most < writer->meta.vocab_size)
        return LM_OK;
    return lm_fail(err, LM_RANGE,
                   "token %d is not in a vocabulary of %lld; encode with the same one",
                   (int32_t)most, (long long)writer->meta.vocab_size);
}

enum lm_status lm_tokens_add(struct lm_tokens_writer *writer, enum lm_split split,
                             const int32_t *ids, size_t count, uint64_t id, uint32_t bytes,
                             struct lm_err *err)
{
    uint8_t entry[LM_TOKENS_ENTRY];
    if (split < writer->split || split >= LM_SPLITS)
        return lm_fail(err, LM_INVALID, "split %d after %d; give the splits in order", (int)split,
                       (int)writer->split);
    if (count >= UINT32_MAX)
        return lm_fail(err, LM_RANGE, "a document of %zu tokens; split it", count);
    LM_TRY(check_ids(writer, ids, count, err));
    while (writer->split < split)
        LM_TRY(end_split(writer, err));
    struct lm_tokens_totals *totals = &writer->meta.totals[split];
    lm_tokens_entry_pack(entry, &(struct lm_document){.first = totals->tokens,
                                                      .tokens = (uint32_t)count + 1,
                                                      .bytes = bytes,
                                                      .id = id});
    lm_buf_append(&writer->entries, entry, sizeof entry);
    totals->tokens += count + 1;
    totals->documents++;
    totals->bytes += bytes;
    LM_TRY(append_ids(writer, ids, count, err));
    return append_ids(writer, &writer->meta.end_of_text, 1, err);
}

/* The last row, after which the file is whole. */
static enum lm_status put_meta(struct lm_tokens_writer *writer, struct lm_digest *digest,
                               struct lm_err *err)
{
    uint8_t meta[LM_TOKENS_META];
    lm_tokens_meta_pack(meta, &writer->meta);
    lm_sha256_bytes(digest, meta, sizeof meta);
    struct lm_tokens_key key = {LM_TOKENS_LAST_SPLIT, LM_TOKENS_TAIL, 0};
    return put_row(writer, key, meta, sizeof meta, err);
}

enum lm_status lm_tokens_finish(struct lm_tokens_writer *writer, struct lm_digest *digest,
                                struct lm_err *err)
{
    struct lm_digest result;
    enum lm_status status = LM_OK;
    while (status == LM_OK && writer->split < LM_SPLITS)
        status = end_split(writer, err);
    if (status == LM_OK)
        status = put_meta(writer, &result, err);
    if (status == LM_OK) {
        status = lm_rows_finish(writer->rows, err);
        writer->rows = NULL;
    }
    lm_tokens_abandon(writer);
    if (status == LM_OK && digest != NULL)
        *digest = result;
    return status;
}
