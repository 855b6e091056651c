#include "text/clean_rules.h"

#include <string.h>

#define OFFSET(field) offsetof(struct lm_rule_measure, field)
/* A row's words as they stand in the list. */
#define BOTH LM_RULE_BOTH
#define MIN LM_RULE_MIN
#define MAX LM_RULE_MAX
#define LINE LM_RULE_LINE
#define NONE LM_RULE_NONE
#define KIND(name, pass, traits, min, max, length, count, over, source, help)                      \
    {name,          LM_PASS_##pass,                                                                \
     traits,        min,                                                                           \
     max,           length,                                                                        \
     OFFSET(count), OFFSET(over) == OFFSET(plain) ? LM_RULE_PLAIN : OFFSET(over),                  \
     source,        help},

const struct lm_rule_kind lm_rule_kinds[] = {
    LM_RULE_LIST(KIND){NULL, LM_PASS_TEXT, 0, 0, 0, 0, 0, 0, NULL, NULL}};

_Static_assert(sizeof lm_rule_kinds / sizeof lm_rule_kinds[0] <= LM_RULES_MAX, "bits of a word");

const struct lm_rule_kind *lm_rule_find(const char *name)
{
    for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++)
        if (strcmp(kind->name, name) == 0)
            return kind;
    return NULL;
}

static double field(const struct lm_rule_measure *measure, size_t offset)
{
    int64_t value;
    memcpy(&value, (const char *)measure + offset, sizeof value);
    return (double)value;
}

double lm_rule_value(const struct lm_rule_kind *kind, const struct lm_rule_measure *measure)
{
    double count = field(measure, kind->count);
    if (kind->over == LM_RULE_PLAIN)
        return count;
    double over = field(measure, kind->over);
    return over > 0 ? count / over : 0;
}

bool lm_rule_drops(const struct lm_rule *rule, const struct lm_rule_measure *measure)
{
    double value = lm_rule_value(rule->kind, measure);
    return value < rule->min || value > rule->max; /* false for NaN */
}
