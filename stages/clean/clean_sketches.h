/**
 * How many pairs of documents that are nearly the same stand on two sides of the split, estimated
 * in passing where nobody asks for near-duplicates: of a sample of documents (by the least hash of
 * their sketches, so that both of a pair are in it or neither; it depends on no order) those that
 * share that hash are compared by their sketches.
 */
#ifndef LM_STAGES_CLEAN_SKETCHES_H
#define LM_STAGES_CLEAN_SKETCHES_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

#include "base/json.h"
#include "corpus/sketch.h"

enum {
    CLEAN_SKETCH_LEAST = 4,       /**< hashes of a sketch that says something */
    CLEAN_SKETCHES_MOST = 1 << 15 /**< documents of the sample: 9 MB */
};

struct clean_sketched {
    struct lm_sketch sketch;
    enum lm_split side;
};

/** Zero-initialise. */
struct clean_sketches {
    struct clean_sketched *items; /**< owned */
    size_t count, capacity;
    unsigned halvings; /**< a document of each 2^halvings is in the sample */
    int64_t documents; /**< whose sketches say something */
};

/** Takes a document that stays. LM_NOMEM. */
enum lm_status clean_sketches_add(struct clean_sketches *sketches, const struct lm_sketch *sketch,
                                  enum lm_split side, struct lm_err *err);
/** Pairs across splits whose Jaccard coefficient is at least `threshold`, about; sorts the sample.
 */
double clean_sketches_estimate(struct clean_sketches *sketches, double threshold);
/** The member "near_estimate" of the card; sorts the sample. */
void clean_sketches_put(struct lm_json_writer *writer, struct clean_sketches *sketches);
void clean_sketches_release(struct clean_sketches *sketches);

#endif
