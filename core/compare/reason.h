/**
 * Why a gate was decided as it was, as data: a kind and its parts. Who decides makes one; a
 * language is a table of phrases by kind, and English stands here.
 */
#ifndef LM_COMPARE_REASON_H
#define LM_COMPARE_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/arena.h>

#include "base/json.h"
#include "page/phrase.h"

enum lm_reason_kind {
    LM_REASON_NONE,
    LM_REASON_BELOW, /**< a value and its bounds */
    LM_REASON_ABOVE,
    LM_REASON_AT_MOST,
    LM_REASON_AT_LEAST,
    LM_REASON_BETWEEN,
    LM_REASON_NOT_SELECTED, /**< a stage */
    LM_REASON_FAILED,
    LM_REASON_NO_RESULT,
    LM_REASON_NOT_FINITE,
    LM_REASON_NO_METRIC,
    LM_REASON_WORSE, /**< by, unit, from, to, confidence, count, item, a word, margin */
    LM_REASON_BETTER,
    LM_REASON_SAME,    /**< the item's noun */
    LM_REASON_FEW,     /**< how many an interval needs */
    LM_REASON_NO_SIZE, /**< the item's noun */
    LM_REASON_NO_ITEMS,
    LM_REASON_NO_SIDE,
    LM_REASON_NO_BASELINE,
    LM_REASON_UNREAD_BASELINE, /**< what is wrong with its file, in English */
    LM_REASON_NO_STAGE,
    LM_REASON_NOT_PAIRED, /**< the item's noun; and why not, as another kind */
    LM_REASON_NO_ITEMS_OF,
    LM_REASON_OTHER_ITEMS, /**< noun, id, run, run */
    LM_REASON_OTHER_TOKENS,
    LM_REASON_OTHER_BYTES,
    LM_REASON_NOT_A_NUMBER,
    LM_REASON_OF_ALL_TOKENS, /**< why a metric is no mean over items: the item's noun */
    LM_REASON_F1,
    LM_REASON_BLEU,
    LM_REASON_CHRF,
    LM_REASON_CORRELATION,
    LM_REASON_BY_WORDS,
    LM_REASON_OVER_GROUPS,
    LM_REASON_BY_PLACE,
    LM_REASON_NOT_IN_ITEMS,
    LM_REASON_UNKNOWN,
    LM_REASON_KINDS
};

/** Parts are texts: numbers as they are printed, names as they are spelt, nouns in English. */
struct lm_reason {
    enum lm_reason_kind kind;
    enum lm_reason_kind because; /**< fills the place {9} of its phrase; NONE: nothing does */
    const char *parts[LM_PHRASE_PLACES];
};

/** The English phrases by kind. */
extern const char *const lm_reason_phrases[LM_REASON_KINDS];
/** Is this part of a reason a word of ours ("document", "within"), which a language has its own
 * for?
 */
bool lm_reason_is_word(enum lm_reason_kind kind, size_t part);
/** The reason filled into the phrases of a language; NULL: out of memory. */
const char *lm_reason_say(struct lm_arena *arena, const struct lm_reason *reason,
                          const char *const phrases[LM_REASON_KINDS]);
/** The same in English. */
const char *lm_reason_text(struct lm_arena *arena, const struct lm_reason *reason);

/** As a JSON object: kind, parts. */
void lm_reason_put(struct lm_json_writer *writer, const struct lm_reason *reason);
/** Reads it, texts into the arena; false: it is none, or memory is out. */
bool lm_reason_read(struct lm_reason *out, struct lm_arena *arena, const struct lm_json *object);

#endif
