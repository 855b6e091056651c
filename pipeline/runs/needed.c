#include "runs/needed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/suggest.h"
#include "plan/plan.h"

#define DAY 86400.0

/** A record goes when it is older, and one of more than so many of its spec. */
enum { RECORD_DAYS = 365, RECORDS_KEPT = 1000 };

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory to find out what is needed; free some");
}

enum lm_status lm_needed_note(struct lm_needed *needed, const char *text)
{
    const char **notes = lm_arena_grow(needed->arena, needed->notes, needed->note_count,
                                       &needed->note_capacity, sizeof *notes);
    if (notes == NULL || text == NULL)
        return LM_NOMEM;
    needed->notes = notes;
    notes[needed->note_count++] = text;
    return LM_OK;
}

/** Notes a stage that a key is of, once. False: out of memory. */
static bool add_owner(struct lm_needed *needed, struct lm_key_use *use, const char *experiment,
                      const char *stage)
{
    size_t length = strcspn(stage, "@");
    for (const struct lm_key_owner *owner = use->owners; owner != NULL; owner = owner->next)
        if (strcmp(owner->experiment, experiment) == 0 &&
            strncmp(owner->stage, stage, length) == 0 && owner->stage[length] == '\0')
            return true;
    struct lm_key_owner *owner = LM_NEW(needed->arena, struct lm_key_owner);
    if (owner == NULL)
        return false;
    *owner = (struct lm_key_owner){experiment, lm_arena_strndup(needed->arena, stage, length),
                                   use->owners};
    use->owners = owner;
    return owner->stage != NULL;
}

/** Learns of a key; stage NULL: nobody knows whose. */
static enum lm_status learn(struct lm_needed *needed, const struct lm_digest *key,
                            const char *experiment, const char *stage, bool is_needed, int64_t last)
{
    struct lm_key_use *use = lm_key_uses_add(&needed->uses, key);
    if (use == NULL)
        return LM_NOMEM;
    use->is_needed = use->is_needed || is_needed;
    use->last = last > use->last ? last : use->last;
    bool is_named = needed->is_naming && stage != NULL;
    return !is_named || add_owner(needed, use, experiment, stage) ? LM_OK : LM_NOMEM;
}

/* ---- roots ---- */

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/** Does a path to forget mean this root? It names the file, a folder above it, or the root itself.
 */
static bool means(const char *forget, const struct lm_root *root)
{
    size_t length = strlen(forget);
    while (length > 1 && forget[length - 1] == '/')
        length--;
    if (strcmp(forget, root->name) == 0 || strcmp(lm_path_base(forget), root->name) == 0)
        return true;
    return root->path != NULL && strncmp(forget, root->path, length) == 0 &&
           (root->path[length] == '\0' || root->path[length] == '/');
}

static enum lm_status refuse_path(const struct lm_needed *needed, const char *path,
                                  struct lm_err *err)
{
    const char **paths = LM_NEW_ARRAY(needed->arena, const char *, needed->root_count);
    size_t count = 0;
    if (paths == NULL)
        return no_memory(err);
    for (size_t i = 0; i < needed->root_count; i++)
        if (needed->roots[i].path != NULL)
            paths[count++] = needed->roots[i].path;
    const char *nearest = lm_suggest(path, paths, count);
    if (nearest != NULL)
        return lm_fail(err, LM_INVALID,
                       "no root of the store is %s or below it; did you mean '%s'?", path, nearest);
    return lm_fail(err, LM_INVALID, "no root of the store is %s or below it; see 'lmpipe cache ls'",
                   path);
}

/** Marks the roots that are to be forgotten. */
static enum lm_status forget(struct lm_needed *needed, struct lm_err *err)
{
    for (size_t k = 0; k < needed->options->forget_count; k++) {
        size_t found = 0;
        for (size_t i = 0; i < needed->root_count; i++)
            if (means(needed->options->forget[k], &needed->roots[i])) {
                needed->is_forgotten[i] = true;
                found++;
            }
        if (found == 0)
            return refuse_path(needed, needed->options->forget[k], err);
    }
    return LM_OK;
}

