#include "fetch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/url.h"

#define BLOCK (256 * 1024)
#define MAX_WAIT 60.0      /**< seconds between rounds */
#define WAIT_SLICE 0.1     /**< seconds between looks at "cancelled" */
#define MAX_EXCHANGES 1000 /**< with progress each, on one location in one round */

/** A place the bytes may come from. */
struct location {
    const char *url, *shown; /**< url NULL: a local path */
    const char *path;
    const char *part; /**< of a url: where its bytes go, apart from those of other locations */
    bool dead;
    struct lm_err last; /**< its last failure */
};

struct search {
    struct lm_fetch *fetch;
    const struct lm_download_source *source;
    size_t index;
    struct lm_arena *arena;
    struct location *locations;
    size_t count;
    bool mismatch;
    double wait; /**< what servers asked for in this round */
    struct lm_digest pin;
    bool pinned;
};

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool on_progress(void *user, uint64_t done, uint64_t total)
{
    struct lm_ctx *ctx = user;
    lm_ctx_progress(ctx, done, total, "bytes");
    return !lm_ctx_cancelled(ctx);
}

void lm_fetch_init(struct lm_fetch *fetch, struct lm_ctx *ctx,
                   const struct lm_download_params *params)
{
    *fetch = (struct lm_fetch){.ctx = ctx, .params = params};
    fetch->options = (struct lm_http_options){
        .connect_timeout = params->connect_timeout,
        .stall_timeout = params->stall_timeout,
        .max_bytes = (uint64_t)params->max_bytes,
        .ca_file = params->ca_file,
        .progress = on_progress,
        .user = ctx,
    };
}

void lm_fetch_release(struct lm_fetch *fetch)
{
    lm_http_close(fetch->http);
}

/* ---- locations ---- */

/** Path of a file:// URL, percent-decoded; NULL for other schemes. */
static enum lm_status path_of_url(const char **out, struct lm_arena *arena, const char *url,
                                  struct lm_err *err)
{
    *out = NULL;
    if (strncmp(url, "file://", 7) != 0)
        return LM_OK;
    const char *from = strchr(url + 7, '/');
    char *path = lm_arena_strdup(arena, from != NULL ? from : "/");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    char *to = path;
    for (const char *p = path; *p != '\0'; p++) {
        char hex[3] = {0};
        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
            return lm_fail(err, LM_INVALID,
                           "%s: %% must be followed by two hex digits; write %%25 "
                           "for a percent sign",
                           lm_url_show(arena, url));
        memcpy(hex, p + 1, 2);
        *to = (char)strtol(hex, NULL, 16);
        if (*to++ == '\0')
            return lm_fail(err, LM_INVALID, "%s: holds %%00; remove it", lm_url_show(arena, url));
        p += 2;
    }
    *to = '\0';
    *out = path;
    return LM_OK;
}

static enum lm_status location_init(struct location *location, struct lm_arena *arena,
                                    const char *url, struct lm_err *err)
{
    LM_TRY(path_of_url(&location->path, arena, url, err));
    if (location->path == NULL) {
        location->url = url;
        location->shown = lm_url_show(arena, url);
    } else {
        location->shown = location->path;
    }
    return LM_OK;
}

