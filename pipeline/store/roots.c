#include "store/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/line_text.h"
#include "base/new_file.h"

#define HEAD "lmpipe-root 1 "
#define GOOD "good"
#define NOW "now"

enum {
    HEAD_SIZE = sizeof HEAD - 1 + 16 + 1, /**< "lmpipe-root 1 0123456789abcdef\n" */
    LARGEST = 1 << 30
};

static const char *const kind_names[] = {[LM_ROOT_SPEC] = "spec", [LM_ROOT_BASELINE] = "baseline"};

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the roots of the store; free some");
}

/* ---- names ---- */

void lm_root_name(char hex[LM_DIGEST_HEX], enum lm_root_kind kind, const char *path)
{
    struct lm_digest digest;
    char text[PATH_MAX + 16];
    int n = snprintf(text, sizeof text, "%s %s", kind_names[kind], path);
    size_t size = n > 0 && (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    lm_sha256_bytes(&digest, text, n > 0 ? size : 0);
    lm_digest_hex(hex, &digest);
}

/** "<store>/roots/<name>"; false: too long. */
static bool place_of(char out[PATH_MAX], const struct lm_store *store, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/roots/%s", lm_store_path(store), name);
    return n > 0 && n < PATH_MAX;
}

bool lm_root_is_known(const struct lm_store *store, const char *name)
{
    char path[PATH_MAX];
    return place_of(path, store, name) && lm_path_exists(path);
}

/* ---- writing ---- */

/** Over all that a root says: tells whether it has changed, and whether its file is sound. */
static uint64_t sum_of(const struct lm_root *root)
{
    uint64_t sum = lm_hash64(root->path, strlen(root->path), (uint64_t)root->kind);
    sum = lm_hash64(root->experiment, strlen(root->experiment), sum);
    for (size_t i = 0; i < root->count; i++) {
        sum = lm_hash64(root->keys[i].key.bytes, LM_DIGEST_SIZE, sum + root->keys[i].is_good);
        sum = lm_hash64(root->keys[i].stage, strlen(root->keys[i].stage), sum);
    }
    return sum;
}

static void put_head(char out[HEAD_SIZE + 1], const struct lm_root *root)
{
    snprintf(out, HEAD_SIZE + 1, HEAD "%016" PRIx64 "\n", sum_of(root));
}

/** Does the file begin so? */
static bool begins_with(const char *path, const char *head)
{
    char there[HEAD_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool same = fd >= 0 && pread(fd, there, sizeof there, 0) == HEAD_SIZE &&
                memcmp(there, head, HEAD_SIZE) == 0;
    if (fd >= 0)
        close(fd);
    return same;
}

static void put_root(struct lm_buf *out, const struct lm_root *root)
{
    lm_buf_printf(out, "%s ", kind_names[root->kind]);
    lm_line_escape(out, root->path);
    lm_buf_puts(out, "\nexperiment ");
    lm_line_escape(out, root->experiment);
    lm_buf_putc(out, '\n');
    for (size_t i = 0; i < root->count; i++) {
        char hex[LM_DIGEST_HEX];
        lm_digest_hex(hex, &root->keys[i].key);
        lm_buf_puts(out, root->keys[i].is_good ? GOOD " " : NOW " ");
        lm_buf_append(out, hex, LM_DIGEST_HEX - 1);
        lm_buf_putc(out, ' ');
        lm_line_escape(out, root->keys[i].stage);
        lm_buf_putc(out, '\n');
    }
}

static enum lm_status write_root(const struct lm_store *store, const char *path,
                                 const struct lm_buf *text, struct lm_err *err)
{
    enum lm_status status = lm_new_file_write_buf(path, text, LM_NEW_DURABLE | LM_NEW_ASIDE, err);
    if (status != LM_NOT_FOUND)
        return status;
    char folder[PATH_MAX];
    int n = snprintf(folder, sizeof folder, "%s/roots", lm_store_path(store));
    if (n < 0 || (size_t)n >= sizeof folder)
        return status;
    LM_TRY(lm_dir_create(folder, err));
    LM_TRY(lm_fsync_path(lm_store_path(store), err));
    return lm_new_file_write_buf(path, text, LM_NEW_DURABLE | LM_NEW_ASIDE, err);
}

enum lm_status lm_root_put(const struct lm_store *store, const struct lm_root *root,
                           struct lm_err *err)
{
    char name[LM_DIGEST_HEX], path[PATH_MAX], head[HEAD_SIZE + 1];
    struct lm_buf text;
    lm_root_name(name, root->kind, root->path);
    put_head(head, root);
    if (!place_of(path, store, name))
        return lm_fail(err, LM_IO, "%s: the path of the store is too long", lm_store_path(store));
    if (begins_with(path, head))
        return LM_OK;
    lm_buf_init(&text, LARGEST);
    lm_buf_puts(&text, head);
    put_root(&text, root);
    enum lm_status status = write_root(store, path, &text, err);
    lm_buf_release(&text);
    return status;
}

void lm_root_distrust(const struct lm_store *store, const char *name)
{
    static const char nothing[] = "lmpipe-root 0 damaged";
    char path[PATH_MAX];
    int fd = place_of(path, store, name) ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0 && pwrite(fd, nothing, strlen(nothing), 0) < 0) {
        /* then the disk takes no new one either */
    }
    if (fd >= 0)
        close(fd);
}

enum lm_status lm_root_remove(const struct lm_store *store, const char *name, struct lm_err *err)
{
    char path[PATH_MAX];
    if (!place_of(path, store, name) || (unlink(path) != 0 && errno != ENOENT))
        return lm_fail_errno(err, errno, "cannot remove %s/roots/%s", lm_store_path(store), name);
    return LM_OK;
}

/* ---- reading ---- */

/** What follows "WORD " in a line that begins so, else NULL. */
static char *after(char *line, const char *word)
{
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

/** "good HEX STAGE" or "now HEX STAGE" */
static bool parse_key(struct lm_root_key *out, char *line)
{
    char *hex = after(line, GOOD);
    out->is_good = hex != NULL;
    hex = hex != NULL ? hex : after(line, NOW);
    if (hex == NULL || strlen(hex) < LM_DIGEST_HEX || hex[LM_DIGEST_HEX - 1] != ' ')
        return false;
    hex[LM_DIGEST_HEX - 1] = '\0';
    out->stage = hex + LM_DIGEST_HEX;
    lm_line_unescape(hex + LM_DIGEST_HEX);
    return lm_digest_parse(&out->key, hex);
}

/** "spec PATH", "baseline PATH" */
static bool parse_path(struct lm_root *out, char *line)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        char *path = after(line, kind_names[i]);
        if (path == NULL)
            continue;
        lm_line_unescape(path);
        out->path = path;
        out->kind = (enum lm_root_kind)i;
        return true;
    }
    return false;
}

