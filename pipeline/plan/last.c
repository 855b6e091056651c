#include "plan/last.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/line_text.h"
#include "base/new_file.h"

#define HEAD "lmpipe-last 1\n"
#define CEILING ((size_t)64 << 20)

static const char *last_path(struct lm_arena *arena, const char *root, const char *experiment)
{
    return lm_arena_printf(arena, "%s/artifacts/%s/.lmpipe", root, experiment);
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory reading what ran last; free some");
}

/* ---- reading ---- */

/** "stage NAME HEX" */
static bool parse_row(struct lm_last *row, char *line)
{
    char *name = strchr(line, ' ');
    char *hex = name != NULL ? strchr(name + 1, ' ') : NULL;
    if (hex == NULL || strncmp(line, "stage ", 6) != 0)
        return false;
    *hex++ = '\0';
    row->stage = name + 1;
    return lm_digest_parse(&row->key, hex);
}

/** Keeps a row, or what it says newly of a stage that has one. False: out of memory. */
static bool keep(struct lm_lasts *lasts, const struct lm_last *row)
{
    size_t place = lm_name_map_find(&lasts->places, row->stage);
    if (place != SIZE_MAX) {
        lasts->rows[place].key = row->key;
        return true;
    }
    lasts->rows[lasts->count] = *row;
    return lm_name_map_put(&lasts->places, row->stage, lasts->count++);
}

/** Reads lines of `text`; what is malformed is left out: the file only remembers. */
static bool parse(struct lm_lasts *lasts, char *text)
{
    bool good = true;
    for (char *line = text + strlen(HEAD), *next; good && *line != '\0'; line = next) {
        struct lm_last row;
        next = strchr(line, '\n');
        if (next == NULL)
            break;
        *next++ = '\0';
        if (strncmp(line, "spec ", 5) == 0) {
            lm_line_unescape(line);
            lasts->owner = line + 5;
        } else if (parse_row(&row, line))
            good = keep(lasts, &row);
    }
    return good;
}

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

enum lm_status lm_last_load(struct lm_lasts *out, struct lm_arena *arena, const char *root,
                            const char *experiment, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0, lines = 0;
    const char *path = last_path(arena, root, experiment);
    *out = (struct lm_lasts){.places = {.arena = arena}};
    if (path == NULL)
        return no_memory(err);
    if (!is_file(path))
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, arena, path, CEILING, err));
    if (strncmp(text, HEAD, strlen(HEAD)) != 0)
        return LM_OK;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    out->rows = LM_NEW_ARRAY(arena, struct lm_last, lines);
    return out->rows != NULL && parse(out, text) ? LM_OK : no_memory(err);
}

const struct lm_last *lm_last_find(const struct lm_lasts *lasts, const char *stage)
{
    size_t place = lm_name_map_find(&lasts->places, stage);
    return place != SIZE_MAX ? &lasts->rows[place] : NULL;
}

/* ---- writing ---- */

static void put_row(struct lm_buf *out, const char *stage, const struct lm_digest *key)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, key);
    lm_buf_printf(out, "stage %s %s\n", stage, hex);
}

static void put_owner(struct lm_buf *out, const char *home)
{
    lm_buf_puts(out, HEAD "spec ");
    lm_line_escape(out, home);
    lm_buf_putc(out, '\n');
}

static enum lm_status write_anew(const char *path, const struct lm_buf *text,
                                 struct lm_arena *arena, struct lm_err *err)
{
    const char *folder = lm_path_dir(arena, path);
    if (folder != NULL)
        lm_new_file_sweep(folder); /* of publishing, too */
    return lm_new_file_write_buf(path, text, LM_NEW_ASIDE, err);
}

/** Bytes of a file that says as much and nothing twice. */
static size_t tidy_size(const struct lm_lasts *lasts, const struct lm_buf *owner)
{
    size_t size = owner->size;
    for (size_t i = 0; i < lasts->count; i++)
        size += strlen("stage ") + strlen(lasts->rows[i].stage) + 1 + LM_DIGEST_HEX;
    return size;
}

