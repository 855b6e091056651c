#include "plan/key_diff.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "base/url.h"
#include "param/param_rows.h"

/** A line of a key: what the fact is ("param lr") and its value ("float 0.001"). */
struct fact {
    const char *line;
    size_t id, length; /* bytes of "param lr", of the line */
};

/** The lines of a key, and their places by id. */
struct facts {
    struct fact *rows;
    size_t count;
    struct lm_name_map places;
};

/** How many words name a fact, by its first words; one when no row fits. */
static const struct {
    const char *head;
    size_t words;
} shapes[] = {
    {"experiment stage ", 3},
    {"experiment seed ", 3},
    {"experiment param ", 3},
    {"experiment in ", 3},
    {"experiment file ", 3},
    {"experiment ", 2},
    {"param ", 2},
    {"file ", 2},
    {"input ", 2},
    {"label ", 2},
    {"library ", 2},
};

static size_t id_length(const char *line, size_t length)
{
    size_t words = 1, at = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strncmp(line, shapes[i].head, strlen(shapes[i].head)) == 0) {
            words = shapes[i].words;
            break;
        }
    for (; at < length; at++)
        if (line[at] == ' ' && --words == 0)
            break;
    return at;
}

/** False: out of memory. */
static bool split(struct facts *out, struct lm_arena *arena, const char *text)
{
    size_t size = strlen(text), length;
    const char *line;
    struct lm_line_walk lines = lm_line_walk_of(text, size);
    *out = (struct facts){.rows =
                              LM_NEW_ARRAY(arena, struct fact, lm_line_walk_count(text, size) + 1)};
    lm_name_map_init(&out->places, arena);
    while (out->rows != NULL && lm_line_walk_next(&lines, &line, &length)) {
        size_t id = id_length(line, length);
        if (!lm_name_map_put_bytes(&out->places, line, id, out->count))
            return false;
        out->rows[out->count++] = (struct fact){line, id, length};
    }
    return out->rows != NULL;
}

/** The fact with the id of `wanted`; NULL: none. */
static const struct fact *find(const struct facts *facts, const struct fact *wanted)
{
    size_t place = lm_name_map_find_bytes(&facts->places, wanted->line, wanted->id);
    return place != SIZE_MAX ? &facts->rows[place] : NULL;
}

/** An address in quotes. Keys of before may hold it as it was, with its query. */
static const char *url_value(struct lm_arena *arena, const char *text)
{
    size_t length = strlen(text);
    if (length < 2 || text[length - 1] != '"')
        return text; /* with the digest of its query */
    const char *url = lm_arena_strndup(arena, text + 1, length - 2);
    return url != NULL ? lm_arena_printf(arena, "\"%s\"", lm_url_show(arena, url)) : NULL;
}

/** The value of a fact without its type word, in the arena. */
static const char *value_of(struct lm_arena *arena, const struct fact *fact)
{
    if (fact == NULL)
        return NULL;
    const char *value = fact->line + fact->id, *end = fact->line + fact->length;
    value += value < end;
    bool typed =
        strncmp(fact->line, "param ", 6) == 0 || strncmp(fact->line, "experiment param ", 17) == 0;
    const char *space = typed ? memchr(value, ' ', (size_t)(end - value)) : NULL;
    bool is_url = space != NULL && space - value == 3 && memcmp(value, "url", 3) == 0;
    if (space != NULL)
        value = space + 1;
    const char *text = lm_arena_strndup(arena, value, (size_t)(end - value));
    return is_url && text != NULL ? url_value(arena, text) : text;
}

/** A search for the parameter that keys call `key`. */
struct sought {
    const char *key;
    char name[LM_PARAM_NAME]; /* as typed; "" until it is found */
};

static void seek(void *user, const struct lm_param_leaf *leaf)
{
    struct sought *sought = user;
    if (strcmp(leaf->key, sought->key) == 0)
        snprintf(sought->name, sizeof sought->name, "%s", leaf->name);
}

/** The name people type for what keys call `key`, in the arena; `key` itself when there is none. */
static const char *typed_name(struct lm_arena *arena, const struct lm_spec_stage *stage,
                              const char *key)
{
    struct sought sought = {.key = key};
    lm_params_walk(stage->type->params, stage->params, seek, &sought);
    const char *name = sought.name[0] ? lm_arena_strdup(arena, sought.name) : NULL;
    return name ? name : key;
}

/** Origin of the parameter "model.lr" of an experiment's line. */
static struct lm_origin origin_below(struct lm_arena *arena, const struct lm_spec *spec,
                                     const char *path)
{
    for (const char *dot = strrchr(path, '.'); dot != NULL && dot > path;) {
        size_t length = (size_t)(dot - path), i = lm_spec_find_bytes(spec, path, length);
        if (i != SIZE_MAX)
            return lm_spec_origin(spec, i, typed_name(arena, &spec->stages[i], dot + 1));
        while (--dot > path && *dot != '.')
            continue;
    }
    return (struct lm_origin){.file = NULL};
}

