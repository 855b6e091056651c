/**
 * A model's folder that appears, or replaces one that is there, as a whole: it is filled beside its
 * goal under another name, then takes its place in one step.
 */
#ifndef LM_CLI_HEAVY_FOLDER_H
#define LM_CLI_HEAVY_FOLDER_H

#include <lmpipe/arena.h>

#include "heavy_model.h"

/** Writes config.json, model.safetensors and vocab of a model to the folder `path`. What is there
 *  already may only be a folder that holds nothing but these files. LM_INVALID: it holds others, or
 *  is no folder, and nothing was touched; LM_IO, LM_NOMEM. */
enum lm_status lm_heavy_folder_write(const struct lm_heavy_model *model, const char *path,
                                     struct lm_arena *arena, struct lm_err *err);

#endif
