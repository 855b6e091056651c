#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lmpipe/tokens.h>

#include "data/tokens_format.h"
#include "data/tokens_lmdb.h"

/* A block of ids in the map. */
struct block {
    const uint8_t *ids;
    size_t size;            /* bytes, the checksum behind them not counted */
    atomic_bool is_checked; /* checksum and range of ids, before the first use */
};

struct split {
    struct block *blocks;
    const uint8_t **entries; /* of each index row: LM_TOKENS_ENTRIES documents, fewer in the last */
    size_t block_count, block_capacity, row_count, row_capacity;
    struct lm_tokens_totals seen; /* by the entries */
    uint64_t id_bytes;            /* by the blocks */
};

struct lm_tokens {
    struct lm_rows *rows;
    char *path;
    struct split splits[LM_SPLITS];
    struct lm_tokens_meta meta;
    size_t width, block_ids; /* bytes of an id, ids of a full block */
    /* While the rows are walked: */
    struct lm_tokens_key last;
    bool is_last_full, is_complete;
};

static enum lm_status unsound(const struct lm_tokens *tokens, const char *what, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT, "%s: not a sound token file: %s; make it anew", tokens->path,
                   what);
}

/* ---- the walk of all rows when a file is opened ---- */

/* Room for one more element of `size` bytes. */
static enum lm_status grow(void **items, size_t *capacity, size_t count, size_t size,
                           const struct lm_tokens *tokens, struct lm_err *err)
{
    if (count < *capacity)
        return LM_OK;
    size_t larger = *capacity ? *capacity * 2 : 16;
    void *moved = realloc(*items, larger * size);
    if (moved == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to open %s; free some", tokens->path);
    *items = moved;
    *capacity = larger;
    return LM_OK;
}

/* Documents follow each other without gaps; blocks are compared with this when all is known. */
static bool take_entries(struct split *split, const uint8_t *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct lm_document d = lm_tokens_entry(entries + i * LM_TOKENS_ENTRY);
        if (d.first != split->seen.tokens || d.tokens == 0)
            return false;
        split->seen.tokens += d.tokens;
        split->seen.bytes += d.bytes;
    }
    split->seen.documents += count;
    return true;
}

static enum lm_status take_index(struct lm_tokens *tokens, struct lm_tokens_key key,
                                 const uint8_t *row, size_t size, struct lm_err *err)
{
    struct split *split = &tokens->splits[key.split];
    size_t count = (size - LM_TOKENS_SUM) / LM_TOKENS_ENTRY;
    if (count == 0 || count > LM_TOKENS_ENTRIES ||
        size != count * LM_TOKENS_ENTRY + LM_TOKENS_SUM || !lm_tokens_is_sealed(key, row, size))
        return unsound(tokens, "an index row is damaged", err);
    void *rows = split->entries;
    LM_TRY(
        grow(&rows, &split->row_capacity, split->row_count, sizeof *split->entries, tokens, err));
    split->entries = rows;
    split->entries[split->row_count++] = row;
    tokens->is_last_full = count == LM_TOKENS_ENTRIES;
    return take_entries(split, row, count) ? LM_OK : unsound(tokens, "documents do not join", err);
}

static enum lm_status take_block(struct lm_tokens *tokens, struct lm_tokens_key key,
                                 const uint8_t *row, size_t size, struct lm_err *err)
{
    struct split *split = &tokens->splits[key.split];
    if (size <= LM_TOKENS_SUM || size > LM_TOKENS_ROW)
        return unsound(tokens, "a block has a wrong size", err);
    void *blocks = split->blocks;
    LM_TRY(grow(&blocks, &split->block_capacity, split->block_count, sizeof *split->blocks, tokens,
                err));
    split->blocks = blocks;
    struct block *block = &split->blocks[split->block_count++];
    block->ids = row;
    block->size = size - LM_TOKENS_SUM;
    atomic_init(&block->is_checked, false);
    split->id_bytes += block->size;
    tokens->is_last_full = size == LM_TOKENS_ROW;
    return LM_OK;
}

