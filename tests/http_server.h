/**
 * A scripted HTTP/1.1 server for tests: loopback only, one thread, one answer a connection. Each
 * request takes the next step of the script; requests are kept for the test to read. With TLS
 * it makes itself a certificate for 127.0.0.1.
 */
#ifndef LM_TESTS_HTTP_SERVER_H
#define LM_TESTS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct http_step {
    int status; /**< 0: hang up without an answer */
    const char
        *headers; /**< further header lines, each ending in \r\n; "%d" is the port; or NULL */
    const char *body;
    size_t size;  /**< bytes of the body (or of the whole file when `ranges`) */
    size_t cut;   /**< hang up after so many bytes of the body; 0: never */
    size_t claim; /**< Content-Length when it is to be wrong; 0: the truth */
    bool no_length;
    bool ranges;       /**< honour "Range: bytes=N-": 206, Content-Range and the rest of the body */
    unsigned stall_ms; /**< sit silent before hanging up */
};

struct http_server;

/** Starts serving; the script is borrowed. NULL when it cannot. */
struct http_server *http_server_start(const struct http_step *steps, size_t count, bool tls);
/** Ends the thread and frees all. */
void http_server_stop(struct http_server *server);
int http_server_port(const struct http_server *server);
/** Path of the certificate to trust (PEM), to be written by the caller into `path`; TLS only. */
bool http_server_write_certificate(const struct http_server *server, const char *path);
/** Requests so far. */
size_t http_server_requests(const struct http_server *server);
/** Head of the i-th request, "" when there is none; valid until stop. */
const char *http_server_request(const struct http_server *server, size_t i);

#endif
