/** What a run leaves behind: its record, its page, its decisions on gates. All of it is written
 * from struct lm_run_facts, which exec/ fills in: nothing here knows how stages are executed. */
#ifndef LM_RUNS_RUN_FILES_H
#define LM_RUNS_RUN_FILES_H

#include "base/buf.h"
#include "base/json.h"
#include "plan/plan.h"
#include "runs/telemetry.h"

/** A stage that was executed in this run. */
struct lm_execution {
    const char *reason;            /**< why */
    double begin;                  /**< seconds since the run began */
    double seconds;                /**< of all attempts */
    double attempt_seconds;        /**< of the last one */
    double cpu_seconds;            /**< of the last one */
    uint64_t memory;               /**< peak resident bytes of the last one */
    size_t threads;                /**< it was given */
    int64_t attempts;              /**< ≥ 1 */
    int64_t resumed;               /**< position of the checkpoint or state it began from, or -1 */
    struct lm_telemetry telemetry; /**< of the last one */
};

/** One stage of a run. */
struct lm_run_stage {
    enum lm_state state;            /**< LM_HIT, LM_DONE, LM_FAILED, LM_SKIPPED, LM_STOPPED */
    const char *error;              /**< one line, or NULL */
    struct lm_execution *execution; /**< NULL: it was not executed */
};

/** A run as its files tell it. */
struct lm_run_facts {
    const struct lm_spec *spec;
    const struct lm_plan *plan; /**< as it is at the end: keys, records, estimates */
    const char *id;
    struct lm_run_stage *stages;        /**< parallel to spec->stages */
    size_t executed;                    /**< stages */
    size_t budget;                      /**< threads */
    const struct lm_run_result *result; /**< rows are not filled in yet */
    const char *state;                  /**< "running", "done", "hit", "failed", "interrupted" */
    double seconds;
    int64_t started; /**< unix seconds */
    const char *host, *cpu, *kernel;
    size_t cores;
    uint64_t memory;
    size_t published;    /**< so many outputs were, in the order of stages */
    const char *results; /**< name of the file of its results in the store; NULL: none yet */
    const struct lm_run_job *job; /**< of CI, that it is part of; NULL: none */
};

/** Fills in machine and time of a run that began at begin_ns (monotonic). Texts in the arena. */
void lm_run_facts_init(struct lm_run_facts *facts, struct lm_arena *arena, uint64_t begin_ns);
/** True for stages whose result is there: hit or done. */
bool lm_state_is_fine(enum lm_state state);

/* verdicts.c */
/** 4 when one failed, else 5 when one is undecided, else 0. */
int lm_gates_exit_code(const struct lm_gate_row *gates, size_t count);

/* run_record.c */
/** run.json of a run as it is published (docs/formats/events.md): whole. */
void lm_run_record_write(struct lm_buf *out, const struct lm_run_facts *facts);
/** Does the run.json at `path`, as it was published, tell of these results, and of a run that ended
 *  as this one? False where it cannot be read. facts: results, result. */
bool lm_run_record_tells(const char *path, const struct lm_run_facts *facts);
/** run.json of the store: without what the files `specs` and `results` (their names) say of every
 *  stage. results NULL: the run has just begun. */
void lm_run_brief_write(struct lm_buf *out, const struct lm_run_facts *facts,
                        const char *parameters, const char *results);
/** The line of a run in the index of runs: JSON without line breaks. */
void lm_run_summary_write(struct lm_buf *out, const struct lm_run_facts *facts);
/** Members that tell the result of a key. */
void lm_run_result_put(struct lm_json_writer *writer, const struct lm_record *record);
/** A gate, decided, as an object. */
void lm_run_gate_put(struct lm_json_writer *writer, const struct lm_gate_row *gate);
/** Member `settings`: the options -S, without what may be a secret in an address. */
void lm_run_settings_put(struct lm_json_writer *writer, const struct lm_spec *spec);
/** Which side of a metric of a whole stage or split ("valid.bpb") is better; LM_BETTER_NONE also of
 *  metrics of parts ("blimp.anaphor.acc"). */
