/**
 * From a source to one verified local file or folder: locations in order, rounds of retries,
 * pins. Downloaded files are kept in a folder that outlives an interrupted run, so that a
 * source is fetched once; local files are used where they lie.
 */
#ifndef LM_STAGES_FETCH_H
#define LM_STAGES_FETCH_H

#include <sys/stat.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#include "base/io.h"

#include "download.h"
#include "http.h"

struct lm_fetch {
    struct lm_ctx *ctx;
    const struct lm_download_params *params;
    struct lm_http_options options;
    struct lm_http *http; /**< opened when it is needed */
};

/** What a source is on this machine; everything in the ctx's arena. */
struct lm_fetched {
    const char *path;
    const char
        *shown; /**< where it came from, fit to print: a path, or an address without secrets */
    bool folder;
    struct lm_names names;     /**< of a folder: its files, sorted */
    struct lm_names others;    /**< of a folder: what is neither file nor folder (lm_dir_walk) */
    struct lm_digest *digests; /**< of a folder: of each file */
    struct lm_digest digest;   /**< of the file, or of the folder's lines "hex  name\n" */
    uint64_t size;             /**< bytes of the file, or of all files */
    struct stat info;          /**< of the local file when it was hashed */
};

/** The context and the parameters must outlive it; lm_fetch_release ends it. */
void lm_fetch_init(struct lm_fetch *fetch, struct lm_ctx *ctx,
                   const struct lm_download_params *params);
void lm_fetch_release(struct lm_fetch *fetch);

/** Fetches source `index`, whose digest agrees with its pin. LM_MISMATCH: both digests are in the
 *  text; LM_NETWORK: each location's reason is; LM_NOT_FOUND, LM_IO, LM_RANGE, LM_NOMEM,
 * LM_CANCELLED. */
enum lm_status lm_fetch_source(struct lm_fetched *out, struct lm_fetch *fetch, size_t index,
                               struct lm_err *err);
/** After use: LM_IO when a local file (not a folder) changed between hashing and now. */
enum lm_status lm_fetched_check(const struct lm_fetched *fetched, struct lm_err *err);

#endif
