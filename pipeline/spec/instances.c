/* The instances of each family: one for each combination of values on its axes, and what each takes
 * of the others. */
#include "spec/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "spec/upstream.h"

enum { ID_LONGEST = 240 }; /* with an ending still a file's name */

/* ---- points along some axes ---- */

/** A group on its way into the order of values. */
struct ordered {
    const struct lm_matrix *matrix;
    uint64_t axes;
    uint32_t group, point;
};

static int by_values(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    const struct lm_matrix *matrix = x->matrix;
    for (size_t i = 0; matrix != NULL && i < matrix->axis_count; i++) {
        size_t axis = matrix->by_name[i], count = matrix->axis_count;
        if (!(x->axes >> axis & 1))
            continue;
        const struct lm_axis_value *values = matrix->axes[axis].values;
        size_t v = values[matrix->points[x->point * count + axis]].rank;
        size_t w = values[matrix->points[y->point * count + axis]].rank;
        if (v != w)
            return v < w ? -1 : 1;
    }
    return 0;
}

static void order_groups(struct lm_load *load, struct lm_projection *projection)
{
    struct ordered *rows =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct ordered, projection->count));
    projection->order = lm_load_keep(load, LM_NEW_ARRAY(load->arena, uint32_t, projection->count));
    if (rows == NULL || projection->order == NULL)
        return;
    for (size_t g = 0; g < projection->count; g++)
        rows[g] = (struct ordered){load->spec->matrix, projection->axes, (uint32_t)g,
                                   projection->first[g]};
    qsort(rows, projection->count, sizeof *rows, by_values);
    for (size_t g = 0; g < projection->count; g++)
        projection->order[g] = rows[g].group;
}

/** Gives every point its group: those that agree on the axes share one. */
static bool group_points(struct lm_load *load, struct lm_projection *projection)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    size_t points = matrix != NULL ? matrix->point_count : 1;
    size_t axes = matrix != NULL ? matrix->axis_count : 0;
    struct lm_name_map groups;
    uint32_t *rows = LM_NEW_ARRAY(load->arena, uint32_t, points * axes + 1);
    projection->group = LM_NEW_ARRAY(load->arena, uint32_t, points);
    projection->first = LM_NEW_ARRAY(load->arena, uint32_t, points);
    lm_name_map_init(&groups, load->arena);
    if (rows == NULL || projection->group == NULL || projection->first == NULL)
        return false;
    for (size_t p = 0; p < points; p++) {
        uint32_t *row = rows + p * axes;
        for (size_t a = 0; a < axes; a++)
            row[a] = projection->axes >> a & 1 ? matrix->points[p * axes + a] : 0;
        size_t group = lm_name_map_find_bytes(&groups, (char *)row, axes * sizeof *row);
        if (group == SIZE_MAX) {
            group = projection->count++;
            projection->first[group] = (uint32_t)p;
            if (!lm_name_map_put_bytes(&groups, (char *)row, axes * sizeof *row, group))
                return false;
        }
        projection->group[p] = (uint32_t)group;
    }
    return true;
}

const struct lm_projection *lm_load_project(struct lm_load *load, uint64_t axes)
{
    for (size_t i = 0; i < load->projection_count; i++)
        if (load->projections[i]->axes == axes)
            return load->projections[i];
    struct lm_projection **list =
        lm_load_keep(load, lm_arena_grow(load->arena, load->projections, load->projection_count,
                                         &load->projection_capacity, sizeof(void *)));
    struct lm_projection *projection =
        lm_load_keep(load, LM_NEW(load->arena, struct lm_projection));
    if (list == NULL || projection == NULL)
        return NULL;
    load->projections = list;
    projection->axes = axes;
    if (!group_points(load, projection))
        return lm_load_keep(load, NULL);
    order_groups(load, projection);
    list[load->projection_count++] = projection;
    return projection;
}

