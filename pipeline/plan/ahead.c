/* Reading a spec of thousands of stages keeps one processor busy for as long as looking for their
 * results would keep another. Which results these are is not known yet, but most of the last ones
 * are among them: the keys that .lmpipe remembers are asked for meanwhile. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/ahead.h>

#include "base/io.h"
#include "plan/last.h"
#include "store/ahead.h"
#include "store/hold.h"

enum {
    LEAST =
        16 << 10, /**< bytes of .lmpipe, about two hundred stages: fewer are looked up as quickly */
    HEAD = 8 << 10 /**< bytes of the spec in which its experiment is sought */
};

struct lm_ahead {
    struct lm_arena *arena;
    const char *root, *experiment, *place;
    bool hold, is_joined;
    atomic_bool stop;
    pthread_t thread;
    struct lm_store *store;
    struct lm_lock lock;
};

/** The name that a line "experiment: NAME" at the beginning of the spec gives; NULL: another form,
 * which is left to the reader of specs. */
static const char *find_experiment(struct lm_arena *arena, const char *path)
{
    static const char field[] = "\nexperiment:";
    char text[HEAD + 2] = "\n";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = fd >= 0 ? read(fd, text + 1, HEAD) : -1;
    if (fd >= 0)
        close(fd);
    text[size > 0 ? size + 1 : 1] = '\0';
    const char *name = strstr(text, field);
    if (name == NULL)
        return NULL;
    name += sizeof field - 1;
    name += strspn(name, " ");
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    bool ends = name[length] == '\n' || name[length] == ' ' || name[length] == '\r';
    return length > 0 && ends ? lm_arena_strndup(arena, name, length) : NULL;
}

/** Where things are; false: there is nothing that would be worth a thread. */
static bool find_places(struct lm_ahead *ahead, const char *path, const char *place)
{
    struct lm_arena *arena = ahead->arena;
    char real[PATH_MAX];
    struct stat st;
    const char *folder = realpath(path, real) != NULL ? lm_path_dir(arena, real) : NULL;
    ahead->root = folder != NULL ? lm_root_find(arena, folder) : NULL;
    if (ahead->root == NULL)
        return false;
    ahead->place = lm_arena_strdup(
        arena, place != NULL ? place : lm_path_join(arena, ahead->root, "artifacts/store"));
    ahead->experiment = find_experiment(arena, real);
    if (ahead->place == NULL || ahead->experiment == NULL)
        return false;
    const char *version = lm_path_join(arena, ahead->place, "VERSION");
    const char *last =
        lm_arena_printf(arena, "%s/artifacts/%s/.lmpipe", ahead->root, ahead->experiment);
    return version != NULL && last != NULL && stat(last, &st) == 0 && st.st_size >= LEAST &&
           lm_path_exists(version);
}

static void *look(void *user)
{
    struct lm_ahead *ahead = user;
    struct lm_lasts lasts;
    struct lm_digest *keys = NULL;
    if (lm_store_open(&ahead->store, ahead->place, NULL) != LM_OK ||
        (ahead->hold && !lm_store_share_now(ahead->store, &ahead->lock)) ||
        lm_last_load(&lasts, ahead->arena, ahead->root, ahead->experiment, NULL) != LM_OK)
        return NULL;
    keys = LM_NEW_ARRAY(ahead->arena, struct lm_digest, lasts.count);
    for (size_t i = 0; keys != NULL && i < lasts.count; i++)
        keys[i] = lasts.rows[i].key;
    if (keys != NULL)
        lm_store_look_ahead(ahead->store, keys, lasts.count, &ahead->stop);
    return NULL;
}

struct lm_ahead *lm_ahead_begin(const char *path, const char *place, bool hold)
{
    struct lm_ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL)
        return NULL;
    ahead->arena = lm_arena_create();
    ahead->hold = hold;
    ahead->lock.fd = -1;
    if (ahead->arena != NULL && find_places(ahead, path, place) &&
        pthread_create(&ahead->thread, NULL, look, ahead) == 0)
        return ahead;
    ahead->is_joined = true;
    lm_ahead_release(ahead);
    return NULL;
}

static void join(struct lm_ahead *ahead)
{
    atomic_store(&ahead->stop, true);
    if (!ahead->is_joined)
        pthread_join(ahead->thread, NULL);
    ahead->is_joined = true;
}

struct lm_store *lm_ahead_store(struct lm_ahead *ahead, const char *place)
{
    if (ahead == NULL)
        return NULL;
    join(ahead);
    struct lm_store *store = strcmp(ahead->place, place) == 0 ? ahead->store : NULL;
    if (store != NULL)
        ahead->store = NULL;
    return store;
}

void lm_ahead_release(struct lm_ahead *ahead)
{
    if (ahead == NULL)
        return;
    join(ahead);
    lm_lock_release(&ahead->lock, NULL);
    lm_store_close(ahead->store);
    lm_arena_free(ahead->arena);
    free(ahead);
}
