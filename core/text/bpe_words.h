/**
 * The distinct pieces of a corpus as words of symbols, packed into one array so that a visit is one
 * place in memory: length, count (two cells, low half first), symbols. A word is named by the cell
 * where it starts. Merging shortens it in place.
 */
#ifndef LM_TEXT_BPE_WORDS_H
#define LM_TEXT_BPE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LM_WORD_HEAD 3 /**< cells before the symbols */

/** Zero-initialise. */
struct lm_words {
    uint32_t *cells;
    size_t size, capacity; /**< cells */
    size_t count;          /**< words */
};

void lm_words_release(struct lm_words *words);

/** Appends a word of `size` bytes, 2 ≤ size < 2³², as symbols byte_ids[byte]. False when memory is
 *  out or cells cannot be numbered by 32 bits (16 GiB of them). */
bool lm_words_add(struct lm_words *words, const uint8_t *bytes, size_t size, int64_t count,
                  const int32_t byte_ids[256]);

static inline int64_t lm_word_count(const uint32_t *word)
{
    return (int64_t)((uint64_t)word[1] | (uint64_t)word[2] << 32);
}

#endif
