/** One file on its way: its locations in order, rounds over them, what they failed of. Decides what
 *  is tried next and when; the loop (fetch.c) does it. No time is read here. */
#ifndef LM_STAGES_FETCH_JOB_H
#define LM_STAGES_FETCH_JOB_H

#include <lmpipe/stage.h>

#include "http.h"
#include "local.h"
#include "wanted.h"

enum lm_job_state {
    LM_JOB_READY,   /**< its location is to be tried */
    LM_JOB_RUNNING, /**< an exchange is under way */
    LM_JOB_WAITING, /**< until `wake`, then ready */
    LM_JOB_DONE,
    LM_JOB_FAILED
};

struct lm_fetch_job {
    const struct lm_wanted *wanted;
    struct lm_ctx *ctx;
    const struct lm_download_params *params;
    enum lm_job_state state;
    size_t at;      /**< location in turn */
    int64_t rounds; /**< that have ended without a success */
    uint64_t most;  /**< bytes of the partial file that an exchange came to at most */
    bool anew;      /**< the partial file was thrown away in this round */
    double delay;   /**< seconds; the bound of the next wait */
    double asked;   /**< seconds that servers asked for in this round */
    double wake;    /**< when it is ready again: of the loop's clock */
    bool mismatched;
    struct lm_part part;      /**< of the location in turn, while it is a remote one */
    struct lm_fetched result; /**< when done */
    struct lm_err *err;       /**< when failed */
};

void lm_fetch_job_init(struct lm_fetch_job *job, struct lm_ctx *ctx,
                       const struct lm_download_params *params, const struct lm_wanted *wanted);
/** The location in turn. */
struct lm_location *lm_fetch_job_location(const struct lm_fetch_job *job);
/** The location in turn is a local one: tries it. LM_NOMEM, LM_CANCELLED. */
enum lm_status lm_fetch_job_local(struct lm_fetch_job *job, double now, struct lm_err *err);
/** What the exchange with the location in turn came to. LM_NOMEM. */
enum lm_status lm_fetch_job_reply(struct lm_fetch_job *job, struct lm_http_reply *reply, double now,
                                  struct lm_err *err);
/** The location in turn failed before an exchange began. LM_NOMEM. */
enum lm_status lm_fetch_job_refused(struct lm_fetch_job *job, const struct lm_err *why, double now,
                                    struct lm_err *err);
/** Ends it with this failure. LM_NOMEM. */
enum lm_status lm_fetch_job_fail(struct lm_fetch_job *job, const struct lm_err *why,
                                 struct lm_err *err);

#endif
