/**
 * Weights in the panels that the decoding kernels read (kernels/decode.h): how large they are and
 * how numbers are rounded on the way in. Round to nearest, ties to even; the same on every machine.
 */
#ifndef LM_MODEL_PANELS_H
#define LM_MODEL_PANELS_H

#include <stddef.h>

#include <lmpipe/model.h>

/** Bytes of a panel of k × LM_DECODE_COLUMNS weights, a multiple of 64. */
size_t lm_panel_bytes(enum lm_weights weights, size_t k);

/** Packs a panel given as floats, (k, LM_DECODE_COLUMNS). int8: the scale of a group is its largest
 *  magnitude / 127; a group with NaN or infinity gets a scale of NaN, so that no bad number is
 *  lost. out: 64-byte aligned; may be `panel` itself for f32. */
void lm_panel_pack(void *out, enum lm_weights weights, const float *panel, size_t k);

#endif
