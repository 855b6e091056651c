#include "tokenizer/bpe_merge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void lm_bpe_scratch_release(struct lm_bpe_scratch *scratch)
{
    free(scratch->ids);
    free(scratch->next);
    free(scratch->previous);
    free(scratch->heap);
    scratch->ids = NULL;
    scratch->next = scratch->previous = NULL;
    scratch->heap = NULL;
    scratch->capacity = scratch->heap_count = scratch->heap_capacity = 0;
}

/* ---- small pieces ---- */

/* Leftmost of the lowest. */
static size_t lowest(const lm_merge_code *merges, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (merges[i] < merges[best])
            best = i;
    return best;
}

size_t lm_bpe_merge_small(const struct lm_vocab *vocab, int32_t ids[LM_PIECE_SMALL],
                          const uint8_t *piece, size_t size)
{
    lm_merge_code merges[LM_PIECE_SMALL]; /* of ids[i] and ids[i + 1] */
    for (size_t i = 0; i < size; i++)
        ids[i] = vocab->byte_ids[piece[i]];
    for (size_t i = 0; i + 1 < size; i++)
        merges[i] = lm_pair_map_find(&vocab->pairs, ids[i], ids[i + 1]);
    while (size > 1) {
        size_t best = lowest(merges, size - 1);
        if (merges[best] == LM_NO_MERGE)
            break;
        ids[best] = lm_merge_id(merges[best]);
        size--;
        memmove(ids + best + 1, ids + best + 2, (size - best - 1) * sizeof *ids);
        memmove(merges + best, merges + best + 1, (size - best - 1) * sizeof *merges);
        if (best > 0)
            merges[best - 1] = lm_pair_map_find(&vocab->pairs, ids[best - 1], ids[best]);
        if (best + 1 < size)
            merges[best] = lm_pair_map_find(&vocab->pairs, ids[best], ids[best + 1]);
    }
    return size;
}

/* ---- long pieces ---- */

enum { ARITY = 4 };

static bool push(struct lm_bpe_scratch *scratch, lm_candidate candidate)
{
    lm_candidate *heap =
        lm_grow(scratch->heap, &scratch->heap_capacity, scratch->heap_count, sizeof *heap);
    if (heap == NULL)
        return false;
    scratch->heap = heap;
    size_t at = scratch->heap_count++;
    for (; at > 0 && candidate < scratch->heap[(at - 1) / ARITY]; at = (at - 1) / ARITY)
        scratch->heap[at] = scratch->heap[(at - 1) / ARITY];
    scratch->heap[at] = candidate;
    return true;
}

static lm_candidate pop(struct lm_bpe_scratch *scratch)
{
    lm_candidate *heap = scratch->heap, top = heap[0], moved = heap[--scratch->heap_count];
    size_t at = 0, count = scratch->heap_count;
    for (;;) {
        size_t child = at * ARITY + 1, best = child;
        for (size_t i = child + 1; i < child + ARITY && i < count; i++)
            if (heap[i] < heap[best])
                best = i;
        if (child >= count || moved <= heap[best])
            break;
        heap[at] = heap[best];
        at = best;
    }
    heap[at] = moved;
    return top;
}

static bool reserve(struct lm_bpe_scratch *scratch, size_t size)
{
    if (size <= scratch->capacity)
        return true;
    lm_bpe_scratch_release(scratch);
    scratch->ids = malloc(size * sizeof *scratch->ids);
    scratch->next = malloc(size * sizeof *scratch->next);
    scratch->previous = malloc(size * sizeof *scratch->previous);
    if (scratch->ids == NULL || scratch->next == NULL || scratch->previous == NULL) {
        lm_bpe_scratch_release(scratch);
        return false;
    }
    scratch->capacity = size;
    return true;
}

static lm_merge_code merge_of(const struct lm_vocab *vocab, const struct lm_bpe_scratch *scratch,
                              uint32_t left, uint32_t right)
{
    return lm_pair_map_find(&vocab->pairs, scratch->ids[left], scratch->ids[right]);
}

static bool push_pair(const struct lm_vocab *vocab, struct lm_bpe_scratch *scratch, uint32_t left,
                      uint32_t right)
{
    lm_merge_code merge = merge_of(vocab, scratch, left, right);
    return merge == LM_NO_MERGE ||
           push(scratch, (uint64_t)(uint32_t)lm_merge_rank(merge) << 32 | left);
}

enum { GONE = -1 }; /* id of a place that was merged into the one before */

/* Merges at `left` if the candidate still holds: the place is there and its pair has that rank. */
static bool merge_at(const struct lm_vocab *vocab, struct lm_bpe_scratch *scratch, int32_t rank,
                     uint32_t left, uint32_t size)
{
    int32_t *ids = scratch->ids;
    uint32_t right = ids[left] == GONE ? size : scratch->next[left];
    lm_merge_code merge = right < size ? merge_of(vocab, scratch, left, right) : LM_NO_MERGE;
    if (merge == LM_NO_MERGE || lm_merge_rank(merge) != rank)
        return true;
    ids[left] = lm_merge_id(merge);
    ids[right] = GONE;
    uint32_t after = scratch->next[right];
    scratch->next[left] = after;
    if (after < size) {
        scratch->previous[after] = left;
        if (!push_pair(vocab, scratch, left, after))
            return false;
    }
    return left == 0 || push_pair(vocab, scratch, scratch->previous[left], left);
}

enum lm_status lm_bpe_merge_long(const struct lm_vocab *vocab, struct lm_bpe_scratch *scratch,
                                 const uint8_t *piece, size_t size, size_t *count,
                                 struct lm_err *err)
{
    if (size >= UINT32_MAX)
        return lm_fail(err, LM_RANGE, "a piece of text of 4 GiB or more; cut the document");
    bool is_good = reserve(scratch, size);
    uint32_t n = (uint32_t)size;
    for (uint32_t i = 0; i < n && is_good; i++) {
        scratch->ids[i] = vocab->byte_ids[piece[i]];
        scratch->next[i] = i + 1;
        scratch->previous[i] = i - 1;
    }
    for (uint32_t i = 0; i + 1 < n && is_good; i++)
        is_good = push_pair(vocab, scratch, i, i + 1);
    while (is_good && scratch->heap_count > 0) {
        lm_candidate top = pop(scratch);
        is_good = merge_at(vocab, scratch, (int32_t)(top >> 32), (uint32_t)top, n);
    }
    if (!is_good) {
        scratch->heap_count = 0;
        return lm_fail(err, LM_NOMEM, "no memory for a piece of %zu bytes; free some", size);
    }
    size_t kept = 0;
    for (uint32_t i = 0; i < n; i = scratch->next[i])
        scratch->ids[kept++] = scratch->ids[i];
    *count = kept;
    return LM_OK;
}

enum lm_status lm_bpe_merge(const struct lm_vocab *vocab, struct lm_bpe_scratch *scratch,
                            const uint8_t *piece, size_t size, const int32_t **ids, size_t *count,
                            struct lm_err *err)
{
    if (size <= LM_PIECE_SMALL) {
        *count = lm_bpe_merge_small(vocab, scratch->small, piece, size);
        *ids = scratch->small;
        return LM_OK;
    }
    LM_TRY(lm_bpe_merge_long(vocab, scratch, piece, size, count, err));
    *ids = scratch->ids;
    return LM_OK;
}
