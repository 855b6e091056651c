/** Results that a plan will ask for, looked at before it does. */
#ifndef LM_STORE_AHEAD_H
#define LM_STORE_AHEAD_H

#include <stdatomic.h>

#include "store/store.h"

/** Looks for the results of keys ahead of a plan that will ask for them: their records and all
 * objects of these. Until lm_store_forget_seen, lm_store_recall and lm_store_verify take for there
 * what was found to be; about anything else they look for themselves. Changes nothing on the disk.
 * Ends early when *stop becomes true. Other calls about the store wait for its end. */
void lm_store_look_ahead(struct lm_store *store, const struct lm_digest *keys, size_t count,
                         const atomic_bool *stop);
/** From here on everything is looked at when it is asked for. Records that were handed out stay as
 *  long as the store. */
void lm_store_forget_seen(struct lm_store *store);

#endif
