/**
 * Records of one size in the order of their bytes, in bounded memory: what does not fit becomes
 * sorted runs in a file without a name, which are merged. The order is that of memcmp, and memory
 * decides nothing but time.
 */
#ifndef LM_BASE_SORTER_H
#define LM_BASE_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

enum { LM_SORTER_RECORD = 64 /**< bytes of a record, at most */ };

/** A run that is being read. */
struct lm_sorter_run {
    uint64_t at, end; /**< bytes of the file that were not read yet */
    uint8_t *items;   /**< of the room for this run */
    size_t next, count;
};

struct lm_sorter {
    size_t record;      /**< bytes of one */
    size_t most;        /**< records that memory holds */
    const char *folder; /**< for the file; borrowed */
    uint8_t *items;
    size_t count, capacity, next;
    int fd; /**< -1: all is in memory */
    uint64_t *ends;
    size_t run_count, run_capacity;
    struct lm_sorter_run *runs; /**< a heap by their next records, while they are merged */
    size_t live;
};

/** `record` bytes in [1, LM_SORTER_RECORD]; about `memory` bytes are used, some kilobytes at the
 *  least; files come to be in `folder`, when they are needed. */
void lm_sorter_init(struct lm_sorter *out, size_t record, size_t memory, const char *folder);
/** Takes a record. LM_IO: the disk is full or broken; LM_NOMEM. */
enum lm_status lm_sorter_add(struct lm_sorter *sorter, const void *record, struct lm_err *err);
/** After the last one: from now on lm_sorter_next gives them. LM_IO, LM_NOMEM. */
enum lm_status lm_sorter_sort(struct lm_sorter *sorter, struct lm_err *err);
/** The next record, borrowed until the next call; NULL after the last. LM_IO. */
enum lm_status lm_sorter_next(struct lm_sorter *sorter, const uint8_t **record, struct lm_err *err);
void lm_sorter_release(struct lm_sorter *sorter);

#endif
