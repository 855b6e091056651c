#include "tokenizer/scan.h"

/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * (Radford et al. 2019, encoder.py of the GPT-2 release). */
size_t lm_scan_gpt2(const uint8_t *text, size_t size, size_t at)
{
    if (text[at] == '\'') {
        size_t length = lm_scan_contraction(text, size, at, false);
        if (length != 0)
            return at + length;
    }
    size_t from = at + (text[at] == ' ' && at + 1 < size);
    struct lm_scan_char c = lm_scan_char(text, size, from);
    if (c.flags & LM_UC_LETTER)
        return lm_scan_letters_end(text, size, from + c.length);
    if ((c.flags & LM_SCAN_KNOWN) == 0)
        return lm_scan_others_end(text, size, from + c.length);
    if (c.flags & LM_UC_NUMBER)
        return lm_scan_run_end(text, size, from + c.length, LM_UC_NUMBER, 0);
    return lm_scan_spaces_end(text, size, at, false);
}
