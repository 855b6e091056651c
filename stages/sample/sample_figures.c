#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sampler.h"
#include "suffix_automaton.h"

enum { CHUNK = 1 << 16, LONGEST_GRAM = 4 };

const size_t sample_novel_n[SAMPLE_NOVEL] = {2, 3, 4, 8, 13};

/* A group of texts: those of one method, or the real ones. */
struct group {
    const struct sample_ids **texts;
    size_t *places; /* first position in the automaton */
    size_t count;
};

/* ---- diversity ---- */

/* An n-gram of up to four ids, the rest 0. */
struct gram {
    int32_t ids[LONGEST_GRAM];
};

static int compare_grams(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct gram));
}

static size_t collect_grams(struct gram *grams, const struct sample_ids *text, size_t n)
{
    size_t count = text->count >= n ? text->count - n + 1 : 0;
    for (size_t i = 0; i < count; i++) {
        memset(&grams[i], 0, sizeof grams[i]);
        memcpy(grams[i].ids, text->items + i, n * sizeof *text->items);
    }
    return count;
}

static size_t count_distinct(struct gram *grams, size_t count)
{
    size_t distinct = count > 0;
    if (count > 1)
        qsort(grams, count, sizeof *grams, compare_grams);
    for (size_t i = 1; i < count; i++)
        distinct += compare_grams(&grams[i - 1], &grams[i]) != 0;
    return distinct;
}

/* Distinct n-grams among all of the group, in [0, 1] (Li et al. 2016). */
static double distinct_share(const struct group *group, size_t n, struct gram *grams)
{
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++)
        count += collect_grams(grams + count, group->texts[i], n);
    return count > 0 ? (double)count_distinct(grams, count) / (double)count : (double)NAN;
}

/* Mean over texts of the share of 4-grams that repeat an earlier one (Welleck et al. 2020). */
static double repeated_share(const struct group *group, struct gram *grams)
{
    double sum = 0;
    size_t texts = 0;
    for (size_t i = 0; i < group->count; i++) {
        size_t count = collect_grams(grams, group->texts[i], 4);
        if (count == 0)
            continue;
        sum += 1 - (double)count_distinct(grams, count) / (double)count;
        texts++;
    }
    return texts > 0 ? sum / (double)texts : (double)NAN;
}

/* ---- novelty ---- */

static double novel_share(const struct group *group, size_t n,
                          const struct suffix_automaton *automaton)
{
    size_t all = 0, novel = 0;
    for (size_t i = 0; i < group->count; i++) {
        for (size_t t = n - 1; t < group->texts[i]->count; t++) {
            all++;
            novel += suffix_automaton_match(automaton, group->places[i] + t) < n;
        }
    }
    return all > 0 ? (double)novel / (double)all : (double)NAN;
}

static size_t longest_copy(const struct group *group, const struct suffix_automaton *automaton)
{
    size_t longest = 0;
    for (size_t i = 0; i < group->count; i++) {
        for (size_t t = 0; t < group->texts[i]->count; t++) {
            size_t match = suffix_automaton_match(automaton, group->places[i] + t);
            longest = match > longest ? match : longest;
        }
    }
    return longest;
}

