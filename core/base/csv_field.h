/** Comma-separated values as RFC 4180 has them. */
#ifndef LM_BASE_CSV_FIELD_H
#define LM_BASE_CSV_FIELD_H

#include "base/buf.h"

/** Appends a field: in quotes when it holds a comma, a quote or a line break, quotes doubled. */
void lm_csv_put(struct lm_buf *out, const char *text);

#endif
