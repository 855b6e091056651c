/** What the headers of a response say (RFC 9110), and what to do with its body. Pure functions: the
 *  lines are a server's, and no word of them is trusted. */
#ifndef LM_STAGES_HTTP_RESPONSE_H
#define LM_STAGES_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>

#include "http_part.h"

#define LM_HTTP_COMMIT 41 /**< hex digits of a git commit and a NUL */

/** Headers of the response that is being read. */
struct lm_response {
    char etag[LM_HTTP_HEADER], last_modified[LM_HTTP_HEADER];
    bool ranged;           /**< a Content-Range was there and well-formed */
    uint64_t first, total; /**< of Content-Range; LM_HTTP_UNKNOWN when not told */
    uint64_t length;       /**< Content-Length or LM_HTTP_UNKNOWN */
    bool contradicts;      /**< two lengths that differ */
    bool takes_ranges;     /**< Accept-Ranges: bytes */
    char coding[16];       /**< Content-Encoding, cut; "" for none and identity */
    uint64_t header_bytes; /**< of all responses of the exchange */
    /* What a redirect may say for the file that it leads to, kept across redirects: the SHA-256 and
     * the revision that the Hugging Face hub names; else "". */
    char linked[LM_DIGEST_HEX], commit[LM_HTTP_COMMIT];
};

enum lm_body {
    LM_BODY_NONE,        /**< it has not begun */
    LM_BODY_CONTINUES,   /**< it goes behind the partial file */
    LM_BODY_BEGINS,      /**< it is the file from its start */
    LM_BODY_EXPLAINS,    /**< it explains an error status */
    LM_BODY_MISFITS,     /**< it is another part than was asked for */
    LM_BODY_CONTRADICTS, /**< two lengths were told */
    LM_BODY_TOO_LARGE
};

/** Before the first line. */
void lm_response_init(struct lm_response *response);
/** Takes one line, with or without its end; a status line starts a response anew. */
void lm_response_line(struct lm_response *response, const char *data, size_t size);
/** What the response says of the whole file. */
void lm_response_validators(const struct lm_response *response, struct lm_validators *out);
/** What the body is, for a partial file of `have` bytes with the validators `before` that was asked
 *  to go on (`have` 0: the whole file was). `code`: the status. */
enum lm_body lm_response_body(const struct lm_response *response, long code, uint64_t have,
                              const struct lm_validators *before, uint64_t max_bytes);

#endif
