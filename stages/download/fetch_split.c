#include "fetch_split.h"

#include <stdlib.h>
#include <string.h>

struct piece {
    struct lm_fetch_job *job;
    struct lm_chunk chunk;
    bool running, whole;
};

struct lm_fetch_split {
    const char *bearer;
    uint64_t next, size; /**< where the next piece begins; bytes of a piece */
    size_t count;
    struct piece pieces[LM_DOWNLOAD_SPLIT];
};

bool lm_fetch_split_is_due(const struct lm_fetch_job *job, const struct lm_http *http)
{
    const struct lm_download_params *params = job->params;
    if (params->split < 2 || job->unsplit || job->split != NULL || job->state != LM_JOB_RUNNING)
        return false;
    const struct lm_response *response = lm_http_response(http, job);
    uint64_t total = job->part.before.total;
    return response != NULL && lm_response_may_split(response, &job->part.before) &&
           total >= (uint64_t)params->split_above && total <= (uint64_t)params->max_bytes &&
           total > job->part.size && total - job->part.size > (uint64_t)params->split_above / 8;
}

/* ---- pieces ---- */

static enum lm_status piece_begin(struct lm_fetch_split *split, struct piece *piece,
                                  struct lm_fetch_job *job, struct lm_http *http,
                                  struct lm_err *err)
{
    uint64_t total = job->part.before.total, left = total - split->next;
    struct lm_chunk *chunk = &piece->chunk;
    if (left == 0)
        return LM_OK;
    if (chunk->data == NULL)
        chunk->data = malloc(split->size);
    if (chunk->data == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    piece->job = job;
    piece->whole = false;
    chunk->from = split->next;
    chunk->to = split->next + (left < split->size ? left : split->size);
    chunk->size = 0;
    const struct lm_http_request request = {.url = job->part.url,
                                            .part = &job->part,
                                            .chunk = chunk,
                                            .bearer = split->bearer,
                                            .sha256 = job->wanted->sha256,
                                            .user = piece};
    LM_TRY(lm_http_begin(http, &request, err));
    piece->running = true;
    split->next = chunk->to;
    return LM_OK;
}

void lm_fetch_split_end(struct lm_fetch_job *job, struct lm_http *http)
{
    struct lm_fetch_split *split = job->split;
    if (split == NULL)
        return;
    for (size_t i = 0; i < split->count; i++) {
        if (split->pieces[i].running)
            lm_http_stop(http, &split->pieces[i]);
        free(split->pieces[i].chunk.data);
    }
    free(split);
    job->split = NULL;
}

enum lm_status lm_fetch_split_begin(struct lm_fetch_job *job, struct lm_http *http,
                                    const char *bearer, struct lm_err *err)
{
    struct lm_fetch_split *split = calloc(1, sizeof *split);
    if (split == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    lm_http_stop(http, job);
    job->split = split;
    split->bearer = bearer;
    split->next = job->part.size;
    split->size = (uint64_t)job->params->split_above / 8;
    split->count = (size_t)job->params->split;
    enum lm_status status = LM_OK;
    for (size_t i = 0; i < split->count && status == LM_OK; i++)
        status = piece_begin(split, &split->pieces[i], job, http, err);
    return status;
}

uint64_t lm_fetch_split_bytes(const struct lm_fetch_job *job)
{
    uint64_t bytes = 0;
    for (size_t i = 0; job->split != NULL && i < job->split->count; i++)
        bytes += job->split->pieces[i].running || job->split->pieces[i].whole
                     ? job->split->pieces[i].chunk.size
                     : 0;
    return bytes;
}

/** The piece that goes behind what is there, when it is whole. */
static struct piece *next_piece(const struct lm_fetch_job *job)
{
    struct lm_fetch_split *split = job->split;
    for (size_t i = 0; i < split->count; i++)
        if (split->pieces[i].whole && split->pieces[i].chunk.from == job->part.size)
            return &split->pieces[i];
    return NULL;
}

/** Writes what can be written, and begins as many pieces as have become free.
 */
static enum lm_status advance(struct lm_fetch_job *job, struct lm_http *http, struct lm_err *fault,
                              struct lm_err *err)
{
    for (struct piece *piece = next_piece(job); piece != NULL; piece = next_piece(job)) {
        if (lm_part_write(&job->part, piece->chunk.data, piece->chunk.size, fault) != LM_OK)
            return LM_OK;
        piece->whole = false;
        LM_TRY(piece_begin(job->split, piece, job, http, err));
    }
    return LM_OK;
}

enum lm_status lm_fetch_split_reply(struct lm_fetch_job **out, struct lm_http_reply *reply,
                                    struct lm_http *http, struct lm_err *err)
{
    struct piece *piece = reply->user;
    struct lm_fetch_job *job = piece->job;
    *out = NULL;
    piece->running = false;
    piece->whole = reply->err.status == LM_OK;
    if (piece->whole) {
        struct lm_err fault = {0};
        LM_TRY(advance(job, http, &fault, err));
        if (fault.status == LM_OK && job->part.size < job->part.before.total)
            return LM_OK;
        reply->err = fault;
        reply->resumed = true;
        reply->size = job->part.size;
        if (fault.status == LM_OK)
            lm_part_digest(&job->part, &reply->digest);
    }
    job->unsplit = reply->err.status != LM_OK;
    reply->progressed = true;
    lm_fetch_split_end(job, http);
    *out = job;
    return LM_OK;
}
