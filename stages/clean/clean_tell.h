/** What a run of `clean` tells people. */
#ifndef LM_STAGES_CLEAN_TELL_H
#define LM_STAGES_CLEAN_TELL_H

#include "clean_run.h"

enum { CLEAN_LOUD_NOTES = 5 /**< files whose replaced bytes are noted one by one */ };

/** LM_INVALID: says who took most. */
enum lm_status clean_tell_nothing_left(const struct clean_run *run, struct lm_err *err);
/** Notes, results and the headline. */
void clean_tell(struct clean_run *run);

#endif
