#include "runs/history.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "base/io.h"
#include "base/new_file.h"
#include "base/suggest.h"
#include "runs/ledger.h"
#include "store/roots.h"

#define STAMP "00000000T000000.000-"
#define BEGIN "{\"run\":\""

enum { TAG_LONGEST = 64, LARGEST = 1 << 30, SLACK = 1000 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to list the runs; free some");
}

static const char *path_of(struct lm_arena *arena, const struct lm_store *store, const char *name)
{
    return lm_arena_printf(arena, "%s/runs/%s", lm_store_path(store), name);
}

bool lm_run_id_is_one(const char *name)
{
    size_t i = 0;
    for (; STAMP[i] != '\0'; i++) {
        bool is_digit = name[i] >= '0' && name[i] <= '9';
        if (STAMP[i] == '0' ? !is_digit : name[i] != STAMP[i])
            return false;
    }
    return name[i] != '\0';
}

/* ---- tags ---- */

bool lm_tag_is_fine(const char *name)
{
    size_t length = strlen(name);
    return isalpha((unsigned char)name[0]) && length <= TAG_LONGEST &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length &&
           strcmp(name, "last") != 0;
}

const char *lm_tag_path(struct lm_arena *arena, const struct lm_store *store, const char *name)
{
    return lm_arena_printf(arena, "%s/runs/tags/%s", lm_store_path(store), name);
}

static enum lm_status load_tags(struct lm_history *history, struct lm_err *err)
{
    struct lm_names names = {0};
    const char *folder = path_of(history->arena, history->store, "tags");
    if (folder == NULL)
        return no_memory(err);
    if (!lm_path_is_dir(folder))
        return LM_OK;
    LM_TRY(lm_dir_list(&names, history->arena, folder, err));
    history->tags = LM_NEW_ARRAY(history->arena, struct lm_tag, names.count);
    if (history->tags == NULL)
        return no_memory(err);
    for (size_t i = 0; i < names.count; i++) {
        char *id = NULL;
        size_t size;
        const char *path = lm_path_join(history->arena, folder, names.items[i]);
        if (path == NULL || !lm_tag_is_fine(names.items[i]) ||
            lm_file_read(&id, &size, history->arena, path, PATH_MAX, NULL) != LM_OK)
            continue;
        id[strcspn(id, "\n")] = '\0';
        history->tags[history->tag_count++] = (struct lm_tag){names.items[i], id};
    }
    return LM_OK;
}

/* ---- the index ---- */

/** Gives every run its newest line. */
static enum lm_status load_index(struct lm_history *history, struct lm_err *err)
{
    struct lm_name_map places;
    struct lm_ledger ledger;
    char *text;
    size_t size;
    const char *path = path_of(history->arena, history->store, "index");
    history->lines = LM_NEW_ARRAY(history->arena, const char *, history->count);
    if (path == NULL || history->lines == NULL)
        return no_memory(err);
    lm_name_map_init(&places, history->arena);
    for (size_t i = 0; i < history->count; i++)
        if (!lm_name_map_put(&places, history->ids[i], i))
            return no_memory(err);
    if (lm_ledger_open(&ledger, history->arena, path, NULL) != LM_OK)
        return LM_OK; /* it only remembers */
    while (lm_ledger_next(&ledger, &text, &size)) {
        bool is_row = size > strlen(BEGIN) && strncmp(text, BEGIN, strlen(BEGIN)) == 0;
        const char *id = text + strlen(BEGIN);
        size_t place = is_row ? lm_name_map_find_bytes(&places, id, strcspn(id, "\"")) : SIZE_MAX;
        if (place != SIZE_MAX)
            history->lines[place] = text;
        history->indexed++;
    }
    history->indexed += ledger.damaged;
    return LM_OK;
}

enum lm_status lm_history_load(struct lm_history *out, struct lm_arena *arena,
                               const struct lm_store *store, struct lm_err *err)
{
    struct lm_names names = {0};
    const char *folder = store != NULL ? path_of(arena, store, "") : NULL;
    *out = (struct lm_history){.arena = arena, .store = store};
    lm_buf_init(&out->repairs, 0);
    if (store == NULL)
        return LM_OK;
    if (folder == NULL)
        return no_memory(err);
    LM_TRY(lm_dir_list(&names, arena, folder, err));
    out->ids = names.items;
    for (size_t i = 0; i < names.count; i++)
        if (lm_run_id_is_one(names.items[i]))
            out->ids[out->count++] = names.items[i];
    LM_TRY(load_index(out, err));
    return load_tags(out, err);
}

