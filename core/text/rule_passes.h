/**
 * Rules asked of one document: pass by pass, cheap ones first, what is dropped by one is not
 * measured for the next. C4's lines go in between, so that FineWeb's rules and those of repetition
 * see what is left.
 */
#ifndef LM_TEXT_RULE_PASSES_H
#define LM_TEXT_RULE_PASSES_H

#include "base/buf.h"
#include "text/c4_lines.h"
#include "text/clean_rules.h"
#include "text/repetition.h"

/** Rules in the order of lm_rule_kinds, each at most once. */
struct lm_ruleset {
    const struct lm_rule *rules; /**< borrowed */
    size_t count;
    bool has[LM_PASS_REPEATS + 1];
    bool edits_lines;
    bool measures_lines; /**< a rule needs lm_text_measure; else lm_text_count will do */
    struct lm_c4_options c4;
    double short_line;         /**< of fineweb.short_lines */
    size_t lines[LM_C4_RULES]; /**< the place of each rule of lines; SIZE_MAX: not asked */
};

/** Memory of a thread, kept from document to document. */
struct lm_rule_scratch {
    struct lm_word_list words;
    struct lm_seen seen;
    struct lm_c4_scratch c4;
};

/** What became of a document. */
struct lm_rule_outcome {
    size_t rule;     /**< the first that drops it, == count: none does */
    double value;    /**< what that one measured */
    uint64_t unfit;  /**< rules that were not asked, since they are for English: a bit each */
    bool is_changed; /**< lines went */
};

void lm_ruleset_init(struct lm_ruleset *out, const struct lm_rule *rules, size_t count);
/** Asks the rules. *text is rewritten where lines go; measure->text: in, of the text
 * (as set->measures_lines says); out, of what is left of it, where it is counted. `tallies` grow,
 * one for each of LM_C4_RULES; NULL where no rule of lines is asked. LM_NOMEM. */
enum lm_status lm_rules_ask(struct lm_rule_outcome *out, const struct lm_ruleset *set,
                            struct lm_buf *text, struct lm_rule_measure *measure,
                            struct lm_line_tally *tallies, struct lm_rule_scratch *scratch,
                            struct lm_err *err);
void lm_rule_scratch_init(struct lm_rule_scratch *scratch);
void lm_rule_scratch_release(struct lm_rule_scratch *scratch);

#endif
