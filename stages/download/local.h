/** A file or folder on this machine, used where it lies: hashed, and held to what was hashed. */
#ifndef LM_STAGES_LOCAL_H
#define LM_STAGES_LOCAL_H

#include <sys/stat.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>

#include "base/io.h"

/** One file or folder that a source needs, on this machine; everything in the ctx's arena. */
struct lm_fetched {
    const char *path;
    const char
        *shown; /**< where it came from, fit to print: a path, or an address without secrets */
    const char *name; /**< of a file of a list: its name in the source; else NULL */
    bool folder;
    struct lm_names names;     /**< of a folder: its files, sorted */
    struct lm_names others;    /**< of a folder: what is neither file nor folder (lm_dir_walk) */
    struct lm_digest *digests; /**< of a folder: of each file */
    struct lm_digest digest;   /**< of the file, or of the folder's lines "hex  name\n" */
    uint64_t size;             /**< bytes of the file, or of all files */
    struct stat info;          /**< of the local file when it was hashed */
};

/** SHA-256 and size of a file, in slices, so that a large one can be interrupted. LM_CANCELLED,
 *  LM_IO, LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_local_hash(struct lm_digest *digest, uint64_t *size, struct lm_ctx *ctx,
                             const char *path, struct lm_err *err);
/** Hashes the file or folder at `path`. LM_INVALID: neither; and as lm_local_hash. */
enum lm_status lm_local_take(struct lm_fetched *out, struct lm_ctx *ctx, const char *path,
                             struct lm_err *err);
/** After use: LM_IO when a local file (not a folder) changed between hashing and now. */
enum lm_status lm_fetched_check(const struct lm_fetched *fetched, struct lm_err *err);

#endif
