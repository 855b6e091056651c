#include "tokenizer/bpe_learn.h"

#include <stdlib.h>

#include "base/grow.h"
#include "tokenizer/bpe_pairs.h"
#include "tokenizer/bpe_queue.h"
#include "tokenizer/vocab.h"

enum {
    PROGRESS_EVERY = 64, /* merges */
    AHEAD = 8            /* words between asking memory for one and visiting it */
};

/* A symbol met beside the merges of one pair, on one side of them. With the symbol itself on the
 * left, two merges stood beside each other. */
struct neighbour {
    int64_t count;
    uint32_t symbol;
    uint32_t place_count, last; /* words and places, the last of them */
    uint32_t pair;              /* made of it; LM_NO_PAIR: left out */
    bool is_right;
};

struct visit {
    uint32_t neighbour, word;
};

struct learner {
    struct lm_vocab *vocab;
    struct lm_words *words;
    const struct lm_merge_bounds *bounds;
    struct lm_pair_set pairs;
    struct lm_queue queue;
    uint32_t *lengths; /* bytes of each symbol */
    /* Of the merge at hand; [side][symbol] is the index of a neighbour + 1. */
    uint32_t *known[2];
    struct neighbour *neighbours;
    size_t neighbour_count, neighbour_capacity;
    struct visit *visits;
    size_t visit_count, visit_capacity;
    bool failed; /* memory ran out: sticky */
};

/* The pair at hand. */
struct merge {
    uint32_t left, right, id;
};

/* ---- neighbours ---- */

static uint32_t make_neighbour(struct learner *learner, uint32_t symbol, bool is_right)
{
    struct neighbour *items = lm_grow(learner->neighbours, &learner->neighbour_capacity,
                                      learner->neighbour_count, sizeof *items);
    learner->failed |= items == NULL;
    if (items == NULL)
        return 0;
    learner->neighbours = items;
    learner->neighbours[learner->neighbour_count] =
        (struct neighbour){.symbol = symbol, .last = UINT32_MAX, .is_right = is_right};
    return learner->known[is_right][symbol] = (uint32_t)++learner->neighbour_count;
}

/* Notes that `symbol` stands beside a merge in a word, or at a place of a long one, `count` times.
 */
static inline void note(struct learner *learner, uint32_t symbol, bool is_right, uint32_t word,
                        int64_t count)
{
    uint32_t index = learner->known[is_right][symbol];
    if (index == 0 && (index = make_neighbour(learner, symbol, is_right)) == 0)
        return;
    struct neighbour *neighbour = &learner->neighbours[index - 1];
    neighbour->count += count;
    if (neighbour->last == word)
        return;
    neighbour->last = word;
    neighbour->place_count++;
    struct visit *items =
        lm_grow(learner->visits, &learner->visit_capacity, learner->visit_count, sizeof *items);
    learner->failed |= items == NULL;
    if (items == NULL)
        return;
    learner->visits = items;
    learner->visits[learner->visit_count++] = (struct visit){index - 1, word};
}

/* ---- words ---- */

/* Replaces left right by id in one word, from left to right, and notes who stands beside. */
static void merge_word(struct learner *learner, const struct merge *merge, uint32_t at)
{
    uint32_t *word = learner->words->cells + at, *symbols = word + LM_WORD_HEAD;
    uint32_t length = word[0], kept = 0;
    while (kept + 1 < length &&
           !(symbols[kept] == merge->left && symbols[kept + 1] == merge->right))
        kept++;
    if (kept + 1 >= length)
        return; /* earlier merges took the pair away */
    int64_t count = lm_word_count(word);
    for (uint32_t i = kept; i < length; i++) {
        uint32_t symbol = symbols[i];
        if (symbol == merge->left && i + 1 < length && symbols[i + 1] == merge->right) {
            if (kept > 0)
                note(learner, symbols[kept - 1], false, at, count);
            symbols[kept++] = merge->id;
            i++;
            continue;
        }
        if (kept > 0 && symbols[kept - 1] == merge->id)
            note(learner, symbol, true, at, count);
        symbols[kept++] = symbol;
    }
    word[0] = kept;
}

