/* Labels as values of axes: "lr=0.001,seed=2". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"

#include "compare/comparison.h"

/* A value of an axis as a label has it. */
struct value {
    const char *text;
    double number; /* NaN: text */
};

/* ---- parsing ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* %XX back to bytes. */
static const char *decode(struct lm_arena *arena, const char *text, size_t length)
{
    char *out = lm_arena_strndup(arena, text, length), *to = out;
    for (const char *at = out; out != NULL && *at != '\0'; to++) {
        int high = at[0] == '%' ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        *to = low >= 0 && high + low > 0 ? (char)(16 * high + low) : *at;
        at += low >= 0 && high + low > 0 ? 3 : 1;
    }
    if (out != NULL)
        *to = '\0';
    return out;
}

static struct value value_of(const char *text)
{
    char *end;
    double number = lm_c_strtod(text, &end);
    bool is_number = end != text && *end == '\0' && isfinite(number) &&
                     strspn(text, "+-.0123456789eE") == strlen(text);
    return (struct value){text, is_number ? number : (double)NAN};
}

/* Where the axes of a label begin: behind "NAME@", or at once; NULL: it is a name alone. */
static const char *axes_of(const char *label)
{
    const char *at = strrchr(label, '@'), *text = at != NULL ? at + 1 : label;
    for (const char *part = text;; part++) {
        size_t length = strcspn(part, ","), name = strcspn(part, "=");
        if (name == 0 || name >= length)
            return NULL;
        part += length;
        if (*part == '\0')
            return text;
    }
}

/* Visits the parts of a label; `visit` returns false when memory is out. */
static enum lm_status each_part(struct lm_comparison *out, const struct lm_compare_row *row,
                                bool (*visit)(void *user, const char *name, const char *text),
                                void *user, struct lm_err *err)
{
    const char *part = axes_of(row->label);
    while (part != NULL && *part != '\0') {
        size_t length = strcspn(part, ","), split = strcspn(part, "=");
        const char *name = decode(out->arena, part, split);
        const char *text = decode(out->arena, part + split + 1, length - split - 1);
        if (name == NULL || text == NULL || !visit(user, name, text))
            return lm_fail(err, LM_NOMEM, "no memory for axes; compare fewer runs");
        part += length + (part[length] == ',');
    }
    return LM_OK;
}

/* ---- axes and their values ---- */

static struct lm_compare_axis *find_axis(const struct lm_comparison *out, const char *name)
{
    for (size_t a = 0; a < out->axis_count; a++)
        if (strcmp(out->axes[a].name, name) == 0)
            return &out->axes[a];
    return NULL;
}

static bool is_repeat(const struct lm_compare_options *options, const char *name)
{
    for (size_t i = 0; i < options->repeat_count; i++)
        if (strcmp(options->repeats[i], name) == 0)
            return true;
    return false;
}

static bool collect(void *user, const char *name, const char *text)
{
    struct lm_comparison *out = user;
    struct lm_compare_axis *axis = find_axis(out, name);
    if (axis == NULL) {
        struct lm_compare_axis *axes = lm_arena_grow(out->arena, out->axes, out->axis_count,
                                                     &out->axis_capacity, sizeof *axes);
        if (axes == NULL)
            return false;
        out->axes = axes;
        axis = &out->axes[out->axis_count++];
        *axis = (struct lm_compare_axis){.name = name, .is_repeat = is_repeat(out->options, name)};
        lm_name_map_init(&axis->by_text, out->arena);
    }
    if (lm_name_map_find(&axis->by_text, text) != SIZE_MAX)
        return true;
    const char **texts =
        lm_arena_grow(out->arena, axis->texts, axis->count, &axis->capacity, sizeof *texts);
    if (texts == NULL)
        return false;
    axis->texts = texts;
    axis->texts[axis->count] = text;
    return lm_name_map_put(&axis->by_text, text, axis->count++);
}

static int by_value(const void *a, const void *b)
{
    struct value x = value_of(*(const char *const *)a), y = value_of(*(const char *const *)b);
    bool both = !isnan(x.number) && !isnan(y.number);
    if (both && x.number != y.number)
        return x.number < y.number ? -1 : 1;
    if (isnan(x.number) != isnan(y.number))
        return isnan(x.number) ? 1 : -1;
    return strcmp(x.text, y.text);
}

static int by_name(const void *a, const void *b)
{
    const struct lm_compare_axis *x = a, *y = b;
    return x->is_repeat != y->is_repeat ? (x->is_repeat ? 1 : -1) : strcmp(x->name, y->name);
}

/* Do the values grow by factors rather than by steps: is the largest factor from one to the next
 * nearer to the smallest than the largest step to the smallest, over half a decade at least? */
static bool grows_by_factors(const struct lm_compare_axis *axis)
{
    const double *v = axis->numbers;
    double least_factor = INFINITY, most_factor = 1, least_step = INFINITY, most_step = 0;
    if (!axis->is_number || axis->count < 3 || !(v[0] > 0) || v[axis->count - 1] < 3 * v[0])
        return false;
    for (size_t i = 1; i < axis->count; i++) {
        least_factor = fmin(least_factor, v[i] / v[i - 1]);
        most_factor = fmax(most_factor, v[i] / v[i - 1]);
        least_step = fmin(least_step, v[i] - v[i - 1]);
        most_step = fmax(most_step, v[i] - v[i - 1]);
    }
    return most_factor / least_factor < most_step / least_step;
}

static enum lm_status order_axis(struct lm_comparison *out, struct lm_compare_axis *axis,
                                 struct lm_err *err)
{
    qsort(axis->texts, axis->count, sizeof *axis->texts, by_value);
    axis->numbers = LM_NEW_ARRAY(out->arena, double, axis->count);
    if (axis->numbers == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for axes; compare fewer runs");
    axis->is_number = true;
    lm_name_map_init(&axis->by_text, out->arena); /* their places are others now */
    for (size_t i = 0; i < axis->count; i++) {
        if (!lm_name_map_put(&axis->by_text, axis->texts[i], i))
            return lm_fail(err, LM_NOMEM, "no memory for axes; compare fewer runs");
        axis->numbers[i] = value_of(axis->texts[i]).number;
        axis->is_number = axis->is_number && !isnan(axis->numbers[i]);
    }
    axis->is_log = grows_by_factors(axis);
    return LM_OK;
}

struct placing {
    const struct lm_comparison *out;
    struct lm_compare_row *row;
};

static bool place(void *user, const char *name, const char *text)
{
    struct placing *placing = user;
    const struct lm_compare_axis *axis = find_axis(placing->out, name);
    placing->row->places[axis - placing->out->axes] = lm_name_map_find(&axis->by_text, text);
    return true;
}

enum lm_status lm_compare_axes(struct lm_comparison *out, struct lm_err *err)
{
    for (size_t i = 0; i < out->count; i++)
        LM_TRY(each_part(out, &out->rows[i], collect, out, err));
    if (out->axis_count > 0)
        qsort(out->axes, out->axis_count, sizeof *out->axes, by_name);
    for (size_t a = 0; a < out->axis_count; a++)
        LM_TRY(order_axis(out, &out->axes[a], err));
    for (size_t i = 0; i < out->count; i++) {
        struct placing placing = {out, &out->rows[i]};
        out->rows[i].places = LM_NEW_ARRAY(out->arena, size_t, out->axis_count);
        if (out->rows[i].places == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for axes; compare fewer runs");
        for (size_t a = 0; a < out->axis_count; a++)
            out->rows[i].places[a] = SIZE_MAX;
        LM_TRY(each_part(out, &out->rows[i], place, &placing, err));
    }
    return LM_OK;
}
