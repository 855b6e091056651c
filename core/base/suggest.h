/** "Did you mean": the nearest of a list of names. */
#ifndef LM_BASE_SUGGEST_H
#define LM_BASE_SUGGEST_H

#include <stddef.h>

/** Edits (insert, delete, replace, swap of neighbours; optimal string alignment) that turn `a` into
 * `b`, in bytes, letters compared without case. Names longer than 63 bytes count as SIZE_MAX apart.
 */
size_t lm_edit_distance(const char *a, const char *b);

/** The name nearest to `word` of names[0..count) (NULL entries are passed over), first on ties;
 * NULL when none is near enough to be meant: more edits away than a third of the word's length,
 * rounded up. A name that `word` begins (≥ 3 bytes) is near. Borrowed from `names`. */
const char *lm_suggest(const char *word, const char *const *names, size_t count);

#endif
