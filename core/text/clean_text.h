/**
 * Cleaning one document: invalid UTF-8, control characters, normalisation form C, white space (by
 * Unicode's property White_Space). Control characters that separate words (VT, FF, CR, NEL and the
 * information separators FS, GS, RS, US) become a newline, US a space, so that no two words become
 * one; where white space or the text's end is beside them already, nothing. The result is a
 * function of the bytes and the options alone.
 */
#ifndef LM_TEXT_CLEAN_TEXT_H
#define LM_TEXT_CLEAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** What becomes of bytes that are not UTF-8, X(code, name): U+FFFD for each maximal subpart
 * (Unicode 3.9); the document is dropped; read as Windows-1252, whose five unassigned bytes become
 * U+FFFD. */
#define LM_REPAIR_LIST(X)                                                                          \
    X(LM_REPAIR_REPLACE, "replace")                                                                \
    X(LM_REPAIR_REJECT, "reject")                                                                  \
    X(LM_REPAIR_CP1252, "cp1252")

enum lm_repair {

#define LM_REPAIR_ENUM(code, name) code,
    LM_REPAIR_LIST(LM_REPAIR_ENUM)
#undef LM_REPAIR_ENUM
};

/** NULL-terminated names in enum order. */
extern const char *const lm_repair_names[];

struct lm_clean_options {
    enum lm_repair repair;
    bool nfc;                  /**< normalisation form C */
    bool strip_trailing_space; /**< white space at the ends of lines */
    bool trim;                 /**< blank lines at the start, white space at the end */
    int64_t max_blank_lines;   /**< longest run of blank lines; < 0: any */
};

/** What can be changed, X(field, name in the data card): sequences that are not UTF-8, replaced by
 *  U+FFFD; bytes read as Windows-1252; controls (C0, C1, DEL) that separate words, made a newline
 * or a space; other ones dropped; stretches that normalisation changed; lines that lost white space
 * at their end; blank lines dropped. */
#define LM_CLEAN_COUNTS(X)                                                                         \
    X(invalid_utf8, "invalid_utf8_sequences")                                                      \
    X(cp1252, "windows_1252_bytes")                                                                \
    X(separators, "control_separators")                                                            \
    X(controls, "control_characters")                                                              \
    X(nfc, "normalised_stretches")                                                                 \
    X(trailing_spaces, "trailing_spaces")                                                          \
    X(blank_lines, "blank_lines")

/** What was changed; sums over documents. */
struct lm_clean_counts {

#define LM_CLEAN_COUNT(field, name) int64_t field;
    LM_CLEAN_COUNTS(LM_CLEAN_COUNT)
#undef LM_CLEAN_COUNT
};

/** Adds b to a. */
void lm_clean_counts_add(struct lm_clean_counts *a, const struct lm_clean_counts *b);

/** Appends the cleaned text to `out`, which must be empty; adds to *counts. *is_rejected: the text
 * is not UTF-8 and the policy is to reject. LM_NOMEM. */
enum lm_status lm_clean(struct lm_buf *out, const uint8_t *text, size_t size,
                        const struct lm_clean_options *options, struct lm_clean_counts *counts,
                        bool *is_rejected, struct lm_err *err);

/** The last step by itself: white space at ends of lines, blank lines, trimming; in place. */
void lm_clean_lines(struct lm_buf *text, const struct lm_clean_options *options,
                    struct lm_clean_counts *counts);

#endif
