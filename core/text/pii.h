/** What identifies people in a text, replaced by fixed tokens, so that neither order nor threads
 * nor what else is in the corpus decides what stands there. */
#ifndef LM_TEXT_PII_H
#define LM_TEXT_PII_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/**
 * X(code, name, token): addresses of mail (RFC 5321's usual form: a local part of letters, digits
 * and
 * ._%+-, a domain with a last label of letters); of the network (IPv4 in dotted decimal, each
 * number at most 255 and none before or behind; IPv6 of RFC 4291 with at least three groups, one of
 * which has a digit); phone numbers (+, a country's code and 7 to 14 further digits in groups; the
 * North American 3-3-4 with separators), not behind ISBN, ISSN, DOI or #.
 */
#define LM_PII_LIST(X)                                                                             \
    X(LM_PII_EMAIL, "email", "[EMAIL]")                                                            \
    X(LM_PII_IP, "ip", "[IP]")                                                                     \
    X(LM_PII_PHONE, "phone", "[PHONE]")

enum lm_pii_kind {

#define LM_PII_ENUM(code, name, token) code,
    LM_PII_LIST(LM_PII_ENUM)
#undef LM_PII_ENUM
        LM_PII_KINDS
};

/** NULL-terminated names in enum order. */
extern const char *const lm_pii_names[];

/** Replaces what is of one of `kinds` (a bit each, 1 << kind), in place; adds to counts[kind].
 * LM_NOMEM. */
enum lm_status lm_pii_mask(struct lm_buf *text, unsigned kinds, int64_t counts[LM_PII_KINDS],
                           struct lm_err *err);

#endif
