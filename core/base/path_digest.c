#include "base/path_digest.h"

#include <string.h>

#include <lmpipe/arena.h>

#include "base/io.h"

static enum lm_status add_file(struct lm_sha256 *hash, struct lm_arena *arena, const char *folder,
                               const char *name, lm_file_digest_fn *file, void *user,
                               struct lm_err *err)
{
    struct lm_digest digest;
    char hex[LM_DIGEST_HEX];
    const char *path = lm_path_join(arena, folder, name);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory hashing %s", folder);
    LM_TRY(file(user, &digest, path, err));
    lm_digest_hex(hex, &digest);
    lm_sha256_update(hash, hex, LM_DIGEST_HEX - 1);
    lm_sha256_update(hash, "  ", 2);
    lm_sha256_update(hash, name, strlen(name));
    lm_sha256_update(hash, "\n", 1);
    return LM_OK;
}

enum lm_status lm_path_digest(struct lm_digest *out, const char *path, lm_file_digest_fn *file,
                              void *user, struct lm_err *err)
{
    if (!lm_path_is_dir(path))
        return file(user, out, path, err);
    struct lm_arena *arena = lm_arena_create();
    struct lm_sha256 *hash = lm_sha256_create();
    struct lm_names names = {0};
    enum lm_status status = LM_OK;
    if (arena == NULL || hash == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory hashing %s", path);
    if (status == LM_OK)
        status = lm_dir_walk(&names, NULL, arena, path, err);
    for (size_t i = 0; i < names.count && status == LM_OK; i++)
        status = add_file(hash, arena, path, names.items[i], file, user, err);
    if (status == LM_OK)
        lm_sha256_final(hash, out);
    lm_sha256_free(hash);
    lm_arena_free(arena);
    return status;
}
