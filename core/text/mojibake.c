#include "text/mojibake.h"

#include <string.h>

#include "base/utf8.h"
#include "text/unicode.h"

#define TABLE(name, ...) {name, {__VA_ARGS__}},

static const struct {
    const char *name;
    uint16_t high[128];
} encodings[] = {

#include "text/mojibake_tables.inc"
};
#undef TABLE

enum {
    ENCODINGS = sizeof encodings / sizeof encodings[0],
    ROUNDS = 4,
    SURE = 1000,
    PARTS = 6,
    LOST = 0x100
};

enum { CP1252, MAC_ROMAN, CP437, CP1251, CP1250 }; /* their places; those behind need no rules */

/* ---- one stretch ---- */

/* The byte that a character is in an encoding; controls of C1 stand for themselves. -1: none. */
static int to_byte(size_t encoding, uint32_t code_point)
{
    if (code_point < 0xA0)
        return (int)code_point;
    if (code_point > 0x2600 && code_point < 0xF000) /* none has such */
        return -1;
    for (int i = 0; i < 128; i++)
        if (encodings[encoding].high[i] == code_point)
            return 0x80 + i;
    return -1;
}

/* A stretch that may be repaired. */
struct stretch {
    size_t size;           /* bytes of it as it stands */
    uint32_t made;         /* the character it was; U+FFFD: bytes of it are lost */
    uint32_t marks[PARTS]; /* the characters that it is now */
    size_t count;          /* of them */
    bool is_lossy;         /* a hard space became a space, or bytes are lost: says nothing itself */
};

/* How many bytes a sequence has that begins with `byte`; 0: none begins so. */
static size_t sequence_length(int byte)
{
    return byte < 0xC2 ? 0 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 0;
}

/* The byte that a part of a stretch was; -1: none; LOST: it became U+FFFD, or a question mark
 * behind two that begin nothing but punctuation. A hard space may have become a space. */
static int part_of(const struct stretch *out, size_t wanted, size_t encoding, uint32_t code_point)
{
    bool is_punctuation = out->count == 2 && out->marks[0] == 0xE2 && out->marks[1] == 0x20AC;
    if (out->count > 0 && (code_point == 0xFFFD || (code_point == '?' && is_punctuation)))
        return LOST;
    if (out->count > 0 && code_point == ' ')
        return 0xA0;
    int byte = to_byte(encoding, code_point);
    bool is_first = out->count == 0 || (out->count == 3 && wanted == PARTS && byte == 0xED);
    return byte < 0x80 || (!is_first && byte > 0xBF) ? -1 : byte;
}

/* Which spaces may have been hard: behind the first byte of common letters, and inside an emoji. */
static bool may_have_been_hard(const uint8_t *bytes, size_t count)
{
    return count == 2   ? strchr("\xC2\xC5\xCE\xD0\xD9", bytes[0]) != NULL
           : count == 3 ? bytes[0] >= 0xE0 && bytes[0] <= 0xE3
                        : bytes[0] == 0xED;
}

/* Two halves of a surrogate pair, each of three bytes (CESU-8). */
static bool join_halves(struct stretch *out, const uint8_t *bytes)
{
    if (bytes[0] != 0xED || bytes[3] != 0xED || bytes[1] < 0xA0 || bytes[1] > 0xAF ||
        bytes[4] < 0xB0 || bytes[4] > 0xBF)
        return false;
    uint32_t high = (bytes[1] & 15U) << 6 | (bytes[2] & 63U);
    out->made = 0x10000 + (high << 10 | (bytes[4] & 15U) << 6 | (bytes[5] & 63U));
    return true;
}

/* How many bytes follow from those that there are: a half of a pair asks for the other one. */
static size_t parts_of(const uint8_t *bytes, size_t count)
{
    bool is_half = count >= 2 && bytes[0] == 0xED && bytes[1] >= 0xA0 && bytes[1] <= 0xAF;
    return is_half ? PARTS : sequence_length(bytes[0]);
}

/* Reads the parts into bytes; false: they are no stretch. *is_lost, *has_space: some are not what
 * they were. */
