#include "tokenizer/scan.h"

/* '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+
 * |\s+(?!\S)|\s+   (tiktoken, openai_public.py, cl100k_base). */
size_t lm_scan_cl100k(const uint8_t *text, size_t size, size_t at)
{
    uint8_t first = text[at];
    if (first == '\'') {
        size_t length = lm_scan_contraction(text, size, at, true);
        if (length != 0)
            return at + length;
    }
    struct lm_scan_char c = lm_scan_char(text, size, at);
    size_t after = at + c.length, end = after;
    if (c.flags & LM_UC_NUMBER)
        return lm_scan_three_numbers_end(text, size, at);
    if (first != '\r' && first != '\n') /* a letter, or what may stand before one */
        end = lm_scan_letters_end(text, size, after);
    if (end > after || (c.flags & LM_UC_LETTER))
        return end;
    if ((c.flags & LM_UC_SPACE) == 0)
        return lm_scan_lines_end(text, size, lm_scan_others_end(text, size, after), false);
    end = first == ' ' ? lm_scan_others_end(text, size, after) : after;
    return end > after ? lm_scan_lines_end(text, size, end, false)
                       : lm_scan_spaces_end(text, size, at, true);
}
