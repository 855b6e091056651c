#include "text/text_measure.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>

#include "base/grow.h"
#include "base/utf8.h"
#include "text/blocks.h"
#include "text/line_scan.h"

enum { SHORT_LINE = 30 };

/* Sentence ends and what may close behind them, over scripts. */
static const uint32_t terminals[] = {'!',    '"',    '\'',   ')',    '.',    '?',    0xBB,   0x61F,
                                     0x6D4,  0x964,  0x2019, 0x201D, 0x2026, 0x3002, 0x300D, 0x300F,
                                     0x3011, 0xFF01, 0xFF09, 0xFF0E, 0xFF1B, 0xFF1F};

void lm_text_measure_add(struct lm_text_measure *a, const struct lm_text_measure *b)
{
    int64_t longest = a->longest_line > b->longest_line ? a->longest_line : b->longest_line;
    int64_t *to = (int64_t *)a;
    const int64_t *from = (const int64_t *)b;
    _Static_assert(sizeof *a % sizeof *to == 0, "counts only");
    for (size_t i = 0; i < sizeof *a / sizeof *to; i++)
        to[i] += from[i];
    a->longest_line = longest;
}

/* One line that is not blank, for finding duplicates. */
struct line {
    uint64_t hash;
    size_t index;
    int64_t chars;
};

struct meter {
    struct lm_text_measure *out;
    struct line *lines;
    size_t count, capacity;
};

/* Length of the character at text[0], ill-formed bytes counting one each. */
static inline size_t read_char(uint32_t *code_point, const uint8_t *text, size_t size)
{
    *code_point = text[0];
    if (text[0] < 0x80)
        return 1;
    size_t length = lm_utf8_read(code_point, text, size);
    return length == 0 ? 1 : length;
}

/* Whether a character begins a word. */
static inline bool begins_word(unsigned flags, bool *is_in_word)
{
    bool is_space = (flags & LM_UC_SPACE) != 0, is_alone = (flags & LM_UC_UNSPACED) != 0;
    bool is_first = is_alone ? (flags & LM_UC_LETTER) != 0 : !is_space && !*is_in_word;
    *is_in_word = !is_space && !is_alone;
    return is_first;
}

/* ---- characters ---- */

/* Counts of ASCII by the place in a block, so that many blocks add up without a carry. */
struct lanes {
    uint8_t words[LM_BLOCK], spaces[LM_BLOCK], letters[LM_BLOCK], numbers[LM_BLOCK],
        hashes[LM_BLOCK];
    unsigned rounds; /* blocks in them, at most 255 */
};

/* Characters on their way. */
struct chars {
    struct lm_text_measure *out;
    struct lanes lanes;
    bool is_in_word;
    const struct lm_script_range *range; /* of the letter before */
};

static int64_t sum(const uint8_t lane[LM_BLOCK])
{
    int64_t total = 0;
    for (size_t i = 0; i < LM_BLOCK; i++)
        total += lane[i];
    return total;
}

static void flush_lanes(struct chars *chars)
{
    struct lm_text_measure *out = chars->out;
    struct lanes *lanes = &chars->lanes;
    int64_t letters = sum(lanes->letters);
    out->words += sum(lanes->words);
    out->visible += LM_BLOCK * (int64_t)lanes->rounds - sum(lanes->spaces);
    out->chars += LM_BLOCK * (int64_t)lanes->rounds;
    out->letters += letters;
    out->scripts[LM_SCRIPT_LATIN] += letters;
    out->numbers += sum(lanes->numbers);
    out->symbols += sum(lanes->hashes);
    *lanes = (struct lanes){.rounds = 0};
}

