#include "corpus/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/utf8.h"
#include "text/nfc.h"
#include "text/unicode.h"

static const uint64_t BASE = 0xD6E8FEB86659FD93u; /* odd: sums of products modulo 2^64 */

static uint64_t mix(uint64_t h, uint64_t n)
{
    h ^= n << 56;
    h = (h ^ h >> 32) * 0x9FB21C651E98DF25u;
    h = (h ^ h >> 29) * 0xC2B2AE3D27D4EB4Fu;
    h ^= h >> 32;
    return h != 0 ? h : 1;
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to look for evaluation items; free some");
}

/* ---- words ---- */

/* A word on its way. */
struct spelling {
    struct lm_leak_words *out;
    uint64_t hash; /* 0: it has no letter yet */
    size_t at, end;
    bool begins, next_begins; /* this word and the next one: a line */
};

static bool end_word(struct spelling *own)
{
    struct lm_leak_words *out = own->out;
    if (own->hash == 0)
        return true;
    void *items = lm_grow(out->items, &out->capacity, out->count, sizeof *out->items);
    if (items == NULL)
        return false;
    out->items = items;
    out->items[out->count++] =
        (struct lm_leak_word){mix(own->hash, 0), own->at, own->end, own->begins};
    own->hash = 0;
    return true;
}

static void spell(struct spelling *own, const uint8_t *bytes, size_t count, size_t at, size_t end)
{
    if (own->hash == 0) {
        own->hash = 0x9E3779B97F4A7C15u;
        own->at = at;
        own->begins = own->next_begins;
        own->next_begins = false;
    }
    for (size_t i = 0; i < count; i++)
        own->hash = (own->hash ^ bytes[i]) * 0x100000001B3u + 1;
    own->end = end;
}

/* A character that is not ASCII. */
static bool take_char(struct spelling *own, const uint8_t *text, size_t size, size_t *at)
{
    uint32_t c = 0xFFFD;
    uint8_t bytes[4];
    size_t length = lm_utf8_decode(&c, text + *at, size - *at), from = *at;
    unsigned flags = length > 0 ? lm_unicode(c) : 0;
    *at += length > 0 ? length : 1;
    if (length == 0 || (flags & LM_UC_SPACE))
        return end_word(own);
    if (lm_is_punctuation(c))
        return true;
    bool is_alone = (flags & LM_UC_UNSPACED) && (flags & LM_UC_LETTER);
    if (is_alone && !end_word(own))
        return false;
    spell(own, bytes, lm_utf8_encode(bytes, lm_fold(c)), from, *at);
    return !is_alone || end_word(own);
}

enum lm_status lm_leak_words_find(struct lm_leak_words *out, const uint8_t *text, size_t size,
                                  struct lm_err *err)
{
    /* What becomes of ASCII: itself in lower case, ' ': it ends a word, 0: it is left out. */
    uint8_t folded[128];
    struct spelling own = {.out = out, .next_begins = true};
    bool is_good = true;
    for (unsigned c = 0; c < 128; c++)
        folded[c] = (uint8_t)(c >= 'A' && c <= 'Z'                                      ? c + 32
                              : c <= ' '                                                ? ' '
                              : strchr("!\"#%&'()*,-./:;?@[\\]_{}\x7F", (int)c) != NULL ? 0
                                                                                        : c);
    out->count = 0;
    for (size_t at = 0; at < size && is_good;) {
        if (text[at] >= 0x80) {
            is_good = take_char(&own, text, size, &at);
            continue;
        }
        uint8_t c = folded[text[at]];
        own.next_begins = own.next_begins || text[at] == '\n' || text[at] == '\t';
        at++;
        if (c == ' ')
            is_good = end_word(&own);
        else if (c != 0)
            spell(&own, &c, 1, at - 1, at);
    }
    return is_good && end_word(&own) ? LM_OK : no_memory(err);
}

void lm_leak_words_release(struct lm_leak_words *words)
{
    free(words->items);
    *words = (struct lm_leak_words){.items = NULL};
}

