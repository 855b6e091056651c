#include "text/rule_measure.h"

#include <string.h>

#include "base/utf8.h"
#include "text/line_scan.h"
#include "text/unicode.h"

/* Sentence_Terminal (PropList.txt of Unicode 15.0). */
static const struct range {
    uint32_t first, last;
} sentence_ends[] = {
    {0x21, 0x21},       {0x2E, 0x2E},       {0x3F, 0x3F},       {0x589, 0x589},
    {0x61D, 0x61F},     {0x6D4, 0x6D4},     {0x700, 0x702},     {0x7F9, 0x7F9},
    {0x837, 0x837},     {0x839, 0x839},     {0x83D, 0x83E},     {0x964, 0x965},
    {0x104A, 0x104B},   {0x1362, 0x1362},   {0x1367, 0x1368},   {0x166E, 0x166E},
    {0x1735, 0x1736},   {0x1803, 0x1803},   {0x1809, 0x1809},   {0x1944, 0x1945},
    {0x1AA8, 0x1AAB},   {0x1B5A, 0x1B5B},   {0x1B5E, 0x1B5F},   {0x1B7D, 0x1B7E},
    {0x1C3B, 0x1C3C},   {0x1C7E, 0x1C7F},   {0x203C, 0x203D},   {0x2047, 0x2049},
    {0x2E2E, 0x2E2E},   {0x2E3C, 0x2E3C},   {0x2E53, 0x2E54},   {0x3002, 0x3002},
    {0xA4FF, 0xA4FF},   {0xA60E, 0xA60F},   {0xA6F3, 0xA6F3},   {0xA6F7, 0xA6F7},
    {0xA876, 0xA877},   {0xA8CE, 0xA8CF},   {0xA92F, 0xA92F},   {0xA9C8, 0xA9C9},
    {0xAA5D, 0xAA5F},   {0xAAF0, 0xAAF1},   {0xABEB, 0xABEB},   {0xFE52, 0xFE52},
    {0xFE56, 0xFE57},   {0xFF01, 0xFF01},   {0xFF0E, 0xFF0E},   {0xFF1F, 0xFF1F},
    {0xFF61, 0xFF61},   {0x10A56, 0x10A57}, {0x10F55, 0x10F59}, {0x10F86, 0x10F89},
    {0x11047, 0x11048}, {0x110BE, 0x110C1}, {0x11141, 0x11143}, {0x111C5, 0x111C6},
    {0x111CD, 0x111CD}, {0x111DE, 0x111DF}, {0x11238, 0x11239}, {0x1123B, 0x1123C},
    {0x112A9, 0x112A9}, {0x1144B, 0x1144C}, {0x115C2, 0x115C3}, {0x115C9, 0x115D7},
    {0x11641, 0x11642}, {0x1173C, 0x1173E}, {0x11944, 0x11944}, {0x11946, 0x11946},
    {0x11A42, 0x11A43}, {0x11A9B, 0x11A9C}, {0x11C41, 0x11C42}, {0x11EF7, 0x11EF8},
    {0x11F43, 0x11F44}, {0x16A6E, 0x16A6F}, {0x16AF5, 0x16AF5}, {0x16B37, 0x16B38},
    {0x16B44, 0x16B44}, {0x16E98, 0x16E98}, {0x1BC9F, 0x1BC9F}, {0x1DA88, 0x1DA88}};

