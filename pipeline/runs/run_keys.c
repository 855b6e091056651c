#include "runs/run_keys.h"

#include <string.h>
#include <time.h>

#include "base/io.h"
#include "base/json.h"
#include "runs/history.h"
#include "runs/ledger.h"
#include "runs/run_files.h"

#define STAGE "{\"stage\":\""
#define KEY "{\"key\":\""
#define BEGUN "\"event\":\"stage_begin\""

enum { LARGEST = 1 << 30 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to read the runs; free some");
}

/* ---- what a run is ---- */

static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

int64_t lm_run_id_time(const char *id)
{
    if (!lm_run_id_is_one(id))
        return 0;
    struct tm t = {.tm_year = digits(id, 4) - 1900,
                   .tm_mon = digits(id + 4, 2) - 1,
                   .tm_mday = digits(id + 6, 2),
                   .tm_hour = digits(id + 9, 2),
                   .tm_min = digits(id + 11, 2),
                   .tm_sec = digits(id + 13, 2)};
    return timegm(&t);
}

/** A member that is a text, copied; else `absent`. NULL with `absent` not NULL: out of memory. */
static const char *member(struct lm_arena *arena, const struct lm_json *root, const char *name,
                          const char *absent)
{
    const char *text = lm_json_string(lm_json_get(root, name), NULL);
    return text != NULL ? lm_arena_strdup(arena, text) : absent;
}

/** The name of a file below runs/ or roots/, or NULL. */
static const char *file_member(struct lm_arena *arena, const struct lm_json *root, const char *name)
{
    struct lm_digest digest;
    const char *text = member(arena, root, name, NULL);
    return text != NULL && lm_digest_parse(&digest, text) ? text : NULL;
}

enum lm_status lm_run_head_read(struct lm_run_head *out, struct lm_arena *arena,
                                const struct lm_store *store, const char *id, struct lm_err *err)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    const char *path = lm_arena_printf(arena, "%s/runs/%s/run.json", lm_store_path(store), id);
    *out =
        (struct lm_run_head){.id = id, .begun = lm_run_id_time(id), .experiment = "", .home = ""};
    if (path == NULL)
        return no_memory(err);
    enum lm_status status = lm_file_read(&text, &size, arena, path, LARGEST, NULL);
    if (status == LM_OK)
        status = lm_json_parse(&root, text, size, NULL);
    out->is_damaged = status != LM_OK && lm_path_exists(path);
    if (status != LM_OK)
        return status == LM_NOMEM ? no_memory(err) : LM_OK;
    out->experiment = member(arena, root, "experiment", "");
    out->home = member(arena, root, "spec", "");
    out->root = file_member(arena, root, "root");
    out->parameters = file_member(arena, root, "parameters");
    out->results = file_member(arena, root, "results");
    lm_json_free(root);
    return out->experiment != NULL && out->home != NULL ? LM_OK : no_memory(err);
}

/* ---- what is known of keys ---- */

void lm_run_keys_init(struct lm_run_keys *keys, struct lm_arena *arena,
                      const struct lm_store *store)
{
    *keys = (struct lm_run_keys){.arena = arena, .store = store};
    lm_name_map_init(&keys->files, arena);
}

void lm_run_keys_release(struct lm_run_keys *keys)
{
    lm_digest_map_release(&keys->places);
}

static enum lm_status open_file(struct lm_ledger *out, const struct lm_run_keys *keys,
                                const char *folder, const char *file)
{
    const char *path =
        lm_arena_printf(keys->arena, "%s/runs/%s/%s", lm_store_path(keys->store), folder, file);
    *out = (struct lm_ledger){0};
    if (path == NULL || lm_ledger_open(out, keys->arena, path, NULL) == LM_NOMEM)
        return LM_NOMEM;
    return LM_OK;
}

/** "<name> {"key":"<key>",…"; false: out of memory. */
static bool keep_key(struct lm_run_keys *keys, char *line, size_t size)
{
    struct lm_digest name, key;
    char *json = line + LM_DIGEST_HEX, *hex = json + strlen(KEY);
    if (size < 2 * LM_DIGEST_HEX + strlen(KEY) || strncmp(json, KEY, strlen(KEY)) != 0)
        return true;
    line[LM_DIGEST_HEX - 1] = hex[LM_DIGEST_HEX - 1] = '\0';
    if (!lm_digest_parse(&name, line) || !lm_digest_parse(&key, hex))
        return true;
    struct lm_digest *rows =
        lm_arena_grow(keys->arena, keys->keys, keys->count, &keys->capacity, sizeof *rows);
    if (rows == NULL || !lm_digest_map_put(&keys->places, &name, keys->count))
        return false;
    keys->keys = rows;
    rows[keys->count++] = key;
    return true;
}