/** The groups of one projection sorted into those of a coarser one, each in the order of values. */
struct buckets {
    const struct lm_projection *fine, *coarse;
    uint32_t *start, *members;
};

static bool make_buckets(struct lm_load *load, struct buckets *out, uint64_t fine, uint64_t coarse)
{
    out->fine = lm_load_project(load, fine);
    out->coarse = lm_load_project(load, coarse);
    if (out->fine == NULL || out->coarse == NULL || out->fine->order == NULL)
        return false;
    size_t n = out->coarse->count;
    out->start = lm_load_keep(load, LM_NEW_ARRAY(load->arena, uint32_t, n + 2));
    out->members = lm_load_keep(load, LM_NEW_ARRAY(load->arena, uint32_t, out->fine->count));
    if (out->start == NULL || out->members == NULL)
        return false;
    for (size_t g = 0; g < out->fine->count; g++)
        out->start[out->coarse->group[out->fine->first[g]] + 2]++;
    for (size_t b = 2; b < n + 2; b++)
        out->start[b] += out->start[b - 1];
    for (size_t i = 0; i < out->fine->count; i++) {
        uint32_t g = out->fine->order[i];
        out->members[out->start[out->coarse->group[out->fine->first[g]] + 1]++] = g;
    }
    return true;
}

static const uint32_t *bucket(const struct buckets *buckets, size_t point, size_t *count)
{
    uint32_t b = buckets->coarse->group[point];
    *count = buckets->start[b + 1] - buckets->start[b];
    return buckets->members + buckets->start[b];
}

/* ---- what an instance takes ---- */

/** An input of a family while its instances are connected. */
struct wiring {
    struct lm_load *load;
    const struct lm_load_stage *build;
    const struct lm_load_input *input;
    const struct lm_load_stage *from, *by; /**< by: NULL unless it is chosen */
    struct buckets takes;                  /**< producers that an instance may take */
    struct buckets decides;                /**< best: the stages whose metrics decide it */
    struct buckets means;                  /**< best: those whose metrics are averaged */
    const char *field;
    const char **labels; /**< (producers) of what is gathered */
    bool is_reported;
};

static bool begin_wiring(struct wiring *wiring, struct lm_load *load,
                         const struct lm_load_stage *build, const struct lm_load_input *input)
{
    const struct lm_load_stage *from = &load->stages[input->family];
    bool is_best = input->take == LM_TAKE_BEST;
    *wiring =
        (struct wiring){.load = load,
                        .build = build,
                        .input = input,
                        .from = from,
                        .by = is_best ? &load->stages[input->by_family] : NULL,
                        .field = lm_load_field(load, lm_load_field(load, build->stage->id, "in"),
                                               input->port->name)};
    if (!make_buckets(load, &wiring->takes, from->axes, input->common))
        return false;
    if (is_best &&
        (!make_buckets(load, &wiring->decides, from->axes, input->common & ~input->mean) ||
         !make_buckets(load, &wiring->means, from->axes, from->axes & ~input->mean)))
        return false;
    if (input->take != LM_TAKE_GATHER)
        return true;
    wiring->labels =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, wiring->takes.fine->count));
    return wiring->labels != NULL;
}

static const uint32_t *point_row(const struct lm_load *load, size_t point)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    return matrix != NULL ? matrix->points + point * matrix->axis_count : NULL;
}

/** "lr=0.001,seed=2" of a producer, made once; "" when it varies by nothing. */
static const char *label_of(struct wiring *wiring, uint32_t group)
{
    struct lm_load *load = wiring->load;
    if (wiring->labels == NULL || wiring->from->axes == 0)
        return "";
    if (wiring->labels[group] == NULL) {
        struct lm_buf text;
        lm_buf_init(&text, 0);
        lm_matrix_put_point(&text, load->spec->matrix, wiring->from->axes,
                            point_row(load, wiring->takes.fine->first[group]));
        const char *copy = text.failed ? NULL : lm_arena_strdup(load->arena, text.data);
        wiring->labels[group] = lm_load_keep(load, (void *)(uintptr_t)copy);
        lm_buf_release(&text);
    }
    return wiring->labels[group] != NULL ? wiring->labels[group] : "";
}