static bool take_parts(struct stretch *out, size_t encoding, const uint8_t *text, size_t size,
                       uint8_t bytes[PARTS], bool *is_lost, bool *has_space)
{
    size_t wanted = 1;
    while (out->count < wanted) {
        uint32_t code_point = 0;
        size_t left = size - out->size;
        size_t length = left > 0 ? lm_utf8_decode(&code_point, text + out->size, left) : 0;
        int byte = length > 0 ? part_of(out, wanted, encoding, code_point) : -1;
        if (byte < 0x80)
            return *is_lost; /* what is left of it */
        *is_lost = *is_lost || byte == LOST;
        *has_space = *has_space || code_point == ' ';
        out->marks[out->count] = code_point;
        bytes[out->count++] = (uint8_t)(byte == LOST ? 0x80 : byte);
        out->size += length;
        wanted = parts_of(bytes, out->count);
    }
    return wanted > 0;
}

static bool take(struct stretch *out, size_t encoding, const uint8_t *text, size_t size)
{
    uint8_t bytes[PARTS];
    bool is_lost = false, has_space = false;
    *out = (struct stretch){.made = 0xFFFD};
    if (!take_parts(out, encoding, text, size, bytes, &is_lost, &has_space))
        return false;
    out->is_lossy = is_lost || has_space;
    if (is_lost)
        return true;
    if (has_space && !may_have_been_hard(bytes, out->count))
        return false;
    if (out->count == PARTS)
        return join_halves(out, bytes);
    return lm_utf8_decode(&out->made, bytes, out->count) == out->count && out->made >= 0x80;
}

/* ---- how sure is it ---- */

static bool is_among(uint32_t code_point, const uint16_t *list)
{
    for (; *list != 0; list++)
        if (*list == code_point)
            return true;
    return false;
}

/* What may well follow a letter: quotes, dashes, dots, a hard space, signs of rights. */
static bool is_usual(uint32_t code_point)
{
    static const uint16_t usual[] = {0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2039, 0x203A,
                                     0x2013, 0x2014, 0x2026, 0xAB,   0xBB,   0xA0,   0xAD,   0x2122,
                                     0x2020, 0x2021, 0x2022, 0x2030, 0xAE,   0xA1,   0xBF,   0};
    return is_among(code_point, usual);
}

/* What stands in formulas and frames, where Mac Roman and code page 437 have symbols. */
static bool is_symbolic(uint32_t code_point)
{
    return code_point == 0x3C0 || code_point == 0xB5 || code_point == 0x3A9 || code_point == 0xB0 ||
           code_point == 0xB1 || (code_point >= 0x2200 && code_point < 0x2300) ||
           (code_point >= 0x2500 && code_point < 0x2600);
}

static bool is_control(uint32_t code_point)
{
    return code_point >= 0x80 && code_point < 0xA0;
}

static bool has_control(const struct stretch *stretch)
{
    for (size_t i = 0; i < stretch->count; i++)
        if (is_control(stretch->marks[i]))
            return true;
    return false;
}

static bool is_punctuation(uint32_t code_point)
{
    return (code_point >= 0x2010 && code_point <= 0x203A) || code_point == 0x20AC ||
           code_point == 0x2122 || (code_point >= 0xFB00 && code_point <= 0xFB06);
}

/* The characters before and behind a stretch; 0: none. */
struct beside {
    uint32_t before, behind;
};

static bool is_letter(uint32_t code_point)
{
    return (lm_unicode(code_point) & LM_UC_LETTER) != 0;
}

/* What stands inside a word but an apostrophe or a dash. */
static bool is_odd_mark(uint32_t code_point)
{
    return is_usual(code_point) && code_point != 0x2019 && code_point != 0x2018 &&
           code_point != 0x2013 && code_point != 0x2014 && code_point != 0xAD;
}

/* A quotation mark between letters, behind a capital that few languages have. */
static bool is_odd_quote(uint32_t lead, uint32_t next, const struct beside *beside)
{
    if (!is_letter(beside->behind))
        return false;
    if (lead == 0xC3 && is_odd_mark(next))
        return true;
    return is_letter(beside->before) &&
           (lead == 0xC3 ? next == 0x2018
                         : (lead == 0xC4 || lead == 0xC5) && (next == 0xAB || next == 0xBB));
}

