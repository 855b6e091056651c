#include <stdint.h>
#include <stdlib.h>

#include "base/grow.h"
#include "store/store_inside.h"

const struct lm_pending_record *lm_pending_record(const struct lm_pending *pending,
                                                  const struct lm_digest *key)
{
    size_t place = lm_digest_map_find(&pending->by_key, key);
    return place != SIZE_MAX ? &pending->records[place] : NULL;
}

const struct lm_pending_object *lm_pending_object(const struct lm_pending *pending,
                                                  const struct lm_digest *object)
{
    size_t place = lm_digest_map_find(&pending->by_object, object);
    return place != SIZE_MAX ? &pending->objects[place] : NULL;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is kept, and freed with the record */
bool lm_pending_add_record(struct lm_pending *pending, const struct lm_digest *key, char *text,
                           size_t size)
{
    size_t place = lm_digest_map_find(&pending->by_key, key);
    if (place != SIZE_MAX) {
        free(pending->records[place].text);
    } else {
        place = pending->record_count;
        struct lm_pending_record *items =
            lm_grow(pending->records, &pending->record_capacity, place, sizeof *items);
        if (items == NULL)
            return false;
        pending->records = items;
        if (!lm_digest_map_put(&pending->by_key, key, place))
            return false;
        pending->record_count++;
    }
    pending->records[place] = (struct lm_pending_record){*key, text, size};
    return true;
}

bool lm_pending_add_object(struct lm_pending *pending, const struct lm_pending_object *object)
{
    size_t place = lm_digest_map_find(&pending->by_object, &object->digest);
    bool fresh = object->fresh;
    if (place == SIZE_MAX) {
        place = pending->object_count;
        struct lm_pending_object *items =
            lm_grow(pending->objects, &pending->object_capacity, place, sizeof *items);
        if (items == NULL)
            return false;
        pending->objects = items;
        if (!lm_digest_map_put(&pending->by_object, &object->digest, place))
            return false;
        pending->object_count++;
    } else {
        fresh = fresh || pending->objects[place].fresh;
    }
    pending->objects[place] = *object;
    pending->objects[place].fresh = fresh;
    return true;
}

void lm_pending_clear(struct lm_pending *pending)
{
    for (size_t i = 0; i < pending->record_count; i++)
        free(pending->records[i].text);
    free(pending->records);
    free(pending->objects);
    lm_digest_map_release(&pending->by_key);
    lm_digest_map_release(&pending->by_object);
    *pending = (struct lm_pending){0};
}
