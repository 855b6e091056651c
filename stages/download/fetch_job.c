#include "fetch_job.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define MAX_WAIT 60.0 /**< seconds between rounds */

void lm_fetch_job_init(struct lm_fetch_job *job, struct lm_ctx *ctx,
                       const struct lm_download_params *params, const struct lm_wanted *wanted)
{
    *job = (struct lm_fetch_job){
        .wanted = wanted, .ctx = ctx, .params = params, .delay = params->retry_delay};
    job->part.fd = -1;
}

struct lm_location *lm_fetch_job_location(const struct lm_fetch_job *job)
{
    return &job->wanted->locations[job->at];
}

/* ---- waits ---- */

/** A number in [0, 1): waits are spread so that those who failed together do not come back
 * together. Nothing that is hashed sees it. */
static double jitter(void)
{
    uint32_t bits = 0;
    return getrandom(&bits, sizeof bits, GRND_NONBLOCK) == (ssize_t)sizeof bits
               ? (double)bits / 4294967296.0
               : 0.5;
}

static void wait_for(struct lm_fetch_job *job, double seconds, double now)
{
    job->state = LM_JOB_WAITING;
    job->wake = now + seconds;
}

/* ---- the end ---- */

enum lm_status lm_fetch_job_fail(struct lm_fetch_job *job, const struct lm_err *why,
                                 struct lm_err *err)
{
    job->state = LM_JOB_FAILED;
    lm_part_close(&job->part, NULL);
    job->err = LM_NEW_ARRAY(lm_ctx_arena(job->ctx), struct lm_err, 1);
    if (job->err == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    *job->err = *why;
    return LM_OK;
}

/** All reasons in one line. */
static enum lm_status fail_all(struct lm_fetch_job *job, const struct lm_err *last,
                               struct lm_err *err)
{
    const struct lm_wanted *wanted = job->wanted;
    struct lm_err all;
    char text[900] = "";
    size_t n = 0;
    if (wanted->count == 1)
        return lm_fetch_job_fail(job, last, err);
    for (size_t i = 0; i < wanted->count && n < sizeof text; i++) {
        const char *why = wanted->locations[i].failure;
        int more = snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? "; " : "",
                            why != NULL ? why : "not tried");
        n += more > 0 ? (size_t)more : 0;
    }
    lm_fail(&all, job->mismatched ? LM_MISMATCH : LM_NETWORK, "no location will do: %s", text);
    return lm_fetch_job_fail(job, &all, err);
}

/* ---- from location to location ---- */

/** Goes to the next location that is alive; at the end of a round waits, or gives up. */
static enum lm_status next_location(struct lm_fetch_job *job, const struct lm_err *last, double now,
                                    struct lm_err *err)
{
    bool alive = false;
    size_t before = job->at;
    job->state = LM_JOB_READY;
    for (job->at++; job->at < job->wanted->count; job->at++)
        if (!lm_fetch_job_location(job)->dead) {
            lm_part_close(&job->part, NULL);
            return LM_OK;
        }
    for (size_t i = job->wanted->count; i-- > 0;)
        if (!job->wanted->locations[i].dead) {
            job->at = i;
            alive = true;
        }
    if (!alive || job->rounds >= job->params->retries)
        return fail_all(job, last, err);
    if (job->at != before)
        lm_part_close(&job->part, NULL);
    job->rounds++;
    double wait = jitter() * job->delay;
    wait = job->asked > wait ? job->asked : wait;
    wait = wait < MAX_WAIT ? wait : MAX_WAIT;
    lm_ctx_note(job->ctx, "source '%s': trying again in %.1f s", job->wanted->source->name, wait);
    wait_for(job, wait, now);
    job->delay = job->delay * 2 < MAX_WAIT ? job->delay * 2 : MAX_WAIT;
    job->asked = 0;
    job->anew = false;
    return LM_OK;
}

/** Failures that no other location can mend, when it is a remote one that failed. */
static bool is_ours(enum lm_status status)
{
    return status == LM_IO || status == LM_NOMEM;
}

