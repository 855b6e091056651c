#include "report_tokenizer.h"

#include <math.h>

const struct report_tokenizer_column report_tokenizer_columns[] = {
    {"tokens", TEXT_TOKENS_HEAD, false, 0},
    {"bytes_per_token", TEXT_BYTES_PER_TOKEN, false, 3},
    {"tokens_per_word", TEXT_TOKENS_PER_WORD, false, 3},
    {"single_byte_share", TEXT_ONE_BYTE_TOKENS, true, 1},
    {"renyi_efficiency", TEXT_RENYI, false, 3},
    {NULL, TEXT_NO, false, 0},
};

struct lm_num report_tokenizer_cell(const struct report *report, const struct lm_json *row,
                                    size_t column)
{
    const struct report_tokenizer_column *c = &report_tokenizer_columns[column];
    double value = lm_json_double(lm_json_get(row, c->key), (double)NAN);
    return c->is_share ? report_share(report, value, c->digits) : report_fixed(value, c->digits);
}