static struct lm_spec_input row_of(struct wiring *wiring, uint32_t group, enum lm_input_role role)
{
    return (struct lm_spec_input){.port = wiring->input->port,
                                  .stage = wiring->from->first + group,
                                  .from = wiring->input->from,
                                  .label = label_of(wiring, group),
                                  .typed = wiring->input->ref->text,
                                  .origin = wiring->input->node->at,
                                  .role = role};
}

/** Index on an axis of the value that a selection wants at this point; SIZE_MAX: no such value. */
static size_t wanted_value(struct wiring *wiring, size_t axis, size_t point)
{
    struct lm_load *load = wiring->load;
    const struct lm_load_input *input = wiring->input;
    if (input->fixed != NULL)
        return input->fixed[axis];
    const struct lm_node *node =
        lm_load_fill_point(load, input->wanted[axis], point_row(load, point), wiring->field);
    const char *text = node->failed ? NULL : lm_read_text(load, node, wiring->field);
    const char *label = text != NULL ? lm_axis_label(load->arena, text, node->plain) : NULL;
    return label != NULL ? lm_axis_find(&load->spec->matrix->axes[axis], label) : SIZE_MAX;
}

/** The producer with the wanted values; SIZE_MAX after a finding. */
static size_t select_one(struct wiring *wiring, const struct lm_spec_stage *stage, size_t point)
{
    struct lm_load *load = wiring->load;
    const struct lm_matrix *matrix = load->spec->matrix;
    size_t count, wanted[LM_MATRIX_AXES] = {0}, errors = load->diags.errors;
    const uint32_t *members = bucket(&wiring->takes, point, &count);
    for (size_t a = 0; a < matrix->axis_count; a++)
        if (wiring->input->given >> a & 1)
            wanted[a] = wanted_value(wiring, a, point);
    for (size_t i = 0; i < count; i++) {
        const uint32_t *row = point_row(load, wiring->takes.fine->first[members[i]]);
        bool fits = true;
        for (size_t a = 0; a < matrix->axis_count && fits; a++)
            fits = !(wiring->input->given >> a & 1) || wanted[a] == row[a];
        if (fits)
            return members[i];
    }
    if (load->diags.errors == errors && !wiring->is_reported)
        lm_diag_error(&load->diags, &wiring->input->node->at, wiring->field,
                      "fits no instance of %s for %s; choose values that the matrix has together",
                      wiring->from->stage->id, stage->id);
    wiring->is_reported = true;
    return SIZE_MAX;
}

static const char *choice_text(struct wiring *wiring)
{
    const struct lm_load_input *input = wiring->input;
    return lm_load_keep(wiring->load, lm_arena_printf(wiring->load->arena, "best %s by %s.%s",
                                                      wiring->from->stage->id,
                                                      wiring->by->stage->id, input->metric));
}

/** The stages whose metrics decide, candidate by candidate. */
static void list_deciders(struct wiring *wiring, struct lm_spec_choice *choice,
                          const uint32_t *candidates)
{
    struct lm_load *load = wiring->load;
    size_t total = 0, count;
    for (size_t k = 0; k < choice->count; k++) {
        bucket(&wiring->means, wiring->takes.fine->first[candidates[k]], &count);
        total += count;
    }
    size_t *by = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, total));
    size_t *first = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, choice->count + 1));
    if (by == NULL || first == NULL)
        return;
    total = 0;
    for (size_t k = 0; k < choice->count; k++) {
        const uint32_t *members =
            bucket(&wiring->means, wiring->takes.fine->first[candidates[k]], &count);
        for (size_t i = 0; i < count; i++)
            by[total++] = wiring->by->first + members[i];
        first[k + 1] = total;
    }
    choice->by = by;
    choice->by_first = first;
}

