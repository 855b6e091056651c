/** Figures of the tokenizer card as columns, for the page and for Markdown. */
#ifndef LM_REPORT_TOKENIZER_H
#define LM_REPORT_TOKENIZER_H

#include <stddef.h>

#include "base/json.h"
#include "report_text.h"

struct report_tokenizer_column {
    const char *key;
    enum report_text label;
    bool is_share;
    int digits;
};

/** NULL-key terminated. */
extern const struct report_tokenizer_column report_tokenizer_columns[];

/** Column `column` of a split or source of the card; "–" when it is not there. */
struct lm_num report_tokenizer_cell(const struct report *report, const struct lm_json *row,
                                    size_t column);

#endif
