/**
 * What published rules count in a cleaned text. A word here is as in word_list.h; lines end at LF.
 * The fields are int64_t each, so that rules can name them by their offsets.
 */
#ifndef LM_TEXT_RULE_MEASURE_H
#define LM_TEXT_RULE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "text/text_measure.h"
#include "text/word_list.h"

struct lm_rule_measure {
    struct lm_text_measure text;
    int64_t none;  /**< 0: what rules of lines look at */
    int64_t plain; /**< stands for "no share" */
    /* Gopher's quality. */
    int64_t all_words, plain_words; /**< those with a letter, a mark or a digit */
    int64_t plain_word_chars;
    int64_t alphabetic_words; /**< with a letter */
    int64_t stop_words;       /**< how many of the eight there are, as they are written */
    int64_t hash_signs, ellipses;
    int64_t all_lines;              /**< blank ones as well */
    int64_t bullets, ellipsis_ends; /**< lines that begin with • or -, end in ... or …, white space
                                       apart */
    /* C4, of the lines that are left. */
    int64_t lorem_lines, brace_lines, sentences;
    int64_t long_lines; /**< of at least mc4.paragraphs' length */
    /* FineWeb; full lines are not blank. */
    int64_t full_lines, ended, shorts;
    int64_t repeated_chars, flat_chars; /**< of full lines met before; all but LF */
    int64_t newlines;
    /* Gopher's repetition. */
    int64_t paragraphs, known_paragraphs, known_paragraph_chars; /**< between runs of two LF */
    int64_t split_lines, known_lines, known_line_chars;          /**< between runs of LF */
    int64_t top_2, top_3, top_4; /**< characters of the most frequent, joined by spaces, times its
                                    count; of equally frequent ones the first */
    int64_t duplicate_5, duplicate_6, duplicate_7, duplicate_8, duplicate_9, duplicate_10;
};

/** Fills Gopher's quality. `words` are the text's. */
void lm_measure_words(struct lm_rule_measure *out, const struct lm_word_list *words,
                      const uint8_t *text, size_t size);

/** Does a character end a sentence (Sentence_Terminal of Unicode 15)? */
bool lm_is_sentence_end(uint32_t code_point);
/** That, or a quotation mark or an ellipsis that may stand behind: what ends a line of prose in any
 *  script. */
bool lm_is_line_end(uint32_t code_point);
/** Sentences in a line: it ends one, and so does a run of sentence ends, with the quotes and
 *  brackets behind, before white space and no lower-case letter, or before a letter of a script
 *  written without spaces. A blank line has none. */
int64_t lm_count_sentences(const uint8_t *line, size_t size);

#endif