static bool parse_experiment(struct lm_root *out, char *line)
{
    char *name = after(line, "experiment");
    if (name != NULL)
        lm_line_unescape(name);
    out->experiment = name;
    return name != NULL;
}

/** The lines below the first one; false: they are not what put_root writes. */
static bool parse_lines(struct lm_root *out, char *text)
{
    bool good = true;
    for (char *line = text, *next; good && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next == NULL)
            return false;
        *next++ = '\0';
        good = out->path == NULL         ? parse_path(out, line)
               : out->experiment == NULL ? parse_experiment(out, line)
                                         : parse_key(&out->keys[out->count++], line);
    }
    return good && out->path != NULL && out->experiment != NULL;
}

/** LM_NOMEM alone is a failure. */
static enum lm_status parse(struct lm_root *out, struct lm_arena *arena, char *text, size_t size,
                            struct lm_err *err)
{
    size_t lines = 0;
    char name[LM_DIGEST_HEX], head[HEAD_SIZE + 1];
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    out->keys = LM_NEW_ARRAY(arena, struct lm_root_key, lines + 1);
    if (out->keys == NULL)
        return no_memory(err);
    out->is_damaged = size < HEAD_SIZE || strlen(text) != size ||
                      strncmp(text, HEAD, strlen(HEAD)) != 0 || !parse_lines(out, text + HEAD_SIZE);
    if (out->is_damaged)
        return LM_OK;
    lm_root_name(name, out->kind, out->path);
    put_head(head, out);
    out->is_damaged = strcmp(name, out->name) != 0 || memcmp(head, text, HEAD_SIZE) != 0;
    return LM_OK;
}

enum lm_status lm_root_read(struct lm_root *out, struct lm_arena *arena,
                            const struct lm_store *store, const char *name, struct lm_err *err)
{
    char *text, path[PATH_MAX];
    size_t size;
    *out = (struct lm_root){.name = name};
    if (!place_of(path, store, name))
        return lm_fail(err, LM_IO, "%s: the path of the store is too long", lm_store_path(store));
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    return parse(out, arena, text, size, err);
}

enum lm_status lm_roots_read(struct lm_root **out, size_t *count, struct lm_arena *arena,
                             const struct lm_store *store, struct lm_err *err)
{
    struct lm_names names = {0};
    struct lm_digest digest;
    const char *folder = lm_path_join(arena, lm_store_path(store), "roots");
    *out = NULL;
    *count = 0;
    if (folder == NULL)
        return no_memory(err);
    if (!lm_path_exists(folder))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, arena, folder, err));
    *out = LM_NEW_ARRAY(arena, struct lm_root, names.count);
    if (*out == NULL)
        return no_memory(err);
    for (size_t i = 0; i < names.count; i++) {
        if (!lm_digest_parse(&digest, names.items[i]))
            continue;
        LM_TRY(lm_root_read(&(*out)[*count], arena, store, names.items[i], err));
        ++*count;
    }
    return LM_OK;
}