/** What a spec has now: results, what may be gone on with, and of stages without a result the last
 *  one that they had. */
static enum lm_status learn_plan(struct lm_needed *needed, const struct lm_plan *plan)
{
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        const struct lm_plan_stage *stage = &plan->stages[i];
        if (stage->keyed)
            LM_TRY(learn(needed, &stage->key, NULL, NULL, true, 0));
        if (stage->record == NULL && stage->last != NULL)
            LM_TRY(learn(needed, stage->last, NULL, NULL, true, 0));
    }
    return LM_OK;
}

/** Plans a spec as it stands on the disk. One that cannot be planned keeps what it had. */
static enum lm_status plan_root(struct lm_needed *needed, const struct lm_root *root,
                                struct lm_err *err)
{
    const struct lm_cache_options *how = needed->options;
    const struct lm_spec_options as_spec = {
        .types = how->types, .env = how->env, .env_user = how->env_user};
    const struct lm_plan_options as_plan = {
        .worker = how->worker, .env = how->env, .env_user = how->env_user};
    struct lm_arena *arena = lm_arena_create();
    struct lm_spec *spec = NULL;
    struct lm_plan *plan = NULL;
    struct lm_diags diags = {0};
    struct lm_err why = {0};
    if (arena == NULL)
        return no_memory(err);
    enum lm_status status = lm_spec_load(&spec, &diags, arena, root->path, &as_spec, &why);
    if (status == LM_OK)
        status = lm_plan_create(&plan, spec, needed->store, &as_plan, &why);
    if (status == LM_OK)
        status = learn_plan(needed, plan);
    else if (status != LM_NOMEM)
        status = lm_needed_note(
            needed, lm_arena_printf(needed->arena,
                                    "%s cannot be planned (%s); the results that it had stay",
                                    root->path, diags.errors > 0 ? diags.items[0].text : why.text));
    if (plan != NULL)
        lm_plan_free(plan);
    lm_arena_free(arena);
    return status == LM_NOMEM ? no_memory(err) : status;
}

static enum lm_status refuse_root(const struct lm_store *store, const struct lm_root *root,
                                  struct lm_err *err)
{
    lm_root_distrust(store, root->name);
    return lm_fail(err, LM_FORMAT,
                   "%s/roots/%s is damaged, so that nobody knows what %s needs; run that spec "
                   "again, or give it up with --forget %s",
                   lm_store_path(store), root->name,
                   root->path != NULL ? root->path : "the spec it is of", root->name);
}

static enum lm_status note_gone(struct lm_needed *needed, const struct lm_root *root)
{
    return lm_needed_note(
        needed, lm_arena_printf(needed->arena,
                                "%s is not there; its results stay until it is forgotten: "
                                "lmpipe cache gc --forget %s",
                                root->path, root->path));
}

static enum lm_status learn_roots(struct lm_needed *needed, bool is_planned, struct lm_err *err)
{
    for (size_t i = 0; i < needed->root_count; i++) {
        const struct lm_root *root = &needed->roots[i];
        bool is_spec = root->kind == LM_ROOT_SPEC;
        if (needed->is_forgotten[i])
            continue;
        if (root->is_damaged && is_planned)
            return refuse_root(needed->store, root, err);
        for (size_t k = 0; k < root->count && !root->is_damaged; k++)
            if (learn(needed, &root->keys[k].key, root->experiment, root->keys[k].stage, true, 0) !=
                LM_OK)
                return no_memory(err);
        needed->specs += is_spec;
        needed->baselines += !is_spec;
        if (!is_planned)
            continue;
        if (!is_file(root->path) && note_gone(needed, root) != LM_OK)
            return no_memory(err);
        if (is_spec && is_file(root->path))
            LM_TRY(plan_root(needed, root, err));
    }
    return LM_OK;
}

