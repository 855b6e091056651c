/** Every removed document with why, where that is asked for (docs/formats/removals.md). */
#ifndef LM_STAGES_CLEAN_REMOVALS_H
#define LM_STAGES_CLEAN_REMOVALS_H

#include <lmpipe/status.h>

#include "clean_batch.h"
#include "clean_totals.h"
#include "data/jsonl.h"

/** Zero-initialise. */
struct clean_removals {
    struct lm_jsonl_writer *writer; /**< NULL: nobody asks */
    struct lm_buf line;
};

/** LM_IO, LM_NOMEM. */
enum lm_status clean_removals_open(struct clean_removals *out, const char *path,
                                   struct lm_err *err);

/** Why a document that waited goes. */
struct clean_like {
    double value; /**< Jaccard of the pair that was found; or the classifier's score */
    const struct lm_digest *of; /**< the document that stays for it; NULL: none */
};

/** Writes a removed document: why, what was measured, the bounds, where it comes from, its text.
 *  `like` of one that waited; NULL: nothing is to be told. LM_IO, LM_NOMEM. */
enum lm_status clean_removals_put(struct clean_removals *removals, const struct clean_drop *drop,
                                  const struct clean_item *item, const struct clean_like *like,
                                  const char *source, const char *member, const void *text,
                                  size_t size, struct lm_err *err);
/** LM_IO. */
enum lm_status clean_removals_finish(struct clean_removals *removals, struct lm_err *err);
void clean_removals_abandon(struct clean_removals *removals);

#endif
