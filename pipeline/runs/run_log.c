#include <string.h>

#include "base/io.h"
#include "plan/plan.h"

#define STAMP 20 /**< bytes of a run id before its experiment: "20261123T182500.123-" */

enum lm_status lm_run_log_path(const struct lm_plan *plan, size_t stage, const char **path,
                               struct lm_err *err)
{
    struct lm_names runs = {0};
    const struct lm_spec *spec = plan->spec;
    const char *folder = lm_path_join(plan->arena, lm_store_path(plan->store), "runs");
    if (folder == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory looking for a log");
    LM_TRY(lm_dir_list(&runs, plan->arena, folder, err));
    for (size_t i = runs.count; i > 0; i--) {
        const char *name = runs.items[i - 1];
        if (strlen(name) <= STAMP || strcmp(name + STAMP, spec->experiment) != 0)
            continue;
        const char *log =
            lm_arena_printf(plan->arena, "%s/%s/logs/%s.log", folder, name, spec->stages[stage].id);
        if (log == NULL)
            return lm_fail(err, LM_NOMEM, "out of memory looking for a log");
        if (lm_path_exists(log)) {
            *path = log;
            return LM_OK;
        }
    }
    return lm_fail(err, LM_NOT_FOUND, "%s has not run yet; no log", spec->stages[stage].id);
}
