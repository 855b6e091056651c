#include "model/arch.h"

#include <string.h>

#define ROW(kind, field, choices)                                                                  \
    {                                                                                              \
#field, LM_ARCH_##kind, offsetof(struct lm_model_config, field), choices                   \
    }

const struct lm_arch_row lm_arch_rows[LM_ARCH_ROWS] = {
    ROW(INT, attention_width, NULL),
    ROW(INT, kv_heads, NULL),
    ROW(INT, mlp_width, NULL),
    ROW(INT, window, NULL),
    ROW(INT, window_every, NULL),
    ROW(CHOICE, norm, lm_norm_names),
    ROW(CHOICE, positions, lm_positions_names),
    ROW(REAL, rotary_base, NULL),
    ROW(CHOICE, mlp, lm_mlp_names),
    ROW(FLAG, no_bias, NULL),
    ROW(FLAG, untied, NULL),
    ROW(FLAG, qk_norm, NULL),
};

_Static_assert(sizeof(enum lm_norm) == sizeof(int) && sizeof(enum lm_positions) == sizeof(int) &&
                   sizeof(enum lm_mlp) == sizeof(int),
               "a choice is read as an int");

static void *at(const struct lm_arch_row *row, struct lm_model_config *config)
{
    return (char *)config + row->offset;
}

double *lm_arch_real(const struct lm_arch_row *row, struct lm_model_config *config)
{
    return at(row, config);
}

int64_t lm_arch_value(const struct lm_arch_row *row, const struct lm_model_config *config)
{
    struct lm_model_config copy = *config;
    const void *field = at(row, &copy);
    switch (row->kind) {
    case LM_ARCH_INT:
        return *(const int64_t *)field;
    case LM_ARCH_REAL:
        return *(const double *)field != 0;
    case LM_ARCH_FLAG:
        return *(const bool *)field;
    case LM_ARCH_CHOICE:
        return *(const int *)field;
    }
    return 0;
}

void lm_arch_set(const struct lm_arch_row *row, struct lm_model_config *config, int64_t value)
{
    void *field = at(row, config);
    switch (row->kind) {
    case LM_ARCH_INT:
        *(int64_t *)field = value;
        return;
    case LM_ARCH_REAL:
        *(double *)field = (double)value;
        return;
    case LM_ARCH_FLAG:
        *(bool *)field = value != 0;
        return;
    case LM_ARCH_CHOICE:
        *(int *)field = (int)value;
        return;
    }
}

const char *lm_arch_first(const struct lm_model_config *config)
{
    for (size_t i = 0; i < LM_ARCH_ROWS; i++)
        if (lm_arch_value(&lm_arch_rows[i], config) != 0)
            return lm_arch_rows[i].name;
    return NULL;
}

const char *lm_model_beyond_gpt2(const struct lm_model_config *config)
{
    const char *first = lm_arch_first(config);
    return first == NULL && config->labels > 0 ? "labels" : first;
}
