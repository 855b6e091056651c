/** A locale with a decimal comma, made by localedef in a folder of its own when the system has
 * none: what a host of the library may have set. */
#ifndef LM_TESTS_COMMA_LOCALE_H
#define LM_TESTS_COMMA_LOCALE_H

#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Whether numbers are printed with a comma now. */
static inline bool comma_is_set(void)
{
    char text[16];
    snprintf(text, sizeof text, "%.1f", 0.5);
    return text[1] != '.';
}

/** Sets the whole locale of the process; `point` is its decimal point, any text of a few bytes.
 *  False when there is none and none can be made. */
static inline bool comma_begin(const char *point)
{
    char folder[] = "/tmp/lmpipe-locale-XXXXXX", path[64], command[256];
    if (mkdtemp(folder) == NULL)
        return false;
    snprintf(path, sizeof path, "%s/source", folder);
    FILE *source = fopen(path, "w");
    if (source == NULL)
        return false;
    fprintf(source,
            "comment_char %%\nescape_char /\nLC_NUMERIC\ndecimal_point \"%s\"\n"
            "thousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n",
            point);
    fclose(source);
    snprintf(command, sizeof command, "localedef -c -i %s %s/xx_XX >/dev/null 2>&1", path, folder);
    int made = system(command); /* 1: made, with the warnings that a short source gives */
    setenv("LOCPATH", folder, 1);
    bool is_set = made >= 0 && setlocale(LC_ALL, "xx_XX") != NULL && comma_is_set();
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 && is_set;
}

static inline void comma_end(void)
{
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
}

#endif
