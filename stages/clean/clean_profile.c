/* Profile and rules, as typed, become one list of rules with all their thresholds. Part of the
 * descriptor: it runs wherever a spec is read. */
#include "clean_params.h"

#include <string.h>

#include "text/rule_list.h"

/* What is known of a rule without measuring anything. */
struct row {
    const char *name;
    unsigned traits;
    double min, max, length;
};

#define BOTH LM_RULE_BOTH
#define MIN LM_RULE_MIN
#define MAX LM_RULE_MAX
#define LINE LM_RULE_LINE
#define NONE LM_RULE_NONE
#define ROW(name, pass, traits, min, max, length, count, over, source, help)                       \
    {name, traits, min, max, length},
static const struct row rows[] = {LM_RULE_LIST(ROW)};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct {
    const char *name, *prefixes;
} profiles[] = {

#define PROFILE(name, prefixes) {name, prefixes},
    LM_PROFILE_LIST(PROFILE)};

static const struct {
    const char *profile, *rule;
    bool is_in;
    double min, max;
} profile_rows[] = {

#define PROFILE_ROW(profile, rule, is_in, min, max) {profile, rule, is_in, min, max},
    LM_PROFILE_ROWS(PROFILE_ROW)};

/* Does the name begin as one of the prefixes, which are separated by spaces? */
static bool has_prefix(const char *name, const char *prefixes)
{
    while (*prefixes != '\0') {
        size_t length = strcspn(prefixes, " ");
        if (strncmp(name, prefixes, length) == 0)
            return true;
        prefixes += length + (prefixes[length] == ' ');
    }
    return false;
}

/* The rule as the profile has it; false: it does not. */
static bool take_profile(struct clean_rule *out, const char *profile, const struct row *row)
{
    bool is_in = false;
    *out = (struct clean_rule){row->name, row->min, row->max, LM_UNSET_FLOAT, false};
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++)
        is_in = is_in || (strcmp(profiles[i].name, profile) == 0 &&
                          has_prefix(row->name, profiles[i].prefixes));
    for (size_t i = 0; i < sizeof profile_rows / sizeof profile_rows[0]; i++)
        if (strcmp(profile_rows[i].profile, profile) == 0 &&
            strcmp(profile_rows[i].rule, row->name) == 0) {
            is_in = profile_rows[i].is_in;
            out->min = profile_rows[i].min;
            out->max = profile_rows[i].max;
        }
    return is_in;
}

static const struct row *find_row(const char *name)
{
    const struct row *row = rows;
    while (strcmp(row->name, name) != 0)
        row++;
    return row;
}

static const char *thresholds(unsigned traits)
{
    static const char *const lists[] = {"none",   "min",         "max",         "min and max",
                                        "length", "min, length", "max, length", "min, max, length"};
    return lists[traits & (LM_RULE_BOTH | LM_RULE_LENGTH)];
}

/* Thresholds as typed: only those that the rule has, and some where nobody published any. */
static enum lm_status check_typed(const struct clean_rule *rule, size_t index, struct lm_err *err)
{
    const struct row *row = find_row(rule->rule);
    const double typed[] = {rule->min, rule->max, rule->length};
    static const char *const names[] = {"min", "max", "length"};
    bool has_any = false;
    for (size_t i = 0; i < 3; i++) {
        bool is_given = !lm_is_unset(typed[i]);
        has_any = has_any || is_given;
        if (is_given && !(row->traits & (1U << i)))
            return lm_fail_field(err, LM_INVALID, "rules.%zu.%s: %s has no %s; it has %s", index,
                                 names[i], rule->rule, names[i], thresholds(row->traits));
        if (is_given && rule->off)
            return lm_fail_field(err, LM_INVALID,
                                 "rules.%zu.%s: has no effect beside off: true; leave one out",
                                 index, names[i]);
    }
    bool needs_bound =
        (row->traits & LM_RULE_BOTH) && lm_is_unset(row->min) && lm_is_unset(row->max);
    if (!rule->off && needs_bound && !has_any)
        return lm_fail_field(err, LM_INVALID, "rules.%zu: %s has no bound; give min, max or both",
                             index, rule->rule);
    return LM_OK;
}

/* Thresholds that are left are the published ones. */
static void fill(struct clean_rule *rule, const struct row *row)
{
    rule->min = lm_is_unset(rule->min) ? row->min : rule->min;
    rule->max = lm_is_unset(rule->max) ? row->max : rule->max;
    if (row->traits & LM_RULE_LENGTH)
        rule->length = lm_is_unset(rule->length) ? row->length : rule->length;
}

/* Takes the typed row of a rule: it replaces the profile's, or removes it. */
static enum lm_status take_typed(const struct clean_params *params, const struct row *row,
                                 struct clean_rule *out, bool *is_in, struct lm_err *err)
{
    const struct clean_rule *typed = params->rules.items;
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < params->rules.count; i++) {
        if (strcmp(typed[i].rule, row->name) != 0)
            continue;
        if (found != SIZE_MAX)
            return lm_fail_field(err, LM_INVALID,
                                 "rules.%zu.rule: %s stands in rules.%zu, too; join them", i,
                                 row->name, found);
        found = i;
    }
    if (found == SIZE_MAX)
        return LM_OK;
    if (typed[found].off && !*is_in)
        return lm_fail_field(err, LM_INVALID,
                             "rules.%zu.off: %s is not in profile %s; leave the row out", found,
                             row->name, params->profile);
    *out = typed[found];
    *is_in = !out->off;
    fill(out, row);
    if (out->min > out->max)
        return lm_fail_field(err, LM_RANGE,
                             "rules.%zu.min: must not exceed max; every document would go", found);
    return LM_OK;
}

enum lm_status lm_clean_rules_resolve(struct clean_params *params, struct lm_arena *arena,
                                      struct lm_err *err)
{
    const struct clean_rule *typed = params->rules.items;
    struct clean_rule *made = LM_NEW_ARRAY(arena, struct clean_rule, ROWS);
    size_t count = 0;
    if (made == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for rules; free some");
    for (size_t i = 0; i < params->rules.count; i++)
        LM_TRY(check_typed(&typed[i], i, err));
    for (size_t i = 0; i < ROWS; i++) {
        bool is_in = take_profile(&made[count], params->profile, &rows[i]);
        fill(&made[count], &rows[i]);
        LM_TRY(take_typed(params, &rows[i], &made[count], &is_in, err));
        count += is_in;
    }
    params->rules = (struct lm_list){made, count};
    params->profile = "none";
    return LM_OK;
}