/** The gate of "experiment gate.3", "experiment verdict.3": the fourth that reports hold; or NULL.
 */
static const struct lm_spec_gate *gate_of(const struct lm_spec *spec, const char *kind,
                                          const char *name)
{
    size_t wanted = 0, n = 0;
    const char *dot = strchr(name, '.');
    if (strcmp(kind, "experiment") != 0 || dot == NULL ||
        (strncmp(name, "gate.", 5) != 0 && strncmp(name, "verdict.", 8) != 0))
        return NULL;
    for (const char *p = dot + 1; *p >= '0' && *p <= '9' && wanted < spec->gate_count; p++)
        wanted = wanted * 10 + (size_t)(*p - '0');
    for (size_t i = 0; i < spec->gate_count; i++)
        if (spec->gates[i].held && n++ == wanted)
            return &spec->gates[i];
    return NULL;
}

static struct lm_origin origin_of(struct lm_arena *arena, const struct lm_spec *spec, size_t stage,
                                  const char *kind, const char *name)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    if (strcmp(kind, "param") == 0 || strcmp(kind, "file") == 0)
        return lm_spec_origin(spec, stage, name);
    if (strcmp(kind, "seed") == 0)
        return s->seed_origin;
    if (strcmp(kind, "numerics") == 0)
        return s->numerics_origin;
    if (strcmp(kind, "experiment") == 0 && strncmp(name, "param ", 6) == 0)
        return origin_below(arena, spec, name + 6);
    const struct lm_spec_gate *gate = gate_of(spec, kind, name);
    if (gate != NULL)
        return gate->origin;
    if (strcmp(kind, "experiment") == 0 && strcmp(name, "name") == 0)
        return spec->experiment_origin;
    if (strcmp(kind, "experiment") == 0 && strcmp(name, "baseline") == 0)
        return spec->baseline_origin;
    if (strcmp(kind, "experiment") == 0 && strcmp(name, "description") == 0)
        return spec->description_origin;
    return (struct lm_origin){.file = NULL};
}

/** The stage that feeds input `name` ("tokens", "runs.1"), or SIZE_MAX. */
static size_t producer(const struct lm_spec_stage *stage, const char *name)
{
    size_t length = strcspn(name, ".");
    size_t index = 0, wanted = 0;
    for (const char *p = name + length; *p != '\0'; p++)
        wanted = *p >= '0' && *p <= '9' ? wanted * 10 + (size_t)(*p - '0') : 0;
    for (size_t i = 0; i < stage->input_count; i++) {
        const char *port = lm_port_key(stage->inputs[i].port);
        if (strlen(port) != length || memcmp(port, name, length) != 0)
            continue;
        if (stage->inputs[i].role != LM_INPUT_NEEDED)
            return SIZE_MAX; /* it depends */
        if (index++ == wanted)
            return stage->inputs[i].stage;
    }
    return SIZE_MAX;
}

static bool describe(struct lm_key_change *change, struct lm_arena *arena,
                     const struct lm_spec *spec, size_t stage, const struct fact *before,
                     const struct fact *now)
{
    const struct fact *fact = now ? now : before;
    const char *id = lm_arena_strndup(arena, fact->line, fact->id);
    const char *space = id ? strchr(id, ' ') : NULL;
    if (id == NULL)
        return false;
    change->kind = space ? lm_arena_strndup(arena, id, (size_t)(space - id)) : id;
    change->name = space ? space + 1 : "";
    change->before = value_of(arena, before);
    change->now = value_of(arena, now);
    change->upstream = SIZE_MAX;
    if (change->kind == NULL)
        return false;
    if (strcmp(change->kind, "param") == 0 || strcmp(change->kind, "file") == 0)
        change->name = typed_name(arena, &spec->stages[stage], change->name);
    change->origin = origin_of(arena, spec, stage, change->kind, change->name);
    if (strcmp(change->kind, "input") == 0)
        change->upstream = producer(&spec->stages[stage], change->name);
    const struct lm_spec_gate *gate = gate_of(spec, change->kind, change->name);
    if (gate != NULL && strncmp(change->name, "verdict.", 8) == 0)
        change->upstream = gate->stage;
    return true;
}

/** What is known only when everything upstream has ended. */
static bool is_passed_over(const struct fact *fact, bool inputs)
{
    return !inputs &&
           (strncmp(fact->line, "input ", 6) == 0 || strncmp(fact->line, "label ", 6) == 0 ||
            strncmp(fact->line, "experiment verdict.", 19) == 0);
}

