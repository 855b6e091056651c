/* Is it beyond doubt? A guess is tried, and what it makes is looked at. */
#include <string.h>

#include "base/utf8.h"
#include "text/encoding.h"
#include "text/encoding_guess.h"
#include "text/unicode.h"

#define WINDOW ((size_t)1 << 18) /* bytes that are looked at, as guessing does */

enum { LEAST_HIGH = 60 };

/** Characters beyond ASCII. */
struct census {
    size_t all, odd; /**< odd: what prose lacks */
    size_t letters, scripts[LM_SCRIPTS];
    size_t western; /**< letters and signs of western European languages */
};

struct range {
    uint32_t first, last;
};

static bool lies_in(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Spaces, quotes, dashes and signs that prose has in many languages. */
static bool is_sign(uint32_t c)
{
    static const struct range signs[] = {
        {0xA0, 0xBF},     {0x2010, 0x2044}, {0x20AC, 0x20AC}, {0x2116, 0x2116}, {0x2122, 0x2122},
        {0x2460, 0x249B}, {0x2500, 0x2501}, {0x25A0, 0x26FF}, {0x3000, 0x303F}, {0xFF00, 0xFFEF}};
    return lies_in(signs, sizeof signs / sizeof signs[0], c);
}

/* Letters and signs of western European languages: of Latin-1 without those that only others use
 * (eth, thorn, y with acute, times, …), which stand where other encodings have common letters. */
static bool is_western(uint32_t c)
{
    static const struct range known[] = {
        {0xA0, 0xA1},   {0xA3, 0xA3},     {0xA7, 0xA7},    {0xA9, 0xAB}, {0xB0, 0xB0}, {0xB7, 0xB7},
        {0xBA, 0xBB},   {0xBF, 0xC2},     {0xC4, 0xCB},    {0xCD, 0xCF}, {0xD1, 0xD1}, {0xD3, 0xD4},
        {0xD6, 0xD6},   {0xD8, 0xDC},     {0xDF, 0xEB},    {0xED, 0xEF}, {0xF1, 0xF6}, {0xF8, 0xFC},
        {0x152, 0x153}, {0x2010, 0x2044}, {0x20AC, 0x20AC}};
    return lies_in(known, sizeof known / sizeof known[0], c);
}

static struct census look_at(const uint8_t *text, size_t size)
{
    struct census out = {0};
    for (size_t at = 0; at < size;) {
        uint32_t c;
        size_t length = lm_utf8_decode(&c, text + at, size - at);
        at += length > 0 ? length : 1;
        if (c < 0x80 || length == 0)
            continue;
        unsigned flags = lm_unicode(c);
        bool is_letter = (flags & (LM_UC_LETTER | LM_UC_MARK)) != 0;
        out.all++;
        out.letters += (flags & LM_UC_LETTER) != 0;
        if ((flags & LM_UC_LETTER) != 0)
            out.scripts[lm_unicode_script(c)]++;
        out.odd += !is_letter && !is_sign(c);
        out.western += is_western(c);
    }
    return out;
}

/* Letters of the commonest script; those of East Asia stand beside one another. */
static size_t most_of_a_script(const struct census *census)
{
    static const char *const east[] = {"Han", "Hiragana", "Katakana", "Hangul", "Bopomofo"};
    size_t most = 0, together = 0;
    for (size_t i = 0; i < LM_SCRIPTS; i++) {
        most = census->scripts[i] > most ? census->scripts[i] : most;
        for (size_t k = 0; k < sizeof east / sizeof east[0]; k++)
            together += strcmp(lm_script_names[i], east[k]) == 0 ? census->scripts[i] : 0;
    }
    return most > together ? most : together;
}

static bool is_plausible(const char *name, const uint8_t *text, size_t size)
{
    struct census census = look_at(text, size);
    if (strcmp(name, "windows-1252") == 0)
        return census.western * 100 >= census.all * 98;
    return most_of_a_script(&census) * 100 >= census.letters * 97 &&
           census.odd * 100 <= census.all * 2;
}

/* Is it UTF-8 with faults? Then more characters beyond ASCII are sound than not. */
static bool is_damaged_utf8(const uint8_t *data, size_t size, size_t high)
{
    struct lm_utf8_census census = lm_utf8_census(data, size);
    return census.bad == 0 || census.bad * 2 < high;
}

const char *lm_encoding_detect(const uint8_t *data, size_t size)
{
    size_t high = 0, bad = 0;
    struct lm_buf made;
    size = size < WINDOW ? size : WINDOW;
    for (size_t i = 0; i < size; i++)
        high += data[i] >= 0x80;
    if (high < LEAST_HIGH || is_damaged_utf8(data, size, high))
        return NULL;
    const char *guess = lm_encoding_guess(data, size);
    const char *name = lm_encoding_of_label(guess, strlen(guess));
    lm_buf_init(&made, 0);
    bool is_sure =
        name != NULL && lm_encoding_convert(&made, name, data, size, &bad, NULL) == LM_OK &&
        bad * 1000 <= high + 999 && is_plausible(name, (const uint8_t *)made.data, made.size);
    lm_buf_release(&made);
    return is_sure ? name : NULL;
}
