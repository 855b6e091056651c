/* Every byte read again: what `cache verify` does, and a few objects in each run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/grow.h"
#include "base/io.h"
#include "base/pool.h"
#include "base/stat_time.h"
#include "protocol/checkpoint.h"
#include "store/hold.h"
#include "store/record.h"
#include "store/store_inside.h"

#define SAMPLE_LARGEST (INT64_C(64) << 20) /**< of one object */
#define SAMPLE_ENOUGH (INT64_C(8) << 20)   /**< when so many were read, no further object is */

/* ---- entries ---- */

/** LM_NOT_FOUND: no such entry, or its name is no digest; LM_IO, LM_NOMEM. */
static enum lm_status look_at_entry(struct lm_fan_entry *out, struct lm_arena *arena,
                                    const char *fan, const char *prefix, const char *name,
                                    struct lm_err *err)
{
    char hex[LM_DIGEST_HEX];
    if (strlen(prefix) != 2 || strlen(name) != LM_DIGEST_HEX - 3)
        return LM_NOT_FOUND;
    memcpy(hex, prefix, 2);
    memcpy(hex + 2, name, LM_DIGEST_HEX - 2);
    if (!lm_digest_parse(&out->digest, hex))
        return LM_NOT_FOUND;
    out->path = lm_path_join(arena, fan, name);
    if (out->path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to look through the store; free some");
    if (lstat(out->path, &out->st) == 0)
        return LM_OK;
    return errno == ENOENT ? LM_NOT_FOUND
                           : lm_fail_errno(err, errno, "cannot look at %s", out->path);
}

/** The folders of a folder of the store, or what lies in one of them; what is no folder is empty.
 */
static enum lm_status list(struct lm_names *out, struct lm_arena *arena, const char *path,
                           struct lm_err *err)
{
    *out = (struct lm_names){0};
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to look through the store; free some");
    return lm_path_is_dir(path) ? lm_dir_list(out, arena, path, err) : LM_OK;
}

enum lm_status lm_store_each(struct lm_store *store, const char *folder, struct lm_arena *arena,
                             void (*visit)(void *user, const struct lm_fan_entry *entry),
                             void *user, struct lm_err *err)
{
    struct lm_names fans = {0}, names = {0};
    const char *path = lm_path_join(arena, store->path, folder);
    enum lm_status first = list(&fans, arena, path, err);
    for (size_t i = 0; i < fans.count; i++) {
        const char *fan = lm_path_join(arena, path, fans.items[i]);
        enum lm_status status = list(&names, arena, fan, first == LM_OK ? err : NULL);
        first = first == LM_OK ? status : first;
        for (size_t k = 0; k < names.count; k++) {
            struct lm_fan_entry entry;
            status = look_at_entry(&entry, arena, fan, fans.items[i], names.items[k],
                                   first == LM_OK ? err : NULL);
            if (status == LM_OK)
                visit(user, &entry);
            else if (status != LM_NOT_FOUND && first == LM_OK)
                first = status;
        }
    }
    return first;
}

struct key_visit {
    void (*visit)(void *user, const struct lm_digest *key);
    void *user;
};

static void visit_key(void *user, const struct lm_fan_entry *entry)
{
    const struct key_visit *visit = user;
    visit->visit(visit->user, &entry->digest);
}

void lm_store_each_key(struct lm_store *store,
                       void (*visit)(void *user, const struct lm_digest *key), void *user)
{
    struct lm_arena *arena = lm_arena_create();
    if (arena != NULL)
        lm_store_each(store, "actions", arena, visit_key, &(struct key_visit){visit, user}, NULL);
    lm_arena_free(arena);
}

/* ---- one object ---- */

/** Reads an object as if nothing were known of it; a sound one is known from then on. */
static enum lm_finding reread(struct lm_store *store, const struct lm_fan_entry *entry)
{
    struct lm_digest digest;
    struct lm_err err = {0};
    int64_t begin = lm_stat_clock_ns();
    if (!S_ISREG(entry->st.st_mode))
        return LM_DAMAGED;
    if (lm_sha256_file(&digest, NULL, entry->path, &err) != LM_OK)
        return err.error_number == ENOENT ? LM_ABSENT : LM_UNREADABLE;
    if (lm_digest_compare(&digest, &entry->digest) != 0)
        return LM_DAMAGED;
    lm_stat_index_put(store->index, &entry->st, &digest, begin);
    return LM_SOUND;
}

/* ---- the whole store ---- */

/** A record names an object. */
struct use {
    struct lm_digest object;
    uint64_t size;
    struct lm_store_user user;
};

struct check {
    struct lm_store *store;
    struct lm_arena *arena, *scratch;
    const struct lm_store_check_options *options;
    struct lm_store_check *result;
    struct use *uses; /**< sorted by object */
    size_t use_count, use_capacity;
    struct lm_fan_entry *objects; /**< in the order of their digests */
    enum lm_finding *findings;
    size_t object_count, object_capacity;
    bool failed; /**< out of memory */
};

/** "stage TYPE VERSION" is the second line of a key text. */
static const char *type_of(struct lm_arena *arena, const char *key_text)
{
    const char *line = strchr(key_text, '\n');
    if (line == NULL || strncmp(line + 1, "stage ", 6) != 0)
        return "";
    const char *name = lm_arena_strndup(arena, line + 7, strcspn(line + 7, " \n"));
    return name != NULL ? name : "";
}

static void add_uses(struct check *check, const struct lm_record *record)
{
    struct lm_store_user user = {record->key, type_of(check->arena, record->key_text)};
    for (size_t i = 0; i < record->output_count; i++)
        for (size_t k = 0; k < record->outputs[i].file_count; k++) {
            const struct lm_output_file *file = &record->outputs[i].files[k];
            struct use *uses =
                lm_grow(check->uses, &check->use_capacity, check->use_count, sizeof *uses);
            check->failed = check->failed || uses == NULL;
            if (uses == NULL)
                return;
            check->uses = uses;
            check->uses[check->use_count++] = (struct use){file->object, file->size, user};
        }
}

static void tell(const struct check *check, const char *what, const char *path,
                 const struct lm_store_user *users, size_t count)
{
    struct lm_store_finding finding = {what, path + strlen(check->store->path) + 1, users, count};
    if (check->options->found != NULL)
        check->options->found(check->options->user, &finding);
}

/** A record is read from its file, whatever the index remembers. */
static void check_record(void *user, const struct lm_fan_entry *entry)
{
    struct check *check = user;
    struct lm_arena_mark mark = lm_arena_mark(check->scratch);
    struct lm_record record = {0};
    struct lm_err err = {0};
    struct lm_digest named;
    char *text = NULL;
    size_t size = 0;
    enum lm_status status =
        S_ISREG(entry->st.st_mode)
            ? lm_file_read(&text, &size, check->scratch, entry->path, LM_RECORD_CEILING, &err)
            : LM_FORMAT;
    if (status == LM_OK)
        status = lm_record_read(&record, check->scratch, text, size, &err);
    if (status == LM_OK)
        lm_sha256_bytes(&named, record.key_text, strlen(record.key_text));
    bool sound = status == LM_OK && lm_digest_compare(&record.key, &entry->digest) == 0 &&
                 lm_digest_compare(&named, &entry->digest) == 0;
    struct lm_store_user owner = {entry->digest, ""};
    check->result->records++;
    if (sound) {
        lm_record_index_put(check->store->records, &entry->digest, &entry->st, text, size);
        add_uses(check, &record);
    } else if (err.error_number != 0 && err.error_number != EACCES) {
        check->result->unreadable++;
        tell(check, "unreadable", entry->path, &owner, 1);
    } else {
        check->result->damaged++;
        tell(check, "damaged", entry->path, &owner, 1);
        lm_store_set_aside(check->store, entry->path, &entry->st, "the action record");
    }
    lm_arena_rewind(check->scratch, mark);
}

static void collect_object(void *user, const struct lm_fan_entry *entry)
{
    struct check *check = user;
    struct lm_fan_entry *objects =
        lm_grow(check->objects, &check->object_capacity, check->object_count, sizeof *objects);
    check->failed = check->failed || objects == NULL;
    if (objects == NULL)
        return;
    check->objects = objects;
    check->objects[check->object_count++] = *entry;
}

static void reread_task(void *user, size_t task, size_t worker)
{
    struct check *check = user;
    (void)worker;
    check->findings[task] = reread(check->store, &check->objects[task]);
}

static int compare_uses(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    int order = lm_digest_compare(&x->object, &y->object);
    return order != 0 ? order : lm_digest_compare(&x->user.key, &y->user.key);
}

/** Tells of an object with its users, which begin at uses[from]. */
static void tell_uses(struct check *check, size_t from, size_t count, const char *what,
                      const char *path)
{
    struct lm_store_user *users = calloc(count + 1, sizeof *users);
    check->failed = check->failed || users == NULL;
    for (size_t i = 0; i < count && users != NULL; i++)
        users[i] = check->uses[from + i].user;
    if (users != NULL)
        tell(check, what, path, users, count);
    free(users);
}

static size_t uses_of(const struct check *check, size_t from)
{
    size_t count = 0;
    while (from + count < check->use_count &&
           lm_digest_compare(&check->uses[from + count].object, &check->uses[from].object) == 0)
        count++;
    return count;
}

static void judge_object(struct check *check, size_t place, size_t from, size_t count)
{
    const struct lm_fan_entry *entry = &check->objects[place];
    check->result->objects++;
    check->result->bytes += (uint64_t)entry->st.st_size;
    if (check->findings[place] == LM_DAMAGED) {
        check->result->damaged++;
        tell_uses(check, from, count, "damaged", entry->path);
        lm_store_set_aside(check->store, entry->path, &entry->st, "an object");
    } else if (check->findings[place] == LM_UNREADABLE) {
        check->result->unreadable++;
        tell_uses(check, from, count, "unreadable", entry->path);
    }
}

/** Objects and uses, both sorted, side by side. */
static void judge_all(struct check *check)
{
    size_t place = 0, from = 0;
    while (place < check->object_count || from < check->use_count) {
        int order = place == check->object_count ? 1
                    : from == check->use_count   ? -1
                                                 : lm_digest_compare(&check->objects[place].digest,
                                                                     &check->uses[from].object);
        size_t count = order >= 0 ? uses_of(check, from) : 0;
        if (order <= 0) {
            judge_object(check, place++, from, count);
        } else {
            const char *path =
                lm_store_object_path(check->store, check->arena, &check->uses[from].object);
            check->result->missing++;
            if (path != NULL)
                tell_uses(check, from, count, "missing", path);
        }
        from += count;
    }
}

/** Visits the entry of a digest, when there is one. */
static void visit_one(struct check *check, const char *folder, const struct lm_digest *digest,
                      void (*visit)(void *user, const struct lm_fan_entry *entry))
{
    struct lm_fan_entry entry = {.digest = *digest};
    entry.path = lm_store_path_of(check->store, check->arena, folder, digest);
    check->failed = check->failed || entry.path == NULL;
    if (entry.path != NULL && lstat(entry.path, &entry.st) == 0)
        visit(check, &entry);
}

/** Records: all, or those that matter. */
static void check_records(struct check *check)
{
    if (check->options->key_count == 0)
        lm_store_each(check->store, "actions", check->arena, check_record, check, NULL);
    for (size_t i = 0; i < check->options->key_count; i++)
        visit_one(check, "actions", &check->options->keys[i], check_record);
    if (check->use_count > 1)
        qsort(check->uses, check->use_count, sizeof *check->uses, compare_uses);
}

/** Objects: all, or those of the records. */
static void collect_objects(struct check *check)
{
    if (check->options->key_count == 0)
        lm_store_each(check->store, "objects", check->arena, collect_object, check, NULL);
    for (size_t i = 0; check->options->key_count > 0 && i < check->use_count;
         i += uses_of(check, i))
        visit_one(check, "objects", &check->uses[i].object, collect_object);
}

/** A damaged state is missed by nobody: a longer training starts anew. */
static void check_state(struct check *check, const char *folder)
{
    enum lm_state_finding found;
    uint64_t size = 0;
    const char *path = lm_state_path(check->arena, folder);
    if (path == NULL || lm_state_check(&found, &size, folder, NULL) != LM_OK) {
        check->failed = true;
        return;
    }
    check->result->bytes += size;
    check->result->damaged += found == LM_STATE_DAMAGED;
    check->result->unreadable += found == LM_STATE_UNREADABLE;
    if (found == LM_STATE_DAMAGED || found == LM_STATE_UNREADABLE)
        tell(check, found == LM_STATE_DAMAGED ? "damaged" : "unreadable", path, NULL, 0);
    if (found == LM_STATE_DAMAGED)
        lm_store_set_aside(check->store, path, NULL, "a state");
}

static void check_states(struct check *check)
{
    struct lm_names names = {0};
    const char *path = lm_path_join(check->arena, check->store->path, LM_STORE_STATES);
    if (check->options->key_count > 0)
        return;
    if (list(&names, check->arena, path, NULL) != LM_OK)
        check->failed = true;
    for (size_t i = 0; i < names.count && !check->failed; i++) {
        const char *folder = lm_path_join(check->arena, path, names.items[i]);
        check->failed = folder == NULL;
        if (folder != NULL)
            check_state(check, folder);
    }
}

static void check_all(struct check *check)
{
    check_records(check);
    check_states(check);
    collect_objects(check);
    check->findings = calloc(check->object_count + 1, sizeof *check->findings);
    check->failed = check->failed || check->findings == NULL;
    if (check->failed)
        return;
    struct lm_pool *pool = lm_pool_create(check->options->threads);
    lm_pool_run(pool, check->object_count, reread_task, check);
    lm_pool_free(pool);
    judge_all(check);
}

enum lm_status lm_store_check(struct lm_store *store, const struct lm_store_check_options *options,
                              struct lm_store_check *out, struct lm_err *err)
{
    struct lm_lock lock;
    struct lm_store_check result = {0};
    struct check check = {.store = store, .options = options, .result = &result};
    LM_TRY(lm_store_share(store, &lock, err));
    check.arena = lm_arena_create();
    check.scratch = lm_arena_create();
    check.failed = check.arena == NULL || check.scratch == NULL;
    if (!check.failed)
        check_all(&check);
    free(check.uses);
    free(check.objects);
    free(check.findings);
    lm_arena_free(check.arena);
    lm_arena_free(check.scratch);
    lm_lock_release(&lock, NULL);
    if (check.failed)
        return lm_fail(err, LM_NOMEM, "out of memory verifying the store; free some");
    *out = result;
    return LM_OK;
}

/* ---- a few objects ---- */

/** A random entry of a random fan. */
static bool draw_object(struct lm_store *store, struct lm_arena *arena, struct lm_fan_entry *out)
{
    struct lm_names names = {0};
    uint32_t bits[2] = {0};
    char prefix[4];
    if (getrandom(bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        return false;
    snprintf(prefix, sizeof prefix, "%02x", bits[0] % 256);
    const char *fan = lm_arena_printf(arena, "%s/objects/%s", store->path, prefix);
    if (fan == NULL || lm_dir_list(&names, arena, fan, NULL) != LM_OK || names.count == 0)
        return false;
    const char *name = names.items[bits[1] % names.count];
    return look_at_entry(out, arena, fan, prefix, name, NULL) == LM_OK;
}

size_t lm_store_sample(struct lm_store *store, size_t count)
{
    enum { TRIES_EACH = 8 }; /* a small store has empty fans */

    size_t damaged = 0, done = 0;
    int64_t bytes = 0;
    struct lm_arena *arena = lm_arena_create();
    if (arena == NULL)
        return 0;
    for (size_t i = 0; i < count * TRIES_EACH && done < count && bytes < SAMPLE_ENOUGH; i++) {
        struct lm_fan_entry entry;
        struct lm_arena_mark mark = lm_arena_mark(arena);
        if (draw_object(store, arena, &entry) && entry.st.st_size <= SAMPLE_LARGEST) {
            done++;
            bytes += entry.st.st_size;
            if (reread(store, &entry) == LM_DAMAGED) {
                damaged++;
                lm_store_set_aside(store, entry.path, &entry.st, "an object");
            }
        }
        lm_arena_rewind(arena, mark);
    }
    lm_arena_free(arena);
    return damaged;
}
