/**
 * One large file by several exchanges: pieces of it are fetched at once, into memory, and go into
 * the partial file in their order, which so stays what an interrupted or ordinary exchange leaves.
 * Only where the server has ranges and a strong entity tag. Whatever goes wrong ends it, and an
 * ordinary exchange goes on behind what is there.
 */
#ifndef LM_STAGES_FETCH_SPLIT_H
#define LM_STAGES_FETCH_SPLIT_H

#include "fetch_job.h"

/** Should the file that a job's running exchange fetches be split now? */
bool lm_fetch_split_is_due(const struct lm_fetch_job *job, const struct lm_http *http);
/** Ends the job's exchange and begins those of the first pieces. `bearer`: as for that exchange.
 *  LM_NOMEM. */
enum lm_status lm_fetch_split_begin(struct lm_fetch_job *job, struct lm_http *http,
                                    const char *bearer, struct lm_err *err);
/** Takes the reply of a piece, whose `user` it is, and goes on. When the file is whole or a piece
 * did not come, the split has ended and *reply is as of an ordinary exchange of the job *out; else
 * *out is NULL. LM_NOMEM. */
enum lm_status lm_fetch_split_reply(struct lm_fetch_job **out, struct lm_http_reply *reply,
                                    struct lm_http *http, struct lm_err *err);
/** Bytes of a job's pieces that are not in its partial file yet. */
uint64_t lm_fetch_split_bytes(const struct lm_fetch_job *job);
/** Ends the exchanges of a job's pieces; not split: nothing. */
void lm_fetch_split_end(struct lm_fetch_job *job, struct lm_http *http);

#endif
