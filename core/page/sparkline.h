/** Numbers as a line of blocks: "▁▂▅█". */
#ifndef LM_PAGE_SPARKLINE_H
#define LM_PAGE_SPARKLINE_H

#include <stddef.h>

#include "base/buf.h"

/** Appends at most `most` blocks of eight heights, from the lowest to the highest of the values;
 * more values are cut into `most` equal parts, each shown by its mean. Values are finite. */
void lm_sparkline_put(struct lm_buf *out, const double *values, size_t count, size_t most);

#endif
