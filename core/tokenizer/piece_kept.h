/** Sorted runs of counted pieces as frames (base/spool.h), which outlive the process that counted.
 */
#ifndef LM_TOKENIZER_PIECE_KEPT_H
#define LM_TOKENIZER_PIECE_KEPT_H

#include <stdbool.h>

#include "base/spool.h"
#include "tokenizer/piece_runs.h"

/** Sorts the table, keeps it as a frame and clears it; `kept` notes the run. Nothing of an empty
 *  one. Takes as much memory again as its pieces do. LM_IO, LM_NOMEM. */
enum lm_status lm_piece_keep_table(struct lm_piece_spill *kept, struct lm_spool *spool,
                                   struct lm_piece_table *table, struct lm_err *err);
/** Moves the runs of a spill. LM_IO, LM_NOMEM. */
enum lm_status lm_piece_keep_spill(struct lm_piece_spill *kept, struct lm_spool *spool,
                                   struct lm_piece_spill *spill, struct lm_err *err);
/** Notes all frames as runs; *is_sound false, and none is noted: one is not as it was written.
 *  LM_NOMEM. */
enum lm_status lm_piece_keep_open(struct lm_piece_spill *kept, bool *is_sound,
                                  const struct lm_spool *spool, struct lm_err *err);

#endif
