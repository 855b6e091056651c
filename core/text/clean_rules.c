#include "text/clean_rules.h"

#include <string.h>

#define PLAIN(field) offsetof(struct lm_text_measure, field), LM_RULE_PLAIN
#define SHARE(field, of)                                                                           \
    offsetof(struct lm_text_measure, field), offsetof(struct lm_text_measure, of)

const struct lm_rule_kind lm_rule_kinds[] = {
    {"chars", PLAIN(chars), "characters"},
    {"words", PLAIN(words), "words; a character of Han, Kana, Thai … is a word"},
    {"lines", PLAIN(lines), "lines that are not blank"},
    {"longest_line", PLAIN(longest_line), "characters of the longest line"},
    {"mean_line_length", SHARE(line_chars, lines), "characters a line"},
    {"mean_word_length", SHARE(visible, words), "visible characters a word"},
    {"alphabetic", SHARE(letters, visible), "share of letters in visible characters"},
    {"numeric", SHARE(numbers, visible), "share of digits in visible characters"},
    {"symbols", SHARE(symbols, words), "hash signs and ellipses a word"},
    {"replaced", SHARE(replaced, chars), "share of U+FFFD in characters"},
    {"short_lines", SHARE(short_lines, lines), "share of lines of at most 30 characters"},
    {"ended_lines", SHARE(ended_lines, lines), "share of lines that end a sentence"},
    {"bullet_lines", SHARE(bullet_lines, lines), "share of lines that begin with a bullet"},
    {"ellipsis_lines", SHARE(ellipsis_lines, lines), "share of lines that end in an ellipsis"},
    {"duplicate_lines", SHARE(duplicate_lines, lines), "share of lines met before"},
    {"duplicate_line_chars", SHARE(duplicate_line_chars, line_chars),
     "share of characters in lines met before"},
    {NULL, 0, 0, NULL},
};

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