bool lm_is_sentence_end(uint32_t code_point)
{
    if (code_point < 0x80)
        return code_point == '.' || code_point == '!' || code_point == '?';
    size_t low = 0, high = sizeof sentence_ends / sizeof sentence_ends[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point < sentence_ends[middle].first)
            high = middle;
        else if (code_point > sentence_ends[middle].last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

static bool is_quote(uint32_t c)
{
    return c == '"' || c == '\'' || c == 0x2019 || c == 0x201D || c == 0xBB || c == 0x203A ||
           c == 0x300D || c == 0x300F;
}

bool lm_is_line_end(uint32_t code_point)
{
    return is_quote(code_point) || code_point == 0x2026 || lm_is_sentence_end(code_point);
}

static bool is_closing(uint32_t c)
{
    return is_quote(c) || c == ')' || c == ']' || c == 0xFF09 || c == 0x3011 || c == 0x300B;
}

/* ASCII that changes nothing inside a sentence. */
static bool is_inner(uint8_t c)
{
    return c < 0x80 && c != '.' && c != '!' && c != '?';
}

/* Where in a sentence one stands. */
struct sentence {
    enum { INSIDE, ENDED, BEHIND } state; /* behind: white space after its end */

    bool has_text; /* since the last sentence */
};

/* Does this visible character begin another sentence? */
static bool begins_sentence(struct sentence *s, uint32_t c, unsigned flags)
{
    bool is_end = lm_is_sentence_end(c);
    bool begins = s->state == BEHIND ? !(flags & LM_UC_LOWER)
                                     : s->state == ENDED && (flags & LM_UC_UNSPACED) != 0;
    begins = begins && s->has_text && !is_end;
    if (is_end)
        s->state = ENDED;
    else if (s->state != ENDED || !is_closing(c))
        s->state = INSIDE;
    s->has_text = (s->has_text && !begins) || !is_end;
    return begins;
}

int64_t lm_count_sentences(const uint8_t *line, size_t size)
{
    struct sentence s = {.state = INSIDE};
    int64_t sentences = 0;
    for (size_t at = 0; at < size;) {
        uint32_t c = line[at];
        if (s.has_text && s.state == INSIDE && is_inner(line[at])) {
            at++;
            continue;
        }
        size_t length = c < 0x80 ? 1 : lm_utf8_decode(&c, line + at, size - at);
        unsigned flags = lm_unicode(c);
        at += length == 0 ? 1 : length;
        if (flags & LM_UC_SPACE)
            s.state = s.state == ENDED ? BEHIND : s.state;
        else
            sentences += begins_sentence(&s, c, flags);
    }
    return sentences + s.has_text;
}

/* ---- Gopher's quality ---- */

static unsigned stop_word(const uint8_t *word, size_t size)
{
    static const char words[8][4] = {"the", "be", "to", "of", "and", "that", "have", "with"};
    char padded[4] = {0};
    if (size > sizeof padded)
        return 0;
    memcpy(padded, word, size);
    for (unsigned i = 0; i < 8; i++)
        if (memcmp(words[i], padded, sizeof padded) == 0)
            return 1U << i;
    return 0;
}

static void measure_lines(struct lm_rule_measure *out, const uint8_t *text, size_t size)
{
    struct lm_line_scan scan = {.text = text, .size = size};
    for (struct lm_line line; lm_line_next(&scan, &line);) {
        struct lm_line core = lm_line_strip(&line, text);
        const uint8_t *bytes = text + core.at;
        out->all_lines++;
        if (core.size == 0)
            continue;
        out->bullets +=
            bytes[0] == '-' || (core.size >= 3 && memcmp(bytes, "\xE2\x80\xA2", 3) == 0);
        out->ellipsis_ends +=
            core.size >= 3 && (memcmp(bytes + core.size - 3, "...", 3) == 0 ||
                               memcmp(bytes + core.size - 3, "\xE2\x80\xA6", 3) == 0);
    }
}

/* U+2026. */
static int64_t count_ellipses(const uint8_t *text, size_t size)
{
    int64_t count = 0;
    const uint8_t *end = text + size;
    for (const uint8_t *at = text; (at = memchr(at, 0xE2, (size_t)(end - at))) != NULL; at++)
        count += end - at >= 3 && at[1] == 0x80 && at[2] == 0xA6;
    return count;
}

void lm_measure_words(struct lm_rule_measure *out, const struct lm_word_list *words,
                      const uint8_t *text, size_t size)
{
    unsigned stops = 0;
    out->all_words = (int64_t)words->count;
    out->plain_words = out->plain_word_chars = out->alphabetic_words = 0;
    out->all_lines = out->bullets = out->ellipsis_ends = 0;
    for (size_t i = 0; i < words->count; i++) {
        const struct lm_word *word = &words->items[i];
        bool is_plain = lm_word_is_plain(word);
        out->plain_words += is_plain;
        out->plain_word_chars += is_plain ? word->chars : 0;
        out->alphabetic_words += (word->flags & LM_UC_LETTER) != 0;
        stops |= stop_word(text + word->at, word->size);
    }
    out->stop_words = __builtin_popcount(stops);
    out->hash_signs = 0;
    for (const uint8_t *at = text; (at = memchr(at, '#', size - (size_t)(at - text))) != NULL; at++)
        out->hash_signs++;
    out->ellipses = lm_count_dots(text, size) + count_ellipses(text, size);
    measure_lines(out, text, size);
}
