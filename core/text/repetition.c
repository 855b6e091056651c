#include "text/repetition.h"

#include <string.h>

#include <lmpipe/hash.h>

#include "base/utf8.h"
#include "text/lines.h"

/* ---- lines and paragraphs ---- */

static uint32_t last_char(const uint8_t *text, size_t size)
{
    size_t start = size - 1;
    uint32_t c = text[start];
    while (start > 0 && size - start < 4 && (text[start] & 0xC0) == 0x80)
        start--;
    if (c >= 0x80)
        lm_utf8_decode(&c, text + start, size - start);
    return c;
}

enum lm_status lm_measure_shape(struct lm_rule_measure *out, struct lm_seen *seen,
                                const uint8_t *text, size_t size, double shorts, struct lm_err *err)
{
    struct lm_line_scan scan = {.text = text, .size = size};
    out->newlines = out->full_lines = out->ended = out->shorts = out->repeated_chars = 0;
    for (const uint8_t *at = text; (at = memchr(at, '\n', size - (size_t)(at - text))) != NULL;
         at++)
        out->newlines++;
    out->flat_chars = lm_count_chars(text, size) - out->newlines;
    LM_TRY(lm_seen_begin(seen, (size_t)out->newlines + 1, err));
    for (struct lm_line line; lm_line_next(&scan, &line);) {
        const uint8_t *bytes = text + line.at;
        if (lm_line_strip(&line, text).size == 0)
            continue;
        int64_t chars = lm_count_chars(bytes, line.size);
        out->full_lines++;
        out->ended += lm_is_line_end(last_char(bytes, line.size));
        out->shorts += (double)chars <= shorts;
        if (lm_seen_add(seen, lm_hash64(bytes, line.size, 0)))
            out->repeated_chars += chars;
    }
    return LM_OK;
}

/* Counts of parts, and of those met before. */
struct parts {
    struct lm_seen *seen;
    const uint8_t *text;
    int64_t all, known, known_chars;
};

static void add_part(struct parts *parts, size_t from, size_t to)
{
    if (from == to)
        return;
    uint64_t hash = lm_hash64(parts->text + from, to - from, 0);
    bool is_known = lm_seen_add(parts->seen, hash);
    parts->all++;
    parts->known += is_known;
    parts->known_chars += is_known ? lm_count_chars(parts->text + from, to - from) : 0;
}

/* Parts between runs of at least `least` LF; empty ones do not count. */
static enum lm_status split(struct parts *parts, size_t size, size_t least, int64_t newlines,
                            struct lm_err *err)
{
    size_t start = 0;
    LM_TRY(lm_seen_begin(parts->seen, (size_t)newlines + 1, err));
    for (size_t at = 0; at < size;) {
        const uint8_t *newline = memchr(parts->text + at, '\n', size - at);
        if (newline == NULL)
            break;
        size_t from = (size_t)(newline - parts->text), to = from;
        while (to < size && parts->text[to] == '\n')
            to++;
        if (to - from >= least) {
            add_part(parts, start, from);
            start = to;
        }
        at = to;
    }
    add_part(parts, start, size);
    return LM_OK;
}

enum lm_status lm_measure_repeats(struct lm_rule_measure *out, struct lm_seen *seen,
                                  const uint8_t *text, size_t size, struct lm_err *err)
{
    struct lm_line core = lm_line_strip(&(struct lm_line){0, size}, text);
    struct parts lines = {.seen = seen, .text = text},
                 paragraphs = {.seen = seen, .text = text + core.at};
    int64_t newlines = 0;
    for (const uint8_t *at = text; (at = memchr(at, '\n', size - (size_t)(at - text))) != NULL;
         at++)
        newlines++;
    LM_TRY(split(&paragraphs, core.size, 2, newlines, err));
    LM_TRY(split(&lines, size, 1, newlines, err));
    out->paragraphs = paragraphs.all;
    out->known_paragraphs = paragraphs.known;
    out->known_paragraph_chars = paragraphs.known_chars;
    out->split_lines = lines.all;
    out->known_lines = lines.known;
    out->known_line_chars = lines.known_chars;
    return LM_OK;
}

/* ---- n-grams ---- */

/* Hashes of n-grams, one after the other: a polynomial of the words' hashes. */
struct grams {
    const struct lm_word *items;
    size_t count, n;
    uint64_t power, hash; /* base^n; of the n words behind the place */
};

static const uint64_t base = 0xD6E8FEB86659FD93u;

/* The hash of the n words from `at` on. */
static uint64_t hash_at(struct grams *grams, size_t at)
{
    grams->hash = 0;
    for (size_t i = 0; i < grams->n; i++)
        grams->hash = grams->hash * base + grams->items[at + i].hash;
    return grams->hash;
}

/* From the hash at `at` to that at `at` + 1. */
static uint64_t hash_next(struct grams *grams, size_t at)
{
    grams->hash = grams->hash * base + grams->items[at + grams->n].hash -
                  grams->power * grams->items[at].hash;
    return grams->hash;
}

static struct grams grams_of(const struct lm_word_list *words, size_t n)
{
    struct grams grams = {words->items, words->count, n, 1, 0};
    for (size_t i = 0; i < n; i++)
        grams.power *= base;
    return grams;
}

static int64_t gram_chars(const struct lm_word *words, size_t n, bool is_spaced)
{
    int64_t chars = 0;
    for (size_t i = 0; i < n; i++) {
        bool has_gap = is_spaced && i > 0 && !words[i].is_alone && !words[i - 1].is_alone;
        chars += (int64_t)words[i].chars + has_gap;
    }
    return chars;
}

enum lm_status lm_top_gram(int64_t *out, struct lm_seen *seen, const struct lm_word_list *words,
                           size_t n, struct lm_err *err)
{
    struct grams grams = grams_of(words, n);
    size_t first = 0, most = 0;
    *out = 0;
    if (words->count < n)
        return LM_OK;
    LM_TRY(lm_seen_begin(seen, words->count, err));
    for (size_t i = 0; i + n <= words->count; i++) {
        uint64_t hash = i == 0 ? hash_at(&grams, 0) : hash_next(&grams, i - 1);
        const struct lm_seen_count *slot = lm_seen_count(seen, hash, i);
        if (slot->count > most || (slot->count == most && slot->first < first)) {
            most = slot->count;
            first = slot->first;
        }
    }
    *out = (int64_t)most * gram_chars(words->items + first, n, true);
    return LM_OK;
}

enum lm_status lm_duplicate_grams(int64_t *out, struct lm_seen *seen,
                                  const struct lm_word_list *words, size_t n, struct lm_err *err)
{
    struct grams grams = grams_of(words, n);
    bool is_fresh = true; /* the hash is not that of the place before */
    *out = 0;
    LM_TRY(lm_seen_begin(seen, words->count, err));
    for (size_t i = 0; i + n <= words->count;) {
        uint64_t hash = is_fresh ? hash_at(&grams, i) : hash_next(&grams, i - 1);
        is_fresh = lm_seen_add(seen, hash);
        if (is_fresh)
            *out += gram_chars(words->items + i, n, false);
        i += is_fresh ? n : 1;
    }
    return LM_OK;
}
