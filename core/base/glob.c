#include "base/glob.h"

#include <stddef.h>

bool lm_glob_matches(const char *glob, const char *name)
{
    /* The last star is enough to come back to: linear memory, no recursion. */
    const char *star = NULL, *mark = NULL;
    while (*name != '\0') {
        if (*glob == '*') {
            star = glob++;
            mark = name;
        } else if (*glob == '?' || *glob == *name) {
            glob++;
            name++;
        } else if (star != NULL) {
            glob = star + 1;
            name = ++mark;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}