enum lm_better lm_run_better(const struct lm_spec_stage *stage, const char *metric);
/* run_params.c */
/** Members that tell a stage's `point`, `seed`, `numerics` and `params` by dotted names; secrets
 *  are masked as in keys. */
void lm_run_params_put(struct lm_json_writer *writer, const struct lm_spec *spec, size_t i);
/* run_keep.c */
/** Bytes of a line of results: the name of what is known of a key, a space, and that of its file.
 */
#define LM_RESULT_LINE (2 * LM_DIGEST_HEX - 1)
/** The text of a line of parameters: a stage of a spec, as JSON. */
void lm_run_parameters_put(struct lm_buf *out, const struct lm_spec *spec, size_t i);
/** What is known of the key of a stage that is keyed, as JSON. */
void lm_run_key_put(struct lm_buf *out, const struct lm_plan_stage *planned);
/** Leaves what is to be known of a run when it was killed: at its beginning, once events.jsonl is
 *  locked. facts: spec, plan, id, started. LM_IO, LM_NOMEM. */
enum lm_status lm_run_keep_begin(const struct lm_run_facts *facts, struct lm_err *err);
/** Leaves its record: at its end, whole facts, of which it sets `results`. LM_IO, LM_NOMEM. */
enum lm_status lm_run_keep_end(struct lm_run_facts *facts, struct lm_err *err);
/* run_root.c */
/** What its spec needs of the store, beside its path (store/roots.h). is_end false: at the
 *  beginning, when the spec is new to the store; true: at the end of a run without -S. When nothing
 *  has changed it costs a look at the first line of a file. LM_IO, LM_NOMEM. */
enum lm_status lm_run_root_keep(const struct lm_run_facts *facts, bool is_end, struct lm_err *err);
/* run_page.c */
/** run.html: times, machine, keys, versions; self-contained, no script. */
void lm_run_page_write(struct lm_buf *out, const struct lm_run_facts *facts);
/* run_speed.c */
/** Section of run.html on stages that told their phases (gauges "<phase>.seconds"): seconds,
 *  operations a second, share of the peak, memory, curves. Nothing when there are none. */
void lm_run_speed_write(struct lm_buf *out, const struct lm_run_facts *facts);

/* ---- for CI (docs/formats/ci.md) ---- */

/* run_junit.c */
/** junit-run.xml: a case a stage, and a case a gate but for those that a report of this run
 *  publishes as JUnit. */
void lm_run_junit_write(struct lm_buf *out, const struct lm_run_facts *facts);
/* metrics_file.c */
/** metrics.json: the metrics of all stages whose results are there, by "STAGE.METRIC". */
void lm_run_metrics_write(struct lm_buf *out, const struct lm_run_facts *facts);
/* provenance.c */
/** provenance.json: what was published, of what, how and by whom. Nothing when nothing was. */
void lm_run_provenance_write(struct lm_buf *out, const struct lm_run_facts *facts);
/* job_summary.c */
/** No summary has more bytes: sites refuse comments beyond 64 KiB. */
#define LM_JOB_SUMMARY_MAX 60000
/** summary.md: result, what failed, gates, changes against the baseline, stages. Markdown; foreign
 *  text is neutralised (page/markdown.h). */
void lm_run_job_summary_write(struct lm_buf *out, const struct lm_run_facts *facts);

/* annotations.c */
/** Where a file of a spec is below its root; remembers the last one. */
struct lm_run_file {
    const char *file, *below;
};

/** A file that a spec is made of, as from its root; one elsewhere as it is; NULL: the spec's own.
 */
const char *lm_run_file_below(struct lm_run_file *memo, const struct lm_spec *spec,
                              const char *file);
/** Failed stages, failed and undecided gates as errors at their places in the spec: LM_DIAG_MAX at
 *  most. LM_NOMEM. */
enum lm_status lm_run_findings(struct lm_diags *out, struct lm_arena *arena,
                               const struct lm_run_facts *facts, struct lm_err *err);

#endif