/* The same at one place of a long word. Places come from left to right, so a merge that touches
 * this one on the right will find it there. */
static void merge_place(struct learner *learner, const struct merge *merge, uint32_t at)
{
    struct lm_long_words *longs = &learner->words->longs;
    uint32_t base = (uint32_t)learner->words->size, left = at - base;
    uint32_t right = longs->next[left];
    if (longs->symbols[left] != merge->left || right == LM_NO_SYMBOL ||
        longs->symbols[right] != merge->right)
        return;
    int64_t count = lm_long_word_count(longs, left);
    uint32_t before = longs->previous[left], after = longs->next[right];
    if (before != LM_NO_SYMBOL)
        note(learner, longs->symbols[before], false, base + before, count);
    longs->symbols[left] = merge->id;
    longs->symbols[right] = LM_NO_SYMBOL;
    longs->next[left] = after;
    if (after == LM_NO_SYMBOL)
        return;
    longs->previous[after] = left;
    uint32_t beyond = longs->next[after];
    bool is_touched = longs->symbols[after] == merge->left && beyond != LM_NO_SYMBOL &&
                      longs->symbols[beyond] == merge->right;
    if (!is_touched)
        note(learner, longs->symbols[after], true, at, count);
}

static void merge_words(struct learner *learner, const struct merge *merge,
                        const struct lm_pair_count *pair)
{
    const uint32_t *places = learner->pairs.places + pair->first, *cells = learner->words->cells;
    size_t size = learner->words->size;
    uint32_t i = 0;
    for (; i < pair->place_count && places[i] < size; i++) {
        if (i + AHEAD < pair->place_count)
            __builtin_prefetch(cells + places[i + AHEAD], 1);
        merge_word(learner, merge, places[i]);
    }
    for (; i < pair->place_count; i++)
        merge_place(learner, merge, places[i]);
}

/* ---- counts ---- */

/* Takes what a neighbour lost from its old pair and makes the new one. */
static void settle(struct learner *learner, const struct merge *merge, struct neighbour *neighbour)
{
    uint32_t symbol = neighbour->symbol, id = merge->id;
    bool is_twin = symbol == id;
    uint32_t old_left = neighbour->is_right || is_twin ? merge->right : symbol;
    uint32_t old_right = neighbour->is_right ? symbol : merge->left;
    struct lm_pair_set *pairs = &learner->pairs;
    uint32_t old = lm_pair_set_find(pairs, lm_pair_key((int32_t)old_left, (int32_t)old_right));
    if (old != LM_NO_PAIR)
        pairs->pairs[old].count -= neighbour->count;
    learner->known[neighbour->is_right][symbol] = 0;
    neighbour->pair = LM_NO_PAIR;
    const struct lm_merge_bounds *bounds = learner->bounds;
    if (neighbour->count < bounds->least ||
        (size_t)learner->lengths[symbol] + learner->lengths[id] > bounds->longest)
        return;
    uint64_t key = neighbour->is_right ? lm_pair_key((int32_t)id, (int32_t)symbol)
                                       : lm_pair_key((int32_t)symbol, (int32_t)id);
    neighbour->pair = lm_pair_set_make(pairs, key, neighbour->count, neighbour->place_count);
    if (neighbour->pair == LM_NO_PAIR)
        learner->failed = true;
    else
        lm_queue_push(&learner->queue, pairs, neighbour->pair);
    neighbour->place_count = 0; /* written so far */
}

static void settle_all(struct learner *learner, const struct merge *merge)
{
    struct lm_pair_set *pairs = &learner->pairs;
    for (size_t i = 0; i < learner->neighbour_count; i++)
        settle(learner, merge, &learner->neighbours[i]);
    for (size_t i = 0; i < learner->visit_count && !learner->failed; i++) {
        struct neighbour *neighbour = &learner->neighbours[learner->visits[i].neighbour];
        if (neighbour->pair != LM_NO_PAIR)
            pairs->places[pairs->pairs[neighbour->pair].first + neighbour->place_count++] =
                learner->visits[i].word;
    }
    learner->neighbour_count = learner->visit_count = 0;
}