static size_t choose(struct wiring *wiring, struct lm_spec_stage *stage, size_t point,
                     struct lm_spec_input *rows, size_t first)
{
    size_t count, deciders, n = 0;
    const uint32_t *candidates = bucket(&wiring->takes, point, &count);
    const uint32_t *decides = bucket(&wiring->decides, point, &deciders);
    if (rows == NULL)
        return count + deciders;
    struct lm_spec_choice *choice = &stage->choices[stage->choice_count];
    *choice = (struct lm_spec_choice){.text = choice_text(wiring),
                                      .metric = wiring->input->metric,
                                      .higher_is_better = wiring->input->higher_is_better,
                                      .first = first,
                                      .count = count};
    for (size_t i = 0; i < count; i++) {
        rows[n] = row_of(wiring, candidates[i], LM_INPUT_CANDIDATE);
        rows[n++].choice = stage->choice_count;
    }
    for (size_t i = 0; i < deciders; i++) {
        rows[n] = row_of(wiring, decides[i], LM_INPUT_METRIC);
        rows[n].stage = wiring->by->first + decides[i];
        rows[n].from = NULL;
        rows[n++].choice = stage->choice_count;
    }
    list_deciders(wiring, choice, candidates);
    stage->choice_count++;
    return n;
}

/** The rows that one input becomes for an instance at a point, written unless rows is NULL; how
 *  many. */
static size_t take(struct wiring *wiring, struct lm_spec_stage *stage, size_t point,
                   struct lm_spec_input *rows, size_t first)
{
    const struct lm_load_input *input = wiring->input;
    size_t count = 1, chosen;
    if (input->take == LM_TAKE_BEST)
        return choose(wiring, stage, point, rows, first);
    if (input->take == LM_TAKE_GATHER) {
        const uint32_t *members = bucket(&wiring->takes, point, &count);
        bool drops = input->drop || (input->port->flags & LM_PORT_LABELS);
        for (size_t i = 0; rows != NULL && i < count; i++)
            rows[i] = row_of(wiring, members[i], drops ? LM_INPUT_DROPPED : LM_INPUT_NEEDED);
        return count;
    }
    if (rows == NULL)
        return 1;
    if (input->take == LM_TAKE_SELECT)
        chosen = select_one(wiring, stage, point);
    else
        chosen = wiring->takes.fine->group[point];
    if (chosen == SIZE_MAX)
        return 0;
    rows[0] = row_of(wiring, (uint32_t)chosen, LM_INPUT_NEEDED);
    return 1;
}

/** Has everything an input names been found? */
static bool is_sound(const struct lm_load *load, const struct lm_load_input *input)
{
    if (input->from == NULL || input->take != LM_TAKE_BEST)
        return input->from != NULL;
    return input->by_family != SIZE_MAX &&
           load->stages[input->by_family].axes == load->stages[input->family].axes;
}

/** Inputs of a family by the order of its type's ports, so that instances have them so. */
static size_t sort_wirings(struct lm_load *load, const struct lm_load_stage *build,
                           struct wiring *wirings)
{
    size_t count = 0;
    for (const struct lm_port *port = build->stage->type->inputs;
         port != NULL && port->name != NULL; port++)
        for (size_t k = 0; k < build->input_count; k++)
            if (build->inputs[k].port == port && is_sound(load, &build->inputs[k]) &&
                begin_wiring(&wirings[count], load, build, &build->inputs[k]))
                count++;
    return count;
}

