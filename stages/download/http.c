#include "http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/url.h"

#define MAX_REDIRECTS 5
#define LOW_SPEED 1024 /**< bytes per second */
#define ERROR_BODY_MAX 65536
#define HEADERS_MAX (256 * 1024)         /**< bytes, of all responses of an exchange */
#define BURST 0.1                        /**< seconds of the rate that may come at once */
#define NAP 0.02                         /**< seconds between looks at the rate */
#define ROOM_EVERY (UINT64_C(32) << 20)  /**< bytes between looks at the disk */
#define ROOM_SPARED (UINT64_C(16) << 20) /**< bytes of the disk that are left alone */

struct exchange {
    struct exchange *next;
    struct lm_http *http;
    struct lm_http_request request;
    struct lm_arena *arena;
    const char *shown;
    CURL *easy;
    struct curl_slist *headers;
    struct lm_response response;
    uint64_t offset; /**< bytes asked to be skipped */
    uint64_t goal;   /**< bytes of the whole file, LM_HTTP_UNKNOWN when nobody knows */
    uint64_t received, dropped, looked;
    enum lm_body body;
    bool ended;
    bool paused; /**< until all exchanges together may go on */
    CURLcode result;
    struct lm_err fault; /**< a failure of our own, which ended it; LM_OK: none */
};