/** Does the file begin with these lines, and is it not longer than twice `tidy`? */
static bool is_in_order(const char *path, const struct lm_buf *owner, size_t tidy)
{
    struct stat info;
    char *head = malloc(owner->size + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool good = head != NULL && fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                (uint64_t)info.st_size <= 2 * (uint64_t)tidy &&
                pread(fd, head, owner->size, 0) == (ssize_t)owner->size &&
                memcmp(head, owner->data, owner->size) == 0;
    if (fd >= 0)
        close(fd);
    free(head);
    return good;
}

/** Reads the file, and writes it anew: the first lines, then a row a stage. */
static enum lm_status tidy(const struct lm_spec *spec, struct lm_arena *arena, const char *path,
                           struct lm_buf *text, struct lm_err *err)
{
    struct lm_lasts lasts;
    LM_TRY(lm_last_load(&lasts, arena, spec->root, spec->experiment, err));
    LM_TRY(lm_spec_check_owner(spec, lasts.owner, err));
    if (is_in_order(path, text, tidy_size(&lasts, text)))
        return LM_OK;
    for (size_t i = 0; i < lasts.count; i++)
        put_row(text, lasts.rows[i].stage, &lasts.rows[i].key);
    return write_anew(path, text, arena, err);
}

/** Under the folder's lock. A file that is in order is not written again, and when it is known what
 *  it says, it is not read. */
static enum lm_status claim(const struct lm_spec *spec, const struct lm_lasts *known,
                            struct lm_arena *arena, const char *path, struct lm_err *err)
{
    struct lm_buf text;
    lm_buf_init(&text, CEILING);
    put_owner(&text, spec->home);
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK && (known == NULL || !is_in_order(path, &text, tidy_size(known, &text))))
        status = tidy(spec, arena, path, &text, err);
    lm_buf_release(&text);
    return status;
}

enum lm_status lm_last_claim(const struct lm_spec *spec, const struct lm_lasts *known,
                             struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena != NULL ? last_path(arena, spec->root, spec->experiment) : NULL;
    const char *folder = path != NULL ? lm_path_dir(arena, path) : NULL;
    enum lm_status status = folder != NULL ? lm_dir_create(folder, err) : no_memory(err);
    if (status == LM_OK && folder != NULL) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            flock(fd, LOCK_EX); /* where a folder cannot be locked, two first runs may both begin */
        status = claim(spec, known, arena, path, err);
        if (fd >= 0)
            close(fd);
    }
    lm_arena_free(arena);
    return status;
}

enum lm_status lm_last_note(const struct lm_spec *spec, const char *stage,
                            const struct lm_digest *key, struct lm_err *err)
{
    struct lm_buf line;
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena != NULL ? last_path(arena, spec->root, spec->experiment) : NULL;
    enum lm_status status = path != NULL ? LM_OK : no_memory(err);
    lm_buf_init(&line, 0);
    put_row(&line, stage, key);
    if (status == LM_OK)
        status = lm_buf_status(&line, err);
    int fd = status == LM_OK && path != NULL ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (status == LM_OK && fd < 0)
        status = lm_fail_errno(err, errno, "cannot open %s", path);
    if (status == LM_OK)
        status = lm_write_all(fd, line.data, line.size, path, err);
    if (fd >= 0)
        close(fd);
    lm_buf_release(&line);
    lm_arena_free(arena);
    return status;
}

/* ---- whose results are these? ---- */

static enum lm_status add_known(struct lm_known_result **out, size_t *count, struct lm_arena *arena,
                                const char *root, const char *experiment, struct lm_err *err)
{
    struct lm_lasts lasts;
    if (lm_last_load(&lasts, arena, root, experiment, NULL) != LM_OK || lasts.count == 0)
        return LM_OK; /* what cannot be read is not known */
    struct lm_known_result *all = LM_NEW_ARRAY(arena, struct lm_known_result, *count + lasts.count);
    if (all == NULL)
        return no_memory(err);
    if (*count > 0)
        memcpy(all, *out, *count * sizeof *all);
    for (size_t i = 0; i < lasts.count; i++)
        all[*count + i] = (struct lm_known_result){lasts.rows[i].key, experiment,
                                                   lasts.rows[i].stage, lasts.owner};
    *out = all;
    *count += lasts.count;
    return LM_OK;
}

enum lm_status lm_known_results(struct lm_known_result **out, size_t *count, struct lm_arena *arena,
                                const char *root, struct lm_err *err)
{
    struct lm_names names = {0};
    const char *folder = lm_path_join(arena, root, "artifacts");
    *out = NULL;
    *count = 0;
    if (folder == NULL)
        return no_memory(err);
    if (!lm_path_is_dir(folder))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, arena, folder, err));
    for (size_t i = 0; i < names.count; i++)
        LM_TRY(add_known(out, count, arena, root, names.items[i], err));
    return LM_OK;
}
