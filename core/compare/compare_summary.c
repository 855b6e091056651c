/* What a comparison says first: one sentence, and a few words. */
#include <math.h>
#include <string.h>

#include "page/numtext.h"

#include "compare/comparison.h"

static size_t count_verdict(const struct lm_comparison *out, enum lm_compare_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++)
        count += out->rows[i].verdict == verdict;
    return count;
}

/* "; over 338 documents, 5 of 8 others are worse, 0 better, 3 show no difference" */
static const char *verdicts(const struct lm_comparison *out)
{
    size_t better = count_verdict(out, LM_VERDICT_BETTER);
    size_t worse = count_verdict(out, LM_VERDICT_WORSE);
    size_t same = count_verdict(out, LM_VERDICT_NO_DIFFERENCE);
    const char *unit = out->pairing.item, *to = "over";
    if (better + worse + same == 0)
        return "";
    if (!out->is_best_reference)
        to = lm_arena_printf(out->arena, "beside %s over", out->rows[out->reference].label);
    if (to == NULL)
        return NULL;
    return lm_arena_printf(out->arena,
                           "; %s %zu %s%s, %zu of %zu others %s worse, %zu better, "
                           "%zu show no difference",
                           to, out->items, unit, out->items == 1 ? "" : "s", worse,
                           better + worse + same, worse == 1 ? "is" : "are", better, same);
}

/* "; 1 diverged, 2 scored on something else" */
static const char *left_out(const struct lm_comparison *out)
{
    static const char *const words[] = {[LM_RUN_OTHER] = "scored on something else",
                                        [LM_RUN_UNRANKED] = "without the metric",
                                        [LM_RUN_DIVERGED] = "diverged",
                                        [LM_RUN_FAILED] = "failed"};
    size_t states[LM_RUN_FAILED + 1] = {0};
    const char *text = "";
    for (size_t i = out->ranked; i < out->count; i++)
        states[out->rows[i].state]++;
    for (size_t k = LM_RUN_FAILED + 1; k-- > 0 && text != NULL;)
        if (states[k] > 0)
            text = lm_arena_printf(out->arena, "%s%s %zu %s", text, text[0] ? "," : ";", states[k],
                                   words[k]);
    return text;
}

static const char *nothing(const struct lm_comparison *out)
{
    return lm_arena_printf(out->arena, "None of %zu runs has a finite %s", out->count,
                           out->options->metric);
}

static const char *best_of(const struct lm_comparison *out, const struct lm_compare_row *best,
                           const char *value)
{
    return out->count == 1 ? lm_arena_printf(out->arena, "The run %s has a %s of %s", best->label,
                                             out->options->metric, value)
                           : lm_arena_printf(out->arena, "Of %zu runs %s has the best %s, %s",
                                             out->count, best->label, out->options->metric, value);
}

enum lm_status lm_compare_summary(struct lm_comparison *out, struct lm_err *err)
{
    bool has_best = out->ranked > 0;
    const struct lm_compare_row *best = &out->rows[0];
    struct lm_num value = lm_num_short(best->value, 4);
    const char *first = has_best ? best_of(out, best, value.text) : nothing(out);
    const char *others = has_best ? verdicts(out) : "", *rest = left_out(out);
    if (first != NULL && others != NULL && rest != NULL)
        out->summary = lm_arena_printf(out->arena, "%s%s%s.", first, others, rest);
    out->headline = has_best
                        ? lm_arena_printf(out->arena, "best %s %s of %zu runs: %s",
                                          out->options->metric, value.text, out->count, best->label)
                        : "no finite metric";
    return out->summary != NULL && out->headline != NULL
               ? LM_OK
               : lm_fail(err, LM_NOMEM, "no memory for a summary; free some");
}
