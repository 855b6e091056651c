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
#define LM_RULE_COUNT(field) offsetof(struct lm_text_measure, field)

/** All kinds: X(name, count, what it is a share of, help). */
#define LM_RULE_LIST(X)                                                                            \
    X(chars, chars, LM_RULE_PLAIN, "characters")                                                   \
    X(words, words, LM_RULE_PLAIN, "words; a character of Han, Kana, Thai … is a word")            \
    X(lines, lines, LM_RULE_PLAIN, "lines that are not blank")                                     \
    X(longest_line, longest_line, LM_RULE_PLAIN, "characters of the longest line")                 \
    X(mean_line_length, line_chars, LM_RULE_COUNT(lines), "characters a line")                     \
    X(mean_word_length, visible, LM_RULE_COUNT(words), "visible characters a word")                \
    X(alphabetic, letters, LM_RULE_COUNT(visible), "share of letters in visible characters")       \
    X(numeric, numbers, LM_RULE_COUNT(visible), "share of digits in visible characters")           \
    X(symbols, symbols, LM_RULE_COUNT(words), "hash signs and ellipses a word")                    \
    X(replaced, replaced, LM_RULE_COUNT(chars), "share of U+FFFD in characters")                   \
    X(short_lines, short_lines, LM_RULE_COUNT(lines), "share of lines of at most 30 characters")   \
    X(ended_lines, ended_lines, LM_RULE_COUNT(lines), "share of lines that end a sentence")        \
    X(bullet_lines, bullet_lines, LM_RULE_COUNT(lines), "share of lines that begin with a bullet") \
    X(ellipsis_lines, ellipsis_lines, LM_RULE_COUNT(lines),                                        \
      "share of lines that end in an ellipsis")                                                    \
    X(duplicate_lines, duplicate_lines, LM_RULE_COUNT(lines), "share of lines met before")         \
    X(duplicate_line_chars, duplicate_line_chars, LM_RULE_COUNT(line_chars),                       \
      "share of characters in lines met before")

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
