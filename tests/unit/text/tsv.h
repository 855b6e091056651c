/** Cases as data: lines of fields between tabs, with escapes \n \t \r \\ \xNN; '#' starts a
 * comment. */
#ifndef LM_TESTS_TSV_H
#define LM_TESTS_TSV_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TSV_FIELDS 8
#define TSV_LINE 1000

struct tsv {
    FILE *file;
    int line, count;
    char text[TSV_LINE];
    char *fields[TSV_FIELDS];
    size_t sizes[TSV_FIELDS];
};

static inline bool tsv_open(struct tsv *tsv, const char *path)
{
    *tsv = (struct tsv){.file = fopen(path, "rb")};
    return tsv->file != NULL;
}

static inline void tsv_close(struct tsv *tsv)
{
    fclose(tsv->file);
}

/** Undoes the escapes in place; returns the size. A NUL follows. */
static inline size_t tsv_unescape(char *text)
{
    static const char names[] = "ntr\\", values[] = "\n\t\r\\";
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '\\') {
            *to++ = *from;
        } else if (*++from == 'x') {
            const char digits[3] = {from[1], from[2], '\0'};
            *to++ = (char)strtol(digits, NULL, 16);
            from += 2;
        } else {
            const char *name = strchr(names, *from);
            *to++ = name == NULL ? *from : values[name - names];
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

/** The next case; false after the last. */
static inline bool tsv_next(struct tsv *tsv)
{
    do {
        tsv->line++;
        if (fgets(tsv->text, sizeof tsv->text, tsv->file) == NULL)
            return false;
    } while (tsv->text[0] == '#' && tsv->text[1] == ' ');
    tsv->text[strcspn(tsv->text, "\n")] = '\0';
    tsv->count = 0;
    for (char *at = tsv->text; at != NULL && tsv->count < TSV_FIELDS;) {
        char *tab = strchr(at, '\t');
        if (tab != NULL)
            *tab = '\0';
        tsv->fields[tsv->count] = at;
        tsv->sizes[tsv->count++] = tsv_unescape(at);
        at = tab == NULL ? NULL : tab + 1;
    }
    return true;
}

#endif