void lm_history_release(struct lm_history *history)
{
    lm_buf_release(&history->repairs);
}

/* ---- rows ---- */

/** A piece of a line. */
struct span {
    const char *at;
    size_t length;
};

/** Where the value that begins at `at` ends: behind a text's quotes, a list's or object's brackets,
 * or before what ends anything else. A line is whole: its checksum holds. */
static const char *value_end(const char *at)
{
    size_t depth = 0;
    bool is_text = false;
    for (; *at != '\0'; at++) {
        if (is_text && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            is_text = !is_text;
        else if (is_text)
            continue;
        else if (*at == '{' || *at == '[')
            depth++;
        else if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
            break;
        else if (*at == '}' || *at == ']')
            depth--;
    }
    return at;
}

/** The next member of an object that lm_json_writer wrote without blanks; false: there is none. */
static bool next_member(const char **at, struct span *key, struct span *value)
{
    const char *name = *at + strspn(*at, "{,");
    const char *end = name[0] == '"' ? strchr(name + 1, '"') : NULL;
    if (end == NULL || end[1] != ':')
        return false;
    *key = (struct span){name + 1, (size_t)(end - name - 1)};
    value->at = end + 2;
    *at = value_end(value->at);
    value->length = (size_t)(*at - value->at);
    return true;
}

/** The text that a value is, in the arena; "" for null. NULL: it holds escapes, or memory is out.
 */
static const char *span_text(struct lm_arena *arena, struct span value)
{
    if (value.at[0] != '"' || value.length < 2)
        return "";
    if (memchr(value.at, '\\', value.length) == NULL)
        return lm_arena_strndup(arena, value.at + 1, value.length - 2);
    struct lm_json *root = NULL;
    const char *text = NULL;
    if (lm_json_parse(&root, value.at, value.length, NULL) == LM_OK)
        lm_named_text(&text, arena, root);
    lm_json_free(root);
    return text;
}

/** Members of a line that a row tells, by what they are. */
static const struct row_member {
    const char *name;
    size_t offset;

    enum { ROW_TEXT, ROW_COUNT, ROW_SECONDS } kind;
} row_members[] = {
    {"experiment", offsetof(struct lm_history_row, experiment), ROW_TEXT},
    {"spec", offsetof(struct lm_history_row, home), ROW_TEXT},
    {"root", offsetof(struct lm_history_row, root), ROW_TEXT},
    {"state", offsetof(struct lm_history_row, state), ROW_TEXT},
    {"started", offsetof(struct lm_history_row, started), ROW_TEXT},
    {"headline", offsetof(struct lm_history_row, headline), ROW_TEXT},
    {"exit_code", offsetof(struct lm_history_row, exit_code), ROW_COUNT},
    {"selected", offsetof(struct lm_history_row, selected), ROW_COUNT},
    {"executed", offsetof(struct lm_history_row, executed), ROW_COUNT},
    {"seconds", offsetof(struct lm_history_row, seconds), ROW_SECONDS},
};

/** False: memory is out, or a text is none. */
static bool take_member(struct lm_history_row *row, struct lm_arena *arena, struct span key,
                        struct span value)
{
    for (size_t i = 0; i < sizeof row_members / sizeof row_members[0]; i++) {
        const struct row_member *member = &row_members[i];
        void *field = (char *)row + member->offset;
        if (strlen(member->name) != key.length || strncmp(member->name, key.at, key.length) != 0)
            continue;
        if (member->kind == ROW_COUNT)
            *(int64_t *)field = strtoll(value.at, NULL, 10);
        else if (member->kind == ROW_SECONDS)
            *(double *)field = lm_c_strtod(value.at, NULL);
        else
            return (*(const char **)field = span_text(arena, value)) != NULL;
    }
    return true;
}

static enum lm_status parse_row(struct lm_history_row *out, const struct lm_history *history,
                                const char *line, struct lm_err *err)
{
    struct lm_history_row row = {.json = line,
                                 .experiment = "",
                                 .home = "",
                                 .root = "",
                                 .state = "",
                                 .started = "",
                                 .headline = "",
                                 .exit_code = -1};
    struct span key, value;
    for (const char *at = line; next_member(&at, &key, &value);)
        if (!take_member(&row, history->arena, key, value))
            return no_memory(err);
    *out = row;
    return LM_OK;
}

enum lm_status lm_history_metrics(struct lm_named_value **out, size_t *count,
                                  const struct lm_history *history,
                                  const struct lm_history_row *row, struct lm_err *err)
{
    struct lm_json *root = NULL;
    struct span key, value = {"", 0};
    const char *at = row->json;
    *count = 0;
    while (next_member(&at, &key, &value) && strncmp(key.at, "metrics\"", 8) != 0)
        continue;
    enum lm_status status = lm_json_parse(&root, value.at, value.length, NULL);
    if (status == LM_OK)
        status = lm_named_values(out, count, history->arena, root);
    lm_json_free(root);
    return status == LM_NOMEM ? no_memory(err) : LM_OK; /* a run without metrics has none */
}

/** Writes the line of a run whose own record is `root`, or that has none (NULL). */
static void put_line(struct lm_json_writer *writer, const char *id, const struct lm_json *root,
                     const char *state)
{
    static const char *const members[] = {"exit_code", "started", "seconds", "selected",
                                          "executed",  "failed",  "gates",   "headline",
                                          "metrics",   "settings"};
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "run", id);
    lm_json_member_string(writer, "experiment", id + strlen(STAMP));
    lm_json_key(writer, "spec");
    lm_named_put(writer, lm_json_get(root, "spec"));
    if (lm_json_get(root, "root") != NULL) {
        lm_json_key(writer, "root");
        lm_named_put(writer, lm_json_get(root, "root"));
    }
    lm_json_member_string(writer, "state", state);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const struct lm_json *value = lm_json_get(root, members[i]);
        if (value == NULL || (i == 0 && strcmp(state, "killed") == 0))
            continue;
        lm_json_key(writer, members[i]);
        lm_named_put(writer, value);
    }
    lm_json_close(writer, '}');
}

