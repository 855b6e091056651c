/**
 * Repetition inside a text, as Gopher and FineWeb measure it: lines and paragraphs met before, the
 * most frequent n-grams of words, and n-grams met before, found by one greedy scan. n-grams are
 * told apart by 64-bit hashes.
 */
#ifndef LM_TEXT_REPETITION_H
#define LM_TEXT_REPETITION_H

#include "text/rule_measure.h"
#include "text/seen.h"

/** Fills FineWeb's counts; a short line has at most `shorts` characters. LM_NOMEM. */
enum lm_status lm_measure_shape(struct lm_rule_measure *out, struct lm_seen *seen,
                                const uint8_t *text, size_t size, double shorts,
                                struct lm_err *err);

/** Fills the counts of paragraphs and lines met before. LM_NOMEM. */
enum lm_status lm_measure_repeats(struct lm_rule_measure *out, struct lm_seen *seen,
                                  const uint8_t *text, size_t size, struct lm_err *err);

/** Characters of the most frequent n-gram, its words joined by a space (by nothing where one is a
 *  letter of a script written without spaces), times its count; of equally frequent ones the one
 *  that comes first. 0 for fewer than n words. LM_NOMEM. */
enum lm_status lm_top_gram(int64_t *out, struct lm_seen *seen, const struct lm_word_list *words,
                           size_t n, struct lm_err *err);
/** Characters, without spaces, of n-grams that were met before: from the first word on; behind one
 *  that was met before the scan goes on behind its last word, else at its second. LM_NOMEM. */
enum lm_status lm_duplicate_grams(int64_t *out, struct lm_seen *seen,
                                  const struct lm_word_list *words, size_t n, struct lm_err *err);

#endif
