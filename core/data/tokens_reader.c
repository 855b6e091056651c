#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/arena.h>
#include <lmpipe/tokens.h>

#include "data/tokens_format.h"
#include "data/tokens_lmdb.h"

/* A block of tokens and the index row of the documents that start in it; both point into the map.
 */
struct block {
    const uint8_t *body, *entries;
    size_t tokens, documents;
    uint64_t first_document;
    uint64_t sum; /* XXH3 of the body, looked at before its first use */
    atomic_bool is_checked;
};

struct split {
    struct block *blocks;
    size_t count, capacity;
    struct lm_tokens_totals seen, promised;
};

struct lm_tokens {
    struct lm_rows *rows;
    char *path;
    struct split splits[LM_SPLITS];
    size_t width, block_tokens;
    int64_t vocab_size;
    int32_t end_of_text;
    /* While the rows are walked: */
    struct lm_tokens_key expected;
    bool is_complete;
};

static enum lm_status unsound(const struct lm_tokens *tokens, const char *what, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT, "%s: not a sound token file: %s; make it anew", tokens->path,
                   what);
}

static struct block *add_block(struct split *split)
{
    if (split->count == split->capacity) {
        size_t capacity = split->capacity ? split->capacity * 2 : 16;
        struct block *blocks = realloc(split->blocks, capacity * sizeof *blocks);
        if (blocks == NULL)
            return NULL;
        split->blocks = blocks;
        split->capacity = capacity;
    }
    struct block *block = &split->blocks[split->count++];
    *block = (struct block){.body = NULL};
    return block;
}

/* Documents follow each other without gaps; bodies are checked against this when all is known. */
static bool take_entries(struct split *split, const struct block *block)
{
    for (size_t i = 0; i < block->documents; i++) {
        struct lm_document d = lm_tokens_entry(block->entries + i * LM_TOKENS_ENTRY);
        if (d.first != split->seen.tokens || d.tokens == 0)
            return false;
        split->seen.tokens += d.tokens;
        split->seen.bytes += d.bytes;
    }
    split->seen.documents += block->documents;
    return true;
}

