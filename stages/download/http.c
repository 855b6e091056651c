#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/url.h"

#define MAX_REDIRECTS 5
#define LOW_SPEED 1024 /**< bytes per second */
#define ERROR_BODY_MAX 65536
#define HEADER_MAX 300
#define BLOCK 65536
#define SIDECAR_MAX 65536
#define UNKNOWN UINT64_MAX

struct lm_http {
    CURL *easy;
    const struct lm_http_options *options;
};

/** Headers of the response that is being read; a redirect starts them anew. */
struct response {
    char etag[HEADER_MAX], last_modified[HEADER_MAX];
    bool ranged;           /**< a Content-Range was there and well-formed */
    uint64_t first, total; /**< of Content-Range; UNKNOWN when not told */
    uint64_t length;       /**< Content-Length or UNKNOWN */
    bool encoded;
};

enum verdict {
    V_NONE,    /**< the body has not begun */
    V_KEEP,    /**< the body goes into the file */
    V_ERROR,   /**< the body explains an error status; dropped */
    V_USELESS, /**< the answer does not fit the partial file */
    V_TOO_LARGE,
    V_LOCAL /**< a local failure; its error is in exchange.err */
};

struct exchange {
    struct lm_http *http;
    struct lm_http_reply *reply;
    struct lm_arena *arena;
    const char *url, *shown, *part, *sidecar;
    struct lm_sha256 *hash;
    struct response response;
    struct response before; /**< validators of the partial file */
    int fd;
    uint64_t offset; /**< bytes asked to be skipped */
    uint64_t size;   /**< bytes in the file */
    uint64_t received, dropped;
    enum verdict verdict;
    bool cancelled;
    struct lm_err err;
};

/* ---- the partial file and its validators ---- */

static void response_clear(struct response *r)
{
    *r = (struct response){.first = UNKNOWN, .total = UNKNOWN, .length = UNKNOWN};
}

static bool is_strong(const char *etag)
{
    size_t n = strlen(etag);
    return n >= 2 && etag[0] == '"' && etag[n - 1] == '"';
}

/** The validator to resume by: a strong entity tag, else the date, else NULL. */
static const char *validator(const struct response *r)
{
    if (is_strong(r->etag))
        return r->etag;
    return r->last_modified[0] != '\0' ? r->last_modified : NULL;
}

static void url_digest(char out[LM_DIGEST_HEX], const char *url)
{
    struct lm_digest digest;
    lm_sha256_bytes(&digest, url, strlen(url));
    lm_digest_hex(out, &digest);
}

