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

/* A line break and the sign that stands for it, in the path of a spec. */
static void unescape(char *text)
{
    char *to = text;
    for (; *text != '\0'; to++) {
        bool line = strncmp(text, "%0a", 3) == 0, percent = strncmp(text, "%25", 3) == 0;
        *to = line ? '\n' : percent ? '%' : *text;
        text += line || percent ? 3 : 1;
    }
    *to = '\0';
}

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

/** Reads lines of `text`; what is malformed is left out: the file only remembers. */
static void parse(struct lm_last *rows, size_t *count, const char **owner, char *text)
{
    for (char *line = text + strlen(HEAD), *next; *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next == NULL)
            break;
        *next++ = '\0';
        if (strncmp(line, "spec ", 5) == 0) {
            unescape(line);
            *owner = line + 5;
        } else if (parse_row(&rows[*count], line))
            ++*count;
    }
}

/* By name, then by place in the file, which is that in memory. */
static int compare_rows(const void *a, const void *b)
{
    const struct lm_last *const *row_a = a, *const *row_b = b;
    int order = strcmp((*row_a)->stage, (*row_b)->stage);
    return order != 0 ? order : (*row_a > *row_b) - (*row_a < *row_b);
}

/** Sorts the rows; of those of one stage the last stays. */
static struct lm_last *settle(struct lm_arena *arena, const struct lm_last *rows, size_t *count)
{
    const struct lm_last **order = LM_NEW_ARRAY(arena, const struct lm_last *, *count);
    struct lm_last *out = LM_NEW_ARRAY(arena, struct lm_last, *count);
    size_t kept = 0;
    if (order == NULL || out == NULL)
        return NULL;
    for (size_t i = 0; i < *count; i++)
        order[i] = &rows[i];
    qsort(order, *count, sizeof(void *), compare_rows);
    for (size_t i = 0; i < *count; i++)
        if (i + 1 == *count || strcmp(order[i]->stage, order[i + 1]->stage) != 0)
            out[kept++] = *order[i];
    *count = kept;
    return out;
}

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

enum lm_status lm_last_load(struct lm_last **out, size_t *count, const char **owner,
                            struct lm_arena *arena, const char *root, const char *experiment,
                            struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0, lines = 0;
    const char *path = last_path(arena, root, experiment);
    if (path == NULL)
        return no_memory(err);
    *out = NULL;
    *count = 0;
    *owner = NULL;
    if (!is_file(path))
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, arena, path, CEILING, err));
    if (strncmp(text, HEAD, strlen(HEAD)) != 0)
        return LM_OK;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    struct lm_last *rows = LM_NEW_ARRAY(arena, struct lm_last, lines);
    if (rows == NULL)
        return no_memory(err);
    parse(rows, count, owner, text);
    *out = settle(arena, rows, count);
    return *out != NULL ? LM_OK : no_memory(err);
}

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const struct lm_last *)row)->stage);
}

const struct lm_last *lm_last_find(const struct lm_last *rows, size_t count, const char *stage)
{
    return count > 0 ? bsearch(stage, rows, count, sizeof *rows, compare_name) : NULL;
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
    for (; *home != '\0'; home++) {
        char plain[2] = {*home, '\0'};
        lm_buf_puts(out, *home == '\n' ? "%0a" : *home == '%' ? "%25" : plain);
    }
    lm_buf_putc(out, '\n');
}

static enum lm_status write_anew(const char *path, const struct lm_buf *text,
                                 struct lm_arena *arena, struct lm_err *err)
{
    const char *folder = lm_path_dir(arena, path);
    if (folder != NULL)
        lm_new_file_sweep(folder); /* of publishing, too */
    return lm_new_file_write(path, text->data, text->size, LM_NEW_ASIDE, err);
}

/** Is the file longer than twice what it says? */
static bool is_untidy(const char *path, size_t size)
{
    struct stat info;
    return stat(path, &info) != 0 || (uint64_t)info.st_size > 2 * (uint64_t)size;
}

/** Under the folder's lock. A file that is in order is not written again. */
static enum lm_status claim(const struct lm_spec *spec, struct lm_arena *arena, const char *path,
                            struct lm_err *err)
{
    struct lm_last *rows = NULL;
    size_t count = 0;
    const char *owner = NULL;
    struct lm_buf text;
    LM_TRY(lm_last_load(&rows, &count, &owner, arena, spec->root, spec->experiment, err));
    LM_TRY(lm_spec_check_owner(spec, owner, err));
    bool own = owner != NULL && strcmp(owner, spec->home) == 0;
    lm_buf_init(&text, CEILING);
    put_owner(&text, spec->home);
    for (size_t i = 0; i < count; i++)
        put_row(&text, rows[i].stage, &rows[i].key);
    enum lm_status status = lm_buf_status(&text, err);
    if (status == LM_OK && (!own || is_untidy(path, text.size)))
        status = write_anew(path, &text, arena, err);
    lm_buf_release(&text);
    return status;
}

enum lm_status lm_last_claim(const struct lm_spec *spec, struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena != NULL ? last_path(arena, spec->root, spec->experiment) : NULL;
    const char *folder = path != NULL ? lm_path_dir(arena, path) : NULL;
    enum lm_status status = folder != NULL ? lm_dir_create(folder, err) : no_memory(err);
    if (status == LM_OK && folder != NULL) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            flock(fd, LOCK_EX); /* where a folder cannot be locked, two first runs may both begin */
        status = claim(spec, arena, path, err);
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
    struct lm_last *rows = NULL;
    size_t more = 0;
    const char *owner = NULL;
    if (lm_last_load(&rows, &more, &owner, arena, root, experiment, NULL) != LM_OK || more == 0)
        return LM_OK; /* what cannot be read is not known */
    struct lm_known_result *all = LM_NEW_ARRAY(arena, struct lm_known_result, *count + more);
    if (all == NULL)
        return no_memory(err);
    if (*count > 0)
        memcpy(all, *out, *count * sizeof *all);
    for (size_t i = 0; i < more; i++)
        all[*count + i] = (struct lm_known_result){rows[i].key, experiment, rows[i].stage};
    *out = all;
    *count += more;
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
