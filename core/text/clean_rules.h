/** Rules that drop documents or lines: a measure of the text and the bounds it must keep. */
#ifndef LM_TEXT_CLEAN_RULES_H
#define LM_TEXT_CLEAN_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "text/rule_list.h"
#include "text/rule_measure.h"

/** A row of LM_RULE_LIST: a count, or a share of another count (0 when that is 0). */
struct lm_rule_kind {
    const char *name; /**< what the spec says */
    enum lm_rule_pass pass;
    unsigned traits;    /**< enum lm_rule_trait */
    double min, max;    /**< published thresholds; NaN: none */
    double length;      /**< published length, where it takes one */
    size_t count, over; /**< offsets in struct lm_rule_measure; over = LM_RULE_PLAIN: no share */
    const char *source; /**< who published it; NULL: nobody */
    const char *help;
};

#define LM_RULE_PLAIN ((size_t)-1)

/** All kinds in the order in which they are asked, ended by a NULL name. */
extern const struct lm_rule_kind lm_rule_kinds[];

/** Kind by name, or NULL. */
const struct lm_rule_kind *lm_rule_find(const char *name);
/** The value a rule looks at; of a rule of lines 0. */
double lm_rule_value(const struct lm_rule_kind *kind, const struct lm_rule_measure *measure);

/** A rule: values below min or above max drop the document; NaN: no bound. */
struct lm_rule {
    const struct lm_rule_kind *kind;
    double min, max, length;
};

/** Is the value out of the rule's bounds? */
bool lm_rule_drops(const struct lm_rule *rule, const struct lm_rule_measure *measure);

#endif
