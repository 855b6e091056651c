#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { DEEPEST = 200, FIRST_NAMES = 32 };

/* One component of lm_dir_create. */
static enum lm_status make_one(const char *path, struct lm_err *err)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && lm_path_is_dir(path)))
        return LM_OK;
    return lm_fail_errno(err, errno, "cannot create folder %s", path);
}

enum lm_status lm_dir_create(const char *path, struct lm_err *err)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the path %s; free some", path);
    enum lm_status status = LM_OK;
    for (char *at = copy + 1; copy[0] != '\0' && status == LM_OK; at++) {
        char c = *at;
        if (c != '/' && c != '\0')
            continue;
        *at = '\0';
        status = make_one(copy, err);
        *at = c;
        if (c == '\0')
            break;
    }
    free(copy);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct lm_names *names)
{
    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
}

/* Adds a name that lives as long as the arena; the array doubles in it. */
static bool add_name(struct lm_names *names, size_t *capacity, struct lm_arena *arena, char *name)
{
    if (name != NULL && names->count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : FIRST_NAMES;
        char **items = LM_NEW_ARRAY(arena, char *, larger);
        if (items == NULL)
            return false;
        if (names->count > 0)
            memcpy(items, names->items, names->count * sizeof *items);
        names->items = items;
        *capacity = larger;
    }
    if (name == NULL)
        return false;
    names->items[names->count++] = name;
    return true;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Next entry that is neither "." nor "..", or NULL with *error set (0 at the end). */
static const char *next_entry(DIR *dir, int *error)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        *error = entry ? 0 : errno;
        if (entry == NULL)
            return NULL;
        if (!is_dot(entry->d_name))
            return entry->d_name;
    }
}

enum lm_status lm_dir_list(struct lm_names *out, struct lm_arena *arena, const char *path,
                           struct lm_err *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return lm_fail_errno(err, errno, "cannot open folder %s", path);
    struct lm_names names = {0};
    size_t capacity = 0;
    enum lm_status status = LM_OK;
    int error;
    for (const char *name; status == LM_OK && (name = next_entry(dir, &error)) != NULL;)
        if (!add_name(&names, &capacity, arena, lm_arena_strdup(arena, name)))
            status = lm_fail(err, LM_NOMEM, "no memory to list %s; free some", path);
    if (status == LM_OK && error != 0)
        status = lm_fail_errno(err, error, "cannot read folder %s", path);
    closedir(dir);
    if (status != LM_OK)
        return status;
    sort_names(&names);
    *out = names;
    return LM_OK;
}

struct walk {
    struct lm_names names;
    size_t capacity;
    struct lm_arena *arena;
    const char *root;
    struct lm_err *err;
};

static enum lm_status walk_below(struct walk *walk, const char *prefix, int depth);

static enum lm_status walk_entry(struct walk *walk, char *relative, int depth)
{
    struct stat link, info;
    char *path = relative ? lm_path_join(walk->arena, walk->root, relative) : NULL;
    if (path == NULL)
        return lm_fail(walk->err, LM_NOMEM, "no memory to walk %s; free some", walk->root);
    if (lstat(path, &link) != 0)
        return lm_fail_errno(walk->err, errno, "cannot look at %s", path);
    if (S_ISDIR(link.st_mode))
        return walk_below(walk, relative, depth + 1);
    if (stat(path, &info) != 0)
        return lm_fail_errno(walk->err, errno, "cannot look at %s", path);
    if (S_ISREG(info.st_mode) && !add_name(&walk->names, &walk->capacity, walk->arena, relative))
        return lm_fail(walk->err, LM_NOMEM, "no memory to walk %s; free some", walk->root);
    return LM_OK;
}

static enum lm_status walk_below(struct walk *walk, const char *prefix, int depth)
{
    if (depth > DEEPEST)
        return lm_fail(walk->err, LM_RANGE, "%s: more than %d folders deep; flatten it", prefix,
                       DEEPEST);
    const char *dir = prefix[0] ? lm_path_join(walk->arena, walk->root, prefix) : walk->root;
    if (dir == NULL)
        return lm_fail(walk->err, LM_NOMEM, "no memory to walk %s; free some", walk->root);
    struct lm_names names = {0};
    LM_TRY(lm_dir_list(&names, walk->arena, dir, walk->err));
    for (size_t i = 0; i < names.count; i++) {
        char *relative =
            prefix[0] ? lm_path_join(walk->arena, prefix, names.items[i]) : names.items[i];
        LM_TRY(walk_entry(walk, relative, depth));
    }
    return LM_OK;
}

enum lm_status lm_dir_walk(struct lm_names *out, struct lm_arena *arena, const char *path,
                           struct lm_err *err)
{
    struct walk walk = {.arena = arena, .root = path, .err = err};
    LM_TRY(walk_below(&walk, "", 0));
    sort_names(&walk.names);
    *out = walk.names;
    return LM_OK;
}

/* Removes the open folder's content; closes it. 0 or an errno. */
static int empty_folder(int fd, int depth)
{
    DIR *dir = depth > DEEPEST ? NULL : fdopendir(fd);
    if (dir == NULL) {
        int error = depth > DEEPEST ? ELOOP : errno;
        close(fd);
        return error;
    }
    int error = 0, end = 0;
    for (const char *name; error == 0 && (name = next_entry(dir, &end)) != NULL;) {
        if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
            continue;
        error = errno;
        int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0)
            continue;
        error = empty_folder(child, depth + 1);
        if (error == 0 && unlinkat(fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
            error = errno;
    }
    closedir(dir);
    return error ? error : end;
}

enum lm_status lm_dir_remove(const char *path, struct lm_err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return LM_OK;
    int error = errno;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        error = empty_folder(fd, 0);
        if (error == 0 && rmdir(path) != 0 && errno != ENOENT)
            error = errno;
    }
    return error ? lm_fail_errno(err, error, "cannot remove %s", path) : LM_OK;
}
