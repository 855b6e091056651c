/*
 * How much texts differ from one another and within themselves, by runs of sorted n-grams.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elem.h"
#include "stats/bootstrap.h"
#include "stats/distributions.h"

#include "sample_groups.h"

enum { LONGEST_GRAM = 4 };

/* An n-gram of up to four ids, the rest 0, and the text it is of. */
struct gram {
    int32_t ids[LONGEST_GRAM];
    uint32_t text;
};

/* What is known of each text. */
struct profile {
    double grams, distinct, own; /* n-grams: all, different ones, those no other text has */
    double matched[LONGEST_GRAM], all[LONGEST_GRAM];
    size_t reference; /* length of the other text nearest to its own */
};

static int compare_grams(const void *a, const void *b)
{
    const struct gram *x = a, *y = b;
    int order = memcmp(x->ids, y->ids, sizeof x->ids);
    return order != 0 ? order : (x->text > y->text) - (x->text < y->text);
}

static size_t collect_grams(struct gram *grams, const struct sample_group *group, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++)
        for (size_t t = 0; t + n <= group->texts[i].count; t++) {
            struct gram *gram = &grams[count++];
            *gram = (struct gram){.text = (uint32_t)i};
            memcpy(gram->ids, group->texts[i].ids + t, n * sizeof *gram->ids);
        }
    if (count > 1)
        qsort(grams, count, sizeof *grams, compare_grams);
    return count;
}

/* First gram behind those equal to `first`; of the same text too where `within`. */
static size_t run_end(const struct gram *grams, size_t count, size_t first, bool within)
{
    size_t end = first + 1;
    while (end < count && memcmp(grams[end].ids, grams[first].ids, sizeof grams->ids) == 0 &&
           (!within || grams[end].text == grams[first].text))
        end++;
    return end;
}

/* Matches of a run's n-gram: as often as a text has it, but no more often than another one does
 * (Papineni et al. 2002, section 2.1). */
static void match_run(struct profile *profiles, const struct gram *grams, size_t first, size_t end,
                      size_t n)
{
    size_t most = 0, second = 0, next;
    uint32_t owner = 0;
    for (size_t i = first; i < end; i = next) {
        next = run_end(grams, end, i, true);
        if (next - i > most) {
            second = most;
            most = next - i;
            owner = grams[i].text;
        } else if (next - i > second) {
            second = next - i;
        }
    }
    for (size_t i = first; i < end; i = next) {
        next = run_end(grams, end, i, true);
        size_t others = grams[i].text == owner ? second : most;
        profiles[grams[i].text].matched[n - 1] += (double)(next - i < others ? next - i : others);
    }
}

/* Walks the sorted n-grams; returns how many are different. */
static double profile_grams(struct profile *profiles, const struct gram *grams, size_t count,
                            size_t texts, size_t n)
{
    double distinct = 0;
    size_t end, next;
    for (size_t i = 0; i < texts; i++)
        profiles[i].grams = profiles[i].distinct = profiles[i].own = 0;
    for (size_t first = 0; first < count; first = end) {
        end = run_end(grams, count, first, false);
        distinct++;
        profiles[grams[first].text].own += grams[first].text == grams[end - 1].text;
        for (size_t i = first; i < end; i = next) {
            next = run_end(grams, end, i, true);
            profiles[grams[i].text].distinct++;
            profiles[grams[i].text].grams += (double)(next - i);
        }
        match_run(profiles, grams, first, end, n);
    }
    for (size_t i = 0; i < texts; i++)
        profiles[i].all[n - 1] = profiles[i].grams;
    return distinct;
}

/*
 * Distinct n-grams among all of the group (Li et al. 2016), and its interval by the jackknife over
 * texts (Efron & Tibshirani 1993, chapter 11): a bootstrap resample has texts twice, whose n-grams
 * would count as repeated.
 */