static bool copy_header(char out[HEADER_MAX], const char *text, size_t size)
{
    if (text == NULL || size >= HEADER_MAX)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/** Validators from the sidecar; false when there are none for this location. */
static bool sidecar_load(struct exchange *x)
{
    char *text, hex[LM_DIGEST_HEX];
    size_t size;
    struct lm_json *root = NULL;
    if (lm_file_read(&text, &size, x->arena, x->sidecar, SIDECAR_MAX, NULL) != LM_OK ||
        lm_json_parse(&root, text, size, NULL) != LM_OK)
        return false;
    size_t etag_size = 0, date_size = 0;
    const char *url = lm_json_string(lm_json_get(root, "url"), NULL);
    const char *etag = lm_json_string(lm_json_get(root, "etag"), &etag_size);
    const char *date = lm_json_string(lm_json_get(root, "last_modified"), &date_size);
    int64_t total = lm_json_int(lm_json_get(root, "total"), -1);
    url_digest(hex, x->url);
    bool ok = url != NULL && strcmp(url, hex) == 0 &&
              copy_header(x->before.etag, etag, etag_size) &&
              copy_header(x->before.last_modified, date, date_size);
    x->before.total = total >= 0 ? (uint64_t)total : UNKNOWN;
    lm_json_free(root);
    return ok && validator(&x->before) != NULL;
}

static enum lm_status sidecar_save(struct exchange *x, struct lm_err *err)
{
    char hex[LM_DIGEST_HEX];
    struct lm_buf buf;
    struct lm_json_writer json;
    const struct response *r = &x->response;
    url_digest(hex, x->url);
    lm_buf_init(&buf, SIDECAR_MAX);
    lm_json_begin(&json, &buf, false);
    lm_json_open(&json, '{');
    lm_json_member_string(&json, "url", hex);
    lm_json_key(&json, "etag");
    lm_json_put_bytes(&json, r->etag, strlen(r->etag));
    lm_json_key(&json, "last_modified");
    lm_json_put_bytes(&json, r->last_modified, strlen(r->last_modified));
    lm_json_member_int(&json, "total", r->length == UNKNOWN ? -1 : (int64_t)r->length);
    lm_json_close(&json, '}');
    enum lm_status status = lm_buf_status(&buf, err);
    if (status == LM_OK)
        status = lm_file_write_atomic(x->sidecar, buf.data, buf.size, err);
    lm_buf_release(&buf);
    return status;
}

static enum lm_status part_clear(struct exchange *x, struct lm_err *err)
{
    struct lm_digest ignored;
    lm_sha256_final(x->hash, &ignored);
    x->size = 0;
    if (ftruncate(x->fd, 0) != 0 || lseek(x->fd, 0, SEEK_SET) != 0)
        return lm_fail_errno(err, errno, "cannot empty %s", x->part);
    if (unlink(x->sidecar) != 0 && errno != ENOENT)
        return lm_fail_errno(err, errno, "cannot remove %s", x->sidecar);
    return LM_OK;
}

static enum lm_status fail_too_large(const struct exchange *x, struct lm_err *err)
{
    return lm_fail(err, LM_RANGE, "%s: is larger than %llu bytes; raise max_bytes if this is meant",
                   x->shown, (unsigned long long)x->http->options->max_bytes);
}

/** Hashes what is there already; the descriptor then stands at the end. */
static enum lm_status part_hash(struct exchange *x, struct lm_err *err)
{
    char block[BLOCK];
    const struct lm_http_options *options = x->http->options;
    for (;;) {
        if (options->progress != NULL && !options->progress(options->user, x->size, 0))
            return lm_fail(err, LM_CANCELLED, "%s: interrupted", x->shown);
        ssize_t n = read(x->fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lm_fail_errno(err, errno, "cannot read %s", x->part);
        if (n == 0)
            return LM_OK;
        lm_sha256_update(x->hash, block, (size_t)n);
        x->size += (uint64_t)n;
    }
}

static enum lm_status part_open(struct exchange *x, struct lm_err *err)
{
    x->fd = open(x->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (x->fd < 0)
        return lm_fail_errno(err, errno, "cannot create %s", x->part);
    if (!sidecar_load(x)) { /* of no use; truncated when a better one begins to arrive */
        response_clear(&x->before);
        return LM_OK;
    }
    LM_TRY(part_hash(x, err));
    x->offset = x->size;
    return x->size > x->http->options->max_bytes ? fail_too_large(x, err) : LM_OK;
}

/* ---- reading the response ---- */

/** "bytes FIRST-LAST/TOTAL" or "bytes * /TOTAL" (no space), TOTAL may be "*". */
static void parse_content_range(struct response *r, const char *text)
{
    char *end;
    if (strncasecmp(text, "bytes ", 6) != 0)
        return;
    text += 6;
    if (*text != '*') {
        if (*text < '0' || *text > '9')
            return;
        r->first = strtoull(text, &end, 10);
        if (*end != '-')
            return;
    }
    const char *slash = strchr(text, '/');
    if (slash == NULL)
        return;
    if (slash[1] >= '0' && slash[1] <= '9')
        r->total = strtoull(slash + 1, NULL, 10);
    r->ranged = true;
}

static void take_header(struct response *r, const char *name, const char *value)
{
    if (strcasecmp(name, "ETag") == 0)
        copy_header(r->etag, value, strlen(value));
    else if (strcasecmp(name, "Last-Modified") == 0)
        copy_header(r->last_modified, value, strlen(value));
    else if (strcasecmp(name, "Content-Range") == 0)
        parse_content_range(r, value);
    else if (strcasecmp(name, "Content-Length") == 0 && *value >= '0' && *value <= '9')
        r->length = strtoull(value, NULL, 10);
    else if (strcasecmp(name, "Content-Encoding") == 0)
        r->encoded = strcasecmp(value, "identity") != 0;
}

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
    struct exchange *x = user;
    char line[1024];
    (void)one;
    if (size >= 5 && memcmp(data, "HTTP/", 5) == 0)
        response_clear(&x->response);
    if (size >= sizeof line)
        return size; /* none that matters here is this long */
    memcpy(line, data, size);
    line[size] = '\0';
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return size;
    *colon = '\0';
    char *value = colon + 1;
    value += strspn(value, " \t");
    size_t n = strlen(value);
    while (n > 0 && strchr("\r\n \t", value[n - 1]) != NULL)
        value[--n] = '\0';
    take_header(&x->response, line, value);
    return size;
}

static long status_code(const struct exchange *x)
{
    long code = 0;
    curl_easy_getinfo(x->http->easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

/** A validator told twice must not have changed. */
static bool agrees(const char *before, const char *now)
{
    return before[0] == '\0' || now[0] == '\0' || strcmp(before, now) == 0;
}

/** True when a 206 (or a 200 with a range) continues the partial file. */
static bool continues(const struct exchange *x)
{
    const struct response *r = &x->response;
    const struct response *b = &x->before;
    return r->ranged && r->first == x->offset &&
           (b->total == UNKNOWN || r->total == UNKNOWN || r->total == b->total) &&
           agrees(b->etag, r->etag) && agrees(b->last_modified, r->last_modified);
}

/** Decides where the body goes, when it begins. */
static enum verdict decide(struct exchange *x)
{
    long code = status_code(x);
    const struct response *r = &x->response;
    if (code != 200 && code != 206)
        return V_ERROR;
    if (x->offset > 0 && r->ranged)
        return continues(x) ? V_KEEP : V_USELESS;
    if (code == 206 || r->ranged)
        return V_USELESS; /* part of a file that nobody asked for */
    if (r->length != UNKNOWN && r->length > x->http->options->max_bytes)
        return V_TOO_LARGE;
    if (part_clear(x, &x->err) != LM_OK || sidecar_save(x, &x->err) != LM_OK)
        return V_LOCAL;
    x->offset = 0;
    return V_KEEP;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    struct exchange *x = user;
    (void)one;
    if (x->verdict == V_NONE)
        x->verdict = decide(x);
    if (x->verdict == V_ERROR) {
        x->dropped += size;
        return x->dropped > ERROR_BODY_MAX ? 0 : size;
    }
    if (x->verdict != V_KEEP)
        return 0;
    if (size > x->http->options->max_bytes - x->size) {
        x->verdict = V_TOO_LARGE;
        return 0;
    }
    if (lm_write_all(x->fd, data, size, x->part, &x->err) != LM_OK) {
        x->verdict = V_LOCAL;
        return 0;
    }
    lm_sha256_update(x->hash, data, size);
    x->size += size;
    x->received += size;
    return size;
}

static int on_progress(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total,
                       curl_off_t up)
{
    struct exchange *x = user;
    (void)up_total;
    (void)up;
    (void)done;
    const struct lm_http_options *options = x->http->options;
    uint64_t whole = total > 0 ? (uint64_t)total + x->offset : 0;
    x->cancelled = options->progress != NULL && !options->progress(options->user, x->size, whole);
    return x->cancelled;
}

/* ---- the exchange ---- */

static enum lm_status setup(struct exchange *x, struct curl_slist **headers, struct lm_err *err)
{
    CURL *easy = x->http->easy;
    const struct lm_http_options *o = x->http->options;
    const char *scheme = strncmp(x->url, "http://", 7) == 0 ? "http" : "https";
    unsigned bad = 0;
    curl_easy_reset(easy);
    bad |= curl_easy_setopt(easy, CURLOPT_URL, x->url);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme);
    bad |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "lmpipe/" LM_VERSION);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout * 1000));
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(o->stall_timeout + 0.5));
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    bad |= curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
    if (o->ca_file != NULL && o->ca_file[0] != '\0')
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);

    /* Bytes are pinned as the file has them, so no coding may be applied on the way. */
    const char *lines[3] = {"Accept-Encoding: identity", NULL, NULL};
    if (x->offset > 0) {
        lines[1] = lm_arena_printf(x->arena, "Range: bytes=%llu-", (unsigned long long)x->offset);
        lines[2] = lm_arena_printf(x->arena, "If-Range: %s", validator(&x->before));
        bad |= lines[1] == NULL || lines[2] == NULL ? 1U : 0U;
    }
    for (size_t i = 0; i < 3 && lines[i] != NULL; i++) {
        struct curl_slist *longer = curl_slist_append(*headers, lines[i]);
        bad |= longer == NULL ? 1U : 0U;
        *headers = longer != NULL ? longer : *headers;
    }
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *headers);
    return bad ? lm_fail(err, LM_NETWORK, "%s: libcurl refuses the location or its settings",
                         x->shown)
               : LM_OK;
}

