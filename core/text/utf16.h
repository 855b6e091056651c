/** UTF-16 and UTF-32, told by their marks or by where their NULs stand, and turned into UTF-8. */
#ifndef LM_TEXT_UTF16_H
#define LM_TEXT_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** Takes away what a conversion has appended so far, so that not all of it need be in memory. */
struct lm_drain {
    enum lm_status (*take)(void *user, struct lm_buf *buf, struct lm_err *err);
    void *user;
};

/** An encoding by units of 2 or 4 bytes. */
struct lm_utf {
    size_t unit;   /**< bytes: 2 or 4; 0: none of these */
    bool is_big;   /**< most significant byte first */
    size_t marked; /**< bytes of the mark at the start; 0: told by its NULs */
};

/** The encoding of a file. Without a mark only where it is certain: the size is a whole number of
 *  units, it decodes without a fault or a control character other than white space, and most of its
 *  first units (at most 4096) are ASCII. */
struct lm_utf lm_utf_detect(const uint8_t *data, size_t size);
/** "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE". */
const char *lm_utf_name(const struct lm_utf *utf);
/** Appends the text as UTF-8, without the mark; *bad grows by the bytes that are no character
 *  (unpaired surrogates, values above U+10FFFF, an incomplete last unit), each sequence of which
 *  becomes U+FFFD. LM_NOMEM. */
enum lm_status lm_utf_decode(struct lm_buf *out, const struct lm_utf *utf, const uint8_t *data,
                             size_t size, size_t *bad, struct lm_err *err);
/** The same; `drain`, if not NULL, is asked every so often, and after the last character. What it
 *  returns. */
enum lm_status lm_utf_decode_parts(struct lm_buf *out, const struct lm_utf *utf,
                                   const uint8_t *data, size_t size, size_t *bad,
                                   const struct lm_drain *drain, struct lm_err *err);

#endif