static enum lm_status take_index(struct lm_tokens *tokens, struct split *split,
                                 const uint8_t *value, size_t size, struct lm_err *err)
{
    if (size < LM_TOKENS_INDEX_EXTRA || (size - LM_TOKENS_INDEX_EXTRA) % LM_TOKENS_ENTRY != 0 ||
        lm_tokens_load(value + size - 8, 8) != lm_hash64(value, size - 8, 0))
        return unsound(tokens, "an index row is damaged", err);
    struct block *block = add_block(split);
    if (block == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to open %s; free some", tokens->path);
    block->entries = value;
    block->documents = (size - LM_TOKENS_INDEX_EXTRA) / LM_TOKENS_ENTRY;
    block->first_document = split->seen.documents;
    block->sum = lm_tokens_load(value + size - 16, 8);
    return take_entries(split, block) ? LM_OK : unsound(tokens, "documents do not join", err);
}

static enum lm_status take_body(struct lm_tokens *tokens, struct split *split, const uint8_t *value,
                                size_t size, struct lm_err *err)
{
    struct block *block = &split->blocks[split->count - 1];
    if (size == 0 || size > LM_TOKENS_BLOCK)
        return unsound(tokens, "a block has a wrong size", err);
    block->body = value;
    block->tokens = size; /* bytes until the width is known, at the meta row */
    return LM_OK;
}

static enum lm_status take_meta(struct lm_tokens *tokens, const uint8_t *value, size_t size,
                                struct lm_err *err)
{
    if (size != LM_TOKENS_META || memcmp(value, "lmtokens", 8) != 0 ||
        lm_tokens_load(value + LM_TOKENS_META_SUM, 8) != lm_hash64(value, LM_TOKENS_META_SUM, 0))
        return unsound(tokens, "its description is damaged", err);
    if (lm_tokens_load(value + 8, 4) != LM_TOKENS_VERSION)
        return lm_fail(err, LM_UNSUPPORTED,
                       "%s: format version %llu, this program knows %d; make "
                       "the file anew",
                       tokens->path, (unsigned long long)lm_tokens_load(value + 8, 4),
                       LM_TOKENS_VERSION);
    tokens->width = (size_t)lm_tokens_load(value + 12, 4);
    uint64_t block = lm_tokens_load(value + 16, 4), eot = lm_tokens_load(value + 20, 4);
    uint64_t vocab = lm_tokens_load(value + 24, 8);
    if ((tokens->width != 2 && tokens->width != 4) || block != LM_TOKENS_BLOCK || vocab == 0 ||
        vocab > INT32_MAX || eot >= vocab)
        return unsound(tokens, "its description is impossible", err);
    tokens->block_tokens = LM_TOKENS_BLOCK / tokens->width;
    tokens->vocab_size = (int64_t)vocab;
    tokens->end_of_text = (int32_t)eot;
    for (size_t i = 0; i < LM_SPLITS; i++) {
        const uint8_t *at = value + LM_TOKENS_META_SPLITS + i * LM_TOKENS_META_SPLIT;
        tokens->splits[i].promised = (struct lm_tokens_totals){
            lm_tokens_load(at, 8), lm_tokens_load(at + 8, 8), lm_tokens_load(at + 16, 8)};
    }
    tokens->is_complete = true;
    return LM_OK;
}

/* Rows must be exactly: per split and block an index row and a body, at last the meta row. */
static bool is_expected(const struct lm_tokens *tokens, struct lm_tokens_key key)
{
    struct lm_tokens_key want = tokens->expected;
    if (tokens->is_complete)
        return false;
    if (want.kind == LM_TOKENS_BODY)
        return key.split == want.split && key.block == want.block && key.kind == want.kind;
    if (key.split == LM_TOKENS_LAST_SPLIT)
        return key.block == 0 && key.kind == LM_TOKENS_TAIL;
    bool is_next = key.split == want.split && key.block == want.block;
    bool is_new_split = key.split > want.split && key.split < LM_SPLITS && key.block == 0;
    return key.kind == LM_TOKENS_INDEX && (is_next || is_new_split);
}

static enum lm_status take_row(void *user, const uint8_t *key, size_t key_size,
                               const uint8_t *value, size_t size, struct lm_err *err)
{
    struct lm_tokens *tokens = user;
    if (key_size != LM_TOKENS_KEY)
        return unsound(tokens, "an unknown row", err);
    struct lm_tokens_key got = lm_tokens_key_unpack(key);
    if (!is_expected(tokens, got))
        return unsound(tokens, "its rows are out of order", err);
    if (got.kind == LM_TOKENS_TAIL)
        return take_meta(tokens, value, size, err);
    struct split *split = &tokens->splits[got.split];
    tokens->expected = got;
    if (got.kind == LM_TOKENS_INDEX) {
        tokens->expected.kind = LM_TOKENS_BODY;
        return take_index(tokens, split, value, size, err);
    }
    tokens->expected.kind = LM_TOKENS_INDEX;
    tokens->expected.block++;
    return take_body(tokens, split, value, size, err);
}

/* All blocks full but the last, entries in the block that holds their first token, totals as
 * promised. */
static bool is_split_sound(const struct lm_tokens *tokens, struct split *split)
{
    uint64_t total = 0;
    for (size_t i = 0; i < split->count; i++) {
        struct block *block = &split->blocks[i];
        if (block->tokens % tokens->width != 0)
            return false;
        block->tokens /= tokens->width;
        if (i + 1 < split->count && block->tokens != tokens->block_tokens)
            return false;
        for (size_t k = 0; k < block->documents; k++) {
            struct lm_document d = lm_tokens_entry(block->entries + k * LM_TOKENS_ENTRY);
            if (d.first < total || d.first >= total + block->tokens)
                return false;
        }
        total += block->tokens;
    }
    return total == split->seen.tokens &&
           memcmp(&split->seen, &split->promised, sizeof split->seen) == 0;
}

static enum lm_status read_rows(struct lm_tokens *tokens, struct lm_err *err)
{
    tokens->expected = (struct lm_tokens_key){.kind = LM_TOKENS_INDEX};
    LM_TRY(lm_rows_each(tokens->rows, take_row, tokens, err));
    if (!tokens->is_complete)
        return unsound(tokens, "it was not finished", err);
    for (size_t i = 0; i < LM_SPLITS; i++)
        if (!is_split_sound(tokens, &tokens->splits[i]))
            return unsound(tokens, "its parts do not add up", err);
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
    for (size_t i = 0; i < LM_SPLITS; i++)
        free(tokens->splits[i].blocks);
    free(tokens->path);
    free(tokens);
}

int64_t lm_tokens_vocab(const struct lm_tokens *tokens)
{
    return tokens->vocab_size;
}

int32_t lm_tokens_end_of_text(const struct lm_tokens *tokens)
{
    return tokens->end_of_text;
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
    size_t low = 0, high = s->count; /* the last block whose first document is <= index */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->blocks[middle].first_document <= index)
            low = middle;
        else
            high = middle;
    }
    const struct block *block = &s->blocks[low];
    return lm_tokens_entry(block->entries + (index - block->first_document) * LM_TOKENS_ENTRY);
}

