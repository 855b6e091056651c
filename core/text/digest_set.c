#include "text/digest_set.h"

#include <stdlib.h>
#include <string.h>

void lm_digest_set_release(struct lm_digest_set *set)
{
    free(set->slots);
    free(set->marks);
    *set = (struct lm_digest_set){0};
}

/* Where the digest lies, or the free slot it belongs in. */
static size_t find(const struct lm_digest_set *set, const struct lm_digest *digest)
{
    uint64_t start;
    memcpy(&start, digest->bytes, sizeof start);
    size_t at = (size_t)start & set->mask;
    while (set->marks[at] != 0 && lm_digest_compare(&set->slots[at], digest) != 0)
        at = (at + 1) & set->mask;
    return at;
}

static bool grow(struct lm_digest_set *set)
{
    size_t size = set->slots == NULL ? 1024 : (set->mask + 1) * 2;
    struct lm_digest_set grown = {.mask = size - 1};
    grown.slots = calloc(size, sizeof *grown.slots);
    grown.marks = calloc(size, sizeof *grown.marks);
    if (grown.slots == NULL || grown.marks == NULL) {
        lm_digest_set_release(&grown);
        return false;
    }
    for (size_t i = 0; set->slots != NULL && i <= set->mask; i++) {
        if (set->marks[i] == 0)
            continue;
        size_t at = find(&grown, &set->slots[i]);
        grown.slots[at] = set->slots[i];
        grown.marks[at] = set->marks[i];
    }
    free(set->slots);
    free(set->marks);
    set->slots = grown.slots;
    set->marks = grown.marks;
    set->mask = grown.mask;
    return true;
}

bool lm_digest_set_add(struct lm_digest_set *set, const struct lm_digest *digest, uint32_t *mark,
                       bool *is_new)
{
    if ((set->slots == NULL || set->count * 2 > set->mask) && !grow(set))
        return false;
    size_t at = find(set, digest);
    *is_new = set->marks[at] == 0;
    if (*is_new) {
        set->slots[at] = *digest;
        set->marks[at] = *mark + 1;
        set->count++;
    }
    *mark = set->marks[at] - 1;
    return true;
}
