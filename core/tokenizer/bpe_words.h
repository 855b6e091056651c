/**
 * The distinct pieces of a corpus as words of symbols, packed into one array so that a visit is one
 * place in memory: length, count (two cells, low half first), symbols. A word is named by the cell
 * where it starts. Merging shortens it in place.
 *
 * A word of many symbols would be searched as a whole for each merge in it. Such long words lie
 * apart as linked symbols, and what is named is the place of a symbol: words->size plus its index.
 */
#ifndef LM_TOKENIZER_BPE_WORDS_H
#define LM_TOKENIZER_BPE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LM_WORD_HEAD 3          /**< cells before the symbols */
#define LM_WORD_LONGEST 256     /**< symbols of a word that lies in cells */
#define LM_NO_SYMBOL UINT32_MAX /**< index beyond either end; a symbol that was merged away */

/** Symbols [start, …) of a long word, up to where the next one starts. */
struct lm_long_word {
    uint32_t start;
    int64_t count;
};

/** Long words; the three arrays have `size` elements. */
struct lm_long_words {
    uint32_t *symbols, *next, *previous;
    size_t size, capacity;
    struct lm_long_word *words;
    size_t count, word_capacity;
};

/** Zero-initialise. */
struct lm_words {
    uint32_t *cells;
    size_t size, capacity; /**< cells */
    size_t count;          /**< words, long ones included */
    struct lm_long_words longs;
};

void lm_words_release(struct lm_words *words);

/** Appends a word of `size` bytes, 2 ≤ size < 2³², as symbols byte_ids[byte]. False when memory is
 *  out or places cannot be numbered by 32 bits (16 GiB of cells). */
bool lm_words_add(struct lm_words *words, const uint8_t *bytes, size_t size, int64_t count,
                  const int32_t byte_ids[256]);

/** How often the long word with the symbol `index` occurs. */
int64_t lm_long_word_count(const struct lm_long_words *longs, uint32_t index);

static inline int64_t lm_word_count(const uint32_t *word)
{
    return (int64_t)((uint64_t)word[1] | (uint64_t)word[2] << 32);
}

#endif