/* ---- runs ---- */

/** Of each spec: its runs so far, from the last one on, and those with different results. */
struct series {
    struct lm_name_map places; /**< of specs, by root, else by path below the root */
    struct lm_name_map seen;   /**< "<spec> <results>" */
    size_t *runs, *distinct;
    size_t count;
};

/** Place of a run's spec among the series; SIZE_MAX: out of memory. */
static size_t place_of(struct series *series, struct lm_arena *arena,
                       const struct lm_run_head *head)
{
    const char *name =
        head->root != NULL ? head->root : lm_arena_printf(arena, "path %s", head->home);
    if (name == NULL)
        return SIZE_MAX;
    size_t place = lm_name_map_find(&series->places, name);
    if (place == SIZE_MAX) {
        place = series->count;
        if (!lm_name_map_put(&series->places, name, series->count++))
            return SIZE_MAX;
    }
    return place;
}

/** Does the spec of this run count still? Not when it was forgotten. */
static bool has_root(const struct lm_needed *needed, const struct lm_run_head *head)
{
    if (head->root == NULL)
        return true;
    for (size_t i = 0; i < needed->root_count; i++)
        if (strcmp(needed->roots[i].name, head->root) == 0)
            return !needed->is_forgotten[i];
    return false;
}

/** A run with the same results as a later one of its spec does not count. False: out of memory. */
static bool count_distinct(struct series *series, struct lm_arena *arena, size_t place,
                           const struct lm_run_head *head, bool *is_new)
{
    const char *name =
        lm_arena_printf(arena, "%zu %s", place, head->results != NULL ? head->results : head->id);
    *is_new = name != NULL && lm_name_map_find(&series->seen, name) == SIZE_MAX;
    if (!*is_new)
        return name != NULL;
    series->distinct[place]++;
    return lm_name_map_put(&series->seen, name, 0);
}

static const char *tag_of(const struct lm_needed *needed, const char *id)
{
    for (size_t i = 0; i < needed->history.tag_count; i++)
        if (strcmp(needed->history.tags[i].run, id) == 0)
            return needed->history.tags[i].name;
    return NULL;
}

/** What the record of a run turned out to be. */
enum record { RECORD_WHOLE, RECORD_EMPTY, RECORD_DAMAGED };

/** Learns the keys of a run. */
static enum lm_status learn_run(struct lm_needed *needed, const struct lm_needed_run *run,
                                const char *tag, enum record *record, struct lm_err *err)
{
    struct lm_root_key *keys;
    size_t count;
    bool is_whole;
    LM_TRY(lm_run_keys_read(&keys, &count, &is_whole, &needed->keys, &run->head, err));
    *record = !is_whole ? RECORD_DAMAGED : count == 0 ? RECORD_EMPTY : RECORD_WHOLE;
    if (tag != NULL && !is_whole)
        return lm_fail(err, LM_FORMAT,
                       "the record of run %s, which is tagged %s, is damaged, so that nobody knows "
                       "what it needs; take the tag away: lmpipe exp tag --remove %s",
                       run->head.id, tag, tag);
    for (size_t k = 0; k < count; k++)
        if (learn(needed, &keys[k].key, run->head.experiment, keys[k].stage, run->is_needed,
                  run->head.begun) != LM_OK)
            return no_memory(err);
    if (!is_whole && run->is_needed &&
        lm_needed_note(needed, lm_arena_printf(needed->arena,
                                               "the record of run %s is damaged; what it needs "
                                               "is not known",
                                               run->head.id)) != LM_OK)
        return no_memory(err);
    return LM_OK;
}

