/** The safetensors files of one checkpoint in Hugging Face's form. */
#ifndef LM_MODEL_HF_SHARDS_H
#define LM_MODEL_HF_SHARDS_H

#include "model/formats/safetensors_file.h"

enum { LM_HF_SHARDS = 256 /**< most files */ };

struct lm_hf_shards {
    struct lm_safetensors *files[LM_HF_SHARDS];
    size_t count;
};

/** Opens and checks all files: `path` itself when it is a file; of a folder model.safetensors, else
 *  what its model.safetensors.index.json lists, no more and no less. Files are named without
 *  folders. LM_FORMAT, LM_NOT_FOUND, LM_IO, LM_NOMEM; nothing stays open then. */
enum lm_status lm_hf_shards_open(struct lm_hf_shards *out, const char *path, struct lm_err *err);
void lm_hf_shards_close(struct lm_hf_shards *shards);

#endif
