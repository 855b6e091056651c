#include "corpus/near.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

enum { RECORD = 14 /* of a sorted run: band, key, document; the greatest byte first */ };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to find near-duplicates; free some");
}

void lm_near_init(struct lm_near *out, const struct lm_near_options *options)
{
    *out = (struct lm_near){.options = *options};
    lm_minhash_init(&out->minhash, options->bands, options->rows);
    lm_sorter_init(&out->bands, RECORD, options->memory / 2, options->folder);
}

void lm_near_release(struct lm_near *near)
{
    for (size_t i = 0; i < near->count; i++)
        free(near->documents[i].set);
    free(near->documents);
    lm_sorter_release(&near->bands);
    *near = (struct lm_near){.bands = {.fd = -1}};
}

/* ---- documents come ---- */

enum lm_status lm_near_keys(const struct lm_near *near, uint64_t *keys,
                            struct lm_shingles *shingles, const uint8_t *text, size_t size,
                            struct lm_err *err)
{
    LM_TRY(lm_shingles_find(shingles, text, size, near->options.ngram, err));
    if (shingles->count > 0)
        lm_minhash_keys(&near->minhash, keys, shingles->items, shingles->count);
    return LM_OK;
}

static void put_big(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

enum lm_status lm_near_add(struct lm_near *near, const uint64_t *keys, size_t grams,
                           struct lm_err *err)
{
    const size_t index = near->count;
    if (index >= UINT32_MAX - 1)
        return lm_fail(err, LM_RANGE,
                       "near-duplicates are found among 2^32 − 2 documents at most; clean parts of "
                       "the corpus one by one");
    struct lm_near_document *documents =
        lm_grow(near->documents, &near->capacity, index, sizeof *documents);
    if (documents == NULL)
        return no_memory(err);
    near->documents = documents;
    near->documents[near->count++] =
        (struct lm_near_document){.first = (uint32_t)index,
                                  .partner = (uint32_t)index,
                                  .grams = grams < UINT32_MAX ? (uint32_t)grams : UINT32_MAX};
    for (size_t b = 0; grams > 0 && b < near->options.bands; b++) {
        uint8_t record[RECORD];
        put_big(record, b, 2);
        put_big(record + 2, keys[b], 8);
        put_big(record + 10, index, 4);
        LM_TRY(lm_sorter_add(&near->bands, record, err));
    }
    return LM_OK;
}

/* ---- clusters ---- */

static uint32_t find(struct lm_near *near, uint32_t index)
{
    struct lm_near_document *documents = near->documents;
    while (documents[index].first != index) {
        documents[index].first = documents[documents[index].first].first;
        index = documents[index].first;
    }
    return index;
}

static void note_partner(struct lm_near_document *document, uint32_t own, uint32_t other,
                         double jaccard)
{
    if (document->partner != own)
        return;
    document->partner = other;
    document->jaccard = jaccard;
}

static void unite(struct lm_near *near, uint32_t a, uint32_t b, double jaccard)
{
    uint32_t x = find(near, a), y = find(near, b);
    near->documents[x < y ? y : x].first = x < y ? x : y;
    note_partner(&near->documents[a], a, b, jaccard);
    note_partner(&near->documents[b], b, a, jaccard);
    near->removed++;
}

/* ---- sets of shingles ---- */

/* A finding, and what it works with. */
struct resolving {
    struct lm_near *near;
    const struct lm_near_texts *texts;
    struct lm_pool *pool;

    struct worker {
        struct lm_shingles shingles;
        struct lm_buf text;
    } * workers;

    uint32_t *group; /* documents of one key, groups one after the other */
    size_t group_count, group_capacity;
    size_t *ends; /* of groups */
    size_t end_count, end_capacity;
    uint32_t *wanted; /* whose sets are to be made */
    size_t wanted_count, wanted_capacity;
    enum lm_status *statuses; /* of these */
    struct lm_err *errors;
    uint32_t *held; /* documents whose sets there are, the oldest first */
    size_t held_from, held_count, held_capacity;
    size_t bytes, most; /* of sets */
    uint64_t *refused;  /* pairs that were compared and are not alike; 0: free */
    size_t refused_count, refused_mask;
    uint32_t
        *next; /* a list of a group's members by cluster: each one's next place, heads, tails */
    uint32_t *heads, *tails;
    size_t list_capacity;
};

static enum lm_status make_set(struct resolving *own, uint32_t index, size_t worker,
                               struct lm_err *err)
{
    struct lm_near_document *document = &own->near->documents[index];
    struct lm_shingles *shingles = &own->workers[worker].shingles;
    struct lm_buf *text = &own->workers[worker].text;
    lm_buf_clear(text);
    LM_TRY(own->texts->read(own->texts->user, index, text, err));
    LM_TRY(lm_buf_status(text, err));
    LM_TRY(lm_shingles_find(shingles, (const uint8_t *)text->data, text->size,
                            own->near->options.ngram, err));
    LM_TRY(lm_shingles_unite(shingles, err));
    document->set = malloc((shingles->count + 1) * sizeof *document->set);
    if (document->set == NULL)
        return no_memory(err);
    if (shingles->count > 0)
        memcpy(document->set, shingles->items, shingles->count * sizeof *document->set);
    document->set_count = (uint32_t)shingles->count;
    return LM_OK;
}

static void make_task(void *user, size_t task, size_t worker)
{
    struct resolving *own = user;
    own->statuses[task] = make_set(own, own->wanted[task], worker, &own->errors[task]);
}

static void drop_oldest(struct resolving *own)
{
    struct lm_near_document *oldest = &own->near->documents[own->held[own->held_from++]];
    own->bytes -= (oldest->set_count + 1) * sizeof *oldest->set;
    free(oldest->set);
    oldest->set = NULL;
    oldest->set_count = 0;
}

static void drop_sets(struct resolving *own)
{
    while (own->held_from < own->held_count)
        drop_oldest(own);
    own->held_from = own->held_count = 0;
}

static enum lm_status hold(struct resolving *own, uint32_t index, struct lm_err *err)
{
    if (own->held_from > own->held_capacity / 2) {
        own->held_count -= own->held_from;
        memmove(own->held, own->held + own->held_from, own->held_count * sizeof *own->held);
        own->held_from = 0;
    }
    uint32_t *held = lm_grow(own->held, &own->held_capacity, own->held_count, sizeof *held);
    if (held == NULL)
        return no_memory(err);
    own->held = held;
    own->held[own->held_count++] = index;
    own->bytes += (own->near->documents[index].set_count + 1) * sizeof(uint64_t);
    return LM_OK;
}

/* The set of a document that was not foreseen: older ones make room, but for that of `beside`. */
static enum lm_status need(struct resolving *own, uint32_t index, uint32_t beside,
                           struct lm_err *err)
{
    if (own->near->documents[index].set != NULL)
        return LM_OK;
    while (own->held_count - own->held_from > 1 && own->bytes >= own->most) {
        uint32_t *oldest = own->held + own->held_from;
        if (*oldest == beside) {
            *oldest = oldest[1];
            oldest[1] = beside;
        }
        drop_oldest(own);
    }
    LM_TRY(make_set(own, index, 0, err));
    return hold(own, index, err);
}

/* ---- pairs ---- */

/* The place of a pair, or the free one where it would be. */
static uint64_t *place_of(const struct resolving *own, uint64_t pair)
{
    size_t at = (size_t)(pair * 0x9E3779B97F4A7C15u >> 32) & own->refused_mask;
    while (own->refused[at] != 0 && own->refused[at] != pair)
        at = (at + 1) & own->refused_mask;
    return &own->refused[at];
}

/* Forgets all when there are too many: they are compared again then, with the same outcome. */
static void refuse(struct resolving *own, uint64_t pair)
{
    if (own->refused_count * 2 > own->refused_mask) {
        memset(own->refused, 0, (own->refused_mask + 1) * sizeof *own->refused);
        own->refused_count = 0;
    }
    *place_of(own, pair) = pair;
    own->refused_count++;
}

/* Compares two documents that share a key; *is_alike: they are in one cluster now. */
static enum lm_status compare(struct resolving *own, uint32_t a, uint32_t b, bool *is_alike,
                              struct lm_err *err)
{
    struct lm_near_document *documents = own->near->documents;
    const uint64_t pair = ((uint64_t)b << 32 | a) + 1;
    *is_alike = false;
    if (*place_of(own, pair) == pair)
        return LM_OK;
    LM_TRY(need(own, a, b, err));
    LM_TRY(need(own, b, a, err));
    own->near->candidates++;
    double jaccard = lm_shingles_jaccard(documents[a].set, documents[a].set_count, documents[b].set,
                                         documents[b].set_count, own->near->options.threshold);
    *is_alike = jaccard >= own->near->options.threshold;
    if (!*is_alike) {
        refuse(own, pair);
        return LM_OK;
    }
    unite(own->near, a, b, jaccard);
    if (own->texts->joined != NULL)
        own->texts->joined(own->texts->user, a, b, jaccard);
    return LM_OK;
}

/* Puts a document behind a list of its cluster, or to the list that it belongs to already. */
static void append(struct resolving *own, size_t list, uint32_t place)
{
    own->next[own->tails[list]] = place;
    own->tails[list] = place;
}

/* The documents of one key, in order: each is compared with those before it that are not in its
 * cluster, cluster by cluster, until one of a cluster is like it. */
static enum lm_status judge_group(struct resolving *own, const uint32_t *group, size_t count,
                                  struct lm_err *err)
{
    size_t lists = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t home = SIZE_MAX;
        own->next[i] = UINT32_MAX;
        for (size_t l = 0; l < lists; l++) {
            bool is_alike = find(own->near, group[i]) == find(own->near, group[own->heads[l]]);
            for (uint32_t k = own->heads[l]; k != UINT32_MAX && !is_alike; k = own->next[k])
                LM_TRY(compare(own, group[k], group[i], &is_alike, err));
            if (is_alike && home == SIZE_MAX) {
                home = l;
            } else if (is_alike) { /* two clusters became one */
                own->next[own->tails[home]] = own->heads[l];
                own->tails[home] = own->tails[l];
                own->heads[l] = own->heads[--lists];
                own->tails[l--] = own->tails[lists];
            }
        }
        if (home != SIZE_MAX) {
            append(own, home, i);
        } else {
            own->heads[lists] = own->tails[lists] = i;
            lists++;
        }
    }
    return LM_OK;
}

