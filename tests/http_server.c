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

#define MAX_REQUESTS 1024
#define MAX_ROUTES 256
#define MAX_HEAD 1024

struct http_server {
    struct http_route routes[MAX_ROUTES];
    size_t route_count, used[MAX_ROUTES], bytes[MAX_ROUTES];
    int listener, port;
    pthread_t thread, peers[MAX_REQUESTS];
    size_t peer_count;
    bool started;
    atomic_bool stopping;
    pthread_mutex_t lock; /**< of what the connections share */
    size_t requests, open, most;
    char heads[MAX_REQUESTS][MAX_HEAD];
    size_t route_of[MAX_REQUESTS];
    SSL_CTX *tls;
    X509 *certificate;
};

/** A connection, plain or TLS. */
struct peer {
    struct http_server *server;
    int fd;
    SSL *ssl;
    size_t route;
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
              add_extension(x, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost") &&
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

static void asked_range(const char *head, size_t *from, size_t *to)
{
    const char *range = strcasestr(head, "\r\nRange: bytes=");
    char *end = NULL;
    if (range == NULL)
        return;
    *from = strtoul(range + strlen("\r\nRange: bytes="), &end, 10);
    if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
        size_t last = strtoul(end + 1, NULL, 10) + 1;
        *to = last < *to ? last : *to;
    }
}

/** Waits until the time is over, the server stops, or the client hangs up: then false. */
static bool stall(const struct peer *peer, unsigned ms)
{
    struct pollfd fd = {.fd = peer->fd, .events = POLLRDHUP};
    for (unsigned passed = 0; passed < ms; passed += 10)
        if (atomic_load(&peer->server->stopping) || poll(&fd, 1, 10) != 0)
            return false;
    return !atomic_load(&peer->server->stopping);
}

static bool send_counted(struct peer *peer, const void *data, size_t size)
{
    pthread_mutex_lock(&peer->server->lock);
    peer->server->bytes[peer->route] += size;
    pthread_mutex_unlock(&peer->server->lock);
    return peer_write(peer, data, size);
}

static bool send_piece(struct peer *peer, const struct http_step *step, const char *data,
                       size_t size)
{
    char head[32];
    if (!step->chunked)
        return send_counted(peer, data, size);
    int n = snprintf(head, sizeof head, "%zx\r\n", size);
    return peer_write(peer, head, (size_t)n) && send_counted(peer, data, size) &&
           peer_write(peer, "\r\n", 2);
}

static bool send_body(struct peer *peer, const struct http_step *step, const char *data,
                      size_t size)
{
    size_t piece = step->drip_ms > 0 ? 1 : step->piece;
    for (size_t at = 0; at < size;) {
        size_t n = piece > 0 && piece < size - at ? piece : size - at;
        if (!send_piece(peer, step, data + at, n))
            return false;
        at += n;
        if (step->drip_ms > 0 && !stall(peer, step->drip_ms))
            return false;
        if (step->piece > 0)
            usleep(1000);
    }
    return true;
}

/** Text with the port in the place of %d. */
static void put_port(char *out, size_t room, const char *text, int port)
{
    const char *mark = strstr(text, "%d");
    if (mark == NULL)
        snprintf(out, room, "%s", text);
    else
        snprintf(out, room, "%.*s%d%s", (int)(mark - text), text, port, mark + 2);
}

static bool send_head(struct peer *peer, const struct http_step *step, size_t from, size_t to)
{
    char head[2048], extra[1024] = "";
    int port = peer->server->port, status = from > 0 || to < step->size ? 206 : step->status;
    if (step->raw != NULL) {
        put_port(head, sizeof head, step->raw, port);
        return peer_write(peer, head, strlen(head));
    }
    if (step->headers != NULL)
        put_port(extra, sizeof extra, step->headers, port);
    size_t used = strlen(extra);
    if (status == 206 && step->ranges)
        snprintf(extra + used, sizeof extra - used, "Content-Range: bytes %zu-%zu/%zu\r\n", from,
                 to - 1, step->size);
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d Scripted\r\nConnection: close\r\n%s", status,
                     extra);
    bool ok = peer_write(peer, head, (size_t)n);
    for (size_t sent = 0; ok && sent < step->filler; sent += 64)
        ok = peer_write(peer, "X-Filler: 0123456789012345678901234567890123456789012345678901\r\n",
                        64);
    if (step->chunked)
        n = snprintf(head, sizeof head, "Transfer-Encoding: chunked\r\n\r\n");
    else if (step->no_length)
        n = snprintf(head, sizeof head, "\r\n");
    else
        n = snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n",
                     step->claim != 0 ? step->claim : to - from);
    return ok && peer_write(peer, head, (size_t)n);
}

