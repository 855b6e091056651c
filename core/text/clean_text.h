/**
 * Cleaning one document: ill-formed UTF-8, control characters, normalisation form C, white space.
 * The result is a function of the bytes and the options alone.
 */
#ifndef LM_TEXT_CLEAN_TEXT_H
#define LM_TEXT_CLEAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** What becomes of bytes that are not UTF-8. */
enum lm_repair {
    LM_REPAIR_REPLACE, /**< U+FFFD for each maximal subpart (Unicode 3.9) */
    LM_REPAIR_REJECT,  /**< the document is dropped */
    LM_REPAIR_CP1252   /**< read as Windows-1252; its five unassigned bytes become U+FFFD */
};

/** NULL-terminated names in enum order: "replace", "reject", "cp1252". */
extern const char *const lm_repair_names[];

struct lm_clean_options {
    enum lm_repair repair;
    bool nfc;                  /**< normalisation form C */
    bool strip_trailing_space; /**< spaces and tabs at the ends of lines */
    bool trim;                 /**< blank lines at the start, white space at the end */
    int64_t max_blank_lines;   /**< longest run of blank lines; < 0: any */
};

/** What was changed; sums over documents. */
struct lm_clean_counts {
    int64_t ill_formed; /**< sequences replaced by U+FFFD */
    int64_t cp1252;     /**< bytes read as Windows-1252 */
    int64_t controls;   /**< C0 and C1 characters (and DEL) dropped, other than tab and newline */
    int64_t nfc;        /**< stretches that normalisation changed */
    int64_t trailing_spaces; /**< lines that lost white space at their end */
    int64_t blank_lines;     /**< blank lines dropped */
};

/** Adds b to a. */
void lm_clean_counts_add(struct lm_clean_counts *a, const struct lm_clean_counts *b);

/** Appends the cleaned text to `out`, which must be empty; adds to *counts. *is_rejected: the text
 * is ill-formed and the policy is to reject. LM_NOMEM. */
enum lm_status lm_clean(struct lm_buf *out, const uint8_t *text, size_t size,
                        const struct lm_clean_options *options, struct lm_clean_counts *counts,
                        bool *is_rejected, struct lm_err *err);

/** The last step by itself: white space at ends of lines, blank lines, trimming; in place. */
void lm_clean_lines(struct lm_buf *text, const struct lm_clean_options *options,
                    struct lm_clean_counts *counts);

#endif
