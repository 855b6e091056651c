/**
 * Kernel locks (flock) on files of the store's locks/ folder. They die with their process and are
 * not inherited by programs it starts (O_CLOEXEC); a free lock's file may be removed by anybody.
 */
#ifndef LM_STORE_LOCK_H
#define LM_STORE_LOCK_H

#include <stdbool.h>

#include <lmpipe/status.h>

struct lm_lock {
    int fd; /**< -1: not held */
};

/** Tries to take the lock file at `path` (made when absent). *taken false: somebody else holds it,
 *  then *owner (may be NULL) is the pid written there, or 0. Exclusive holders write their pid.
 * LM_IO. */
enum lm_status lm_lock_try(struct lm_lock *out, bool *taken, int *owner, const char *path,
                           bool exclusive, struct lm_err *err);
/** Frees the lock; with a path an exclusive holder removes its file first. Free already: nothing.
 */
void lm_lock_release(struct lm_lock *lock, const char *remove);

#endif
