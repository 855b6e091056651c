#include "tokenizer/bpe_words.h"

#include <stdlib.h>

void lm_words_release(struct lm_words *words)
{
    free(words->cells);
    free(words->longs.symbols);
    free(words->longs.next);
    free(words->longs.previous);
    free(words->longs.words);
    *words = (struct lm_words){0};
}

static bool make_room(struct lm_words *words, size_t cells)
{
    if (cells <= words->capacity - words->size)
        return true;
    size_t capacity = (words->size + cells) / 2 * 3 + 1024;
    uint32_t *moved = realloc(words->cells, capacity * sizeof *moved);
    if (moved == NULL)
        return false;
    words->cells = moved;
    words->capacity = capacity;
    return true;
}

/* ---- long words ---- */

static bool resize(uint32_t **items, size_t capacity)
{
    uint32_t *moved = realloc(*items, capacity * sizeof *moved);
    if (moved != NULL)
        *items = moved;
    return moved != NULL;
}

static bool make_long_room(struct lm_long_words *longs, size_t symbols)
{
    if (longs->count == longs->word_capacity) {
        size_t capacity = longs->word_capacity * 2 + 16;
        struct lm_long_word *words = realloc(longs->words, capacity * sizeof *words);
        if (words == NULL)
            return false;
        longs->words = words;
        longs->word_capacity = capacity;
    }
    if (symbols <= longs->capacity - longs->size)
        return true;
    size_t capacity = (longs->size + symbols) / 2 * 3;
    if (!resize(&longs->symbols, capacity) || !resize(&longs->next, capacity) ||
        !resize(&longs->previous, capacity))
        return false;
    longs->capacity = capacity;
    return true;
}

static bool add_long(struct lm_long_words *longs, const uint8_t *bytes, size_t size, int64_t count,
                     const int32_t byte_ids[256])
{
    if (!make_long_room(longs, size))
        return false;
    uint32_t start = (uint32_t)longs->size, end = start + (uint32_t)size;
    for (uint32_t i = start; i < end; i++) {
        longs->symbols[i] = (uint32_t)byte_ids[bytes[i - start]];
        longs->next[i] = i + 1 < end ? i + 1 : LM_NO_SYMBOL;
        longs->previous[i] = i > start ? i - 1 : LM_NO_SYMBOL;
    }
    longs->words[longs->count++] = (struct lm_long_word){start, count};
    longs->size += size;
    return true;
}

int64_t lm_long_word_count(const struct lm_long_words *longs, uint32_t index)
{
    size_t low = 0, high = longs->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (longs->words[middle].start <= index)
            low = middle;
        else
            high = middle;
    }
    return longs->words[low].count;
}

/* ---- all ---- */

bool lm_words_add(struct lm_words *words, const uint8_t *bytes, size_t size, int64_t count,
                  const int32_t byte_ids[256])
{
    if (LM_WORD_HEAD + size >= UINT32_MAX - words->size - words->longs.size)
        return false;
    if (size > LM_WORD_LONGEST) {
        words->count++;
        return add_long(&words->longs, bytes, size, count, byte_ids);
    }
    if (!make_room(words, LM_WORD_HEAD + size))
        return false;
    uint32_t *word = words->cells + words->size;
    word[0] = (uint32_t)size;
    word[1] = (uint32_t)(uint64_t)count;
    word[2] = (uint32_t)((uint64_t)count >> 32);
    for (size_t i = 0; i < size; i++)
        word[LM_WORD_HEAD + i] = (uint32_t)byte_ids[bytes[i]];
    words->size += LM_WORD_HEAD + size;
    words->count++;
    return true;
}