/** The line of a run that the index lacks; NULL: out of memory. */
static const char *make_line(struct lm_history *history, const char *id)
{
    char *text = NULL;
    size_t size = 0;
    struct lm_json *root = NULL;
    struct lm_json_writer writer;
    struct lm_buf line;
    const char *path =
        lm_arena_printf(history->arena, "%s/runs/%s/run.json", lm_store_path(history->store), id);
    if (path != NULL && lm_file_read(&text, &size, history->arena, path, LARGEST, NULL) == LM_OK)
        lm_json_parse(&root, text, size, NULL);
    const char *recorded = lm_json_string(lm_json_get(root, "state"), NULL);
    const char *state = lm_recorded_state(history->arena, history->store, id, recorded);
    bool final = recorded != NULL && strcmp(state, "running") != 0; /* can it change no more? */
    lm_buf_init(&line, 0);
    lm_json_begin(&writer, &line, false);
    put_line(&writer, id, root, state);
    const char *copy = line.failed ? NULL : lm_arena_strdup(history->arena, line.data);
    if (final && !line.failed)
        lm_ledger_put(&history->repairs, line.data, line.size);
    lm_buf_release(&line);
    lm_json_free(root);
    return copy;
}

enum lm_status lm_history_read(struct lm_history_row *out, struct lm_history *history, size_t i,
                               struct lm_err *err)
{
    if (history->lines[i] != NULL && parse_row(out, history, history->lines[i], NULL) == LM_OK)
        return LM_OK;
    const char *line = make_line(history, history->ids[i]);
    return line != NULL ? parse_row(out, history, line, err) : no_memory(err);
}

void lm_history_repair(struct lm_history *history)
{
    struct lm_buf whole;
    const char *path = path_of(history->arena, history->store, "index");
    if (path == NULL)
        return;
    if (history->indexed <= 2 * history->count + SLACK && !lm_path_is_dir(path)) {
        lm_ledger_append(path, &history->repairs, NULL);
        return;
    }
    lm_buf_init(&whole, 0);
    for (size_t i = 0; i < history->count; i++)
        if (history->lines[i] != NULL)
            lm_ledger_put(&whole, history->lines[i], strlen(history->lines[i]));
    if (history->repairs.size > 0)
        lm_buf_append(&whole, history->repairs.data, history->repairs.size);
    lm_new_file_write_buf(path, &whole, LM_NEW_ASIDE, NULL);
    lm_buf_release(&whole);
}

/* ---- names ---- */

/** "last", "last~2": how many runs before the newest; SIZE_MAX: no such name. */
static size_t read_last(const char *name)
{
    char *end = NULL;
    if (strcmp(name, "last") == 0)
        return 0;
    if (strncmp(name, "last~", 5) != 0 || name[5] < '0' || name[5] > '9')
        return SIZE_MAX;
    unsigned long back = strtoul(name + 5, &end, 10);
    return *end == '\0' ? back : SIZE_MAX;
}

