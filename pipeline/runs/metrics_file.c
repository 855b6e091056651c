/* metrics.json (docs/formats/ci.md): numbers by name, no time, no machine. */
#include "base/json.h"
#include "runs/run_files.h"

void lm_run_metrics_write(struct lm_buf *out, const struct lm_run_facts *facts)
{
    struct lm_json_writer writer;
    struct lm_buf name;
    lm_buf_init(&name, 0);
    lm_json_begin(&writer, out, true);
    lm_json_open(&writer, '{');
    for (size_t i = 0; i < facts->spec->stage_count; i++) {
        const struct lm_record *record = facts->plan->stages[i].record;
        bool is_here = facts->plan->stages[i].selected && lm_state_is_fine(facts->stages[i].state);
        for (size_t k = 0; is_here && record != NULL && k < record->metric_count; k++) {
            lm_buf_clear(&name);
            lm_buf_printf(&name, "%s.%s", facts->spec->stages[i].id, record->metrics[k].name);
            if (!name.failed)
                lm_json_member_double(&writer, name.data, record->metrics[k].value);
        }
    }
    lm_json_close(&writer, '}');
    lm_buf_putc(out, '\n');
    out->failed = out->failed || name.failed;
    lm_buf_release(&name);
}
