#include "exec/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define SECONDS_FILE "seconds"

struct lm_attempt *lm_attempt_create(void)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_attempt *attempt = arena != NULL ? LM_NEW(arena, struct lm_attempt) : NULL;
    if (attempt == NULL) {
        lm_arena_free(arena);
        return NULL;
    }
    attempt->arena = arena;
    attempt->lock.fd = -1;
    return attempt;
}

void lm_attempt_free(struct lm_attempt *attempt)
{
    if (attempt == NULL)
        return;
    lm_lock_release(&attempt->lock, attempt->lock_path);
    lm_arena_free(attempt->arena);
}

double lm_attempt_seconds_read(const struct lm_attempt *attempt)
{
    char *text = NULL;
    size_t size = 0;
    const char *path = lm_path_join(attempt->arena, attempt->checkpoints, SECONDS_FILE);
    if (path == NULL || lm_file_read(&text, &size, attempt->arena, path, 64, NULL) != LM_OK)
        return 0;
    return (double)strtoull(text, NULL, 10) * 1e-3;
}

void lm_attempt_seconds_keep(const struct lm_attempt *attempt, uint64_t now_ns)
{
    char text[40];
    double seconds = attempt->before + (double)(now_ns - attempt->first_ns) * 1e-9;
    const char *path = lm_path_join(attempt->arena, attempt->checkpoints, SECONDS_FILE);
    if (path == NULL || !lm_path_exists(attempt->checkpoints))
        return;
    int length = snprintf(text, sizeof text, "%" PRIu64 " ms\n", (uint64_t)(seconds * 1e3));
    lm_file_write(path, text, (size_t)length, NULL);
}