static enum lm_status stream_training(struct sampler *sampler, struct suffix_automaton *automaton,
                                      struct lm_err *err)
{
    uint64_t total = lm_tokens_count(sampler->tokens, LM_TRAIN);
    int32_t *chunk = LM_NEW_ARRAY(sampler->arena, int32_t, CHUNK);
    if (chunk == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a block of tokens; free some");
    for (uint64_t first = 0; first < total; first += CHUNK) {
        size_t count = total - first < CHUNK ? (size_t)(total - first) : CHUNK;
        LM_TRY(sample_poll(sampler, err));
        LM_TRY(lm_tokens_read(sampler->tokens, LM_TRAIN, first, count, chunk, err));
        suffix_automaton_stream(automaton, chunk, count);
    }
    if (!suffix_automaton_finish(automaton))
        return lm_fail(err, LM_NOMEM, "no memory for the novelty metrics; give fewer samples");
    return LM_OK;
}

/* ---- groups ---- */

static enum lm_status create_groups(struct group *groups, size_t count, struct sampler *sampler,
                                    struct lm_err *err)
{
    size_t most = sampler->text_count + sampler->real_count;
    for (size_t g = 0; g < count; g++) {
        groups[g].texts = LM_NEW_ARRAY(sampler->arena, const struct sample_ids *, most);
        groups[g].places = LM_NEW_ARRAY(sampler->arena, size_t, most);
        if (groups[g].texts == NULL || groups[g].places == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    }
    const struct sample_method *methods = sampler->params->methods.items;
    for (size_t i = 0; i < sampler->text_count; i++) {
        struct group *group = &groups[sampler->texts[i].method - methods];
        group->texts[group->count++] = &sampler->texts[i].ids;
    }
    for (size_t i = 0; i < sampler->real_count; i++)
        groups[count - 1].texts[groups[count - 1].count++] = &sampler->real[i];
    return LM_OK;
}

static size_t count_tokens(const struct group *groups, size_t count)
{
    size_t tokens = 0;
    for (size_t g = 0; g < count; g++) {
        for (size_t i = 0; i < groups[g].count; i++)
            tokens += groups[g].texts[i]->count + 1;
    }
    return tokens;
}

static struct suffix_automaton *build_automaton(struct group *groups, size_t count)
{
    struct suffix_automaton *automaton = suffix_automaton_create(count_tokens(groups, count));
    for (size_t g = 0; g < count && automaton != NULL; g++) {
        for (size_t i = 0; i < groups[g].count; i++) {
            const struct sample_ids *text = groups[g].texts[i];
            groups[g].places[i] = suffix_automaton_add(automaton, text->items, text->count);
        }
    }
    return automaton;
}

static void measure_group(struct sample_figures *out, const struct group *group,
                          const struct suffix_automaton *automaton, struct gram *grams)
{
    out->samples = group->count;
    for (size_t i = 0; i < group->count; i++)
        out->tokens += group->texts[i]->count;
    for (size_t n = 1; n <= SAMPLE_DISTINCT; n++)
        out->distinct[n - 1] = distinct_share(group, n, grams);
    out->repeated = repeated_share(group, grams);
    for (size_t k = 0; k < SAMPLE_NOVEL; k++)
        out->novel[k] = novel_share(group, sample_novel_n[k], automaton);
    out->longest_copy = longest_copy(group, automaton);
}

/* Mean nll of a method's own tokens. */
static double mean_nll(const struct sampler *sampler, const struct sample_method *method)
{
    double sum = 0;
    size_t tokens = 0;
    for (size_t i = 0; i < sampler->text_count; i++) {
        const struct sample_text *text = &sampler->texts[i];
        for (size_t t = 0; text->method == method && t < text->ids.count; t++, tokens++)
            sum += (double)text->nll[t];
    }
    return tokens > 0 ? sum / (double)tokens : (double)NAN;
}

enum lm_status sample_measure(struct sampler *sampler, struct lm_err *err)
{
    const struct sample_method *methods = sampler->params->methods.items;
    size_t count = sampler->params->methods.count + 1;
    struct group *groups = LM_NEW_ARRAY(sampler->arena, struct group, count);
    sampler->figures = LM_NEW_ARRAY(sampler->arena, struct sample_figures, count);
    if (groups == NULL || sampler->figures == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    LM_TRY(create_groups(groups, count, sampler, err));
    struct gram *grams = LM_NEW_ARRAY(sampler->arena, struct gram, count_tokens(groups, count));
    struct suffix_automaton *automaton = build_automaton(groups, count);
    enum lm_status status = grams != NULL && automaton != NULL
                                ? stream_training(sampler, automaton, err)
                                : lm_fail(err, LM_NOMEM,
                                          "no memory for the novelty metrics; give "
                                          "fewer samples");
    for (size_t g = 0; g < count && status == LM_OK; g++) {
        bool is_real = g + 1 == count;
        sampler->figures[g].of = is_real ? "held-out" : methods[g].name;
        sampler->figures[g].nll = is_real ? (double)NAN : mean_nll(sampler, &methods[g]);
        measure_group(&sampler->figures[g], &groups[g], automaton, grams);
        status = sample_poll(sampler, err);
    }
    sampler->figure_count = count;
    suffix_automaton_free(automaton);
    return status;
}
