#include "ngrams.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const struct ngram *x = a, *y = b;
    for (size_t i = 0; i < NGRAMS_MOST; i++)
        if (x->symbols[i] != y->symbols[i])
            return x->symbols[i] < y->symbols[i] ? -1 : 1;
    return 0;
}

enum lm_status ngrams_count(struct ngrams *out, struct lm_arena *arena, const uint64_t *symbols,
                            size_t length, size_t order, struct lm_err *err)
{
    size_t total = length >= order ? length - order + 1 : 0;
    struct ngram *items = LM_NEW_ARRAY(arena, struct ngram, total);
    uint32_t *counts = LM_NEW_ARRAY(arena, uint32_t, total);
    if (items == NULL || counts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for n-grams; give shorter texts");
    for (size_t i = 0; i < total; i++)
        memcpy(items[i].symbols, symbols + i, order * sizeof *symbols);
    qsort(items, total, sizeof *items, compare);
    size_t distinct = 0;
    for (size_t i = 0; i < total; i++) {
        if (distinct == 0 || compare(&items[distinct - 1], &items[i]) != 0)
            items[distinct++] = items[i];
        counts[distinct - 1]++;
    }
    *out = (struct ngrams){items, counts, distinct, total};
    return LM_OK;
}

static uint32_t count_of(const struct ngrams *list, const struct ngram *item)
{
    const struct ngram *found =
        list->distinct > 0 ? bsearch(item, list->items, list->distinct, sizeof *item, compare)
                           : NULL;
    return found != NULL ? list->counts[found - list->items] : 0;
}

uint64_t ngrams_matches(const struct ngrams *a, const struct ngrams *b, size_t count)
{
    uint64_t matches = 0;
    for (size_t i = 0; i < a->distinct; i++) {
        uint32_t most = 0;
        for (size_t k = 0; k < count; k++) {
            uint32_t own = count_of(&b[k], &a->items[i]);
            most = own > most ? own : most;
        }
        matches += a->counts[i] < most ? a->counts[i] : most;
    }
    return matches;
}
