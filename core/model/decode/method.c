/*
 * Decoding methods as data: which rules they use, in which order, whether they fit together.
 */
#include <lmpipe/model/sampling.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

const char *const lm_rule_names[LM_RULES + 1] = {
    [LM_RULE_REPETITION_PENALTY] = "repetition_penalty",
    [LM_RULE_TEMPERATURE] = "temperature",
    [LM_RULE_TOP_K] = "top_k",
    [LM_RULE_TYPICAL_P] = "typical_p",
    [LM_RULE_TOP_P] = "top_p",
    [LM_RULE_MIN_P] = "min_p",
    [LM_RULE_ETA] = "eta",
};

static double value_of(const struct lm_sampling *method, enum lm_rule rule)
{
    const double values[LM_RULES] = {
        [LM_RULE_REPETITION_PENALTY] = method->repetition_penalty,
        [LM_RULE_TEMPERATURE] = method->temperature,
        [LM_RULE_TOP_K] = (double)method->top_k,
        [LM_RULE_TYPICAL_P] = method->typical_p,
        [LM_RULE_TOP_P] = method->top_p,
        [LM_RULE_MIN_P] = method->min_p,
        [LM_RULE_ETA] = method->eta,
    };
    return values[rule];
}

bool lm_sampling_uses(const struct lm_sampling *method, enum lm_rule rule)
{
    double value = value_of(method, rule);
    switch (rule) {
    case LM_RULE_REPETITION_PENALTY:
    case LM_RULE_TEMPERATURE:
        return value > 0 && value != 1;
    case LM_RULE_TYPICAL_P:
    case LM_RULE_TOP_P:
        return value > 0 && value < 1;
    default:
        return value > 0;
    }
}

size_t lm_sampling_order(enum lm_rule out[LM_RULES], const struct lm_sampling *method)
{
    size_t count = method->order_count > 0 ? method->order_count : LM_RULES, used = 0;
    for (size_t i = 0; i < count; i++) {
        enum lm_rule rule =
            method->order_count > 0 ? (enum lm_rule)method->order[i] : (enum lm_rule)i;
        if (lm_sampling_uses(method, rule))
            out[used++] = rule;
    }
    return used;
}

/* ---- checks ---- */

/* Bounds; both are allowed. */
static const struct {
    double low, high;
} bounds[LM_RULES] = {
    [LM_RULE_REPETITION_PENALTY] = {0, INFINITY},
    [LM_RULE_TEMPERATURE] = {0, INFINITY},
    [LM_RULE_TOP_K] = {0, INFINITY},
    [LM_RULE_TYPICAL_P] = {0, 1},
    [LM_RULE_TOP_P] = {0, 1},
    [LM_RULE_MIN_P] = {0, 1},
    [LM_RULE_ETA] = {0, 1},
};

static enum lm_status check_values(const struct lm_sampling *method, struct lm_err *err)
{
    for (int rule = 0; rule < LM_RULES; rule++) {
        double value = value_of(method, (enum lm_rule)rule);
        if (!(value >= bounds[rule].low && value <= bounds[rule].high))
            return lm_fail_field(err, LM_INVALID,
                                 "%s: %g is outside %g to %g; choose a value within",
                                 lm_rule_names[rule], value, bounds[rule].low, bounds[rule].high);
    }
    if (method->beams < 0 || method->beams > LM_BEAMS_MAX)
        return lm_fail_field(err, LM_INVALID, "beams: %lld is outside 0 to %d; choose fewer",
                             (long long)method->beams, LM_BEAMS_MAX);
    if (method->contrastive_k < 0 || method->contrastive_k > LM_BEAMS_MAX)
        return lm_fail_field(err, LM_INVALID,
                             "contrastive_k: %lld is outside 0 to %d; choose fewer",
                             (long long)method->contrastive_k, LM_BEAMS_MAX);
    if (!(method->length_penalty >= 0 && method->length_penalty <= 10))
        return lm_fail_field(err, LM_INVALID,
                             "length_penalty: %g is outside 0 to 10; choose a value within",
                             method->length_penalty);
    if (!(method->contrastive_alpha >= 0 && method->contrastive_alpha <= 1))
        return lm_fail_field(err, LM_INVALID,
                             "contrastive_alpha: %g is outside 0 to 1; choose a value within",
                             method->contrastive_alpha);
    return LM_OK;
}