static enum lm_status take_meta(struct lm_tokens *tokens, struct lm_tokens_key key,
                                const uint8_t *row, size_t size, struct lm_err *err)
{
    struct lm_tokens_meta *meta = &tokens->meta;
    if (size != LM_TOKENS_META + LM_TOKENS_SUM || !lm_tokens_is_sealed(key, row, size))
        return unsound(tokens, "its description is damaged, or of another version", err);
    lm_tokens_meta_unpack(meta, row);
    if (meta->version != LM_TOKENS_VERSION)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s: format version %u, this program knows %d; make the file anew",
                       tokens->path, meta->version, LM_TOKENS_VERSION);
    if ((meta->width != 2 && meta->width != 4) || meta->block != LM_TOKENS_BLOCK ||
        meta->entries != LM_TOKENS_ENTRIES || meta->vocab_size < 1 ||
        meta->vocab_size > INT32_MAX || meta->end_of_text < 0 ||
        meta->end_of_text >= meta->vocab_size)
        return unsound(tokens, "its description is impossible", err);
    tokens->width = meta->width;
    tokens->block_ids = LM_TOKENS_BLOCK / meta->width;
    tokens->is_complete = true;
    return LM_OK;
}

/* Rows of one kind are numbered from 0 on and full but for the last; nothing follows the meta row.
 */
static bool is_next(const struct lm_tokens *tokens, struct lm_tokens_key key)
{
    struct lm_tokens_key last = tokens->last;
    if (tokens->is_complete)
        return false;
    if (key.split == last.split && key.kind == last.kind)
        return key.number == last.number + 1 && tokens->is_last_full;
    return key.number == 0;
}

static enum lm_status take_row(void *user, const uint8_t *key, size_t key_size, const uint8_t *row,
                               size_t size, struct lm_err *err)
{
    struct lm_tokens *tokens = user;
    if (key_size != LM_TOKENS_KEY || size < LM_TOKENS_SUM)
        return unsound(tokens, "an unknown row", err);
    struct lm_tokens_key got = lm_tokens_key_unpack(key);
    if (!is_next(tokens, got))
        return unsound(tokens, "its rows are out of order", err);
    tokens->last = got;
    if (got.split == LM_TOKENS_LAST_SPLIT && got.kind == LM_TOKENS_TAIL)
        return take_meta(tokens, got, row, size, err);
    if (got.split < LM_SPLITS && got.kind == LM_TOKENS_INDEX)
        return take_index(tokens, got, row, size, err);
    if (got.split < LM_SPLITS && got.kind == LM_TOKENS_BODY)
        return take_block(tokens, got, row, size, err);
    return unsound(tokens, "an unknown row", err);
}

static enum lm_status read_rows(struct lm_tokens *tokens, struct lm_err *err)
{
    LM_TRY(lm_rows_each(tokens->rows, take_row, tokens, err));
    if (!tokens->is_complete)
        return unsound(tokens, "it was not finished", err);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        const struct split *split = &tokens->splits[i];
        if (split->seen.tokens > UINT64_MAX / 4 ||
            split->id_bytes != split->seen.tokens * tokens->width ||
            memcmp(&split->seen, &tokens->meta.totals[i], sizeof split->seen) != 0)
            return unsound(tokens, "its parts do not add up", err);
    }
    return LM_OK;
}

enum lm_status lm_tokens_open(struct lm_tokens **out, const char *path, struct lm_err *err)
{
    struct lm_tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to open %s; free some", path);
    tokens->path = strdup(path);
    enum lm_status status =
        tokens->path ? LM_OK : lm_fail(err, LM_NOMEM, "no memory to open %s; free some", path);
    if (status == LM_OK)
        status = lm_rows_open(&tokens->rows, path, err);
    if (status == LM_OK)
        status = read_rows(tokens, err);
    if (status == LM_OK)
        *out = tokens;
    else
        lm_tokens_close(tokens);
    return status;
}

