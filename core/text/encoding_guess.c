#include "text/encoding_guess.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

enum { WINDOW = 1 << 18 };

struct lm_utf8_census lm_utf8_census(const uint8_t *text, size_t size)
{
    struct lm_utf8_census out = {.first = size, .line = 1};
    for (size_t at = 0; at < size;) {
        at += lm_utf8_valid_prefix(text + at, size - at);
        if (at == size)
            break;
        size_t length = lm_utf8_bad_length(text + at, size - at);
        out.first = out.bad == 0 ? at : out.first;
        out.bad += length;
        at += length;
    }
    for (size_t at = 0; out.bad > 0 && at < out.first; at++)
        out.line += text[at] == '\n';
    return out;
}

/* ---- pairs of bytes ---- */

/** How a text reads in an encoding of one and two bytes. */
struct pairs {
    size_t good, bad;  /**< pairs; bytes that make none */
    size_t low;        /**< pairs whose second byte is below 0x80 */
    size_t leads[256]; /**< pairs by their first byte */
    size_t singles;    /**< characters of one high byte */
};

/** Where first and second bytes of a pair, and single high bytes, may lie. */
struct pair_rule {
    const char *name;
    uint8_t leads[2][2];
    uint8_t seconds[2][2];
    uint8_t singles[2];
};

static const struct pair_rule pair_rules[] = {
    {"EUC-JP", {{0xA1, 0xFE}, {0x8E, 0x8E}}, {{0xA1, 0xFE}, {0xA1, 0xFE}}, {1, 0}},
    {"EUC-KR", {{0xA1, 0xFE}, {0xA1, 0xFE}}, {{0xA1, 0xFE}, {0xA1, 0xFE}}, {1, 0}},
    {"Shift_JIS", {{0x81, 0x9F}, {0xE0, 0xFC}}, {{0x40, 0x7E}, {0x80, 0xFC}}, {0xA1, 0xDF}},
    {"Big5", {{0x81, 0xFE}, {0x81, 0xFE}}, {{0x40, 0x7E}, {0xA1, 0xFE}}, {1, 0}},
    {"GB18030", {{0x81, 0xFE}, {0x81, 0xFE}}, {{0x40, 0x7E}, {0x80, 0xFE}}, {0x80, 0x80}},
};

static bool lies_in(const uint8_t ranges[2][2], uint8_t c)
{
    return (c >= ranges[0][0] && c <= ranges[0][1]) || (c >= ranges[1][0] && c <= ranges[1][1]);
}

static void read_pairs(struct pairs *out, const struct pair_rule *rule, const uint8_t *text,
                       size_t size)
{
    *out = (struct pairs){0};
    for (size_t at = 0; at < size; at++) {
        uint8_t c = text[at];
        if (c < 0x80)
            continue;
        if (at + 1 < size && lies_in(rule->leads, c) && lies_in(rule->seconds, text[at + 1])) {
            out->good++;
            out->leads[c]++;
            out->low += text[++at] < 0x80;
        } else if (c >= rule->singles[0] && c <= rule->singles[1]) {
            out->singles++;
        } else {
            out->bad++;
        }
    }
}

static double share(const struct pairs *pairs, uint8_t first, uint8_t last)
{
    size_t count = 0;
    for (size_t c = first; c <= last; c++)
        count += pairs->leads[c];
    return (double)count / (double)(pairs->good > 0 ? pairs->good : 1);
}

/* What is common in each: kana in Japanese; in Korean, syllables in rows B0 to C8 and nearly
 * nothing behind; in Big5, common characters in rows A4 to C6, second bytes often low; in GB,
 * common ones in rows B0 to D7, second bytes hardly ever low. */
static bool fits_euc_jp(const struct pairs *p)
{
    return share(p, 0xA4, 0xA5) > 0.2;
}

static bool fits_euc_kr(const struct pairs *p)
{
    return share(p, 0xB0, 0xC8) > 0.75 && share(p, 0xC9, 0xFE) < 0.1;
}

static bool fits_shift_jis(const struct pairs *p)
{
    return share(p, 0x82, 0x83) > 0.15;
}

static bool fits_big5(const struct pairs *p)
{
    return share(p, 0xA1, 0xC6) > 0.75 && p->low * 10 > p->good * 2;
}

