/* Records read, their objects verified, what is damaged healed: three steps, of which only the
 * last changes the store. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/pool.h"
#include "base/stat_time.h"
#include "store/record.h"
#include "store/store_inside.h"

enum { FEW = 64 }; /**< objects that one thread has looked at before another one has begun */

/* ---- reading ---- */

/** Is it the record of `key`? */
static enum lm_status check_key(const struct lm_record *out, const struct lm_digest *key,
                                struct lm_err *err)
{
    struct lm_digest named;
    lm_sha256_bytes(&named, out->key_text, strlen(out->key_text));
    if (lm_digest_compare(&out->key, key) != 0 || lm_digest_compare(&named, key) != 0)
        return lm_fail(err, LM_FORMAT, "the action record belongs to another key");
    return LM_OK;
}

/** Parses what should be the record of `key`. */
static enum lm_status parse(struct lm_record *out, struct lm_arena *arena,
                            const struct lm_digest *key, const char *text, size_t size,
                            struct lm_err *err)
{
    LM_TRY(lm_record_read(out, arena, text, size, err));
    return check_key(out, key, err);
}

/** What a failure to read or parse a record says of it. */
static enum lm_finding finding_of(enum lm_status status, const struct lm_err *err)
{
    int error = err->error_number;
    if (status == LM_OK)
        return LM_SOUND;
    if (error == ENOENT || error == ENOTDIR)
        return LM_ABSENT;
    return error == 0 || error == EISDIR || error == ELOOP || error == EACCES ? LM_DAMAGED
                                                                              : LM_UNREADABLE;
}

/** The record as the index remembers it; false: its file must be read. */
static bool recall(struct lm_store *store, struct lm_record *out, struct lm_arena *arena,
                   const struct lm_digest *key, const struct stat *st)
{
    char *text = lm_record_index_find(store->records, arena, key, st);
    return text != NULL && lm_record_take(out, arena, text, (size_t)st->st_size, NULL) == LM_OK &&
           check_key(out, key, NULL) == LM_OK;
}

bool lm_store_recall(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                     const struct lm_digest *key)
{
    struct stat st;
    struct lm_record *record = lm_seen_record(&store->seen, key);
    if (record != NULL) {
        *out = record;
        return true;
    }
    record = LM_NEW(arena, struct lm_record);
    if (record == NULL || lm_pending_record(&store->pending, key) != NULL ||
        !lm_store_look(store, "actions", key, &st) || !S_ISREG(st.st_mode) ||
        !recall(store, record, arena, key, &st))
        return false;
    *out = record;
    return true;
}

/** Reads a record. `st` is what was looked at. LM_NOMEM alone is a failure. */
static enum lm_status read_file(struct lm_store *store, struct lm_record *out,
                                enum lm_finding *finding, struct stat *st, struct lm_arena *arena,
                                const struct lm_digest *key, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    enum lm_status status = LM_OK;
    int error = lm_store_look(store, "actions", key, st) ? 0 : errno;
    if (error == 0 && S_ISREG(st->st_mode) && recall(store, out, arena, key, st)) {
        *finding = LM_SOUND;
        return LM_OK;
    }
    const char *path = lm_store_path_of(store, arena, "actions", key);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for an action record");
    if (error != 0)
        status = lm_fail_errno(err, error, "no action record %s", path);
    else if (!S_ISREG(st->st_mode))
        status = lm_fail(err, LM_FORMAT, "%s is no file", path);
    if (status == LM_OK)
        status = lm_file_read(&text, &size, arena, path, LM_RECORD_CEILING, err);
    if (status == LM_OK)
        status = parse(out, arena, key, text, size, err);
    if (status == LM_OK)
        lm_record_index_put(store->records, key, st, text, size);
    if (status == LM_NOMEM)
        return status;
    *finding = finding_of(status, err);
    return LM_OK;
}

