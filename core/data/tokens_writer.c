#include <stdlib.h>
#include <string.h>

#include <lmpipe/tokens.h>

#include "base/buf.h"
#include "data/tokens_format.h"
#include "data/tokens_lmdb.h"

struct lm_tokens_writer {
    struct lm_rows_writer *rows;
    struct lm_sha256 *hash;
    int64_t vocab_size;
    int32_t end_of_text;
    struct lm_digest vocab_digest;
    size_t width; /* bytes of a stored token */
    struct lm_tokens_totals totals[LM_SPLITS];
    /* The block being filled and the entries of the documents that start in it. */
    enum lm_split split;
    uint64_t block;
    size_t fill;
    uint8_t *body; /* LM_TOKENS_BLOCK bytes */
    struct lm_buf entries;
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
    writer->vocab_size = vocab_size;
    writer->end_of_text = end_of_text;
    writer->vocab_digest = *vocab_digest;
    writer->width = vocab_size <= LM_TOKENS_SMALL_VOCAB ? 2 : 4;
    lm_buf_init(&writer->entries, 0);
    writer->hash = lm_sha256_create();
    writer->body = malloc(LM_TOKENS_BLOCK);
    enum lm_status status = writer->hash && writer->body
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
    lm_sha256_free(writer->hash);
    lm_buf_release(&writer->entries);
    free(writer->body);
    free(writer);
}

static enum lm_status put_row(struct lm_tokens_writer *writer, struct lm_tokens_key key,
                              const void *value, size_t size, struct lm_err *err)
{
    uint8_t packed[LM_TOKENS_KEY];
    lm_tokens_key_pack(packed, key);
    lm_tokens_digest_row(writer->hash, packed, sizeof packed, value, size);
    return lm_rows_put(writer->rows, packed, sizeof packed, value, size, err);
}

/* Writes the block and the index row that goes before it; starts the next one. */
static enum lm_status flush(struct lm_tokens_writer *writer, struct lm_err *err)
{
    if (writer->fill == 0)
        return LM_OK;
    struct lm_tokens_key key = {writer->split, LM_TOKENS_INDEX, writer->block};
    struct lm_buf *entries = &writer->entries;
    lm_buf_put_u64(entries, lm_hash64(writer->body, writer->fill, 0));
    LM_TRY(lm_buf_status(entries, err));
    lm_buf_put_u64(entries, lm_hash64(entries->data, entries->size, 0));
    LM_TRY(lm_buf_status(entries, err));
    LM_TRY(put_row(writer, key, entries->data, entries->size, err));
    key.kind = LM_TOKENS_BODY;
    LM_TRY(put_row(writer, key, writer->body, writer->fill, err));
    lm_buf_clear(entries);
    writer->fill = 0;
    writer->block++;
    return LM_OK;
}

static enum lm_status append_token(struct lm_tokens_writer *writer, int32_t id, struct lm_err *err)
{
    for (size_t i = 0; i < writer->width; i++)
        writer->body[writer->fill++] = (uint8_t)((uint32_t)id >> (8 * i));
    return writer->fill == LM_TOKENS_BLOCK ? flush(writer, err) : LM_OK;
}

static enum lm_status check_document(const struct lm_tokens_writer *writer, enum lm_split split,
                                     const int32_t *ids, size_t count, struct lm_err *err)
{
    if (split < writer->split || split >= LM_SPLITS)
        return lm_fail(err, LM_INVALID, "split %d after %d; give the splits in order", (int)split,
                       (int)writer->split);
    if (count >= UINT32_MAX)
        return lm_fail(err, LM_RANGE, "a document of %zu tokens; split it", count);
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= writer->vocab_size)
            return lm_fail(err, LM_RANGE,
                           "token %d is not in a vocabulary of %lld; encode with the same one",
                           ids[i], (long long)writer->vocab_size);
    return LM_OK;
}

enum lm_status lm_tokens_add(struct lm_tokens_writer *writer, enum lm_split split,
                             const int32_t *ids, size_t count, uint64_t id, uint32_t bytes,
                             struct lm_err *err)
{
    LM_TRY(check_document(writer, split, ids, count, err));
    if (split != writer->split) {
        LM_TRY(flush(writer, err));
        writer->split = split;
        writer->block = 0;
    }
    struct lm_tokens_totals *totals = &writer->totals[split];
    lm_buf_put_u64(&writer->entries, totals->tokens);
    lm_buf_put_u32(&writer->entries, (uint32_t)count + 1);
    lm_buf_put_u32(&writer->entries, bytes);
    lm_buf_put_u64(&writer->entries, id);
    totals->tokens += count + 1;
    totals->documents++;
    totals->bytes += bytes;
    for (size_t i = 0; i < count; i++)
        LM_TRY(append_token(writer, ids[i], err));
    return append_token(writer, writer->end_of_text, err);
}

/* The last row: what the file is, totals, and a checksum over both. */
static enum lm_status put_meta(struct lm_tokens_writer *writer, struct lm_err *err)
{
    struct lm_buf meta;
    lm_buf_init(&meta, 0);
    lm_buf_append(&meta, "lmtokens", 8);
    lm_buf_put_u32(&meta, LM_TOKENS_VERSION);
    lm_buf_put_u32(&meta, (uint32_t)writer->width);
    lm_buf_put_u32(&meta, LM_TOKENS_BLOCK);
    lm_buf_put_u32(&meta, (uint32_t)writer->end_of_text);
    lm_buf_put_u64(&meta, (uint64_t)writer->vocab_size);
    lm_buf_append(&meta, writer->vocab_digest.bytes, LM_DIGEST_SIZE);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        lm_buf_put_u64(&meta, writer->totals[i].tokens);
        lm_buf_put_u64(&meta, writer->totals[i].documents);
        lm_buf_put_u64(&meta, writer->totals[i].bytes);
    }
    if (!meta.failed)
        lm_buf_put_u64(&meta, lm_hash64(meta.data, meta.size, 0));
    struct lm_tokens_key key = {LM_TOKENS_LAST_SPLIT, LM_TOKENS_TAIL, 0};
    enum lm_status status = lm_buf_status(&meta, err);
    if (status == LM_OK)
        status = put_row(writer, key, meta.data, meta.size, err);
    lm_buf_release(&meta);
    return status;
}

enum lm_status lm_tokens_finish(struct lm_tokens_writer *writer, struct lm_digest *digest,
                                struct lm_err *err)
{
    struct lm_digest result = {{0}};
    enum lm_status status = flush(writer, err);
    if (status == LM_OK)
        status = put_meta(writer, err);
    if (status == LM_OK) {
        lm_sha256_final(writer->hash, &result);
        status = lm_rows_finish(writer->rows, err);
        writer->rows = NULL;
    }
    lm_tokens_abandon(writer);
    if (status == LM_OK && digest != NULL)
        *digest = result;
    return status;
}
