/** Rules that drop documents: a measure of the text and the bounds it must keep. */
#ifndef LM_TEXT_CLEAN_RULES_H
#define LM_TEXT_CLEAN_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "text/text_measure.h"

/** A measure that a rule can bound: a count, or a share of another count (0 when that is 0). */
struct lm_rule_kind {
    const char *name;   /**< what the spec says */
    size_t count, over; /**< offsets in struct lm_text_measure; over = LM_RULE_PLAIN: not a share */
    const char *help;
};

#define LM_RULE_PLAIN ((size_t)-1)

/** All kinds, ended by a NULL name. */
extern const struct lm_rule_kind lm_rule_kinds[];

/** Kind by name, or NULL. */
const struct lm_rule_kind *lm_rule_find(const char *name);
/** The value a rule looks at. */
double lm_rule_value(const struct lm_rule_kind *kind, const struct lm_text_measure *measure);

/** A rule: values below min or above max drop the document; NaN: no bound. */
struct lm_rule {
    const struct lm_rule_kind *kind;
    double min, max;
};

bool lm_rule_drops(const struct lm_rule *rule, const struct lm_text_measure *measure);

#endif