enum lm_status lm_store_read(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                             const struct lm_digest *key, struct lm_err *err)
{
    struct lm_err why = {0};
    struct stat st;
    enum lm_finding finding = LM_SOUND;
    struct lm_record *record = LM_NEW(arena, struct lm_record);
    if (record == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for an action record");
    const struct lm_pending_record *pending = lm_pending_record(&store->pending, key);
    enum lm_status status = pending != NULL
                                ? parse(record, arena, key, pending->text, pending->size, &why)
                                : read_file(store, record, &finding, &st, arena, key, &why);
    if (status == LM_OK && finding == LM_SOUND) {
        *out = record;
        return LM_OK;
    }
    if (status == LM_OK && finding != LM_ABSENT)
        lm_store_warn(store, "%s; its stage runs again", why.text);
    if (err != NULL)
        *err = why;
    if (err != NULL && status == LM_OK)
        err->status = LM_NOT_FOUND;
    return status == LM_OK ? LM_NOT_FOUND : status;
}

/* ---- verifying ---- */

/** The object's digest by its bytes: nothing is known of them. */
static enum lm_finding reread(struct lm_store *store, const struct lm_output_file *file)
{
    char path[PATH_MAX], hex[LM_DIGEST_HEX];
    struct lm_digest digest;
    struct lm_err err = {0};
    struct stat st;
    lm_digest_hex(hex, &file->object);
    int n = snprintf(path, sizeof path, "%s/objects/%.2s/%s", store->path, hex, hex + 2);
    if (n < 0 || (size_t)n >= sizeof path)
        return LM_UNREADABLE;
    enum lm_status status = store->is_distrusted
                                ? lm_sha256_file(&digest, NULL, path, &err)
                                : lm_store_hash_file(store, &digest, &st, path, &err);
    if (status != LM_OK)
        return err.error_number == EACCES ? LM_DAMAGED : LM_UNREADABLE;
    return lm_digest_compare(&digest, &file->object) == 0 ? LM_SOUND : LM_DAMAGED;
}

bool lm_store_is_settled(enum lm_finding *finding, struct lm_store *store,
                         const struct lm_output_file *file, struct stat *st)
{
    struct lm_digest digest;
    *finding = LM_SOUND;
    if (!lm_store_look(store, "objects", &file->object, st)) {
        *finding = errno == ENOENT || errno == ENOTDIR ? LM_ABSENT : LM_UNREADABLE;
        return true;
    }
    if (!S_ISREG(st->st_mode) || (uint64_t)st->st_size != file->size) {
        *finding = LM_DAMAGED;
        return true;
    }
    const struct lm_pending_object *pending = lm_pending_object(&store->pending, &file->object);
    if (pending != NULL && pending->st.st_ino == st->st_ino &&
        lm_stat_mtime_ns(&pending->st) == lm_stat_mtime_ns(st))
        return true;
    if (store->is_distrusted || !lm_stat_index_find(store->index, st, &digest))
        return false;
    if (lm_digest_compare(&digest, &file->object) != 0)
        *finding = LM_DAMAGED;
    return true;
}

enum lm_finding lm_store_object_state(struct lm_store *store, const struct lm_output_file *file,
                                      struct stat *st)
{
    struct stat here;
    enum lm_finding finding;
    bool settled = lm_store_is_settled(&finding, store, file, st != NULL ? st : &here);
    return settled ? finding : reread(store, file);
}

void lm_store_distrust(struct lm_store *store)
{
    store->is_distrusted = true;
    lm_store_forget_seen(store);
}

/** Objects to look at: each once, with the places of the records that name it. */
struct survey {
    struct lm_store *store;
    const struct lm_output_file **files; /**< distinct objects */
    enum lm_finding *findings;           /**< parallel */
    bool *unsettled;                     /**< likewise: the bytes must be read */
    size_t count;
    size_t *place; /**< in them, for each file of the records in their order */
    size_t place_count;
    struct lm_digest_map places;
};

static void look(void *user, size_t task, size_t worker)
{
    struct survey *survey = user;
    struct stat st;
    (void)worker;
    survey->unsettled[task] =
        !lm_seen_object(&survey->store->seen, survey->files[task]) &&
        !lm_store_is_settled(&survey->findings[task], survey->store, survey->files[task], &st);
}

static void look_inside(void *user, size_t task, size_t worker)
{
    struct survey *survey = user;
    (void)worker;
    if (survey->unsettled[task])
        survey->findings[task] = reread(survey->store, survey->files[task]);
}

/** Looks at all; without a pool it is as right, and slower. */
static void look_at_all(struct survey *survey, size_t threads)
{
    size_t left = 0;
    struct lm_pool *pool = threads > 1 && survey->count > FEW ? lm_pool_create(threads) : NULL;
    lm_pool_run(pool, survey->count, look, survey);
    for (size_t i = 0; i < survey->count; i++)
        left += survey->unsettled[i];
    if (left > 1 && threads > 1 && pool == NULL)
        pool = lm_pool_create(threads);
    if (left > 0)
        lm_pool_run(pool, survey->count, look_inside, survey);
    lm_pool_free(pool);
}

static size_t count_files(const struct lm_record *record)
{
    size_t count = 0;
    for (size_t i = 0; record != NULL && i < record->output_count; i++)
        count += record->outputs[i].file_count;
    return count;
}

static bool collect(struct survey *survey, const struct lm_record *record)
{
    for (size_t i = 0; record != NULL && i < record->output_count; i++)
        for (size_t k = 0; k < record->outputs[i].file_count; k++) {
            const struct lm_output_file *file = &record->outputs[i].files[k];
            size_t place = lm_digest_map_find(&survey->places, &file->object);
            if (place == SIZE_MAX) {
                place = survey->count;
                survey->files[survey->count++] = file;
                if (!lm_digest_map_put(&survey->places, &file->object, place))
                    return false;
            }
            survey->place[survey->place_count++] = place;
        }
    return true;
}

/** Are the next `count` files of the survey's sound? */
static bool are_sound(const struct survey *survey, size_t *next, size_t count)
{
    bool sound = true;
    for (size_t end = *next + count; *next < end; ++*next)
        sound = sound && survey->findings[survey->place[*next]] == LM_SOUND;
    return sound;
}

enum lm_status lm_store_verify(struct lm_store *store, bool *sound,
                               const struct lm_record *const *records, size_t count, size_t threads,
                               struct lm_err *err)
{
    struct survey survey = {.store = store};
    size_t most = 0, next = 0;
    bool complete = true;
    for (size_t i = 0; i < count; i++)
        most += count_files(records[i]);
    survey.files = malloc((most + 1) * sizeof(const struct lm_output_file *));
    survey.findings = calloc(most + 1, sizeof *survey.findings);
    survey.unsettled = calloc(most + 1, sizeof *survey.unsettled);
    survey.place = malloc((most + 1) * sizeof *survey.place);
    complete = survey.files != NULL && survey.findings != NULL && survey.unsettled != NULL &&
               survey.place != NULL && lm_digest_map_reserve(&survey.places, most);
    for (size_t i = 0; i < count && complete; i++)
        complete = collect(&survey, records[i]);
    if (complete)
        look_at_all(&survey, threads);
    for (size_t i = 0; i < count && complete; i++)
        sound[i] = are_sound(&survey, &next, count_files(records[i]));
    free(survey.files);
    free(survey.findings);
    free(survey.unsettled);
    free(survey.place);
    lm_digest_map_release(&survey.places);
    return complete ? LM_OK : lm_fail(err, LM_NOMEM, "out of memory verifying results; free some");
}

enum lm_status lm_store_find(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                             const struct lm_digest *key, struct lm_err *err)
{
    struct lm_record *record = NULL;
    bool sound = false;
    LM_TRY(lm_store_read(store, &record, arena, key, err));
    const struct lm_record *const records[] = {record};
    LM_TRY(lm_store_verify(store, &sound, records, 1, 1, err));
    if (!sound)
        return lm_fail(err, LM_NOT_FOUND, "objects of the result are missing or damaged");
    *out = record;
    return LM_OK;
}

/* ---- healing ---- */

static enum lm_status heal_object(struct lm_store *store, struct lm_arena *arena,
                                  const struct lm_output_file *file, struct lm_err *err)
{
    struct stat st;
    const char *path = lm_store_object_path(store, arena, &file->object);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory healing the store");
    if (lm_store_object_state(store, file, &st) == LM_DAMAGED &&
        !lm_store_set_aside(store, path, &st, "an object"))
        return lm_fail(err, LM_IO, "%s is damaged and cannot be moved away; remove it", path);
    return LM_OK;
}

static enum lm_status heal(struct lm_store *store, struct lm_arena *arena,
                           const struct lm_digest *key, struct lm_err *err)
{
    struct lm_record record = {0};
    struct lm_err why = {0};
    struct stat st;
    enum lm_finding finding = LM_SOUND;
    if (lm_pending_record(&store->pending, key) != NULL)
        return LM_OK;
    LM_TRY(read_file(store, &record, &finding, &st, arena, key, &why));
    const char *path = lm_store_path_of(store, arena, "actions", key);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory healing the store");
    if (finding == LM_DAMAGED && !lm_store_set_aside(store, path, &st, "the action record"))
        return lm_fail(err, LM_IO, "%s is damaged and cannot be moved away; remove it", path);
    for (size_t i = 0; finding == LM_SOUND && i < record.output_count; i++)
        for (size_t k = 0; k < record.outputs[i].file_count; k++)
            LM_TRY(heal_object(store, arena, &record.outputs[i].files[k], err));
    return LM_OK;
}

enum lm_status lm_store_heal(struct lm_store *store, const struct lm_digest *key,
                             struct lm_err *err)
{
    struct lm_arena *arena = lm_arena_create();
    enum lm_status status = arena != NULL
                                ? heal(store, arena, key, err)
                                : lm_fail(err, LM_NOMEM, "out of memory healing the store");
    lm_arena_free(arena);
    return status;
}