struct lm_http {
    CURLM *multi;
    const struct lm_http_options *options;
    struct exchange *exchanges;
    size_t running;
    uint64_t received;
    double opened;
    double allowance, granted; /**< bytes that may still come; when it was looked at last */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what may not go on ---- */

static enum lm_status fail_too_large(const struct exchange *x, struct lm_err *err)
{
    return lm_fail(err, LM_RANGE, "%s: is larger than %llu bytes; raise max_bytes if this is meant",
                   x->shown, (unsigned long long)x->http->options->max_bytes);
}

/** Does the disk hold what is still to come in all exchanges? */
static enum lm_status check_room(struct exchange *x, struct lm_err *err)
{
    const struct lm_http_options *options = x->http->options;
    uint64_t needed = 0;
    x->looked = x->received;
    if (options->room == NULL)
        return LM_OK;
    for (const struct exchange *other = x->http->exchanges; other != NULL; other = other->next)
        if (other->goal != LM_HTTP_UNKNOWN && other->goal > other->request.part->size)
            needed += other->goal - other->request.part->size;
    uint64_t room = options->room(options->user);
    if (room == UINT64_MAX || needed <= (room > ROOM_SPARED ? room - ROOM_SPARED : 0))
        return LM_OK;
    return lm_fail(
        err, LM_IO,
        "%s: %.1f MB are still to come, but the store's disk has only %.1f MB free; make "
        "room, or put the store elsewhere (--store)",
        x->shown, (double)needed / 1e6, (double)room / 1e6);
}

/* ---- what curl calls ---- */

static size_t on_header(char *data, size_t one, size_t size, void *user)
{
    struct exchange *x = user;
    (void)one;
    lm_response_line(&x->response, data, size);
    if (x->response.header_bytes <= HEADERS_MAX)
        return size;
    lm_fail(&x->fault, LM_NETWORK, "%s: the server sent more than %d KiB of headers", x->shown,
            HEADERS_MAX / 1024);
    return 0;
}

static long status_code(const struct exchange *x)
{
    long code = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

/** The server names another digest than the one that is wanted: no byte of it is of use. */
static enum lm_status check_linked(const struct exchange *x, struct lm_err *err)
{
    const char *linked = x->response.linked, *want = x->request.sha256;
    if (linked[0] == '\0' || want[0] == '\0' || strcmp(linked, want) == 0)
        return LM_OK;
    return lm_fail(err, LM_MISMATCH,
                   "%s: the server says that its file has sha256 %s, but %s is pinned; check the "
                   "revision in the address, then change the pin",
                   x->shown, linked, want);
}

/** Decides what the body is, when it begins; a failure is kept in `fault`. */
static enum lm_status body_begin(struct exchange *x)
{
    struct lm_validators validators;
    struct lm_part *part = x->request.part;
    x->body = lm_response_body(&x->response, status_code(x), x->offset, &part->before,
                               x->http->options->max_bytes);
    if (x->body == LM_BODY_TOO_LARGE)
        return fail_too_large(x, &x->fault);
    if (x->body != LM_BODY_BEGINS && x->body != LM_BODY_CONTINUES)
        return LM_OK;
    LM_TRY(check_linked(x, &x->fault));
    x->goal = x->body == LM_BODY_BEGINS ? x->response.length : x->response.total;
    if (x->body == LM_BODY_BEGINS) {
        lm_response_validators(&x->response, &validators);
        LM_TRY(lm_part_begin(part, &validators, &x->fault));
        x->offset = 0;
    } else if (x->goal == LM_HTTP_UNKNOWN) {
        x->goal = part->before.total;
    }
    return check_room(x, &x->fault);
}

static enum lm_status body_add(struct exchange *x, const char *data, size_t size)
{
    struct lm_part *part = x->request.part;
    if (size > x->http->options->max_bytes - part->size)
        return fail_too_large(x, &x->fault);
    LM_TRY(lm_part_write(part, data, size, &x->fault));
    x->received += size;
    x->http->received += size;
    return x->received - x->looked >= ROOM_EVERY ? check_room(x, &x->fault) : LM_OK;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
    struct exchange *x = user;
    (void)one;
    if (x->body == LM_BODY_NONE && body_begin(x) != LM_OK)
        return 0;
    if (x->body == LM_BODY_EXPLAINS) {
        x->dropped += size;
        return x->dropped > ERROR_BODY_MAX ? 0 : size;
    }
    if (x->body != LM_BODY_BEGINS && x->body != LM_BODY_CONTINUES)
        return 0;
    if (x->http->options->max_rate > 0 && x->http->allowance <= 0) {
        x->paused = true;
        return CURL_WRITEFUNC_PAUSE; /* these bytes come again */
    }
    x->http->allowance -= (double)size;
    return body_add(x, data, size) == LM_OK ? size : 0;
}

/* ---- settings ---- */

/** Bytes a second below which an exchange stalls: less than its share of a bound on all. */
static long least_speed(const struct lm_http_options *options)
{
    uint64_t share = options->max_rate / 128;
    if (options->max_rate == 0 || share >= LOW_SPEED)
        return LOW_SPEED;
    return share > 0 ? (long)share : 1;
}

static unsigned add_header(struct exchange *x, const char *line)
{
    struct curl_slist *longer = line != NULL ? curl_slist_append(x->headers, line) : NULL;
    if (longer == NULL)
        return 1;
    x->headers = longer;
    return 0;
}

static unsigned set_headers(struct exchange *x)
{
    /* Bytes are pinned as the file has them, so no coding may be applied on the way. */
    unsigned bad = add_header(x, "Accept-Encoding: identity");
    const char *known = lm_validator(&x->request.part->before);
    if (x->offset > 0) {
        bad |= add_header(
            x, lm_arena_printf(x->arena, "Range: bytes=%llu-", (unsigned long long)x->offset));
        bad |= add_header(x, lm_arena_printf(x->arena, "If-Range: %s", known));
    }
    /* libcurl leaves a line of this name out after a redirect to another host, port or protocol */
    if (x->request.bearer != NULL)
        bad |=
            add_header(x, lm_arena_printf(x->arena, "Authorization: Bearer %s", x->request.bearer));
    return bad | curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
}

static enum lm_status setup(struct exchange *x, struct lm_err *err)
{
    CURL *easy = x->easy;
    const struct lm_http_options *o = x->http->options;
    const char *scheme = strncmp(x->request.url, "http://", 7) == 0 ? "http" : "https";
    unsigned bad = 0;
    bad |= curl_easy_setopt(easy, CURLOPT_URL, x->request.url);
    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme);
    bad |= curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "lmpipe/" LM_VERSION);
    bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout * 1000));
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(o->stall_timeout + 0.5));
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    if (o->ca_file != NULL && o->ca_file[0] != '\0')
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
    bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, least_speed(o));
    bad |= set_headers(x);
    return bad ? lm_fail(err, LM_NETWORK, "%s: libcurl refuses the location or its settings",
                         x->shown)
               : LM_OK;
}

/* ---- what it came to ---- */

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

