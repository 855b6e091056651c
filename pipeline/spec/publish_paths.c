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
    static const char *const own[] = {"run.html", "run.json", "junit-run.xml"};
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
    enum { MOST = 32 };

    struct lm_spec_stage *stage = build->stage;
    const char *names[MOST];
    size_t count = 0;
    for (const struct lm_port *port = stage->type->outputs; port->name != NULL; port++)
        if (count < MOST)
            names[count++] = port->name;
    stage->publish =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_publish, map->count));
    for (size_t i = 0; stage->publish != NULL && i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        const char *name = lm_load_field(load, field, entry->key);
        const struct lm_port *port = stage->type->outputs;
        while (port->name != NULL && strcmp(port->name, entry->key) != 0)
            port++;
        if (port->name == NULL) {
            lm_diag_error(&load->diags, &entry->key_at, name, "unknown output%s",
                          lm_hint(&load->diags, entry->key, names, count));
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

/** Is one path the other, or a folder on the way to it? */
static bool collide(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    size_t shorter = length_a < length_b ? length_a : length_b;
    const char *longer = length_a < length_b ? b : a;
    return strncmp(a, b, shorter) == 0 && (longer[shorter] == '\0' || longer[shorter] == '/');
}

/** Checks publication k of stage i against all before it. */
static void check_one(struct lm_load *load, size_t i, size_t k)
{
    const struct lm_spec_publish *mine = &load->stages[i].stage->publish[k];
    for (size_t j = 0; j <= i; j++) {
        const struct lm_spec_stage *other = load->stages[j].stage;
        size_t end = j == i ? k : other->publish_count;
        for (size_t n = 0; n < end; n++) {
            if (!collide(mine->path, other->publish[n].path))
                continue;
            lm_diag_error(
                &load->diags, &mine->origin,
                lm_load_field(load, lm_load_field(load, load->stages[i].stage->id, "publish"),
                              mine->port->name),
                "%s collides with what %s publishes (line %d); choose another path",
                lm_quote(load->arena, mine->path), other->id, other->publish[n].origin.line);
            return;
        }
    }
}

void lm_load_publish_check(struct lm_load *load)
{
    enum { MOST = 1000 };

    size_t count = 0;
    for (size_t i = 0; i < load->stage_count; i++)
        count += load->stages[i].stage->publish_count;
    if (count > MOST) {
        lm_diag_error(&load->diags, NULL, "", "more than 1,000 published paths; publish folders");
        return;
    }
    for (size_t i = 0; i < load->stage_count; i++)
        for (size_t k = 0; k < load->stages[i].stage->publish_count; k++)
            check_one(load, i, k);
}
