#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "fetch_job.h"

#define SLICE 0.1 /**< seconds between looks at "cancelled", waits and progress */

struct lm_fetch {
    struct lm_ctx *ctx;
    const struct lm_download_params *params;
    struct lm_arena *arena;
    struct lm_http_options options;
    struct lm_http *http; /**< opened when it is needed */
    const char *keep;     /**< folder of partial files, or NULL: nothing is remote */
    struct lm_fetch_job *jobs;
    size_t count, *first; /**< first: of each source, and one behind the last */
    size_t bound;         /**< jobs from here on are of no use: one before them has failed */
    size_t next;          /**< jobs before it have ended or are active */
    struct lm_fetch_job *active[LM_DOWNLOAD_PARALLEL];
    size_t active_count;
    uint64_t finished;   /**< bytes of remote ones that have ended */
    size_t ended, local; /**< how many these are; how many were local */
};

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static uint64_t room(void *user)
{
    const struct lm_fetch *fetch = user;
    struct statvfs info;
    if (fetch->keep == NULL || statvfs(fetch->keep, &info) != 0)
        return UINT64_MAX;
    return (uint64_t)info.f_bavail * info.f_frsize;
}

enum lm_status lm_fetch_create(struct lm_fetch **out, struct lm_ctx *ctx,
                               const struct lm_download_params *params, struct lm_err *err)
{
    struct lm_fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    fetch->ctx = ctx;
    fetch->params = params;
    fetch->arena = lm_ctx_arena(ctx);
    fetch->options = (struct lm_http_options){
        .connect_timeout = params->connect_timeout,
        .stall_timeout = params->stall_timeout,
        .max_bytes = (uint64_t)params->max_bytes,
        .max_rate = params->max_rate != LM_UNSET_INT ? (uint64_t)params->max_rate : 0,
        .ca_file = params->ca_file,
        .room = room,
        .user = fetch,
    };
    *out = fetch;
    return LM_OK;
}

void lm_fetch_free(struct lm_fetch *fetch)
{
    if (fetch == NULL)
        return;
    lm_http_close(fetch->http);
    for (size_t i = 0; i < fetch->count; i++)
        lm_part_close(&fetch->jobs[i].part, NULL);
    free(fetch);
}

/* ---- what is wanted ---- */

static enum lm_status jobs_list(struct lm_fetch *fetch, struct lm_err *err)
{
    const struct lm_download_source *sources = fetch->params->sources.items;
    size_t count = fetch->params->sources.count;
    struct lm_wanted_list *lists = LM_NEW_ARRAY(fetch->arena, struct lm_wanted_list, count);
    fetch->first = LM_NEW_ARRAY(fetch->arena, size_t, count + 1);
    if (lists == NULL || fetch->first == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        enum lm_status status = lm_wanted_of(&lists[i], fetch->arena, &sources[i], i, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "source '%s'", sources[i].name);
        fetch->first[i] = total;
        total += lists[i].count;
    }
    fetch->first[count] = total;
    fetch->jobs = LM_NEW_ARRAY(fetch->arena, struct lm_fetch_job, total);
    if (fetch->jobs == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lists[i].count; j++)
            lm_fetch_job_init(&fetch->jobs[fetch->count++], fetch->ctx, fetch->params,
                              &lists[i].items[j]);
    fetch->bound = fetch->count;
    return LM_OK;
}

const struct lm_fetched *lm_fetch_file(const struct lm_fetch *fetch, size_t index, size_t i)
{
    size_t at = fetch->first[index] + i;
    return at < fetch->first[index + 1] ? &fetch->jobs[at].result : NULL;
}

/* ---- partial files ---- */

/** Where a download from location `at` goes: what one has begun, no other one truncates. */
static enum lm_status part_path(struct lm_fetch *fetch, const struct lm_fetch_job *job, size_t at,
                                const char **out, struct lm_err *err)
{
    char file[32] = "", number[32] = "";
    size_t place = (size_t)(job - fetch->jobs) - fetch->first[job->wanted->index];
    if (job->wanted->name != NULL)
        snprintf(file, sizeof file, ".f%zu", place);
    if (at > 0)
        snprintf(number, sizeof number, ".%zu", at);
    *out = lm_arena_printf(fetch->arena, "%s/%s%s%s.part", fetch->keep, job->wanted->source->name,
                           file, number);
    return *out != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory for a download");
}

