#include "runs/recorded.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/suggest.h"
#include "runs/ledger.h"
#include "runs/run_files.h"

enum { LARGEST = 1 << 30 };

struct reading {
    struct lm_recorded *run;
    struct lm_arena *arena;
    const struct lm_store *store;
};

/** An absent member is NULL, one that is no text LM_FORMAT. */
static enum lm_status read_optional(const char **out, struct lm_arena *arena,
                                    const struct lm_json *value)
{
    return value != NULL ? lm_named_text(out, arena, value) : LM_OK;
}

/* ---- stages ---- */

static enum lm_status read_number(const char **out, struct lm_arena *arena,
                                  const struct lm_json *value)
{
    if (value == NULL)
        return LM_OK;
    *out = lm_arena_printf(arena, "%lld", (long long)lm_json_int(value, 0));
    return *out != NULL ? LM_OK : LM_NOMEM;
}

enum lm_status lm_recorded_read_stage(struct lm_recorded_stage *out, struct lm_arena *arena,
                                      const struct lm_json *object)
{
    const struct lm_json *point = lm_json_get(object, "point");
    *out = (struct lm_recorded_stage){.state = "unknown"};
    LM_TRY(lm_named_text(&out->id, arena, lm_json_get(object, "stage")));
    LM_TRY(lm_named_text(&out->type, arena, lm_json_get(object, "type")));
    out->version = lm_json_int(lm_json_get(object, "version"), 0);
    LM_TRY(read_number(&out->seed, arena, lm_json_get(object, "seed")));
    LM_TRY(read_optional(&out->numerics, arena, lm_json_get(object, "numerics")));
    if (point != NULL)
        LM_TRY(lm_named_texts(&out->point, &out->point_count, arena, point));
    return lm_named_texts(&out->params, &out->param_count, arena, lm_json_get(object, "params"));
}

enum lm_status lm_recorded_read_key(struct lm_recorded_stage *out, struct lm_arena *arena,
                                    const struct lm_json *object)
{
    const char *key = lm_json_string(lm_json_get(object, "key"), NULL);
    const struct lm_json *outputs = lm_json_get(object, "outputs");
    if (key == NULL || !lm_digest_parse(&out->key, key))
        return LM_FORMAT;
    LM_TRY(lm_named_text(&out->key_text, arena, lm_json_get(object, "key_text")));
    LM_TRY(read_optional(&out->headline, arena, lm_json_get(object, "headline")));
    out->is_keyed = true;
    if (outputs == NULL)
        return LM_OK;
    LM_TRY(lm_named_digests(&out->outputs, &out->output_count, arena, outputs));
    return lm_named_values(&out->metrics, &out->metric_count, arena,
                           lm_json_get(object, "metrics"));
}

static const char *path_of(const struct reading *reading, const char *folder, const char *name)
{
    return lm_arena_printf(reading->arena, "%s/runs/%s/%s", lm_store_path(reading->store), folder,
                           name);
}

static enum lm_status read_parameters(struct reading *reading, const char *hex, struct lm_err *err)
{
    struct lm_recorded *run = reading->run;
    struct lm_ledger ledger;
    char *text;
    size_t size;
    const char *path = path_of(reading, "parameters", hex);
    if (path == NULL)
        return LM_NOMEM;
    LM_TRY(lm_ledger_open(&ledger, reading->arena, path, err));
    run->stages = LM_NEW_ARRAY(reading->arena, struct lm_recorded_stage, lm_ledger_count(&ledger));
    run->damaged += ledger.at == NULL;
    if (run->stages == NULL)
        return LM_NOMEM;
    while (lm_ledger_next(&ledger, &text, &size)) {
        struct lm_json *root = NULL;
        LM_TRY(lm_json_parse(&root, text, size, err));
        struct lm_recorded_stage *stage = &run->stages[run->stage_count];
        enum lm_status status = lm_recorded_read_stage(stage, reading->arena, root);
        lm_json_free(root);
        LM_TRY(status);
        if (!lm_name_map_put(&run->by_id, stage->id, run->stage_count++))
            return LM_NOMEM;
    }
    run->damaged += ledger.damaged;
    return LM_OK;
}