/* ---- groups ---- */

/* Makes the sets of all that the groups need, on all threads, then judges them one by one. */
static enum lm_status judge_groups(struct resolving *own, struct lm_err *err)
{
    size_t from = 0;
    free(own->statuses);
    free(own->errors);
    own->statuses = calloc(own->wanted_count + 1, sizeof *own->statuses);
    own->errors = calloc(own->wanted_count + 1, sizeof *own->errors);
    if (own->statuses == NULL || own->errors == NULL)
        return no_memory(err);
    lm_pool_run(own->pool, own->wanted_count, make_task, own);
    for (size_t i = 0; i < own->wanted_count; i++) {
        if (own->near->documents[own->wanted[i]].set != NULL)
            LM_TRY(hold(own, own->wanted[i], err));
        if (own->statuses[i] != LM_OK)
            return lm_fail(err, own->statuses[i], "%s", own->errors[i].text);
    }
    for (size_t i = 0; i < own->end_count; i++) {
        LM_TRY(judge_group(own, own->group + from, own->ends[i] - from, err));
        from = own->ends[i];
        if (own->texts->is_cancelled != NULL && own->texts->is_cancelled(own->texts->user))
            return lm_fail(err, LM_CANCELLED, "stopped while comparing documents; run again");
    }
    drop_sets(own);
    own->group_count = own->end_count = own->wanted_count = 0;
    return LM_OK;
}