/** A pinned file that an earlier, interrupted run has fetched whole ends its job. */
static enum lm_status find_whole(struct lm_fetch *fetch, struct lm_fetch_job *job,
                                 struct lm_err *err)
{
    struct lm_fetched got;
    const struct lm_wanted *wanted = job->wanted;
    for (size_t i = 0; wanted->pinned && i < wanted->count; i++) {
        const char *path = NULL;
        if (wanted->locations[i].url == NULL)
            continue;
        LM_TRY(part_path(fetch, job, i, &path, err));
        if (!lm_part_may_be_whole(path))
            continue;
        got = (struct lm_fetched){
            .path = path, .shown = wanted->locations[i].shown, .name = wanted->name};
        enum lm_status status = lm_local_hash(&got.digest, &got.size, fetch->ctx, path, err);
        if (status == LM_CANCELLED)
            return status;
        if (status == LM_OK && lm_digest_compare(&got.digest, &wanted->pin) == 0) {
            job->result = got;
            job->state = LM_JOB_DONE;
            fetch->finished += got.size;
            fetch->ended++;
            return LM_OK;
        }
    }
    return LM_OK;
}

/* ---- beginnings ---- */

/** How many exchanges are with the host of `url`. */
static size_t host_count(const struct lm_fetch *fetch, const char *url)
{
    char host[LM_HOST_MAX], other[LM_HOST_MAX];
    size_t count = 0;
    lm_url_host(host, url);
    for (size_t i = 0; i < fetch->active_count; i++) {
        const struct lm_fetch_job *job = fetch->active[i];
        const struct lm_location *location = lm_fetch_job_location(job);
        if (job->state != LM_JOB_READY && location->url != NULL &&
            strcmp(lm_url_host(other, location->url), host) == 0)
            count++;
    }
    return count;
}

