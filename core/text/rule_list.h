/**
 * Every rule that cleaning knows, and the profiles made of them: tables that both the parameters of
 * `clean` and the work are made of. A row's thresholds are the published ones; a row is never
 * changed once released: other thresholds are another version of a profile.
 */
#ifndef LM_TEXT_RULE_LIST_H
#define LM_TEXT_RULE_LIST_H

#include <math.h>

/** When a rule is asked, in this order; cheap ones first. */
enum lm_rule_pass {
    LM_PASS_TEXT,   /**< counts that the card needs, too */
    LM_PASS_WORDS,  /**< Gopher's quality */
    LM_PASS_LINES,  /**< C4: lines go, then documents */
    LM_PASS_SHAPE,  /**< FineWeb: of what is left */
    LM_PASS_REPEATS /**< Gopher's repetition: of survivors */
};

enum lm_rule_trait {
    LM_RULE_MIN = 1, /**< takes min */
    LM_RULE_MAX = 2, /**< takes max */
    LM_RULE_LENGTH = 4,
    LM_RULE_LINE = 8,    /**< drops or edits lines, not documents */
    LM_RULE_ENGLISH = 16 /**< means nothing where most letters are not Latin: not asked there */
};

#define LM_RULE_NONE ((double)NAN)
#define LM_RULE_BOTH (LM_RULE_MIN | LM_RULE_MAX)

/* Fields of struct lm_rule_measure: its counts, and what they are shares of (plain: no share). */
#define LM_RULES_OF_TEXT(X)                                                                        \
    X("chars", TEXT, BOTH, NONE, NONE, 0, text.chars, plain, NULL, "characters")                   \
    X("words", TEXT, BOTH, NONE, NONE, 0, text.words, plain, NULL,                                 \
      "words; a character of Han, Kana, Thai … is a word")                                         \
    X("lines", TEXT, BOTH, NONE, NONE, 0, text.lines, plain, NULL, "lines that are not blank")     \
    X("longest_line", TEXT, BOTH, NONE, NONE, 0, text.longest_line, plain, NULL,                   \
      "characters of the longest line")                                                            \
    X("mean_line_length", TEXT, BOTH, NONE, NONE, 0, text.line_chars, text.lines, NULL,            \
      "characters a line")                                                                         \
    X("mean_word_length", TEXT, BOTH, NONE, NONE, 0, text.visible, text.words, NULL,               \
      "visible characters a word")                                                                 \
    X("alphabetic", TEXT, BOTH, NONE, NONE, 0, text.letters, text.visible, NULL,                   \
      "share of letters in visible characters")                                                    \
    X("numeric", TEXT, BOTH, NONE, NONE, 0, text.numbers, text.visible, NULL,                      \
      "share of digits in visible characters")                                                     \
    X("symbols", TEXT, BOTH, NONE, NONE, 0, text.symbols, text.words, NULL,                        \
      "hash signs and ellipses a word")                                                            \
    X("replaced", TEXT, BOTH, NONE, NONE, 0, text.replaced, text.chars, NULL,                      \
      "share of U+FFFD in characters")                                                             \
    X("short_lines", TEXT, BOTH, NONE, NONE, 0, text.short_lines, text.lines, NULL,                \
      "share of lines of at most 30 characters")                                                   \
    X("ended_lines", TEXT, BOTH, NONE, NONE, 0, text.ended_lines, text.lines, NULL,                \
      "share of lines that end a sentence")                                                        \
    X("bullet_lines", TEXT, BOTH, NONE, NONE, 0, text.bullet_lines, text.lines, NULL,              \
      "share of lines that begin with a bullet")                                                   \
    X("ellipsis_lines", TEXT, BOTH, NONE, NONE, 0, text.ellipsis_lines, text.lines, NULL,          \
      "share of lines that end in an ellipsis")                                                    \
    X("duplicate_lines", TEXT, BOTH, NONE, NONE, 0, text.duplicate_lines, text.lines, NULL,        \
      "share of lines met before")                                                                 \
    X("duplicate_line_chars", TEXT, BOTH, NONE, NONE, 0, text.duplicate_line_chars,                \
      text.line_chars, NULL, "share of characters in lines met before")                            \
    X("cc_net.chars", TEXT, MIN, 300, NONE, 0, text.chars, plain, "cc_net, arXiv 1911.00359",      \
      "characters")