static void answer(struct peer *peer, const struct http_step *step, const char *request)
{
    size_t from = 0, to = step->size;
    if (step->ranges)
        asked_range(request, &from, &to);
    from = from > to ? to : from;
    size_t size = to - from;
    bool whole = step->cut == 0 || step->cut >= size;
    if (step->before_ms > 0 && !stall(peer, step->before_ms))
        return;
    bool ok = send_head(peer, step, from, to);
    do
        ok = ok && (step->body == NULL ||
                    send_body(peer, step, step->body + from, whole ? size : step->cut));
    while (ok && step->endless && !atomic_load(&peer->server->stopping));
    if (ok && step->chunked && whole)
        peer_write(peer, "0\r\n\r\n", 5);
    stall(peer, step->stall_ms);
}

/** The longest path that the request's begins with. */
static size_t find_route(const struct http_server *server, const char *head)
{
    size_t best = SIZE_MAX, length = 0;
    const char *path = strchr(head, ' ');
    for (size_t i = 0; path != NULL && i < server->route_count; i++) {
        size_t n = strlen(server->routes[i].path);
        if (strncmp(path + 1, server->routes[i].path, n) == 0 && (best == SIZE_MAX || n > length)) {
            best = i;
            length = n;
        }
    }
    return best;
}

static const struct http_step *take_step(struct http_server *server, struct peer *peer,
                                         const char *head)
{
    static const struct http_step beyond = {.status = 500};
    const struct http_step *step = &beyond;
    pthread_mutex_lock(&server->lock);
    size_t i = server->requests, r = find_route(server, head);
    if (i < MAX_REQUESTS) {
        snprintf(server->heads[i], MAX_HEAD, "%s", head);
        server->route_of[i] = r;
        server->requests++;
    }
    if (r != SIZE_MAX) {
        const struct http_route *route = &server->routes[r];
        size_t at = server->used[r]++;
        peer->route = r;
        if (at < route->count)
            step = &route->steps[at];
        else if (route->repeat && route->count > 0)
            step = &route->steps[route->count - 1];
    }
    pthread_mutex_unlock(&server->lock);
    return step;
}