/** Failures of the way to the server that may pass; anything else is final. */
static const CURLcode passing[] = {
    CURLE_COULDNT_RESOLVE_HOST,
    CURLE_COULDNT_RESOLVE_PROXY,
    CURLE_COULDNT_CONNECT,
    CURLE_OPERATION_TIMEDOUT,
    CURLE_PARTIAL_FILE,
    CURLE_GOT_NOTHING,
    CURLE_SEND_ERROR,
    CURLE_RECV_ERROR,
    CURLE_HTTP2,
    CURLE_HTTP2_STREAM,
};

static const long passing_codes[] = {408, 429, 500, 502, 503, 504};

static bool code_passes(long code)
{
    for (size_t i = 0; i < sizeof passing_codes / sizeof passing_codes[0]; i++)
        if (passing_codes[i] == code)
            return true;
    return false;
}

static enum lm_status judge_transport(struct exchange *x, CURLcode result, struct lm_err *err)
{
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        x->reply->retry = x->reply->retry || passing[i] == result;
    x->reply->progressed = x->received > 0;
    const char *then = "";
    if (result == CURLE_UNSUPPORTED_PROTOCOL)
        then = " (redirects are followed to https only)";
    else if (result == CURLE_PEER_FAILED_VERIFICATION)
        then = " (a private authority can be trusted by ca_file)";
    return lm_fail(err, LM_NETWORK, "%s: %s%s", x->shown, curl_easy_strerror(result), then);
}