/* ---- n-grams ---- */

void lm_leaks_init(struct lm_leaks *out, size_t ngram)
{
    *out =
        (struct lm_leaks){.ngram = ngram, .least = ngram < LM_LEAK_LEAST ? ngram : LM_LEAK_LEAST};
}

void lm_leaks_release(struct lm_leaks *leaks)
{
    free(leaks->grams);
    free(leaks->filter);
    *leaks = (struct lm_leaks){.grams = NULL};
}

static struct lm_leak_gram *place_of(struct lm_leak_gram *grams, size_t capacity, uint64_t hash)
{
    size_t at = (size_t)hash & (capacity - 1);
    while (grams[at].hash != 0 && grams[at].hash != hash)
        at = (at + 1) & (capacity - 1);
    return &grams[at];
}

/* By other bits of the hash than places have. */
static uint64_t *filter_word(const struct lm_leaks *leaks, uint64_t hash, uint64_t *bit)
{
    uint64_t at = hash >> 24 & (8 * (uint64_t)leaks->capacity - 1);
    *bit = (uint64_t)1 << (at & 63);
    return &leaks->filter[at >> 6];
}

static struct lm_leak_gram *find(const struct lm_leaks *leaks, uint64_t hash)
{
    uint64_t bit;
    if (leaks->count == 0 || (*filter_word(leaks, hash, &bit) & bit) == 0)
        return NULL;
    struct lm_leak_gram *gram = place_of(leaks->grams, leaks->capacity, hash);
    return gram->hash != 0 ? gram : NULL;
}

static void note_gram(const struct lm_leaks *leaks, uint64_t hash)
{
    uint64_t bit, *word = filter_word(leaks, hash, &bit);
    *word |= bit;
}

static bool enlarge(struct lm_leaks *leaks)
{
    struct lm_leaks more = {.capacity = leaks->capacity > 0 ? 2 * leaks->capacity : 1024};
    more.grams = calloc(more.capacity, sizeof *more.grams);
    more.filter = calloc(more.capacity / 8, sizeof *more.filter);
    if (more.grams == NULL || more.filter == NULL) {
        lm_leaks_release(&more);
        return false;
    }
    for (size_t i = 0; i < leaks->capacity; i++)
        if (leaks->grams[i].hash != 0) {
            *place_of(more.grams, more.capacity, leaks->grams[i].hash) = leaks->grams[i];
            note_gram(&more, leaks->grams[i].hash);
        }
    free(leaks->grams);
    free(leaks->filter);
    leaks->grams = more.grams;
    leaks->filter = more.filter;
    leaks->capacity = more.capacity;
    return true;
}

static bool insert(struct lm_leaks *leaks, uint64_t hash, uint32_t task)
{
    if (2 * leaks->count >= leaks->capacity && !enlarge(leaks))
        return false;
    struct lm_leak_gram *gram = place_of(leaks->grams, leaks->capacity, hash);
    if (gram->hash == 0) {
        *gram = (struct lm_leak_gram){.hash = hash, .last = UINT32_MAX, .task = task};
        note_gram(leaks, hash);
        leaks->count++;
    }
    return true;
}

/* A run of n words being moved over a text. */
struct run {
    const struct lm_leak_words *words;
    size_t n, next; /* words behind the run */
    uint64_t hash, last;
    bool is_line; /* only whole lines are runs */
};

static struct run run_of(const struct lm_leak_words *words, size_t n, bool is_line)
{
    struct run run = {.words = words, .n = n, .last = 1, .is_line = is_line};
    for (size_t i = 0; i < n; i++)
        run.last *= BASE;
    return run;
}

/* The next line of n words. */
static bool next_line(struct run *run, uint64_t *hash)
{
    const struct lm_leak_word *items = run->words->items;
    while (run->next < run->words->count) {
        size_t at = run->next++;
        while (run->next < run->words->count && !items[run->next].begins)
            run->next++;
        if (run->next - at != run->n)
            continue;
        for (run->hash = 0; at < run->next; at++)
            run->hash = run->hash * BASE + items[at].hash;
        *hash = mix(run->hash, run->n);
        return true;
    }
    return false;
}

