/**
 * What may enter: each file is known for what it is before it is read. UTF-16 and UTF-32 are
 * converted, other encodings where that was asked for; what is packed, binary, or something else
 * than the way it is to be read is refused with what to do.
 */
#ifndef LM_STAGES_CLEAN_ADMIT_H
#define LM_STAGES_CLEAN_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "clean_bytes.h"
#include "text/clean_text.h"
#include "text/documents.h"
#include "text/encoding_guess.h"

#define CLEAN_LOUD 0.01     /**< a larger share of replaced bytes is noted */
#define CLEAN_TOO_MUCH 0.10 /**< a larger one is refused */

/** How files are to be read. */
struct clean_reading {
    enum lm_documents_by by;
    const char *encoding; /**< one of lm_encoding_names */
    enum lm_repair repair;
    bool needs_host;     /**< of each document's address */
    const char *scratch; /**< folder for what memory does not hold */
};

/** A file that was let in. */
struct clean_text {
    struct clean_bytes file;      /**< UTF-8 but for `bad` bytes, which the repair is for; owned */
    enum lm_documents_by by;      /**< never LM_BY_AUTO */
    const char *converted;        /**< the encoding it came in, when it was converted; else NULL */
    struct lm_utf8_census census; /**< of its bytes as they came */
    double replaced_share;        /**< bytes that become U+FFFD, of those that came */
    const char *guess;            /**< probable encoding, where a share is to be noted; else NULL */
};

/** Lets a file in or refuses it. *text: in, its `file` as opened, the rest zero; out, the file as
 * it was let in, of which `file` may be another one; untouched where it was refused. LM_FORMAT:
 * what it is, where that shows, and what to do; LM_IO, LM_NOMEM. */
enum lm_status clean_admit(struct clean_text *text, const struct clean_reading *reading,
                           struct lm_err *err);

#endif
