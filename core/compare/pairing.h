/**
 * Which metrics can be compared item by item, and how: a metric that is a ratio of sums over items
 * (bits per byte, next-token accuracy) has a paired test; one that is of the whole text alone
 * (BLEU, a correlation) has none, and it is said why.
 */
#ifndef LM_COMPARE_PAIRING_H
#define LM_COMPARE_PAIRING_H

#include <lmpipe/stage.h>

#include "compare/item_record.h"
#include "compare/reason.h"
#include "stats/paired.h"

/** How a ratio becomes the metric. */
enum lm_pairing_scale {
    LM_SCALE_PLAIN,
    LM_SCALE_BITS, /**< divided by ln 2 */
    LM_SCALE_EXP   /**< its exponential: a perplexity */
};

enum { LM_PAIRING_FILE = 80 /**< bytes of a file's name */ };

/** How a metric of scores is made of items. */
struct lm_pairing {
    enum lm_better better; /**< LM_BETTER_NONE: not known by this name */
    const char *unit;      /**< of the metric and of differences, "bits per byte"; "" when none */
    const char *item;      /**< "document", "example", of a task "item" */
    char file[LM_PAIRING_FILE]; /**< of the folder items, "valid.jsonl", of a task "blimp.jsonl"; ""
                                   for a metric not known */
    enum lm_item_column over, under; /**< LM_ITEM_COLUMNS as under: each item counts 1 */
    enum lm_pairing_scale scale;
    bool is_right_wrong;         /**< each item is 0 or 1: McNemar's test applies */
    enum lm_reason_kind without; /**< why there is no paired test, of `item`; NONE: there is one */
};

/** How `metric` ("valid.bpb", "blimp.acc") is made, or not. */
struct lm_pairing lm_pairing_find(const char *metric);
/** The same where items decide: the loss of examples is by token where they have tokens. */
struct lm_pairing lm_pairing_for(const char *metric, const struct lm_items *items);

/** What an item is divided by, NaN when it is not there. */
double lm_pairing_under(const struct lm_pairing *pairing, const struct lm_items *items, size_t i);
/** The metric that a ratio of sums is. */
double lm_pairing_value(const struct lm_pairing *pairing, double ratio);
/** Its derivative by the ratio. */
double lm_pairing_slope(const struct lm_pairing *pairing, double ratio);

/** One of two runs that are compared, and what a reason calls it: "this run". */
struct lm_paired_side {
    const struct lm_items *items;
    const char *name;
};

/** Can two runs be compared item by item? If not, *why says what stands in the way (NULL: nobody
 *  asks): other items, another tokenizer (tokens of an item differ), an item without a finite
 *  number. Its texts are borrowed or in the arena, NULL where memory is out. */
bool lm_pairing_fits(struct lm_reason *why, const struct lm_pairing *pairing,
                     const struct lm_paired_side *a, const struct lm_paired_side *b,
                     struct lm_arena *arena);

#endif
