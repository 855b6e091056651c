/* Hostile tables: fields lie within their records, and each record has as many. The first byte says
 * whether it is a TSV. */
#include "text/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_record(const struct lm_csv *csv, uint8_t *record, size_t size)
{
    const uint8_t *field;
    size_t next = 0, field_size, fields = 0;
    for (; lm_csv_take(csv, record, size, &next, &field, &field_size); fields++)
        if (field < record || field + field_size > record + size)
            __builtin_trap();
    if (fields != csv->fields)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_csv csv;
    size_t at, length;
    bool is_end = false;
    uint8_t *text = malloc(size + 1);
    if (size == 0 || text == NULL) {
        free(text);
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    lm_csv_open(&csv, text, size - 1, data[0] % 2 == 1);
    while (lm_csv_next(&csv, &at, &length, &is_end) && !is_end)
        read_record(&csv, text + at, length);
    free(text);
    return 0;
}
