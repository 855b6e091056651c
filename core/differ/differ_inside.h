/** What the files differ*.c share: two open files, and one finder a format. */
#ifndef LM_DIFFER_DIFFER_INSIDE_H
#define LM_DIFFER_DIFFER_INSIDE_H

#include <stdint.h>

#include "differ/differ.h"

/** Two files that differ. */
struct lm_differ_pair {
    const char *paths[2];
    int fds[2];
    uint64_t sizes[2];
    uint64_t at; /**< the first byte that differs, or the end of the shorter file */
};

/** Names the difference in the words of a format; false: this is not its format, or it cannot tell.
 */
typedef bool lm_differ_finder(struct lm_differ *out, const struct lm_differ_pair *pair);

lm_differ_finder lm_differ_tensors; /**< differ_tensors.c: safetensors */
lm_differ_finder lm_differ_rows;    /**< differ_rows.c: LMDB */
lm_differ_finder lm_differ_json;    /**< differ_json.c: a JSON document */
lm_differ_finder lm_differ_lines;   /**< differ_lines.c: text, JSON lines */
lm_differ_finder lm_differ_bytes;   /**< differ.c: anything */

/** Bytes of a text as one harmless line, from a little before `at` on: control characters become
 *  spaces, ill-formed bytes U+FFFD, what is left out "…". */
void lm_differ_excerpt(char out[LM_DIFFER_VALUE], const char *text, size_t size, size_t at);
/** Compares two JSON texts that both parse; false: they do not, or say the same. out->place is the
 *  path of the first member that differs ("stages[2].loss"; "" for the whole). */
bool lm_differ_json_texts(struct lm_differ *out, const char *stored, size_t stored_size,
                          const char *now, size_t now_size);

#endif