#define LM_GOPHER "Gopher, arXiv 2112.11446, appendix A.1"
#define LM_RULES_OF_WORDS(X)                                                                       \
    X("gopher.words", WORDS, BOTH, 50, 100000, 0, plain_words, plain, LM_GOPHER,                   \
      "words not made of punctuation alone")                                                       \
    X("gopher.mean_word_length", WORDS, BOTH | LM_RULE_ENGLISH, 3, 10, 0, plain_word_chars,        \
      plain_words, LM_GOPHER, "characters a word, of words not made of punctuation alone")         \
    X("gopher.hash_signs", WORDS, MAX, NONE, 0.1, 0, hash_signs, all_words, LM_GOPHER,             \
      "hash signs a word")                                                                         \
    X("gopher.ellipses", WORDS, MAX, NONE, 0.1, 0, ellipses, all_words, LM_GOPHER,                 \
      "ellipses a word")                                                                           \
    X("gopher.bullet_lines", WORDS, MAX, NONE, 0.9, 0, bullets, all_lines, LM_GOPHER,              \
      "share of lines that begin with • or -")                                                     \
    X("gopher.ellipsis_lines", WORDS, MAX, NONE, 0.3, 0, ellipsis_ends, all_lines, LM_GOPHER,      \
      "share of lines that end in an ellipsis")                                                    \
    X("gopher.alphabetic_words", WORDS, MIN, 0.8, NONE, 0, alphabetic_words, all_words, LM_GOPHER, \
      "share of words with a letter")                                                              \
    X("gopher.stop_words", WORDS, MIN | LM_RULE_ENGLISH, 2, NONE, 0, stop_words, plain, LM_GOPHER, \
      "how many of: the be to of and that have with")

#define LM_C4 "C4, arXiv 1910.10683, section 2.2"
#define LM_RULES_OF_LINES(X)                                                                       \
    X("c4.long_words", LINES, MAX | LM_RULE_LINE, NONE, 1000, 0, none, plain, LM_C4,               \
      "drops lines with a word of more characters")                                                \
    X("c4.citations", LINES, LINE, NONE, NONE, 0, none, plain, LM_C4,                              \
      "takes [1], [edit] and [citation needed] out of lines")                                      \
    X("c4.ended_lines", LINES, LINE, NONE, NONE, 0, none, plain, LM_C4,                            \
      "drops lines that do not end a sentence")                                                    \
    X("c4.line_words", LINES, MIN | LM_RULE_LINE, 3, NONE, 0, none, plain, LM_C4,                  \
      "drops lines of fewer words")                                                                \
    X("c4.lorem_ipsum", LINES, MAX, NONE, 0, 0, lorem_lines, plain, LM_C4,                         \
      "lines with lorem ipsum")                                                                    \
    X("c4.javascript", LINES, LINE, NONE, NONE, 0, none, plain, LM_C4,                             \
      "drops lines with javascript")                                                               \
    X("c4.braces", LINES, MAX, NONE, 0, 0, brace_lines, plain, LM_C4, "lines with {")              \
    X("c4.policies", LINES, LINE, NONE, NONE, 0, none, plain, LM_C4,                               \
      "drops lines about terms of use, privacy and cookies")                                       \
    X("c4.sentences", LINES, MIN, 5, NONE, 0, sentences, plain, LM_C4,                             \
      "sentences, of what is left")                                                                \
    X("mc4.paragraphs", LINES, MIN | LM_RULE_LENGTH, 3, NONE, 200, long_lines, plain,              \
      "mC4, arXiv 2010.11934, section 3.1", "lines of at least length characters")