/** The partial file is of no use to this server: away with it, and once more from the start. */
static enum lm_status start_over(struct exchange *x, const char *why, struct lm_err *err)
{
    x->reply->again = x->offset > 0;
    LM_TRY(part_clear(x, err));
    return lm_fail(err, LM_NETWORK, "%s: %s", x->shown, why);
}

static enum lm_status complete(struct exchange *x)
{
    x->reply->size = x->size;
    x->reply->resumed = x->offset > 0;
    x->reply->encoded = x->response.encoded;
    lm_sha256_final(x->hash, &x->reply->digest);
    return LM_OK;
}

static enum lm_status judge_status(struct exchange *x, struct lm_err *err)
{
    long code = status_code(x);
    curl_off_t wait = 0;
    if (code == 416 && x->offset > 0 && x->response.total == x->offset)
        return complete(x); /* all of it was there already */
    if (code == 416 || code == 304 || code == 412)
        return start_over(x, "the server refuses to go on with the partial file", err);
    curl_easy_getinfo(x->http->easy, CURLINFO_RETRY_AFTER, &wait);
    x->reply->retry = code_passes(code);
    x->reply->retry_after = (double)wait;
    return lm_fail(err, LM_NETWORK, "%s: HTTP status %ld", x->shown, code);
}

static enum lm_status judge_body(struct exchange *x, struct lm_err *err)
{
    uint64_t total = x->offset > 0 ? x->response.total : x->response.length;
    if (x->offset > 0 && total == UNKNOWN)
        total = x->before.total;
    if (total != UNKNOWN && x->size > total)
        return start_over(x, "the server sent more bytes than it announced", err);
    if (total != UNKNOWN && x->size < total) {
        x->reply->retry = true;
        x->reply->progressed = x->received > 0;
        return lm_fail(err, LM_NETWORK, "%s: the transfer was cut at %llu of %llu bytes", x->shown,
                       (unsigned long long)x->size, (unsigned long long)total);
    }
    return complete(x);
}

