#include "model/arch.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define ROW(type, field, names)                                                                    \
    {                                                                                              \
        .name = #field, .kind = LM_ARCH_##type, .offset = offsetof(struct lm_model_config, field), \
        .choices = names                                                                           \
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
    {.name = "untied",
     .param = "tie_embeddings",
     .kind = LM_ARCH_FLAG,
     .offset = offsetof(struct lm_model_config, untied)},
    ROW(FLAG, qk_norm, NULL),
    ROW(FLAG, no_gain, NULL),
    ROW(FLAG, embed_norm, NULL),
    ROW(FLAG, smear, NULL),
    ROW(REAL, score_scale, NULL),
    ROW(REAL, logit_cap, NULL),
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
            return lm_arch_rows[i].param != NULL ? lm_arch_rows[i].param : lm_arch_rows[i].name;
    return NULL;
}

const char *lm_model_beyond_gpt2(const struct lm_model_config *config)
{
    const char *first = lm_arch_first(config);
    return first == NULL && config->labels > 0 ? "labels" : first;
}

void lm_model_config_take(struct lm_model_config *shape, const struct lm_model_config *own)
{
    const int64_t given[] = {own->context, own->layers, own->heads, own->width};
    int64_t *const sizes[] = {&shape->context, &shape->layers, &shape->heads, &shape->width};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (given[i] != 0)
            *sizes[i] = given[i];
    for (size_t i = 0; i < LM_ARCH_ROWS; i++) {
        struct lm_model_config copy = *own;
        const struct lm_arch_row *row = &lm_arch_rows[i];
        int64_t value = lm_arch_value(row, own);
        if (value != 0 && row->kind == LM_ARCH_REAL)
            *lm_arch_real(row, shape) = *lm_arch_real(row, &copy);
        else if (value != 0)
            lm_arch_set(row, shape, value);
    }
}

void lm_model_config_describe(char *out, size_t size, const struct lm_model_config *config)
{
    struct lm_model_config copy = *config;
    struct lm_buf text;
    lm_buf_init(&text, 0);
    for (size_t i = 0; i < LM_ARCH_ROWS; i++) {
        const struct lm_arch_row *row = &lm_arch_rows[i];
        int64_t value = lm_arch_value(row, config);
        if (value == 0)
            continue;
        lm_buf_printf(&text, "%s%s", text.size > 0 ? ", " : "",
                      row->param != NULL ? row->param : row->name);
        if (row->param != NULL)
            lm_buf_puts(&text, " false");
        if (row->kind == LM_ARCH_CHOICE)
            lm_buf_printf(&text, " %s", row->choices[value]);
        else if (row->kind == LM_ARCH_INT)
            lm_buf_printf(&text, " %lld", (long long)value);
        else if (row->kind == LM_ARCH_REAL)
            lm_buf_printf(&text, " %g", *lm_arch_real(row, &copy));
    }
    if (config->labels > 0)
        lm_buf_printf(&text, "%slabels %lld", text.size > 0 ? ", " : "", (long long)config->labels);
    snprintf(out, size, "%.*s", (int)text.size, text.size > 0 ? text.data : "");
    lm_buf_release(&text);
}
