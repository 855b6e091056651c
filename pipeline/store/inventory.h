/** All results and objects of a store, and which names which: what gc and `cache ls` begin with. */
#ifndef LM_STORE_INVENTORY_H
#define LM_STORE_INVENTORY_H

#include "store/digest_map.h"
#include "store/store_inside.h"

/** An action record. */
struct lm_stored_result {
    struct lm_digest key;
    const char *path;        /**< of its file */
    const char *type;        /**< of its stage; "" when it cannot be read */
    enum lm_finding finding; /**< LM_SOUND, LM_DAMAGED, LM_UNREADABLE: of the record alone */
    uint64_t size;           /**< bytes of its file */
    int64_t changed;         /**< mtime of its file, unix seconds */
    size_t first, count;     /**< of what it names, in the inventory's uses */
};

struct lm_stored_object {
    struct lm_digest digest;
    const char *path;
    uint64_t size;
    int64_t changed;
    size_t users; /**< times that records name it */
};

struct lm_inventory {
    struct lm_arena *arena;
    struct lm_stored_result *results; /**< by key */
    struct lm_stored_object *objects; /**< by digest */
    size_t *uses;                     /**< places of objects; what is missing is left out */
    size_t result_count, object_count, use_count;
    size_t result_capacity, object_capacity, use_capacity;
    struct lm_digest_map by_object;
};

/** Reads the store, changing nothing, into `arena`. Release in every case. LM_IO: a folder cannot
 *  be read, so that nobody knows what is needed; LM_NOMEM. */
enum lm_status lm_inventory_take(struct lm_inventory *out, struct lm_store *store,
                                 struct lm_arena *arena, struct lm_err *err);
void lm_inventory_release(struct lm_inventory *inventory);

#endif
