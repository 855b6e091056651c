/** Near-duplicates (corpus/near.h) among the documents that wait. */
#ifndef LM_STAGES_CLEAN_NEAR_H
#define LM_STAGES_CLEAN_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/stage.h>

#include "base/json.h"
#include "base/pool.h"
#include "clean_params.h"
#include "clean_waiting.h"
#include "corpus/near.h"

/** What is compared of a document, found by its task; zero-initialise. */
struct clean_keys {
    uint64_t *items; /**< NULL: not found yet; owned */
    size_t grams;
};

/** Zero-initialise. */
struct clean_near {
    const struct clean_near_params *params; /**< NULL: not asked for */
    struct lm_near near;
    struct lm_shingles shingles; /**< of the thread that judges */
    uint8_t *sides;              /**< of documents, where it is drawn by hash; owned */
    size_t side_capacity;
    bool has_sides;
    int64_t clusters, across; /**< of documents; pairs across splits */
};

/** Are near-duplicates asked for? */
bool clean_near_is_wanted(const struct clean_near_params *params);
/** Nothing has come yet; files come to be in `folder`, `memory` bytes are used, about. */
void clean_near_begin(struct clean_near *out, const struct clean_params *params, const char *folder,
                      size_t memory);
/** The keys of a text; nothing when near-duplicates are not asked for. Many threads may call it,
 *  each with its own shingles. LM_NOMEM. */
enum lm_status clean_near_keys(const struct clean_near *near, struct clean_keys *out,
                               struct lm_shingles *shingles, const uint8_t *text, size_t size,
                               struct lm_err *err);
void clean_keys_release(struct clean_keys *keys);
/** Takes the next document, `side` being an enum lm_split. LM_RANGE, LM_IO, LM_NOMEM. */
enum lm_status clean_near_add(struct clean_near *near, const struct clean_keys *keys, unsigned side,
                              struct lm_err *err);
/** Finds which documents go. LM_CANCELLED, LM_RANGE, LM_IO, LM_NOMEM. */
enum lm_status clean_near_resolve(struct clean_near *near, struct clean_waiting *waiting,
                                  struct lm_ctx *ctx, struct lm_pool *pool, struct lm_err *err);
/** The document that stays for document `index`; itself: it stays. */
size_t clean_near_first(const struct clean_near *near, size_t index);
/** Members of the data card: options and counts; nothing when it was not asked for. */
void clean_near_put(struct lm_json_writer *writer, const struct clean_near *near);
void clean_near_release(struct clean_near *near);

#endif