static enum lm_status judge(struct exchange *x, CURLcode result, struct lm_err *err)
{
    if (x->cancelled)
        return lm_fail(err, LM_CANCELLED, "%s: interrupted", x->shown);
    if (result == CURLE_OK && x->verdict == V_NONE)
        x->verdict = decide(x); /* a response without a body */
    switch (x->verdict) {
    case V_LOCAL:
        if (err != NULL)
            *err = x->err;
        return x->err.status;
    case V_TOO_LARGE:
        return fail_too_large(x, err);
    case V_USELESS:
        return start_over(x, "the server sent another part of the file than was asked for", err);
    case V_ERROR:
        return judge_status(x, err);
    case V_NONE:
    case V_KEEP:
        break;
    }
    return result == CURLE_OK ? judge_body(x, err) : judge_transport(x, result, err);
}

enum lm_status lm_http_get(struct lm_http_reply *reply, struct lm_http *http, const char *url,
                           const char *part, struct lm_err *err)
{
    struct curl_slist *headers = NULL;
    struct exchange x = {.http = http, .reply = reply, .url = url, .part = part, .fd = -1};
    enum lm_status status = LM_OK;
    *reply = (struct lm_http_reply){0};
    response_clear(&x.response);
    response_clear(&x.before);
    x.arena = lm_arena_create();
    x.hash = lm_sha256_create();
    if (x.arena != NULL) {
        x.shown = lm_url_show(x.arena, url);
        x.sidecar = lm_arena_printf(x.arena, "%s.json", part);
    }
    if (x.hash == NULL || x.sidecar == NULL) {
        status = lm_fail(err, LM_NOMEM, "out of memory for a download");
        goto out;
    }
    status = part_open(&x, err);
    if (status == LM_OK)
        status = setup(&x, &headers, err);
    if (status == LM_OK)
        status = judge(&x, curl_easy_perform(http->easy), err);
    if (x.fd >= 0 && close(x.fd) != 0 && status == LM_OK)
        status = lm_fail_errno(err, errno, "cannot write %s", part);
out:
    curl_slist_free_all(headers);
    lm_sha256_free(x.hash);
    lm_arena_free(x.arena);
    return status;
}

/* ---- the client ---- */

enum lm_status lm_http_open(struct lm_http **out, const struct lm_http_options *options,
                            struct lm_err *err)
{
    struct lm_http *http = calloc(1, sizeof *http);
    if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    }
    http->options = options;
    http->easy = curl_easy_init();
    if (http->easy == NULL) {
        lm_http_close(http);
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    }
    *out = http;
    return LM_OK;
}

void lm_http_close(struct lm_http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->easy);
    curl_global_cleanup();
    free(http);
}
