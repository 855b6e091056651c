#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUESTS 64
#define MAX_HEAD 4096

struct http_server {
    const struct http_step *steps;
    size_t count;
    int listener, port;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    atomic_size_t requests;
    char heads[MAX_REQUESTS][MAX_HEAD];
    SSL_CTX *tls;
    X509 *certificate;
};

/** A connection, plain or TLS. */
struct peer {
    int fd;
    SSL *ssl;
};

/* ---- a certificate of our own ---- */

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool ok = extension != NULL && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

static X509 *certificate_make(EVP_PKEY *key)
{
    X509 *x = X509_new();
    if (x == NULL)
        return NULL;
    X509_NAME *name = X509_get_subject_name(x);
    bool ok = X509_set_version(x, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(x), 24L * 3600) != NULL &&
              X509_set_pubkey(x, key) == 1 &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                         (const unsigned char *)"lmpipe test", -1, -1, 0) == 1 &&
              X509_set_issuer_name(x, name) == 1 &&
              add_extension(x, NID_basic_constraints, "critical,CA:TRUE") &&
              add_extension(x, NID_subject_alt_name, "IP:127.0.0.1") &&
              X509_sign(x, key, EVP_sha256()) > 0;
    if (ok)
        return x;
    X509_free(x);
    return NULL;
}

static bool tls_start(struct http_server *server)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key == NULL)
        return false;
    server->certificate = certificate_make(key);
    server->tls = SSL_CTX_new(TLS_server_method());
    bool ok = server->certificate != NULL && server->tls != NULL &&
              SSL_CTX_use_certificate(server->tls, server->certificate) == 1 &&
              SSL_CTX_use_PrivateKey(server->tls, key) == 1;
    EVP_PKEY_free(key);
    return ok;
}

bool http_server_write_certificate(const struct http_server *server, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    bool ok = PEM_write_X509(file, server->certificate) == 1;
    return fclose(file) == 0 && ok;
}

/* ---- one connection ---- */

static bool peer_write(struct peer *peer, const void *data, size_t size)
{
    const char *p = data;
    while (size > 0) {
        ssize_t n = peer->ssl != NULL ? SSL_write(peer->ssl, p, (int)size)
                                      : send(peer->fd, p, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

/** Reads up to the empty line. */
static bool peer_read_head(struct peer *peer, char head[MAX_HEAD])
{
    size_t n = 0;
    while (n < MAX_HEAD - 1) {
        ssize_t got =
            peer->ssl != NULL ? SSL_read(peer->ssl, head + n, 1) : recv(peer->fd, head + n, 1, 0);
        if (got <= 0)
            return false;
        head[++n] = '\0';
        if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static size_t asked_offset(const char *head)
{
    const char *range = strcasestr(head, "\r\nRange: bytes=");
    return range != NULL ? strtoul(range + strlen("\r\nRange: bytes="), NULL, 10) : 0;
}

/** Waits until the time is over, the server stops, or the client hangs up. */
static void stall(struct http_server *server, const struct peer *peer, unsigned ms)
{
    struct pollfd fd = {.fd = peer->fd, .events = POLLRDHUP};
    for (unsigned passed = 0; passed < ms && !atomic_load(&server->stopping); passed += 10)
        if (poll(&fd, 1, 10) != 0)
            return;
}

static void answer(struct http_server *server, struct peer *peer, const struct http_step *step,
                   const char *request)
{
    char head[2048], extra[1024] = "";
    int status = step->status;
    size_t from = step->ranges ? asked_offset(request) : 0;
    if (from > step->size)
        from = step->size;
    size_t size = step->size - from;
    int n = 0;
    if (step->headers != NULL) {
        const char *mark = strstr(step->headers, "%d");
        if (mark == NULL)
            snprintf(extra, sizeof extra, "%s", step->headers);
        else
            snprintf(extra, sizeof extra, "%.*s%d%s", (int)(mark - step->headers), step->headers,
                     server->port, mark + 2);
    }
    if (from > 0) {
        status = 206;
        size_t used = strlen(extra);
        snprintf(extra + used, sizeof extra - used, "Content-Range: bytes %zu-%zu/%zu\r\n", from,
                 step->size - 1, step->size);
    }
    n = snprintf(head, sizeof head, "HTTP/1.1 %d Scripted\r\nConnection: close\r\n%s", status,
                 extra);
    if (!step->no_length)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %zu\r\n",
                      step->claim != 0 ? step->claim : size);
    n += snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    if (step->cut != 0 && step->cut < size)
        size = step->cut;
    if (peer_write(peer, head, (size_t)n) && size > 0)
        peer_write(peer, step->body + from, size);
    stall(server, peer, step->stall_ms);
}

static void serve(struct http_server *server, struct peer *peer)
{
    char head[MAX_HEAD] = "";
    if (!peer_read_head(peer, head))
        return;
    size_t i = atomic_load(&server->requests);
    if (i >= MAX_REQUESTS)
        return;
    memcpy(server->heads[i], head, sizeof head);
    atomic_store(&server->requests, i + 1);
    static const struct http_step beyond = {.status = 500};
    const struct http_step *step = i < server->count ? &server->steps[i] : &beyond;
    if (step->status != 0)
        answer(server, peer, step, head);
}

static void serve_connection(struct http_server *server, int fd)
{
    struct peer peer = {.fd = fd};
    bool ok = true;
    if (server->tls != NULL) {
        peer.ssl = SSL_new(server->tls);
        ok = peer.ssl != NULL && SSL_set_fd(peer.ssl, fd) == 1 && SSL_accept(peer.ssl) == 1;
    }
    if (ok)
        serve(server, &peer);
    if (ok && peer.ssl != NULL)
        SSL_shutdown(peer.ssl);
    SSL_free(peer.ssl);
    shutdown(fd, SHUT_WR);
    close(fd);
}

static void *run(void *user)
{
    struct http_server *server = user;
    sigset_t pipe_signal; /* a client that hangs up must not end the test */
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    while (!atomic_load(&server->stopping)) {
        struct pollfd poll_fd = {.fd = server->listener, .events = POLLIN};
        if (poll(&poll_fd, 1, 20) != 1)
            continue;
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0)
            serve_connection(server, fd);
    }
    return NULL;
}

/* ---- life ---- */

static bool listen_on_loopback(struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 8) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0)
        return false;
    server->port = ntohs(address.sin_port);
    return true;
}

struct http_server *http_server_start(const struct http_step *steps, size_t count, bool tls)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->steps = steps;
    server->count = count;
    server->listener = -1;
    atomic_init(&server->stopping, false);
    atomic_init(&server->requests, 0);
    if ((!tls || tls_start(server)) && listen_on_loopback(server))
        server->started = pthread_create(&server->thread, NULL, run, server) == 0;
    if (server->started)
        return server;
    http_server_stop(server);
    return NULL;
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->stopping, true);
    if (server->started)
        pthread_join(server->thread, NULL);
    if (server->listener >= 0)
        close(server->listener);
    SSL_CTX_free(server->tls);
    X509_free(server->certificate);
    free(server);
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_requests(const struct http_server *server)
{
    return atomic_load(&server->requests);
}

const char *http_server_request(const struct http_server *server, size_t i)
{
    return i < atomic_load(&server->requests) ? server->heads[i] : "";
}
