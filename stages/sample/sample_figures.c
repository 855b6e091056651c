#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/bootstrap.h"

#include "sample_groups.h"

enum { RESAMPLES = 2000, TOGETHER = 8 /* ratios in a call */ };

const size_t sample_novel_n[SAMPLE_NOVEL] = {1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 24, 32, 50};

/* ---- groups ---- */

static int by_length(const void *a, const void *b)
{
    const struct sample_part *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static bool make_group(struct sample_group *group, const char *of, const char *beside, size_t most,
                       struct lm_arena *arena)
{
    *group = (struct sample_group){.of = of, .beside = beside};
    group->texts = LM_NEW_ARRAY(arena, struct sample_part, most);
    return group->texts != NULL;
}

/* As many tokens, text by text, in order of length. */
static void make_equal(struct sample_group *a, struct sample_group *b)
{
    qsort(a->texts, a->count, sizeof *a->texts, by_length);
    qsort(b->texts, b->count, sizeof *b->texts, by_length);
    for (size_t i = 0; i < a->count; i++) {
        size_t count =
            a->texts[i].count < b->texts[i].count ? a->texts[i].count : b->texts[i].count;
        a->texts[i].count = b->texts[i].count = count;
    }
}

/* The texts of a method, and beside them as much held-out text, where there is enough. */
static enum lm_status add_method(struct sample_groups *groups, const struct sampler *sampler,
                                 const struct sample_method *method, struct lm_err *err)
{
    struct sample_group *own = &groups->items[groups->count], *real = own + 1;
    if (!make_group(own, method->name, NULL, sampler->text_count, sampler->arena) ||
        !make_group(real, "held-out", method->name, sampler->text_count, sampler->arena))
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    for (size_t i = 0; i < sampler->text_count; i++) {
        const struct sample_text *text = &sampler->texts[i];
        if (text->method == method)
            own->texts[own->count++] =
                (struct sample_part){text->ids.items, text->ids.count, text->place, text->nll};
    }
    groups->count++;
    if (sampler->real_count < own->count)
        return LM_OK;
    for (; real->count < own->count; real->count++)
        real->texts[real->count] =
            (struct sample_part){sampler->real[real->count].items, sampler->real[real->count].count,
                                 sampler->places[real->count], NULL};
    make_equal(own, real);
    groups->count++;
    return LM_OK;
}

static enum lm_status make_groups(struct sample_groups *groups, struct sampler *sampler,
                                  struct lm_err *err)
{
    const struct sample_method *methods = sampler->params->methods.items;
    size_t count = sampler->params->methods.count;
    groups->items = LM_NEW_ARRAY(sampler->arena, struct sample_group, 2 * count + 1);
    if (groups->items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    for (size_t m = 0; m < count; m++)
        LM_TRY(add_method(groups, sampler, &methods[m], err));
    struct sample_group *all = &groups->items[groups->count++];
    if (!make_group(all, "held-out", NULL, sampler->real_count, sampler->arena))
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    for (; all->count < sampler->real_count; all->count++)
        all->texts[all->count] =
            (struct sample_part){sampler->real[all->count].items, sampler->real[all->count].count,
                                 sampler->places[all->count], NULL};
    return LM_OK;
}

/* ---- ratios of sums over texts ---- */

static enum lm_status make_ratios(struct sample_ratios *out, size_t count, struct lm_arena *arena,
                                  struct lm_err *err)
{
    out->count = count;
    for (size_t r = 0; r < SAMPLE_RATIOS; r++) {
        out->over[r] = LM_NEW_ARRAY(arena, double, count);
        out->under[r] = LM_NEW_ARRAY(arena, double, count);
        if (out->over[r] == NULL || out->under[r] == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    }
    return LM_OK;
}

static void add_nll(struct sample_ratios *out, const struct sample_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct sample_part *text = &group->texts[i];
        for (size_t t = 0; text->nll != NULL && t < text->count; t++) {
            out->over[SAMPLE_RATIO_NLL][i] += (double)text->nll[t];
            out->under[SAMPLE_RATIO_NLL][i]++;
        }
    }
}

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(user);
}

/* Values and intervals of all ratios, by the same resamples of the texts. */
static enum lm_status settle(struct sample_figures *out, const struct sample_ratios *from,
                             const struct sampler *sampler, struct lm_err *err)
{
    struct lm_bootstrap_ratio ratios[SAMPLE_RATIOS];
    const struct lm_resampling how = {.resamples = RESAMPLES,
                                      .rng = lm_rng_stream(lm_ctx_seed(sampler->ctx), "figures"),
                                      .is_cancelled = is_cancelled,
                                      .user = sampler->ctx,
                                      .pool = sampler->pool};
    for (size_t r = 0; r < SAMPLE_RATIOS; r++) {
        double over = 0, under = 0;
        for (size_t i = 0; i < from->count; i++) {
            over += from->over[r][i];
            under += from->under[r][i];
        }
        out->ratios[r].value = under > 0 ? over / under : (double)NAN;
        ratios[r] = (struct lm_bootstrap_ratio){from->over[r], from->under[r], 0, 0};
    }
    for (size_t r = 0; r < SAMPLE_RATIOS; r += TOGETHER) {
        size_t left = SAMPLE_RATIOS - r;
        LM_TRY(lm_bootstrap_run(&ratios[r], left < TOGETHER ? left : TOGETHER, from->count, &how,
                                sampler->arena, err));
    }
    for (size_t r = 0; r < SAMPLE_RATIOS; r++) {
        out->ratios[r].low = ratios[r].low;
        out->ratios[r].high = ratios[r].high;
    }
    return LM_OK;
}

/* The group's texts as bytes, compressed. */
static enum lm_status compress(struct sample_figures *out, const struct sample_group *group,
                               const struct sampler *sampler, struct lm_err *err)
{
    struct sample_bytes *texts = LM_NEW_ARRAY(sampler->arena, struct sample_bytes, group->count);
    if (texts == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    for (size_t i = 0; i < group->count; i++) {
        const struct sample_part *part = &group->texts[i];
        size_t size = 0;
        lm_decode(sampler->vocab, part->ids, part->count, true, NULL, 0, &size);
        uint8_t *data = lm_arena_alloc(sampler->arena, size);
        if (data == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
        lm_decode(sampler->vocab, part->ids, part->count, true, data, size, &size);
        texts[i] = (struct sample_bytes){data, size};
    }
    return sample_compression(&out->compression, texts, group->count, sampler->arena, err);
}

static enum lm_status measure_group(struct sample_figures *out, const struct sample_group *group,
                                    struct sampler *sampler,
                                    const struct suffix_automaton *automaton, struct lm_err *err)
{
    struct sample_ratios ratios = {0};
    *out = (struct sample_figures){.of = group->of, .beside = group->beside};
    out->samples = group->count;
    for (size_t i = 0; i < group->count; i++)
        out->tokens += group->texts[i].count;
    LM_TRY(make_ratios(&ratios, group->count, sampler->arena, err));
    add_nll(&ratios, group);
    LM_TRY(sample_diversity(out, &ratios, group, sampler->arena, err));
    LM_TRY(compress(out, group, sampler, err));
    sample_novelty(out, &ratios, group, automaton);
    return settle(out, &ratios, sampler, err);
}

enum lm_status sample_measure(struct sampler *sampler, struct lm_err *err)
{
    struct sample_groups groups = {0};
    struct suffix_automaton *automaton = NULL;
    enum lm_status status = sample_stream_training(&automaton, sampler, err);
    if (status == LM_OK)
        status = make_groups(&groups, sampler, err);
    if (status == LM_OK) {
        sampler->figures = LM_NEW_ARRAY(sampler->arena, struct sample_figures, groups.count);
        if (sampler->figures == NULL)
            status = lm_fail(err, LM_NOMEM, "no memory for the metrics; give fewer samples");
    }
    for (size_t g = 0; g < groups.count && status == LM_OK; g++) {
        status = measure_group(&sampler->figures[g], &groups.items[g], sampler, automaton, err);
        if (status == LM_OK)
            status = sample_poll(sampler, err);
    }
    sampler->figure_count = groups.count;
    suffix_automaton_free(automaton);
    return status;
}