/* A capital inside a word, or a symbol between letters: no language writes so. */
static bool is_odd_inside(const struct stretch *stretch, const struct beside *beside)
{
    uint32_t lead = stretch->marks[0], next = stretch->marks[1];
    bool is_before = (lm_unicode(beside->before) & LM_UC_LOWER) != 0;
    bool is_behind = (lm_unicode(beside->behind) & LM_UC_LOWER) != 0;
    if ((lm_unicode(lead) & LM_UC_UPPER) == 0 || !is_letter(stretch->made))
        return false;
    if (is_odd_quote(lead, next, beside))
        return true;
    return !is_letter(next) && (is_before || (is_behind && !is_usual(next)));
}

/* Latin with two marks, as Vietnamese has: a letter and two symbols inside a word. */
static bool is_vietnamese(const struct stretch *stretch, const struct beside *beside)
{
    bool is_inside = ((lm_unicode(beside->before) | lm_unicode(beside->behind)) & LM_UC_LOWER) != 0;
    return stretch->count == 3 && stretch->made >= 0x1E00 && stretch->made < 0x1F00 && is_inside &&
           !is_usual(stretch->marks[1]) && !is_letter(stretch->marks[2]);
}

/* A sign that three characters, of which the first is a letter or a low quote, would not spell. */
static bool is_sign(size_t encoding, uint32_t made)
{
    if (encoding == MAC_ROMAN)
        return made == 0x221A || made == 0x222B || made == 0x2206;
    return encoding != CP437 && made >= 0x2190 && made < 0x2C00;
}

/* Two characters that no text has side by side: a capital, and a symbol that does not follow one.
 */
static bool is_odd_pair(size_t encoding, const struct stretch *stretch)
{
    uint32_t lead = stretch->marks[0], next = stretch->marks[1], made = stretch->made;
    if (is_usual(next))
        return false;
    if (encoding == MAC_ROMAN || encoding == CP437)
        return made >= 0xC0 && made < 0x100 && !is_symbolic(next);
    if ((lm_unicode(next) & LM_UC_UPPER) != 0 || (lm_unicode(lead) & LM_UC_UPPER) == 0)
        return false;
    if (encoding > CP1250 && is_letter(next))
        return false;
    return made < 0x100 || (made >= 0x300 && made < 0x370 && !is_letter(next));
}

/* A sign inside a word: a root before a bound, a florin, a frame's line before a letter. */
static bool is_odd_sign(size_t encoding, const struct stretch *stretch, const struct beside *beside)
{
    uint32_t lead = stretch->marks[0], next = stretch->marks[1];
    bool is_before = (lm_unicode(beside->before) & LM_UC_LOWER) != 0;
    bool is_within = is_before && (lm_unicode(beside->behind) & LM_UC_LOWER) != 0;
    if (stretch->count != 2 || !is_letter(stretch->made) || stretch->made >= 0x180)
        return false;
    if (encoding == MAC_ROMAN && lead == 0x221A)
        return is_before && (next == 0x2264 || next == 0x2265);
    return is_within && (encoding == MAC_ROMAN ? lead == 0x192 || lead == 0x2248
                                               : encoding == CP437 && is_letter(next) &&
                                                     (lead == 0x2500 || lead == 0x253C));
}

/* Characters that are controls, or more than two that spell a sign. */
static bool is_odd_in_itself(size_t encoding, const struct stretch *stretch)
{
    bool is_wide = stretch->made >= 0xFF01 && stretch->made <= 0xFF60;
    return has_control(stretch) || is_punctuation(stretch->made) || stretch->count == PARTS ||
           ((is_wide || stretch->made == 0xFFFD) && encoding != MAC_ROMAN && encoding != CP437) ||
           is_sign(encoding, stretch->made) ||
           (stretch->count == 4 && stretch->made >= 0x1F000 && stretch->made < 0x20000);
}

