/**
 * A scripted HTTP/1.1 server for tests, that misbehaves as told: loopback only, a thread a
 * connection, one answer a connection. Each request takes the next step of the script of its route;
 * requests are kept for the test to read, bytes of bodies are counted. With TLS it makes itself a
 * certificate for 127.0.0.1 and localhost.
 */
#ifndef LM_TESTS_HTTP_SERVER_H
#define LM_TESTS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct http_step {
    int status; /**< 0: hang up without an answer */
    const char
        *headers;    /**< further header lines, each ending in \r\n; "%d" is the port; or NULL */
    const char *raw; /**< all of the head, as it is to be sent, instead; or NULL ("%d" as above) */
    const char *body;
    size_t size;  /**< bytes of the body (or of the whole file when `ranges`) */
    size_t cut;   /**< hang up after so many bytes of the body; 0: never */
    size_t claim; /**< Content-Length when it is to be wrong; 0: the truth */
    bool no_length;
    bool ranges;        /**< honour "Range: bytes=N-[M]": 206, Content-Range and that part */
    unsigned stall_ms;  /**< sit silent before hanging up */
    unsigned before_ms; /**< sit silent before answering */
    unsigned drip_ms;   /**< one byte of the body at a time, so far apart */
    size_t filler;      /**< bytes of header lines without a meaning */
    size_t piece;       /**< send so many bytes, then rest for a millisecond; 0: all at once */
    bool chunked;       /**< Transfer-Encoding: chunked; with `cut` there is no last chunk */
    bool endless;       /**< the body again and again, until the client hangs up */
    bool reset;         /**< end the connection by a reset */
};

/** Requests whose path begins with `path` take these steps; the longest path that fits counts. */
struct http_route {
    const char *path;
    const struct http_step *steps;
    size_t count;
    bool repeat; /**< the last step stands for all that follow; else these are answered by 500 */
};

enum http_kind { HTTP_PLAIN, HTTP_TLS, HTTP_IPV6 };

struct http_server;

/** Starts serving one script for all paths; it is borrowed. NULL when it cannot. */
struct http_server *http_server_start(const struct http_step *steps, size_t count, bool tls);
/** The same with a script a path; at most 256 routes. */
struct http_server *http_server_start_routes(const struct http_route *routes, size_t count,
                                             enum http_kind kind);
/** Ends the threads and frees all. */
void http_server_stop(struct http_server *server);
int http_server_port(const struct http_server *server);
/** Path of the certificate to trust (PEM), to be written by the caller into `path`; TLS only. */
bool http_server_write_certificate(const struct http_server *server, const char *path);
/** Requests so far. */
size_t http_server_requests(struct http_server *server);
/** Head of the i-th request, "" when there is none; valid until stop. */
const char *http_server_request(struct http_server *server, size_t i);
/** Requests of the route with this path so far, the head of its i-th, and the bytes of bodies sent.
 */
size_t http_server_route_requests(struct http_server *server, const char *path);
const char *http_server_route_request(struct http_server *server, const char *path, size_t i);
size_t http_server_route_bytes(struct http_server *server, const char *path);
/** Most connections that were open at once. */
size_t http_server_most_at_once(struct http_server *server);

#endif