static void add_block(struct chars *chars, const uint8_t *text)
{
    struct lanes *lanes = &chars->lanes;
    uint8_t space[1 + LM_BLOCK];
    space[0] = !chars->is_in_word;
    for (size_t i = 0; i < LM_BLOCK; i++) {
        uint8_t c = text[i];
        space[1 + i] = (uint8_t)((c == ' ') | ((uint8_t)(c - '\t') < 5));
    }
    for (size_t i = 0; i < LM_BLOCK; i++) {
        uint8_t c = text[i];
        lanes->words[i] = (uint8_t)(lanes->words[i] + (space[i] & (space[1 + i] ^ 1)));
        lanes->spaces[i] = (uint8_t)(lanes->spaces[i] + space[1 + i]);
        lanes->letters[i] = (uint8_t)(lanes->letters[i] + ((uint8_t)((c | 32) - 'a') < 26));
        lanes->numbers[i] = (uint8_t)(lanes->numbers[i] + ((uint8_t)(c - '0') < 10));
        lanes->hashes[i] = (uint8_t)(lanes->hashes[i] + (c == '#'));
    }
    chars->is_in_word = !space[LM_BLOCK];
    if (++lanes->rounds == UINT8_MAX)
        flush_lanes(chars);
}

static void count_script(struct chars *chars, uint32_t code_point)
{
    const struct lm_script_range *range = chars->range;
    if (range == NULL || code_point < range->first || code_point > range->last)
        range = chars->range = lm_unicode_script_range(code_point);
    chars->out->scripts[range != NULL ? range->script : 0]++;
}

static void add_char(struct chars *chars, uint32_t code_point)
{
    struct lm_text_measure *out = chars->out;
    unsigned flags = lm_unicode(code_point);
    out->chars++;
    out->words += begins_word(flags, &chars->is_in_word);
    if (flags & LM_UC_SPACE)
        return;
    out->visible++;
    out->letters += (flags & (LM_UC_LETTER | LM_UC_MARK)) != 0;
    out->numbers += (flags & LM_UC_NUMBER) != 0;
    out->replaced += code_point == 0xFFFD;
    out->symbols += code_point == '#' || code_point == 0x2026;
    if (flags & LM_UC_LETTER)
        count_script(chars, code_point);
}

static void count_chars(struct lm_text_measure *out, const uint8_t *text, size_t size)
{
    struct chars chars = {.out = out};
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        if (size - at >= LM_BLOCK && lm_block_is_ascii(text + at)) {
            add_block(&chars, text + at);
            at += LM_BLOCK;
            continue;
        }
        do { /* up to the next one that is no ASCII, or the end */
            at += read_char(&code_point, text + at, size - at);
            add_char(&chars, code_point);
        } while (at < size && code_point < 0x80);
    }
    flush_lanes(&chars);
}

/* Words that begin in characters of ASCII, eight at a time while there are no others; 0x80 in a
 * byte stands for true, and the first character is in the lowest. */
static int64_t count_ascii(const uint8_t *text, size_t size, size_t *at, bool *is_in_word)
{
    uint64_t before = *is_in_word ? 0 : 0x80; /* whether white space comes before */
    int64_t words = 0;
    for (; size - *at >= 8; *at += 8) {
        uint64_t eight = lm_eight(text + *at);
        if ((eight & LM_EIGHT_TOPS) != 0)
            break;
        uint64_t is_space = lm_eight_spaces(eight);
        uint64_t begins = (is_space << 8 | before) & ~is_space;
        before = is_space >> 56;
        words += (int64_t)((begins >> 7) * LM_EIGHT_ONES >> 56);
    }
    *is_in_word = before == 0;
    return words;
}

int64_t lm_text_words(const uint8_t *text, size_t size)
{
    int64_t words = 0;
    bool is_in_word = false;
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        words += count_ascii(text, size, &at, &is_in_word);
        if (at == size)
            break;
        at += read_char(&code_point, text + at, size - at);
        words += begins_word(lm_unicode(code_point), &is_in_word);
    }
    return words;
}

/* ---- lines ---- */

static bool is_terminal(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof terminals / sizeof terminals[0]; i++)
        if (terminals[i] == code_point)
            return true;
    return false;
}