/* A stretch that says by itself that it was read wrongly. */
static bool is_sure(size_t encoding, const struct stretch *stretch, const struct beside *beside)
{
    if (is_control(stretch->made))
        return false;
    if (stretch->is_lossy && stretch->count < PARTS)
        return false;
    if (is_odd_in_itself(encoding, stretch) || is_vietnamese(stretch, beside) ||
        is_odd_sign(encoding, stretch, beside))
        return true;
    if (stretch->count != 2 || encoding == CP1251)
        return false;
    bool has_letters = encoding == CP1252 || encoding == CP1250;
    return (has_letters && is_odd_inside(stretch, beside)) || is_odd_pair(encoding, stretch);
}

/* May it be repaired beside one that is sure? */
static bool is_allowed(size_t encoding, const struct stretch *stretch)
{
    uint32_t made = stretch->made;
    bool is_latin = made < 0x180, is_slavic = made >= 0x400 && made < 0x480;
    if (encoding == MAC_ROMAN)
        return is_punctuation(made) || is_latin || is_sign(encoding, made) ||
               (made >= 0x370 && made < 0x700);
    if (encoding == CP437)
        return is_punctuation(made) || is_latin || is_slavic || (made >= 0x1E00 && made < 0x1F00);
    return true;
}

/* ---- a line ---- */

struct line {
    const uint8_t *text;
    size_t size;
};

/* How much says that the line was read wrongly by an encoding; with `out`, the line repaired. */
struct scan {
    size_t score, stretches;
    size_t run, script; /* stretches in a row that are letters of one script */
    struct beside beside;
    bool follows; /* but for ASCII, a stretch was before */
};

/* How many letters of one script stand in a row, marks on them counting along. */
static void count_run(struct scan *scan, const struct stretch *stretch, bool follows)
{
    bool is_mark = follows && scan->run > 0 && (lm_unicode(stretch->made) & LM_UC_MARK) != 0;
    bool is_one = is_letter(stretch->made) || is_mark;
    size_t script = is_mark ? scan->script : is_one ? lm_unicode_script(stretch->made) : 0;
    bool goes_on = follows && is_one && script == scan->script;
    scan->run = !is_one ? 0 : goes_on ? scan->run + 1 : 1;
    scan->script = script;
}

static void weigh(struct scan *scan, size_t encoding, const struct stretch *stretch,
                  const struct beside *beside, bool follows)
{
    size_t enough = stretch->count == 2 ? 3 : 2;
    bool is_twice = follows && encoding == CP1251 && stretch->made < 0x100;
    count_run(scan, stretch, follows);
    scan->stretches++;
    if (stretch->is_lossy && stretch->count < PARTS)
        return;
    bool is_foreign = scan->run >= enough && scan->script != LM_SCRIPT_LATIN;
    if (is_sure(encoding, stretch, beside) || is_twice || is_foreign)
        scan->score += SURE;
    scan->score += stretch->count;
}

static uint32_t peek(const struct line *line, size_t at)
{
    uint32_t code_point = 0;
    if (at >= line->size || lm_utf8_decode(&code_point, line->text + at, line->size - at) == 0)
        return 0;
    return code_point;
}

/* "Ã " that was "Ã" and a hard space: "à", whose own space is gone too, unless it is within a word.
 * *size is what it takes. */
static bool is_lost_space(const struct line *line, size_t encoding, size_t at,
                          const struct beside *beside, size_t *size)
{
    const uint8_t *text = line->text + at;
    size_t left = line->size - at;
    uint32_t lead;
    if (left < 3 || text[2] != ' ' || lm_utf8_decode(&lead, text, left) != 2 ||
        to_byte(encoding, lead) != 0xC3)
        return false;
    bool is_within = is_letter(beside->before) && left > 3 && is_letter(text[3]);
    bool is_plural = left > 4 && text[3] == 's' && text[4] == ' ';
    bool is_that = left > 8 && memcmp(text + 3, "quel", 4) == 0;
    bool is_spaced = left > 3 && text[3] == ' ';
    *size = is_within || is_plural || is_that || is_spaced ? 3 : 2;
    return true;
}

/* A control that stands where Windows-1252 has a character; but NEL, which ends lines. */
static bool is_lone_control(uint32_t code_point)
{
    return is_control(code_point) && code_point != 0x85 &&
           encodings[CP1252].high[code_point - 0x80] != code_point;
}

/* What becomes of the character at a place: *size is what it takes, *made what it was, or itself.
 */
