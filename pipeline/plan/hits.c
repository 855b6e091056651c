/* Most stages of most runs have their results. They are found on all threads, a wave at a time: the
 * stages of a wave take something of earlier ones alone. */
#include "plan/hits.h"

#include <stdlib.h>

#include "base/pool.h"
#include "plan/key_facts.h"

enum { FEW = 32 }; /**< stages that one thread has looked up before another one has begun */

/** What a thread works with. */
struct desk {
    struct lm_arena *kept, *scratch;
    struct lm_buf text;
};

struct search {
    struct lm_plan *plan;
    struct lm_pool *pool;
    struct desk *desks; /**< one a thread */
    size_t *order;      /**< the stages, by waves */
    const size_t *wave; /**< the one that is looked up, in the order */
};

/** Is a key all that is to be found out of a stage, and can it be now? */
static bool is_plain(const struct lm_plan *plan, size_t stage)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    if (plan->stages[stage].forced || s->is_selective || s->after_count > 0)
        return false;
    for (size_t i = 0; i < s->input_count; i++)
        if (!lm_plan_is_settled(plan, s->inputs[i].stage))
            return false;
    return true;
}

/** What is no plain hit, for whatever reason, is left as it was. */
static void look_up(void *user, size_t task, size_t worker)
{
    const struct search *search = user;
    struct lm_plan *plan = search->plan;
    struct desk *desk = &search->desks[worker];
    size_t stage = search->wave[task];
    struct lm_plan_stage *s = &plan->stages[stage];
    struct lm_record *record = NULL;
    struct lm_digest key;
    if (!is_plain(plan, stage))
        return;
    lm_buf_clear(&desk->text);
    struct lm_arena_mark mark = lm_arena_mark(desk->scratch);
    enum lm_status status = lm_key_facts_write(&desk->text, plan, stage, true, desk->scratch, NULL);
    lm_arena_rewind(desk->scratch, mark);
    if (status != LM_OK)
        return;
    lm_sha256_bytes(&key, desk->text.data, desk->text.size);
    if (!lm_store_recall(plan->store, &record, desk->kept, &key) ||
        lm_plan_lacking(plan, stage, record) != NULL)
        return;
    s->state = LM_HIT;
    s->reason = "up to date";
    s->resume = -1;
    s->keyed = true;
    s->key = key;
    s->key_text = record->key_text; /* they have one digest */
    s->record = record;
}

/** Sorts the stages by the longest way to them from one without inputs; ends[w] is where wave w
 *  ends in the order. Their number, or SIZE_MAX: out of memory. */
static size_t sort(struct search *search, size_t **ends, struct lm_arena *arena)
{
    const struct lm_spec *spec = search->plan->spec;
    size_t waves = 0, count = spec->stage_count;
    size_t *wave_of = LM_NEW_ARRAY(arena, size_t, count);
    size_t *next = LM_NEW_ARRAY(arena, size_t, count + 1);
    search->order = LM_NEW_ARRAY(arena, size_t, count);
    if (wave_of == NULL || next == NULL || search->order == NULL)
        return SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < spec->stages[i].input_count; k++) {
            size_t after = wave_of[spec->stages[i].inputs[k].stage] + 1;
            wave_of[i] = after > wave_of[i] ? after : wave_of[i];
        }
        waves = wave_of[i] + 1 > waves ? wave_of[i] + 1 : waves;
        next[wave_of[i] + 1]++;
    }
    for (size_t w = 1; w <= waves; w++)
        next[w] += next[w - 1];
    for (size_t i = 0; i < count; i++)
        search->order[next[wave_of[i]]++] = i;
    *ends = next;
    return waves;
}

static enum lm_status look_up_all(struct search *search, const size_t *ends, size_t waves,
                                  struct lm_err *err)
{
    struct lm_plan *plan = search->plan;
    for (size_t w = 0, begin = 0; w < waves; begin = ends[w++]) {
        size_t count = ends[w] - begin;
        search->wave = search->order + begin;
        for (size_t i = 0; i < count && plan->probe == NULL; i++)
            if (is_plain(plan, search->wave[i]))
                LM_TRY(lm_key_facts_ask(plan, search->wave[i], err));
        lm_pool_run(count > FEW ? search->pool : NULL, count, look_up, search);
    }
    return LM_OK;
}

/** A desk for each thread; what they keep belongs to the plan. False: out of memory. */
static bool open_desks(struct search *search, size_t threads)
{
    struct lm_plan *plan = search->plan;
    plan->kept = LM_NEW_ARRAY(plan->arena, struct lm_arena *, threads);
    search->desks = calloc(threads, sizeof *search->desks);
    if (plan->kept == NULL || search->desks == NULL)
        return false;
    for (size_t i = 0; i < threads; i++) {
        struct desk *desk = &search->desks[i];
        lm_buf_init(&desk->text, 0);
        desk->scratch = lm_arena_create();
        desk->kept = lm_arena_create();
        if (desk->kept != NULL)
            plan->kept[plan->kept_count++] = desk->kept;
        if (desk->kept == NULL || desk->scratch == NULL ||
            lm_arena_alloc(desk->scratch, 1) == NULL) /* a block that stays when it is rewound */
            return false;
    }
    return true;
}

static void close_desks(struct search *search, size_t threads)
{
    for (size_t i = 0; i < threads && search->desks != NULL; i++) {
        lm_arena_free(search->desks[i].scratch);
        lm_buf_release(&search->desks[i].text);
    }
    free(search->desks);
}

enum lm_status lm_plan_find_hits(struct lm_plan *plan, size_t threads, struct lm_err *err)
{
    struct search search = {.plan = plan};
    size_t *ends = NULL, waves = SIZE_MAX;
    struct lm_arena *arena = lm_arena_create();
    if (threads > 1 && plan->spec->stage_count > FEW)
        search.pool = lm_pool_create(threads); /* NULL: as right, and slower */
    threads = lm_pool_threads(search.pool);
    if (arena != NULL && open_desks(&search, threads))
        waves = sort(&search, &ends, arena);
    enum lm_status status =
        waves != SIZE_MAX
            ? look_up_all(&search, ends, waves, err)
            : lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", plan->spec->path);
    close_desks(&search, threads);
    lm_pool_free(search.pool);
    lm_arena_free(arena);
    return status;
}