/** Whether a run's results and record are needed; *is_last: as one of the last of its spec. */
static enum lm_status decide(struct lm_needed *needed, struct series *series, size_t place,
                             struct lm_needed_run *run, bool is_tagged, bool *is_last,
                             struct lm_err *err)
{
    const struct lm_cache_options *how = needed->options;
    double age = (double)(needed->now - run->head.begun);
    bool is_new = false, is_counted = has_root(needed, &run->head);
    size_t before = series->distinct[place];
    if (is_counted && !count_distinct(series, needed->arena, place, &run->head, &is_new))
        return no_memory(err);
    *is_last = is_new && before < (size_t)how->keep_runs;
    bool is_recent = is_counted && how->keep_days > 0 && age <= how->keep_days * DAY;
    run->is_needed = is_tagged || *is_last || is_recent;
    bool is_one_of_many = series->runs[place]++ >= RECORDS_KEPT;
    run->is_expired = !run->is_needed && is_one_of_many && age > RECORD_DAYS * DAY;
    return LM_OK;
}

/** Takes one run; they come newest first. One whose record tells no key does not count: an older
 * one takes its place. */
static enum lm_status judge_run(struct lm_needed *needed, struct series *series,
                                struct lm_needed_run *run, bool all, struct lm_err *err)
{
    const char *tag = tag_of(needed, run->head.id);
    size_t place = place_of(series, needed->arena, &run->head);
    bool is_last = false;
    enum record record = RECORD_WHOLE;
    if (place == SIZE_MAX)
        return no_memory(err);
    LM_TRY(decide(needed, series, place, run, tag != NULL, &is_last, err));
    if (run->is_needed || all)
        LM_TRY(learn_run(needed, run, tag, &record, err));
    series->distinct[place] -= is_last && record != RECORD_WHOLE;
    needed->tags += tag != NULL;
    needed->last_runs += run->is_needed && tag == NULL && record == RECORD_WHOLE;
    return LM_OK;
}

static enum lm_status learn_runs(struct lm_needed *needed, bool all, struct lm_err *err)
{
    struct series series = {.count = 0};
    struct lm_arena *arena = needed->arena;
    LM_TRY(lm_history_load(&needed->history, arena, needed->store, err));
    size_t count = needed->history.count;
    needed->runs = LM_NEW_ARRAY(arena, struct lm_needed_run, count);
    series.runs = LM_NEW_ARRAY(arena, size_t, count);
    series.distinct = LM_NEW_ARRAY(arena, size_t, count);
    if (needed->runs == NULL || series.runs == NULL || series.distinct == NULL)
        return no_memory(err);
    needed->run_count = count;
    lm_name_map_init(&series.places, arena);
    lm_name_map_init(&series.seen, arena);
    for (size_t i = count; i > 0; i--) {
        struct lm_needed_run *run = &needed->runs[i - 1];
        LM_TRY(lm_run_head_read(&run->head, arena, needed->store, needed->history.ids[i - 1], err));
        LM_TRY(judge_run(needed, &series, run, all, err));
    }
    return LM_OK;
}

/* ---- all of it ---- */

enum lm_status lm_needed_find(struct lm_needed *out, struct lm_arena *arena, struct lm_store *store,
                              const struct lm_cache_options *options, enum lm_needed_wish wish,
                              struct lm_err *err)
{
    bool is_planned = options->types != NULL;
    *out = (struct lm_needed){.arena = arena,
                              .store = store,
                              .options = options,
                              .now = (int64_t)(lm_clock_unix_ns() / 1000000000),
                              .is_naming = wish == LM_NEEDED_NAMES,
                              .uses = {.arena = arena}};
    lm_run_keys_init(&out->keys, arena, store);
    LM_TRY(lm_roots_read(&out->roots, &out->root_count, arena, store, err));
    out->is_forgotten = LM_NEW_ARRAY(arena, bool, out->root_count);
    if (out->is_forgotten == NULL)
        return no_memory(err);
    LM_TRY(forget(out, err));
    LM_TRY(learn_roots(out, is_planned, err));
    return learn_runs(out, wish != LM_NEEDED_ONLY, err);
}

void lm_needed_release(struct lm_needed *needed)
{
    lm_key_uses_release(&needed->uses);
    lm_run_keys_release(&needed->keys);
    lm_history_release(&needed->history);
}
