/**
 * Types of scalars by the YAML 1.2 core schema (section 10.3), but a number with a leading zero
 * ("014") is an error in waiting: other readers take it for octal. Also durations and sizes.
 */
#ifndef LM_YAML_SCALAR_H
#define LM_YAML_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum lm_scalar_type {
    LM_SCALAR_STR,
    LM_SCALAR_NULL,
    LM_SCALAR_BOOL,
    LM_SCALAR_INT,
    LM_SCALAR_FLOAT,    /**< also .inf and .nan */
    LM_SCALAR_ZERO_LED, /**< 014, -007.5 */
    LM_SCALAR_TOO_LARGE /**< an integer beyond 64 bits */
};

struct lm_scalar {
    enum lm_scalar_type type;
    bool boolean;
    int64_t integer;
    double real; /**< of INT and FLOAT */
};

/** What a scalar means; only `plain` (unquoted) ones can be anything but strings. */
struct lm_scalar lm_scalar_resolve(const char *text, bool plain);

/** "90s", "1.5h", "2d" in seconds (units s m h d); false when it is anything else, negative or more
 *  than a double holds. */
bool lm_scalar_duration(double *seconds, const char *text);
/** "512K", "2G", "4096" in bytes (powers of 1024: K M G T); false when anything else or ≥ 2^63. */
bool lm_scalar_size(int64_t *bytes, const char *text);
/** The shortest of these forms that reads back the same; out holds ≥ 40 bytes; returns out. */
char *lm_scalar_print_duration(char out[40], double seconds);
char *lm_scalar_print_size(char out[40], int64_t bytes);
/** A text as a scalar that reads back as this text, on one line, of visible characters alone: as it
 *  is where nothing can be taken for something else, else in double quotes. `text` is UTF-8. */
void lm_scalar_print_text(struct lm_buf *out, const char *text);

#endif