static enum lm_status location_failed(struct lm_fetch_job *job, const struct lm_err *why,
                                      bool retry, double now, struct lm_err *err)
{
    struct lm_location *location = lm_fetch_job_location(job);
    if (location->url != NULL && is_ours(why->status))
        return lm_fetch_job_fail(job, why, err);
    location->dead = !retry;
    location->failure = lm_arena_strdup(lm_ctx_arena(job->ctx), why->text);
    if (location->failure == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    job->mismatched = job->mismatched || why->status == LM_MISMATCH;
    if (job->wanted->count > 1 || retry)
        lm_ctx_note(job->ctx, "source '%s': %s", job->wanted->source->name, why->text);
    return next_location(job, why, now, err);
}

enum lm_status lm_fetch_job_refused(struct lm_fetch_job *job, const struct lm_err *why, double now,
                                    struct lm_err *err)
{
    return location_failed(job, why, false, now, err);
}

/* ---- pins ---- */

/** Text after a Content-Encoding nobody asked for; only packings that are read here can be meant.
 */
static bool is_packing(const char *coding)
{
    static const char *const packings[] = {"gzip", "x-gzip", "zstd"};
    for (size_t i = 0; i < sizeof packings / sizeof packings[0]; i++)
        if (strcmp(coding, packings[i]) == 0)
            return true;
    return false;
}

/** Holds what was fetched to what it must be. `response`: of a remote one, else NULL. */
static enum lm_status check(const struct lm_fetch_job *job, const struct lm_fetched *got,
                            const struct lm_response *response, struct lm_err *err)
{
    const struct lm_wanted *wanted = job->wanted;
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, &got->digest);
    const char *coding = response != NULL ? response->coding : "";
    const char *linked = response != NULL ? response->linked : "";
    if (wanted->pinned && lm_digest_compare(&got->digest, &wanted->pin) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "%s has sha256 %s, but %s pins %s%s; check the source, then change the pin",
                       got->shown, hex, wanted->pinned_at, wanted->sha256,
                       coding[0] != '\0' ? " (the server applied a Content-Encoding unasked)" : "");
    if (wanted->size != LM_UNSET_INT && (uint64_t)wanted->size != got->size)
        return lm_fail(
            err, LM_MISMATCH, "%s has %llu bytes, but sources.%zu.size says %lld; check the source",
            got->shown, (unsigned long long)got->size, wanted->index, (long long)wanted->size);
    if (!wanted->pinned && linked[0] != '\0' && strcmp(linked, hex) != 0)
        return lm_fail(err, LM_MISMATCH,
                       "%s has sha256 %s, but its server says %s; try again later", got->shown, hex,
                       linked);
    if (!wanted->pinned && coding[0] != '\0' && !is_packing(coding))
        return lm_fail(err, LM_NETWORK,
                       "%s: the server applied a Content-Encoding (%s) that nobody asked for; pin "
                       "the file, or take it from elsewhere",
                       got->shown, coding);
    return LM_OK;
}

enum lm_status lm_fetch_job_local(struct lm_fetch_job *job, double now, struct lm_err *err)
{
    struct lm_err why = {0};
    struct lm_location *location = lm_fetch_job_location(job);
    enum lm_status status = lm_local_take(&job->result, job->ctx, location->path, &why);
    if (status == LM_OK)
        status = check(job, &job->result, NULL, &why);
    if (status == LM_CANCELLED || status == LM_NOMEM)
        return lm_fail(err, status, "%s", why.text);
    if (status != LM_OK)
        return location_failed(job, &why, false, now, err);
    job->result.name = job->wanted->name;
    job->state = LM_JOB_DONE;
    return LM_OK;
}

/* ---- replies ---- */

/** A hub's address that names a branch leads elsewhere one day; the commit does not. */
static void tell_revision(const struct lm_fetch_job *job, const struct lm_http_reply *reply)
{
    const struct lm_location *location = lm_fetch_job_location(job);
    const char *commit = reply->response.commit;
    const char *at = strstr(location->url, "/resolve/");
    if (commit[0] == '\0' || at == NULL || strncmp(at + 9, commit, strlen(commit)) == 0)
        return;
    lm_ctx_note(job->ctx,
                "source '%s': the address names a revision that can move; write /resolve/%s/ to "
                "keep this one",
                job->wanted->source->name, commit);
}

static enum lm_status arrived(struct lm_fetch_job *job, const struct lm_http_reply *reply,
                              double now, struct lm_err *err)
{
    struct lm_err why = {0};
    const struct lm_location *location = lm_fetch_job_location(job);
    job->result = (struct lm_fetched){.path = job->part.path,
                                      .shown = location->shown,
                                      .name = job->wanted->name,
                                      .digest = reply->digest,
                                      .size = reply->size};
    enum lm_status status = check(job, &job->result, &reply->response, &why);
    if (status == LM_OK) {
        tell_revision(job, reply);
        job->state = LM_JOB_DONE;
        status = lm_part_close(&job->part, &why);
        return status == LM_OK ? LM_OK : lm_fetch_job_fail(job, &why, err);
    }
    lm_part_remove(&job->part);
    if (!reply->resumed)
        return location_failed(job, &why, false, now, err);
    job->state = LM_JOB_READY; /* from pieces that do not belong together: once more, whole */
    return LM_OK;
}

enum lm_status lm_fetch_job_reply(struct lm_fetch_job *job, struct lm_http_reply *reply, double now,
                                  struct lm_err *err)
{
    if (reply->err.status == LM_OK)
        return arrived(job, reply, now, err);
    if (reply->err.status == LM_NETWORK && reply->again && !job->anew) {
        job->anew = true;
        job->state = LM_JOB_READY;
        return LM_OK;
    }
    if (reply->err.status == LM_NETWORK && reply->progressed && job->part.size > job->most) {
        job->most = job->part.size; /* further than ever: no round is lost */
        job->rounds = 0;
        job->delay = job->params->retry_delay;
        wait_for(job, jitter() * job->delay, now);
        return LM_OK;
    }
    if (reply->retry_after > job->asked)
        job->asked = reply->retry_after;
    return location_failed(job, &reply->err, reply->retry, now, err);
}
