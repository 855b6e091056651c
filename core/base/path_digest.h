/** The digest of a file or folder a user names: what enters keys, whoever computes it. */
#ifndef LM_BASE_PATH_DIGEST_H
#define LM_BASE_PATH_DIGEST_H

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

/** SHA-256 of one regular file's bytes: read now, or remembered. */
typedef enum lm_status lm_file_digest_fn(void *user, struct lm_digest *out, const char *path,
                                         struct lm_err *err);
/** A file's digest is that of its bytes; a folder's that of the lines "<hex>  <relative path>\n" of
 *  all files in it as lm_dir_walk finds them, sorted by path. LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_path_digest(struct lm_digest *out, const char *path, lm_file_digest_fn *file,
                              void *user, struct lm_err *err);

#endif
