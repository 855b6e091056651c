/* Names that a parameter takes from stages upstream, such as those of a mixture's sources: each
 * must be one of theirs, and each of theirs must be given. Where something else than such stages
 * may have made them, the stage itself finds out. */
#include <stdio.h>
#include <string.h>

#include "param/param_rows.h"
#include "spec/load.h"

enum { NAMES_MOST = 4096 };

/** "sources download.sources.name", taken apart. */
struct among {
    char port[64], type[64], list[64], field[64];
};

static bool take_apart(struct among *out, const char *text)
{
    return sscanf(text, "%63s %63[^.].%63[^.].%63s", out->port, out->type, out->list, out->field) ==
           4;
}

/** Names, found while parameters are walked. */
struct names {
    const char *list, *field;
    const char **items;
    size_t count;
};

static void take_name(void *user, const struct lm_param_leaf *leaf)
{
    struct names *names = user;
    size_t length = strlen(names->list);
    if (names->count == NAMES_MOST || strcmp(leaf->row->name, names->field) != 0 ||
        strncmp(leaf->name, names->list, length) != 0 || leaf->name[length] != '.')
        return;
    memcpy(&names->items[names->count], leaf->value, sizeof names->items[0]);
    names->count += names->items[names->count] != NULL;
}

static const struct lm_spec_input *find_input(const struct lm_spec_stage *stage, const char *port)
{
    for (size_t i = 0; i < stage->input_count; i++)
        if (strcmp(stage->inputs[i].port->name, port) == 0 && stage->inputs[i].from != NULL)
            return &stage->inputs[i];
    return NULL;
}

/** The names of the stages that the maker of an input takes from, all of one type; false: others
 *  are among them, or none. */
static bool find_offered(struct lm_load *load, struct names *offered, const struct among *among,
                         size_t maker)
{
    const struct lm_spec_stage *stage = &load->spec->stages[maker];
    size_t makers = 0;
    for (size_t i = 0; i < stage->input_count; i++) {
        const struct lm_spec_stage *from = &load->spec->stages[stage->inputs[i].stage];
        if (strcmp(stage->inputs[i].port->name, "corpus") != 0)
            continue;
        if (from->type == NULL || from->params == NULL ||
            strcmp(from->type->name, among->type) != 0)
            return false;
        lm_params_walk(from->type->params, from->params, take_name, offered);
        makers++;
    }
    return makers > 0;
}

static bool has(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static void compare(struct lm_load *load, const struct lm_spec_stage *stage, const char *param,
                    const struct names *given, const struct names *offered)
{
    const char *field = lm_load_field(load, stage->id, param);
    for (size_t i = 0; i < given->count; i++) {
        const char *name = lm_load_field(load, param, given->items[i]);
        struct lm_origin at = lm_load_origin(stage, name);
        if (!has(offered, given->items[i]))
            lm_diag_error(&load->diags, &at, lm_load_field(load, field, given->items[i]),
                          "there is no source %s%s", lm_quote(load->arena, given->items[i]),
                          lm_hint(&load->diags, given->items[i], offered->items, offered->count));
    }
    for (size_t i = 0; i < offered->count; i++) {
        struct lm_origin at = lm_load_origin(stage, param);
        if (!has(given, offered->items[i]))
            lm_diag_error(&load->diags, &at, field,
                          "says nothing of the source %s; give it a number above 0",
                          lm_quote(load->arena, offered->items[i]));
    }
}

/** Checks one list of records that has such a field. */
static void check_list(struct lm_load *load, const struct lm_spec_stage *stage,
                       const struct lm_param *row, const struct lm_param *name)
{
    struct among among;
    const char **room = lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, 2 * NAMES_MOST));
    struct lm_list list;
    memcpy(&list, (const char *)stage->params + row->offset, sizeof list);
    if (room == NULL || list.count == 0 || !take_apart(&among, name->among))
        return;
    struct names given = {row->name, name->name, room, 0};
    struct names offered = {among.list, among.field, room + NAMES_MOST, 0};
    const struct lm_spec_input *input = find_input(stage, among.port);
    lm_params_walk(stage->type->params, stage->params, take_name, &given);
    if (input != NULL && given.count > 0 && find_offered(load, &offered, &among, input->stage))
        compare(load, stage, row->name, &given, &offered);
}

void lm_load_source_names(struct lm_load *load)
{
    for (size_t i = 0; i < load->spec->stage_count; i++) {
        const struct lm_spec_stage *stage = &load->spec->stages[i];
        const struct lm_param *row = stage->type != NULL ? stage->type->params : NULL;
        for (; row != NULL && row->name != NULL && stage->params != NULL; row++)
            for (const struct lm_param *field = row->fields; field != NULL && field->name != NULL;
                 field++)
                if (row->type == LM_P_LIST && field->among != NULL)
                    check_list(load, stage, row, field);
    }
}
