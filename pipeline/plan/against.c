#include "plan/against.h"

#include <string.h>

#include "compare/baseline.h"
#include "compare/reason.h"
#include "compare/worsening.h"

enum { RESAMPLES = 10000 };

/** What was decided of a gate. */
struct decision {
    const struct lm_record *record; /**< of which it is true; NULL: none yet */
    enum lm_gate_verdict verdict;
    struct lm_reason why;
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
static struct lm_reason unread(const struct lm_against *against, const struct lm_spec *spec)
{
    size_t length = strlen(spec->baseline);
    const char *text = against->unread.text;
    if (against->unread.status == LM_NOT_FOUND)
        return (struct lm_reason){.kind = LM_REASON_NO_BASELINE};
    bool has_path =
        strncmp(text, spec->baseline, length) == 0 && strncmp(text + length, ": ", 2) == 0;
    return (struct lm_reason){.kind = LM_REASON_UNREAD_BASELINE,
                              .parts = {has_path ? text + length + 2 : text}};
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

/** What of the baseline's run a gate is about, or NULL and why there is nothing. */
static const struct lm_items *find_theirs(struct lm_reason *why, const struct lm_plan *plan,
                                          const struct lm_spec_gate *gate,
                                          const struct lm_pairing *pairing, const char *set)
{
    const char *id = plan->spec->stages[gate->stage].id;
    const struct lm_baseline *baseline = read_baseline(plan->against, plan->spec);
    const struct lm_baseline_stage *stage =
        baseline != NULL ? lm_baseline_find(baseline, id) : NULL;
    const struct lm_items *theirs = lm_baseline_items(stage, set);
    if (baseline == NULL)
        *why = unread(plan->against, plan->spec);
    else if (stage == NULL)
        *why = (struct lm_reason){.kind = LM_REASON_NO_STAGE, .parts = {id}};
    else if (pairing->without != LM_REASON_NONE)
        *why = (struct lm_reason){
            .kind = LM_REASON_NOT_PAIRED, .because = pairing->without, .parts = {pairing->item}};
    else if (theirs == NULL)
        *why = (struct lm_reason){
            .kind = LM_REASON_NO_ITEMS_OF,
            .parts = {"the baseline's run", lm_arena_strdup(plan->against->arena, set)}};
    return why->kind == LM_REASON_NONE ? theirs : NULL;
}

/** The question's answer; undecided where something stands in the way of asking it. */
static enum lm_status compare(struct lm_worsening *out, const struct lm_plan *plan,
                              const struct lm_spec_gate *gate, const struct lm_record *record,
                              struct lm_err *err)
{
    char set[LM_PAIRING_FILE];
    struct lm_items items;
    struct lm_arena *arena = plan->against->arena;
    struct lm_pairing pairing = lm_pairing_find(gate->metric);
    lm_items_set(set, sizeof set, pairing.file);
    const struct lm_items *theirs = find_theirs(&out->reason, plan, gate, &pairing, set);
    const char *path = items_path(plan, arena, record, pairing.file);
    if (theirs == NULL)
        return LM_OK;
    if (path == NULL) {
        out->reason = (struct lm_reason){
            .kind = LM_REASON_NO_ITEMS_OF,
            .parts = {plan->spec->stages[gate->stage].id, lm_arena_strdup(arena, set)}};
        return LM_OK;
    }
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

enum lm_status lm_against_decide(enum lm_gate_verdict *verdict, struct lm_reason *why,
                                 const struct lm_plan *plan, size_t index,
                                 const struct lm_record *record, struct lm_err *err)
{
    static const enum lm_gate_verdict verdicts[] = {[LM_WORSENING_PASS] = LM_GATE_PASS,
                                                    [LM_WORSENING_FAIL] = LM_GATE_FAIL,
                                                    [LM_WORSENING_UNDECIDED] = LM_GATE_UNDECIDED};

    struct decision *decision = &plan->against->decisions[index];
    struct lm_worsening answer = {.result = LM_WORSENING_UNDECIDED};
    if (decision->record != record) {
        LM_TRY(compare(&answer, plan, &plan->spec->gates[index], record, err));
        *decision = (struct decision){record, verdicts[answer.result], answer.reason};
    }
    *verdict = decision->verdict;
    *why = decision->why;
    return LM_OK;
}
