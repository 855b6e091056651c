/* What a store holds, counted by walking it. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "store/store_inside.h"

enum { DEEPEST = 64 };

static void walk(const char *path, int depth, lm_store_walk_fn *visit, void *user)
{
    DIR *dir = depth > 0 ? opendir(path) : NULL;
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char child[4096];
        struct stat st;
        int n = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || n < 0 ||
            n >= (int)sizeof child || lstat(child, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            walk(child, depth - 1, visit, user);
        else
            visit(user, child, &st);
    }
    closedir(dir);
}

void lm_store_walk(const char *path, lm_store_walk_fn *visit, void *user)
{
    walk(path, DEEPEST, visit, user);
}

static void tally_file(void *user, const char *path, const struct stat *st)
{
    struct lm_tally *tally = user;
    (void)path;
    tally->files++;
    tally->bytes += (uint64_t)st->st_size;
    tally->changed = st->st_mtime > tally->changed ? st->st_mtime : tally->changed;
}

void lm_store_tally(struct lm_tally *tally, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return;
    if (S_ISDIR(st.st_mode))
        lm_store_walk(path, tally_file, tally);
    else
        tally_file(tally, path, &st);
}

uint64_t lm_store_entries(struct lm_store *store, const char *folder, bool numbered)
{
    struct lm_names names = {0};
    struct lm_arena_mark mark = lm_arena_mark(store->arena);
    const char *path = lm_path_join(store->arena, store->path, folder);
    uint64_t count = 0;
    if (path != NULL && lm_dir_list(&names, store->arena, path, NULL) == LM_OK)
        for (size_t i = 0; i < names.count; i++)
            count += !numbered || (names.items[i][0] >= '0' && names.items[i][0] <= '9');
    lm_arena_rewind(store->arena, mark);
    return count;
}

static enum lm_status tally_folder(struct lm_tally *out, struct lm_store *store, const char *folder,
                                   struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(store->arena);
    const char *path = lm_path_join(store->arena, store->path, folder);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to look through the store; free some");
    *out = (struct lm_tally){0};
    lm_store_tally(out, path);
    lm_arena_rewind(store->arena, mark);
    return LM_OK;
}

enum lm_status lm_store_usage(struct lm_store *store, struct lm_store_usage *out,
                              struct lm_err *err)
{
    struct lm_store_usage usage = {0};
    struct lm_tally all = {0};

    const struct {
        const char *folder;
        uint64_t *count, *bytes;
    } rows[] = {
        {"objects", &usage.objects, &usage.object_bytes},
        {"actions", &usage.actions, &usage.action_bytes},
        {"checkpoints", NULL, &usage.checkpoint_bytes},
        {LM_STORE_STATES, NULL, &usage.state_bytes},
        {"runs", NULL, &usage.run_bytes},
        {"tmp", NULL, &usage.temporary_bytes},
        {"damaged", NULL, &usage.temporary_bytes},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_tally tally;
        LM_TRY(tally_folder(&tally, store, rows[i].folder, err));
        if (rows[i].count != NULL)
            *rows[i].count += tally.files;
        *rows[i].bytes += tally.bytes;
        usage.other_bytes -= tally.bytes; /* of all, which is added below */
    }
    LM_TRY(tally_folder(&all, store, ".", err));
    usage.other_bytes += all.bytes;
    usage.total_bytes = all.bytes;
    usage.checkpoints = lm_store_entries(store, "checkpoints", false);
    usage.states = lm_store_entries(store, LM_STORE_STATES, false);
    usage.runs = lm_store_entries(store, "runs", true);
    *out = usage;
    return LM_OK;
}
