/** Which files a source consists of, where each may come from, and what it must be. */
#ifndef LM_STAGES_WANTED_H
#define LM_STAGES_WANTED_H

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "download.h"
#include "location.h"

struct lm_wanted {
    const struct lm_download_source *source;
    size_t index;                  /**< of the source */
    const char *name;              /**< of a file of a list: its name in the source; else NULL */
    struct lm_location *locations; /**< in the order in which they are tried */
    size_t count;
    bool pinned;
    struct lm_digest pin;
    const char *sha256;    /**< the pin's digits, or "" */
    const char *pinned_at; /**< "sources.0.sha256", "SHA256SUMS:3": where it stands */
    int64_t size;          /**< bytes that it must have; LM_UNSET_INT: any */
};

struct lm_wanted_list {
    struct lm_wanted *items;
    size_t count;
};

/** The files of source `index`: one, or those of its list that `include` takes. Everything in the
 *  arena or borrowed from the source. LM_FORMAT, LM_INVALID: a list that does not make sense, with
 *  its line; LM_RANGE, LM_IO, LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_wanted_of(struct lm_wanted_list *out, struct lm_arena *arena,
                            const struct lm_download_source *source, size_t index,
                            struct lm_err *err);

#endif