/** The token for a location: the source's, for the host of its first address alone. */
static enum lm_status token_for(const struct lm_fetch *fetch, const struct lm_fetch_job *job,
                                const char **out, struct lm_err *err)
{
    const struct lm_wanted *wanted = job->wanted;
    const char *name = wanted->source->auth.bearer_env, *url = lm_fetch_job_location(job)->url;
    char host[LM_HOST_MAX], own[LM_HOST_MAX];
    const char *first = NULL;
    *out = NULL;
    /* of a list of addresses: the host of the list's first one */
    for (size_t i = fetch->first[wanted->index];
         first == NULL && i < fetch->first[wanted->index + 1]; i++)
        first = fetch->jobs[i].wanted->locations[0].url;
    if (!given(name) || first == NULL ||
        strcmp(lm_url_host(host, url), lm_url_host(own, first)) != 0)
        return LM_OK;
    if (!lm_url_keeps_secrets(url))
        return lm_fail(err, LM_INVALID,
                       "sources.%zu.auth: a token is not sent over http://, where anybody can read "
                       "it; use https://",
                       wanted->index);
    *out = lm_ctx_secret(fetch->ctx, name);
    if (*out == NULL)
        return lm_fail(
            err, LM_INVALID,
            "sources.%zu.auth.bearer_env: the environment variable %s is not set; export "
            "it",
            wanted->index, name);
    for (const char *p = *out; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return lm_fail(err, LM_INVALID,
                           "sources.%zu.auth.bearer_env: the environment variable %s holds what no "
                           "token can hold (white space or no ASCII)",
                           wanted->index, name);
    return LM_OK;
}

static bool poll_hashing(void *user, uint64_t done)
{
    (void)done;
    return !lm_ctx_cancelled(user);
}

static enum lm_status open_part(struct lm_fetch *fetch, struct lm_fetch_job *job,
                                struct lm_err *err)
{
    const char *path = NULL;
    if (job->part.fd >= 0)
        return LM_OK;
    LM_TRY(part_path(fetch, job, job->at, &path, err));
    LM_TRY(lm_part_init(&job->part, fetch->arena, path, lm_fetch_job_location(job)->url, err));
    return lm_part_open(&job->part, poll_hashing, fetch->ctx, err);
}

static enum lm_status begin_exchange(struct lm_fetch *fetch, struct lm_fetch_job *job,
                                     struct lm_err *err)
{
    const struct lm_location *location = lm_fetch_job_location(job);
    struct lm_http_request request = {
        .url = location->url, .part = &job->part, .sha256 = job->wanted->sha256, .user = job};
    if (lm_ctx_offline(fetch->ctx))
        return lm_fail(err, LM_NETWORK,
                       "%s needs the network, but --offline was given; run without it once",
                       location->shown);
    LM_TRY(token_for(fetch, job, &request.bearer, err));
    LM_TRY(open_part(fetch, job, err));
    LM_TRY(lm_http_begin(fetch->http, &request, err));
    job->state = LM_JOB_RUNNING;
    return LM_OK;
}

/** Begins what an active job is ready for, unless its host has enough to do. */
static enum lm_status begin(struct lm_fetch *fetch, struct lm_fetch_job *job, double now,
                            struct lm_err *err)
{
    struct lm_err why = {0};
    const struct lm_location *location = lm_fetch_job_location(job);
    if (location->url == NULL) /* hashing a file keeps the loop: when nothing else is under way */
        return lm_http_running(fetch->http) == 0 ? lm_fetch_job_local(job, now, err) : LM_OK;
    if (host_count(fetch, location->url) >= (size_t)fetch->params->per_host)
        return LM_OK;
    enum lm_status status = begin_exchange(fetch, job, &why);
    if (status == LM_OK)
        return LM_OK;
    if (status == LM_CANCELLED || status == LM_NOMEM)
        return lm_fail(err, status, "%s", why.text);
    return status == LM_NETWORK ? lm_fetch_job_refused(job, &why, now, err)
                                : lm_fetch_job_fail(job, &why, err);
}

/* ---- the loop ---- */

/** Takes the jobs that have ended out of the active ones; a failure bounds what is still of use. */
static void sweep(struct lm_fetch *fetch)
{
    size_t kept = 0;
    for (size_t i = 0; i < fetch->active_count; i++) {
        struct lm_fetch_job *job = fetch->active[i];
        size_t place = (size_t)(job - fetch->jobs);
        if (job->state == LM_JOB_DONE) {
            fetch->finished += job->result.size;
            fetch->ended++;
        } else if (job->state == LM_JOB_FAILED && place < fetch->bound) {
            fetch->bound = place;
        } else if (job->state != LM_JOB_FAILED) {
            fetch->active[kept++] = job;
        }
    }
    fetch->active_count = kept;
    for (size_t i = kept = 0; i < fetch->active_count; i++) {
        struct lm_fetch_job *job = fetch->active[i];
        if ((size_t)(job - fetch->jobs) < fetch->bound)
            fetch->active[kept++] = job;
        else
            lm_http_stop(fetch->http, job);
    }
    fetch->active_count = kept;
}

static bool is_active(const struct lm_fetch *fetch, const struct lm_fetch_job *job)
{
    for (size_t i = 0; i < fetch->active_count; i++)
        if (fetch->active[i] == job)
            return true;
    return false;
}

/** Fills the free places with the next jobs whose hosts have room. */
static void admit(struct lm_fetch *fetch)
{
    size_t *next = &fetch->next;
    while (*next < fetch->bound &&
           (fetch->jobs[*next].state != LM_JOB_READY || is_active(fetch, &fetch->jobs[*next])))
        ++*next;
    for (size_t i = *next;
         i < fetch->bound && fetch->active_count < (size_t)fetch->params->parallel; i++) {
        struct lm_fetch_job *job = &fetch->jobs[i];
        const char *url = lm_fetch_job_location(job)->url;
        size_t at_host = 0;
        if (job->state != LM_JOB_READY || is_active(fetch, job))
            continue;
        for (size_t j = 0; url != NULL && j < fetch->active_count; j++) {
            char host[LM_HOST_MAX], other[LM_HOST_MAX];
            const char *its = lm_fetch_job_location(fetch->active[j])->url;
            at_host += its != NULL && strcmp(lm_url_host(host, url), lm_url_host(other, its)) == 0;
        }
        if (at_host < (size_t)fetch->params->per_host)
            fetch->active[fetch->active_count++] = job;
    }
}

static enum lm_status step(struct lm_fetch *fetch, struct lm_err *err)
{
    double now = lm_http_seconds(fetch->http);
    sweep(fetch);
    admit(fetch);
    for (size_t i = 0; i < fetch->active_count; i++) {
        struct lm_fetch_job *job = fetch->active[i];
        if (job->state == LM_JOB_WAITING && now >= job->wake)
            job->state = LM_JOB_READY;
        if (job->state == LM_JOB_READY)
            LM_TRY(begin(fetch, job, now, err));
    }
    sweep(fetch);
    return LM_OK;
}

/** Bytes of all files together. A size that nobody has told yet counts as the mean of the others.
 */
static void tell_progress(struct lm_fetch *fetch)
{
    uint64_t done = fetch->finished, sizes = fetch->finished, known = fetch->ended,
             all = fetch->count - fetch->local;
    for (size_t i = 0; i < fetch->active_count; i++) {
        const struct lm_fetch_job *job = fetch->active[i];
        uint64_t total = job->part.before.total;
        done += job->part.size;
        if (job->part.fd < 0 || total == LM_HTTP_UNKNOWN || total < job->part.size)
            continue;
        sizes += total;
        known++;
    }
    uint64_t total = known > 0 ? (uint64_t)((double)sizes / (double)known * (double)all) : 0;
    if (known == all)
        total = sizes;
    lm_ctx_progress(fetch->ctx, done, total >= done ? total : 0, "bytes");
    lm_ctx_pace(fetch->ctx, "megabytes_per_second", (double)lm_http_received(fetch->http), 1e-6);
}

/** Takes the replies that are there; *changed: there were some. */
static enum lm_status take_replies(struct lm_fetch *fetch, bool *changed, struct lm_err *err)
{
    struct lm_http_reply reply;
    while (lm_http_take(fetch->http, &reply)) {
        *changed = true;
        LM_TRY(lm_fetch_job_reply(reply.user, &reply, lm_http_seconds(fetch->http), err));
    }
    return LM_OK;
}

/** Seconds until a job has waited long enough, at most SLICE; 0: it has, or a place is free. */
static double rest(const struct lm_fetch *fetch)
{
    double now = lm_http_seconds(fetch->http);
    double least = fetch->active_count > 0 ? SLICE : 0;
    for (size_t i = 0; i < fetch->active_count; i++)
        if (fetch->active[i]->state == LM_JOB_WAITING && fetch->active[i]->wake - now < least)
            least = fetch->active[i]->wake - now;
    return least > 0 ? least : 0;
}

static enum lm_status loop(struct lm_fetch *fetch, struct lm_err *err)
{
    double looked = -SLICE;
    bool changed = true;
    for (;;) {
        double now = lm_http_seconds(fetch->http);
        if (now - looked >= SLICE) {
            looked = now;
            if (lm_ctx_cancelled(fetch->ctx))
                return lm_fail(err, LM_CANCELLED, "interrupted");
            tell_progress(fetch);
            changed = true;
        }
        if (changed)
            LM_TRY(step(fetch, err));
        if (fetch->active_count == 0 && fetch->next >= fetch->bound)
            break;
        LM_TRY(lm_http_go_on(fetch->http, rest(fetch), err));
        changed = rest(fetch) <= 0;
        LM_TRY(take_replies(fetch, &changed, err));
    }
    tell_progress(fetch);
    return LM_OK;
}

/* ---- the whole ---- */

static enum lm_status take_local_job(struct lm_fetch *fetch, struct lm_fetch_job *job,
                                     struct lm_err *err)
{
    LM_TRY(find_whole(fetch, job, err));
    if (job->state == LM_JOB_DONE)
        return LM_OK;
    while (job->state == LM_JOB_READY && lm_fetch_job_location(job)->url == NULL)
        LM_TRY(lm_fetch_job_local(job, 0, err));
    fetch->local += job->state == LM_JOB_DONE;
    if (job->state != LM_JOB_FAILED)
        return LM_OK;
    if (err != NULL)
        *err = *job->err;
    return job->err->status;
}

/** What is on this machine, and what lies there from an earlier run, comes first: a mistake there
 * is told before hours on the network. */
static enum lm_status take_local(struct lm_fetch *fetch, bool *remote, struct lm_err *err)
{
    *remote = false;
    for (size_t i = 0; i < fetch->count; i++) {
        struct lm_fetch_job *job = &fetch->jobs[i];
        enum lm_status status = take_local_job(fetch, job, err);
        if (status != LM_OK)
            return lm_wrap(err, status, "source '%s'", job->wanted->source->name);
        *remote = *remote || job->state != LM_JOB_DONE;
    }
    return LM_OK;
}

/** Makes the folder of partial files when anything is remote. */
static enum lm_status prepare_keep(struct lm_fetch *fetch, struct lm_err *err)
{
    for (size_t i = 0; i < fetch->count; i++)
        for (size_t j = 0; j < fetch->jobs[i].wanted->count; j++)
            if (fetch->jobs[i].wanted->locations[j].url != NULL)
                return lm_ctx_keep(fetch->ctx, &fetch->keep, err);
    return LM_OK;
}

/** The failure of the first job that failed, with the name of its source. */
static enum lm_status report(const struct lm_fetch *fetch, struct lm_err *err)
{
    const struct lm_fetch_job *job = &fetch->jobs[fetch->bound];
    if (err != NULL)
        *err = *job->err;
    return lm_wrap(err, job->err->status, "source '%s'", job->wanted->source->name);
}

enum lm_status lm_fetch_all(struct lm_fetch *fetch, struct lm_err *err)
{
    bool remote = false;
    LM_TRY(jobs_list(fetch, err));
    LM_TRY(prepare_keep(fetch, err));
    enum lm_status status = take_local(fetch, &remote, err);
    if (status != LM_OK || !remote)
        return status;
    LM_TRY(lm_http_open(&fetch->http, &fetch->options, err));
    status = loop(fetch, err);
    if (status == LM_OK && fetch->bound < fetch->count)
        status = report(fetch, err);
    lm_http_close(fetch->http);
    fetch->http = NULL;
    return status;
}
