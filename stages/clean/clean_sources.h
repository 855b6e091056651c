/** The output `sources`: which documents of the text are of which source (docs/formats/sources.md).
 */
#ifndef LM_STAGES_CLEAN_SOURCES_H
#define LM_STAGES_CLEAN_SOURCES_H

#include "clean_corpus.h"

/** Writes it, once documents were shared out. LM_IO, LM_NOMEM. */
enum lm_status clean_sources_write(const char *path, const struct clean_corpus *corpus,
                                   struct lm_err *err);

#endif
