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
    _Atomic(const uint8_t *) ids; /* NULL: nobody has looked for it */
    atomic_bool is_checked;       /* checksum and range of ids, before the first use */
};

struct split {
    struct block *blocks;
    const uint8_t **entries; /* of each index row: LM_TOKENS_ENTRIES documents, fewer in the last;
                                NULL: they are not checked */
    uint64_t block_count, row_count;
};

struct lm_tokens {
    struct lm_rows *rows;
    char *path;
    struct split splits[LM_SPLITS];
    struct lm_tokens_meta meta;
    size_t width, block_ids; /* bytes of an id, ids of a full block */
};

static enum lm_status unsound(const struct lm_tokens *tokens, const char *what, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT, "%s: not a sound token file: %s; make it anew", tokens->path,
                   what);
}

static enum lm_status no_memory(const char *path, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to open %s; free some", path);
}

/* ---- opening: the meta row alone, however many others there are ---- */

static enum lm_status get_row(const struct lm_tokens *tokens, struct lm_tokens_key key,
                              const uint8_t **row, size_t *size, struct lm_err *err)
{
    uint8_t packed[LM_TOKENS_KEY];
    lm_tokens_key_pack(packed, key);
    enum lm_status status = lm_rows_get(tokens->rows, packed, sizeof packed, row, size, err);
    return status != LM_NOT_FOUND       ? status
           : key.kind == LM_TOKENS_TAIL ? unsound(tokens, "it was not finished", err)
                                        : unsound(tokens, "a row is missing", err);
}

static enum lm_status read_meta(struct lm_tokens *tokens, struct lm_err *err)
{
    const struct lm_tokens_key key = {LM_TOKENS_LAST_SPLIT, LM_TOKENS_TAIL, 0};
    struct lm_tokens_meta *meta = &tokens->meta;
    const uint8_t *row = NULL;
    size_t size = 0;
    LM_TRY(get_row(tokens, key, &row, &size, err));
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
    return LM_OK;
}

static uint64_t parts_of(uint64_t all, uint64_t each)
{
    return all / each + (all % each != 0);
}

/* Room for the rows that it must have. */
static enum lm_status make_splits(struct lm_tokens *tokens, struct lm_err *err)
{
    const uint64_t bytes = lm_rows_bytes(tokens->rows);
    for (size_t i = 0; i < LM_SPLITS; i++) {
        const struct lm_tokens_totals *totals = &tokens->meta.totals[i];
        struct split *split = &tokens->splits[i];
        if (totals->tokens > bytes / tokens->width || totals->documents > bytes / LM_TOKENS_ENTRY)
            return unsound(tokens, "its parts do not add up", err);
        split->block_count = parts_of(totals->tokens, tokens->block_ids);
        split->row_count = parts_of(totals->documents, LM_TOKENS_ENTRIES);
        split->blocks = calloc((size_t)split->block_count + 1, sizeof *split->blocks);
        if (split->blocks == NULL)
            return no_memory(tokens->path, err);
    }
    return LM_OK;
}

static enum lm_status open_rows(struct lm_tokens *tokens, struct lm_err *err)
{
    if (tokens->path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to open a token file; free some");
    LM_TRY(lm_rows_open(&tokens->rows, tokens->path, err));
    LM_TRY(read_meta(tokens, err));
    return make_splits(tokens, err);
}

enum lm_status lm_tokens_open(struct lm_tokens **out, const char *path, struct lm_err *err)
{
    struct lm_tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL)
        return no_memory(path, err);
    tokens->path = strdup(path);
    enum lm_status status = open_rows(tokens, err);
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

/* ---- documents ---- */

/* Documents follow each other without gaps. */
static bool add_entries(struct lm_tokens_totals *seen, const uint8_t *entries, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct lm_document d = lm_tokens_entry(entries + i * LM_TOKENS_ENTRY);
        if (d.first != seen->tokens || d.tokens == 0)
            return false;
        seen->tokens += d.tokens;
        seen->bytes += d.bytes;
    }
    seen->documents += count;
    return true;
}

/* Documents of an index row; those of the last one are what is left. */
static uint64_t entries_of(const struct lm_tokens_totals *totals, uint64_t row)
{
    const uint64_t left = totals->documents - row * LM_TOKENS_ENTRIES;
    return left < LM_TOKENS_ENTRIES ? left : LM_TOKENS_ENTRIES;
}

static enum lm_status read_entries(const struct lm_tokens *tokens, enum lm_split split,
                                   const uint8_t **entries, struct lm_err *err)
{
    const struct lm_tokens_totals *totals = &tokens->meta.totals[split];
    struct lm_tokens_totals seen = {0};
    for (uint64_t i = 0; i < tokens->splits[split].row_count; i++) {
        const struct lm_tokens_key key = {split, LM_TOKENS_INDEX, i};
        const uint64_t count = entries_of(totals, i);
        size_t size = 0;
        LM_TRY(get_row(tokens, key, &entries[i], &size, err));
        if (size != count * LM_TOKENS_ENTRY + LM_TOKENS_SUM ||
            !lm_tokens_is_sealed(key, entries[i], size))
            return unsound(tokens, "an index row is damaged", err);
        if (!add_entries(&seen, entries[i], count))
            return unsound(tokens, "documents do not join", err);
    }
    return memcmp(&seen, totals, sizeof seen) == 0
               ? LM_OK
               : unsound(tokens, "its parts do not add up", err);
}

