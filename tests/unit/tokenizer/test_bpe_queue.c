#include "tap.h"
#include "text_samples.h"
#include "tokenizer/bpe_queue.h"

enum { PAIRS = 400 };

/* The pair that is next, by looking at all that are queued. */
static uint32_t naive_next(const struct lm_pair_set *set, const bool *is_queued, int64_t least)
{
    uint32_t best = LM_NO_PAIR;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct lm_pair_count *a = &set->pairs[i],
                                   *b = &set->pairs[best == LM_NO_PAIR ? 0 : best];
        if (is_queued[i] && a->count >= least &&
            (best == LM_NO_PAIR || a->count > b->count ||
             (a->count == b->count && a->key < b->key)))
            best = i;
    }
    return best;
}

/* Counts fall at random and new pairs come, no larger than what was taken last. */
static void equals_looking_at_all(struct tap *tap)
{
    struct lm_rng rng = lm_rng_stream(23, "queue");
    for (uint64_t round = 0; round < LM_REPEAT(200u); round++) {
        struct lm_pair_set set = {0};
        struct lm_queue queue;
        bool is_queued[PAIRS] = {false};
        int64_t least = 1 + (int64_t)(round % 3), largest = round % 2 ? 20 : INT64_C(1) << 50;
        lm_queue_init(&queue);
        for (uint64_t step = 0;; step++) {
            for (uint64_t i = 0; i < 1 + (step == 0) * 50u && set.count < PAIRS; i++) {
                int64_t count =
                    1 + (int64_t)lm_rng_below(rng, round, step * 1000 + i, (uint64_t)largest);
                uint64_t key =
                    lm_rng_below(rng, round, step * 1000 + i + 500, 1u << 30) << 9 | set.count;
                uint32_t pair = lm_pair_set_make(&set, key, count, 0);
                REQUIRE(pair != LM_NO_PAIR);
                CHECK_INT(lm_pair_set_find(&set, key), pair);
                lm_queue_push(&queue, &set, pair);
                is_queued[pair] = true;
            }
            uint32_t want = naive_next(&set, is_queued, least);
            CHECK_INT(lm_queue_pop(&queue, &set, least), want);
            if (want == LM_NO_PAIR || tap->failed)
                break;
            is_queued[want] = false;
            largest = set.pairs[want].count;
            for (size_t i = 0; i < set.count; i += 1 + (size_t)lm_rng_below(rng, round, step, 9))
                set.pairs[i].count -=
                    (int64_t)lm_rng_below(rng, step, i, (uint64_t)set.pairs[i].count / 2 + 2);
            for (size_t i = 0; i < set.count; i++)
                if (set.pairs[i].count < 0)
                    set.pairs[i].count = 0;
        }
        CHECK(!queue.failed);
        lm_queue_release(&queue);
        lm_pair_set_release(&set);
        if (tap->failed)
            return;
    }
}

static const struct tap_test tests[] = {TAP_ROW(equals_looking_at_all)};

LM_TEST_FILE(tests)
