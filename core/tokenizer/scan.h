/**
 * What the scanners of patterns share: characters with their classes, and ends of runs. A run of
 * ASCII letters is found eight bytes at a time, without a branch for each.
 */
#ifndef LM_TOKENIZER_SCAN_H
#define LM_TOKENIZER_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "text/unicode.h"

/** A scanner: end of the piece of text[0..size) that begins at `at` < size. */
typedef size_t lm_scan_fn(const uint8_t *text, size_t size, size_t at);

lm_scan_fn lm_scan_gpt2, lm_scan_cl100k, lm_scan_o200k;

/** A character: its flags (lm_unicode_flag), 0 for an ill-formed byte, and its length in bytes. */
struct lm_scan_char {
    unsigned flags;
    size_t length;
};

/** The character at text[at], at < size, text[at] ≥ 0x80. */
static inline struct lm_scan_char lm_scan_wide(const uint8_t *text, size_t size, size_t at)
{
    uint32_t code_point, bytes;
    if (size - at >= 4) {
        memcpy(&bytes, text + at, sizeof bytes);
        bytes = le32toh(bytes);
        if ((bytes & 0xC0C0F0) == 0x8080E0) {
            code_point = (bytes & 0xF) << 12 | (bytes >> 2 & 0xFC0) | (bytes >> 16 & 0x3F);
            if (code_point >= 0x800 && code_point - 0xD800 >= 0x800)
                return (struct lm_scan_char){lm_unicode(code_point), 3};
        }
        if ((bytes & 0xC0E0) == 0x80C0 && (bytes & 0x1E) != 0)
            return (struct lm_scan_char){lm_unicode((bytes & 0x1F) << 6 | (bytes >> 8 & 0x3F)), 2};
    }
    size_t length = lm_utf8_decode(&code_point, text + at, size - at);
    return length == 0 ? (struct lm_scan_char){0, 1}
                       : (struct lm_scan_char){lm_unicode(code_point), length};
}

/** Where a run ends, and whether a character that is not of it follows there for certain. */
struct lm_scan_run {
    size_t end;
    bool is_certain;
};

/** End of the run from `at` of three-byte characters (most of the world's) that have one of the
 *  flags `any` and none of `none`. */
static inline struct lm_scan_run lm_scan_triples(const uint8_t *text, size_t size, size_t at,
                                                 unsigned any, unsigned none)
{
    for (; size - at >= 4; at += 3) {
        uint32_t bytes;
        memcpy(&bytes, text + at, sizeof bytes);
        bytes = le32toh(bytes);
        uint32_t code_point = (bytes & 0xF) << 12 | (bytes >> 2 & 0xFC0) | (bytes >> 16 & 0x3F);
        if ((bytes & 0xC0C0F0) != 0x8080E0 || code_point < 0x800)
            break;
        unsigned flags = lm_unicode(code_point); /* 0 for surrogates */
        if ((flags & any) == 0 || (flags & none) != 0)
            return (struct lm_scan_run){at, true};
    }
    return (struct lm_scan_run){at, false};
}

/** The character at text[at], at < size. */
static inline struct lm_scan_char lm_scan_char(const uint8_t *text, size_t size, size_t at)
{
    return text[at] < 0x80 ? (struct lm_scan_char){lm_unicode_flags[0][text[at]], 1}
                           : lm_scan_wide(text, size, at);
}

/** Eight bytes as a number, the first the lowest. */
static inline uint64_t lm_scan_load(const uint8_t *text)
{
    uint64_t bytes;
    memcpy(&bytes, text, sizeof bytes);
    return le64toh(bytes);
}

#define LM_SCAN_ONES 0x0101010101010101u
#define LM_SCAN_HIGHS 0x8080808080808080u

/** The high bit of each byte of `bytes` that is not from `first` to `last` (both ASCII). */
static inline uint64_t lm_scan_outside(uint64_t bytes, uint8_t first, uint8_t last)
{
    uint64_t low = bytes & ~LM_SCAN_HIGHS;
    uint64_t reaches = low + (0x80u - first) * LM_SCAN_ONES;
    uint64_t passes = low + (0x7Fu - last) * LM_SCAN_ONES;
    return (~reaches | passes | bytes) & LM_SCAN_HIGHS;
}

/** End of the run from `at` of ASCII bytes that are, with the bits `fold` set, from `first` to
 *  `last`; fold 0x20 makes small letters of capitals. */