/* The hash of the next run, whose words end at run->next; false: there is none. */
static bool next_run(struct run *run, uint64_t *hash)
{
    const struct lm_leak_word *items = run->words->items;
    if (run->is_line)
        return next_line(run, hash);
    while (run->next < run->words->count) {
        run->hash = run->hash * BASE + items[run->next].hash;
        if (run->next >= run->n)
            run->hash -= run->last * items[run->next - run->n].hash;
        if (++run->next >= run->n) {
            *hash = mix(run->hash, run->n);
            return true;
        }
    }
    return false;
}

/* The words of the n-grams that an item has; 0: it is not looked for. */
static size_t length_of(const struct lm_leaks *leaks, size_t words)
{
    return words >= leaks->ngram ? leaks->ngram : words >= LM_LEAK_LINE ? words : 0;
}

enum lm_status lm_leaks_add(struct lm_leaks *leaks, uint32_t task, const struct lm_leak_words *item,
                            struct lm_err *err)
{
    const size_t n = length_of(leaks, item->count);
    struct run run = run_of(item, n, false);
    uint64_t hash;
    if (n == 0)
        return LM_OK;
    leaks->lengths[n] = 1;
    while (next_run(&run, &hash))
        if (!insert(leaks, hash, task))
            return no_memory(err);
    return LM_OK;
}

bool lm_leaks_has(const struct lm_leaks *leaks, const struct lm_leak_words *document)
{
    uint64_t hash;
    for (size_t n = 1; n <= leaks->ngram; n++) {
        struct run run = run_of(document, n, n < leaks->least);
        while (leaks->lengths[n] && next_run(&run, &hash))
            if (find(leaks, hash) != NULL)
                return true;
    }
    return false;
}

void lm_leaks_count(struct lm_leaks *leaks, const struct lm_leak_words *document, size_t index)
{
    uint64_t hash;
    for (size_t n = 1; n <= leaks->ngram; n++) {
        struct run run = run_of(document, n, n < leaks->least);
        while (leaks->lengths[n] && next_run(&run, &hash)) {
            struct lm_leak_gram *gram = find(leaks, hash);
            if (gram == NULL || gram->last == (uint32_t)index)
                continue;
            gram->last = (uint32_t)index;
            gram->documents++;
        }
    }
}

/* ---- cutting ---- */

static bool is_inside(const uint8_t *text, size_t size, size_t at)
{
    return at < size && (text[at] & 0xC0) == 0x80;
}

static void widen(struct lm_leak_span *span, const uint8_t *text, size_t size, size_t window)
{
    for (size_t i = 0; i < window && span->at > 0; i++)
        do
            span->at--;
        while (span->at > 0 && is_inside(text, size, span->at));
    for (size_t i = 0; i < window && span->end < size; i++)
        do
            span->end++;
        while (is_inside(text, size, span->end));
}

static bool add_span(struct lm_leak_span **items, size_t *count, size_t *capacity,
                     const struct lm_leak_span *span)
{
    struct lm_leak_span *grown = lm_grow(*items, capacity, *count, sizeof *grown);
    if (grown == NULL)
        return false;
    *items = grown;
    grown[(*count)++] = *span;
    return true;
}

