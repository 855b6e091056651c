/**
 * Recorded runs (docs/formats/runs.md): every `lmpipe run` leaves a record in its store, which
 * outlives the results.
 *
 * RUN is a run's id or a beginning of it that no other has, a tag, `last`, `last~1` (the one
 * before), or the path of a spec (its last run). Functions that take one give LM_INVALID when no
 * run is called so, or several are; the text names the nearest. LM_FORMAT: its record is damaged;
 * LM_IO, LM_NOMEM.
 */
#ifndef LMPIPE_RUNS_H
#define LMPIPE_RUNS_H

#include <lmpipe/pipeline.h>

enum lm_runs_format { LM_RUNS_TEXT, LM_RUNS_JSON, LM_RUNS_CSV };

/** The runs of a store, newest first, a line each; those of a spec (its path), or of all (NULL).
 *  JSON: an array of objects; CSV: RFC 4180 with a header. Mends the index. LM_INVALID: there is no
 *  such spec. */
enum lm_status lm_runs_list(const struct lm_store *store, const char *spec,
                            enum lm_runs_format format, FILE *out, struct lm_err *err);
/** A run: what it was about, its stages, gates, metrics with intervals. With a stage's id: all that
 *  is known of that stage: parameters, key text, metrics, outputs. LM_INVALID: no such stage. */
enum lm_status lm_run_show(const struct lm_store *store, const char *run, const char *stage,
                           bool json, FILE *out, struct lm_err *err);

/** Gives a run a name, which may have been another's; run NULL: takes the name away. LM_INVALID: as
 *  above, no name that a run may have, or no such name. */
enum lm_status lm_run_tag(const struct lm_store *store, const char *tag, const char *run,
                          struct lm_err *err);
/** Prints "TAG RUN" lines, or a JSON object. */
enum lm_status lm_run_tags(const struct lm_store *store, bool json, FILE *out, struct lm_err *err);
/** Removes the record of a run, no results. LM_INVALID: as above, or it has a tag, or is going on.
 */
enum lm_status lm_run_remove(const struct lm_store *store, const char *run, struct lm_err *err);

/** Is the file an exported run? Functions below that take a SIDE take RUN, the path of such a file,
 * or either with ":STAGE" behind it: one stage, such as "spec.yaml:scores@lr=0.001". */
bool lm_run_is_baseline(const char *path);
/** The spec of a SIDE that is a run, below its root, in the arena. LM_INVALID: as above, or an
 * exported run. */
enum lm_status lm_run_home(const char **out, struct lm_arena *arena, const struct lm_store *store,
                           const char *name, struct lm_err *err);
/** What differs between two SIDEs, or between one and what a plan would do (b NULL): parameters,
 *  metrics, digests of outputs by stage. store NULL: there are only exported runs. */
enum lm_status lm_runs_diff(const struct lm_store *store, const char *a, const char *b,
                            const struct lm_plan *now, bool json, FILE *out, struct lm_err *err);

struct lm_compare_request {
    const char *metric; /**< NULL: valid.bpb, or the first usual one that there is */
    const char *page;   /**< where the page goes, or NULL */
    enum lm_runs_format format;
    bool is_plain; /**< of LM_RUNS_TEXT: for a terminal, names as they are and not as Markdown */
};
/** Compares SIDEs by the stages that evaluate, paired by document or example as the stage type
 * compare does: all to the first, or the instances of one run to the best. Prints Markdown, JSON or
 * CSV. LM_INVALID: also a SIDE without scores, or an unknown metric. */
enum lm_status lm_runs_compare(struct lm_store *store, const char *const *names, size_t count,
                               const struct lm_compare_request *request, FILE *out,
                               struct lm_err *err);

/** What one run left of a stage, read as it grows. */
struct lm_run_log;

/** Receives bytes that the stage wrote, in pieces: its notes, and what its process printed. */
typedef void lm_run_text_fn(void *user, const char *bytes, size_t size);
/** Receives an event of the stage, or of the run, with the seconds since the run began; borrowed.
 */
typedef void lm_run_past_fn(void *user, const struct lm_run_event *event, double seconds);

/** Opens what the newest run of the experiment in which the stage was executed left of it; with
 *  `after` only a run that began after the one of that id. LM_NOT_FOUND: there is none. The plan
 *  must outlive it. */
enum lm_status lm_run_log_open(struct lm_run_log **out, const struct lm_plan *plan, size_t stage,
                               const char *after, struct lm_err *err);
/** Id of its run; owned by it. */
const char *lm_run_log_id(const struct lm_run_log *log);
/** Tells what has come since the last time, first the text, then the events. LM_IO, LM_NOMEM. */
enum lm_status lm_run_log_read(struct lm_run_log *log, lm_run_text_fn *on_text,
                               lm_run_past_fn *on_event, void *user, struct lm_err *err);
/** Whether its run is going on. */
bool lm_run_log_is_live(const struct lm_run_log *log);
void lm_run_log_close(struct lm_run_log *log); /**< NULL is fine */
/** Id of the newest run of the experiment, when it is going on; else NULL. In the plan's arena. */
const char *lm_run_live(const struct lm_plan *plan);

/** Writes the log of a training as an event file of TensorBoard in folder/<stage id>/, which is
 * made; one that is there is replaced. Times are steps, tags the log's names ("loss", "valid_loss",
 * …). LM_INVALID: the stage keeps no log of steps; LM_NOT_FOUND: it has no result yet; LM_FORMAT,
 * LM_IO, LM_NOMEM. */
enum lm_status lm_run_tensorboard(const struct lm_plan *plan, size_t stage, const char *folder,
                                  struct lm_err *err);

/** Writes a run as a baseline (docs/formats/baseline.md), atomically. *left: stages that have no
 *  result and are not in it. LM_NOT_FOUND: its results are no longer in the store, or nothing in it
 *  has a metric. */
enum lm_status lm_run_export(struct lm_store *store, const char *run, const char *path,
                             size_t *left, struct lm_err *err);

#endif
