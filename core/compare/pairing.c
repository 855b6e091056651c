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
    const char *without;
} rows[] = {
    {"bpb", "bits per byte", DOCUMENTS, LM_ITEM_NLL, LM_ITEM_BYTES, LM_BETTER_LOWER, LM_SCALE_BITS},
    {"ppl", "perplexity", DOCUMENTS, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER, LM_SCALE_EXP},
    {"nll", "nats per token", DOCUMENTS, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER},
    {"acc", "", DOCUMENTS, LM_ITEM_CORRECT, LM_ITEM_TOKENS, LM_BETTER_HIGHER},
    {"accuracy", "", EXAMPLES, LM_ITEM_SCORE, ONE, LM_BETTER_HIGHER, .is_right_wrong = true},
    {"examples.nll", "nats per token", EXAMPLES, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER},
    {"examples.nll", "nats per example", EXAMPLES, LM_ITEM_NLL, ONE, LM_BETTER_LOWER},
    {"calibration", "nats", DOCUMENTS, ONE, ONE, LM_BETTER_LOWER,
     .without = "a calibration error is of all tokens together, no mean over documents"},
    {"f1", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER,
     .without = "F1 is of all examples together, no mean over them"},
    {"bleu", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER,
     .without = "BLEU is of the whole text, no mean over examples"},
    {"chrf", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER,
     .without = "chrF is of the whole text, no mean over examples"},
    {"spearman", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER,
     .without = "a correlation is of all examples together, no mean over them"},
    {"pearson", "", EXAMPLES, ONE, ONE, LM_BETTER_HIGHER,
     .without = "a correlation is of all examples together, no mean over them"},
    {"acc", "", TASKS, LM_ITEM_SCORE, ONE, LM_BETTER_HIGHER, .is_right_wrong = true},
    {"bpb", "bits per byte", TASKS, LM_ITEM_NLL, LM_ITEM_BYTES, LM_BETTER_LOWER, LM_SCALE_BITS},
    {"ppl", "perplexity", TASKS, LM_ITEM_NLL, LM_ITEM_TOKENS, LM_BETTER_LOWER, LM_SCALE_EXP},
    {"ppl", "perplexity", TASKS, LM_ITEM_NLL, ONE, LM_BETTER_LOWER, LM_SCALE_EXP},
    {"nll", "nats per target", TASKS, LM_ITEM_NLL, ONE, LM_BETTER_LOWER},
    {"word_ppl", "perplexity", TASKS, ONE, ONE, LM_BETTER_LOWER,
     .without = "a perplexity by words is not in the items; compare bpb"},
    {"macro", "", TASKS, ONE, ONE, LM_BETTER_HIGHER,
     .without = "a mean over groups is no mean over items; compare acc"},
    {"bleu", "", TASKS, ONE, ONE, LM_BETTER_HIGHER,
     .without = "BLEU is of the whole text, no mean over items"},
    {"chrf", "", TASKS, ONE, ONE, LM_BETTER_HIGHER,
     .without = "chrF is of the whole text, no mean over items"},
    {"spearman", "", TASKS, ONE, ONE, LM_BETTER_HIGHER,
     .without = "a correlation is of all items together, no mean over them"},
    {"pearson", "", TASKS, ONE, ONE, LM_BETTER_HIGHER,
     .without = "a correlation is of all items together, no mean over them"},
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
                               .without = "it is not known to be a mean over items"};
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

static enum lm_status check_finite(const struct lm_pairing *pairing, const struct lm_items *items,
                                   const char *name, struct lm_err *err)
{
    for (size_t i = 0; i < items->count; i++)
        if (!isfinite(items->columns[pairing->over][i]) ||
            !(lm_pairing_under(pairing, items, i) >= 0))
            return lm_fail(err, LM_MISMATCH, "%s has no finite number for %s %s", name,
                           pairing->item, items->ids[i]);
    return LM_OK;
}

enum lm_status lm_pairing_check(const struct lm_pairing *pairing, const struct lm_items *a,
                                const char *a_name, const struct lm_items *b, const char *b_name,
                                struct lm_err *err)
{
    const char *id = lm_items_differ(a, b);
    if (id != NULL)
        return lm_fail(err, LM_MISMATCH, "other %ss: %s %s is not among those of both %s and %s",
                       pairing->item, pairing->item, id, a_name, b_name);
    if (pairing->without != NULL)
        return LM_OK;
    LM_TRY(check_finite(pairing, a, a_name, err));
    LM_TRY(check_finite(pairing, b, b_name, err));
    for (size_t i = 0; i < a->count && pairing->under != ONE; i++) {
        double x = lm_pairing_under(pairing, a, i), y = lm_pairing_under(pairing, b, i);
        if (x != y)
            return lm_fail(err, LM_MISMATCH,
                           pairing->under == LM_ITEM_TOKENS
                               ? "another tokenizer: %s %s has %.0f tokens in %s, %.0f in %s"
                               : "another text: %s %s has %.0f bytes in %s, %.0f in %s",
                           pairing->item, a->ids[i], x, a_name, y, b_name);
    }
    return LM_OK;
}
