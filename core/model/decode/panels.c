#include "model/decode/panels.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/kernels/bf16.h"
#include "model/kernels/decode.h"

const char *const lm_weights_names[LM_WEIGHT_FORMATS + 1] = {"f32", "bf16", "int8", NULL};

enum lm_weights lm_weights_find(const char *name)
{
    for (size_t i = 0; i < LM_WEIGHT_FORMATS; i++)
        if (strcmp(lm_weights_names[i], name) == 0)
            return (enum lm_weights)i;
    return LM_WEIGHTS_F32;
}

enum { COLUMNS = LM_DECODE_COLUMNS, GROUP = LM_DECODE_GROUP, LARGEST = 127 };

static size_t f32_bytes(size_t k)
{
    return k * COLUMNS * sizeof(float);
}

static size_t bf16_bytes(size_t k)
{
    return k * COLUMNS * sizeof(uint16_t);
}

static size_t int8_bytes(size_t k)
{
    return k * COLUMNS + (k + GROUP - 1) / GROUP * COLUMNS * sizeof(float);
}

static void pack_f32(void *out, const float *panel, size_t k)
{
    if (out != panel)
        memcpy(out, panel, f32_bytes(k));
}

static void pack_bf16(void *out, const float *panel, size_t k)
{
    uint16_t *to = out;
    for (size_t i = 0; i < k * COLUMNS; i++)
        to[i] = (uint16_t)(lm_bf16_round(panel[i]) >> 16);
}

/* Largest magnitude / 127 of a column of `rows` weights. */
static float scale_of(const float *column, size_t rows)
{
    float largest = 0;
    for (size_t p = 0; p < rows; p++) {
        float size = fabsf(column[p * COLUMNS]);
        if (!isfinite(size))
            return NAN;
        largest = size > largest ? size : largest;
    }
    return largest / LARGEST;
}

static int8_t round_int8(float value, float scale)
{
    if (!(scale > 0))
        return 0;
    const float shift = 12582912.0F; /* 1.5·2²³: adding it rounds to an integer */
    float ratio = value / scale;     /* above 127 when the scale is denormal */
    ratio = ratio > LARGEST ? LARGEST : ratio < -LARGEST ? -LARGEST : ratio;
    float rounded = ratio + shift;
    return (int8_t)(rounded - shift);
}

static void pack_int8(void *out, const float *panel, size_t k)
{
    unsigned char *to = out;
    for (size_t p = 0; p < k; p += GROUP) {
        size_t rows = k - p < GROUP ? k - p : GROUP;
        float *scales = (void *)to;
        int8_t *bytes = (void *)(to + COLUMNS * sizeof *scales);
        for (size_t c = 0; c < COLUMNS; c++) {
            const float *column = panel + p * COLUMNS + c;
            scales[c] = scale_of(column, rows);
            for (size_t r = 0; r < rows; r++)
                bytes[r * COLUMNS + c] = round_int8(column[r * COLUMNS], scales[c]);
        }
        to += COLUMNS * sizeof *scales + rows * COLUMNS;
    }
}

static const struct {
    size_t (*bytes)(size_t k);
    void (*pack)(void *out, const float *panel, size_t k);
} formats[LM_WEIGHT_FORMATS] = {
    [LM_WEIGHTS_F32] = {f32_bytes, pack_f32},
    [LM_WEIGHTS_BF16] = {bf16_bytes, pack_bf16},
    [LM_WEIGHTS_INT8] = {int8_bytes, pack_int8},
};

size_t lm_panel_bytes(enum lm_weights weights, size_t k)
{
    return formats[weights].bytes(k);
}

void lm_panel_pack(void *out, enum lm_weights weights, const float *panel, size_t k)
{
    formats[weights].pack(out, panel, k);
}
