#include "store/hold.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 100, PAUSE_NS = 100000000 };

static enum lm_status place_of(char out[PATH_MAX], const struct lm_store *store, struct lm_err *err)
{
    int n = snprintf(out, PATH_MAX, "%s/locks/store", lm_store_path(store));
    if (n > 0 && n < PATH_MAX)
        return LM_OK;
    return lm_fail(err, LM_IO, "%s: the path of the store is too long", lm_store_path(store));
}

enum lm_status lm_store_share(const struct lm_store *store, struct lm_lock *lock,
                              struct lm_err *err)
{
    const struct timespec wait = {.tv_nsec = PAUSE_NS};
    char path[PATH_MAX];
    bool taken = false;
    lock->fd = -1;
    LM_TRY(place_of(path, store, err));
    for (int i = 0; i < TRIES; i++) {
        LM_TRY(lm_lock_try(lock, &taken, NULL, path, false, err));
        if (taken)
            return LM_OK;
        nanosleep(&wait, NULL);
    }
    return lm_fail(err, LM_IO, "%s is being cleaned by another process; run again later",
                   lm_store_path(store));
}

bool lm_store_share_now(const struct lm_store *store, struct lm_lock *lock)
{
    char path[PATH_MAX];
    bool taken = false;
    lock->fd = -1;
    return place_of(path, store, NULL) == LM_OK &&
           lm_lock_try(lock, &taken, NULL, path, false, NULL) == LM_OK && taken;
}

enum lm_status lm_store_own(const struct lm_store *store, struct lm_lock *lock, struct lm_err *err)
{
    char path[PATH_MAX];
    bool taken = false;
    lock->fd = -1;
    LM_TRY(place_of(path, store, err));
    LM_TRY(lm_lock_try(lock, &taken, NULL, path, true, err));
    if (taken)
        return LM_OK;
    return lm_fail(err, LM_IO,
                   "%s: a run or another command is using the store; wait for it, or stop it",
                   lm_store_path(store));
}

void lm_store_disown(struct lm_lock *lock)
{
    if (lock->fd >= 0 && ftruncate(lock->fd, 0) != 0) {
        /* the number of a process that is gone misleads nobody but people */
    }
    lm_lock_release(lock, NULL);
}
