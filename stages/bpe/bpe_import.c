#include "bpe_import.h"

#include <string.h>

bool bpe_imports(const struct bpe_params *params)
{
    return params->import.path != NULL && params->import.path[0] != '\0';
}

enum lm_status bpe_import(struct lm_vocab **out, const struct bpe_import *import,
                          struct lm_err *err)
{
    bool has_pin = import->sha256 != NULL && import->sha256[0] != '\0';
    bool has_pattern = strcmp(import->pattern, BPE_PATTERN_OF_FILE) != 0;
    const struct lm_vocab_source source = {
        .path = import->path,
        .pattern = has_pattern ? import->pattern : NULL,
        .sha256 = has_pin ? import->sha256 : NULL,
        .is_alone = true,
    };
    return lm_vocab_import(out, &source, err);
}