static void end_by_reset(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void serve(struct peer *peer)
{
    char head[MAX_HEAD] = "";
    if (!peer_read_head(peer, head))
        return;
    const struct http_step *step = take_step(peer->server, peer, head);
    if (step->status != 0)
        answer(peer, step, head);
    if (step->reset)
        end_by_reset(peer->fd);
}

static void count_open(struct http_server *server, int change)
{
    pthread_mutex_lock(&server->lock);
    server->open = change > 0 ? server->open + 1 : server->open - 1;
    if (server->open > server->most)
        server->most = server->open;
    pthread_mutex_unlock(&server->lock);
}

static void *serve_connection(void *user)
{
    struct peer *peer = user;
    struct http_server *server = peer->server;
    bool ok = true;
    sigset_t pipe_signal; /* a client that hangs up must not end the test */
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    count_open(server, 1);
    if (server->tls != NULL) {
        peer->ssl = SSL_new(server->tls);
        ok =
            peer->ssl != NULL && SSL_set_fd(peer->ssl, peer->fd) == 1 && SSL_accept(peer->ssl) == 1;
    }
    if (ok)
        serve(peer);
    if (ok && peer->ssl != NULL)
        SSL_shutdown(peer->ssl);
    SSL_free(peer->ssl);
    count_open(server, -1);
    shutdown(peer->fd, SHUT_WR);
    close(peer->fd);
    free(peer);
    return NULL;
}

static void *run(void *user)
{
    struct http_server *server = user;
    while (!atomic_load(&server->stopping)) {
        struct pollfd poll_fd = {.fd = server->listener, .events = POLLIN};
        if (poll(&poll_fd, 1, 20) != 1)
            continue;
        int fd = accept(server->listener, NULL, NULL);
        struct peer *peer = fd >= 0 ? calloc(1, sizeof *peer) : NULL;
        if (peer != NULL)
            *peer = (struct peer){.server = server, .fd = fd};
        if (peer == NULL || server->peer_count == MAX_REQUESTS ||
            pthread_create(&server->peers[server->peer_count], NULL, serve_connection, peer) != 0) {
            free(peer);
            if (fd >= 0)
                close(fd);
            continue;
        }
        server->peer_count++;
    }
    return NULL;
}

/* ---- life ---- */

static bool listen_on_loopback(struct http_server *server, bool v6)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr *address = v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t length = v6 ? sizeof six : sizeof four;
    server->listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || bind(server->listener, address, length) != 0 ||
        listen(server->listener, 128) != 0 || getsockname(server->listener, address, &length) != 0)
        return false;
    server->port = ntohs(v6 ? six.sin6_port : four.sin_port);
    return true;
}

struct http_server *http_server_start_routes(const struct http_route *routes, size_t count,
                                             enum http_kind kind)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL || count > MAX_ROUTES)
        abort();
    memcpy(server->routes, routes, count * sizeof *routes);
    server->route_count = count;
    server->listener = -1;
    pthread_mutex_init(&server->lock, NULL);
    atomic_init(&server->stopping, false);
    if ((kind != HTTP_TLS || tls_start(server)) && listen_on_loopback(server, kind == HTTP_IPV6))
        server->started = pthread_create(&server->thread, NULL, run, server) == 0;
    if (server->started)
        return server;
    http_server_stop(server);
    return NULL;
}

struct http_server *http_server_start(const struct http_step *steps, size_t count, bool tls)
{
    const struct http_route all = {"/", steps, count, false};
    return http_server_start_routes(&all, 1, tls ? HTTP_TLS : HTTP_PLAIN);
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->stopping, true);
    if (server->started)
        pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->peer_count; i++)
        pthread_join(server->peers[i], NULL);
    if (server->listener >= 0)
        close(server->listener);
    SSL_CTX_free(server->tls);
    X509_free(server->certificate);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

/* ---- what was seen ---- */

int http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_requests(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t requests = server->requests;
    pthread_mutex_unlock(&server->lock);
    return requests;
}

const char *http_server_request(struct http_server *server, size_t i)
{
    return i < http_server_requests(server) ? server->heads[i] : "";
}

static size_t route_at(const struct http_server *server, const char *path)
{
    for (size_t i = 0; i < server->route_count; i++)
        if (strcmp(server->routes[i].path, path) == 0)
            return i;
    abort();
}

size_t http_server_route_requests(struct http_server *server, const char *path)
{
    pthread_mutex_lock(&server->lock);
    size_t used = server->used[route_at(server, path)];
    pthread_mutex_unlock(&server->lock);
    return used;
}

const char *http_server_route_request(struct http_server *server, const char *path, size_t i)
{
    const char *head = "";
    pthread_mutex_lock(&server->lock);
    size_t route = route_at(server, path);
    for (size_t r = 0; r < server->requests; r++)
        if (server->route_of[r] == route && i-- == 0)
            head = server->heads[r];
    pthread_mutex_unlock(&server->lock);
    return head;
}

size_t http_server_route_bytes(struct http_server *server, const char *path)
{
    pthread_mutex_lock(&server->lock);
    size_t bytes = server->bytes[route_at(server, path)];
    pthread_mutex_unlock(&server->lock);
    return bytes;
}

size_t http_server_most_at_once(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t most = server->most;
    pthread_mutex_unlock(&server->lock);
    return most;
}
