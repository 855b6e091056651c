/** Names by a pattern. */
#ifndef LM_BASE_GLOB_H
#define LM_BASE_GLOB_H

#include <stdbool.h>

/** Does the whole name fit, by bytes: * any run (slashes too), ? any one byte? */
bool lm_glob_matches(const char *glob, const char *name);

#endif
