/* Which stages a name on the command line means. */
#include <fnmatch.h>
#include <string.h>

#include "base/suggest.h"
#include "spec/matrix.h"
#include "spec/spec.h"

/** The value of an axis as an id shows it, or as a spec may write it: 0.001, 1.0e-3; SIZE_MAX. */
static size_t find_value(const struct lm_spec *spec, const struct lm_axis *axis, const char *text,
                         size_t length)
{
    const char *typed = lm_arena_strndup(spec->arena, text, length);
    size_t value = typed != NULL ? lm_axis_find(axis, typed) : SIZE_MAX;
    const char *label =
        typed != NULL && value == SIZE_MAX ? lm_axis_label(spec->arena, typed, true) : NULL;
    return label != NULL ? lm_axis_find(axis, label) : value;
}

/** Reads "lr=0.001,seed=2" into the values wanted on each axis; 0: it is no such text. */
static uint64_t read_values(const struct lm_spec *spec, const char *text,
                            size_t wanted[LM_MATRIX_AXES])
{
    const struct lm_matrix *matrix = spec->matrix;
    uint64_t axes = 0;
    while (matrix != NULL) {
        size_t name = strcspn(text, "=,"), end = strcspn(text, ",");
        size_t axis = lm_matrix_axis(matrix, text, name), value = SIZE_MAX;
        if (axis != SIZE_MAX && text[name] == '=')
            value = find_value(spec, &matrix->axes[axis], text + name + 1, end - name - 1);
        if (value == SIZE_MAX)
            return 0;
        axes |= UINT64_C(1) << axis;
        wanted[axis] = value;
        if (text[end] == '\0')
            return axes;
        text += end + 1;
    }
    return 0;
}

static bool has_values(const struct lm_spec *spec, const struct lm_spec_stage *stage, uint64_t axes,
                       const size_t *wanted)
{
    if ((spec->families[stage->family].axes & axes) != axes)
        return false;
    for (size_t a = 0; a < spec->matrix->axis_count; a++)
        if ((axes >> a & 1) && stage->point[a] != wanted[a])
            return false;
    return true;
}

/** Stages of a range, or those of them that a pattern or values fit. */
struct meaning {
    size_t first, count;
    const char *glob; /**< or NULL */
    uint64_t axes;    /**< 0: whatever the values */
    size_t wanted[LM_MATRIX_AXES];
};

static const struct lm_spec_family *find_family(const struct lm_spec *spec, const char *name,
                                                size_t length)
{
    for (size_t i = 0; i < spec->family_count; i++)
        if (strlen(spec->families[i].id) == length &&
            memcmp(spec->families[i].id, name, length) == 0)
            return &spec->families[i];
    return NULL;
}

/** "@seed=1", or an id whose values are in another order or written otherwise. */
static bool find_by_values(const struct lm_spec *spec, const char *target, struct meaning *out)
{
    size_t name = strcspn(target, "@");
    const struct lm_spec_family *family = find_family(spec, target, name);
    if (target[name] == '\0' || (name > 0 && family == NULL))
        return false;
    out->axes = read_values(spec, target + name + 1, out->wanted);
    if (family == NULL)
        return out->axes != 0;
    out->first = family->first;
    out->count = family->count;
    return out->axes != 0 && out->axes == family->axes;
}

static bool find_meaning(const struct lm_spec *spec, const char *target, struct meaning *out)
{
    size_t place = lm_name_map_find(&spec->stage_map, target);
    *out = (struct meaning){.count = spec->stage_count};
    if (place != SIZE_MAX) {
        out->first = place;
        out->count = 1;
        return true;
    }
    const struct lm_spec_family *family = find_family(spec, target, strlen(target));
    if (family != NULL) {
        out->first = family->first;
        out->count = family->count;
        return true;
    }
    if (find_by_values(spec, target, out))
        return true;
    *out = (struct meaning){.count = spec->stage_count};
    out->glob = strpbrk(target, "*?[") != NULL ? target : NULL;
    return out->glob != NULL;
}

size_t lm_spec_match(const struct lm_spec *spec, const char *target, bool *marked)
{
    struct meaning meaning;
    size_t count = 0;
    if (!find_meaning(spec, target, &meaning))
        return 0;
    for (size_t i = meaning.first; i < meaning.first + meaning.count; i++) {
        const struct lm_spec_stage *stage = &spec->stages[i];
        bool fits = (meaning.glob == NULL || fnmatch(meaning.glob, stage->id, 0) == 0) &&
                    (meaning.axes == 0 || has_values(spec, stage, meaning.axes, meaning.wanted));
        count += fits;
        if (fits && marked != NULL)
            marked[i] = true;
    }
    return count;
}

size_t lm_spec_find_longest(const struct lm_spec *spec, const char *text, size_t *length)
{
    size_t found = SIZE_MAX;
    for (size_t end = strcspn(text, "./");; end += 1 + strcspn(text + end + 1, "./")) {
        size_t place = lm_name_map_find_bytes(&spec->stage_map, text, end);
        if (place != SIZE_MAX) {
            found = place;
            *length = end;
        }
        if (text[end] == '\0')
            return found;
    }
}

static void suggest(const char *id, const char *name, const char **best, size_t *distance)
{
    const char *near = lm_suggest(id, &name, 1);
    if (near == NULL || lm_edit_distance(id, near) >= *distance)
        return;
    *best = near;
    *distance = lm_edit_distance(id, near);
}

/** The stage whose id has these values, in whatever order and however they are written. */
static size_t find_instance(const struct lm_spec *spec, const char *id)
{
    struct meaning meaning = {0};
    size_t place = lm_name_map_find(&spec->stage_map, id);
    if (place != SIZE_MAX || id[0] == '@' || !find_by_values(spec, id, &meaning))
        return place;
    for (size_t i = meaning.first; i < meaning.first + meaning.count; i++)
        if (has_values(spec, &spec->stages[i], meaning.axes, meaning.wanted))
            return i;
    return SIZE_MAX;
}

/** "@lr=0.001" for each value of each axis, when values were meant. */
static void suggest_values(const struct lm_spec *spec, const char *id, const char **best,
                           size_t *distance)
{
    for (size_t a = 0; id[0] == '@' && spec->matrix != NULL && a < spec->matrix->axis_count; a++) {
        const struct lm_axis *axis = &spec->matrix->axes[a];
        for (size_t v = 0; v < axis->count; v++) {
            const char *name =
                lm_arena_printf(spec->arena, "@%s=%s", axis->name, axis->values[v].label);
            if (name != NULL)
                suggest(id, name, best, distance);
        }
    }
}

size_t lm_spec_find(const struct lm_spec *spec, const char *id, const char **nearest)
{
    const char *best = NULL;
    size_t distance = SIZE_MAX, place = find_instance(spec, id);
    if (place != SIZE_MAX || nearest == NULL)
        return place;
    suggest_values(spec, id, &best, &distance);
    for (size_t i = 0; i < spec->family_count; i++) {
        if (strcmp(spec->families[i].id, id) == 0) {
            *nearest = spec->stages[spec->families[i].first].id;
            return (size_t)-1;
        }
        suggest(id, spec->families[i].id, &best, &distance);
    }
    for (size_t i = 0; i < spec->stage_count; i++)
        suggest(id, spec->stages[i].id, &best, &distance);
    *nearest = best;
    return (size_t)-1;
}
