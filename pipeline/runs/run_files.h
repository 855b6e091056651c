/** What a run leaves behind: its record, its page, what it publishes, its verdicts. */
#ifndef LM_RUNS_RUN_FILES_H
#define LM_RUNS_RUN_FILES_H

#include "exec/exec.h"

/* publish.c */
/** Copies what the spec publishes of stages that are up to date into artifacts/<experiment>/, when
 * it is not there already; paths go to *out. LM_IO. */
enum lm_status lm_publish_all(struct lm_plan *plan, const char ***out, size_t *count,
                              struct lm_err *err);
/** "<root>/artifacts/<experiment>" in the plan's arena; NULL: out of memory. */
const char *lm_publish_folder(const struct lm_plan *plan);

/* verdicts.c */
/** 4 when one failed, else 5 when one is undecided, else 0. */
int lm_gates_exit_code(const struct lm_gate_row *gates, size_t count);

/** A run as its files tell it. */
struct lm_run_facts {
    const struct lm_exec *exec;
    const struct lm_run_result *result; /**< rows are not filled in yet */
    const char *state;                  /**< "running", "finished", "failed", "interrupted" */
    double seconds;
    int64_t started; /**< unix seconds */
    const char *host, *cpu, *kernel;
    size_t cores;
    uint64_t memory;
};

/** Machine and time. */
void lm_run_facts_init(struct lm_run_facts *facts, const struct lm_exec *exec);

/* run_record.c */
/** run.json of a run (docs/formats/events.md). */
void lm_run_record_write(struct lm_buf *out, const struct lm_run_facts *facts);
/* run_page.c */
/** run.html: times, machine, keys, versions; self-contained, no script. */
void lm_run_page_write(struct lm_buf *out, const struct lm_run_facts *facts);
/* run_speed.c */
/** Section of run.html on stages that told their phases (gauges "<phase>.seconds"): seconds,
 *  operations a second, share of the peak, memory, curves. Nothing when there are none. */
void lm_run_speed_write(struct lm_buf *out, const struct lm_exec *exec);
/* run_junit.c */
/** junit-run.xml: a case a stage, a case a gate, but for those that a report of this run publishes
 * as JUnit. */
void lm_run_junit_write(struct lm_buf *out, const struct lm_run_facts *facts);

#endif
