#include "tokenizer/scan.h"

/* [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], and [\p{Ll}\p{Lm}\p{Lo}\p{M}]; many are both. */
static bool is_upper(unsigned flags)
{
    return (flags & (LM_UC_LETTER | LM_UC_MARK)) != 0 && (flags & LM_UC_LOWER) == 0;
}

static bool is_lower(unsigned flags)
{
    return (flags & (LM_UC_LETTER | LM_UC_MARK)) != 0 && (flags & LM_UC_UPPER) == 0;
}

/* Ends of the two forms of a word that begins at `at`; == at when the text has not that form. */
struct word {
    size_t lower; /* UPPER* LOWER+ */
    size_t upper; /* UPPER+ LOWER*, looked at only when the first fails: no LOWER follows */
};

static size_t lower_end(const uint8_t *text, size_t size, size_t at)
{
    while (at < size) {
        struct lm_scan_char c = lm_scan_char(text, size, at);
        if (!is_lower(c.flags))
            break;
        at += c.length;
    }
    return at;
}

static struct word any_word(const uint8_t *text, size_t size, size_t at)
{
    const unsigned any = LM_UC_LETTER | LM_UC_MARK, none = LM_UC_UPPER | LM_UC_LOWER;
    /* Of UPPER*; and behind its last character that is LOWER as well. */
    size_t end = lm_scan_triples(text, size, at, any, none).end, both = end;
    while (end < size) {
        struct lm_scan_char c = lm_scan_char(text, size, end);
        if (!is_upper(c.flags))
            break;
        end += c.length;
        both = is_lower(c.flags) ? end : both;
    }
    size_t lower = lower_end(text, size, end);
    /* Without a LOWER behind it UPPER* gives back what it must for LOWER+ to have one. */
    return (struct word){lower > end ? lower : both, end};
}

static struct word find_word(const uint8_t *text, size_t size, size_t at)
{
    if (at < size && text[at] >= 0x80)
        return any_word(text, size, at);
    size_t upper = lm_scan_ascii_end(text, size, at, 0, 'A', 'Z');
    size_t lower = lm_scan_ascii_end(text, size, upper, 0, 'a', 'z');
    bool is_plain = lower > upper && (lower == size || text[lower] < 0x80);
    return is_plain ? (struct word){lower, upper} : any_word(text, size, at);
}

static size_t with_contraction(const uint8_t *text, size_t size, size_t end)
{
    return end < size && text[end] == '\'' ? end + lm_scan_contraction(text, size, end, true) : end;
}

/* A word at `at`, with the one character that may stand before it, which ends at `after`; or at. */
static size_t word_end(const uint8_t *text, size_t size, size_t at, size_t after, unsigned flags)
{
    bool is_line = text[at] == '\r' || text[at] == '\n';
    struct word own = {at, at}, next = {after, after};
    if (flags & LM_UC_LETTER)
        own = find_word(text, size, at);
    else if (!is_line)
        next = find_word(text, size, after);
    if (next.lower > after)
        return next.lower;
    if (flags & LM_UC_MARK) /* a mark stands before a word, or begins one */
        own = any_word(text, size, at);
    if (own.lower > at)
        return own.lower;
    return next.upper > after ? next.upper : own.upper;
}

/* [^\r\n\p{L}\p{N}]?UPPER*LOWER+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 * |[^\r\n\p{L}\p{N}]?UPPER+LOWER*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 * |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * (tiktoken, openai_public.py, o200k_base). */
size_t lm_scan_o200k(const uint8_t *text, size_t size, size_t at)
{
    struct lm_scan_char c = lm_scan_char(text, size, at);
    size_t after = at + c.length;
    if (c.flags & LM_UC_NUMBER)
        return lm_scan_three_numbers_end(text, size, at);
    size_t end = word_end(text, size, at, after, c.flags);
    if (end > at)
        return with_contraction(text, size, end);
    if ((c.flags & LM_UC_SPACE) == 0)
        return lm_scan_lines_end(text, size, lm_scan_others_end(text, size, after), true);
    end = text[at] == ' ' ? lm_scan_others_end(text, size, after) : after;
    return end > after ? lm_scan_lines_end(text, size, end, true)
                       : lm_scan_spaces_end(text, size, at, true);
}
