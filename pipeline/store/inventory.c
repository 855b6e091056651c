#include "store/inventory.h"

#include <string.h>

#include "base/io.h"
#include "store/record.h"

/** While it is taken. */
struct taking {
    struct lm_inventory *inventory;
    struct lm_store *store;
    struct lm_arena *scratch;
    bool failed; /**< out of memory */
};

static void take_object(void *user, const struct lm_fan_entry *entry)
{
    struct taking *taking = user;
    struct lm_inventory *inventory = taking->inventory;
    if (!S_ISREG(entry->st.st_mode))
        return;
    struct lm_stored_object *objects =
        lm_arena_grow(inventory->arena, inventory->objects, inventory->object_count,
                      &inventory->object_capacity, sizeof *objects);
    taking->failed = taking->failed || objects == NULL;
    if (objects == NULL)
        return;
    inventory->objects = objects;
    objects[inventory->object_count] = (struct lm_stored_object){
        .digest = entry->digest,
        .path = entry->path,
        .size = (uint64_t)entry->st.st_size,
        .changed = entry->st.st_mtime,
    };
    if (!lm_digest_map_put(&inventory->by_object, &entry->digest, inventory->object_count))
        taking->failed = true;
    inventory->object_count++;
}

/** The record as the index remembers it, else its file. */
static enum lm_finding read_record(struct lm_record *out, const struct taking *taking,
                                   const struct lm_fan_entry *entry)
{
    struct lm_err err = {0};
    size_t size = (size_t)entry->st.st_size;
    if (!S_ISREG(entry->st.st_mode))
        return LM_DAMAGED;
    char *text =
        lm_record_index_find(taking->store->records, taking->scratch, &entry->digest, &entry->st);
    if (text == NULL &&
        lm_file_read(&text, &size, taking->scratch, entry->path, LM_RECORD_CEILING, &err) != LM_OK)
        return LM_UNREADABLE;
    enum lm_status status = lm_record_take(out, taking->scratch, text, size, &err);
    if (status == LM_NOMEM)
        return LM_UNREADABLE;
    return status == LM_OK && lm_digest_compare(&out->key, &entry->digest) == 0 ? LM_SOUND
                                                                                : LM_DAMAGED;
}

/** "stage TYPE VERSION" is the second line of a key text. */
static const char *type_of(struct lm_arena *arena, const char *key_text)
{
    const char *line = strchr(key_text, '\n');
    if (line == NULL || strncmp(line + 1, "stage ", 6) != 0)
        return "";
    return lm_arena_strndup(arena, line + 7, strcspn(line + 7, " \n"));
}

static void take_use(struct taking *taking, const struct lm_digest *object)
{
    struct lm_inventory *inventory = taking->inventory;
    size_t place = lm_digest_map_find(&inventory->by_object, object);
    if (place == SIZE_MAX)
        return;
    size_t *uses = lm_arena_grow(inventory->arena, inventory->uses, inventory->use_count,
                                 &inventory->use_capacity, sizeof *uses);
    taking->failed = taking->failed || uses == NULL;
    if (uses == NULL)
        return;
    inventory->uses = uses;
    uses[inventory->use_count++] = place;
    inventory->objects[place].users++;
}

static void take_result(void *user, const struct lm_fan_entry *entry)
{
    struct taking *taking = user;
    struct lm_inventory *inventory = taking->inventory;
    struct lm_record record = {0};
    struct lm_arena_mark mark = lm_arena_mark(taking->scratch);
    struct lm_stored_result *results =
        lm_arena_grow(inventory->arena, inventory->results, inventory->result_count,
                      &inventory->result_capacity, sizeof *results);
    taking->failed = taking->failed || results == NULL;
    if (results == NULL)
        return;
    inventory->results = results;
    struct lm_stored_result result = {
        .key = entry->digest,
        .path = entry->path,
        .type = "",
        .finding = read_record(&record, taking, entry),
        .size = (uint64_t)entry->st.st_size,
        .changed = entry->st.st_mtime,
        .first = inventory->use_count,
    };
    if (result.finding == LM_SOUND) {
        result.type = type_of(inventory->arena, record.key_text);
        for (size_t i = 0; i < record.output_count; i++)
            for (size_t k = 0; k < record.outputs[i].file_count; k++)
                take_use(taking, &record.outputs[i].files[k].object);
    }
    taking->failed = taking->failed || result.type == NULL;
    result.count = inventory->use_count - result.first;
    results[inventory->result_count++] = result;
    lm_arena_rewind(taking->scratch, mark);
}

enum lm_status lm_inventory_take(struct lm_inventory *out, struct lm_store *store,
                                 struct lm_arena *arena, struct lm_err *err)
{
    struct taking taking = {.inventory = out, .store = store, .scratch = lm_arena_create()};
    *out = (struct lm_inventory){.arena = arena};
    taking.failed = taking.scratch == NULL;
    enum lm_status status = LM_OK;
    if (!taking.failed)
        status = lm_store_each(store, "objects", arena, take_object, &taking, err);
    if (!taking.failed && status == LM_OK)
        status = lm_store_each(store, "actions", arena, take_result, &taking, err);
    lm_arena_free(taking.scratch);
    if (taking.failed)
        return lm_fail(err, LM_NOMEM, "no memory to look through the store; free some");
    return status;
}

void lm_inventory_release(struct lm_inventory *inventory)
{
    lm_digest_map_release(&inventory->by_object);
}
