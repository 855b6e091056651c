/* Results are looked for while the spec that will ask for them is still being read. What is found
 * to be there is kept until the plan is made; nothing that is missing, damaged or unknown is. */
#include <stdlib.h>

#include "base/grow.h"
#include "store/record.h"
#include "store/store_inside.h"

struct lm_record *lm_seen_record(const struct lm_seen *seen, const struct lm_digest *key)
{
    size_t place = lm_digest_map_find(&seen->by_key, key);
    return place != SIZE_MAX ? seen->records[place] : NULL;
}

bool lm_seen_object(const struct lm_seen *seen, const struct lm_output_file *file)
{
    size_t place = lm_digest_map_find(&seen->by_object, &file->object);
    return place != SIZE_MAX && seen->sizes[place] == file->size;
}

/** False: out of memory. */
static bool keep_object(struct lm_seen *seen, const struct lm_output_file *file)
{
    uint64_t *sizes =
        lm_grow(seen->sizes, &seen->object_capacity, seen->object_count, sizeof *sizes);
    if (sizes == NULL)
        return false;
    seen->sizes = sizes;
    seen->sizes[seen->object_count] = file->size;
    return lm_digest_map_put(&seen->by_object, &file->object, seen->object_count++);
}

/** Looks at the objects of a record. False: out of memory. */
static bool look_at_objects(struct lm_store *store, const struct lm_record *record)
{
    for (size_t i = 0; i < record->output_count; i++)
        for (size_t k = 0; k < record->outputs[i].file_count; k++) {
            const struct lm_output_file *file = &record->outputs[i].files[k];
            struct stat st;
            enum lm_finding finding;
            if (lm_digest_map_find(&store->seen.by_object, &file->object) != SIZE_MAX ||
                !lm_store_is_settled(&finding, store, file, &st) || finding != LM_SOUND)
                continue;
            if (!keep_object(&store->seen, file))
                return false;
        }
    return true;
}

void lm_store_look_ahead(struct lm_store *store, const struct lm_digest *keys, size_t count,
                         const atomic_bool *stop)
{
    struct lm_seen *seen = &store->seen;
    if (store->is_distrusted || seen->arena != NULL)
        return;
    seen->arena = lm_arena_create();
    seen->records = calloc(count + 1, sizeof(struct lm_record *));
    if (seen->arena == NULL || seen->records == NULL ||
        !lm_digest_map_reserve(&seen->by_key, count))
        return;
    for (size_t i = 0; i < count && !atomic_load_explicit(stop, memory_order_relaxed); i++) {
        struct lm_record *record = NULL;
        if (!lm_store_recall(store, &record, seen->arena, &keys[i]))
            continue;
        seen->records[seen->record_count] = record;
        if (!lm_digest_map_put(&seen->by_key, &keys[i], seen->record_count++) ||
            !look_at_objects(store, record))
            return;
    }
}

void lm_store_forget_seen(struct lm_store *store)
{
    struct lm_seen *seen = &store->seen;
    free(seen->records);
    free(seen->sizes);
    lm_digest_map_release(&seen->by_key);
    lm_digest_map_release(&seen->by_object);
    *seen = (struct lm_seen){.arena = seen->arena};
}
