#include "http_part.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/new_file.h"

#define BLOCK (256 * 1024)
#define SIDECAR_MAX 65536

bool lm_etag_is_strong(const char *etag)
{
    size_t n = strlen(etag);
    return n >= 2 && etag[0] == '"' && etag[n - 1] == '"';
}

const char *lm_validator(const struct lm_validators *validators)
{
    if (lm_etag_is_strong(validators->etag))
        return validators->etag;
    return validators->last_modified[0] != '\0' ? validators->last_modified : NULL;
}

/* ---- the sidecar ---- */

static void url_digest(char out[LM_DIGEST_HEX], const char *url)
{
    struct lm_digest digest;
    lm_sha256_bytes(&digest, url, strlen(url));
    lm_digest_hex(out, &digest);
}

static bool copy_text(char out[LM_HTTP_HEADER], const struct lm_json *value)
{
    size_t size = 0;
    const char *text = lm_json_string(value, &size);
    if (text == NULL || size >= LM_HTTP_HEADER || memchr(text, '\0', size) != NULL)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

static bool sidecar_read(struct lm_validators *out, const struct lm_json *root, const char *url)
{
    char hex[LM_DIGEST_HEX];
    const char *of = lm_json_string(lm_json_get(root, "url"), NULL);
    int64_t total = lm_json_int(lm_json_get(root, "total"), -1);
    url_digest(hex, url);
    out->total = total >= 0 ? (uint64_t)total : LM_HTTP_UNKNOWN;
    return of != NULL && strcmp(of, hex) == 0 && copy_text(out->etag, lm_json_get(root, "etag")) &&
           copy_text(out->last_modified, lm_json_get(root, "last_modified"));
}

static void forget(struct lm_part *part)
{
    part->before = (struct lm_validators){.total = LM_HTTP_UNKNOWN};
}

/** Validators from the sidecar; false when there are none for this location. */
static bool sidecar_load(struct lm_part *part)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    struct lm_arena *arena = lm_arena_create();
    bool ok = arena != NULL &&
              lm_file_read(&text, &size, arena, part->sidecar, SIDECAR_MAX, NULL) == LM_OK &&
              lm_json_parse(&root, text, size, NULL) == LM_OK;
    ok = ok && sidecar_read(&part->before, root, part->url) && lm_validator(&part->before) != NULL;
    lm_json_free(root);
    lm_arena_free(arena);
    if (!ok)
        forget(part);
    return ok;
}

static enum lm_status sidecar_save(const struct lm_part *part, const struct lm_validators *now,
                                   struct lm_err *err)
{
    char hex[LM_DIGEST_HEX];
    struct lm_buf buf;
    struct lm_json_writer json;
    url_digest(hex, part->url);
    lm_buf_init(&buf, SIDECAR_MAX);
    lm_json_begin(&json, &buf, false);
    lm_json_open(&json, '{');
    lm_json_member_string(&json, "url", hex);
    lm_json_key(&json, "etag");
    lm_json_put_bytes(&json, now->etag, strlen(now->etag));
    lm_json_key(&json, "last_modified");
    lm_json_put_bytes(&json, now->last_modified, strlen(now->last_modified));
    lm_json_member_int(&json, "total", now->total > INT64_MAX ? -1 : (int64_t)now->total);
    lm_json_close(&json, '}');
    enum lm_status status = lm_new_file_write_buf(part->sidecar, &buf, LM_NEW_DURABLE, err);
    lm_buf_release(&buf);
    return status;
}

bool lm_part_may_be_whole(const char *path)
{
    char *text;
    size_t size;
    struct stat info;
    struct lm_json *root = NULL;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    int64_t total = -1;
    struct lm_arena *arena = lm_arena_create();
    const char *sidecar = arena != NULL ? lm_arena_printf(arena, "%s.json", path) : NULL;
    if (sidecar != NULL && lm_file_read(&text, &size, arena, sidecar, SIDECAR_MAX, NULL) == LM_OK &&
        lm_json_parse(&root, text, size, NULL) == LM_OK)
        total = lm_json_int(lm_json_get(root, "total"), -1);
    lm_json_free(root);
    lm_arena_free(arena);
    return total < 0 || total == info.st_size;
}

