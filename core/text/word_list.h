/**
 * The words of a text as rules count them. A word is a run of characters between white space; in a
 * script written without spaces (Han, Kana, Thai …) each letter, with the marks on it, is a word,
 * and punctuation that touches it is none.
 */
#ifndef LM_TEXT_WORD_LIST_H
#define LM_TEXT_WORD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_word {
    size_t at, size; /**< bytes */
    uint32_t chars;
    uint8_t
        flags; /**< of all its characters: enum lm_unicode_flag; LETTER, NUMBER, MARK for sure */
    bool is_alone; /**< a letter of a script written without spaces */
    uint64_t hash; /**< lm_word_list_find and lm_words_take alone set it */
};

/** A text being read; set text and size, the rest zero. */
struct lm_word_scan {
    const uint8_t *text;
    size_t size, at;
    bool touches; /**< nothing but punctuation since a letter that is alone */
};

/** The next word; false after the last. */
bool lm_word_next(struct lm_word_scan *scan, struct lm_word *word);

/** Words with their hashes; memory is kept from text to text; zero-initialise. */
struct lm_word_list {
    struct lm_word *items;
    size_t count, capacity;
};

/** Finds the words of a text. LM_NOMEM. */
enum lm_status lm_word_list_find(struct lm_word_list *out, const uint8_t *text, size_t size,
                                 struct lm_err *err);
/** The first words of a text with their hashes, at most `most` of them; how many there are. */
size_t lm_words_take(struct lm_word *out, size_t most, const uint8_t *text, size_t size);
void lm_word_list_release(struct lm_word_list *words);

/** Is it made of punctuation and symbols alone? */
bool lm_word_is_plain(const struct lm_word *word);

#endif
