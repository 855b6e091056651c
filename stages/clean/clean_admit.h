/**
 * What may enter: each file is known for what it is before it is text. UTF-16 and UTF-32 are
 * converted; what is packed, binary, a container of texts, or in another encoding is refused with
 * what to do.
 */
#ifndef LM_STAGES_CLEAN_ADMIT_H
#define LM_STAGES_CLEAN_ADMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "text/clean_text.h"
#include "text/encoding_guess.h"

#define CLEAN_LOUD 0.01     /**< a larger share of replaced bytes is noted */
#define CLEAN_TOO_MUCH 0.10 /**< a larger one is refused */

/** A file that was let in. */
struct clean_text {
    uint8_t *bytes; /**< UTF-8 but for `bad` bytes, which the repair is for */
    size_t size;
    bool is_converted;            /**< from UTF-16 or UTF-32 */
    struct lm_utf8_census census; /**< of its bytes as they came */
    double replaced_share;        /**< bytes that become U+FFFD, of those that came */
    const char *guess;            /**< probable encoding, where a share is to be noted; else NULL */
};

/** Lets text in or refuses it. `bytes` must live as long as *out; what is converted lies in the
 * arena. LM_FORMAT: what it is, where that shows, and what to do; LM_NOMEM. */
enum lm_status clean_admit(struct clean_text *out, struct lm_arena *arena, uint8_t *bytes,
                           size_t size, enum lm_repair repair, struct lm_err *err);

#endif
