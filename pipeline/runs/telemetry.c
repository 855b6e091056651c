#include "runs/telemetry.h"

#include <string.h>

const struct lm_gauge *lm_telemetry_find(const struct lm_telemetry *telemetry, const char *name)
{
    for (size_t i = 0; telemetry != NULL && i < telemetry->count; i++)
        if (strcmp(telemetry->gauges[i].name, name) == 0)
            return &telemetry->gauges[i];
    return NULL;
}

double lm_telemetry_value(const struct lm_telemetry *telemetry, const char *name)
{
    const struct lm_gauge *gauge = lm_telemetry_find(telemetry, name);
    return gauge != NULL ? gauge->value : 0;
}

double lm_gauge_rate(const struct lm_gauge *gauge)
{
    if (gauge == NULL)
        return 0;
    double seconds = (double)(gauge->last_ns - gauge->first_ns) * 1e-9;
    return seconds > 0.5 ? (gauge->value - gauge->first) / seconds : 0;
}

/** Room for one more gauge. */
static bool grow(struct lm_telemetry *telemetry)
{
    struct lm_gauge *gauges =
        telemetry->count < LM_GAUGES_MAX
            ? lm_arena_grow(telemetry->arena, telemetry->gauges, telemetry->count,
                            &telemetry->capacity, sizeof *gauges)
            : NULL;
    if (gauges != NULL)
        telemetry->gauges = gauges;
    return gauges != NULL;
}

/** A gauge that is told for the first time; NULL: no room. */
static struct lm_gauge *add(struct lm_telemetry *telemetry, const char *name, double value,
                            uint64_t now_ns)
{
    struct lm_arena *arena = telemetry->arena;
    const char *copy = grow(telemetry) ? lm_arena_strdup(arena, name) : NULL;
    if (copy == NULL)
        return NULL;
    struct lm_gauge *gauge = &telemetry->gauges[telemetry->count++];
    *gauge = (struct lm_gauge){.name = copy, .first = value, .first_ns = now_ns};
    gauge->course = strchr(name, '.') == NULL ? LM_NEW(arena, struct lm_series) : NULL;
    return gauge;
}

void lm_telemetry_note(struct lm_telemetry *telemetry, const char *name, double value,
                       uint64_t now_ns)
{
    const struct lm_gauge *known = lm_telemetry_find(telemetry, name);
    struct lm_gauge *gauge = known != NULL ? &telemetry->gauges[known - telemetry->gauges]
                                           : add(telemetry, name, value, now_ns);
    if (gauge == NULL)
        return;
    gauge->value = value;
    gauge->last_ns = now_ns;
    if (gauge->course != NULL)
        lm_series_add(gauge->course, (double)(now_ns - telemetry->begin_ns) * 1e-9, value);
}