/** What libcurl's own words leave open. */
static const char *advice_of(const struct exchange *x)
{
    switch (x->result) {
    case CURLE_UNSUPPORTED_PROTOCOL:
        return status_code(x) >= 300 ? " (redirects are followed to https only)"
                                     : " (the answer is no HTTP)";
    case CURLE_PEER_FAILED_VERIFICATION:
        return " (a private authority can be trusted by ca_file)";
    case CURLE_OPERATION_TIMEDOUT:
        return " (nobody answered within connect_timeout, or slower than stall_timeout bears)";
    default:
        return "";
    }
}

static void tell_cut(const struct exchange *x, struct lm_http_reply *reply)
{
    lm_fail(&reply->err, LM_NETWORK, "%s: the transfer was cut at %llu of %llu bytes", x->shown,
            (unsigned long long)x->request.part->size, (unsigned long long)x->goal);
}

static void judge_transport(struct exchange *x, struct lm_http_reply *reply)
{
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        reply->retry = reply->retry || passing[i] == x->result;
    reply->progressed = x->received > 0;
    if (x->result == CURLE_PARTIAL_FILE && x->goal != LM_HTTP_UNKNOWN)
        tell_cut(x, reply);
    else
        lm_fail(&reply->err, LM_NETWORK, "%s: %s%s", x->shown, curl_easy_strerror(x->result),
                advice_of(x));
}

/** The partial file is of no use to this server: away with it, and once more from the start. */
static void start_over(struct exchange *x, struct lm_http_reply *reply, const char *why)
{
    reply->again = x->offset > 0;
    if (lm_part_clear(x->request.part, &reply->err) == LM_OK)
        lm_fail(&reply->err, LM_NETWORK, "%s: %s", x->shown, why);
}

static void complete(const struct exchange *x, struct lm_http_reply *reply)
{
    reply->err.status = LM_OK;
    reply->size = x->request.part->size;
    reply->resumed = x->offset > 0;
    lm_part_digest(x->request.part, &reply->digest);
}

static void judge_status(struct exchange *x, struct lm_http_reply *reply)
{
    long code = status_code(x);
    curl_off_t wait = 0;
    if (code == 416 && x->offset > 0 && x->response.total == x->offset) {
        complete(x, reply); /* all of it was there already */
        return;
    }
    if (code == 416 || code == 304 || code == 412) {
        start_over(x, reply, "the server refuses to go on with the partial file");
        return;
    }
    curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &wait);
    reply->retry = code_passes(code);
    reply->retry_after = (double)wait;
    bool token = code == 401 || code == 403;
    lm_fail(&reply->err, LM_NETWORK, "%s: HTTP status %ld%s", x->shown, code,
            !token                      ? ""
            : x->request.bearer != NULL ? " (the server does not take the token)"
                                        : " (auth: {bearer_env: NAME} sends a token)");
}

static void judge_body(struct exchange *x, struct lm_http_reply *reply)
{
    const struct lm_part *part = x->request.part;
    if (x->goal != LM_HTTP_UNKNOWN && part->size > x->goal) {
        start_over(x, reply, "the server sent more bytes than it announced");
    } else if (x->goal != LM_HTTP_UNKNOWN && part->size < x->goal) {
        reply->retry = true;
        reply->progressed = x->received > 0;
        tell_cut(x, reply);
    } else {
        complete(x, reply);
    }
}

static void judge(struct exchange *x, struct lm_http_reply *reply)
{
    if (x->result == CURLE_OK && x->body == LM_BODY_NONE && x->fault.status == LM_OK)
        body_begin(x); /* a response without a body */
    if (x->fault.status != LM_OK)
        reply->err = x->fault;
    else if (x->body == LM_BODY_MISFITS)
        start_over(x, reply, "the server sent another part of the file than was asked for");
    else if (x->body == LM_BODY_CONTRADICTS)
        lm_fail(&reply->err, LM_NETWORK, "%s: the server announced two different lengths",
                x->shown);
    else if (x->body == LM_BODY_EXPLAINS)
        judge_status(x, reply);
    else if (x->result == CURLE_OK)
        judge_body(x, reply);
    else
        judge_transport(x, reply);
}

/* ---- the loop ---- */

static void exchange_free(struct exchange *x)
{
    if (x->easy != NULL) {
        curl_multi_remove_handle(x->http->multi, x->easy);
        curl_easy_cleanup(x->easy);
    }
    curl_slist_free_all(x->headers);
    lm_arena_free(x->arena);
    free(x);
}

/** Takes an exchange out of the list. */
static void unlink_exchange(struct lm_http *http, const struct exchange *x)
{
    struct exchange **at = &http->exchanges;
    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    http->running--;
}

