#include "clean_sketches.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { GROUP = 256 /* documents of one hash that are compared with one another, at most */ };

static const double THRESHOLD = 0.8; /* that of dedup.near by default */

/* The sample is drawn by other bits than the least hash is chosen by. */
static bool is_sampled(const struct clean_sketches *sketches, const struct lm_sketch *sketch)
{
    const uint64_t drawn = sketch->hashes[0] * 0x9E3779B97F4A7C15u;
    return sketches->halvings == 0 || drawn >> (64 - sketches->halvings) == 0;
}

static void halve(struct clean_sketches *sketches)
{
    size_t kept = 0;
    sketches->halvings++;
    for (size_t i = 0; i < sketches->count; i++)
        if (is_sampled(sketches, &sketches->items[i].sketch))
            sketches->items[kept++] = sketches->items[i];
    sketches->count = kept;
}

enum lm_status clean_sketches_add(struct clean_sketches *sketches, const struct lm_sketch *sketch,
                                  enum lm_split side, struct lm_err *err)
{
    if (sketch->count < CLEAN_SKETCH_LEAST)
        return LM_OK;
    sketches->documents++;
    while (sketches->count == CLEAN_SKETCHES_MOST && is_sampled(sketches, sketch) &&
           sketches->halvings < 63)
        halve(sketches);
    if (!is_sampled(sketches, sketch) || sketches->count == CLEAN_SKETCHES_MOST)
        return LM_OK;
    struct clean_sketched *items =
        lm_grow(sketches->items, &sketches->capacity, sketches->count, sizeof *items);
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to compare splits; free some");
    sketches->items = items;
    items[sketches->count++] = (struct clean_sketched){*sketch, side};
    return LM_OK;
}

/* A total order of what a row says. */
static int compare(const void *a, const void *b)
{
    const struct clean_sketched *x = a, *y = b;
    for (size_t i = 0; i < x->sketch.count && i < y->sketch.count; i++)
        if (x->sketch.hashes[i] != y->sketch.hashes[i])
            return x->sketch.hashes[i] < y->sketch.hashes[i] ? -1 : 1;
    if (x->sketch.count != y->sketch.count)
        return x->sketch.count < y->sketch.count ? -1 : 1;
    return (int)x->side - (int)y->side;
}

/* Pairs of a group that shares its least hash. Of texts of Jaccard j as many share it, so each pair
 * that does stands for 1 / j. */
static double count_pairs(const struct clean_sketched *group, size_t count, double threshold)
{
    const size_t most = count < GROUP ? count : GROUP;
    double pairs = 0;
    for (size_t i = 0; i < most; i++)
        for (size_t k = 0; k < i; k++) {
            double jaccard = group[i].side != group[k].side
                                 ? lm_sketch_jaccard(&group[i].sketch, &group[k].sketch)
                                 : 0;
            pairs += jaccard >= threshold ? 1 / jaccard : 0;
        }
    const double all = (double)count * ((double)count - 1),
                 seen = (double)most * ((double)most - 1);
    return count > most ? pairs * all / seen : pairs;
}

double clean_sketches_estimate(struct clean_sketches *sketches, double threshold)
{
    const struct clean_sketched *items = sketches->items;
    double pairs = 0;
    if (sketches->count > 1)
        qsort(sketches->items, sketches->count, sizeof *sketches->items, compare);
    for (size_t i = 0, end; i < sketches->count; i = end) {
        for (end = i + 1;
             end < sketches->count && items[end].sketch.hashes[0] == items[i].sketch.hashes[0];)
            end++;
        pairs += count_pairs(items + i, end - i, threshold);
    }
    return pairs * (double)((uint64_t)1 << sketches->halvings);
}

void clean_sketches_put(struct lm_json_writer *writer, struct clean_sketches *sketches)
{
    const double pairs = clean_sketches_estimate(sketches, THRESHOLD);
    lm_json_key(writer, "near_estimate");
    lm_json_open(writer, '{');
    lm_json_member_double(writer, "threshold", THRESHOLD);
    lm_json_member_int(writer, "ngram", LM_SKETCH_WORDS);
    lm_json_member_int(writer, "documents", sketches->documents);
    lm_json_member_int(writer, "compared", (int64_t)sketches->count);
    lm_json_member_int(writer, "across_splits", (int64_t)(pairs + 0.5));
    lm_json_close(writer, '}');
}

void clean_sketches_release(struct clean_sketches *sketches)
{
    free(sketches->items);
    *sketches = (struct clean_sketches){.items = NULL};
}