enum lm_status lm_tokens_check_documents(struct lm_tokens *tokens, enum lm_split split,
                                         struct lm_err *err)
{
    struct split *own = &tokens->splits[split];
    if (own->entries != NULL)
        return LM_OK;
    const uint8_t **entries = calloc((size_t)own->row_count + 1, sizeof *entries);
    if (entries == NULL)
        return no_memory(tokens->path, err);
    enum lm_status status = read_entries(tokens, split, entries, err);
    if (status == LM_OK)
        own->entries = entries;
    else
        free(entries);
    return status;
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
    return tokens->meta.totals[split].tokens;
}

uint64_t lm_tokens_documents(const struct lm_tokens *tokens, enum lm_split split)
{
    return tokens->meta.totals[split].documents;
}

uint64_t lm_tokens_bytes(const struct lm_tokens *tokens, enum lm_split split)
{
    return tokens->meta.totals[split].bytes;
}

struct lm_document lm_tokens_document(const struct lm_tokens *tokens, enum lm_split split,
                                      uint64_t index)
{
    const uint8_t **entries = tokens->splits[split].entries;
    if (entries == NULL || index >= tokens->meta.totals[split].documents)
        return (struct lm_document){0};
    return lm_tokens_entry(entries[index / LM_TOKENS_ENTRIES] +
                           index % LM_TOKENS_ENTRIES * LM_TOKENS_ENTRY);
}

/* ---- ids ---- */

/* Ids of a block; those of the last one are what is left. */
static size_t ids_of(const struct lm_tokens *tokens, enum lm_split split, uint64_t number)
{
    const uint64_t left = tokens->meta.totals[split].tokens - number * tokens->block_ids;
    return left < tokens->block_ids ? (size_t)left : tokens->block_ids;
}

/* Where a block lies. Two threads may both look for it: they find the same. */
static enum lm_status find_block(const struct lm_tokens *tokens, enum lm_split split,
                                 uint64_t number, const uint8_t **ids, struct lm_err *err)
{
    struct block *block = &tokens->splits[split].blocks[number];
    size_t size = 0;
    *ids = atomic_load_explicit(&block->ids, memory_order_relaxed);
    if (*ids != NULL)
        return LM_OK;
    LM_TRY(get_row(tokens, (struct lm_tokens_key){split, LM_TOKENS_BODY, number}, ids, &size, err));
    if (size != ids_of(tokens, split, number) * tokens->width + LM_TOKENS_SUM)
        return unsound(tokens, "a block has a wrong size", err);
    atomic_store_explicit(&block->ids, *ids, memory_order_relaxed);
    return LM_OK;
}

static bool are_ids_in_range(const struct lm_tokens *tokens, const uint8_t *stored, size_t all)
{
    enum { CHUNK = 1024 };

    int32_t ids[CHUNK];
    uint32_t most = 0; /* a negative id is a large one */
    if (tokens->width == 2 && tokens->meta.vocab_size == LM_TOKENS_SMALL_VOCAB)
        return true;
    for (size_t at = 0; at < all; at += CHUNK) {
        size_t count = all - at < CHUNK ? all - at : CHUNK;
        lm_tokens_widen(ids, stored + at * tokens->width, count, tokens->width);
        for (size_t i = 0; i < count; i++)
            most = (uint32_t)ids[i] > most ? (uint32_t)ids[i] : most;
    }
    return (int64_t)most < tokens->meta.vocab_size;
}

/* Before the first use of a block. Two threads may both do it: they find the same. */
static enum lm_status check_block(const struct lm_tokens *tokens, enum lm_split split,
                                  uint64_t number, struct lm_err *err)
{
    const struct lm_tokens_key key = {split, LM_TOKENS_BODY, number};
    struct block *block = &tokens->splits[split].blocks[number];
    const size_t count = ids_of(tokens, split, number);
    const uint8_t *ids = NULL;
    LM_TRY(find_block(tokens, split, number, &ids, err));
    if (atomic_load_explicit(&block->is_checked, memory_order_acquire))
        return LM_OK;
    if (!lm_tokens_is_sealed(key, ids, count * tokens->width + LM_TOKENS_SUM))
        return unsound(tokens, "a block of tokens is damaged", err);
    if (!are_ids_in_range(tokens, ids, count))
        return unsound(tokens, "a token is not in the vocabulary", err);
    atomic_store_explicit(&block->is_checked, true, memory_order_release);
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
    const uint64_t all = tokens->meta.totals[split].tokens;
    if (first > all || count > all - first)
        return lm_fail(err, LM_RANGE, "%s: %llu tokens from %llu on of %llu in %s; read fewer",
                       tokens->path, (unsigned long long)count, (unsigned long long)first,
                       (unsigned long long)all, lm_split_names[split]);
    while (count > 0) {
        struct place place = place_of(tokens, first);
        size_t part = count < place.room ? count : place.room;
        const struct block *block = &tokens->splits[split].blocks[place.block];
        if (!atomic_load_explicit(&block->is_checked, memory_order_acquire))
            LM_TRY(check_block(tokens, split, place.block, err));
        const uint8_t *ids = atomic_load_explicit(&block->ids, memory_order_relaxed);
        lm_tokens_widen(out, ids + place.at * tokens->width, part, tokens->width);
        out += part;
        first += part;
        count -= part;
    }
    return LM_OK;
}

