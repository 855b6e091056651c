/* `publish:`: where outputs are copied to, below artifacts/<experiment>/. */
#include "spec/load.h"

#include <string.h>

/** Has it an empty, hidden or ".." part? */
static bool has_bad_part(const char *path)
{
    for (const char *p = path; p != NULL; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (p[0] == '\0' || p[0] == '/' || p[0] == '.')
            return true;
    return false;
}

static bool has_bad_byte(const char *path)
{
    for (; *path != '\0'; path++)
        if ((unsigned char)*path < 0x20 || *path == 0x7f || *path == '\\')
            return true;
    return false;
}

/** Why a path may not be published to, or NULL. */
static const char *refuse(const char *path)
{
    static const char *const own[] = {"run.html",     "run.json",        "junit-run.xml",
                                      "metrics.json", "provenance.json", "summary.md"};
    const char *last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (path[0] == '/')
        return "is absolute; paths are below artifacts/<experiment>/";
    if (strlen(path) > 200)
        return "is too long; use less than 200 bytes";
    if (has_bad_part(path))
        return "has an empty, hidden or '..' part; stay below artifacts/<experiment>/";
    if (has_bad_byte(path))
        return "has a control character or a backslash; use plain names";
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(last, own[i]) == 0)
            return "is a name the runner keeps for itself; choose another";
    return NULL;
}

void lm_load_publish(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *map,
                     const char *field)
{
    struct lm_spec_stage *stage = build->stage;
    stage->publish =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_publish, map->count));
    for (size_t i = 0; stage->publish != NULL && i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        const char *name = lm_load_field(load, field, entry->key);
        const struct lm_port *port = stage->type->outputs;
        while (port->name != NULL && strcmp(port->name, entry->key) != 0)
            port++;
        if (port->name == NULL && build->is_unbound)
            continue;
        if (port->name == NULL) {
            lm_load_unknown_port(load, stage->type, entry, name, LM_IN_PUBLISH);
            continue;
        }
        const char *path = lm_read_text(load, entry->value, name);
        const char *reason = path ? refuse(path) : NULL;
        if (reason != NULL)
            lm_diag_error(&load->diags, &entry->value->at, name, "%s %s",
                          lm_quote(load->arena, path), reason);
        if (path != NULL && reason == NULL)
            stage->publish[stage->publish_count++] =
                (struct lm_spec_publish){.port = port, .path = path, .origin = entry->value->at};
    }
}

/** What is published so far, in the order of the file. */
struct published {
    const struct lm_spec_publish **rows;
    const char **owners; /* ids of their stages */
    size_t count;
    struct lm_name_map paths, folders; /* places of the first at a path, below a folder */
};

/** The publication that a path collides with: it has this path, or one is a folder on the way to
 *  the other; SIZE_MAX: none does. */
static size_t find_collision(const struct published *published, const char *path)
{
    size_t place = lm_name_map_find(&published->paths, path);
    for (const char *slash = strchr(path, '/'); slash != NULL && place == SIZE_MAX;
         slash = strchr(slash + 1, '/'))
        place = lm_name_map_find_bytes(&published->paths, path, (size_t)(slash - path));
    return place != SIZE_MAX ? place : lm_name_map_find(&published->folders, path);
}

static bool add_published(struct published *published, const struct lm_spec_publish *row,
                          const char *owner)
{
    size_t place = published->count++;
    bool kept = lm_name_map_put(&published->paths, row->path, place);
    for (const char *slash = strchr(row->path, '/'); slash != NULL && kept;
         slash = strchr(slash + 1, '/'))
        kept = lm_name_map_put_bytes(&published->folders, row->path, (size_t)(slash - row->path),
                                     place);
    published->rows[place] = row;
    published->owners[place] = owner;
    return kept;
}

/** Checks one publication of a stage against all before it. */
static void check_one(struct lm_load *load, struct published *published,
                      const struct lm_spec_stage *stage, const struct lm_spec_publish *mine)
{
    size_t place = find_collision(published, mine->path);
    if (place != SIZE_MAX)
        lm_diag_error(
            &load->diags, &mine->origin,
            lm_load_field(load, lm_load_field(load, stage->id, "publish"), mine->port->name),
            "%s collides with what %s publishes (line %d); choose another path",
            lm_quote(load->arena, mine->path), published->owners[place],
            published->rows[place]->origin.line);
    if (!add_published(published, mine, stage->id))
        lm_load_keep(load, NULL);
}

void lm_load_publish_check(struct lm_load *load)
{
    size_t count = 0;
    struct published published = {0};
    const struct lm_spec *spec = load->spec;
    for (size_t i = 0; i < spec->stage_count; i++)
        count += spec->stages[i].publish_count;
    published.rows =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, const struct lm_spec_publish *, count));
    published.owners = lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, count));
    if (published.rows == NULL || published.owners == NULL)
        return;
    lm_name_map_init(&published.paths, load->arena);
    lm_name_map_init(&published.folders, load->arena);
    for (size_t i = 0; i < spec->stage_count; i++)
        for (size_t k = 0; k < spec->stages[i].publish_count; k++)
            check_one(load, &published, &spec->stages[i], &spec->stages[i].publish[k]);
}