void lm_history_spec_init(struct lm_history_spec *out, struct lm_arena *arena, const char *path)
{
    char real[PATH_MAX];
    const char *folder =
        realpath(path, real) != NULL && !lm_path_is_dir(real) ? lm_path_dir(arena, real) : NULL;
    const char *root = folder != NULL ? lm_root_find(arena, folder) : NULL;
    const char *home = root != NULL ? lm_path_below(real, root) : NULL;
    *out = (struct lm_history_spec){.home = home != NULL ? lm_arena_strdup(arena, home) : NULL};
    lm_name_map_init(&out->others, arena);
    if (home != NULL)
        lm_root_name(out->root, LM_ROOT_SPEC, real);
}

bool lm_history_is_of(const struct lm_history *history, struct lm_history_spec *spec,
                      const struct lm_history_row *row)
{
    if (strcmp(row->home, spec->home) != 0)
        return false;
    if (row->root[0] == '\0' || strcmp(row->root, spec->root) == 0)
        return true;
    size_t is_there = lm_name_map_find(&spec->others, row->root);
    if (is_there == SIZE_MAX) {
        struct lm_root root;
        is_there = lm_root_read(&root, history->arena, history->store, row->root, NULL) == LM_OK &&
                   root.path != NULL && lm_path_exists(root.path);
        lm_name_map_put(&spec->others, row->root, is_there);
    }
    return is_there == 0;
}

static enum lm_status find_by_spec(size_t *place, struct lm_history *history, const char *path,
                                   struct lm_history_spec *spec, struct lm_err *err)
{
    for (size_t i = history->count; i > 0; i--) {
        struct lm_history_row row;
        LM_TRY(lm_history_read(&row, history, i - 1, err));
        if (!lm_history_is_of(history, spec, &row))
            continue;
        *place = i - 1;
        return LM_OK;
    }
    return lm_fail(err, LM_INVALID, "%s has no recorded run; run it with 'lmpipe run %s'", path,
                   path);
}

/** "; did you mean …?" */
static enum lm_status no_run(const struct lm_history *history, const char *name, struct lm_err *err)
{
    const char **names =
        LM_NEW_ARRAY(history->arena, const char *, history->count + history->tag_count + 1);
    size_t count = 0;
    if (names == NULL)
        return no_memory(err);
    names[count++] = "last";
    for (size_t i = 0; i < history->tag_count; i++)
        names[count++] = history->tags[i].name;
    for (size_t i = history->count; i > 0; i--)
        names[count++] = history->ids[i - 1];
    const char *nearest = lm_suggest(name, names, count);
    if (nearest != NULL)
        return lm_fail(err, LM_INVALID, "no run '%s'; did you mean '%s'?", name, nearest);
    return lm_fail(err, LM_INVALID, "no run '%s'; see 'lmpipe exp list'", name);
}

static enum lm_status find_by_prefix(size_t *place, const struct lm_history *history,
                                     const char *name, struct lm_err *err)
{
    size_t found = 0, length = strlen(name);
    for (size_t i = 0; i < history->count && length > 0; i++) {
        if (strncmp(history->ids[i], name, length) != 0)
            continue;
        *place = i;
        found++;
        if (history->ids[i][length] == '\0')
            return LM_OK;
    }
    if (found > 1)
        return lm_fail(err, LM_INVALID, "'%s' begins the ids of %zu runs; give more of it, as %s",
                       name, found, history->ids[*place]);
    return found == 1 ? LM_OK : no_run(history, name, err);
}

enum lm_status lm_history_find(size_t *place, struct lm_history *history, const char *name,
                               struct lm_err *err)
{
    size_t back = read_last(name);
    if (back != SIZE_MAX && back >= history->count)
        return lm_fail(err, LM_INVALID, "no run '%s': %zu are recorded; see 'lmpipe exp list'",
                       name, history->count);
    if (back != SIZE_MAX) {
        *place = history->count - 1 - back;
        return LM_OK;
    }
    for (size_t i = 0; i < history->tag_count; i++)
        if (strcmp(history->tags[i].name, name) == 0)
            return find_by_prefix(place, history, history->tags[i].run, err);
    struct lm_history_spec spec;
    lm_history_spec_init(&spec, history->arena, name);
    if (spec.home != NULL)
        return find_by_spec(place, history, name, &spec, err);
    return find_by_prefix(place, history, name, err);
}
