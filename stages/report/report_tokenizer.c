#include "report_tokenizer.h"

#include <math.h>

const struct report_tokenizer_column report_tokenizer_columns[] = {
    {"tokens", "Tokens", lm_num_fixed, 0},
    {"bytes_per_token", "Bytes per token", lm_num_fixed, 3},
    {"tokens_per_word", "Tokens per word", lm_num_fixed, 3},
    {"single_byte_share", "One-byte tokens", lm_num_percent, 1},
    {"renyi_efficiency", "R\xc3\xa9nyi efficiency", lm_num_fixed, 3},
    {NULL, NULL, NULL, 0},
};

struct lm_num report_tokenizer_cell(const struct lm_json *row, size_t column)
{
    const struct report_tokenizer_column *c = &report_tokenizer_columns[column];
    return c->write(lm_json_double(lm_json_get(row, c->key), (double)NAN), c->digits);
}
