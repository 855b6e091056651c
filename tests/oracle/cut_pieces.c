/* Expressions on standard input, a line each, and how text is cut by them: "< EXPRESSION" is one of
 * Oniguruma, which is read as it is imported, "> EXPRESSION" one of PCRE2. A line "text HEX" before
 * them gives a text. Prints a line each: what it is for the other engine, a tab, and a digest of
 * where the pieces of all texts end; or "-", a tab, and why it is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_digest.h"
#include "tokenizer/formats/foreign_regex.h"

enum { LONGEST_LINE = 1 << 20, MOST_TEXTS = 256 };

static size_t read_hex(uint8_t *out, const char *text)
{
    size_t size = 0;
    for (unsigned value; sscanf(text + 2 * size, "%2x", &value) == 1; size++)
        out[size] = (uint8_t)value;
    return size;
}

int main(void)
{
    static char line[LONGEST_LINE];
    struct cut_text texts[MOST_TEXTS];
    size_t count = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "text ", 5) == 0 && count < MOST_TEXTS) {
            uint8_t *bytes = malloc(strlen(line));
            if (bytes == NULL)
                return 1;
            texts[count++] = (struct cut_text){bytes, read_hex(bytes, line + 5)};
            continue;
        }
        struct lm_buf other;
        struct lm_err err = {0};
        char digest[CUT_DIGEST] = "";
        lm_buf_init(&other, 0);
        bool is_ours = line[0] == '>';
        enum lm_status status =
            lm_foreign_regex(&other, line + 2, is_ours ? LM_REGEX_PCRE2 : LM_REGEX_ONIGURUMA, &err);
        if (status == LM_OK)
            status = cut_digest(digest, is_ours ? line + 2 : other.data, texts, count, &err);
        if (status == LM_OK)
            printf("%s\t%s\n", other.data, digest);
        else
            printf("-\t%s\n", err.text);
        lm_buf_release(&other);
    }
    for (size_t i = 0; i < count; i++)
        free(texts[i].bytes);
    return 0;
}
