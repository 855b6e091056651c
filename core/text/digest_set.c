#include "text/digest_set.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/unnamed.h"

enum { SMALLEST = 1024 };

static void free_slots(struct lm_digest_slot *slots, size_t count, bool is_mapped)
{
    if (is_mapped)
        munmap(slots, count * sizeof *slots);
    else
        free(slots);
}

void lm_digest_set_release(struct lm_digest_set *set)
{
    free_slots(set->slots, set->mask + 1, set->is_mapped);
    *set = (struct lm_digest_set){.folder = set->folder, .most = set->most};
}

/* Where the key lies, or the free slot it belongs in. */
static size_t find(const struct lm_digest_set *set, const uint32_t key[4])
{
    size_t at = lm_digest_set_at(set, key);
    while (set->slots[at].mark != 0 &&
           memcmp(set->slots[at].key, key, sizeof set->slots[at].key) != 0)
        at = (at + 1) & set->mask;
    return at;
}

/* Twice the slots. What is moved goes from one end to the other of the old ones to two such places
 * of the new, which suits a disk. */
static enum lm_status grow(struct lm_digest_set *set, struct lm_err *err)
{
    size_t count = set->slots == NULL ? SMALLEST : (set->mask + 1) * 2;
    struct lm_digest_set grown = *set;
    void *slots = NULL;
    grown.mask = count - 1;
    /* While it grows there are the old ones, too. */
    grown.is_mapped =
        set->folder != NULL && count > SMALLEST && count / 2 * 3 * sizeof *set->slots > set->most;
    if (grown.is_mapped)
        LM_TRY(lm_unnamed_map(&slots, count * sizeof *set->slots, set->folder,
                              "digests of what was met", err));
    else if ((slots = calloc(count, sizeof *set->slots)) == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to find duplicates; free some");
    grown.slots = slots;
    for (size_t i = 0; set->slots != NULL && i <= set->mask; i++)
        if (set->slots[i].mark != 0)
            grown.slots[find(&grown, set->slots[i].key)] = set->slots[i];
    free_slots(set->slots, set->mask + 1, set->is_mapped);
    *set = grown;
    return LM_OK;
}

enum lm_status lm_digest_set_add(struct lm_digest_set *set, const struct lm_digest *digest,
                                 uint32_t *mark, bool *is_new, struct lm_err *err)
{
    uint32_t key[4];
    memcpy(key, digest->bytes, sizeof key);
    if (set->slots == NULL || set->count / 2 * 3 > set->mask)
        LM_TRY(grow(set, err));
    struct lm_digest_slot *slot = &set->slots[find(set, key)];
    *is_new = slot->mark == 0;
    if (*is_new) {
        memcpy(slot->key, key, sizeof key);
        slot->mark = *mark + 1;
        set->count++;
    }
    *mark = slot->mark - 1;
    return LM_OK;
}
