/**
 * Sorted runs of counted pieces, in memory and in unnamed files, and their exact union: a k-way
 * merge that adds up what several runs hold. Tables that outgrow their budget become runs in a file
 * and start again empty.
 */
#ifndef LM_TOKENIZER_PIECE_RUNS_H
#define LM_TOKENIZER_PIECE_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "tokenizer/piece_table.h"

/** A sorted run: bytes [at, stop) of a file. */
struct lm_piece_run {
    int fd; /**< borrowed */
    uint64_t at, stop;
};

/** Runs of one writer, one after the other in a file that has no name and goes with its descriptor;
 *  or runs that lie elsewhere (piece_kept.h). */
struct lm_piece_spill {
    int fd; /**< of its own file; -1 until the first run */
    uint64_t size;
    struct lm_piece_run *runs;
    size_t count, capacity;
};

void lm_piece_spill_init(struct lm_piece_spill *spill);
void lm_piece_spill_release(struct lm_piece_spill *spill);

/** Notes a run that is written. LM_NOMEM. */
enum lm_status lm_piece_spill_note(struct lm_piece_spill *spill, struct lm_piece_run run,
                                   struct lm_err *err);
/** Appends piece i of a sorted table, as it stands in a run. */
void lm_piece_run_put(struct lm_buf *out, const struct lm_piece_table *table, size_t i);
/** Sorts the table, writes it as a run and clears it. The file is made in `folder` and unlinked at
 *  once. LM_IO, LM_NOMEM. */
enum lm_status lm_piece_spill_table(struct lm_piece_spill *spill, struct lm_piece_table *table,
                                    const char *folder, struct lm_err *err);

/** Takes a piece of the union; false stops the merge with LM_NOMEM. */
typedef bool lm_piece_fn(void *user, const uint8_t *bytes, size_t size, int64_t count);

/** Gives each distinct piece of tables and runs once, in the order of lm_piece_compare, with the
 * sum of its counts. Sorts the tables. LM_IO, LM_NOMEM; LM_FORMAT when a file is not as it was
 * written.
 */
enum lm_status lm_piece_union(struct lm_piece_table *const *tables,
                              const struct lm_piece_spill *const *spills, size_t count,
                              lm_piece_fn *take, void *user, struct lm_err *err);

#endif