void lm_tokens_close(struct lm_tokens *tokens)
{
    if (tokens == NULL)
        return;
    lm_rows_close(tokens->rows);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        free(tokens->splits[i].blocks);
        free(tokens->splits[i].entries);
    }
    free(tokens->path);
    free(tokens);
}

/* ---- what is in it ---- */

int64_t lm_tokens_vocab(const struct lm_tokens *tokens)
{
    return tokens->meta.vocab_size;
}

const struct lm_digest *lm_tokens_vocab_digest(const struct lm_tokens *tokens)
{
    return &tokens->meta.vocab;
}

int32_t lm_tokens_end_of_text(const struct lm_tokens *tokens)
{
    return tokens->meta.end_of_text;
}

uint64_t lm_tokens_count(const struct lm_tokens *tokens, enum lm_split split)
{
    return tokens->splits[split].seen.tokens;
}

uint64_t lm_tokens_documents(const struct lm_tokens *tokens, enum lm_split split)
{
    return tokens->splits[split].seen.documents;
}

uint64_t lm_tokens_bytes(const struct lm_tokens *tokens, enum lm_split split)
{
    return tokens->splits[split].seen.bytes;
}

struct lm_document lm_tokens_document(const struct lm_tokens *tokens, enum lm_split split,
                                      uint64_t index)
{
    const struct split *s = &tokens->splits[split];
    if (index >= s->seen.documents)
        return (struct lm_document){0};
    const uint8_t *entries = s->entries[index / LM_TOKENS_ENTRIES];
    return lm_tokens_entry(entries + index % LM_TOKENS_ENTRIES * LM_TOKENS_ENTRY);
}

static bool are_ids_in_range(const struct lm_tokens *tokens, const struct block *block)
{
    enum { CHUNK = 1024 };

    int32_t ids[CHUNK];
    uint32_t most = 0; /* a negative id is a large one */
    size_t all = block->size / tokens->width;
    if (tokens->width == 2 && tokens->meta.vocab_size == LM_TOKENS_SMALL_VOCAB)
        return true;
    for (size_t at = 0; at < all; at += CHUNK) {
        size_t count = all - at < CHUNK ? all - at : CHUNK;
        lm_tokens_widen(ids, block->ids + at * tokens->width, count, tokens->width);
        for (size_t i = 0; i < count; i++)
            most = (uint32_t)ids[i] > most ? (uint32_t)ids[i] : most;
    }
    return (int64_t)most < tokens->meta.vocab_size;
}

/* Before the first use of a block. Two threads may both do it: they find the same. */
static enum lm_status check_block(const struct lm_tokens *tokens, enum lm_split split,
                                  uint64_t number, struct lm_err *err)
{
    struct block *block = &tokens->splits[split].blocks[number];
    struct lm_tokens_key key = {split, LM_TOKENS_BODY, number};
    if (atomic_load_explicit(&block->is_checked, memory_order_relaxed))
        return LM_OK;
    if (!lm_tokens_is_sealed(key, block->ids, block->size + LM_TOKENS_SUM))
        return unsound(tokens, "a block of tokens is damaged", err);
    if (!are_ids_in_range(tokens, block))
        return unsound(tokens, "a token is not in the vocabulary", err);
    atomic_store_explicit(&block->is_checked, true, memory_order_relaxed);
    return LM_OK;
}

/* A place in the stream: its block, where in it, and how many ids the block has from there on. Two
 * divisors, each known: no division. */
struct place {
    uint64_t block;
    size_t at, room;
};

static inline struct place place_of(const struct lm_tokens *tokens, uint64_t first)
{
    const size_t narrow = LM_TOKENS_BLOCK / 2, wide = LM_TOKENS_BLOCK / 4;
    uint64_t block = tokens->width == 2 ? first / narrow : first / wide;
    size_t at = (size_t)(first - block * tokens->block_ids);
    return (struct place){block, at, tokens->block_ids - at};
}