void lm_tokens_prefetch(const struct lm_tokens *tokens, enum lm_split split, uint64_t first,
                        uint64_t count)
{
    const uint64_t all = tokens->meta.totals[split].tokens;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint64_t end = first + count < all ? first + count : all;
    while (first < end) {
        struct place place = place_of(tokens, first);
        uint64_t part = end - first < place.room ? end - first : place.room;
        const uint8_t *ids = NULL;
        if (find_block(tokens, split, place.block, &ids, NULL) != LM_OK)
            return; /* whoever reads it is told */
        uintptr_t start = (uintptr_t)ids + place.at * tokens->width;
        uintptr_t from = start / page * page;
        posix_madvise((void *)from, start + part * tokens->width - from,
                      POSIX_MADV_WILLNEED); /* advice: that it fails changes nothing */
        first += part;
    }
}

/* ---- its identity ---- */

/* The row that a walk of all rows must meet next; kind LM_TOKENS_TAIL: the meta row. */
struct walk {
    const struct lm_tokens *tokens;
    struct lm_tokens_key next;
    bool is_complete;
};

/* Passes over what a split does not have. */
static void settle(struct walk *walk)
{
    struct lm_tokens_key *next = &walk->next;
    while (next->split < LM_SPLITS) {
        const struct split *split = &walk->tokens->splits[next->split];
        const bool is_index = next->kind == LM_TOKENS_INDEX;
        if (next->number < (is_index ? split->row_count : split->block_count))
            return;
        *next = is_index ? (struct lm_tokens_key){next->split, LM_TOKENS_BODY, 0}
                         : (struct lm_tokens_key){next->split + 1, LM_TOKENS_INDEX, 0};
    }
    *next = (struct lm_tokens_key){LM_TOKENS_LAST_SPLIT, LM_TOKENS_TAIL, 0};
}

/* What rows hold is checked by itself; here, that there are these and no others. */
static enum lm_status meet_row(void *user, const uint8_t *key, size_t key_size, const uint8_t *row,
                               size_t size, struct lm_err *err)
{
    struct walk *walk = user;
    uint8_t wanted[LM_TOKENS_KEY];
    (void)row;
    (void)size;
    lm_tokens_key_pack(wanted, walk->next);
    if (walk->is_complete || key_size != sizeof wanted || memcmp(key, wanted, sizeof wanted) != 0)
        return unsound(walk->tokens, "its rows are out of order", err);
    walk->is_complete = walk->next.kind == LM_TOKENS_TAIL;
    walk->next.number++;
    settle(walk);
    return LM_OK;
}

static enum lm_status check_rows(const struct lm_tokens *tokens, struct lm_err *err)
{
    struct walk walk = {.tokens = tokens, .next = {0, LM_TOKENS_INDEX, 0}};
    settle(&walk);
    LM_TRY(lm_rows_each(tokens->rows, meet_row, &walk, err));
    return walk.is_complete ? LM_OK : unsound(tokens, "it was not finished", err);
}

/* SHA-256 of a split's ids and of its entries must be what the meta row says. */
static enum lm_status check_split(struct lm_tokens *tokens, enum lm_split split,
                                  struct lm_sha256 *hash, struct lm_err *err)
{
    const struct split *own = &tokens->splits[split];
    struct lm_digest digest;
    LM_TRY(lm_tokens_check_documents(tokens, split, err));
    for (uint64_t i = 0; i < own->block_count; i++) {
        LM_TRY(check_block(tokens, split, i, err));
        lm_sha256_update(hash, atomic_load_explicit(&own->blocks[i].ids, memory_order_relaxed),
                         ids_of(tokens, split, i) * tokens->width);
    }
    lm_sha256_final(hash, &digest);
    if (lm_digest_compare(&digest, &tokens->meta.ids[split]) != 0)
        return unsound(tokens, "its tokens are not those it was finished with", err);
    for (uint64_t i = 0; i < own->row_count; i++)
        lm_sha256_update(hash, own->entries[i],
                         (size_t)entries_of(&tokens->meta.totals[split], i) * LM_TOKENS_ENTRY);
    lm_sha256_final(hash, &digest);
    if (lm_digest_compare(&digest, &tokens->meta.documents[split]) != 0)
        return unsound(tokens, "its documents are not those it was finished with", err);
    return LM_OK;
}

static enum lm_status digest_all(struct lm_digest *out, struct lm_tokens *tokens,
                                 struct lm_sha256 *hash, struct lm_err *err)
{
    uint8_t meta[LM_TOKENS_META];
    LM_TRY(check_rows(tokens, err));
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
