/**
 * The suffix array of a text: where its suffixes begin, in the order of their bytes; a suffix comes
 * before those that it begins. By induced sorting (SA-IS: Nong, Zhang & Chan, Two efficient
 * algorithms for linear time suffix array construction, 2011): time grows with the text alone,
 * whatever repeats in it.
 */
#ifndef LM_CORPUS_SUFFIX_ARRAY_H
#define LM_CORPUS_SUFFIX_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

/** Bytes of a text, at most. */
#define LM_SUFFIXES_MOST ((size_t)INT32_MAX)

/** Who may stop it. */
struct lm_suffix_watch {
    bool (*is_cancelled)(void *user); /**< NULL: nobody; asked several times a second */
    void *user;
};

/** Fills `out`, of `size` numbers. size ≤ LM_SUFFIXES_MOST. A few kilobytes are used beside it; for
 *  texts unlike any language up to twice the text. LM_RANGE: it is longer; LM_CANCELLED; LM_NOMEM.
 */
enum lm_status lm_suffix_array(int32_t *out, const uint8_t *text, size_t size,
                               const struct lm_suffix_watch *watch, struct lm_err *err);

#endif
