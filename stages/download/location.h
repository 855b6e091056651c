/** A place that the bytes of a file may come from: a local path, or an address on the network. */
#ifndef LM_STAGES_LOCATION_H
#define LM_STAGES_LOCATION_H

#include <stdbool.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#define LM_HOST_MAX 264 /**< bytes of a host and a port, NUL included */

struct lm_location {
    const char *url;     /**< NULL: a local path */
    const char *path;    /**< else NULL */
    const char *shown;   /**< fit to print */
    const char *failure; /**< why it gave nothing last, or NULL */
    bool dead;           /**< nothing is to be had from it any more */
};

/** Of an address; of file:// ones the path. Everything in the arena or borrowed. LM_INVALID: a bad
 *  escape; LM_NOMEM. */
enum lm_status lm_location_of_url(struct lm_location *out, struct lm_arena *arena, const char *url,
                                  struct lm_err *err);
/** Of a path, which is borrowed. */
struct lm_location lm_location_of_path(const char *path);

/** Host and port of an address in lower case, without user and password; cut when too long. Returns
 *  out. */
char *lm_url_host(char out[LM_HOST_MAX], const char *url);
/** May a secret be sent there: https://, or http:// to this machine itself. */
bool lm_url_keeps_secrets(const char *url);
/** The address of `name` in the folder that `base` is the address of, in front of its query; bytes
 *  that an address cannot have are escaped. NULL: out of memory. */
const char *lm_url_join(struct lm_arena *arena, const char *base, const char *name);
/** The path of an address without query and fragment, its escapes decoded: "/a/b c.txt". NULL: out
 * of memory, a bad escape, or none. */
const char *lm_url_path(struct lm_arena *arena, const char *url);

#endif
