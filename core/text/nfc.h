/** Unicode normalisation form C (UAX #15), for text that mostly has it already. */
#ifndef LM_TEXT_NFC_H
#define LM_TEXT_NFC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** Length of the longest prefix of well-formed UTF-8 that is surely in NFC and ends before a
 *  character that nothing later can combine with; == size when all of it is in NFC for sure. */
size_t lm_nfc_prefix(const uint8_t *text, size_t size);

/** Appends the NFC of well-formed UTF-8 to `out`; *changed grows by the stretches that differ.
 *  Only stretches around characters that fail the quick check (UAX #15, section 9) are normalised.
 *  LM_NOMEM. */
enum lm_status lm_nfc(struct lm_buf *out, const uint8_t *text, size_t size, int64_t *changed,
                      struct lm_err *err);

/** A letter without its case, by the simple mappings to upper and then to lower case; others as
 * they are. */
uint32_t lm_fold(uint32_t code_point);
/** Is it of general category P*? */
bool lm_is_punctuation(uint32_t code_point);

/** "2.8.0 Unicode 14.0.0": the library whose tables decide. */
void lm_nfc_version(char out[48]);

#endif
