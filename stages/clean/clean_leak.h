/** How much of what is held out is also trained on: long lines that stand in more than one split.
 */
#ifndef LM_STAGES_CLEAN_LEAK_H
#define LM_STAGES_CLEAN_LEAK_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

#include "base/buf.h"
#include "base/json.h"

enum {
    CLEAN_LEAK_LINE = 32,      /**< bytes of the shortest line that is compared */
    CLEAN_LEAK_LINES = 1 << 18 /**< distinct lines that are held at most: 12 MB */
};

/** A line that was met; no line: no counts. */
struct clean_leak_line {
    uint64_t hash;
    uint32_t counts[LM_SPLITS];
};

/** Lines by hash, of all splits; beyond CLEAN_LEAK_LINES those of the smaller hashes, which is a
 *  sample that depends on no order. Zero-initialise. */
struct clean_leak {
    struct clean_leak_line *slots; /**< open addressing; owned */
    size_t count, capacity;
    unsigned halvings;        /**< a line of each 2^halvings is in the sample */
    int64_t lines[LM_SPLITS]; /**< that were compared or left out of the sample */
};

/** Appends the hash (uint64_t) of each long line of a text, which any thread may do. */
void clean_leak_hash(struct lm_buf *out, const void *text, size_t size);
/** Counts the lines of a document of a split: by their hashes, or those of its text where `hashes`
 * is NULL. LM_NOMEM. */
enum lm_status clean_leak_add(struct clean_leak *leak, enum lm_split side,
                              const struct lm_buf *hashes, const void *text, size_t size,
                              struct lm_err *err);
/** Lines of the sample that stand in `side`, and those of them that stand in `other`, too. */
void clean_leak_count(const struct clean_leak *leak, enum lm_split side, enum lm_split other,
                      int64_t *lines, int64_t *met);
/** The member "split_overlaps" of the card: a row for each pair of splits that have text. */
void clean_leak_put(struct lm_json_writer *writer, const struct clean_leak *leak);
void clean_leak_release(struct clean_leak *leak);

#endif
