#include "plan/against.h"

#include <string.h>

#include "compare/baseline.h"
#include "compare/worsening.h"

enum { RESAMPLES = 10000 };

/** What was decided of a gate. */
struct decision {
    const struct lm_record *record; /**< of which it is true; NULL: none yet */
    enum lm_gate_verdict verdict;
    const char *reason;
};

struct lm_against {
    struct lm_arena *arena;
    bool is_asked;        /**< for the baseline's file */
    struct lm_err unread; /**< why it could not be read */
    struct lm_baseline baseline;
    struct decision *decisions; /**< parallel to the spec's gates */
};

struct lm_against *lm_against_create(struct lm_arena *arena, const struct lm_spec *spec)
{
    struct lm_against *against = LM_NEW(arena, struct lm_against);
    struct decision *decisions = LM_NEW_ARRAY(arena, struct decision, spec->gate_count);
    if (against == NULL || decisions == NULL)
        return NULL;
    against->arena = arena;
    against->decisions = decisions;
    return against;
}

/** The baseline, read once; NULL: it could not be read. */
static const struct lm_baseline *read_baseline(struct lm_against *against,
                                               const struct lm_spec *spec)
{
    if (!against->is_asked)
        lm_baseline_read(&against->baseline, against->arena, spec->baseline, &against->unread);
    against->is_asked = true;
    return against->unread.status == LM_OK ? &against->baseline : NULL;
}

const struct lm_baseline *lm_against_baseline(const struct lm_plan *plan)
{
    bool has_one = plan->spec->baseline != NULL && plan->against != NULL;
    return has_one ? read_baseline(plan->against, plan->spec) : NULL;
}

/** Why the baseline could not be read: without its path, since reports show it. */
static const char *unread(const struct lm_against *against, const struct lm_spec *spec)
{
    size_t length = strlen(spec->baseline);
    const char *text = against->unread.text;
    if (against->unread.status == LM_NOT_FOUND)
        return "its file does not exist; write it with lmpipe exp export";
    return strncmp(text, spec->baseline, length) == 0 && strncmp(text + length, ": ", 2) == 0
               ? text + length + 2
               : text;
}

/** Path of a file of the items a record has; NULL: there is none. */
static const char *items_path(const struct lm_plan *plan, struct lm_arena *arena,
                              const struct lm_record *record, const char *file)
{
    const struct lm_output *output = lm_record_output(record, "items");
    for (size_t i = 0; output != NULL && i < output->file_count; i++)
        if (strcmp(output->files[i].name, file) == 0)
            return lm_store_object_path(plan->store, arena, &output->files[i].object);
    return NULL;
}

/** The question's answer, or in *why what stands in the way of asking it. */
static enum lm_status compare(struct lm_worsening *out, const char **why,
                              const struct lm_plan *plan, const struct lm_spec_gate *gate,
                              const struct lm_record *record, struct lm_err *err)
{
    char set[LM_PAIRING_FILE];
    struct lm_items items;
    struct lm_against *against = plan->against;
    struct lm_arena *arena = against->arena;
    const char *id = plan->spec->stages[gate->stage].id;
    const struct lm_baseline *baseline = read_baseline(against, plan->spec);
    const struct lm_baseline_stage *stage =
        baseline != NULL ? lm_baseline_find(baseline, id) : NULL;
    struct lm_pairing pairing = lm_pairing_find(gate->metric);
    *why = NULL;
    if (baseline == NULL)
        *why = lm_arena_printf(arena, "there is no baseline: %s", unread(against, plan->spec));
    else if (stage == NULL)
        *why = lm_arena_printf(arena, "the baseline has no stage %s", id);
    else if (pairing.without != NULL)
        *why = lm_arena_printf(arena, "it cannot be compared item by item: %s; use min or max",
                               pairing.without);
    if (*why != NULL)
        return LM_OK;
    const char *path = items_path(plan, arena, record, pairing.file);
    const struct lm_items *theirs =
        lm_baseline_items(stage, lm_items_set(set, sizeof set, pairing.file));
    if (path == NULL || theirs == NULL)
        *why = lm_arena_printf(arena, "%s has no items of %s",
                               path == NULL ? id : "the baseline's run", set);
    if (path == NULL || theirs == NULL)
        return LM_OK;
    LM_TRY(lm_items_read(&items, arena, path, err));
    const struct lm_worsening_question question = {
        .pairing = &pairing,
        .better = gate->better,
        .margin = gate->margin,
        .is_relative = gate->is_relative,
        .confidence = gate->confidence,
        .resamples = RESAMPLES,
        .rng = lm_rng_stream(0, "gate"),
    };
    return lm_compare_worsening(out, &items, theirs, &question, arena, err);
}

enum lm_status lm_against_decide(enum lm_gate_verdict *verdict, const char **reason,
                                 const struct lm_plan *plan, size_t index,
                                 const struct lm_record *record, struct lm_err *err)
{
    static const enum lm_gate_verdict verdicts[] = {[LM_WORSENING_PASS] = LM_GATE_PASS,
                                                    [LM_WORSENING_FAIL] = LM_GATE_FAIL,
                                                    [LM_WORSENING_UNDECIDED] = LM_GATE_UNDECIDED};

    struct decision *decision = &plan->against->decisions[index];
    struct lm_worsening answer = {.result = LM_WORSENING_UNDECIDED};
    const char *why = NULL;
    if (decision->record != record) {
        LM_TRY(compare(&answer, &why, plan, &plan->spec->gates[index], record, err));
        *decision = (struct decision){
            .record = record,
            .verdict = why != NULL ? LM_GATE_UNDECIDED : verdicts[answer.result],
            .reason = why != NULL ? why : lm_arena_strdup(plan->against->arena, answer.reason)};
    }
    *verdict = decision->verdict;
    *reason = decision->reason;
    return *reason != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "no memory to decide the gates");
}
