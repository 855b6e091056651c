/**
 * Exchanges over HTTP(S), by libcurl, any number of them at once in one loop: each fetches one file
 * from one location into a partial file, going on where that ended when the server proves that the
 * bytes are still the same (RFC 9110, sections 13.1.5 and 14). Retrying, mirrors, pins and how many
 * run at once are fetch.c's business.
 */
#ifndef LM_STAGES_HTTP_H
#define LM_STAGES_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "http_part.h"
#include "http_response.h"

struct lm_http;

struct lm_http_options {
    double connect_timeout, stall_timeout; /**< seconds */
    uint64_t max_bytes;                    /**< of one body */
    uint64_t max_rate;                     /**< bytes a second of all exchanges; 0: no bound */
    const char *ca_file;                   /**< PEM, or "" for the system's */
    /** Bytes free where the partial files lie; NULL: not asked. */
    uint64_t (*room)(void *user);
    void *user;
};

struct lm_http_request {
    const char *url;
    struct lm_part *part; /**< open; nobody else touches it until the reply is there */
    const char *bearer;   /**< a token for the host of `url` alone, or NULL */
    const char *sha256;   /**< hex digits that the file must have, or "" */
    void *user;           /**< comes back with the reply */
};

/** What an exchange came to; valid after success and failure. */
struct lm_http_reply {
    void *user;
    struct lm_err err;           /**< status LM_OK: the file is whole */
    struct lm_digest digest;     /**< of the whole file; on success */
    uint64_t size;               /**< bytes of the whole file; on success */
    bool resumed;                /**< the file was put together from more than one exchange */
    bool retry;                  /**< failed in a way that may pass: try again after a while */
    bool again;                  /**< the partial file was useless and is gone: try again at once */
    bool progressed;             /**< bytes arrived and were kept: going on makes sense */
    double retry_after;          /**< seconds the server asked to wait, 0: none */
    struct lm_response response; /**< its headers */
};

/** Client with its own connections. LM_NOMEM. The options (and what they point to) must outlive it.
 */
enum lm_status lm_http_open(struct lm_http **out, const struct lm_http_options *options,
                            struct lm_err *err);
/** Ends what is under way (partial files stay) and frees all; NULL is fine. */
void lm_http_close(struct lm_http *http);

/** Begins to GET `url`. Redirects: at most 5, to https only. LM_NETWORK: the location is none;
 *  LM_NOMEM. What it points to must live until the reply. */
enum lm_status lm_http_begin(struct lm_http *http, const struct lm_http_request *request,
                             struct lm_err *err);
/** Goes on with all exchanges; sleeps for at most `seconds` when there is nothing to do. */
enum lm_status lm_http_go_on(struct lm_http *http, double seconds, struct lm_err *err);
/** The reply of an exchange that has ended; false: none has. Its err: LM_NETWORK, see the flags;
 *  LM_MISMATCH: the server itself names another SHA-256; LM_RANGE: larger than max_bytes; LM_IO,
 *  also for a disk that cannot hold it; LM_NOMEM. The text names the location as lm_url_show does.
 */
bool lm_http_take(struct lm_http *http, struct lm_http_reply *reply);
/** Exchanges under way. */
size_t lm_http_running(const struct lm_http *http);
/** Ends the exchange with this `user` without a reply; the partial file stays. */
void lm_http_stop(struct lm_http *http, const void *user);
/** Bytes that have arrived in all exchanges so far. */
uint64_t lm_http_received(const struct lm_http *http);
/** Seconds since the client was opened: for waits alone. */
double lm_http_seconds(const struct lm_http *http);

#endif