enum lm_status lm_tokens_read(const struct lm_tokens *tokens, enum lm_split split, uint64_t first,
                              size_t count, int32_t *out, struct lm_err *err)
{
    const struct split *s = &tokens->splits[split];
    if (first > s->seen.tokens || count > s->seen.tokens - first)
        return lm_fail(err, LM_RANGE, "%s: %llu tokens from %llu on of %llu in %s; read fewer",
                       tokens->path, (unsigned long long)count, (unsigned long long)first,
                       (unsigned long long)s->seen.tokens, lm_split_names[split]);
    while (count > 0) {
        struct place place = place_of(tokens, first);
        size_t part = count < place.room ? count : place.room;
        const struct block *block = &s->blocks[place.block];
        if (!atomic_load_explicit(&block->is_checked, memory_order_relaxed))
            LM_TRY(check_block(tokens, split, place.block, err));
        lm_tokens_widen(out, block->ids + place.at * tokens->width, part, tokens->width);
        out += part;
        first += part;
        count -= part;
    }
    return LM_OK;
}

void lm_tokens_prefetch(const struct lm_tokens *tokens, enum lm_split split, uint64_t first,
                        uint64_t count)
{
    const struct split *s = &tokens->splits[split];
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint64_t end = first + count < s->seen.tokens ? first + count : s->seen.tokens;
    while (first < end) {
        struct place place = place_of(tokens, first);
        uint64_t part = end - first < place.room ? end - first : place.room;
        uintptr_t start = (uintptr_t)s->blocks[place.block].ids + place.at * tokens->width;
        uintptr_t from = start / page * page;
        posix_madvise((void *)from, start + part * tokens->width - from,
                      POSIX_MADV_WILLNEED); /* advice: that it fails changes nothing */
        first += part;
    }
}

/* ---- its identity ---- */

/* SHA-256 of a split's ids and of its entries must be what the meta row says. */
static enum lm_status check_split(const struct lm_tokens *tokens, enum lm_split split,
                                  struct lm_sha256 *hash, struct lm_err *err)
{
    const struct split *s = &tokens->splits[split];
    struct lm_digest digest;
    for (uint64_t i = 0; i < s->block_count; i++) {
        LM_TRY(check_block(tokens, split, i, err));
        lm_sha256_update(hash, s->blocks[i].ids, s->blocks[i].size);
    }
    lm_sha256_final(hash, &digest);
    if (lm_digest_compare(&digest, &tokens->meta.ids[split]) != 0)
        return unsound(tokens, "its tokens are not those it was finished with", err);
    uint64_t left = s->seen.documents;
    for (size_t i = 0; i < s->row_count; i++) {
        uint64_t count = left < LM_TOKENS_ENTRIES ? left : LM_TOKENS_ENTRIES;
        lm_sha256_update(hash, s->entries[i], (size_t)count * LM_TOKENS_ENTRY);
        left -= count;
    }
    lm_sha256_final(hash, &digest);
    if (lm_digest_compare(&digest, &tokens->meta.documents[split]) != 0)
        return unsound(tokens, "its documents are not those it was finished with", err);
    return LM_OK;
}

static enum lm_status digest_all(struct lm_digest *out, const struct lm_tokens *tokens,
                                 struct lm_sha256 *hash, struct lm_err *err)
{
    uint8_t meta[LM_TOKENS_META];
    for (int split = 0; split < LM_SPLITS; split++)
        LM_TRY(check_split(tokens, (enum lm_split)split, hash, err));
    lm_tokens_meta_pack(meta, &tokens->meta);
    lm_sha256_bytes(out, meta, sizeof meta);
    return LM_OK;
}

enum lm_status lm_tokens_digest(struct lm_digest *out, const char *path, struct lm_err *err)
{
    struct lm_tokens *tokens = NULL;
    LM_TRY(lm_tokens_open(&tokens, path, err));
    struct lm_sha256 *hash = lm_sha256_create();
    enum lm_status status = tokens != NULL && hash != NULL
                                ? digest_all(out, tokens, hash, err)
                                : lm_fail(err, LM_NOMEM, "no memory to hash %s; free some", path);
    lm_sha256_free(hash);
    lm_tokens_close(tokens);
    return status;
}
