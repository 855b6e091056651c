/** One stage being executed, from the lock of its key to its end: what exists only meanwhile. */
#ifndef LM_EXEC_ATTEMPT_H
#define LM_EXEC_ATTEMPT_H

#include "exec/child.h"
#include "store/lock.h"
#include "store/store.h"

struct lm_attempt {
    struct lm_arena *arena; /**< of the attempt alone */
    struct lm_lock lock;    /**< of its key */
    const char *lock_path;
    const char *folder, *log;
    const char *checkpoints; /**< folder of the key */
    struct lm_child child;
    struct lm_child_end end;
    const char *result; /**< JSON text of the worker's last event, or NULL */
    size_t threads;
    uint64_t memory;   /**< bytes to count on */
    uint64_t first_ns; /**< when the first try began */
    uint64_t begin_ns; /**< when this try began */
    uint64_t term_ns;  /**< when it was asked to stop; 0: it was not */
    uint64_t kept_ns;  /**< when progress last went to events.jsonl */
    char doing[48];    /**< what it does beside its progress; "": nothing */
    double before;     /**< seconds spent on this key in earlier runs */
    bool timed_out, killed;
    bool rests; /**< its process has told the end of the stage, and goes on */
    bool alone; /**< it needs a process of its own */
};

/** NULL: out of memory. */
struct lm_attempt *lm_attempt_create(void);
/** Frees its lock and memory; NULL is fine. The private folder is the caller's to remove. */
void lm_attempt_free(struct lm_attempt *attempt);

/** Seconds that earlier, interrupted runs spent on a key: kept beside its checkpoints. 0: none. */
double lm_attempt_seconds_read(const struct lm_attempt *attempt);
/** Keeps the seconds spent so far, when there are checkpoints; failure is no failure. */
void lm_attempt_seconds_keep(const struct lm_attempt *attempt, uint64_t now_ns);

#endif
