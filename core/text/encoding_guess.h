/** How far a text is from UTF-8, and which other encoding it probably has. */
#ifndef LM_TEXT_ENCODING_GUESS_H
#define LM_TEXT_ENCODING_GUESS_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of a text that are not UTF-8. */
struct lm_utf8_census {
    size_t bad;   /**< bytes in sequences that are not UTF-8 */
    size_t first; /**< offset of the first of them; the size when there is none */
    size_t line;  /**< its line, counted from 1 */
};

/** Counts over the whole text. */
struct lm_utf8_census lm_utf8_census(const uint8_t *text, size_t size);

/**
 * The probable encoding of text that is not UTF-8, from at most its first 256 KiB: "GB18030",
 * "Big5", "Shift_JIS", "EUC-JP", "EUC-KR", "Windows-1251", "KOI8-R", "CP866", "ISO-8859-5",
 * "Windows-1253", "Windows-1255", "Windows-1256", "TIS-620", "Windows-1252", or "no text encoding
 * that is known". Multi-byte encodings are told by whether all pairs are valid and where they lie,
 * the others by which letters stand beside one another; short texts are guessed badly.
 */
const char *lm_encoding_guess(const uint8_t *text, size_t size);

#endif
