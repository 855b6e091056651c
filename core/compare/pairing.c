#include "compare/pairing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/elem.h"

static const double LN2 = 0.69314718055994530942;

#define DOCUMENTS "document"
#define EXAMPLES "example"
#define TASKS "item"
#define ONE LM_ITEM_COLUMNS /* each item counts 1 */

/* By what follows the split, or the name of a task. Of several rows of a name the first fits whose
 * columns are there. */
static const struct {
    const char *key, *unit, *item;
    enum lm_item_column over, under;
    enum lm_better better;
    enum lm_pairing_scale scale;
    bool is_right_wrong;
    enum lm_reason_kind without;
} rows[] = {
    {"bpb", "bits per byte", DOCUMENTS, LM_ITEM_NLL, LM_ITEM_BYTES, LM_BETTER_LOWER, LM_SCALE_BITS},
    {"ppl", "perplexity", DOCUMENTS, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER, LM_SCALE_EXP},
    {"nll", "nats per token", DOCUMENTS, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER},
    {"acc", "", DOCUMENTS, LM_ITEM_CORRECT, LM_ITEM_TOKENS, LM_BETTER_HIGHER},
    {"accuracy", "", EXAMPLES, LM_ITEM_SCORE, ONE, LM_BETTER_HIGHER, .is_right_wrong = true},
    {"examples.nll", "nats per token", EXAMPLES, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER},
    {"examples.nll", "nats per example", EXAMPLES, LM_ITEM_NLL, ONE, LM_BETTER_LOWER},
    {"calibration", "nats", DOCUMENTS, ONE, ONE, LM_BETTER_LOWER,
     .without = LM_REASON_OF_ALL_TOKENS},
    {"ece", "", DOCUMENTS, ONE, ONE, LM_BETTER_LOWER, .without = LM_REASON_OF_ALL_TOKENS},
    {"brier", "", DOCUMENTS, ONE, ONE, LM_BETTER_LOWER, .without = LM_REASON_OF_ALL_TOKENS},
    {"in_context_gain", "nats", DOCUMENTS, ONE, ONE, LM_BETTER_HIGHER,
     .without = LM_REASON_BY_PLACE},
    {"f1", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_F1},
    {"bleu", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_BLEU},
    {"chrf", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_CHRF},
    {"spearman", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_CORRELATION},
    {"pearson", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_CORRELATION},
    {"acc", "", TASKS, LM_ITEM_SCORE, ONE, LM_BETTER_HIGHER, .is_right_wrong = true},
    {"bpb", "bits per byte", TASKS, LM_ITEM_NLL, LM_ITEM_BYTES, LM_BETTER_LOWER, LM_SCALE_BITS},
    {"ppl", "perplexity", TASKS, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER, LM_SCALE_EXP},
    {"ppl", "perplexity", TASKS, LM_ITEM_NLL, ONE, LM_BETTER_LOWER, LM_SCALE_EXP},
    {"nll", "nats per target", TASKS, LM_ITEM_NLL, ONE, LM_BETTER_LOWER},
    {"word_ppl", "perplexity", TASKS, ONE, ONE, LM_BETTER_LOWER, .without = LM_REASON_BY_WORDS},
    {"ece", "", TASKS, ONE, ONE, LM_BETTER_LOWER, .without = LM_REASON_OF_ALL_TOKENS},
    {"brier", "", TASKS, ONE, ONE, LM_BETTER_LOWER, .without = LM_REASON_NOT_IN_ITEMS},
    {"macro", "", TASKS, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_OVER_GROUPS},
    {"bleu", "", TASKS, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_BLEU},
    {"chrf", "", TASKS, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_CHRF},
    {"spearman", "", TASKS, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_CORRELATION},
    {"pearson", "", TASKS, ONE, ONE, LM_BETTER_HIGHER, .without = LM_REASON_CORRELATION},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static struct lm_pairing pairing_of(size_t row, const char *name, size_t length)
{
    struct lm_pairing out = {.better = rows[row].better,
                             .unit = rows[row].unit,
                             .item = rows[row].item,
                             .over = rows[row].over,
                             .under = rows[row].under,
                             .scale = rows[row].scale,
                             .is_right_wrong = rows[row].is_right_wrong,
                             .without = rows[row].without};
    bool is_example = strcmp(rows[row].item, EXAMPLES) == 0;
    snprintf(out.file, sizeof out.file, "%s%.*s.jsonl", is_example ? "examples." : "", (int)length,
             name);
    return out;
}

static bool has_columns(size_t row, const struct lm_items *items)
{
    if (items->count == 0 || rows[row].over == ONE)
        return true;
    bool has_under = rows[row].under == ONE || !isnan(items->columns[rows[row].under][0]);
    return has_under && !isnan(items->columns[rows[row].over][0]);
}

/* Is this the name of a split, or can it be that of a task? */
static bool is_split(const char *name, size_t length)
{
    static const char *const splits[] = {"valid", "test"};
    for (size_t s = 0; s < 2; s++)
        if (strlen(splits[s]) == length && strncmp(name, splits[s], length) == 0)
            return true;
    return false;
}

struct lm_pairing lm_pairing_for(const char *metric, const struct lm_items *items)
{
    size_t length = strcspn(metric, "."), found = ROWS;
    bool is_task = !is_split(metric, length);
    bool is_name =
        metric[length] == '.' && length > 0 && length + sizeof ".jsonl" <= LM_PAIRING_FILE;
    for (size_t row = ROWS; row-- > 0 && is_name;)
        if ((strcmp(rows[row].item, TASKS) == 0) == is_task &&
            strcmp(metric + length + 1, rows[row].key) == 0 &&
            (found == ROWS || items == NULL || has_columns(row, items)))
            found = row;
    if (found < ROWS)
        return pairing_of(found, metric, length);
    return (struct lm_pairing){.better = LM_BETTER_NONE,
                               .unit = "",
                               .item = "item",
                               .over = ONE,
                               .under = ONE,
                               .without = LM_REASON_UNKNOWN};
}

struct lm_pairing lm_pairing_find(const char *metric)
{
    return lm_pairing_for(metric, NULL);
}

double lm_pairing_under(const struct lm_pairing *pairing, const struct lm_items *items, size_t i)
{
    return pairing->under == ONE ? 1 : items->columns[pairing->under][i];
}

double lm_pairing_value(const struct lm_pairing *pairing, double ratio)
{
    return pairing->scale == LM_SCALE_EXP    ? lm_exp(ratio)
           : pairing->scale == LM_SCALE_BITS ? ratio / LN2
                                             : ratio;
}

double lm_pairing_slope(const struct lm_pairing *pairing, double ratio)
{
    return pairing->scale == LM_SCALE_EXP    ? lm_exp(ratio)
           : pairing->scale == LM_SCALE_BITS ? 1 / LN2
                                             : 1;
}

/* ---- whether they can be compared ---- */

/* The first item of `items` without a finite number; SIZE_MAX: there is none. */
static size_t not_finite(const struct lm_pairing *pairing, const struct lm_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        if (!isfinite(items->columns[pairing->over][i]) ||
            !(lm_pairing_under(pairing, items, i) >= 0))
            return i;
    return SIZE_MAX;
}

static const char *count_text(struct lm_arena *arena, double count)
{
    return lm_arena_printf(arena, "%.0f", count);
}

static bool refuse(struct lm_reason *why, struct lm_reason reason)
{
    if (why != NULL)
        *why = reason;
    return false;
}

/* Is every item divided by the same? */
static bool are_alike(struct lm_reason *why, const struct lm_pairing *pairing,
                      const struct lm_paired_side *a, const struct lm_paired_side *b,
                      struct lm_arena *arena)
{
    for (size_t i = 0; i < a->items->count && pairing->under != ONE; i++) {
        double x = lm_pairing_under(pairing, a->items, i);
        double y = lm_pairing_under(pairing, b->items, i);
        enum lm_reason_kind kind =
            pairing->under == LM_ITEM_TOKENS ? LM_REASON_OTHER_TOKENS : LM_REASON_OTHER_BYTES;
        if (x != y && why == NULL)
            return false;
        if (x != y)
            return refuse(why, (struct lm_reason){.kind = kind,
                                                  .parts = {pairing->item, a->items->ids[i],
                                                            count_text(arena, x), a->name,
                                                            count_text(arena, y), b->name}});
    }
    return true;
}

bool lm_pairing_fits(struct lm_reason *why, const struct lm_pairing *pairing,
                     const struct lm_paired_side *a, const struct lm_paired_side *b,
                     struct lm_arena *arena)
{
    const struct lm_paired_side *const sides[] = {a, b};
    const char *id = lm_items_differ(a->items, b->items);
    if (id != NULL)
        return refuse(why, (struct lm_reason){.kind = LM_REASON_OTHER_ITEMS,
                                              .parts = {pairing->item, id, a->name, b->name}});
    for (size_t k = 0; k < 2 && pairing->without == LM_REASON_NONE; k++) {
        size_t i = not_finite(pairing, sides[k]->items);
        if (i != SIZE_MAX)
            return refuse(why, (struct lm_reason){.kind = LM_REASON_NOT_A_NUMBER,
                                                  .parts = {sides[k]->name, pairing->item,
                                                            sides[k]->items->ids[i]}});
    }
    return pairing->without != LM_REASON_NONE || are_alike(why, pairing, a, b, arena);
}
