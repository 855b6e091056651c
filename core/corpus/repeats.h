/**
 * What stands more than once in many documents, to the byte (Lee et al. 2022, Deduplicating
 * training data makes language models better, section 4.1): runs of `bytes` bytes or more that
 * stood before, in the order in which documents came, within one document or in several, found by
 * a suffix array. Where a run stands first it stays, so what is found of a later one that overlaps
 * it begins where the first one ends. No run crosses the end of a document. Results depend on the
 * documents and their order alone. All texts are in memory: lm_repeats_memory says how much that
 * takes.
 */
#ifndef LM_CORPUS_REPEATS_H
#define LM_CORPUS_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/pool.h"
#include "corpus/suffix_array.h"

/** A stretch of a document, in bytes. */
struct lm_repeat {
    size_t at, end;
};

/** Zero-initialise, then lm_repeats_begin. */
struct lm_repeats {
    size_t bytes;   /**< of the shortest run */
    uint8_t *texts; /**< one after the other, each with a byte behind it that no text has */
    size_t size, capacity;
    uint64_t *cuts; /**< a bit for each byte that stood before */
};

/** Bytes of memory for documents of `size` bytes together, `count` of them: each with its suffix's
 *  place and two marks. */
static inline uint64_t lm_repeats_memory(uint64_t size, uint64_t count)
{
    const uint64_t all = size + count;
    return all * (1 + sizeof(int32_t)) + all / 4 + 64;
}

/** Makes room for these; bytes ≥ 1. LM_RANGE: more than 2 GiB; LM_NOMEM. */
enum lm_status lm_repeats_begin(struct lm_repeats *out, size_t bytes, size_t size, size_t count,
                                struct lm_err *err);
/** Takes the next document, which is UTF-8, and of which there must be room; where it begins. */
size_t lm_repeats_add(struct lm_repeats *repeats, const void *text, size_t size);
/** Finds what stood before; no document may come any more. LM_CANCELLED, LM_NOMEM. */
enum lm_status lm_repeats_find(struct lm_repeats *repeats, struct lm_pool *pool,
                               const struct lm_suffix_watch *watch, struct lm_err *err);
/** The first stretch of whole characters from `from` on, of the `size` bytes of the document that
 *  begins at `start`, that stood before; false: there is none. Many threads may ask. */
bool lm_repeats_next(const struct lm_repeats *repeats, size_t start, size_t size, size_t from,
                     struct lm_repeat *out);
void lm_repeats_release(struct lm_repeats *repeats);

#endif
