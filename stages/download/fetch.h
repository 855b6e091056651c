/**
 * From sources to verified local files and folders: all of them at once, each from its locations in
 * order, with rounds of retries, held to its pin. Downloaded files are kept in a folder that
 * outlives an interrupted run, so that a file is fetched once; local files are used where they lie.
 *
 * Results do not depend on what came first: files stand in the order of the spec, and the failure
 * that is told is that of the first file in that order that cannot be had.
 */
#ifndef LM_STAGES_FETCH_H
#define LM_STAGES_FETCH_H

#include <lmpipe/stage.h>

#include "download.h"
#include "local.h"

struct lm_fetch;

/** The context and the parameters must outlive it. LM_NOMEM. */
enum lm_status lm_fetch_create(struct lm_fetch **out, struct lm_ctx *ctx,
                               const struct lm_download_params *params, struct lm_err *err);
void lm_fetch_free(struct lm_fetch *fetch); /**< NULL is fine */

/** Fetches the files of all sources; each agrees with its pin. The text begins with the source.
 *  LM_MISMATCH: both digests are in the text; LM_NETWORK: each location's reason is; LM_INVALID: a
 *  list or a secret is wrong; LM_NOT_FOUND, LM_IO, LM_RANGE, LM_FORMAT, LM_NOMEM, LM_CANCELLED
 *  (partial files stay). */
enum lm_status lm_fetch_all(struct lm_fetch *fetch, struct lm_err *err);
/** The i-th file of source `index`, after lm_fetch_all; NULL beyond the last. */
const struct lm_fetched *lm_fetch_file(const struct lm_fetch *fetch, size_t index, size_t i);

#endif