/* ---- results ---- */

/** Files of what is known of keys: texts by their names, read when a stage first names the file. */
struct keys {
    struct lm_name_map files, texts;
    const char **rows; /**< texts, JSON */
    size_t row_count, row_capacity;
};

static enum lm_status read_file(struct reading *reading, struct keys *keys, const char *file)
{
    struct lm_ledger ledger;
    char *text;
    size_t size;
    const char *path = path_of(reading, "keys", file);
    if (path == NULL || !lm_name_map_put(&keys->files, file, 0))
        return LM_NOMEM;
    LM_TRY(lm_ledger_open(&ledger, reading->arena, path, NULL));
    while (lm_ledger_next(&ledger, &text, &size)) {
        const char **rows = lm_arena_grow(reading->arena, keys->rows, keys->row_count,
                                          &keys->row_capacity, sizeof *rows);
        if (rows == NULL)
            return LM_NOMEM;
        keys->rows = rows;
        if (size <= LM_DIGEST_HEX || text[LM_DIGEST_HEX - 1] != ' ')
            continue;
        text[LM_DIGEST_HEX - 1] = '\0';
        rows[keys->row_count] = text + LM_DIGEST_HEX;
        if (!lm_name_map_put(&keys->texts, text, keys->row_count++))
            return LM_NOMEM;
    }
    reading->run->damaged += ledger.damaged;
    return LM_OK;
}

/** A key of which nothing can be read is one of which nothing is known. `line` holds the name and,
 *  behind its NUL, the file. */
static enum lm_status read_key(struct reading *reading, struct keys *keys,
                               struct lm_recorded_stage *stage, const char *line)
{
    struct lm_json *root = NULL;
    const char *file = line + LM_DIGEST_HEX;
    if (lm_name_map_find(&keys->files, file) == SIZE_MAX && strchr(file, '/') == NULL &&
        read_file(reading, keys, file) == LM_NOMEM)
        return LM_NOMEM;
    size_t place = lm_name_map_find(&keys->texts, line);
    const char *text = place != SIZE_MAX ? keys->rows[place] : "";
    enum lm_status status = lm_json_parse(&root, text, strlen(text), NULL);
    if (status == LM_OK)
        status = lm_recorded_read_key(stage, reading->arena, root);
    lm_json_free(root);
    reading->run->damaged += status == LM_FORMAT;
    return status == LM_FORMAT ? LM_OK : status;
}

static enum lm_status read_gate(struct reading *reading, const char *text, size_t size)
{
    struct lm_recorded_gate *gate = &reading->run->gates[reading->run->gate_count];
    struct lm_arena *arena = reading->arena;
    struct lm_json *root = NULL;
    LM_TRY(lm_json_parse(&root, text, size, NULL));
    enum lm_status status = lm_named_text(&gate->name, arena, lm_json_get(root, "gate"));
    if (status == LM_OK)
        status = lm_named_text(&gate->metric, arena, lm_json_get(root, "metric"));
    if (status == LM_OK)
        status = lm_named_text(&gate->reason, arena, lm_json_get(root, "reason"));
    if (status == LM_OK)
        status = lm_named_text(&gate->verdict, arena, lm_json_get(root, "verdict"));
    gate->value = lm_json_double(lm_json_get(root, "value"), (double)NAN);
    reading->run->gate_count += status == LM_OK;
    lm_json_free(root);
    return status;
}

/** The lines of results stand in the order of those of parameters: behind a line that is missing in
 *  either it is not known whose they are, and they are left out. */
