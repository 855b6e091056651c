/**
 * One exchange over HTTP(S), by libcurl: fetches into a partial file, going on where it ended when
 * the server proves that the bytes are still the same (RFC 9110, sections 13.1.5 and 14).
 * Retrying, mirrors and pins are fetch.c's business.
 *
 * Beside the partial file PART lies PART.json: {"url": SHA-256 of the location, "etag",
 * "last_modified", "total"}, the validators of the response PART comes from. Without it, for
 * another location, or without a strong validator, the fetch starts anew.
 */
#ifndef LM_STAGES_HTTP_H
#define LM_STAGES_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

struct lm_http;

struct lm_http_options {
    double connect_timeout, stall_timeout; /**< seconds */
    uint64_t max_bytes;                    /**< of one body */
    const char *ca_file;                   /**< PEM, or "" for the system's */
    /** Called a few times a second; total 0: unknown. False ends the exchange: LM_CANCELLED. */
    bool (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
};

/** What an exchange came to; valid after success and failure. */
struct lm_http_reply {
    struct lm_digest digest; /**< of the whole file; on success */
    uint64_t size;           /**< bytes of the whole file; on success */
    bool resumed;            /**< the file was put together from more than one exchange */
    bool encoded;            /**< the server applied a Content-Encoding that nobody asked for */
    bool retry;              /**< failed in a way that may pass: try again after a while */
    bool again;              /**< the partial file was useless and is gone: try again at once */
    bool progressed;         /**< bytes arrived and were kept: going on makes sense */
    double retry_after;      /**< seconds the server asked to wait, 0: none */
};

/** Client with its own connections. LM_NOMEM. The options (and what they point to) must outlive it.
 */
enum lm_status lm_http_open(struct lm_http **out, const struct lm_http_options *options,
                            struct lm_err *err);
void lm_http_close(struct lm_http *http); /**< NULL is fine */

/** GETs `url` into the file `part`. Redirects: at most 5, to https only. LM_NETWORK: see the
 *  reply's flags; LM_RANGE: larger than max_bytes; LM_IO; LM_NOMEM; LM_CANCELLED (the partial
 *  file stays). The text names the location as lm_url_show does. */
enum lm_status lm_http_get(struct lm_http_reply *reply, struct lm_http *http, const char *url,
                           const char *part, struct lm_err *err);

#endif