/* A search draws nothing: no rule of the chain goes with it. */
static enum lm_status check_search(const struct lm_sampling *method, struct lm_err *err)
{
    const char *search = method->beams > 0 ? "beams" : "contrastive_k";
    if (method->beams > 0 && method->contrastive_k > 0)
        return lm_fail_field(err, LM_INVALID,
                             "contrastive_k: does not go with beams, which is another search; make "
                             "two methods of them");
    if (method->beams == 0 && method->length_penalty > 0)
        return lm_fail_field(err, LM_INVALID,
                             "length_penalty: goes with beams alone; add beams, or remove it");
    if (method->contrastive_k == 0 && method->contrastive_alpha > 0)
        return lm_fail_field(
            err, LM_INVALID,
            "contrastive_alpha: goes with contrastive_k alone; add contrastive_k, or remove it");
    if (method->beams == 0 && method->contrastive_k == 0)
        return LM_OK;
    for (int rule = 0; rule < LM_RULES; rule++)
        if (lm_sampling_uses(method, (enum lm_rule)rule))
            return lm_fail_field(err, LM_INVALID,
                                 "%s: does not go with %s, a search that draws nothing; remove one "
                                 "of them",
                                 lm_rule_names[rule], search);
    return method->order_count == 0
               ? LM_OK
               : lm_fail_field(err, LM_INVALID,
                               "order: does not go with %s, a search without rules; remove it",
                               search);
}

static enum lm_status check_order(const struct lm_sampling *method, struct lm_err *err)
{
    bool has[LM_RULES] = {false};
    if (method->order_count > LM_RULES)
        return lm_fail_field(err, LM_INVALID, "order: there are %d rules, got %zu; name each once",
                             LM_RULES, method->order_count);
    for (size_t i = 0; i < method->order_count; i++) {
        if (method->order[i] >= LM_RULES)
            return lm_fail_field(err, LM_INVALID, "order: there is no rule %d; see lm_rule_names",
                                 method->order[i]);
        if (has[method->order[i]])
            return lm_fail_field(err, LM_INVALID, "order: names %s twice; name each rule once",
                                 lm_rule_names[method->order[i]]);
        has[method->order[i]] = true;
    }
    for (int rule = 0; rule < LM_RULES && method->order_count > 0; rule++)
        if (!has[rule] && lm_sampling_uses(method, (enum lm_rule)rule))
            return lm_fail_field(err, LM_INVALID,
                                 "order: lacks %s, which is in use; add it, or switch that off",
                                 lm_rule_names[rule]);
    return LM_OK;
}

enum lm_status lm_sampling_check(const struct lm_sampling *method, struct lm_err *err)
{
    LM_TRY(check_values(method, err));
    LM_TRY(check_search(method, err));
    LM_TRY(check_order(method, err));
    if (method->temperature == 0 && lm_sampling_uses(method, LM_RULE_TYPICAL_P))
        return lm_fail_field(err, LM_INVALID,
                             "typical_p: does not go with temperature 0, which takes the most "
                             "likely token whether it is typical or not; remove one of them");
    return LM_OK;
}

/* ---- in words ---- */

static void put(char *out, const char *name, double value)
{
    size_t size = strlen(out);
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_put_double(&text, value);
    lm_buf_putc(&text, '\0');
    snprintf(out + size, LM_SIGNATURE_SIZE - size, "%s%s:%s", size > 0 ? "|" : "", name,
             text.failed ? "?" : (const char *)text.data);
    lm_buf_release(&text);
}

void lm_sampling_signature(char out[LM_SIGNATURE_SIZE], const struct lm_sampling *method)
{
    enum lm_rule order[LM_RULES];
    size_t count = lm_sampling_order(order, method);
    bool is_greedy = method->temperature == 0;
    out[0] = '\0';
    if (method->beams > 0) {
        put(out, "beams", (double)method->beams);
        put(out, "length_penalty", method->length_penalty);
        return;
    }
    if (method->contrastive_k > 0) {
        put(out, "contrastive_k", (double)method->contrastive_k);
        put(out, "contrastive_alpha", method->contrastive_alpha);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_greedy || order[i] == LM_RULE_REPETITION_PENALTY)
            put(out, lm_rule_names[order[i]], value_of(method, order[i]));
    size_t size = strlen(out);
    snprintf(out + size, LM_SIGNATURE_SIZE - size, "%s%s", size > 0 ? "|" : "",
             is_greedy ? "greedy" : "draw");
}
