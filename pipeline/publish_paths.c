/* `publish:`: where outputs are copied to, below artifacts/<experiment>/; and `gates:`. */
#include "load.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"

/** Why a path may not be published to, or NULL. */
static const char *refuse(const char *path)
{
    static const char *const own[] = {"run.html", "run.json", "junit-run.xml"};
    const char *last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (path[0] == '/')
        return "absolute; paths are below artifacts/<experiment>/";
    if (strlen(path) > 200)
        return "too long; use less than 200 bytes";
    for (const char *p = path; p != NULL; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
        size_t length = strcspn(p, "/");
        if (length == 2 && strncmp(p, "..", 2) == 0)
            return "leaves artifacts/<experiment>/; remove the '..'";
        if (length == 0 || p[0] == '.')
            return "has an empty or hidden part; use plain names";
    }
    for (const char *p = path; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
            return "has a control character or a backslash; use plain names";
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(last, own[i]) == 0)
            return "a name the runner keeps for itself; choose another";
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
            lm_diag_error(&load->diags, &entry->value->at, name, "%s is %s",
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
            lm_diag_error(&load->diags, &mine->origin,
                          lm_load_field(load, load->stages[i].stage->id, "publish"),
                          "%s collides with what %s publishes (line %d); choose another path",
                          lm_quote(load->arena, mine->path), other->id,
                          other->publish[n].origin.line);
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

/* ---- gates ---- */

/** Splits "STAGE.METRIC"; false after a finding. */
static bool read_metric(struct lm_load *load, const struct lm_node *node, const char *field,
                        struct lm_spec_gate *gate)
{
    const char *text = lm_read_text(load, node, field);
    const char *dot = text ? strchr(text, '.') : NULL;
    if (text == NULL)
        return false;
    if (dot == NULL || dot == text || dot[1] == '\0') {
        lm_diag_error(&load->diags, &node->at, field, "%s is no metric; write stage.metric",
                      lm_quote(load->arena, text));
        return false;
    }
    const char *id = lm_load_keep(load, lm_arena_strndup(load->arena, text, (size_t)(dot - text)));
    for (size_t i = 0; id != NULL && i < load->stage_count; i++)
        if (strcmp(load->stage_names[i], id) == 0) {
            gate->stage = load->stages[i].place;
            gate->metric = dot + 1;
            return true;
        }
    lm_diag_error(&load->diags, &node->at, field, "unknown stage %s%s",
                  lm_quote(load->arena, id ? id : ""),
                  lm_hint(&load->diags, id ? id : "", load->stage_names, load->stage_count));
    return false;
}

static const char *gate_text(struct lm_load *load, const struct lm_spec_gate *gate,
                             const char *metric)
{
    struct lm_buf text;
    lm_buf_init(&text, 4096);
    lm_buf_puts(&text, metric);
    if (!lm_is_unset(gate->min)) {
        lm_buf_puts(&text, " min ");
        lm_buf_put_double(&text, gate->min);
    }
    if (!lm_is_unset(gate->max)) {
        lm_buf_puts(&text, " max ");
        lm_buf_put_double(&text, gate->max);
    }
    const char *copy = lm_load_keep(load, lm_arena_strdup(load->arena, text.data ? text.data : ""));
    lm_buf_release(&text);
    return copy;
}

/** Keys of gates that are to come, said so instead of "unknown". */
static bool is_future_gate(struct lm_load *load, const struct lm_node *map, const char *field)
{
    static const char *const later[] = {"worse_by_at_most", "vs", "confidence", NULL};
    for (size_t i = 0; later[i] != NULL; i++) {
        const struct lm_entry *entry = lm_node_entry(map, later[i]);
        if (entry == NULL)
            continue;
        lm_diag_error(&load->diags, &entry->key_at, field,
                      "gates against a baseline are not supported by this version; use min or max");
        return true;
    }
    return false;
}

static void read_gate(struct lm_load *load, const struct lm_node *map, const char *field)
{
    static const char *const keys[] = {"metric", "min", "max", NULL};
    struct lm_spec_gate gate = {.min = LM_UNSET_FLOAT, .max = LM_UNSET_FLOAT, .origin = map->at};
    if (!lm_read_kind(load, map, field, LM_NODE_MAP) || is_future_gate(load, map, field))
        return;
    lm_read_keys(load, map, field, "a gate", keys);
    const struct lm_node *metric = lm_node_get(map, "metric");
    const struct lm_node *min = lm_node_get(map, "min"), *max = lm_node_get(map, "max");
    bool good = true;
    if (metric == NULL)
        lm_diag_error(&load->diags, &map->at, field, "no metric; write metric: stage.metric");
    if (min == NULL && max == NULL)
        lm_diag_error(&load->diags, &map->at, field, "no bound; give min or max");
    if (min != NULL)
        good = lm_read_number(load, min, lm_load_field(load, field, "min"), &gate.min);
    if (max != NULL)
        good = lm_read_number(load, max, lm_load_field(load, field, "max"), &gate.max) && good;
    if (good && gate.min > gate.max) {
        lm_diag_error(&load->diags, &min->at, lm_load_field(load, field, "min"),
                      "above max, so that nothing can pass; exchange them");
        good = false;
    }
    if (metric == NULL || !read_metric(load, metric, lm_load_field(load, field, "metric"), &gate) ||
        !good)
        return;
    gate.text = gate_text(load, &gate, metric->text);
    load->spec->gates[load->spec->gate_count++] = gate;
}

void lm_load_gates(struct lm_load *load, const struct lm_node *list)
{
    if (!lm_read_kind(load, list, "gates", LM_NODE_LIST))
        return;
    load->spec->gates =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_gate, list->count));
    for (size_t i = 0; load->spec->gates != NULL && i < list->count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        read_gate(load, list->entries[i].value, lm_load_field(load, "gates", number));
    }
}