#define LM_FINEWEB "FineWeb, arXiv 2406.17557, section 3.6"
#define LM_RULES_OF_SHAPE(X)                                                                       \
    X("fineweb.ended_lines", SHAPE, MIN, 0.12, NONE, 0, ended, full_lines, LM_FINEWEB,             \
      "share of lines that end in terminal punctuation")                                           \
    X("fineweb.short_lines", SHAPE, MAX | LM_RULE_LENGTH, NONE, 0.67, 30, shorts, full_lines,      \
      LM_FINEWEB, "share of lines of at most length characters")                                   \
    X("fineweb.duplicate_line_chars", SHAPE, MAX, NONE, 0.01, 0, repeated_chars, flat_chars,       \
      LM_FINEWEB, "share of characters in lines met before")                                       \
    X("fineweb.newlines", SHAPE, MAX, NONE, 0.3, 0, newlines, all_words, LM_FINEWEB,               \
      "newlines a word")

#define LM_REPEATS "Gopher, arXiv 2112.11446, table A1"
#define LM_RULE_GRAM(X, kind, n, max)                                                              \
    X("gopher." #kind "_" #n "_grams", REPEATS, MAX, NONE, max, 0, kind##_##n, text.chars,         \
      LM_REPEATS, "share of characters in " #kind " n-grams")
#define LM_RULES_OF_REPEATS(X)                                                                     \
    X("gopher.duplicate_paragraphs", REPEATS, MAX, NONE, 0.3, 0, known_paragraphs, paragraphs,     \
      LM_REPEATS, "share of paragraphs met before")                                                \
    X("gopher.duplicate_paragraph_chars", REPEATS, MAX, NONE, 0.2, 0, known_paragraph_chars,       \
      text.chars, LM_REPEATS, "share of characters in paragraphs met before")                      \
    X("gopher.duplicate_lines", REPEATS, MAX, NONE, 0.3, 0, known_lines, split_lines, LM_REPEATS,  \
      "share of lines met before")                                                                 \
    X("gopher.duplicate_line_chars", REPEATS, MAX, NONE, 0.2, 0, known_line_chars, text.chars,     \
      LM_REPEATS, "share of characters in lines met before")                                       \
    LM_RULE_GRAM(X, top, 2, 0.20)                                                                  \
    LM_RULE_GRAM(X, top, 3, 0.18)                                                                  \
    LM_RULE_GRAM(X, top, 4, 0.16)                                                                  \
    LM_RULE_GRAM(X, duplicate, 5, 0.15)                                                            \
    LM_RULE_GRAM(X, duplicate, 6, 0.14)                                                            \
    LM_RULE_GRAM(X, duplicate, 7, 0.13)                                                            \
    LM_RULE_GRAM(X, duplicate, 8, 0.12)                                                            \
    LM_RULE_GRAM(X, duplicate, 9, 0.11)                                                            \
    LM_RULE_GRAM(X, duplicate, 10, 0.10)

/** X(name, pass, traits, min, max, length, count, what it is a share of, source, help). */
#define LM_RULE_LIST(X)                                                                            \
    LM_RULES_OF_TEXT(X)                                                                            \
    LM_RULES_OF_WORDS(X) LM_RULES_OF_LINES(X) LM_RULES_OF_SHAPE(X) LM_RULES_OF_REPEATS(X)

enum { LM_RULES_MAX = 64 }; /**< more than there are: sets of rules are bits of a word */

/** X(profile, prefix of rules' names): a profile is all rules whose names begin so, at their
 *  thresholds, but for those of LM_PROFILE_ROWS. */
#define LM_PROFILE_LIST(X)                                                                         \
    X("c4@1", "c4.")                                                                               \
    X("gopher@1", "gopher.")                                                                       \
    X("fineweb@1", "gopher. c4. fineweb.")                                                         \
    X("cc_net@1", "cc_net.")                                                                       \
    X("minimal@1", "")

/** X(profile, rule, is_in, min, max): rows beside the prefixes. */
#define LM_PROFILE_ROWS(X)                                                                         \
    X("fineweb@1", "c4.ended_lines", false, LM_RULE_NONE, LM_RULE_NONE)                            \
    X("minimal@1", "words", true, 10, LM_RULE_NONE)                                                \
    X("minimal@1", "alphabetic", true, 0.4, LM_RULE_NONE)                                          \
    X("minimal@1", "replaced", true, LM_RULE_NONE, 0.01)

#endif
