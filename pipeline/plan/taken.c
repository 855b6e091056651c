/* Which of its inputs a stage takes, where that depends on what becomes of them: the best of some,
 * and those of a gather that have not failed. */
#include <math.h>
#include <string.h>

#include "plan/plan.h"

bool lm_plan_is_settled(const struct lm_plan *plan, size_t stage)
{
    const struct lm_plan_stage *s = &plan->stages[stage];
    return (s->state == LM_HIT || s->state == LM_DONE) && s->record != NULL;
}

/* ---- a choice ---- */

/** What is known of a candidate. */
enum merit { UNKNOWN, OUT_OF_THE_QUESTION, ELIGIBLE };

static bool has_diverged(const struct lm_record *record)
{
    double diverged = lm_record_metric(record, "diverged");
    return isfinite(diverged) && diverged != 0;
}

/** The mean of a candidate's metric over the stages that decide. */
static enum merit judge(const struct lm_plan *plan, const struct lm_spec_choice *choice, size_t k,
                        size_t candidate, double *value)
{
    double sum = 0;
    size_t first = choice->by_first[k], end = choice->by_first[k + 1];
    const struct lm_record *own = plan->stages[candidate].record;
    if (!lm_plan_has_ended(plan, candidate))
        return UNKNOWN;
    if (!lm_plan_is_settled(plan, candidate) || has_diverged(own))
        return OUT_OF_THE_QUESTION;
    for (size_t i = first; i < end; i++) {
        const struct lm_record *record = plan->stages[choice->by[i]].record;
        if (!lm_plan_has_ended(plan, choice->by[i]))
            return UNKNOWN;
        if (!lm_plan_is_settled(plan, choice->by[i]) || has_diverged(record))
            return OUT_OF_THE_QUESTION;
        sum += lm_record_metric(record, choice->metric);
    }
    *value = sum / (double)(end - first);
    return isfinite(*value) ? ELIGIBLE : OUT_OF_THE_QUESTION;
}

/** The best candidate's row; SIZE_MAX: there is none. *known: all merits are. */
static size_t find_best(const struct lm_plan *plan, const struct lm_spec_stage *stage,
                        const struct lm_spec_choice *choice, double *best, bool *known)
{
    size_t found = SIZE_MAX;
    *known = true;
    for (size_t k = 0; k < choice->count; k++) {
        double value = 0;
        enum merit merit = judge(plan, choice, k, stage->inputs[choice->first + k].stage, &value);
        *known = *known && merit != UNKNOWN;
        if (merit != ELIGIBLE)
            continue;
        if (found == SIZE_MAX || (choice->higher_is_better ? value > *best : value < *best)) {
            found = choice->first + k;
            *best = value;
        }
    }
    return found;
}

/* ---- what is taken ---- */

/** Is it known whether this input, which may be left out, is there? */
static bool is_decided(const struct lm_plan *plan, const struct lm_spec_input *input)
{
    if (input->role == LM_INPUT_NEEDED)
        return lm_plan_is_settled(plan, input->stage);
    return input->role != LM_INPUT_DROPPED || lm_plan_has_ended(plan, input->stage);
}

/** Those that a list does without are left out, but where the stage names them. */
static bool is_taken(const struct lm_plan *plan, const struct lm_spec_input *input, size_t row,
                     const size_t *chosen)
{
    if (input->role == LM_INPUT_DROPPED)
        return lm_plan_is_settled(plan, input->stage) || (input->port->flags & LM_PORT_LABELS);
    if (input->role == LM_INPUT_CANDIDATE)
        return chosen[input->choice] == row;
    return input->role == LM_INPUT_NEEDED;
}

/** Decides all choices of a stage; *known: none of them waits. */
static enum lm_status choose(struct lm_plan *plan, size_t stage, size_t *chosen, bool *known,
                             struct lm_err *err)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    *known = true;
    for (size_t c = 0; c < s->choice_count && *known; c++) {
        double best = 0;
        chosen[c] = find_best(plan, s, &s->choices[c], &best, known);
        if (*known && chosen[c] == SIZE_MAX)
            return lm_fail(err, LM_NOT_FOUND,
                           "%s: %s: none of the %zu has a finite metric; look at those that failed "
                           "or diverged",
                           s->id, s->choices[c].text, s->choices[c].count);
    }
    return LM_OK;
}

enum lm_status lm_plan_take(struct lm_plan *plan, size_t stage, struct lm_err *err)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    struct lm_taken *taken = &plan->taken[stage];
    size_t *chosen = LM_NEW_ARRAY(plan->arena, size_t, s->choice_count + 1);
    struct lm_spec_input *rows = LM_NEW_ARRAY(plan->arena, struct lm_spec_input, s->input_count);
    bool known = true;
    if (chosen == NULL || rows == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to plan it; free some", plan->spec->path);
    *taken = (struct lm_taken){.rows = rows};
    for (size_t i = 0; i < s->input_count && known; i++)
        known = is_decided(plan, &s->inputs[i]);
    if (known)
        LM_TRY(choose(plan, stage, chosen, &known, err));
    for (size_t i = 0; i < s->input_count && known; i++)
        if (is_taken(plan, &s->inputs[i], i, chosen))
            rows[taken->count++] = s->inputs[i];
    taken->is_known = known;
    return LM_OK;
}

/** Was the same said of an earlier input of the stage? */
static bool is_told(const struct lm_spec_stage *stage, size_t choice)
{
    for (size_t c = 0; c < choice; c++)
        if (strcmp(stage->choices[c].text, stage->choices[choice].text) == 0)
            return true;
    return false;
}

const char *lm_plan_choices(const struct lm_plan *plan, size_t stage)
{
    const struct lm_spec_stage *s = &plan->spec->stages[stage];
    const char *text = "";
    for (size_t c = 0; c < s->choice_count && plan->taken[stage].is_known && text != NULL; c++) {
        bool known;
        double best = 0;
        char number[32];
        size_t row = find_best(plan, s, &s->choices[c], &best, &known);
        if (row == SIZE_MAX || is_told(s, c))
            continue;
        lm_format_double(number, best);
        text = lm_arena_printf(plan->arena, "%s%schose %s: %s, %s", text, text[0] ? "; " : "",
                               plan->spec->stages[s->inputs[row].stage].id, s->choices[c].text,
                               number);
    }
    return text != NULL ? text : "";
}