static int compare_spans(const void *a, const void *b)
{
    const struct lm_leak_span *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Stretches of n-grams that few documents have. */
static bool find_spans(struct lm_leaks *leaks, struct lm_leak_cut *out,
                       const struct lm_leak_words *document)
{
    uint64_t hash;
    for (size_t n = 1; n <= leaks->ngram; n++) {
        struct run run = run_of(document, n, n < leaks->least);
        while (leaks->lengths[n] && next_run(&run, &hash)) {
            struct lm_leak_gram *gram = find(leaks, hash);
            if (gram == NULL || gram->documents > LM_LEAK_DOCUMENTS)
                continue;
            const size_t at = document->items[run.next - n].at,
                         end = document->items[run.next - 1].end;
            const struct lm_leak_span span = {at, end, gram->task, hash, at, end};
            gram->is_cut = true;
            if (!add_span(&out->cuts, &out->cut_count, &out->cut_capacity, &span))
                return false;
        }
    }
    if (out->cut_count > 1)
        qsort(out->cuts, out->cut_count, sizeof *out->cuts, compare_spans);
    return true;
}

/* Widened, and those that touch made one. */
static void join_spans(struct lm_leak_cut *out, const uint8_t *text, size_t size, size_t window)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->cut_count; i++) {
        struct lm_leak_span span = out->cuts[i];
        struct lm_leak_span *last = kept > 0 ? &out->cuts[kept - 1] : NULL;
        if (last != NULL && span.end <= last->end)
            continue;
        widen(&span, text, size, window);
        if (last == NULL || span.at > last->end)
            out->cuts[kept++] = span;
        else if (span.end > last->end)
            last->end = span.end;
    }
    out->cut_count = kept;
}

static bool is_white(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t count_chars(const uint8_t *text, size_t at, size_t end)
{
    size_t chars = 0;
    for (; at < end; at++)
        chars += (text[at] & 0xC0) != 0x80;
    return chars;
}

/* What is between the cuts, without white space at its ends. */
static bool find_pieces(struct lm_leak_cut *out, const uint8_t *text, size_t size, size_t window)
{
    size_t from = 0, all = 0;
    for (size_t i = 0; i <= out->cut_count; i++) {
        struct lm_leak_span piece = {.at = from,
                                     .end = i < out->cut_count ? out->cuts[i].at : size};
        from = i < out->cut_count ? out->cuts[i].end : size;
        while (piece.at < piece.end && is_white(text[piece.at]))
            piece.at++;
        while (piece.at < piece.end && is_white(text[piece.end - 1]))
            piece.end--;
        if (piece.at == piece.end)
            continue;
        all++;
        if (count_chars(text, piece.at, piece.end) >= window &&
            !add_span(&out->pieces, &out->piece_count, &out->piece_capacity, &piece))
            return false;
    }
    if (all > LM_LEAK_PIECES)
        out->piece_count = 0;
    return true;
}

enum lm_status lm_leaks_cut(struct lm_leaks *leaks, struct lm_leak_cut *out,
                            const struct lm_leak_words *document, const uint8_t *text, size_t size,
                            size_t window, struct lm_err *err)
{
    out->cut_count = out->piece_count = 0;
    if (!find_spans(leaks, out, document))
        return no_memory(err);
    if (out->cut_count == 0)
        return LM_OK;
    join_spans(out, text, size, window);
    return find_pieces(out, text, size, window) ? LM_OK : no_memory(err);
}

void lm_leak_cut_release(struct lm_leak_cut *cut)
{
    free(cut->cuts);
    free(cut->pieces);
    *cut = (struct lm_leak_cut){.cuts = NULL};
}

/* ---- what is told ---- */

bool lm_leaks_is_cut(const struct lm_leaks *leaks, const struct lm_leak_words *item)
{
    const size_t n = length_of(leaks, item->count);
    struct run run = run_of(item, n, false);
    uint64_t hash;
    while (n > 0 && next_run(&run, &hash)) {
        const struct lm_leak_gram *gram = find(leaks, hash);
        if (gram != NULL && gram->is_cut)
            return true;
    }
    return false;
}

int64_t lm_leaks_phrases(const struct lm_leaks *leaks, uint32_t task)
{
    int64_t count = 0;
    for (size_t i = 0; i < leaks->capacity; i++)
        count += leaks->grams[i].hash != 0 && leaks->grams[i].task == task &&
                 leaks->grams[i].documents > LM_LEAK_DOCUMENTS;
    return count;
}
