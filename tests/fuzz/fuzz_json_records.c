/* Hostile JSON lines and arrays: records lie within the file, what they hold at a path within them.
 */
#include "text/json_field.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_record(uint8_t *record, size_t size)
{
    struct lm_json_field field;
    struct lm_buf out;
    struct lm_json_writer writer;
    char names[64];
    lm_buf_init(&out, 0);
    lm_json_begin(&writer, &out, false);
    lm_json_field_put(&writer, record, size, "a.b");
    (void)lm_json_field_copy(&out, record, size, "text");
    lm_buf_release(&out);
    lm_json_field_names(names, sizeof names, record, size);
    lm_json_field_take(&field, record, size, "a.b");
    if (field.text != NULL && (field.text < record || field.size > size))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = malloc(size + 1);
    struct lm_json_records records = {.walk = {.text = (const char *)text, .size = size}};
    size_t at, length;
    bool is_end = false;
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    while (lm_json_records_next(&records, &at, &length, &is_end) && !is_end) {
        if (at + length > size)
            __builtin_trap();
        read_record(text + at, length);
    }
    free(text);
    return 0;
}