/* ---- life ---- */

enum lm_status lm_part_init(struct lm_part *part, struct lm_arena *arena, const char *path,
                            const char *url, struct lm_err *err)
{
    *part = (struct lm_part){.path = path, .url = url, .fd = -1};
    forget(part);
    part->sidecar = path != NULL ? lm_arena_printf(arena, "%s.json", path) : NULL;
    return part->sidecar != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory for a download");
}

/** Hashes what is there already; the descriptor then stands at the end. */
static enum lm_status hash_all(struct lm_part *part, lm_part_poll_fn *poll, void *user,
                               struct lm_err *err)
{
    char block[BLOCK];
    for (;;) {
        if (poll != NULL && !poll(user, part->size))
            return lm_fail(err, LM_CANCELLED, "interrupted");
        ssize_t n = read(part->fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lm_fail_errno(err, errno, "cannot read %s", part->path);
        if (n == 0)
            return LM_OK;
        lm_sha256_update(part->hash, block, (size_t)n);
        part->size += (uint64_t)n;
    }
}

enum lm_status lm_part_open(struct lm_part *part, lm_part_poll_fn *poll, void *user,
                            struct lm_err *err)
{
    if (part->fd >= 0)
        return LM_OK;
    part->size = 0;
    part->hash = lm_sha256_create();
    if (part->hash == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a download");
    part->fd = open(part->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (part->fd < 0) {
        int number = errno;
        lm_sha256_free(part->hash);
        part->hash = NULL;
        return lm_fail_errno(err, number, "cannot create %s", part->path);
    }
    enum lm_status status = sidecar_load(part) ? hash_all(part, poll, user, err) : LM_OK;
    if (status != LM_OK)
        lm_part_close(part, NULL);
    return status;
}

enum lm_status lm_part_clear(struct lm_part *part, struct lm_err *err)
{
    struct lm_digest ignored;
    lm_sha256_final(part->hash, &ignored);
    part->size = 0;
    forget(part);
    if (unlink(part->sidecar) != 0 && errno != ENOENT)
        return lm_fail_errno(err, errno, "cannot remove %s", part->sidecar);
    if (ftruncate(part->fd, 0) != 0 || lseek(part->fd, 0, SEEK_SET) != 0)
        return lm_fail_errno(err, errno, "cannot empty %s", part->path);
    return LM_OK;
}

enum lm_status lm_part_begin(struct lm_part *part, const struct lm_validators *now,
                             struct lm_err *err)
{
    LM_TRY(lm_part_clear(part, err));
    LM_TRY(sidecar_save(part, now, err));
    part->before = *now;
    return LM_OK;
}

enum lm_status lm_part_write(struct lm_part *part, const void *data, size_t size,
                             struct lm_err *err)
{
    LM_TRY(lm_write_all(part->fd, data, size, part->path, err));
    lm_sha256_update(part->hash, data, size);
    part->size += size;
    return LM_OK;
}

void lm_part_digest(struct lm_part *part, struct lm_digest *digest)
{
    lm_sha256_final(part->hash, digest);
}

enum lm_status lm_part_close(struct lm_part *part, struct lm_err *err)
{
    int fd = part->fd;
    if (fd < 0)
        return LM_OK;
    lm_sha256_free(part->hash);
    part->hash = NULL;
    part->fd = -1;
    return close(fd) == 0 ? LM_OK : lm_fail_errno(err, errno, "cannot write %s", part->path);
}

void lm_part_remove(struct lm_part *part)
{
    lm_part_close(part, NULL);
    unlink(part->path);
    unlink(part->sidecar);
}
