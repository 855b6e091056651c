/**
 * C4's lines: each is stripped and tested in the published order; what is left is joined by LF. In
 * a text whose letters are mostly Latin a line ends a sentence by . ? ! " or ', as published; in
 * others by what ends one there (lm_is_line_end). Words of a line are counted before citations are
 * taken out of it; letters are compared without the case of ASCII.
 */
#ifndef LM_TEXT_C4_LINES_H
#define LM_TEXT_C4_LINES_H

#include "base/buf.h"
#include "text/rule_measure.h"

enum lm_c4_rule {
    LM_C4_LONG_WORDS,
    LM_C4_CITATIONS,
    LM_C4_ENDED_LINES,
    LM_C4_LINE_WORDS,
    LM_C4_JAVASCRIPT,
    LM_C4_POLICIES,
    LM_C4_RULES
};

/** Their names in LM_RULE_LIST. */
extern const char *const lm_c4_names[LM_C4_RULES];

struct lm_c4_options {
    bool on[LM_C4_RULES];
    double longest_word, fewest_words, long_line;
    bool is_english;
};

enum { LM_LINE_EXAMPLE = 160 };

/** What a rule took out of a text. */
struct lm_line_tally {
    int64_t lines; /**< dropped, or edited by c4.citations */
    int64_t bytes, chars, words;
    uint64_t key;                  /**< smallest hash of these lines */
    char example[LM_LINE_EXAMPLE]; /**< the start of the line of that hash */
    size_t example_size;
};

/** Room for one line. */
struct lm_c4_scratch {
    struct lm_buf edited, lower;
};

/** Appends what is left of a text to `out` and fills C4's counts of *measure, which are of the
 *  lines that are left. Tallies grow. `words` are the text's and become those of `out`, unless
 *  *has_words says that they do not. `scratch` is overwritten. LM_NOMEM. */
enum lm_status lm_c4_lines(struct lm_buf *out, struct lm_rule_measure *measure,
                           struct lm_line_tally tallies[LM_C4_RULES],
                           const struct lm_c4_options *options, const uint8_t *text, size_t size,
                           struct lm_word_list *words, bool *has_words,
                           struct lm_c4_scratch *scratch, struct lm_err *err);

#endif
