/*
 * How well texts compress, by the code of Lempel, Ziv and Welch (Welch 1984): the dictionary begins
 * with all bytes and learns a phrase with each code; a code takes as many whole bits as the
 * dictionary needs at its time. No library's version decides the figure.
 */
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/distributions.h"

#include "sample_groups.h"

enum { BYTES = 256, PARTS = 20 /* of the jackknife */ };

/* A phrase: another one and a byte more. */
struct phrase {
    uint32_t before, code; /* code 0: the place is empty */
    uint8_t byte;
};

struct dictionary {
    struct phrase *places;
    size_t mask;
    uint32_t codes;
};

static struct phrase *find(const struct dictionary *dictionary, uint32_t before, uint8_t byte)
{
    uint64_t mixed = ((uint64_t)before << 8 | byte) * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(mixed >> 24) & dictionary->mask;
    struct phrase *place = &dictionary->places[at];
    while (place->code != 0 && (place->before != before || place->byte != byte)) {
        at = (at + 1) & dictionary->mask;
        place = &dictionary->places[at];
    }
    return place;
}

/* Bits of a code, when there are so many. */
static unsigned code_bits(uint32_t codes)
{
    unsigned bits = 8;
    while (codes > 1U << bits)
        bits++;
    return bits;
}

/* Bits of a text behind those before it; its phrases are learnt. */
static uint64_t encode(struct dictionary *dictionary, const struct sample_bytes *text)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < text->size;) {
        uint32_t code = text->data[i++];
        struct phrase *next = NULL;
        while (i < text->size && (next = find(dictionary, code, text->data[i]))->code != 0) {
            code = next->code;
            i++;
        }
        bits += code_bits(dictionary->codes);
        if (i < text->size)
            *next = (struct phrase){code, dictionary->codes++, text->data[i]};
    }
    return bits;
}

/* Bytes of the texts over bytes of their code; every PARTS-th from `left_out` on does not count. */
static double ratio(struct dictionary *dictionary, const struct sample_bytes *texts, size_t count,
                    size_t left_out)
{
    uint64_t bytes = 0, bits = 0;
    memset(dictionary->places, 0, (dictionary->mask + 1) * sizeof *dictionary->places);
    dictionary->codes = BYTES;
    for (size_t i = 0; i < count; i++) {
        if (i % PARTS == left_out)
            continue;
        bytes += texts[i].size;
        bits += encode(dictionary, &texts[i]);
    }
    return bits > 0 ? 8 * (double)bytes / (double)bits : (double)NAN;
}

enum lm_status sample_compression(struct sample_figure *out, const struct sample_bytes *texts,
                                  size_t count, struct lm_arena *arena, struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    struct dictionary dictionary = {.mask = 1};
    double mean = 0, spread = 0, values[PARTS];
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].size;
    while (dictionary.mask < 2 * bytes)
        dictionary.mask = 2 * dictionary.mask + 1;
    dictionary.places = LM_NEW_ARRAY(arena, struct phrase, dictionary.mask + 1);
    if (dictionary.places == NULL || bytes >= UINT32_MAX - BYTES)
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    *out =
        (struct sample_figure){ratio(&dictionary, texts, count, PARTS), (double)NAN, (double)NAN};
    for (size_t g = 0; g < PARTS && count >= LM_BOOTSTRAP_LEAST; g++) {
        values[g] = ratio(&dictionary, texts, count, g);
        mean += values[g] / PARTS;
    }
    for (size_t g = 0; g < PARTS && count >= LM_BOOTSTRAP_LEAST; g++)
        spread += (values[g] - mean) * (values[g] - mean);
    if (count >= LM_BOOTSTRAP_LEAST) {
        double width =
            lm_student_quantile(0.975, PARTS - 1) * sqrt((PARTS - 1) / (double)PARTS * spread);
        out->low = out->value - width > 0 ? out->value - width : 0;
        out->high = out->value + width;
    }
    lm_arena_rewind(arena, mark);
    return LM_OK;
}
