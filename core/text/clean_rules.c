#include "text/clean_rules.h"

#include <string.h>

#define KIND(name, count, over, help) {#name, LM_RULE_COUNT(count), over, help},

const struct lm_rule_kind lm_rule_kinds[] = {LM_RULE_LIST(KIND){NULL, 0, 0, NULL}};

const struct lm_rule_kind *lm_rule_find(const char *name)
{
    for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++)
        if (strcmp(kind->name, name) == 0)
            return kind;
    return NULL;
}

static double field(const struct lm_text_measure *measure, size_t offset)
{
    int64_t value;
    memcpy(&value, (const char *)measure + offset, sizeof value);
    return (double)value;
}

double lm_rule_value(const struct lm_rule_kind *kind, const struct lm_text_measure *measure)
{
    double count = field(measure, kind->count);
    if (kind->over == LM_RULE_PLAIN)
        return count;
    double over = field(measure, kind->over);
    return over > 0 ? count / over : 0;
}

bool lm_rule_drops(const struct lm_rule *rule, const struct lm_text_measure *measure)
{
    double value = lm_rule_value(rule->kind, measure);
    return value < rule->min || value > rule->max; /* false for NaN */
}