static bool fits_gb(const struct pairs *p)
{
    return share(p, 0xA1, 0xF7) > 0.75 && p->low * 10 < p->good * 3;
}

static bool (*const pair_tests[])(const struct pairs *) = {fits_euc_jp, fits_euc_kr, fits_shift_jis,
                                                           fits_big5, fits_gb};

static const char *guess_pairs(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < sizeof pair_rules / sizeof pair_rules[0]; i++) {
        struct pairs pairs;
        read_pairs(&pairs, &pair_rules[i], text, size);
        bool is_valid =
            pairs.good >= 4 && pairs.bad * 50 <= pairs.good && pairs.singles * 2 <= pairs.good;
        if (is_valid && pair_tests[i](&pairs))
            return pair_rules[i].name;
    }
    return NULL;
}

/* ---- single bytes ---- */

/** High bytes by value, and how they stand. */
struct singles {
    size_t counts[256], high;
    size_t runs; /**< stretches of high bytes */
};

static double part(const struct singles *s, uint8_t first, uint8_t last)
{
    size_t count = 0;
    for (size_t c = first; c <= last; c++)
        count += s->counts[c];
    return (double)count / (double)s->high;
}

/* Lower case letters are common, capitals rare: where they lie tells scripts apart. */
static bool fits_latin(const struct singles *s)
{
    return s->high < 2 * s->runs && part(s, 0x81, 0x81) + part(s, 0x8D, 0x8D) < 0.05;
}

static bool fits_koi8(const struct singles *s)
{
    return part(s, 0xC0, 0xDF) > 0.75;
}

static bool fits_cp866(const struct singles *s)
{
    return part(s, 0xA0, 0xAF) > 0.4 && part(s, 0x80, 0xAF) + part(s, 0xE0, 0xEF) > 0.95;
}

static bool fits_cyrillic(const struct singles *s)
{
    return part(s, 0xC0, 0xFF) > 0.85 && part(s, 0xE0, 0xFF) > 0.7 && part(s, 0xE0, 0xE0) > 0.03 &&
           part(s, 0xFB, 0xFF) > 0.02;
}

static bool fits_greek(const struct singles *s)
{
    return part(s, 0xDC, 0xFE) > 0.8 && part(s, 0xDC, 0xDF) > 0.03;
}

static bool fits_hebrew(const struct singles *s)
{
    return part(s, 0xE0, 0xFA) > 0.9;
}

static bool fits_thai(const struct singles *s)
{
    return part(s, 0xA1, 0xFB) > 0.99 && part(s, 0xA1, 0xBF) > 0.25;
}

static bool fits_iso_cyrillic(const struct singles *s)
{
    return part(s, 0xD0, 0xEF) > 0.75 && part(s, 0xB0, 0xEF) > 0.9;
}

static bool fits_arabic(const struct singles *s)
{
    return part(s, 0xC0, 0xDF) > 0.3 && part(s, 0xE0, 0xFF) > 0.2;
}

static const struct {
    const char *name;
    bool (*fits)(const struct singles *);
} single_rules[] = {
    {"Windows-1252", fits_latin},      {"KOI8-R", fits_koi8},         {"CP866", fits_cp866},
    {"Windows-1251", fits_cyrillic},   {"Windows-1255", fits_hebrew}, {"Windows-1253", fits_greek},
    {"ISO-8859-5", fits_iso_cyrillic}, {"TIS-620", fits_thai},        {"Windows-1256", fits_arabic},
};

const char *lm_encoding_guess(const uint8_t *text, size_t size)
{
    struct singles s = {.high = 0};
    size = size < WINDOW ? size : WINDOW;
    for (size_t i = 0; i < size; i++) {
        s.counts[text[i]]++;
        s.high += text[i] >= 0x80;
        s.runs += text[i] >= 0x80 && (i == 0 || text[i - 1] < 0x80);
    }
    const char *pairs = s.high > 0 && !fits_latin(&s) ? guess_pairs(text, size) : NULL;
    if (pairs != NULL)
        return pairs;
    for (size_t i = 0; s.high > 0 && i < sizeof single_rules / sizeof single_rules[0]; i++)
        if (single_rules[i].fits(&s))
            return single_rules[i].name;
    return "no text encoding that is known";
}
