/* A plan for people, a line a stage, and for machines. */
#include "plan/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "page/numtext.h"

/** "hit", "run", "maybe", "resume@120". */
static void put_state(struct lm_buf *out, const struct lm_plan_stage *stage)
{
    if (stage->state == LM_RESUME)
        lm_buf_printf(out, "resume@%" PRId64, stage->resume);
    else
        lm_buf_puts(out, stage->state == LM_HIT ? "hit" : stage->state == LM_RUN ? "run" : "maybe");
}

static void put_line(struct lm_buf *out, const char *id, const struct lm_plan_stage *stage)
{
    put_state(out, stage);
    lm_buf_printf(out, " %s %s", id, stage->reason);
    if (stage->state != LM_HIT && stage->estimate.text[0])
        lm_buf_printf(out, "; %s", stage->estimate.text);
    if (stage->state != LM_HIT && stage->estimate.flops > 0)
        lm_buf_printf(out, ", %.1e FLOP", stage->estimate.flops);
    if (stage->state != LM_HIT && stage->estimate.memory > 0)
        lm_buf_printf(out, ", %.0f MiB of memory", (double)stage->estimate.memory / 1048576);
    if (stage->state != LM_HIT && stage->last_seconds >= 1)
        lm_buf_printf(out, "; last took %s", lm_num_seconds(stage->last_seconds).text);
    lm_buf_putc(out, '\n');
}

static void put_object(struct lm_json_writer *writer, const char *id,
                       const struct lm_plan_stage *stage)
{
    char hex[LM_DIGEST_HEX];
    struct lm_buf state;
    lm_buf_init(&state, 64);
    put_state(&state, stage);
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "stage", id);
    lm_json_member_string(writer, "state", state.data ? state.data : "");
    lm_json_member_string(writer, "reason", stage->reason);
    if (stage->state == LM_RESUME)
        lm_json_member_int(writer, "resume", stage->resume);
    if (stage->keyed) {
        lm_digest_hex(hex, &stage->key);
        lm_json_member_string(writer, "key", hex);
    }
    if (stage->estimate.flops > 0)
        lm_json_member_double(writer, "flops", stage->estimate.flops);
    if (stage->estimate.memory > 0)
        lm_json_member_int(writer, "memory", (int64_t)stage->estimate.memory);
    if (stage->estimate.text[0])
        lm_json_member_string(writer, "estimate", stage->estimate.text);
    if (stage->last_seconds > 0)
        lm_json_member_double(writer, "last_seconds", stage->last_seconds);
    lm_json_close(writer, '}');
    lm_buf_release(&state);
}

enum lm_status lm_plan_print(const struct lm_plan *plan, bool json, FILE *out)
{
    struct lm_buf text;
    struct lm_json_writer writer;
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, true);
    if (json)
        lm_json_open(&writer, '[');
    for (size_t i = 0; i < plan->spec->stage_count; i++) {
        if (!plan->stages[i].selected)
            continue;
        if (json)
            put_object(&writer, plan->spec->stages[i].id, &plan->stages[i]);
        else
            put_line(&text, plan->spec->stages[i].id, &plan->stages[i]);
    }
    if (json) {
        lm_json_close(&writer, ']');
        lm_buf_putc(&text, '\n');
    }
    enum lm_status status = lm_buf_status(&text, NULL);
    if (status == LM_OK)
        fwrite(text.data ? text.data : "", 1, text.size, out);
    lm_buf_release(&text);
    return status;
}