enum lm_status lm_http_begin(struct lm_http *http, const struct lm_http_request *request,
                             struct lm_err *err)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (x == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    *x = (struct exchange){.http = http, .request = *request, .goal = LM_HTTP_UNKNOWN};
    x->arena = lm_arena_create();
    x->easy = curl_easy_init();
    x->offset = lm_validator(&request->part->before) != NULL ? request->part->size : 0;
    lm_response_init(&x->response);
    enum lm_status status = LM_OK;
    if (x->arena == NULL || x->easy == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory for a download");
    if (status == LM_OK) {
        x->shown = lm_url_show(x->arena, request->url);
        status = x->offset > http->options->max_bytes ? fail_too_large(x, err) : setup(x, err);
    }
    if (status == LM_OK && curl_multi_add_handle(http->multi, x->easy) != CURLM_OK)
        status = lm_fail(err, LM_NOMEM, "out of memory for a download");
    if (status != LM_OK) {
        exchange_free(x);
        return status;
    }
    x->next = http->exchanges;
    http->exchanges = x;
    http->running++;
    return LM_OK;
}

/** The paused exchange that has got least. */
static struct exchange *next_paused(const struct lm_http *http)
{
    struct exchange *least = NULL;
    for (struct exchange *x = http->exchanges; x != NULL; x = x->next)
        if (x->paused && !x->ended && (least == NULL || x->received < least->received))
            least = x;
    return least;
}

/** Lets paused exchanges go on as far as the rate of all allows; true: some must still wait.
 *  (libcurl's own bound is for each transfer alone, and lets half a second's worth and more pass.)
 */
static bool grant(struct lm_http *http)
{
    double rate = (double)http->options->max_rate, time = now();
    if (http->options->max_rate == 0)
        return false;
    http->allowance += (time - http->granted) * rate;
    http->allowance = http->allowance < BURST * rate ? http->allowance : BURST * rate;
    http->granted = time;
    struct exchange *x = next_paused(http);
    for (; x != NULL && http->allowance > 0; x = next_paused(http)) {
        x->paused = false;
        curl_easy_pause(x->easy, CURLPAUSE_CONT);
    }
    return x != NULL;
}

enum lm_status lm_http_go_on(struct lm_http *http, double seconds, struct lm_err *err)
{
    int alive = 0, left = 0;
    bool waits = grant(http);
    CURLMcode code = curl_multi_perform(http->multi, &alive);
    for (CURLMsg *m = curl_multi_info_read(http->multi, &left); m != NULL;
         m = curl_multi_info_read(http->multi, &left)) {
        struct exchange *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        x->result = m->data.result;
        x->ended = true;
        seconds = 0; /* there is something to take */
    }
    seconds = waits && seconds > NAP ? NAP : seconds;
    if (code == CURLM_OK && seconds > 0)
        code = curl_multi_poll(http->multi, NULL, 0, (int)(seconds * 1000) + 1, NULL);
    return code == CURLM_OK ? LM_OK
                            : lm_fail(err, LM_NETWORK, "libcurl: %s", curl_multi_strerror(code));
}

bool lm_http_take(struct lm_http *http, struct lm_http_reply *reply)
{
    struct exchange *x = http->exchanges;
    while (x != NULL && !x->ended)
        x = x->next;
    if (x == NULL)
        return false;
    *reply = (struct lm_http_reply){.user = x->request.user};
    unlink_exchange(http, x);
    judge(x, reply);
    reply->response = x->response;
    exchange_free(x);
    return true;
}

size_t lm_http_running(const struct lm_http *http)
{
    return http->running;
}

void lm_http_stop(struct lm_http *http, const void *user)
{
    struct exchange *x = http->exchanges;
    while (x != NULL && x->request.user != user)
        x = x->next;
    if (x == NULL)
        return;
    unlink_exchange(http, x);
    exchange_free(x);
}

uint64_t lm_http_received(const struct lm_http *http)
{
    return http->received;
}

double lm_http_seconds(const struct lm_http *http)
{
    return now() - http->opened;
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
    http->opened = http->granted = now();
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
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
    while (http->exchanges != NULL) {
        struct exchange *x = http->exchanges;
        unlink_exchange(http, x);
        exchange_free(x);
    }
    if (http->multi != NULL)
        curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}
