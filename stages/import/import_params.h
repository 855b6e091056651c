/** Parameters of the stage type `import`, as its rows in import.c fill them. */
#ifndef LM_STAGES_IMPORT_PARAMS_H
#define LM_STAGES_IMPORT_PARAMS_H

#include <lmpipe/param.h>

#define IMPORT_PATTERN_OF_FILE "file"

/** A vocabulary that does not lie beside the weights. */
struct import_vocab {
    const char *path;    /**< "": it does */
    const char *pattern; /**< one of lm_pattern_names, or IMPORT_PATTERN_OF_FILE */
};

struct import_params {
    const char *path;   /**< a folder, or a .safetensors or .gguf file; "": the corpus */
    const char *sha256; /**< of the file: 64 lower-case hex digits, or "" */
    const char *config; /**< config.json of a .safetensors file; "" with a folder or .gguf */
    struct import_vocab vocab;
};

#endif
