/** Made-up runs on made-up documents: what a comparison is given. */
#ifndef LM_TESTS_COMPARE_FIXTURE_H
#define LM_TESTS_COMPARE_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lmpipe/rng.h>

#include "base/buf.h"
#include "compare/comparison.h"

#define FIXTURE_LN2 0.69314718055994530942

enum { FIXTURE_MOST = 120 };

/** Runs with their items in memory. */
struct fixture {
    struct lm_arena *arena;
    struct lm_compare_run runs[FIXTURE_MOST];
    struct lm_compare_items items[FIXTURE_MOST];
    struct lm_json *scores[FIXTURE_MOST];
    size_t count;
};

static const char *const fixture_repeats[] = {"seed"};

static inline struct lm_compare_options fixture_options(void)
{
    return (struct lm_compare_options){.title = "made up",
                                       .metric = "valid.bpb",
                                       .repeats = fixture_repeats,
                                       .repeat_count = 1,
                                       .confidence = 0.95,
                                       .resamples = 400,
                                       .seed = 1};
}

static inline void fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->arena = lm_arena_create();
}

static inline void fixture_close(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++)
        lm_json_free(fixture->scores[i]);
    lm_arena_free(fixture->arena);
}

/** Scores as given: "{…}". */
static inline struct lm_compare_run *fixture_put(struct fixture *fixture, const char *label,
                                                 const char *scores)
{
    struct lm_compare_run *run = &fixture->runs[fixture->count];
    if (scores != NULL &&
        lm_json_parse(&fixture->scores[fixture->count], scores, strlen(scores), NULL) != LM_OK)
        printf("# scores of %s are no JSON\n", label);
    *run = (struct lm_compare_run){.label = label, .scores = fixture->scores[fixture->count]};
    fixture->count++;
    return run;
}

/** A run on `documents` documents, `shift` nats a byte above what they cost any, with noise of its
 *  own by `seed`. */
static inline struct lm_compare_run *fixture_add(struct fixture *fixture, const char *label,
                                                 size_t documents, double shift, uint64_t seed)
{
    char scores[400];
    struct lm_rng common = lm_rng_stream(5, "documents"), own = lm_rng_stream(seed, "run");
    struct lm_compare_items *given = &fixture->items[fixture->count];
    struct lm_items *items = &given->items;
    double nll = 0, bytes = 0, tokens = 0;
    given->file = "valid.jsonl";
    if (lm_items_init(items, fixture->arena, documents, NULL) != LM_OK)
        return NULL;
    for (size_t i = 0; i < documents; i++) {
        double size = floor(100 + 400 * lm_rng_uniform(common, 0, i));
        double rate = 0.9 + 0.2 * lm_rng_normal(common, 1, i) + 0.02 * lm_rng_normal(own, 0, i);
        items->ids[i] = lm_arena_printf(fixture->arena, "%016zx", i * 7919 % 65536);
        items->columns[LM_ITEM_NLL][i] = size * (rate + shift);
        items->columns[LM_ITEM_BYTES][i] = size;
        items->columns[LM_ITEM_TOKENS][i] = floor(size / 4);
        items->columns[LM_ITEM_CORRECT][i] = floor(size / 16);
        nll += items->columns[LM_ITEM_NLL][i];
        bytes += size;
        tokens += floor(size / 4);
    }
    if (lm_items_sort(items, fixture->arena, NULL) != LM_OK)
        return NULL;
    double bpb = nll / (FIXTURE_LN2 * bytes);
    snprintf(scores, sizeof scores,
             "{\"valid.bpb\":%.17g,\"valid.bpb.lo\":%.17g,\"valid.bpb.hi\":%.17g,"
             "\"valid.nll\":%.17g,\"valid.ppl\":%.17g,\"valid.acc\":0.25,\"model.width\":64,"
             "\"model.layers\":2,\"model.context\":64,\"model.parameters\":1000000}",
             bpb, bpb - 0.05, bpb + 0.05, nll / tokens, exp(nll / tokens));
    struct lm_compare_run *run = fixture_put(fixture, label, scores);
    run->given = given;
    run->given_count = 1;
    return run;
}

/** Three rates by `seeds` seeds; a rate of 0.001 is the best. */
static inline void fixture_sweep(struct fixture *fixture, size_t documents, size_t seeds)
{
    static const char *const rates[] = {"0.0001", "0.001", "0.01"};
    static const double shifts[] = {0.15, 0, 0.06};
    for (size_t r = 0; r < 3; r++)
        for (size_t s = 1; s <= seeds; s++)
            fixture_add(fixture, lm_arena_printf(fixture->arena, "lr=%s,seed=%zu", rates[r], s),
                        documents, shifts[r] + 0.008 * (double)s, 10 * r + s);
}

static inline const struct lm_compare_row *fixture_row(const struct lm_comparison *comparison,
                                                       const char *label)
{
    for (size_t i = 0; i < comparison->count; i++)
        if (strcmp(comparison->rows[i].label, label) == 0)
            return &comparison->rows[i];
    return NULL;
}

#endif