static void step(struct scan *scan, size_t encoding, const struct line *line, size_t at,
                 size_t *size, uint32_t *made)
{
    struct stretch stretch;
    struct beside *beside = &scan->beside;
    if (take(&stretch, encoding, line->text + at, line->size - at) &&
        is_allowed(encoding, &stretch)) {
        *size = stretch.size;
        *made = stretch.made;
        beside->behind = peek(line, at + *size);
        weigh(scan, encoding, &stretch, beside, scan->follows);
        scan->follows = true;
        return;
    }
    if ((encoding == CP1252 || encoding == CP1251) &&
        is_lost_space(line, encoding, at, beside, size)) {
        if (encoding == CP1252)
            scan->score += (lm_unicode(beside->before) & LM_UC_LOWER) != 0 ? SURE : 1;
        *made = 0xE0;
        return;
    }
    *size = lm_utf8_decode(made, line->text + at, line->size - at);
    scan->follows = false;
    if (*size > 0 && encoding == CP1252 && is_lone_control(*made)) {
        scan->score += SURE;
        *made = encodings[CP1252].high[*made - 0x80];
    }
}

static struct scan scan_line(size_t encoding, const struct line *line, struct lm_buf *out)
{
    struct scan scan = {0};
    for (size_t at = 0, size; at < line->size; at += size) {
        uint8_t bytes[4];
        uint32_t made = line->text[at];
        size_t made_size = 0;
        size = 1;
        if (made >= 0x80) {
            step(&scan, encoding, line, at, &size, &made);
            made_size = size > 0 ? lm_utf8_encode(bytes, made) : 0;
            made = size > 0 ? made : 0xFFFD;
            size = size > 0 ? size : 1;
        }
        scan.beside.before = made;
        if (out != NULL)
            lm_buf_append(out, made_size > 0 ? bytes : line->text + at,
                          made_size > 0 ? made_size : size);
    }
    return scan;
}

/* The encoding that a line was read by; ENCODINGS: by none. */
static size_t choose(const struct line *line)
{
    size_t best = ENCODINGS, most = SURE - 1;
    for (size_t i = 0; i < ENCODINGS; i++) {
        struct scan scan = scan_line(i, line, NULL);
        if (scan.score > most) {
            most = scan.score;
            best = i;
        }
    }
    return best;
}

static bool is_ascii(const struct line *line)
{
    for (size_t i = 0; i < line->size; i++)
        if (line->text[i] >= 0x80)
            return false;
    return true;
}

/* Appends the line, repaired; true when it was. */
static bool repair_line(struct lm_buf *out, const struct line *line, struct lm_buf *spare)
{
    struct line now = *line;
    bool is_repaired = false;
    size_t start = out->size;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t encoding = is_ascii(&now) ? ENCODINGS : choose(&now);
        if (encoding == ENCODINGS)
            break;
        lm_buf_clear(spare);
        scan_line(encoding, &now, spare);
        out->size = start;
        lm_buf_append(out, spare->data, spare->size);
        now = (struct line){(const uint8_t *)out->data + start, out->size - start};
        is_repaired = true;
        if (out->failed)
            break;
    }
    if (!is_repaired)
        lm_buf_append(out, line->text, line->size);
    return is_repaired;
}

enum lm_status lm_mojibake_repair(struct lm_buf *out, const uint8_t *text, size_t size,
                                  bool *is_changed, int64_t *repaired, struct lm_err *err)
{
    struct lm_buf spare;
    size_t done = 0; /* text before it is in `out` */
    *is_changed = false;
    lm_buf_init(&spare, 0);
    for (size_t at = 0; at < size;) {
        const uint8_t *newline = memchr(text + at, '\n', size - at);
        struct line line = {text + at,
                            newline != NULL ? (size_t)(newline - text) + 1 - at : size - at};
        if (!is_ascii(&line) && choose(&line) != ENCODINGS) {
            lm_buf_append(out, text + done, at - done);
            *repaired += repair_line(out, &line, &spare);
            *is_changed = true;
            done = at + line.size;
        }
        at += line.size;
    }
    if (*is_changed)
        lm_buf_append(out, text + done, size - done);
    lm_buf_release(&spare);
    return lm_buf_status(out, err);
}
