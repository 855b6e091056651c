#include "runs/history.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/suggest.h"

#define STAMP "00000000T000000.000-"

bool lm_run_id_is_one(const char *name)
{
    size_t i = 0;
    for (; STAMP[i] != '\0'; i++) {
        bool is_digit = name[i] >= '0' && name[i] <= '9';
        if (STAMP[i] == '0' ? !is_digit : name[i] != STAMP[i])
            return false;
    }
    return name[i] != '\0';
}

enum lm_status lm_history_load(struct lm_history *out, struct lm_arena *arena,
                               const struct lm_store *store, struct lm_err *err)
{
    struct lm_names names = {0};
    const char *folder = lm_path_join(arena, lm_store_path(store), "runs");
    if (folder == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to list the runs; free some");
    LM_TRY(lm_dir_list(&names, arena, folder, err));
    struct lm_history history = {.arena = arena, .store = store, .ids = names.items};
    for (size_t i = 0; i < names.count; i++)
        if (lm_run_id_is_one(names.items[i]))
            history.ids[history.count++] = names.items[i];
    *out = history;
    return LM_OK;
}

/* ---- names ---- */

/** "last", "last~2": how many runs before the newest; SIZE_MAX: no such name. */
static size_t read_last(const char *name)
{
    char *end = NULL;
    if (strcmp(name, "last") == 0)
        return 0;
    if (strncmp(name, "last~", 5) != 0 || name[5] < '0' || name[5] > '9')
        return SIZE_MAX;
    unsigned long back = strtoul(name + 5, &end, 10);
    return *end == '\0' ? back : SIZE_MAX;
}

/** The spec's path below its root, as runs remember it; NULL: there is no such file. */
static const char *home_of(struct lm_arena *arena, const char *path)
{
    char real[PATH_MAX];
    const char *folder =
        realpath(path, real) != NULL && !lm_path_is_dir(real) ? lm_path_dir(arena, real) : NULL;
    const char *root = folder != NULL ? lm_root_find(arena, folder) : NULL;
    const char *home = root != NULL ? lm_path_below(real, root) : NULL;
    return home != NULL ? lm_arena_strdup(arena, home) : NULL;
}

static enum lm_status find_by_spec(const char **id, const struct lm_history *history,
                                   const char *path, const char *home, struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(history->arena);
    for (size_t i = history->count; i > 0; i--) {
        struct lm_recorded recorded;
        bool is_its = lm_recorded_read(&recorded, history->arena, history->store,
                                       history->ids[i - 1], NULL) == LM_OK &&
                      strcmp(recorded.home, home) == 0;
        lm_arena_rewind(history->arena, mark);
        if (is_its) {
            *id = history->ids[i - 1];
            return LM_OK;
        }
    }
    return lm_fail(err, LM_INVALID, "%s has no recorded run; run it with 'lmpipe run %s'", path,
                   path);
}

static enum lm_status find_by_prefix(const char **id, const struct lm_history *history,
                                     const char *name, struct lm_err *err)
{
    size_t found = 0, length = strlen(name);
    for (size_t i = 0; i < history->count; i++) {
        if (strncmp(history->ids[i], name, length) != 0)
            continue;
        *id = history->ids[i];
        found++;
        if ((*id)[length] == '\0')
            return LM_OK;
    }
    if (found == 1)
        return LM_OK;
    if (found > 1)
        return lm_fail(err, LM_INVALID, "'%s' begins the ids of %zu runs; give more of it, as %s",
                       name, found, *id);
    const char *nearest = lm_suggest(name, (const char *const[]){"last"}, 1);
    if (nearest == NULL)
        nearest = lm_suggest(name, (const char *const *)history->ids, history->count);
    return lm_fail(err, LM_INVALID, "no run '%s'; %s%s%s", name,
                   nearest != NULL ? "did you mean '" : "see 'lmpipe exp list",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "'");
}

enum lm_status lm_history_find(const char **id, const struct lm_history *history, const char *name,
                               struct lm_err *err)
{
    size_t back = read_last(name);
    if (back != SIZE_MAX && back >= history->count)
        return lm_fail(err, LM_INVALID, "no run '%s': %zu are recorded; see 'lmpipe exp list'",
                       name, history->count);
    if (back != SIZE_MAX) {
        *id = history->ids[history->count - 1 - back];
        return LM_OK;
    }
    const char *home = home_of(history->arena, name);
    if (home != NULL)
        return find_by_spec(id, history, name, home, err);
    return find_by_prefix(id, history, name, err);
}