static enum lm_status read_results(struct reading *reading, const char *hex, struct lm_err *err)
{
    struct lm_ledger ledger;
    struct keys keys = {.row_count = 0};
    char *text;
    size_t size, stage = 0, missing = reading->run->damaged;
    const char *path = path_of(reading, "results", hex);
    if (path == NULL)
        return LM_NOMEM;
    LM_TRY(lm_ledger_open(&ledger, reading->arena, path, err));
    reading->run->gates =
        LM_NEW_ARRAY(reading->arena, struct lm_recorded_gate, lm_ledger_count(&ledger));
    reading->run->damaged += ledger.at == NULL;
    if (reading->run->gates == NULL)
        return LM_NOMEM;
    lm_name_map_init(&keys.files, reading->arena);
    lm_name_map_init(&keys.texts, reading->arena);
    while (lm_ledger_next(&ledger, &text, &size)) {
        enum lm_status status = LM_OK;
        if (text[0] == '{')
            status = read_gate(reading, text, size);
        bool is_placed = missing + ledger.damaged == 0 && stage < reading->run->stage_count;
        if (size == LM_RESULT_LINE && text[0] != '{' && is_placed) {
            text[LM_DIGEST_HEX - 1] = '\0';
            status = read_key(reading, &keys, &reading->run->stages[stage], text);
        }
        stage += text[0] != '{';
        LM_TRY(status);
    }
    reading->run->damaged += ledger.damaged;
    return LM_OK;
}

/* ---- what became of stages ---- */

static enum lm_status read_doings(struct reading *reading, const struct lm_json *list, bool ended)
{
    struct lm_recorded *run = reading->run;
    for (size_t i = 0; ended && i < run->stage_count; i++)
        run->stages[i].state = "hit";
    for (size_t i = 0; i < lm_json_count(list); i++) {
        const struct lm_json *row = lm_json_at(list, i);
        const char *id = lm_json_string(lm_json_get(row, "stage"), NULL);
        size_t place = id != NULL ? lm_name_map_find(&run->by_id, id) : SIZE_MAX;
        if (place == SIZE_MAX)
            continue;
        struct lm_recorded_stage *stage = &run->stages[place];
        LM_TRY(read_optional(&stage->state, reading->arena, lm_json_get(row, "state")));
        LM_TRY(read_optional(&stage->error, reading->arena, lm_json_get(row, "error")));
        stage->seconds = lm_json_double(lm_json_get(row, "seconds"), 0);
    }
    return LM_OK;
}

/** Of a run without an end: what its events tell of stages. */
static void read_events(struct reading *reading)
{
    char *text;
    size_t size;
    const char *path = path_of(reading, reading->run->id, "events.jsonl");
    if (path == NULL || lm_file_read(&text, &size, reading->arena, path, LARGEST, NULL) != LM_OK)
        return;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct lm_json *root = NULL;
        if (lm_json_parse(&root, line, (size_t)(end - line), NULL) != LM_OK)
            continue;
        const char *id = lm_json_string(lm_json_get(root, "stage"), NULL);
        const char *event = lm_json_string(lm_json_get(root, "event"), NULL);
        size_t place = id != NULL ? lm_name_map_find(&reading->run->by_id, id) : SIZE_MAX;
        struct lm_recorded_stage *stage = place != SIZE_MAX ? &reading->run->stages[place] : NULL;
        if (stage != NULL && event != NULL && strcmp(event, "stage_begin") == 0)
            stage->state = "begun";
        if (stage != NULL && event != NULL && strcmp(event, "stage_end") == 0 &&
            lm_named_text(&stage->state, reading->arena, lm_json_get(root, "state")) == LM_OK)
            stage->seconds = lm_json_double(lm_json_get(root, "seconds"), 0);
        lm_json_free(root);
    }
}

/* ---- the run ---- */

bool lm_recorded_is_live(struct lm_arena *arena, const struct lm_store *store, const char *id)
{
    const char *path = lm_arena_printf(arena, "%s/runs/%s/events.jsonl", lm_store_path(store), id);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    bool is_held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return is_held;
}

const char *lm_recorded_state(struct lm_arena *arena, const struct lm_store *store, const char *id,
                              const char *recorded)
{
    if (recorded != NULL && strcmp(recorded, "running") != 0)
        return recorded;
    return lm_recorded_is_live(arena, store, id) ? "running" : "killed";
}

