/** What the commands `tokenizer …` are given: filled by the light program (usage errors) and again
 * by the worker program, which does the work. */
#ifndef LM_CLI_TOKENIZER_COMMANDS_H
#define LM_CLI_TOKENIZER_COMMANDS_H

#include "loaded.h"

#define LM_TOKENIZER_NOTES                                                                         \
    "VOCAB is a vocabulary file, or SPEC:STAGE.PORT (SPEC:STAGE for its port \"vocab\"): the "     \
    "result\nof what the spec says now."

/** How ids are written: NULL-terminated names in enum order. */
enum lm_ids_format { LM_IDS_TEXT, LM_IDS_U16, LM_IDS_U32 };

extern const char *const lm_ids_format_names[];

struct lm_tokenizer_info_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    bool json;
};

/** Of `encode` and `decode`. */
struct lm_tokenizer_ids_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int format;               /* enum lm_ids_format */
    bool specials;
};

struct lm_tokenizer_import_args {
    int pattern; /* into lm_import_pattern_names */
    const char *sha256, *output;
};

extern const char *const lm_import_pattern_names[];

enum { LM_IMPORT_PATTERN_ANY = -1 };

struct lm_tokenizer_export_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int format;               /* enum lm_vocab_format */
    const char *output;
};

#endif