static enum lm_status locations_list(struct search *search, struct lm_err *err)
{
    const struct lm_download_source *source = search->source;
    const char *const *mirrors = source->mirrors.items;
    search->count = 1 + source->mirrors.count;
    search->locations = LM_NEW_ARRAY(search->arena, struct location, search->count);
    if (search->locations == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    if (given(source->path)) {
        search->locations[0].path = source->path;
        search->locations[0].shown = source->path;
    } else {
        LM_TRY(location_init(&search->locations[0], search->arena, source->url, err));
    }
    for (size_t i = 1; i < search->count; i++)
        LM_TRY(location_init(&search->locations[i], search->arena, mirrors[i - 1], err));
    return LM_OK;
}

/* ---- pins ---- */

/** Compares with the pins of the source. */
static enum lm_status check_pins(struct search *search, const struct location *location,
                                 const struct lm_fetched *fetched, bool encoded, struct lm_err *err)
{
    const struct lm_download_source *source = search->source;
    char got[LM_DIGEST_HEX], want[LM_DIGEST_HEX];
    lm_digest_hex(got, &fetched->digest);
    lm_digest_hex(want, &search->pin);
    if (search->pinned && lm_digest_compare(&fetched->digest, &search->pin) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "%s has sha256 %s, but sources.%zu.sha256 pins %s%s; check the source, then "
                       "change the pin",
                       location->shown, got, search->index, want,
                       encoded ? " (the server applied a Content-Encoding unasked)" : "");
    if (source->size != LM_UNSET_INT && (uint64_t)source->size != fetched->size)
        return lm_fail(err, LM_MISMATCH,
                       "%s has %llu bytes, but sources.%zu.size says %lld; check the source",
                       location->shown, (unsigned long long)fetched->size, search->index,
                       (long long)source->size);
    return LM_OK;
}

/* ---- local files ---- */

/** lm_sha256_file in slices, so that a large file can be interrupted. */
static enum lm_status hash_file(struct search *search, struct lm_digest *digest, uint64_t *size,
                                const char *path, struct lm_err *err)
{
    static const uint64_t every = 64;
    enum lm_status status = LM_OK;
    struct lm_ctx *ctx = search->fetch->ctx;
    struct lm_sha256 *hash = lm_sha256_create();
    char *block = malloc(BLOCK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    *size = 0;
    if (hash == NULL || block == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory for a hash");
    else if (fd < 0)
        status = lm_fail_errno(err, errno, "cannot open %s", path);
    for (uint64_t i = 0; status == LM_OK && n > 0; i++) {
        n = read(fd, block, BLOCK);
        if (n < 0)
            status = lm_fail_errno(err, errno, "cannot read %s", path);
        else if (i % every == 0 && lm_ctx_cancelled(ctx))
            status = lm_fail(err, LM_CANCELLED, "interrupted");
        if (status != LM_OK)
            break;
        lm_sha256_update(hash, block, (size_t)n);
        *size += (uint64_t)n;
    }
    if (status == LM_OK)
        lm_sha256_final(hash, digest);
    if (fd >= 0)
        close(fd);
    free(block);
    lm_sha256_free(hash);
    return status;
}

/** Digests of a folder's files, and of the lines that list them. */
static enum lm_status hash_files(struct search *search, struct lm_fetched *out,
                                 struct lm_sha256 *lines, struct lm_err *err)
{
    LM_TRY(lm_dir_walk(&out->names, &out->others, search->arena, out->path, err));
    out->digests = LM_NEW_ARRAY(search->arena, struct lm_digest, out->names.count);
    for (size_t i = 0; i < out->names.count; i++) {
        const char *name = out->names.items[i];
        const char *path = lm_path_join(search->arena, out->path, name);
        uint64_t size;
        char hex[LM_DIGEST_HEX];
        if (out->digests == NULL || path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory for the list of files");
        LM_TRY(hash_file(search, &out->digests[i], &size, path, err));
        lm_digest_hex(hex, &out->digests[i]);
        lm_sha256_update(lines, hex, strlen(hex));
        lm_sha256_update(lines, "  ", 2);
        lm_sha256_update(lines, name, strlen(name));
        lm_sha256_update(lines, "\n", 1);
        out->size += size;
    }
    return LM_OK;
}

static enum lm_status hash_folder(struct search *search, struct lm_fetched *out, struct lm_err *err)
{
    struct lm_sha256 *lines = lm_sha256_create();
    if (lines == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a hash");
    enum lm_status status = hash_files(search, out, lines, err);
    lm_sha256_final(lines, &out->digest);
    lm_sha256_free(lines);
    return status;
}

static enum lm_status try_local(struct search *search, struct location *location,
                                struct lm_fetched *out, struct lm_err *err)
{
    *out = (struct lm_fetched){.path = location->path, .shown = location->shown};
    if (stat(location->path, &out->info) != 0)
        return lm_fail_errno(err, errno, "cannot open %s", location->path);
    out->folder = S_ISDIR(out->info.st_mode);
    if (!out->folder && !S_ISREG(out->info.st_mode))
        return lm_fail(err, LM_INVALID, "%s is neither a file nor a folder", location->path);
    if (out->folder)
        LM_TRY(hash_folder(search, out, err));
    else
        LM_TRY(hash_file(search, &out->digest, &out->size, location->path, err));
    return check_pins(search, location, out, false, err);
}

enum lm_status lm_fetched_check(const struct lm_fetched *fetched, struct lm_err *err)
{
    struct stat now;
    const struct stat *then = &fetched->info;
    if (fetched->folder || then->st_ino == 0)
        return LM_OK;
    if (stat(fetched->path, &now) != 0)
        return lm_fail_errno(err, errno, "cannot open %s", fetched->path);
    if (now.st_dev != then->st_dev || now.st_ino != then->st_ino || now.st_size != then->st_size ||
        now.st_mtim.tv_sec != then->st_mtim.tv_sec || now.st_mtim.tv_nsec != then->st_mtim.tv_nsec)
        return lm_fail(err, LM_IO, "%s changed while it was read; run again", fetched->path);
    return LM_OK;
}

/* ---- the network ---- */

static void part_remove(struct search *search, const struct location *location)
{
    unlink(location->part);
    const char *sidecar = lm_arena_printf(search->arena, "%s.json", location->part);
    if (sidecar != NULL)
        unlink(sidecar);
}

/** Where a download from each location goes: what one has begun, no other one truncates. */
static enum lm_status parts_prepare(struct search *search, struct lm_err *err)
{
    const char *keep = NULL;
    for (size_t i = 0; i < search->count; i++) {
        struct location *location = &search->locations[i];
        char number[24] = "";
        if (location->url == NULL)
            continue;
        if (keep == NULL)
            LM_TRY(lm_ctx_keep(search->fetch->ctx, &keep, err));
        if (i > 0)
            snprintf(number, sizeof number, ".%zu", i);
        location->part =
            lm_arena_printf(search->arena, "%s/%s%s.part", keep, search->source->name, number);
        if (location->part == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory for a download");
    }
    return LM_OK;
}

/** A pinned file that an earlier, interrupted run has fetched whole; *found. LM_CANCELLED. */
static enum lm_status find_whole(struct search *search, struct lm_fetched *out, bool *found,
                                 struct lm_err *err)
{
    *found = false;
    for (size_t i = 0; search->pinned && i < search->count && !*found; i++) {
        const struct location *location = &search->locations[i];
        if (location->part == NULL || !lm_path_exists(location->part))
            continue;
        *out = (struct lm_fetched){.path = location->part, .shown = location->shown};
        enum lm_status status = hash_file(search, &out->digest, &out->size, out->path, err);
        if (status == LM_CANCELLED)
            return status;
        *found = status == LM_OK && lm_digest_compare(&out->digest, &search->pin) == 0;
    }
    return LM_OK;
}

/** Sleeps, in slices; false when cancelled meanwhile. */
static bool sleep_polling(struct lm_ctx *ctx, double seconds)
{
    while (seconds > 0) {
        double slice = seconds < WAIT_SLICE ? seconds : WAIT_SLICE;
        struct timespec t = {.tv_sec = 0, .tv_nsec = (long)(slice * 1e9)};
        if (lm_ctx_cancelled(ctx))
            return false;
        nanosleep(&t, NULL);
        seconds -= slice;
    }
    return !lm_ctx_cancelled(ctx);
}

/** Failures that no other location can mend. */
static bool is_local_failure(enum lm_status status)
{
    return status == LM_CANCELLED || status == LM_IO || status == LM_NOMEM;
}

/** Exchanges with one location as long as each brings something. */
static enum lm_status try_remote(struct search *search, struct location *location,
                                 struct lm_fetched *out, struct lm_http_reply *reply,
                                 struct lm_err *err)
{
    struct lm_fetch *fetch = search->fetch;
    enum lm_status status = LM_NETWORK;
    if (fetch->http == NULL)
        LM_TRY(lm_http_open(&fetch->http, &fetch->options, err));
    for (int i = 0; i < MAX_EXCHANGES; i++) {
        status = lm_http_get(reply, fetch->http, location->url, location->part, err);
        if (status == LM_OK) {
            *out = (struct lm_fetched){.path = location->part,
                                       .shown = location->shown,
                                       .digest = reply->digest,
                                       .size = reply->size};
            status = check_pins(search, location, out, reply->encoded, err);
            if (status == LM_MISMATCH)
                part_remove(search, location);
            if (status != LM_MISMATCH || !reply->resumed)
                return status;
            continue; /* put together from pieces that do not belong together: once more, whole */
        }
        if (status != LM_NETWORK || !(reply->again || reply->progressed))
            return status;
        if (reply->progressed && !sleep_polling(fetch->ctx, fetch->params->retry_delay))
            return lm_fail(err, LM_CANCELLED, "interrupted");
    }
    return status;
}

/* ---- the search ---- */

/** Tries one location; LM_OK: *out. Otherwise its `last` and `dead` are set. */
static enum lm_status try_location(struct search *search, struct location *location,
                                   struct lm_fetched *out, struct lm_err *err)
{
    struct lm_err *why = &location->last;
    struct lm_http_reply reply = {0};
    bool offline = location->url != NULL && lm_ctx_offline(search->fetch->ctx);
    enum lm_status status;
    if (offline)
        status = lm_fail(why, LM_NETWORK,
                         "%s needs the network, but --offline was given; run without it once",
                         location->shown);
    else if (location->url != NULL)
        status = try_remote(search, location, out, &reply, why);
    else
        status = try_local(search, location, out, why);
    if (status == LM_OK)
        return LM_OK;
    if (err != NULL)
        *err = *why;
    location->dead = !reply.retry;
    if (reply.retry_after > search->wait)
        search->wait = reply.retry_after;
    search->mismatch = search->mismatch || status == LM_MISMATCH;
    return status;
}

/** One pass over the locations. LM_NETWORK: some may be tried again; others end the search. */
static enum lm_status search_round(struct search *search, struct lm_fetched *out,
                                   struct lm_err *err)
{
    enum lm_status status = LM_NOT_FOUND;
    bool alive = false;
    search->wait = 0;
    for (size_t i = 0; i < search->count; i++) {
        struct location *location = &search->locations[i];
        if (location->dead)
            continue;
        status = try_location(search, location, out, err);
        if (status == LM_OK || (location->url != NULL && is_local_failure(status)) ||
            status == LM_CANCELLED)
            return status;
        alive = alive || !location->dead;
        if (search->count > 1)
            lm_ctx_note(search->fetch->ctx, "source '%s': %s", search->source->name,
                        location->last.text);
    }
    return alive ? LM_NETWORK : LM_NOT_FOUND;
}

/** All reasons in one line. */
static enum lm_status fail_all(struct search *search, struct lm_err *err)
{
    if (search->count == 1)
        return err != NULL ? err->status : LM_NETWORK;
    char text[900];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < search->count && n < sizeof text; i++) {
        int more = snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? "; " : "",
                            search->locations[i].last.text);
        n += more > 0 ? (size_t)more : 0;
    }
    return lm_fail(err, search->mismatch ? LM_MISMATCH : LM_NETWORK, "no location will do: %s",
                   text);
}

static enum lm_status search_all(struct search *search, struct lm_fetched *out, struct lm_err *err)
{
    const struct lm_download_params *params = search->fetch->params;
    double delay = params->retry_delay;
    for (int64_t round = 0;; round++) {
        enum lm_status status = search_round(search, out, err);
        if (status == LM_OK || is_local_failure(status))
            return status;
        if (status != LM_NETWORK || round >= params->retries)
            return fail_all(search, err);
        double wait = search->wait > delay ? search->wait : delay;
        wait = wait < MAX_WAIT ? wait : MAX_WAIT;
        lm_ctx_note(search->fetch->ctx, "source '%s': trying again in %.1f s", search->source->name,
                    wait);
        if (!sleep_polling(search->fetch->ctx, wait))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        delay = delay * 2 < MAX_WAIT ? delay * 2 : MAX_WAIT;
    }
}

enum lm_status lm_fetch_source(struct lm_fetched *out, struct lm_fetch *fetch, size_t index,
                               struct lm_err *err)
{
    const struct lm_download_source *sources = fetch->params->sources.items;
    struct search search = {.fetch = fetch, .source = &sources[index], .index = index};
    search.arena = lm_ctx_arena(fetch->ctx);
    search.pinned = given(search.source->sha256);
    if (search.pinned && !lm_digest_parse(&search.pin, search.source->sha256))
        return lm_fail(err, LM_INVALID, "sources.%zu.sha256: must be 64 hex digits", index);
    LM_TRY(locations_list(&search, err));
    LM_TRY(parts_prepare(&search, err));
    bool found = false;
    LM_TRY(find_whole(&search, out, &found, err));
    return found ? LM_OK : search_all(&search, out, err);
}