static inline size_t lm_scan_ascii_end(const uint8_t *text, size_t size, size_t at, uint8_t fold,
                                       uint8_t first, uint8_t last)
{
    while (size - at >= 8) {
        uint64_t bytes = lm_scan_load(text + at) | fold * LM_SCAN_ONES;
        uint64_t outside = lm_scan_outside(bytes, first, last);
        if (outside != 0)
            return at + (size_t)__builtin_ctzll(outside) / 8;
        at += 8;
    }
    while (at < size && (text[at] | fold) >= first && (text[at] | fold) <= last)
        at++;
    return at;
}

/** End of the run of characters from `at` that have one of the flags `any`, or with any 0 none of
 *  `none`. */
static inline size_t lm_scan_run_end(const uint8_t *text, size_t size, size_t at, unsigned any,
                                     unsigned none)
{
    while (at < size) {
        struct lm_scan_char c = lm_scan_char(text, size, at);
        if ((any != 0 && (c.flags & any) == 0) || (c.flags & none) != 0)
            break;
        at += c.length;
    }
    return at;
}

/** End of \p{L}*. */
static inline size_t lm_scan_letters_end(const uint8_t *text, size_t size, size_t at)
{
    while (at < size) {
        if (text[at] < 0x80) {
            size_t end = lm_scan_ascii_end(text, size, at, 0x20, 'a', 'z');
            if (end == at || end == size || text[end] < 0x80)
                return end;
            at = end;
        }
        struct lm_scan_run run = lm_scan_triples(text, size, at, LM_UC_LETTER, 0);
        at = run.end;
        if (run.is_certain)
            return at;
        if (at == size || text[at] < 0x80)
            continue;
        struct lm_scan_char c = lm_scan_wide(text, size, at);
        if ((c.flags & LM_UC_LETTER) == 0)
            return at;
        at += c.length;
    }
    return at;
}

#define LM_SCAN_KNOWN (LM_UC_LETTER | LM_UC_NUMBER | LM_UC_SPACE)

/** End of [^\s\p{L}\p{N}]*. */
static inline size_t lm_scan_others_end(const uint8_t *text, size_t size, size_t at)
{
    return lm_scan_run_end(text, size, at, 0, LM_SCAN_KNOWN);
}

/** End of [\r\n]*, or with has_slash of [\r\n/]*. */
static inline size_t lm_scan_lines_end(const uint8_t *text, size_t size, size_t at, bool has_slash)
{
    while (at < size && (text[at] == '\r' || text[at] == '\n' || (has_slash && text[at] == '/')))
        at++;
    return at;
}

/** End of \p{N}{1,3} that begins with a number at `at`. */
static inline size_t lm_scan_three_numbers_end(const uint8_t *text, size_t size, size_t at)
{
    for (int i = 0; i < 3 && at < size; i++) {
        struct lm_scan_char c = lm_scan_char(text, size, at);
        if ((c.flags & LM_UC_NUMBER) == 0)
            break;
        at += c.length;
    }
    return at;
}

/** End of \s*[\r\n]+|\s+(?!\S)|\s+, or without has_lines of \s+(?!\S)|\s+, that begins with white
 *  space at `at`. */
static inline size_t lm_scan_spaces_end(const uint8_t *text, size_t size, size_t at, bool has_lines)
{
    size_t end = at, last = at,
           line = at; /* of the run; its last character; behind its last line end */
    while (end < size) {
        struct lm_scan_char c = lm_scan_char(text, size, end);
        if ((c.flags & LM_UC_SPACE) == 0)
            break;
        last = end;
        end += c.length;
        if (text[last] == '\n' || text[last] == '\r')
            line = end;
    }
    if (has_lines && line > at)
        return line;
    /* The run gives its last character to what follows, unless it is that character alone. */
    return end == size || last == at ? end : last;
}

/** Length of 's 't 're 've 'm 'll 'd at text[at], an apostrophe, or 0. Folded: of any case, as
 *  (?i) has it, where U+017F is an s. */
static inline size_t lm_scan_contraction(const uint8_t *text, size_t size, size_t at,
                                         bool is_folded)
{
    uint8_t fold = is_folded ? 0x20 : 0;
    size_t left = size - at;
    uint8_t first = left > 1 ? text[at + 1] | fold : 0, second = left > 2 ? text[at + 2] | fold : 0;
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 2;
    if ((second == 'e' && (first == 'r' || first == 'v')) || (second == 'l' && first == 'l'))
        return 3;
    bool is_long_s = is_folded && left > 2 && text[at + 1] == 0xC5 && text[at + 2] == 0xBF;
    return is_long_s ? 3 : 0;
}

#endif