static bool keep_line(struct meter *meter, const uint8_t *line, size_t size, int64_t chars)
{
    struct line *lines = lm_grow(meter->lines, &meter->capacity, meter->count, sizeof *lines);
    if (lines == NULL)
        return false;
    meter->lines = lines;
    meter->lines[meter->count] = (struct line){lm_hash64(line, size, 0), meter->count, chars};
    meter->count++;
    return true;
}

/* Counts a line from its first to its last visible character. */
static bool end_line(struct meter *meter, const uint8_t *line, size_t size)
{
    struct lm_text_measure *out = meter->out;
    uint32_t first = 0, last = 0, code_point;
    int64_t chars = 0;
    size_t start = 0, end = 0;
    for (size_t at = 0, length; at < size; at += length) {
        length = read_char(&code_point, line + at, size - at);
        bool is_visible = (lm_unicode(code_point) & LM_UC_SPACE) == 0;
        chars++;
        if (!is_visible)
            continue;
        start = end == 0 ? at : start;
        first = end == 0 ? code_point : first;
        end = at + length;
        last = code_point;
    }
    if (end == 0)
        return true;
    bool is_ellipsis = last == 0x2026 || (end >= 3 && memcmp(line + end - 3, "...", 3) == 0);
    out->lines++;
    out->line_chars += chars;
    out->longest_line = chars > out->longest_line ? chars : out->longest_line;
    out->short_lines += chars <= SHORT_LINE;
    out->ended_lines += is_terminal(last);
    out->ellipsis_lines += is_ellipsis;
    out->bullet_lines += first == 0x2022 || first == '-' || first == '*';
    return keep_line(meter, line + start, end - start, chars);
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void count_duplicates(struct meter *meter)
{
    if (meter->count > 1)
        qsort(meter->lines, meter->count, sizeof *meter->lines, compare_lines);
    for (size_t i = 1; i < meter->count; i++) {
        bool is_known = meter->lines[i].hash == meter->lines[i - 1].hash;
        meter->out->duplicate_lines += is_known;
        meter->out->duplicate_line_chars += is_known ? meter->lines[i].chars : 0;
    }
}

int64_t lm_count_dots(const uint8_t *text, size_t size)
{
    int64_t count = 0;
    for (size_t at = 0; size - at >= 3;) {
        if (size - at >= LM_BLOCK + 2 && !lm_block_has_dots(text + at)) {
            at += LM_BLOCK;
            continue;
        }
        bool is_one = memcmp(text + at, "...", 3) == 0;
        count += is_one;
        at += is_one ? 3 : 1;
    }
    return count;
}

/* Is there a visible character? */
static bool has_text(const uint8_t *line, size_t size)
{
    if (size > 0 && line[0] > ' ' && line[0] < 0x7F)
        return true;
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        at += read_char(&code_point, line + at, size - at);
        if ((lm_unicode(code_point) & LM_UC_SPACE) == 0)
            return true;
    }
    return false;
}

void lm_text_count(struct lm_text_measure *out, const uint8_t *text, size_t size)
{
    struct lm_line_scan scan = {.text = text, .size = size};
    memset(out, 0, sizeof *out);
    count_chars(out, text, size);
    for (struct lm_line line; lm_line_next(&scan, &line);)
        out->lines += has_text(text + line.at, line.size);
    out->symbols += lm_count_dots(text, size);
}

enum lm_status lm_text_measure(struct lm_text_measure *out, const uint8_t *text, size_t size,
                               struct lm_err *err)
{
    struct lm_line_scan scan = {.text = text, .size = size};
    struct meter meter = {.out = out};
    bool is_good = true;
    lm_text_count(out, text, size);
    out->lines = 0;
    for (struct lm_line line; is_good && lm_line_next(&scan, &line);)
        is_good = end_line(&meter, text + line.at, line.size);
    count_duplicates(&meter);
    free(meter.lines);
    return is_good ? LM_OK : lm_fail(err, LM_NOMEM, "no memory to measure a text; free some");
}
