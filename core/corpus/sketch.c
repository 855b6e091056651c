#include "corpus/sketch.h"

#include <stdbool.h>
#include <string.h>

#include "text/blocks.h"
#include "text/word_list.h"

enum { BLOCK = 64, CHOSEN = 61 /* of 64 values */ };

/* A line that ends is a space. */
static inline __attribute__((always_inline)) uint8_t fold(uint8_t c)
{
    return c > ' ' ? c : ' ';
}

/* Which places of a block are chosen: words begin there, behind white space or with a letter of a
 * script that has none. `text` begins with the byte before the block, and goes on for three behind
 * it. In plain C that compilers turn into vector code. */
static inline __attribute__((always_inline)) bool choose(uint8_t *restrict marks,
                                                         const uint8_t *restrict text)
{
    uint8_t any = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t sum = fold(text[i + 1]);
        sum = (uint8_t)(sum + sum);
        sum = (uint8_t)(sum + fold(text[i + 2]));
        sum = (uint8_t)(sum + sum);
        sum = (uint8_t)(sum + fold(text[i + 3]));
        sum = (uint8_t)(sum + sum);
        sum = (uint8_t)(sum + fold(text[i + 4]));
        uint8_t begins = (uint8_t)((text[i] <= ' ') | (text[i + 1] >= 0xE0));
        marks[i] = (uint8_t)((uint8_t)((sum & 63) == CHOSEN) & begins);
        any |= marks[i];
    }
    return any != 0;
}

static bool choose_plain(uint8_t *marks, const uint8_t *text)
{
    return choose(marks, text);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static bool choose_avx2(uint8_t *marks, const uint8_t *text)
{
    return choose(marks, text);
}
#endif

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0x9FB21C651E98DF25u;
    h = (h ^ h >> 29) * 0xC2B2AE3D27D4EB4Fu;
    return h ^ h >> 32;
}

static void insert(struct lm_sketch *sketch, uint64_t hash)
{
    size_t at = sketch->count;
    while (at > 0 && sketch->hashes[at - 1] > hash)
        at--;
    if (at == LM_SKETCH_MOST || (at > 0 && sketch->hashes[at - 1] == hash))
        return;
    sketch->count += sketch->count < LM_SKETCH_MOST;
    memmove(&sketch->hashes[at + 1], &sketch->hashes[at],
            (sketch->count - 1 - at) * sizeof sketch->hashes[0]);
    sketch->hashes[at] = hash;
}

/* The hash of five words of ASCII; 0: they are not. */
static uint64_t hash_ascii(const uint8_t *text, size_t size)
{
    uint64_t hash = 0xCBF29CE484222325u;
    size_t at = 0;
    for (size_t words = 0; words < LM_SKETCH_WORDS; words++) {
        const size_t from = at;
        for (; at < size && (uint8_t)(text[at] - '!') < 0x7F - '!'; at++)
            hash = (hash ^ text[at]) * 0x100000001B3u;
        if (at == from || at == size || text[at] >= 0x7F)
            return 0;
        hash = (hash ^ ' ') * 0x100000001B3u;
        while (at < size && text[at] <= ' ')
            at++;
    }
    return hash;
}

/* The shingle that begins at a place; a text that ends before is none. */
static void take(struct lm_sketch *sketch, const uint8_t *text, size_t size)
{
    struct lm_word words[LM_SKETCH_WORDS];
    uint64_t hash = hash_ascii(text, size);
    if (hash != 0) {
        insert(sketch, mix(hash));
        return;
    }
    if (lm_words_take(words, LM_SKETCH_WORDS, text, size) < LM_SKETCH_WORDS)
        return;
    for (size_t i = 0; i < LM_SKETCH_WORDS; i++)
        hash = hash * 0xD6E8FEB86659FD93u + words[i].hash;
    insert(sketch, mix(hash));
}

void lm_sketch_make(struct lm_sketch *out, const uint8_t *text, size_t size)
{
    bool (*choose_block)(uint8_t *, const uint8_t *) = choose_plain;
    const size_t most = size < LM_SKETCH_BYTES ? size : LM_SKETCH_BYTES;
    uint8_t edge[1 + BLOCK + 3], marks[BLOCK];
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        choose_block = choose_avx2;
#endif
    out->count = 0;
    for (size_t at = 0; at < most; at += BLOCK) {
        const uint8_t *block = edge;
        if (at == 0 || size - at < BLOCK + 3) { /* what lies beside the text is white */
            const size_t from = at > 0, left = size - at < BLOCK + 3 ? size - at : BLOCK + 3;
            memset(edge, ' ', sizeof edge);
            memcpy(edge + 1 - from, text + at - from, left + from);
        } else {
            block = text + at - 1;
        }
        if (!choose_block(marks, block))
            continue;
        for (size_t i = 0; i < BLOCK; i += 8)
            for (uint64_t eight = lm_eight(marks + i); eight != 0; eight &= eight - 1) {
                const size_t place = at + i + (size_t)__builtin_ctzll(eight) / 8;
                if (place < size)
                    take(out, text + place, size - place);
            }
    }
}

double lm_sketch_jaccard(const struct lm_sketch *a, const struct lm_sketch *b)
{
    size_t i = 0, k = 0, all = 0, shared = 0;
    for (; (i < a->count || k < b->count) && all < LM_SKETCH_MOST; all++) {
        const bool has_a = i < a->count && (k == b->count || a->hashes[i] <= b->hashes[k]);
        const bool has_b = k < b->count && (i == a->count || b->hashes[k] <= a->hashes[i]);
        shared += has_a && has_b;
        i += has_a;
        k += has_b;
    }
    return all > 0 ? (double)shared / (double)all : 0;
}