/** Reads a file of runs/keys/, once. */
static enum lm_status read_file(struct lm_run_keys *keys, const char *file)
{
    struct lm_ledger ledger;
    char *text;
    size_t size;
    if (lm_name_map_find(&keys->files, file) != SIZE_MAX)
        return LM_OK;
    if (!lm_name_map_put(&keys->files, file, 0))
        return LM_NOMEM;
    LM_TRY(open_file(&ledger, keys, "keys", file));
    while (lm_ledger_next(&ledger, &text, &size))
        if (!keep_key(keys, text, size))
            return LM_NOMEM;
    return LM_OK;
}

/* ---- the keys of a run ---- */

/** The stage that a line of parameters tells, cut out of it; NULL: none. */
static const char *stage_of(char *text)
{
    if (strncmp(text, STAGE, strlen(STAGE)) != 0)
        return NULL;
    text += strlen(STAGE);
    text[strcspn(text, "\"")] = '\0';
    return text;
}

/** Lines of parameters and of results stand in the same order. */
static enum lm_status read_ended(struct lm_root_key *out, size_t *count, bool *is_whole,
                                 struct lm_run_keys *keys, struct lm_ledger *parameters,
                                 struct lm_ledger *results)
{
    char *text, *parameter;
    size_t size, ignored;
    while (lm_ledger_next(results, &text, &size)) {
        struct lm_digest name;
        if (text[0] == '{')
            continue;
        const char *stage =
            lm_ledger_next(parameters, &parameter, &ignored) ? stage_of(parameter) : NULL;
        *is_whole = *is_whole && stage != NULL && results->damaged + parameters->damaged == 0;
        if (size != LM_RESULT_LINE)
            continue;
        text[LM_DIGEST_HEX - 1] = '\0';
        LM_TRY(read_file(keys, text + LM_DIGEST_HEX));
        size_t place =
            lm_digest_parse(&name, text) ? lm_digest_map_find(&keys->places, &name) : SIZE_MAX;
        *is_whole = *is_whole && place != SIZE_MAX;
        if (place != SIZE_MAX)
            out[(*count)++] =
                (struct lm_root_key){.key = keys->keys[place], .stage = *is_whole ? stage : NULL};
    }
    *is_whole = *is_whole && results->damaged + parameters->damaged == 0;
    return LM_OK;
}

/** Of a run without an end its events tell which stages it began. */
static enum lm_status read_killed(struct lm_root_key **out, size_t *count,
                                  const struct lm_run_keys *keys, const char *id)
{
    char *text;
    size_t size, lines = 0;
    const char *path =
        lm_arena_printf(keys->arena, "%s/runs/%s/events.jsonl", lm_store_path(keys->store), id);
    if (path == NULL)
        return LM_NOMEM;
    enum lm_status status = lm_file_read(&text, &size, keys->arena, path, LARGEST, NULL);
    if (status != LM_OK)
        return status == LM_NOMEM ? status : LM_OK;
    for (const char *at = text; (at = strstr(at, BEGUN)) != NULL; at++)
        lines++;
    *out = LM_NEW_ARRAY(keys->arena, struct lm_root_key, lines);
    if (*out == NULL)
        return LM_NOMEM;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct lm_json *root = NULL;
        *end = '\0';
        if (strstr(line, BEGUN) == NULL ||
            lm_json_parse(&root, line, (size_t)(end - line), NULL) != LM_OK)
            continue;
        const char *hex = lm_json_string(lm_json_get(root, "key"), NULL);
        const char *stage = member(keys->arena, root, "stage", NULL);
        if (hex != NULL && *count < lines && lm_digest_parse(&(*out)[*count].key, hex))
            (*out)[(*count)++].stage = stage;
        lm_json_free(root);
    }
    return LM_OK;
}

enum lm_status lm_run_keys_read(struct lm_root_key **out, size_t *count, bool *is_whole,
                                struct lm_run_keys *keys, const struct lm_run_head *run,
                                struct lm_err *err)
{
    struct lm_ledger parameters, results;
    *out = NULL;
    *count = 0;
    *is_whole = true;
    if (run->results == NULL)
        return read_killed(out, count, keys, run->id) == LM_OK ? LM_OK : no_memory(err);
    if (open_file(&results, keys, "results", run->results) != LM_OK ||
        open_file(&parameters, keys, "parameters",
                  run->parameters != NULL ? run->parameters : "none") != LM_OK)
        return no_memory(err);
    *out = LM_NEW_ARRAY(keys->arena, struct lm_root_key, lm_ledger_count(&results));
    *is_whole = results.at != NULL && parameters.at != NULL;
    if (*out == NULL)
        return no_memory(err);
    return read_ended(*out, count, is_whole, keys, &parameters, &results) == LM_OK ? LM_OK
                                                                                   : no_memory(err);
}

enum lm_status lm_run_results_files(struct lm_run_keys *keys, const char *results,
                                    bool (*visit)(void *user, const char *file), void *user)
{
    struct lm_ledger ledger;
    char *text;
    size_t size;
    LM_TRY(open_file(&ledger, keys, "results", results));
    while (lm_ledger_next(&ledger, &text, &size))
        if (text[0] != '{' && size == LM_RESULT_LINE && !visit(user, text + LM_DIGEST_HEX))
            return LM_NOMEM;
    return LM_OK;
}