static void connect_one(struct lm_load *load, struct wiring *wirings, size_t count,
                        struct lm_spec_stage *stage, size_t point)
{
    size_t rows = 0, choices = 0;
    for (size_t k = 0; k < count; k++) {
        rows += take(&wirings[k], stage, point, NULL, 0);
        choices += wirings[k].by != NULL;
    }
    stage->inputs = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_input, rows));
    if (choices > 0)
        stage->choices =
            lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_choice, choices));
    if (stage->inputs == NULL || (choices > 0 && stage->choices == NULL))
        return;
    for (size_t k = 0; k < count; k++)
        stage->input_count +=
            take(&wirings[k], stage, point, stage->inputs + stage->input_count, stage->input_count);
    for (size_t i = 0; i < stage->input_count && !stage->is_selective; i++)
        stage->is_selective = stage->inputs[i].role != LM_INPUT_NEEDED;
}

static void connect_family(struct lm_load *load, const struct lm_load_stage *build)
{
    const struct lm_projection *projection = lm_load_project(load, build->axes);
    struct wiring *wirings =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct wiring, build->input_count));
    if (projection == NULL || wirings == NULL || build->stage->type == NULL)
        return;
    size_t count = sort_wirings(load, build, wirings);
    for (size_t i = 0; i < build->count && !load->diags.failed; i++)
        connect_one(load, wirings, count, &load->spec->stages[build->first + i],
                    projection->first[i]);
}

/* ---- making instances ---- */

/** Parameters and seed of the instances whose values agree on the family's own axes. */
static void read_own(struct lm_load *load, struct lm_load_stage *build, struct lm_spec_stage *stage,
                     const uint32_t *point)
{
    struct lm_load_stage copy = *build;
    const struct lm_node *with = build->with, *seed = build->seed;
    static const uint32_t nowhere = 0;
    *stage = *build->stage;
    if (stage->type == NULL)
        return;
    if (lm_load_has_bad_matrix(load))
        point = &nowhere; /* what names an axis stays without a value, and nothing is said of it */
    if (point != NULL && with != NULL)
        with = lm_load_fill_point(load, with, point, stage->id);
    if (point != NULL && seed != NULL)
        seed = lm_load_fill_point(load, seed, point, lm_load_field(load, stage->id, "seed"));
    copy.stage = stage;
    copy.value_capacity = 0;
    int64_t value;
    if (seed != NULL &&
        lm_read_int(load, seed, lm_load_field(load, stage->id, "seed"), 0, INT64_MAX, &value)) {
        stage->seed = (uint64_t)value;
        stage->seed_origin = seed->at;
    }
    lm_load_params(load, &copy, with);
    build->resolved = copy.resolved;
}

static struct lm_spec_publish *publish_at(struct lm_load *load, const struct lm_spec_stage *stage,
                                          const char *folder)
{
    struct lm_spec_publish *rows =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_publish, stage->publish_count));
    for (size_t i = 0; rows != NULL && i < stage->publish_count; i++) {
        rows[i] = stage->publish[i];
        rows[i].path =
            lm_load_keep(load, lm_arena_printf(load->arena, "%s/%s", folder, rows[i].path));
    }
    return rows;
}

/** Gives an instance its id, and its own folder for what it publishes. */
static void name_instance(struct lm_load *load, const struct lm_load_stage *build,
                          struct lm_spec_stage *stage)
{
    struct lm_buf id;
    if (build->axes == 0)
        return;
    lm_buf_init(&id, 0);
    lm_buf_printf(&id, "%s@", build->stage->id);
    lm_matrix_put_point(&id, load->spec->matrix, build->axes, stage->point);
    const char *copy = id.failed ? NULL : lm_arena_strdup(load->arena, id.data);
    if (id.size > ID_LONGEST)
        lm_diag_error(
            &load->diags, &build->stage->origin, build->stage->id,
            "its instances would have names of %zu bytes, and files are named after them; "
            "give axes and values shorter names (at most %d)",
            id.size, ID_LONGEST);
    lm_buf_release(&id);
    stage->id = lm_load_keep(load, (void *)(uintptr_t)copy);
    if (copy != NULL && stage->publish_count > 0)
        stage->publish = publish_at(load, stage, strchr(copy, '@') + 1);
    stage->id = copy != NULL ? copy : build->stage->id;
}