size_t lm_key_diff(struct lm_key_change **out, struct lm_arena *arena, const struct lm_spec *spec,
                   size_t stage, const char *before, const char *now, bool inputs)
{
    size_t count = 0;
    struct facts then, new;
    if (!split(&then, arena, before) || !split(&new, arena, now))
        return SIZE_MAX;
    struct lm_key_change *changes =
        LM_NEW_ARRAY(arena, struct lm_key_change, then.count + new.count + 1);
    if (changes == NULL)
        return SIZE_MAX;
    for (size_t i = 0; i < new.count; i++) {
        const struct fact *is = &new.rows[i], *was = find(&then, is);
        bool same = was != NULL && was->length == is->length &&
                    memcmp(was->line, is->line, is->length) == 0;
        if (!same && !is_passed_over(is, inputs) &&
            !describe(&changes[count++], arena, spec, stage, was, is))
            return SIZE_MAX;
    }
    for (size_t i = 0; i < then.count; i++)
        if (find(&new, &then.rows[i]) == NULL && !is_passed_over(&then.rows[i], inputs) &&
            !describe(&changes[count++], arena, spec, stage, &then.rows[i], NULL))
            return SIZE_MAX;
    *out = changes;
    return count;
}

/* ---- in words ---- */

/** A value short enough for a line. */
static const char *shorten(struct lm_arena *arena, const char *value)
{
    enum { LONGEST = 72 };

    size_t length = strlen(value);
    if (length <= LONGEST)
        return value;
    size_t cut = LONGEST;
    while (cut > 0 && ((unsigned char)value[cut] & 0xc0) == 0x80)
        cut--;
    const char *text = lm_arena_printf(arena, "%.*s…", (int)cut, value);
    return text ? text : "";
}

static const char *stage_text(struct lm_arena *arena, const struct lm_key_change *change)
{
    const char *before = change->before ? strchr(change->before, ' ') : NULL;
    const char *now = change->now ? strchr(change->now, ' ') : NULL;
    size_t length = now ? (size_t)(now - change->now) : 0;
    if (before != NULL && now != NULL && (size_t)(before - change->before) == length &&
        memcmp(change->before, change->now, length) == 0)
        return lm_arena_printf(arena, "stage version %s → %s", before + 1, now + 1);
    return lm_arena_printf(arena, "stage type %s → %s", change->before ? change->before : "none",
                           change->now ? change->now : "none");
}

static const char *input_text(struct lm_arena *arena, const struct lm_spec *spec,
                              const struct lm_key_change *change)
{
    const char *what = change->before == NULL ? "is new"
                       : change->now == NULL  ? "is gone"
                                              : "changed";
    if (change->upstream == SIZE_MAX)
        return lm_arena_printf(arena, "input %s %s", change->name, what);
    return lm_arena_printf(arena, "input %s %s, produced by %s", change->name, what,
                           spec->stages[change->upstream].id);
}

static const char *file_text(struct lm_arena *arena, const struct lm_spec *spec, size_t stage,
                             const struct lm_key_change *change)
{
    const char *what = change->before == NULL ? "is new"
                       : change->now == NULL  ? "is gone"
                                              : "changed";
    const struct lm_spec_value *given = lm_spec_value(spec, stage, change->name);
    const struct lm_spec_file *file = lm_spec_file(&spec->stages[stage], change->name);
    const char *path = file != NULL ? file->path : NULL;
    size_t length = strlen(spec->root);
    if (path != NULL && strncmp(path, spec->root, length) == 0 && path[length] == '/')
        path += length + 1;
    if (given != NULL && given->written != NULL)
        path = given->written;
    if (path == NULL)
        return lm_arena_printf(arena, "file %s %s", change->name, what);
    return lm_arena_printf(arena, "file %s %s: %s", change->name, what, path);
}

static const char *value_text(struct lm_arena *arena, const struct lm_key_change *change)
{
    const char *gap = change->name[0] ? " " : "";
    const char *before = change->before ? shorten(arena, change->before) : NULL;
    const char *now = change->now ? shorten(arena, change->now) : NULL;
    if (before == NULL)
        return lm_arena_printf(arena, "%s%s%s is new: %s", change->kind, gap, change->name, now);
    if (now == NULL)
        return lm_arena_printf(arena, "%s%s%s is gone (was %s)", change->kind, gap, change->name,
                               before);
    return lm_arena_printf(arena, "%s%s%s %s → %s", change->kind, gap, change->name, before, now);
}

const char *lm_key_change_text(struct lm_arena *arena, const struct lm_spec *spec, size_t stage,
                               const struct lm_key_change *change)
{
    const char *text;
    if (strcmp(change->kind, "stage") == 0)
        text = stage_text(arena, change);
    else if (strcmp(change->kind, "input") == 0)
        text = input_text(arena, spec, change);
    else if (strcmp(change->kind, "file") == 0)
        text = file_text(arena, spec, stage, change);
    else
        text = value_text(arena, change);
    bool traced = strcmp(change->kind, "param") == 0 || change->origin.file != NULL ||
                  change->origin.via != NULL;
    if (text != NULL && traced)
        text = lm_arena_printf(arena, "%s (%s)", text, lm_origin_text(arena, &change->origin));
    return text ? text : "";
}
