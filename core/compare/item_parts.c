#include "compare/item_parts.h"

enum lm_status lm_item_parts_sum(struct lm_item_parts *out, const struct lm_pairing *pairing,
                                 const struct lm_items *own, const struct lm_items *other,
                                 struct lm_arena *arena, struct lm_err *err)
{
    double total = 0, a = 0, b = 0;
    *out = (struct lm_item_parts){.count = own->count,
                                  .over = LM_NEW_ARRAY(arena, double, own->count),
                                  .under = LM_NEW_ARRAY(arena, double, own->count),
                                  .is_equal = true};
    if (out->over == NULL || out->under == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %zu items; free some", own->count);
    for (size_t i = 0; i < own->count; i++) {
        double x = own->columns[pairing->over][i], y = other->columns[pairing->over][i];
        out->under[i] = lm_pairing_under(pairing, own, i);
        out->is_equal = out->is_equal && x == y;
        total += out->under[i];
        a += x;
        b += y;
    }
    out->own = a / total;
    out->other = b / total;
    return LM_OK;
}

void lm_item_parts_weigh(struct lm_item_parts *parts, const struct lm_pairing *pairing,
                         const struct lm_items *own, const struct lm_items *other,
                         const struct lm_item_question *question)
{
    double mine = lm_pairing_slope(pairing, parts->own);
    double theirs = lm_pairing_slope(pairing, parts->other) * (1 + question->share);
    for (size_t i = 0; i < parts->count; i++) {
        double x = own->columns[pairing->over][i] - parts->own * parts->under[i];
        double y = other->columns[pairing->over][i] - parts->other * parts->under[i];
        parts->over[i] =
            question->sign * (mine * x - theirs * y) + question->rest * parts->under[i];
    }
}