/* Are there two clusters in it? */
static bool is_mixed(struct lm_near *near, const uint32_t *group, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (find(near, group[i]) != find(near, group[0]))
            return true;
    return false;
}

/* Foresees what a group needs, as long as there is room. */
static enum lm_status want_group(struct resolving *own, size_t from, size_t *bytes,
                                 struct lm_err *err)
{
    for (size_t i = from; i < own->group_count && *bytes < own->most; i++) {
        struct lm_near_document *document = &own->near->documents[own->group[i]];
        if (document->set_count > 0) /* wanted already */
            continue;
        uint32_t *wanted =
            lm_grow(own->wanted, &own->wanted_capacity, own->wanted_count, sizeof *wanted);
        if (wanted == NULL)
            return no_memory(err);
        own->wanted = wanted;
        own->wanted[own->wanted_count++] = own->group[i];
        document->set_count = 1;
        *bytes += ((size_t)document->grams + 1) * sizeof(uint64_t);
    }
    return LM_OK;
}

/* The last group is whole: it is kept when there is something to compare. */
static enum lm_status end_group(struct resolving *own, size_t *bytes, struct lm_err *err)
{
    size_t from = own->end_count > 0 ? own->ends[own->end_count - 1] : 0;
    size_t count = own->group_count - from;
    if (count < 2 || !is_mixed(own->near, own->group + from, count)) {
        own->group_count = from;
        return LM_OK;
    }
    size_t *ends = lm_grow(own->ends, &own->end_capacity, own->end_count, sizeof *ends);
    if (ends == NULL)
        return no_memory(err);
    own->ends = ends;
    own->ends[own->end_count++] = own->group_count;
    if (count > own->list_capacity) {
        free(own->next);
        own->list_capacity = 2 * count;
        own->next = malloc(3 * own->list_capacity * sizeof *own->next);
        if (own->next == NULL)
            return no_memory(err);
        own->heads = own->next + own->list_capacity;
        own->tails = own->heads + own->list_capacity;
    }
    return want_group(own, from, bytes, err);
}