/* `count` stored tokens, widened. */
static void widen(int32_t *out, const uint8_t *body, size_t count, size_t width)
{
    if (width == 2)
        for (size_t i = 0; i < count; i++) {
            uint16_t token;
            memcpy(&token, body + 2 * i, 2);
            out[i] = le16toh(token);
        }
    else
        for (size_t i = 0; i < count; i++) {
            uint32_t token;
            memcpy(&token, body + 4 * i, 4);
            out[i] = (int32_t)le32toh(token);
        }
}

static bool are_ids_in_range(const struct lm_tokens *tokens, const struct block *block)
{
    enum { CHUNK = 1024 };

    int32_t ids[CHUNK];
    int32_t least = 0, most = 0;
    for (size_t at = 0; at < block->tokens; at += CHUNK) {
        size_t count = block->tokens - at < CHUNK ? block->tokens - at : CHUNK;
        widen(ids, block->body + at * tokens->width, count, tokens->width);
        for (size_t i = 0; i < count; i++) {
            least = ids[i] < least ? ids[i] : least;
            most = ids[i] > most ? ids[i] : most;
        }
    }
    return least >= 0 && most < tokens->vocab_size;
}

/* Before the first use of a block. Two threads may both do it: they find the same. */
static enum lm_status check_block(const struct lm_tokens *tokens, struct block *block,
                                  struct lm_err *err)
{
    if (atomic_load_explicit(&block->is_checked, memory_order_relaxed))
        return LM_OK;
    if (lm_hash64(block->body, block->tokens * tokens->width, 0) != block->sum)
        return unsound(tokens, "a block of tokens is damaged", err);
    if (!are_ids_in_range(tokens, block))
        return unsound(tokens, "a token is not in the vocabulary", err);
    atomic_store_explicit(&block->is_checked, true, memory_order_relaxed);
    return LM_OK;
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
        struct block *block = &s->blocks[first / tokens->block_tokens];
        size_t at = (size_t)(first % tokens->block_tokens), room = block->tokens - at;
        size_t part = count < room ? count : room;
        LM_TRY(check_block(tokens, block, err));
        widen(out, block->body + at * tokens->width, part, tokens->width);
        out += part;
        first += part;
        count -= part;
    }
    return LM_OK;
}

static enum lm_status digest_row(void *user, const uint8_t *key, size_t key_size,
                                 const uint8_t *value, size_t size, struct lm_err *err)
{
    (void)err;
    lm_tokens_digest_row(user, key, key_size, value, size);
    return LM_OK;
}

enum lm_status lm_tokens_digest(struct lm_digest *out, const char *path, struct lm_err *err)
{
    struct lm_rows *rows = NULL;
    LM_TRY(lm_rows_open(&rows, path, err));
    struct lm_sha256 *hash = lm_sha256_create();
    enum lm_status status = hash ? lm_rows_each(rows, digest_row, hash, err)
                                 : lm_fail(err, LM_NOMEM, "no memory to hash %s; free some", path);
    if (status == LM_OK)
        lm_sha256_final(hash, out);
    lm_sha256_free(hash);
    lm_rows_close(rows);
    return status;
}
