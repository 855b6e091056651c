/** Text that was UTF-8, was read as something else, and was written as UTF-8 again: "schÃ¶n". */
#ifndef LM_TEXT_MOJIBAKE_H
#define LM_TEXT_MOJIBAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/**
 * Repairs lines, each by itself: stretches that, written in an encoding of one byte (Windows-1252,
 * -1250, -1251, -1253, -1254, -1257, Mac Roman, code page 437, ISO 8859-2), are UTF-8 are taken for
 * what that says, when at least one of a line is beyond doubt: punctuation such as "â€™", a letter
 * that no symbol follows in any language ("Ã©"), several of one script in a row. Up to four times,
 * for what was read wrongly more than once. Bytes that are not UTF-8 stay.
 *
 * Appends the repaired text to `out` (empty) and sets *is_changed; when nothing is to be repaired,
 * out stays empty. *repaired counts lines. LM_NOMEM.
 */
enum lm_status lm_mojibake_repair(struct lm_buf *out, const uint8_t *text, size_t size,
                                  bool *is_changed, int64_t *repaired, struct lm_err *err);

#endif
