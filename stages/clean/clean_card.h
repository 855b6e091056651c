/** The data card: JSON, deterministic, for the report and for people (docs/formats/card.md). */
#ifndef LM_STAGES_CLEAN_CARD_H
#define LM_STAGES_CLEAN_CARD_H

#include <lmpipe/status.h>

#include "clean_classifier.h"
#include "clean_contamination.h"
#include "clean_corpus.h"
#include "clean_near.h"
#include "clean_sketches.h"
#include "clean_split.h"
#include "clean_substring.h"
#include "clean_totals.h"

/** Writes the card to `path`; sorts totals->sizes, and the sketches (NULL:
 *  none are asked for). LM_IO, LM_NOMEM. */
enum lm_status clean_card_write(const char *path, const struct clean_corpus *corpus,
                                struct clean_totals *totals, struct clean_splitter *splitter,
                                const struct clean_near *near, struct clean_sketches *sketches,
                                const struct clean_classifier *classifier,
                                const struct clean_substring *substring,
                                struct clean_contamination *contamination, struct lm_err *err);

#endif
