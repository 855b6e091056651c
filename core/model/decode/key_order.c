#include "model/decode/key_order.h"

#include <stdbool.h>
#include <string.h>

enum { FEW = 64 /* keys that are inserted */, DIGIT = 11 /* bits */, DIGITS = 3, ALL = 1 << DIGIT };

/* The logit's bits, falling, then the id. */
uint64_t lm_key_of(float logit, int32_t id)
{
    uint32_t bits;
    logit += 0.0F; /* -0 equals 0 */
    memcpy(&bits, &logit, sizeof bits);
    bits ^= bits >> 31 ? 0 : UINT32_MAX >> 1;
    return (uint64_t)bits << 32 | (uint32_t)id;
}

int32_t lm_key_id(uint64_t key)
{
    return (int32_t)(uint32_t)key;
}

static void insert_all(uint64_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

static size_t digit_of(uint64_t key, int digit)
{
    return (size_t)(key >> (32 + DIGIT * digit)) & (ALL - 1);
}

static void add_up(uint32_t *places)
{
    uint32_t sum = 0;
    for (size_t value = 0; value < ALL; value++) {
        uint32_t own = places[value];
        places[value] = sum;
        sum += own;
    }
}

/* By the upper 32 bits, a digit at a time; equals stay as they are, which is by id. */
uint64_t *lm_keys_sort(uint64_t *keys, uint64_t *spare, size_t count)
{
    uint32_t places[DIGITS][ALL];
    bool is_sorted = true;
    for (size_t i = 1; i < count && is_sorted; i++)
        is_sorted = keys[i - 1] < keys[i];
    if (is_sorted)
        return keys;
    if (count <= FEW) {
        insert_all(keys, count);
        return keys;
    }
    memset(places, 0, sizeof places);
    for (size_t i = 0; i < count; i++)
        for (int d = 0; d < DIGITS; d++)
            places[d][digit_of(keys[i], d)]++;
    for (int d = 0; d < DIGITS; d++) {
        if (places[d][digit_of(keys[0], d)] == count)
            continue; /* all the same */
        add_up(places[d]);
        for (size_t i = 0; i < count; i++)
            spare[places[d][digit_of(keys[i], d)]++] = keys[i];
        uint64_t *other = keys;
        keys = spare;
        spare = other;
    }
    return keys;
}
