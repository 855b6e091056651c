/** What becomes of cleaned documents, one after the other in the order of the text: why they go, or
 *  which side they go to. */
#ifndef LM_STAGES_CLEAN_JUDGE_H
#define LM_STAGES_CLEAN_JUDGE_H

#include "clean_run.h"

/** Judges the documents of a batch. What cleaning one of them failed with; LM_IO, LM_NOMEM. */
enum lm_status clean_judge_batch(struct clean_run *run, struct clean_batch *batch,
                                 struct lm_err *err);
/** All is judged: LM_FORMAT for a file none of whose records has text, which was not meant so. */
enum lm_status clean_judge_end(const struct clean_run *run, struct lm_err *err);

#endif
