/** Base64 (RFC 4648, section 4): the standard alphabet, always padded. */
#ifndef LM_TOKENIZER_BASE64_H
#define LM_TOKENIZER_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/** Appends bytes as text. */
void lm_base64_write(struct lm_buf *out, const uint8_t *bytes, size_t size);

/** Appends the bytes of a text; false when it is not exactly what lm_base64_write writes (then some
 *  bytes may have been appended). */
bool lm_base64_read(struct lm_buf *out, const char *text, size_t size);

#endif
