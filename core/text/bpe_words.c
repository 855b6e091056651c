#include "text/bpe_words.h"

#include <stdlib.h>

void lm_words_release(struct lm_words *words)
{
    free(words->cells);
    *words = (struct lm_words){0};
}

static bool make_room(struct lm_words *words, size_t cells)
{
    if (cells <= words->capacity - words->size)
        return true;
    if (cells > UINT32_MAX - words->size)
        return false;
    size_t capacity = (words->size + cells) / 2 * 3 + 1024;
    uint32_t *moved = realloc(words->cells, capacity * sizeof *moved);
    if (moved == NULL)
        return false;
    words->cells = moved;
    words->capacity = capacity;
    return true;
}

bool lm_words_add(struct lm_words *words, const uint8_t *bytes, size_t size, int64_t count,
                  const int32_t byte_ids[256])
{
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
