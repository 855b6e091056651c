/** How long reading the packed weights takes: the floor of decoding. For measurements alone. */
#ifndef LMPIPE_MODEL_READING_H
#define LMPIPE_MODEL_READING_H

#include <lmpipe/model/generate.h>

/** Reads the packed weights once with the model's threads and does nothing else with them; returns
 *  the seconds it took: what a token takes at least. */
double lm_decoder_read(const struct lm_decoder *decoder);

#endif
