#include "data/shards.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/tokens.h>

#include "base/io.h"
#include "data/zstd_stream.h"

enum { DIGITS = 5 };

char *lm_shard_name(struct lm_arena *arena, const char *split, size_t index, size_t count,
                    bool is_packed)
{
    const char *end = is_packed ? ".jsonl.zst" : ".jsonl";
    return count == 1 ? lm_arena_printf(arena, "%s%s", split, end)
                      : lm_arena_printf(arena, "%s-%05zu-of-%05zu%s", split, index + 1, count, end);
}

/* DIGITS digits, and what follows them; 0: there are none. */
static size_t number(const char **at)
{
    size_t value = 0;
    if (strspn(*at, "0123456789") != DIGITS)
        return 0;
    for (size_t i = 0; i < DIGITS; i++)
        value = value * 10 + (size_t)(*(*at)++ - '0');
    return value;
}

/* Is the name one of a shard of the split: which of how many, from 1 on? */
static bool take_name(const char *name, const char *split, size_t *index, size_t *count)
{
    size_t length = strlen(split);
    if (strncmp(name, split, length) != 0)
        return false;
    const char *at = name + length;
    *index = *count = 1;
    if (*at == '-') {
        at++;
        *index = number(&at);
        if (strncmp(at, "-of-", 4) != 0)
            return false;
        at += 4;
        *count = number(&at);
    }
    return (strcmp(at, ".jsonl") == 0 || strcmp(at, ".jsonl.zst") == 0) && *index > 0 &&
           *index <= *count;
}

static enum lm_status check(const struct lm_shards *shards, const char *folder, const char *split,
                            struct lm_err *err)
{
    for (size_t i = 0; i < shards->count; i++)
        if (shards->paths[i] == NULL)
            return lm_fail(err, LM_FORMAT, "%s: shard %zu of %zu of %s is missing; make it anew",
                           folder, i + 1, shards->count, split);
    return LM_OK;
}

/* Takes a shard's path in; false when its place is taken, or it is one of another number of them.
 */
static bool take(struct lm_shards *out, struct lm_arena *arena, const char *path, size_t index,
                 size_t count)
{
    struct stat info;
    if (out->paths == NULL) {
        out->paths = LM_NEW_ARRAY(arena, const char *, count);
        out->count = count;
    }
    if (out->paths == NULL || path == NULL || count != out->count || out->paths[index - 1] != NULL)
        return false;
    out->paths[index - 1] = path;
    out->bytes += stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
    return true;
}

enum lm_status lm_shards_find(struct lm_shards *out, struct lm_arena *arena, const char *folder,
                              const char *split, struct lm_err *err)
{
    struct lm_names names;
    size_t index, count;
    *out = (struct lm_shards){.paths = NULL};
    LM_TRY(lm_dir_list(&names, arena, folder, err));
    for (size_t i = 0; i < names.count; i++)
        if (take_name(names.items[i], split, &index, &count) &&
            !take(out, arena, lm_path_join(arena, folder, names.items[i]), index, count))
            return lm_fail(err, LM_FORMAT,
                           "%s: %s stands beside other files of the same split; make it anew",
                           folder, names.items[i]);
    if (out->paths == NULL)
        return lm_fail(err, LM_NOT_FOUND, "%s: holds no file of the split %s; make it anew", folder,
                       split);
    return check(out, folder, split, err);
}

enum lm_status lm_shard_digest(struct lm_digest *out, const char *path, struct lm_err *err)
{
    return lm_zstd_digest(out, path, err);
}
