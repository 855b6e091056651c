#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (256 * 1024)

enum lm_status lm_local_hash(struct lm_digest *digest, uint64_t *size, struct lm_ctx *ctx,
                             const char *path, struct lm_err *err)
{
    static const uint64_t every = 64;
    enum lm_status status = LM_OK;
    struct lm_sha256 *hash = lm_sha256_create();
    char *block = malloc(BLOCK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    *size = 0;
    if (hash == NULL || block == NULL)
        status = lm_fail(err, LM_NOMEM, "out of memory for a hash");
    else if (fd < 0)
        status = lm_fail_errno(err, errno, "cannot open %s", path);
    for (uint64_t i = 0; status == LM_OK && n > 0; i++) {
        n = read(fd, block, BLOCK);
        if (n < 0)
            status = lm_fail_errno(err, errno, "cannot read %s", path);
        else if (i % every == 0 && lm_ctx_cancelled(ctx))
            status = lm_fail(err, LM_CANCELLED, "interrupted");
        if (status != LM_OK)
            break;
        lm_sha256_update(hash, block, (size_t)n);
        *size += (uint64_t)n;
    }
    if (status == LM_OK)
        lm_sha256_final(hash, digest);
    if (fd >= 0)
        close(fd);
    free(block);
    lm_sha256_free(hash);
    return status;
}

/** Digests of a folder's files, and of the lines that list them. */
static enum lm_status hash_files(struct lm_ctx *ctx, struct lm_fetched *out,
                                 struct lm_sha256 *lines, struct lm_err *err)
{
    struct lm_arena *arena = lm_ctx_arena(ctx);
    LM_TRY(lm_dir_walk(&out->names, &out->others, arena, out->path, err));
    out->digests = LM_NEW_ARRAY(arena, struct lm_digest, out->names.count);
    for (size_t i = 0; i < out->names.count; i++) {
        const char *name = out->names.items[i];
        const char *path = lm_path_join(arena, out->path, name);
        uint64_t size;
        char hex[LM_DIGEST_HEX];
        if (out->digests == NULL || path == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory for the list of files");
        LM_TRY(lm_local_hash(&out->digests[i], &size, ctx, path, err));
        lm_digest_hex(hex, &out->digests[i]);
        lm_sha256_update(lines, hex, strlen(hex));
        lm_sha256_update(lines, "  ", 2);
        lm_sha256_update(lines, name, strlen(name));
        lm_sha256_update(lines, "\n", 1);
        out->size += size;
    }
    return LM_OK;
}

static enum lm_status hash_folder(struct lm_ctx *ctx, struct lm_fetched *out, struct lm_err *err)
{
    struct lm_sha256 *lines = lm_sha256_create();
    if (lines == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a hash");
    enum lm_status status = hash_files(ctx, out, lines, err);
    lm_sha256_final(lines, &out->digest);
    lm_sha256_free(lines);
    return status;
}

enum lm_status lm_local_take(struct lm_fetched *out, struct lm_ctx *ctx, const char *path,
                             struct lm_err *err)
{
    *out = (struct lm_fetched){.path = path, .shown = path};
    if (stat(path, &out->info) != 0)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    out->folder = S_ISDIR(out->info.st_mode);
    if (!out->folder && !S_ISREG(out->info.st_mode))
        return lm_fail(err, LM_INVALID, "%s is neither a file nor a folder", path);
    return out->folder ? hash_folder(ctx, out, err)
                       : lm_local_hash(&out->digest, &out->size, ctx, path, err);
}

enum lm_status lm_fetched_check(const struct lm_fetched *fetched, struct lm_err *err)
{
    struct stat now;
    const struct stat *then = &fetched->info;
    if (fetched->folder || then->st_ino == 0)
        return LM_OK;
    if (stat(fetched->path, &now) != 0)
        return lm_fail_errno(err, errno, "cannot open %s", fetched->path);
    if (now.st_dev != then->st_dev || now.st_ino != then->st_ino || now.st_size != then->st_size ||
        now.st_mtim.tv_sec != then->st_mtim.tv_sec || now.st_mtim.tv_nsec != then->st_mtim.tv_nsec)
        return lm_fail(err, LM_IO, "%s changed while it was read; run again", fetched->path);
    return LM_OK;
}
