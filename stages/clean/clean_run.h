/**
 * A run of `clean`, and its steps. Files are cut into pieces (clean_read.h); pieces are cleaned by
 * themselves, on all threads (clean_batch.h); documents are judged one after the other, in the
 * order of the text, whoever cleaned them (clean_judge.h). All three go on at the same time, a
 * batch each.
 */
#ifndef LM_STAGES_CLEAN_RUN_H
#define LM_STAGES_CLEAN_RUN_H

#include <lmpipe/stage.h>

#include "base/batches.h"
#include "base/pool.h"
#include "clean_batch.h"
#include "clean_classifier.h"
#include "clean_contamination.h"
#include "clean_corpus.h"
#include "clean_dedup.h"
#include "clean_kept.h"
#include "clean_left.h"
#include "clean_near.h"
#include "clean_params.h"
#include "clean_read.h"
#include "clean_removals.h"
#include "clean_sketches.h"
#include "clean_split.h"
#include "clean_substring.h"
#include "clean_totals.h"
#include "clean_waiting.h"

struct clean_run {
    struct lm_ctx *ctx;
    const struct clean_params *params;
    struct lm_clean_options options;
    struct clean_corpus corpus;
    struct lm_ruleset rules;
    struct clean_work work; /**< what all batches are cleaned by */
    struct clean_reader reader;
    struct clean_kept kept_work; /**< documents that need not be cleaned again */
    struct clean_batch batches[LM_BATCHES];
    struct clean_totals totals;
    struct clean_splitter splitter;
    struct clean_dedup dedup;
    struct clean_removals removals;
    struct clean_waiting waiting; /**< where documents are judged together */
    struct clean_near near;
    struct clean_sketches sketches; /**< where near-duplicates are not asked for */
    struct clean_classifier classifier;
    struct clean_substring substring;
    struct clean_left left; /**< of those that wait */
    struct clean_contamination contamination;
    struct lm_language *language; /**< NULL: not asked */
    struct lm_pool *pool;
    struct lm_arena *labels; /**< of one message */
    size_t memory;           /**< bytes that are to be enough */
    int64_t bytes_done, bytes_all;
    int64_t kept[CLEAN_KEPT]; /**< documents that have each of documents.keep */
};

#endif