static enum lm_status read_groups(struct resolving *own, struct lm_err *err)
{
    enum { GROUPS = 1 << 14 };

    uint8_t key[10] = {0};
    size_t bytes = 0;
    for (;;) {
        const uint8_t *record;
        LM_TRY(lm_sorter_next(&own->near->bands, &record, err));
        if (record == NULL || memcmp(record, key, sizeof key) != 0) {
            LM_TRY(end_group(own, &bytes, err));
            if (bytes >= own->most || own->end_count >= GROUPS || record == NULL) {
                LM_TRY(judge_groups(own, err));
                bytes = 0;
            }
        }
        if (record == NULL)
            return LM_OK;
        memcpy(key, record, sizeof key);
        uint32_t *group =
            lm_grow(own->group, &own->group_capacity, own->group_count, sizeof *group);
        if (group == NULL)
            return no_memory(err);
        own->group = group;
        own->group[own->group_count++] = (uint32_t)record[10] << 24 | (uint32_t)record[11] << 16 |
                                         (uint32_t)record[12] << 8 | record[13];
    }
}

static enum lm_status resolve(struct resolving *own, struct lm_err *err)
{
    size_t pairs = 1 << 12, threads = lm_pool_threads(own->pool);
    while (pairs * 8 * sizeof *own->refused < own->most)
        pairs *= 2;
    own->refused_mask = pairs - 1;
    own->refused = calloc(pairs, sizeof *own->refused);
    own->workers = calloc(threads, sizeof *own->workers);
    if (own->refused == NULL || own->workers == NULL)
        return no_memory(err);
    for (size_t i = 0; i < threads; i++)
        lm_buf_init(&own->workers[i].text, 0);
    LM_TRY(lm_sorter_sort(&own->near->bands, err));
    LM_TRY(read_groups(own, err));
    for (size_t i = 0; i < own->near->count; i++)
        own->near->documents[i].first = find(own->near, (uint32_t)i);
    return LM_OK;
}

enum lm_status lm_near_resolve(struct lm_near *near, const struct lm_near_texts *texts,
                               struct lm_pool *pool, struct lm_err *err)
{
    struct resolving own = {
        .near = near, .texts = texts, .pool = pool, .most = near->options.memory / 2};
    enum lm_status status = resolve(&own, err);
    for (size_t i = 0; own.workers != NULL && i < lm_pool_threads(pool); i++) {
        lm_shingles_release(&own.workers[i].shingles);
        lm_buf_release(&own.workers[i].text);
    }
    free(own.workers);
    free(own.group);
    free(own.ends);
    free(own.wanted);
    free(own.statuses);
    free(own.errors);
    free(own.held);
    free(own.refused);
    free(own.next);
    return status;
}
