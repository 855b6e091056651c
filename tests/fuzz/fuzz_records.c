/* Hostile records: JSON files and what they hold at a path, tables and their fields. The first byte
 * says what it is. */
#include "text/csv.h"
#include "text/json_field.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_json(uint8_t *text, size_t size)
{
    struct lm_json_records records = {.walk = {.text = (const char *)text, .size = size}};
    size_t at, length;
    bool is_end = false;
    while (lm_json_records_next(&records, &at, &length, &is_end) && !is_end) {
        struct lm_json_field field;
        struct lm_buf out;
        struct lm_json_writer writer;
        char names[64];
        if (at + length > size)
            __builtin_trap();
        lm_buf_init(&out, 0);
        lm_json_begin(&writer, &out, false);
        lm_json_field_put(&writer, text + at, length, "a.b");
        lm_buf_release(&out);
        lm_json_field_names(names, sizeof names, text + at, length);
        lm_json_field_take(&field, text + at, length, "a.b");
        if (field.text != NULL && (field.text < text + at || field.size > length))
            __builtin_trap();
    }
}

static void read_table(uint8_t *text, size_t size, bool is_tsv)
{
    struct lm_csv csv;
    size_t at, length;
    bool is_end = false;
    lm_csv_open(&csv, text, size, is_tsv);
    while (lm_csv_next(&csv, &at, &length, &is_end) && !is_end) {
        const uint8_t *field;
        size_t next = 0, field_size, fields = 0;
        for (; lm_csv_take(&csv, text + at, length, &next, &field, &field_size); fields++)
            if (field < text + at || field + field_size > text + at + length)
                __builtin_trap();
        if (fields != csv.fields)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *text = malloc(size);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    if (data[0] % 3 == 0)
        read_json(text, size - 1);
    else
        read_table(text, size - 1, data[0] % 3 == 1);
    free(text);
    return 0;
}
