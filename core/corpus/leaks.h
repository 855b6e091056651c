/**
 * What of evaluation items stands in a corpus, and how it is cut out (Brown et al. 2020, appendix
 * C): n-grams of words in lower case without punctuation, 13 of them by default; in a script
 * written without spaces each letter is a word. An item of fewer words, but 8 at least, is looked
 * for as a whole; one of 3 to 7 where it is a whole line, or stands between tabs. An n-gram that
 * more than LM_LEAK_DOCUMENTS documents have is a phrase, not a leak. Words and n-grams are 64-bit
 * hashes.
 */
#ifndef LM_CORPUS_LEAKS_H
#define LM_CORPUS_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

enum {
    LM_LEAK_WORDS = 64,     /**< of an n-gram, at most */
    LM_LEAK_LEAST = 8,      /**< words of an item that is looked for inside documents */
    LM_LEAK_LINE = 3,       /**< of one that is looked for as a line */
    LM_LEAK_DOCUMENTS = 10, /**< that an n-gram is in, at most */
    LM_LEAK_PIECES = 10     /**< that a document is cut into, at most */
};

/** A word of a text: bytes [at, end) of it. */
struct lm_leak_word {
    uint64_t hash;
    size_t at, end;
    bool begins; /**< a line, or what follows a tab */
};

/** Memory is kept from text to text; zero-initialise. */
struct lm_leak_words {
    struct lm_leak_word *items;
    size_t count, capacity;
};

struct lm_leak_gram {
    uint64_t hash; /**< 0: free */
    uint32_t documents, last;
    uint32_t task;
    bool is_cut;
};

struct lm_leaks {
    size_t ngram, least; /**< words; least ≤ ngram */
    struct lm_leak_gram *grams;
    uint64_t *filter; /**< bits by hash, 8 a place: most words of a corpus end here */
    size_t count, capacity;
    uint8_t lengths[LM_LEAK_WORDS + 1]; /**< which there are */
};

/** A stretch of a text, in bytes. */
struct lm_leak_span {
    size_t at, end;
    uint32_t task; /**< of what is cut: whose n-gram is the first in it */
    uint64_t hash; /**< of that n-gram, and where it is */
    size_t gram_at, gram_end;
};

/** What is left of a text and what goes; zero-initialise. */
struct lm_leak_cut {
    struct lm_leak_span *cuts;
    size_t cut_count, cut_capacity;
    struct lm_leak_span *pieces; /**< none: all of it goes */
    size_t piece_count, piece_capacity;
};

/** ngram in [1, LM_LEAK_WORDS]. */
void lm_leaks_init(struct lm_leaks *out, size_t ngram);
void lm_leaks_release(struct lm_leaks *leaks);
/** The words of a text, which is UTF-8. LM_NOMEM. */
enum lm_status lm_leak_words_find(struct lm_leak_words *out, const uint8_t *text, size_t size,
                                  struct lm_err *err);
void lm_leak_words_release(struct lm_leak_words *words);
/** Takes an item of a task, the tasks one after the other. LM_NOMEM. */
enum lm_status lm_leaks_add(struct lm_leaks *leaks, uint32_t task, const struct lm_leak_words *item,
                            struct lm_err *err);
/** Has a document one of the n-grams? Many threads may ask. */
bool lm_leaks_has(const struct lm_leaks *leaks, const struct lm_leak_words *document);
/** Counts the n-grams of document `index`; documents come by rising index, < UINT32_MAX. */
void lm_leaks_count(struct lm_leaks *leaks, const struct lm_leak_words *document, size_t index);
/** Cuts n-grams that few documents have out of a counted document, with `window` characters on each
 *  side; pieces of fewer characters go as well, and all when there would be more than
 *  LM_LEAK_PIECES. No cut: nothing is to be done. LM_NOMEM. */
enum lm_status lm_leaks_cut(struct lm_leaks *leaks, struct lm_leak_cut *out,
                            const struct lm_leak_words *document, const uint8_t *text, size_t size,
                            size_t window, struct lm_err *err);
void lm_leak_cut_release(struct lm_leak_cut *cut);
/** Was an n-gram of this item cut out of a document? */
bool lm_leaks_is_cut(const struct lm_leaks *leaks, const struct lm_leak_words *item);
/** N-grams of a task that stay because too many documents have them. */
int64_t lm_leaks_phrases(const struct lm_leaks *leaks, uint32_t task);

#endif
