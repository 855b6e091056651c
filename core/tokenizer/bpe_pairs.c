#include "tokenizer/bpe_pairs.h"

#include <stdlib.h>

#include "tokenizer/vocab.h"

enum { SYMBOLS = 256, BYTE_PAIRS = SYMBOLS * SYMBOLS };

void lm_pair_set_release(struct lm_pair_set *set)
{
    free(set->pairs);
    free(set->slots);
    free(set->places);
    *set = (struct lm_pair_set){0};
}

/* ---- the table ---- */

static void put_slot(struct lm_pair_set *set, size_t index)
{
    size_t at = lm_pair_hash(set->pairs[index].key) & set->slot_mask;
    while (set->slots[at] != 0)
        at = (at + 1) & set->slot_mask;
    set->slots[at] = (uint32_t)index + 1;
}

static bool make_room(struct lm_pair_set *set)
{
    if (set->count < set->capacity)
        return true;
    size_t capacity = set->capacity ? set->capacity * 2 : 1 << 13;
    if (capacity >= UINT32_MAX)
        return false;
    struct lm_pair_count *pairs = realloc(set->pairs, capacity * sizeof *pairs);
    if (pairs == NULL)
        return false;
    set->pairs = pairs;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(set->slots);
    set->slots = slots;
    set->slot_mask = capacity * 2 - 1;
    set->capacity = capacity;
    for (size_t i = 0; i < set->count; i++)
        put_slot(set, i);
    return true;
}

uint32_t lm_pair_set_find(const struct lm_pair_set *set, uint64_t key)
{
    size_t at = lm_pair_hash(key) & set->slot_mask;
    for (; set->slots[at] != 0; at = (at + 1) & set->slot_mask)
        if (set->pairs[set->slots[at] - 1].key == key)
            return set->slots[at] - 1;
    return LM_NO_PAIR;
}

uint32_t lm_pair_set_make(struct lm_pair_set *set, uint64_t key, int64_t count,
                          uint32_t place_count)
{
    if (!make_room(set))
        return LM_NO_PAIR;
    set->pairs[set->count] = (struct lm_pair_count){key, count, set->place_count, place_count};
    put_slot(set, set->count);
    set->place_count += place_count;
    return (uint32_t)set->count++;
}

/* ---- bytes ---- */

/* What is known of a pair of bytes while the words are counted. */
struct byte_pair {
    int64_t count;
    uint32_t places, last; /* words and places in long ones; the last word + 1 */
    uint32_t index;        /* LM_NO_PAIR: left out */
};

static struct byte_pair *pair_at(struct byte_pair *all, const struct lm_long_words *longs,
                                 uint32_t index)
{
    return &all[longs->symbols[index] * SYMBOLS + longs->symbols[longs->next[index]]];
}

static void count_long(struct byte_pair *all, const struct lm_long_words *longs)
{
    for (uint32_t i = 0; i < longs->size; i++) {
        if (longs->next[i] == LM_NO_SYMBOL)
            continue;
        struct byte_pair *pair = pair_at(all, longs, i);
        pair->count += lm_long_word_count(longs, i);
        pair->places++;
    }
}

static void list_long(struct lm_pair_set *set, struct byte_pair *all, const struct lm_words *words)
{
    for (uint32_t i = 0; i < words->longs.size; i++) {
        struct byte_pair *pair =
            words->longs.next[i] == LM_NO_SYMBOL ? NULL : pair_at(all, &words->longs, i);
        if (pair != NULL && pair->index != LM_NO_PAIR)
            set->places[set->pairs[pair->index].first + pair->places++] = (uint32_t)words->size + i;
    }
}

static void count_words(struct byte_pair *all, const struct lm_words *words)
{
    for (size_t at = 0; at < words->size; at += LM_WORD_HEAD + words->cells[at]) {
        const uint32_t *word = words->cells + at, *symbols = word + LM_WORD_HEAD;
        int64_t count = lm_word_count(word);
        for (uint32_t i = 0; i + 1 < word[0]; i++) {
            struct byte_pair *pair = &all[symbols[i] * SYMBOLS + symbols[i + 1]];
            pair->count += count;
            pair->places += pair->last != (uint32_t)at + 1;
            pair->last = (uint32_t)at + 1;
        }
    }
}

static void list_words(struct lm_pair_set *set, struct byte_pair *all, const struct lm_words *words)
{
    for (size_t at = 0; at < words->size; at += LM_WORD_HEAD + words->cells[at]) {
        const uint32_t *word = words->cells + at, *symbols = word + LM_WORD_HEAD;
        for (uint32_t i = 0; i + 1 < word[0]; i++) {
            struct byte_pair *pair = &all[symbols[i] * SYMBOLS + symbols[i + 1]];
            if (pair->index == LM_NO_PAIR || pair->last == (uint32_t)at + 1)
                continue;
            pair->last = (uint32_t)at + 1;
            set->places[set->pairs[pair->index].first + pair->places++] = (uint32_t)at;
        }
    }
}

bool lm_pair_set_fill(struct lm_pair_set *set, const struct lm_words *words, int64_t least)
{
    size_t heads = (words->count - words->longs.count) * LM_WORD_HEAD;
    size_t symbols = words->size - heads + words->longs.size;
    struct byte_pair *all = calloc(BYTE_PAIRS, sizeof *all);
    set->places = malloc((3 * symbols + 1) * sizeof *set->places);
    bool is_fine = all != NULL && set->places != NULL && make_room(set);
    if (is_fine) {
        count_words(all, words);
        count_long(all, &words->longs);
    }
    for (uint32_t i = 0; i < BYTE_PAIRS && is_fine; i++) {
        uint64_t key = lm_pair_key((int32_t)(i / SYMBOLS), (int32_t)(i % SYMBOLS));
        bool is_kept = all[i].count > 0 && all[i].count >= least;
        all[i].index =
            is_kept ? lm_pair_set_make(set, key, all[i].count, all[i].places) : LM_NO_PAIR;
        is_fine = !is_kept || all[i].index != LM_NO_PAIR;
        all[i].places = all[i].last = 0;
    }
    if (is_fine) {
        list_words(set, all, words);
        list_long(set, all, words);
    }
    free(all);
    return is_fine;
}
