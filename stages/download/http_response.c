#include "http_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool copy_header(char *out, size_t room, const char *text)
{
    size_t size = strlen(text);
    if (size >= room)
        return false;
    memcpy(out, text, size + 1);
    return true;
}

static void begin(struct lm_response *r)
{
    struct lm_response fresh = {.first = LM_HTTP_UNKNOWN,
                                .total = LM_HTTP_UNKNOWN,
                                .length = LM_HTTP_UNKNOWN,
                                .header_bytes = r->header_bytes};
    memcpy(fresh.linked, r->linked, sizeof fresh.linked);
    memcpy(fresh.commit, r->commit, sizeof fresh.commit);
    *r = fresh;
}

void lm_response_init(struct lm_response *response)
{
    *response = (struct lm_response){0};
    begin(response);
}

/* ---- one header each ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void take_etag(struct lm_response *r, const char *value)
{
    copy_header(r->etag, sizeof r->etag, value);
}

static void take_date(struct lm_response *r, const char *value)
{
    copy_header(r->last_modified, sizeof r->last_modified, value);
}

/** "bytes FIRST-LAST/TOTAL" or "bytes * /TOTAL" (no space), TOTAL may be "*". */
static void take_range(struct lm_response *r, const char *text)
{
    char *end;
    if (strncasecmp(text, "bytes ", 6) != 0)
        return;
    text += 6;
    if (*text != '*') {
        if (!is_digit(*text))
            return;
        r->first = strtoull(text, &end, 10);
        if (*end != '-')
            return;
    }
    const char *slash = strchr(text, '/');
    if (slash == NULL)
        return;
    if (is_digit(slash[1]))
        r->total = strtoull(slash + 1, NULL, 10);
    r->ranged = true;
}

static void take_length(struct lm_response *r, const char *value)
{
    if (!is_digit(*value))
        return;
    uint64_t length = strtoull(value, NULL, 10);
    r->contradicts = r->contradicts || (r->length != LM_HTTP_UNKNOWN && r->length != length);
    r->length = length;
}

static void take_coding(struct lm_response *r, const char *value)
{
    if (strcasecmp(value, "identity") == 0)
        r->coding[0] = '\0';
    else if (!copy_header(r->coding, sizeof r->coding, value))
        copy_header(r->coding, sizeof r->coding, "several");
}

static void take_ranges(struct lm_response *r, const char *value)
{
    r->takes_ranges = strcasecmp(value, "bytes") == 0;
}

static bool is_hex(const char *text, size_t length)
{
    return strspn(text, "0123456789abcdefABCDEF") == length && text[length] == '\0';
}

/** The hub gives the entity tag of what it links to: of large files their SHA-256. */
static void take_linked(struct lm_response *r, const char *value)
{
    char bare[LM_HTTP_HEADER];
    struct lm_digest digest;
    if (!copy_header(bare, sizeof bare, value[0] == '"' ? value + 1 : value))
        return;
    bare[strcspn(bare, "\"")] = '\0';
    if (is_hex(bare, LM_DIGEST_HEX - 1) && lm_digest_parse(&digest, bare))
        lm_digest_hex(r->linked, &digest);
}

static void take_commit(struct lm_response *r, const char *value)
{
    if (is_hex(value, LM_HTTP_COMMIT - 1))
        copy_header(r->commit, sizeof r->commit, value);
}

static const struct {
    const char *name;
    void (*take)(struct lm_response *r, const char *value);
} headers[] = {
    {"ETag", take_etag},
    {"Last-Modified", take_date},
    {"Content-Range", take_range},
    {"Content-Length", take_length},
    {"Content-Encoding", take_coding},
    {"Accept-Ranges", take_ranges},
    {"X-Linked-Etag", take_linked},
    {"X-Repo-Commit", take_commit},
};

void lm_response_line(struct lm_response *response, const char *data, size_t size)
{
    char line[1024];
    if (size >= 5 && memcmp(data, "HTTP/", 5) == 0)
        begin(response);
    response->header_bytes += size;
    if (size >= sizeof line)
        return; /* none that matters here is this long */
    memcpy(line, data, size);
    line[size] = '\0';
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return;
    *colon = '\0';
    char *value = colon + 1;
    value += strspn(value, " \t");
    size_t n = strlen(value);
    while (n > 0 && strchr("\r\n \t", value[n - 1]) != NULL)
        value[--n] = '\0';
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (strcasecmp(headers[i].name, line) == 0)
            headers[i].take(response, value);
}

void lm_response_validators(const struct lm_response *response, struct lm_validators *out)
{
    memcpy(out->etag, response->etag, sizeof out->etag);
    memcpy(out->last_modified, response->last_modified, sizeof out->last_modified);
    out->total = response->length;
}

/** A validator told twice must not have changed. */
static bool agrees(const char *before, const char *now)
{
    return before[0] == '\0' || now[0] == '\0' || strcmp(before, now) == 0;
}

static bool continues(const struct lm_response *r, uint64_t have,
                      const struct lm_validators *before)
{
    return r->first == have &&
           (before->total == LM_HTTP_UNKNOWN || r->total == LM_HTTP_UNKNOWN ||
            r->total == before->total) &&
           agrees(before->etag, r->etag) && agrees(before->last_modified, r->last_modified);
}

enum lm_body lm_response_body(const struct lm_response *r, long code, uint64_t have,
                              const struct lm_validators *before, uint64_t max_bytes)
{
    if (code != 200 && code != 206)
        return LM_BODY_EXPLAINS;
    if (r->contradicts)
        return LM_BODY_CONTRADICTS;
    if (have > 0 && r->ranged)
        return continues(r, have, before) ? LM_BODY_CONTINUES : LM_BODY_MISFITS;
    if (code == 206 || r->ranged)
        return LM_BODY_MISFITS; /* part of a file that nobody asked for */
    if (r->length != LM_HTTP_UNKNOWN && r->length > max_bytes)
        return LM_BODY_TOO_LARGE;
    return LM_BODY_BEGINS;
}
