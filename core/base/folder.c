#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { DEEPEST = 200, MOST_LINKS = 10000 };

/* Makes the folder, and first those above it that are not there; `path` is cut and mended. */
static enum lm_status make(char *path, struct lm_err *err)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && lm_path_is_dir(path)))
        return LM_OK;
    int error = errno;
    char *slash = strrchr(path, '/');
    if (error != ENOENT || slash == NULL || slash == path)
        return lm_fail_errno(err, error, "cannot create folder %s", path);
    *slash = '\0';
    enum lm_status status = make(path, err);
    *slash = '/';
    if (status != LM_OK)
        return status;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && lm_path_is_dir(path)))
        return LM_OK;
    return lm_fail_errno(err, errno, "cannot create folder %s", path);
}

enum lm_status lm_dir_create(const char *path, struct lm_err *err)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the path %s; free some", path);
    enum lm_status status = copy[0] != '\0' ? make(copy, err) : LM_OK;
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
    char **items = name != NULL
                       ? lm_arena_grow(arena, names->items, names->count, capacity, sizeof *items)
                       : NULL;
    if (items == NULL)
        return false;
    names->items = items;
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
    struct lm_names names, others;
    size_t capacity, others_capacity;
    struct lm_arena *arena;
    const char *root;
    size_t links; /* to folders, so far */
    struct lm_err *err;
};

/* A folder that is being walked, and the one that it was reached from. */
struct place {
    const struct place *parent;
    const char *prefix; /* relative path, "" for the root */
    dev_t device;
    ino_t inode;
    int depth;
};

static enum lm_status walk_below(struct walk *walk, struct place *place);

static enum lm_status no_memory(const struct walk *walk)
{
    return lm_fail(walk->err, LM_NOMEM, "no memory to walk %s; free some", walk->root);
}

static bool leads_back(const struct place *place, const struct stat *info)
{
    for (; place != NULL; place = place->parent)
        if (place->device == info->st_dev && place->inode == info->st_ino)
            return true;
    return false;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): kept in the place */
static enum lm_status walk_folder(struct walk *walk, const struct place *parent, char *relative,
                                  const char *path, const struct stat *info)
{
    struct stat link;
    struct place place = {parent, relative, info->st_dev, info->st_ino, parent->depth + 1};
    if (lstat(path, &link) != 0)
        return lm_fail_errno(walk->err, errno, "cannot look at %s", path);
    walk->links += S_ISLNK(link.st_mode);
    if (walk->links > MOST_LINKS)
        return lm_fail(walk->err, LM_RANGE,
                       "%s: more than %d links to folders; remove those that lead to one another",
                       walk->root, MOST_LINKS);
    return walk_below(walk, &place);
}

static enum lm_status walk_entry(struct walk *walk, const struct place *place, char *relative)
{
    struct stat info;
    char *path = relative ? lm_path_join(walk->arena, walk->root, relative) : NULL;
    if (path == NULL)
        return no_memory(walk);
    bool is_there = stat(path, &info) == 0;
    if (!is_there && errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
        return lm_fail_errno(walk->err, errno, "cannot look at %s", path);
    if (is_there && S_ISDIR(info.st_mode) && !leads_back(place, &info))
        return walk_folder(walk, place, relative, path, &info);
    bool is_file = is_there && S_ISREG(info.st_mode);
    bool is_kept = is_file ? add_name(&walk->names, &walk->capacity, walk->arena, relative)
                           : add_name(&walk->others, &walk->others_capacity, walk->arena, relative);
    return is_kept ? LM_OK : no_memory(walk);
}

static enum lm_status walk_below(struct walk *walk, struct place *place)
{
    const char *prefix = place->prefix;
    if (place->depth > DEEPEST)
        return lm_fail(walk->err, LM_RANGE, "%s: more than %d folders deep; flatten it", prefix,
                       DEEPEST);
    const char *dir = prefix[0] ? lm_path_join(walk->arena, walk->root, prefix) : walk->root;
    if (dir == NULL)
        return no_memory(walk);
    struct lm_names names = {0};
    LM_TRY(lm_dir_list(&names, walk->arena, dir, walk->err));
    for (size_t i = 0; i < names.count; i++) {
        char *relative =
            prefix[0] ? lm_path_join(walk->arena, prefix, names.items[i]) : names.items[i];
        LM_TRY(walk_entry(walk, place, relative));
    }
    return LM_OK;
}

enum lm_status lm_dir_walk(struct lm_names *out, struct lm_names *others, struct lm_arena *arena,
                           const char *path, struct lm_err *err)
{
    struct stat info;
    struct walk walk = {.arena = arena, .root = path, .err = err};
    if (stat(path, &info) != 0)
        return lm_fail_errno(err, errno, "cannot open folder %s", path);
    struct place place = {NULL, "", info.st_dev, info.st_ino, 0};
    LM_TRY(walk_below(&walk, &place));
    sort_names(&walk.names);
    sort_names(&walk.others);
    *out = walk.names;
    if (others != NULL)
        *others = walk.others;
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
