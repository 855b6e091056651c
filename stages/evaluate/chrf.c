#include "chrf.h"

#include "base/utf8.h"
#include "ngrams.h"
#include "text/unicode.h"

#define BETA 2.0

/* Characters + 1, white space left out; a byte that is none stands for itself. */
static enum lm_status read_symbols(uint64_t **out, size_t *count, struct lm_arena *arena,
                                   const struct lm_example_text *text, struct lm_err *err)
{
    uint64_t *symbols = LM_NEW_ARRAY(arena, uint64_t, text->size + 1);
    if (symbols == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for characters; give shorter texts");
    *count = 0;
    for (size_t i = 0; i < text->size;) {
        uint32_t c;
        const uint8_t *at = (const uint8_t *)text->data + i;
        size_t length = lm_utf8_decode(&c, at, text->size - i);
        if (length == 0 || ((lm_unicode(c) & LM_UC_SPACE) == 0 && (c < 0x1c || c > 0x1f)))
            symbols[(*count)++] = (length == 0 ? 0x110000u : 0) + (uint64_t)c + 1;
        i += length > 0 ? length : 1;
    }
    *out = symbols;
    return LM_OK;
}

static enum lm_status count_one(struct chrf_stats *out, struct lm_arena *arena, const uint64_t *own,
                                size_t length, const struct lm_example_text *reference,
                                struct lm_err *err)
{
    uint64_t *other = NULL;
    size_t other_length = 0;
    LM_TRY(read_symbols(&other, &other_length, arena, reference, err));
    for (size_t order = 1; order <= CHRF_ORDER; order++) {
        struct ngrams mine, theirs;
        LM_TRY(ngrams_count(&mine, arena, own, length, order, err));
        LM_TRY(ngrams_count(&theirs, arena, other, other_length, order, err));
        out->matches[order - 1] = (double)ngrams_matches(&mine, &theirs, 1);
        out->answer[order - 1] = theirs.total > 0 ? (double)mine.total : 0;
        out->reference[order - 1] = (double)theirs.total;
    }
    return LM_OK;
}

static enum lm_status count_best(struct chrf_stats *out, struct lm_arena *arena,
                                 const struct lm_example_text *answer,
                                 const struct lm_example_text *references, size_t count,
                                 struct lm_err *err)
{
    uint64_t *own = NULL;
    size_t length = 0;
    double best = -1;
    LM_TRY(read_symbols(&own, &length, arena, answer, err));
    for (size_t i = 0; i < count; i++) {
        struct chrf_stats stats = {0};
        LM_TRY(count_one(&stats, arena, own, length, &references[i], err));
        double score = chrf_score(&stats);
        if (score > best) {
            best = score;
            *out = stats;
        }
    }
    return LM_OK;
}

enum lm_status chrf_count(struct chrf_stats *out, struct lm_arena *arena,
                          const struct lm_example_text *answer,
                          const struct lm_example_text *references, size_t count,
                          struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    enum lm_status status = count_best(out, arena, answer, references, count, err);
    lm_arena_rewind(arena, mark);
    return status;
}

void chrf_add(struct chrf_stats *sum, const struct chrf_stats *segment, double times)
{
    for (size_t n = 0; n < CHRF_ORDER; n++) {
        sum->matches[n] += times * segment->matches[n];
        sum->answer[n] += times * segment->answer[n];
        sum->reference[n] += times * segment->reference[n];
    }
}

double chrf_score(const struct chrf_stats *sum)
{
    double precision = 0, recall = 0, orders = 0;
    for (size_t n = 0; n < CHRF_ORDER; n++) {
        if (sum->answer[n] == 0 || sum->reference[n] == 0)
            continue;
        precision += sum->matches[n] / sum->answer[n];
        recall += sum->matches[n] / sum->reference[n];
        orders++;
    }
    if (precision + recall == 0)
        return 0;
    precision /= orders;
    recall /= orders;
    return 100 * (1 + BETA * BETA) * precision * recall / (BETA * BETA * precision + recall);
}
