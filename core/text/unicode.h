/**
 * Properties of code points from one pinned version of the Unicode Character Database, in
 * tables that are part of the source (core/text/unicode_tables.c): the same text is cut the same
 * way on every machine, whatever Unicode its libraries know.
 */
#ifndef LM_TEXT_UNICODE_H
#define LM_TEXT_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum lm_unicode_flag {
    LM_UC_LETTER = 1,   /**< general category L* */
    LM_UC_NUMBER = 2,   /**< general category N* */
    LM_UC_SPACE = 4,    /**< White_Space */
    LM_UC_MARK = 8,     /**< general category M* */
    LM_UC_SUSPECT = 16, /**< NFC_Quick_Check is not Yes, or the combining class is not 0 */
    LM_UC_UNSPACED =
        32, /**< letter or mark of a script written without spaces (Han, Kana, Thai …) */
    LM_UC_UPPER = 64, /**< general category Lu or Lt */
    LM_UC_LOWER = 128 /**< general category Ll */
};

#define LM_SCRIPTS 28 /**< scripts told apart, 0 being all others */

enum { LM_SCRIPT_LATIN = 1 };

/** Letters first..last belong to lm_script_names[script]. */
struct lm_script_range {
    uint32_t first, last;
    uint8_t script;
};

/** Version of the data, "15.0.0". */
extern const char lm_unicode_version[];
/** Two stages: lm_unicode_flags[lm_unicode_blocks[c / 128]][c % 128]. */
extern const uint8_t lm_unicode_blocks[8704];
extern const uint8_t lm_unicode_flags[][128];
/** Names of scripts, "other" first; ranges sorted by code point. */
extern const char *const lm_script_names[LM_SCRIPTS];
extern const struct lm_script_range lm_script_ranges[];
extern const size_t lm_script_range_count;

/** Flags of a code point ≤ 0x10FFFF. */
static inline unsigned lm_unicode(uint32_t code_point)
{
    return lm_unicode_flags[lm_unicode_blocks[code_point >> 7]][code_point & 127];
}

/** The range that a letter is in; NULL: of no script that is told apart. */
const struct lm_script_range *lm_unicode_script_range(uint32_t code_point);
/** Script of a letter, index into lm_script_names; 0 for anything else. */
size_t lm_unicode_script(uint32_t code_point);

#endif
