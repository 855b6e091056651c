/** An external vocabulary, in place of one that is trained. */
#ifndef LM_STAGES_BPE_IMPORT_H
#define LM_STAGES_BPE_IMPORT_H

#include <lmpipe/tokenizer.h>

#include "bpe_params.h"

/** Whether the parameters name one. */
bool bpe_imports(const struct bpe_params *params);

/** Reads it. Only what the key holds is read: a file alone, or a folder. Errors of lm_vocab_import.
 */
enum lm_status bpe_import(struct lm_vocab **out, const struct bpe_import *import,
                          struct lm_err *err);

#endif