static struct sample_figure distinct_share(const struct profile *profiles, size_t texts,
                                           double distinct, double count)
{
    struct sample_figure out = {count > 0 ? distinct / count : (double)NAN, (double)NAN,
                                (double)NAN};
    double mean = 0, spread = 0, n = (double)texts;
    if (texts < LM_BOOTSTRAP_LEAST)
        return out;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < texts; i++) {
            double left = count - profiles[i].grams;
            double without = left > 0 ? (distinct - profiles[i].own) / left : out.value;
            if (pass == 0)
                mean += without / n;
            else
                spread += (without - mean) * (without - mean);
        }
    }
    double width = lm_student_quantile(0.975, texts - 1) * sqrt((n - 1) / n * spread);
    out.low = out.value - width > 0 ? out.value - width : 0;
    out.high = out.value + width < 1 ? out.value + width : 1;
    return out;
}

/* ---- self-BLEU ---- */

struct length {
    size_t count, text;
};

static int by_length(const void *a, const void *b)
{
    const struct length *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return (x->text > y->text) - (x->text < y->text);
}

/* The length of another text that is nearest, the shorter of two. */
static void find_references(struct profile *profiles, struct length *lengths, size_t count)
{
    qsort(lengths, count, sizeof *lengths, by_length);
    for (size_t i = 0; i < count; i++) {
        size_t own = lengths[i].count, *reference = &profiles[lengths[i].text].reference;
        *reference = i > 0 ? lengths[i - 1].count : lengths[1].count;
        if (i + 1 < count && lengths[i + 1].count - own < own - *reference && *reference <= own)
            *reference = lengths[i + 1].count;
    }
}

/* BLEU-4 of a text against all others (Zhu et al. 2018, section 4.3), by token ids; precisions of 2
 * and more tokens with one added to both counts (Lin & Och 2004). */
static double bleu_of(const struct profile *profile, size_t count)
{
    double sum = 0;
    if (profile->matched[0] == 0)
        return 0;
    for (size_t n = 0; n < LONGEST_GRAM; n++) {
        double more = n > 0 ? 1 : 0;
        sum += lm_log((profile->matched[n] + more) / (profile->all[n] + more)) / LONGEST_GRAM;
    }
    double brevity =
        count < profile->reference ? 1 - (double)profile->reference / (double)count : 0;
    return lm_exp(sum + brevity);
}

static enum lm_status self_bleu(struct sample_ratios *ratios, struct profile *profiles,
                                const struct sample_group *group, struct lm_arena *arena,
                                struct lm_err *err)
{
    struct length *lengths = LM_NEW_ARRAY(arena, struct length, group->count);
    if (lengths == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    if (group->count < 2)
        return LM_OK;
    for (size_t i = 0; i < group->count; i++)
        lengths[i] = (struct length){group->texts[i].count, i};
    find_references(profiles, lengths, group->count);
    for (size_t i = 0; i < group->count; i++) {
        if (group->texts[i].count == 0)
            continue;
        ratios->over[SAMPLE_RATIO_SELF_BLEU][i] = bleu_of(&profiles[i], group->texts[i].count);
        ratios->under[SAMPLE_RATIO_SELF_BLEU][i] = 1;
    }
    return LM_OK;
}

enum lm_status sample_diversity(struct sample_figures *out, struct sample_ratios *ratios,
                                const struct sample_group *group, struct lm_arena *arena,
                                struct lm_err *err)
{
    struct gram *grams = LM_NEW_ARRAY(arena, struct gram, out->tokens);
    struct profile *profiles = LM_NEW_ARRAY(arena, struct profile, group->count);
    if (grams == NULL || profiles == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    for (size_t n = 1; n <= SAMPLE_DISTINCT; n++) {
        size_t count = collect_grams(grams, group, n);
        double distinct = profile_grams(profiles, grams, count, group->count, n);
        out->distinct[n - 1] = distinct_share(profiles, group->count, distinct, (double)count);
    }
    for (size_t i = 0; i < group->count; i++) { /* of 4-grams (Welleck et al. 2020) */
        if (profiles[i].grams == 0)
            continue;
        ratios->over[SAMPLE_RATIO_REP_4][i] = 1 - profiles[i].distinct / profiles[i].grams;
        ratios->under[SAMPLE_RATIO_REP_4][i] = 1;
    }
    return self_bleu(ratios, profiles, group, arena, err);
}
