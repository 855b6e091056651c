/** Which split something belongs to, as a function of its digest alone. */
#ifndef LM_DATA_SPLIT_H
#define LM_DATA_SPLIT_H

#include <lmpipe/hash.h>
#include <lmpipe/tokens.h>

/** u = (first 8 bytes, big-endian, without their last 11 bits) / 2^64: test below `test`, valid
 * below `test` + `valid`, else train. So a side never moves when others come or go, and a larger
 * share only takes from train. */
enum lm_split lm_split_draw(const struct lm_digest *digest, double valid, double test);

#endif
