/* What a run found, with its place in the spec: for whoever marks it there. */
#include <stdlib.h>

#include "base/io.h"
#include "runs/run_files.h"

const char *lm_run_file_below(struct lm_run_file *memo, const struct lm_spec *spec,
                              const char *file)
{
    if (file == NULL)
        return spec->home;
    if (memo->file == file)
        return memo->below;
    char *real = realpath(file, NULL);
    const char *below = real != NULL ? lm_path_below(real, spec->root) : NULL;
    const char *copy = below != NULL ? lm_arena_strdup(spec->arena, below) : NULL;
    free(real);
    *memo = (struct lm_run_file){.file = file, .below = copy != NULL ? copy : file};
    return memo->below;
}

enum lm_status lm_run_findings(struct lm_diags *out, struct lm_arena *arena,
                               const struct lm_run_facts *facts, struct lm_err *err)
{
    static const char *const words[] = {
        [LM_GATE_FAIL] = "gate failed", [LM_GATE_UNDECIDED] = "gate undecided"};
    const struct lm_spec *spec = facts->spec;
    struct lm_diag_list list = {.arena = arena};
    for (size_t i = 0; i < spec->stage_count; i++)
        if (facts->plan->stages[i].selected && facts->stages[i].state == LM_FAILED)
            lm_diag_error(&list, &spec->stages[i].origin, spec->stages[i].id, "stage failed: %s",
                          facts->stages[i].error != NULL ? facts->stages[i].error : "no reason");
    for (size_t i = 0; i < facts->result->gate_count; i++) {
        const struct lm_gate_row *gate = &facts->result->gates[i];
        if (gate->verdict == LM_GATE_FAIL || gate->verdict == LM_GATE_UNDECIDED)
            lm_diag_error(&list, &spec->gates[i].origin, gate->name, "%s: %s", words[gate->verdict],
                          gate->reason);
    }
    if (list.failed)
        return lm_fail(err, LM_NOMEM, "no memory to list what the run found; free some");
    *out = (struct lm_diags){list.items, list.count, list.errors};
    return LM_OK;
}
