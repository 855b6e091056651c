/** The files of a model, wherever they come from, as one folder of links under the names that
 * Hugging Face gives them. */
#ifndef LM_STAGES_IMPORT_PARTS_H
#define LM_STAGES_IMPORT_PARTS_H

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

/** Links the files of a corpus (docs/formats/corpus.md) into `folder`, which exists and is empty:
 * by their own names, and members called `data`, which a download of a single file has, by what
 * they hold: weights, a GGUF file (model.gguf), config.json, tokenizer.json, vocab.json,
 * merges.txt, an index of weights. LM_FORMAT: two have one name, or one holds nothing of a model;
 * LM_IO, LM_NOMEM.
 */
enum lm_status import_link_corpus(const char *folder, struct lm_arena *arena, const char *corpus,
                                  struct lm_err *err);
/** Links one file into the folder under a name. LM_FORMAT: there is one of that name; LM_IO. */
enum lm_status import_link(const char *folder, struct lm_arena *arena, const char *name,
                           const char *file, struct lm_err *err);

#endif
