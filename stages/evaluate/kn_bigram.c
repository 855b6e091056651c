#include "kn_bigram.h"

#include <stdlib.h>

#include "base/elem.h"

static const double discount = 0.75;

/* A cell of the open-addressed table of pairs; key 0 is free (stored keys are pair + 1). */
struct pair_cell {
    uint64_t key;
    uint64_t count;
};

/* Counts of one token: as itself, as history, and its different neighbours. */
struct token_counts {
    uint64_t seen, history, before, after;
};

struct kn_bigram {
    int64_t vocab;
    int32_t previous;
    struct token_counts *tokens;
    struct pair_cell *cells;
    uint64_t capacity; /* a power of two */
    uint64_t pairs, total, types, continued;
};

struct kn_bigram *kn_bigram_create(int64_t vocab, int32_t start)
{
    struct kn_bigram *counts = calloc(1, sizeof *counts);
    if (counts == NULL)
        return NULL;
    counts->vocab = vocab;
    counts->previous = start;
    counts->capacity = 1 << 12;
    counts->tokens = calloc((size_t)vocab, sizeof *counts->tokens);
    counts->cells = calloc(counts->capacity, sizeof *counts->cells);
    if (counts->tokens == NULL || counts->cells == NULL) {
        kn_bigram_free(counts);
        return NULL;
    }
    return counts;
}

void kn_bigram_free(struct kn_bigram *counts)
{
    if (counts == NULL)
        return;
    free(counts->tokens);
    free(counts->cells);
    free(counts);
}

static uint64_t pair_key(int32_t v, int32_t w)
{
    return ((uint64_t)(uint32_t)v << 32 | (uint32_t)w) + 1;
}

/* The finaliser of SplitMix64 (Steele et al. 2014): every bit of the key reaches every bit. */
static uint64_t mix(uint64_t key)
{
    key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
    return key ^ key >> 31;
}

/* The cell of a key, or the free cell where it belongs. */
static struct pair_cell *find_cell(struct pair_cell *cells, uint64_t capacity, uint64_t key)
{
    uint64_t slot = mix(key) & (capacity - 1);
    while (cells[slot].key != 0 && cells[slot].key != key)
        slot = (slot + 1) & (capacity - 1);
    return &cells[slot];
}

static enum lm_status grow(struct kn_bigram *counts, struct lm_err *err)
{
    uint64_t capacity = 2 * counts->capacity;
    struct pair_cell *cells = calloc(capacity, sizeof *cells);
    if (cells == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for %llu pairs of tokens; set baselines: false",
                       (unsigned long long)counts->pairs);
    for (uint64_t i = 0; i < counts->capacity; i++) {
        if (counts->cells[i].key != 0)
            *find_cell(cells, capacity, counts->cells[i].key) = counts->cells[i];
    }
    free(counts->cells);
    counts->cells = cells;
    counts->capacity = capacity;
    return LM_OK;
}

static void add_pair(struct kn_bigram *counts, int32_t v, int32_t w)
{
    struct token_counts *left = &counts->tokens[v], *right = &counts->tokens[w];
    struct pair_cell *cell = find_cell(counts->cells, counts->capacity, pair_key(v, w));
    if (cell->key == 0) {
        cell->key = pair_key(v, w);
        counts->pairs++;
        left->after++;
        counts->continued += right->before == 0;
        right->before++;
    }
    cell->count++;
    left->history++;
    counts->types += right->seen == 0;
    right->seen++;
    counts->total++;
}

enum lm_status kn_bigram_add(struct kn_bigram *counts, const int32_t *tokens, size_t count,
                             struct lm_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] < 0 || tokens[i] >= counts->vocab)
            return lm_fail(err, LM_RANGE, "token id %ld is outside the vocabulary; encode again",
                           (long)tokens[i]);
        if (10 * (counts->pairs + 1) > 6 * counts->capacity)
            LM_TRY(grow(counts, err));
        add_pair(counts, counts->previous, tokens[i]);
        counts->previous = tokens[i];
    }
    return LM_OK;
}

/* max(count − d, 0) / total + d · types / total · below */
static double discounted(uint64_t count, uint64_t types, uint64_t total, double below)
{
    double own = count > 0 ? (double)count - discount : 0;
    if (total == 0)
        return below;
    return own / (double)total + discount * (double)types / (double)total * below;
}

static double uniform(const struct kn_bigram *counts)
{
    return 1.0 / (double)counts->vocab;
}

/* v: of no use here, and there so that both are asked alike. */
static double unigram(const struct kn_bigram *counts, int32_t v, int32_t w)
{
    (void)v;
    return discounted(counts->tokens[w].seen, counts->types, counts->total, uniform(counts));
}

static double bigram(const struct kn_bigram *counts, int32_t v, int32_t w)
{
    const struct token_counts *left = &counts->tokens[v], *right = &counts->tokens[w];
    double below = discounted(right->before, counts->continued, counts->pairs, uniform(counts));
    const struct pair_cell *cell = find_cell(counts->cells, counts->capacity, pair_key(v, w));
    return discounted(cell->count, left->after, left->history, below);
}

double kn_unigram_nll(const struct kn_bigram *counts, int32_t w)
{
    return -lm_log(unigram(counts, 0, w));
}

double kn_bigram_nll(const struct kn_bigram *counts, int32_t v, int32_t w)
{
    return -lm_log(bigram(counts, v, w));
}

/* Early merges, which are frequent, have low ids: what is not the most likely is found out soon. */
static double first_of(const struct kn_bigram *counts, int32_t v, int32_t w,
                       double (*probability)(const struct kn_bigram *, int32_t, int32_t))
{
    const double own = probability(counts, v, w);
    size_t equal = 0; /* itself among them */
    for (int32_t other = 0; other < counts->vocab; other++) {
        const double theirs = probability(counts, v, other);
        if (theirs > own)
            return 0;
        equal += theirs == own;
    }
    return 1 / (double)equal;
}

double kn_unigram_first(const struct kn_bigram *counts, int32_t w)
{
    return first_of(counts, 0, w, unigram);
}

double kn_bigram_first(const struct kn_bigram *counts, int32_t v, int32_t w)
{
    return first_of(counts, v, w, bigram);
}

uint64_t kn_count(const struct kn_bigram *counts, int32_t w)
{
    return counts->tokens[w].seen;
}

uint64_t kn_total(const struct kn_bigram *counts)
{
    return counts->total;
}
