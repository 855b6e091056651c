#include "base/line_text.h"

#include <string.h>

void lm_line_escape(struct lm_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char plain[2] = {*text, '\0'};
        lm_buf_puts(out, *text == '\n' ? "%0a" : *text == '%' ? "%25" : plain);
    }
}

void lm_line_unescape(char *text)
{
    char *to = text;
    for (; *text != '\0'; to++) {
        bool line = strncmp(text, "%0a", 3) == 0, percent = strncmp(text, "%25", 3) == 0;
        *to = line ? '\n' : percent ? '%' : *text;
        text += line || percent ? 3 : 1;
    }
    *to = '\0';
}
