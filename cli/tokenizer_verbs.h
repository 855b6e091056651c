/** Options of the verbs `tokenizer …`: read by the light program (help, usage errors) and again by
 * the worker program, which does the work. */
#ifndef LM_CLI_TOKENIZER_VERBS_H
#define LM_CLI_TOKENIZER_VERBS_H

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
extern const struct lm_option lm_tokenizer_info_options[];

/** Of `encode` and `decode`. */
struct lm_tokenizer_ids_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int format;               /* enum lm_ids_format */
    bool specials;
};
extern const struct lm_option lm_tokenizer_encode_options[];
extern const struct lm_option lm_tokenizer_decode_options[];

struct lm_tokenizer_import_args {
    int pattern; /* into lm_import_pattern_names */
    const char *sha256, *output;
};
extern const struct lm_option lm_tokenizer_import_options[];
extern const char *const lm_import_pattern_names[];

enum { LM_IMPORT_PATTERN_ANY = -1 };
extern const struct lm_tokenizer_import_args lm_tokenizer_import_defaults;

struct lm_tokenizer_export_args {
    struct lm_spec_args spec; /* first: LM_SPEC_ROWS */
    int format;               /* enum lm_vocab_format */
    const char *output;
};
extern const struct lm_option lm_tokenizer_export_options[];

#endif