/* ---- merges ---- */

static enum lm_status no_memory(const struct learner *learner, struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM,
                   "no memory to learn merges from %zu distinct pieces; free some, or set "
                   "max_piece_bytes",
                   learner->words->count);
}

/* Learns the next merge; *is_done when nothing is left to merge. */
static enum lm_status merge_next(struct learner *learner, bool *is_done, struct lm_err *err)
{
    uint32_t next = lm_queue_pop(&learner->queue, &learner->pairs, learner->bounds->least);
    *is_done = next == LM_NO_PAIR;
    if (*is_done)
        return learner->queue.failed ? no_memory(learner, err) : LM_OK;
    const struct lm_pair_count pair = learner->pairs.pairs[next];
    struct merge merge = {(uint32_t)(pair.key >> 32), (uint32_t)pair.key, 0};
    enum lm_merge_fault fault =
        lm_vocab_add(learner->vocab, (int32_t)merge.left, (int32_t)merge.right);
    if (fault == LM_MERGE_NOMEM)
        return no_memory(learner, err);
    /* Another pair already gave these bytes, or they are too many: such a pair is never merged. */
    if (fault != LM_MERGE_FINE)
        return LM_OK;
    merge.id = (uint32_t)learner->vocab->next_id - 1;
    learner->lengths[merge.id] = learner->lengths[merge.left] + learner->lengths[merge.right];
    merge_words(learner, &merge, &pair);
    if (!learner->failed)
        settle_all(learner, &merge);
    learner->pairs.pairs[next].count = 0;
    return learner->failed || learner->queue.failed ? no_memory(learner, err) : LM_OK;
}

static enum lm_status prepare(struct learner *learner, struct lm_err *err)
{
    size_t symbols = LM_BYTES + (size_t)learner->bounds->merges;
    learner->lengths = calloc(symbols, sizeof *learner->lengths);
    for (size_t side = 0; side < 2; side++)
        learner->known[side] = calloc(symbols, sizeof **learner->known);
    if (learner->lengths == NULL || learner->known[0] == NULL || learner->known[1] == NULL ||
        !lm_pair_set_fill(&learner->pairs, learner->words, learner->bounds->least))
        return no_memory(learner, err);
    for (size_t i = 0; i < LM_BYTES; i++)
        learner->lengths[i] = 1;
    if (learner->bounds->longest >= 2)
        for (uint32_t i = 0; i < learner->pairs.count; i++)
            lm_queue_push(&learner->queue, &learner->pairs, i);
    return learner->queue.failed ? no_memory(learner, err) : LM_OK;
}

static enum lm_status learn(struct learner *learner, lm_bpe_progress_fn *progress, void *user,
                            struct lm_err *err)
{
    int64_t total = learner->bounds->merges;
    bool is_done = false;
    LM_TRY(prepare(learner, err));
    while (!is_done && lm_vocab_merges(learner->vocab) < total) {
        int64_t done = lm_vocab_merges(learner->vocab);
        if (progress != NULL && done % PROGRESS_EVERY == 0 && !progress(user, done, total))
            return lm_fail(err, LM_CANCELLED, "stopped after %lld merges; run again",
                           (long long)done);
        LM_TRY(merge_next(learner, &is_done, err));
    }
    return LM_OK;
}

enum lm_status lm_bpe_learn(struct lm_vocab *vocab, struct lm_words *words,
                            const struct lm_merge_bounds *bounds, lm_bpe_progress_fn *progress,
                            void *user, struct lm_err *err)
{
    struct learner learner = {.vocab = vocab, .words = words, .bounds = bounds};
    lm_queue_init(&learner.queue);
    enum lm_status status = learn(&learner, progress, user, err);
    lm_pair_set_release(&learner.pairs);
    lm_queue_release(&learner.queue);
    free(learner.lengths);
    free(learner.known[0]);
    free(learner.known[1]);
    free(learner.neighbours);
    free(learner.visits);
    return status;
}