/** Puts the state of a run without an end into its head, which says "running" for ever. */
static void settle_state(struct reading *reading, const char *recorded)
{
    struct lm_recorded *run = reading->run;
    const char *state = lm_recorded_state(reading->arena, reading->store, run->id, recorded);
    for (size_t i = 0; i < run->head_count && strcmp(state, "killed") == 0; i++)
        if (strcmp(run->head[i].name, "state") == 0)
            run->head[i].text = "\"killed\"";
}

static enum lm_status read_all(struct reading *reading, const struct lm_json *root,
                               struct lm_err *err)
{
    struct lm_recorded *run = reading->run;
    const char *state = lm_json_string(lm_json_get(root, "state"), NULL);
    bool ended = state != NULL && strcmp(state, "running") != 0;
    const char *parameters = lm_json_string(lm_json_get(root, "parameters"), NULL);
    const char *results = lm_json_string(lm_json_get(root, "results"), NULL);
    LM_TRY(lm_named_text(&run->experiment, reading->arena, lm_json_get(root, "experiment")));
    LM_TRY(lm_named_text(&run->home, reading->arena, lm_json_get(root, "spec")));
    LM_TRY(lm_named_texts(&run->head, &run->head_count, reading->arena, root));
    settle_state(reading, state);
    if (parameters == NULL || lm_path_base(parameters) != parameters)
        return LM_FORMAT;
    LM_TRY(read_parameters(reading, parameters, err));
    if (results != NULL && lm_path_base(results) == results)
        LM_TRY(read_results(reading, results, err));
    LM_TRY(read_doings(reading, lm_json_get(root, "stages"), ended));
    if (!ended)
        read_events(reading);
    return LM_OK;
}

enum lm_status lm_recorded_read(struct lm_recorded *out, struct lm_arena *arena,
                                const struct lm_store *store, const char *id, struct lm_err *err)
{
    char *text;
    size_t size;
    struct lm_json *root = NULL;
    struct lm_recorded run = {.id = id};
    struct reading reading = {&run, arena, store};
    const char *path = path_of(&reading, id, "run.json");
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to read run %s; free some", id);
    lm_name_map_init(&run.by_id, arena);
    if (!lm_path_exists(path))
        return lm_fail(
            err, LM_NOT_FOUND,
            "run %s was killed before it was recorded; remove it with 'lmpipe exp rm %s'", id, id);
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    enum lm_status status = lm_json_parse(&root, text, size, err);
    if (status == LM_OK)
        status = read_all(&reading, root, err);
    lm_json_free(root);
    if (status == LM_FORMAT)
        return lm_fail(err, LM_FORMAT, "%s is damaged; remove the run with 'lmpipe exp rm %s'",
                       path, id);
    if (status == LM_NOMEM)
        return lm_fail(err, LM_NOMEM, "no memory to read run %s; free some", id);
    *out = run;
    return status;
}

enum lm_status lm_recorded_find(size_t *place, struct lm_arena *arena,
                                const struct lm_recorded *run, const char *whose, const char *id,
                                struct lm_err *err)
{
    const char **names = LM_NEW_ARRAY(arena, const char *, run->stage_count), *nearest = NULL;
    size_t length = strlen(id);
    *place = lm_name_map_find(&run->by_id, id);
    if (names == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to look for stage '%s'; free some", id);
    if (*place != SIZE_MAX)
        return LM_OK;
    for (size_t i = 0; i < run->stage_count; i++) {
        names[i] = run->stages[i].id;
        bool is_instance = strncmp(names[i], id, length) == 0 && names[i][length] == '@';
        nearest = nearest == NULL && is_instance ? names[i] : nearest;
    }
    if (nearest == NULL)
        nearest = lm_suggest(id, names, run->stage_count);
    if (nearest != NULL)
        return lm_fail(err, LM_INVALID, "%s has no stage '%s'; did you mean '%s'?", whose, id,
                       nearest);
    if (run->id == NULL)
        return lm_fail(err, LM_INVALID, "%s has no stage '%s'; name one that it holds", whose, id);
    return lm_fail(err, LM_INVALID, "%s has no stage '%s'; see 'lmpipe exp show %s'", whose, id,
                   run->id);
}
