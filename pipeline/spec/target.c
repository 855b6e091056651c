/* Which stages a name on the command line means. */
#include <fnmatch.h>
#include <string.h>

#include "base/suggest.h"
#include "spec/matrix.h"
#include "spec/spec.h"

/** Reads "lr=0.001,seed=2" into the values wanted on each axis; 0: it is no such text. */
static uint64_t read_values(const struct lm_spec *spec, const char *text,
                            size_t wanted[LM_MATRIX_AXES])
{
    const struct lm_matrix *matrix = spec->matrix;
    uint64_t axes = 0;
    while (matrix != NULL) {
        size_t name = strcspn(text, "=,"), end = strcspn(text, ",");
        size_t axis = lm_matrix_axis(matrix, text, name), value = SIZE_MAX;
        for (size_t i = 0; axis != SIZE_MAX && text[name] == '=' && i < matrix->axes[axis].count;
             i++) {
            const char *label = matrix->axes[axis].values[i].label;
            if (strlen(label) == end - name - 1 &&
                strncmp(label, text + name + 1, end - name - 1) == 0)
                value = i;
        }
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

static bool find_meaning(const struct lm_spec *spec, const char *target, struct meaning *out)
{
    size_t place = lm_name_map_find(&spec->stage_map, target);
    *out = (struct meaning){.count = spec->stage_count};
    if (place != SIZE_MAX) {
        out->first = place;
        out->count = 1;
        return true;
    }
    for (size_t i = 0; i < spec->family_count; i++)
        if (strcmp(spec->families[i].id, target) == 0) {
            out->first = spec->families[i].first;
            out->count = spec->families[i].count;
            return true;
        }
    if (target[0] == '@') {
        out->axes = read_values(spec, target + 1, out->wanted);
        return out->axes != 0;
    }
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

size_t lm_spec_find(const struct lm_spec *spec, const char *id, const char **nearest)
{
    const char *best = NULL;
    size_t distance = SIZE_MAX, place = lm_name_map_find(&spec->stage_map, id);
    if (place != SIZE_MAX || nearest == NULL)
        return place;
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
