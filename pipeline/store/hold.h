/**
 * Who uses a store, and who has it alone: the kernel lock locks/store. Runs share it, so that no
 * result goes while they read it; gc and `cache clear` take it for themselves.
 */
#ifndef LM_STORE_HOLD_H
#define LM_STORE_HOLD_H

#include "store/lock.h"
#include "store/store.h"

/** Shares the store; waits up to ten seconds while somebody cleans it, then LM_IO. Release with
 *  lm_lock_release. */
enum lm_status lm_store_share(const struct lm_store *store, struct lm_lock *lock,
                              struct lm_err *err);
/** The same without waiting; false: it is being cleaned, or cannot be locked. */
bool lm_store_share_now(const struct lm_store *store, struct lm_lock *lock);
/** Takes the store for oneself; LM_IO at once when others use it. Release with lm_store_disown. */
enum lm_status lm_store_own(const struct lm_store *store, struct lm_lock *lock, struct lm_err *err);
void lm_store_disown(struct lm_lock *lock);

#endif
