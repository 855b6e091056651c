#include "text/seen.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct lm_seen *seen, size_t capacity)
{
    lm_seen_release(seen);
    seen->keys = malloc(capacity * sizeof *seen->keys);
    seen->counts = malloc(capacity * sizeof *seen->counts);
    seen->capacity = capacity;
    return seen->keys != NULL && seen->counts != NULL;
}

enum lm_status lm_seen_begin(struct lm_seen *seen, size_t count, struct lm_err *err)
{
    size_t used = 16;
    unsigned shift = 60;
    for (; used < 2 * count; used *= 2)
        shift--;
    if (used > seen->capacity && !grow(seen, used)) {
        lm_seen_release(seen);
        return lm_fail(err, LM_NOMEM, "no memory for %zu parts of a text; free some", count);
    }
    seen->shift = shift;
    memset(seen->keys, 0, used * sizeof *seen->keys);
    return LM_OK;
}

void lm_seen_release(struct lm_seen *seen)
{
    free(seen->keys);
    free(seen->counts);
    *seen = (struct lm_seen){0};
}
