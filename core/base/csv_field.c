#include "base/csv_field.h"

#include <string.h>

void lm_csv_put(struct lm_buf *out, const char *text)
{
    bool is_quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (is_quoted)
        lm_buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            lm_buf_putc(out, '"');
        lm_buf_putc(out, *text);
    }
    if (is_quoted)
        lm_buf_putc(out, '"');
}
