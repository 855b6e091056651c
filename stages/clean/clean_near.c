#include "clean_near.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

_Static_assert((int)CLEAN_NEAR_HASHES == (int)LM_MINHASH_MOST, "one bound");
_Static_assert((int)CLEAN_NEAR_WORDS == (int)LM_SHINGLE_WORDS, "one bound");

bool clean_near_is_wanted(const struct clean_near_params *params)
{
    return params->threshold == params->threshold;
}

void clean_near_begin(struct clean_near *out, const struct clean_params *params, const char *folder,
                      size_t memory)
{
    const struct clean_near_params *p = &params->dedup.near;
    *out = (struct clean_near){.params = p, .has_sides = strcmp(params->split.by, "hash") == 0};
    lm_near_init(&out->near, &(struct lm_near_options){.threshold = p->threshold,
                                                       .ngram = (size_t)p->ngram,
                                                       .bands = (size_t)p->bands,
                                                       .rows = (size_t)p->rows,
                                                       .memory = memory,
                                                       .folder = folder});
}

void clean_near_release(struct clean_near *near)
{
    if (near->params == NULL)
        return;
    lm_near_release(&near->near);
    lm_shingles_release(&near->shingles);
    free(near->sides);
    *near = (struct clean_near){.params = NULL};
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to find near-duplicates; free some");
}

/* ---- documents come ---- */

enum lm_status clean_near_keys(const struct clean_near *near, struct clean_keys *out,
                               struct lm_shingles *shingles, const uint8_t *text, size_t size,
                               struct lm_err *err)
{
    if (near == NULL || near->params == NULL || out->items != NULL)
        return LM_OK;
    out->items = calloc(near->near.options.bands, sizeof *out->items);
    if (out->items == NULL)
        return no_memory(err);
    LM_TRY(lm_near_keys(&near->near, out->items, shingles, text, size, err));
    out->grams = shingles->count;
    return LM_OK;
}

void clean_keys_release(struct clean_keys *keys)
{
    free(keys->items);
    *keys = (struct clean_keys){.items = NULL};
}

enum lm_status clean_near_add(struct clean_near *near, const struct clean_keys *keys, unsigned side,
                              struct lm_err *err)
{
    const size_t index = near->near.count;
    if (near->params == NULL)
        return LM_OK;
    if (near->has_sides) {
        uint8_t *sides = lm_grow(near->sides, &near->side_capacity, index, sizeof *sides);
        if (sides == NULL)
            return no_memory(err);
        near->sides = sides;
        sides[index] = (uint8_t)side;
    }
    return lm_near_add(&near->near, keys->items, keys->grams, err);
}

/* ---- clusters ---- */

struct finding {
    struct clean_near *near;
    const struct clean_waiting *waiting;
    struct lm_ctx *ctx;
};

static enum lm_status read_text(void *user, size_t index, struct lm_buf *out, struct lm_err *err)
{
    const struct finding *finding = user;
    struct clean_waiter waiter;
    LM_TRY(clean_waiting_read(finding->waiting, index, &waiter, out, err));
    out->size = waiter.size;
    return LM_OK;
}

static bool is_cancelled(void *user)
{
    return lm_ctx_cancelled(((struct finding *)user)->ctx);
}

static void count_pair(void *user, size_t a, size_t b, double jaccard)
{
    struct clean_near *near = ((struct finding *)user)->near;
    (void)jaccard;
    near->across += near->has_sides && near->sides[a] != near->sides[b];
}

enum lm_status clean_near_resolve(struct clean_near *near, struct clean_waiting *waiting,
                                  struct lm_ctx *ctx, struct lm_pool *pool, struct lm_err *err)
{
    struct finding finding = {near, waiting, ctx};
    const struct lm_near_texts texts = {
        .read = read_text, .is_cancelled = is_cancelled, .joined = count_pair, .user = &finding};
    if (near->params == NULL)
        return LM_OK;
    lm_ctx_doing(ctx, "comparing documents");
    LM_TRY(lm_near_resolve(&near->near, &texts, pool, err));
    for (size_t i = 0; i < near->near.count; i++) {
        const struct lm_near_document *document = &near->near.documents[i];
        near->clusters += document->first == i && document->partner != i;
    }
    return LM_OK;
}

size_t clean_near_first(const struct clean_near *near, size_t index)
{
    return near->params != NULL ? near->near.documents[index].first : index;
}

/* ---- what is told ---- */

void clean_near_put(struct lm_json_writer *writer, const struct clean_near *near)
{
    if (near->params == NULL)
        return;
    lm_json_key(writer, "near");
    lm_json_open(writer, '{');
    lm_json_member_double(writer, "threshold", near->params->threshold);
    lm_json_member_int(writer, "ngram", near->params->ngram);
    lm_json_member_int(writer, "bands", near->params->bands);
    lm_json_member_int(writer, "rows", near->params->rows);
    lm_json_member_int(writer, "clusters", near->clusters);
    lm_json_member_int(writer, "documents", near->near.removed);
    if (near->has_sides)
        lm_json_member_int(writer, "across_splits", near->across);
    lm_json_close(writer, '}');
}