static void make_instances(struct lm_load *load, struct lm_load_stage *build, size_t family)
{
    const struct lm_projection *all = lm_load_project(load, build->axes);
    const struct lm_projection *own = lm_load_project(load, build->own);
    struct lm_spec_stage *prototypes =
        own ? lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_stage, own->count))
            : NULL;
    if (all == NULL || prototypes == NULL)
        return;
    for (size_t g = 0; g < own->count; g++)
        read_own(load, build, &prototypes[g],
                 build->own != 0 ? point_row(load, own->first[g]) : NULL);
    for (size_t i = 0; i < all->count; i++) {
        struct lm_spec_stage *stage = &load->spec->stages[build->first + i];
        *stage = prototypes[own->group[all->first[i]]];
        stage->family = family;
        stage->point = build->axes != 0 ? point_row(load, all->first[i]) : NULL;
        name_instance(load, build, stage);
    }
}

/** Counts the instances and makes room; the families come in the order of their places. */
static bool lay_out(struct lm_load *load, size_t *at_place)
{
    struct lm_spec *spec = load->spec;
    size_t total = 0;
    spec->families =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_family, load->stage_count));
    if (spec->families == NULL)
        return false;
    for (size_t i = 0; i < load->stage_count; i++)
        at_place[load->stages[i].place] = i;
    for (size_t p = 0; p < load->stage_count; p++) {
        struct lm_load_stage *build = &load->stages[at_place[p]];
        const struct lm_projection *projection = lm_load_project(load, build->axes);
        if (projection == NULL)
            return false;
        build->first = total;
        build->count = projection->count;
        total += projection->count;
        spec->families[p] = (struct lm_spec_family){.id = build->stage->id,
                                                    .axes = build->axes,
                                                    .own = build->own,
                                                    .first = build->first,
                                                    .count = build->count,
                                                    .node = build->node,
                                                    .in = lm_node_get(build->node, "in"),
                                                    .seed = build->seed,
                                                    .publish = build->stage->publish,
                                                    .publish_count = build->stage->publish_count};
    }
    spec->family_count = load->stage_count;
    spec->stages = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_spec_stage, total));
    spec->stage_count = spec->stages != NULL ? total : 0;
    return spec->stages != NULL;
}

static void check_choices(struct lm_load *load, const struct lm_load_stage *build)
{
    for (size_t k = 0; k < build->input_count; k++) {
        const struct lm_load_input *input = &build->inputs[k];
        if (input->take == LM_TAKE_BEST && input->by_family != SIZE_MAX)
            lm_load_check_metric(load, &load->stages[input->by_family], input->metric, input->by,
                                 lm_load_field(load, build->stage->id, "in"));
    }
}

void lm_load_instances(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    size_t *at_place = lm_load_keep(load, LM_NEW_ARRAY(load->arena, size_t, load->stage_count));
    if (at_place == NULL || !lay_out(load, at_place))
        return;
    for (size_t p = 0; p < load->stage_count; p++)
        make_instances(load, &load->stages[at_place[p]], p);
    for (size_t i = 0; i < load->stage_count; i++)
        check_choices(load, &load->stages[i]);
    if (load->unordered)
        return;
    for (size_t p = 0; p < load->stage_count; p++)
        connect_family(load, &load->stages[at_place[p]]);
    lm_name_map_init(&spec->stage_map, load->arena);
    for (size_t i = 0; i < spec->stage_count; i++)
        if (!lm_name_map_put(&spec->stage_map, spec->stages[i].id, i))
            lm_load_keep(load, NULL);
    if (!lm_upstream_bind(spec))
        lm_load_keep(load, NULL);
    lm_load_compared(load, at_place);
}
