/** The resolved spec as the rest of pipeline/ sees it. Everything lives in the spec's arena. */
#ifndef LM_SPEC_SPEC_H
#define LM_SPEC_SPEC_H

#include <sys/stat.h>

#include <lmpipe/pipeline.h>

#include "base/buf.h"
#include "base/name_map.h"
#include "base/path_digest.h"
#include "yaml/diag.h"

/** One connection of an input port. */
struct lm_spec_input {
    const struct lm_port *port;
    size_t stage;               /**< index of the producing stage (always smaller) */
    const struct lm_port *from; /**< its output port; NULL of a METRIC */
    const char *label;          /**< of an instance that is gathered: "lr=0.001,seed=2"; else "" */
    const char *typed;          /**< "scores", "model.log" */
    struct lm_origin origin;

    enum lm_input_role {
        LM_INPUT_NEEDED,    /**< without it the stage is skipped */
        LM_INPUT_DROPPED,   /**< when it has failed the stage does without */
        LM_INPUT_CANDIDATE, /**< of a choice: taken when it is the best */
        LM_INPUT_METRIC,    /**< decides a choice; hands nothing over */
    } role;

    size_t choice; /**< CANDIDATE, METRIC: in the stage's choices */
};

/** {best: STAGE, by: STAGE.METRIC}: one of the candidates, once their metrics are known. */
struct lm_spec_choice {
    const char *text; /**< "best model by scores.valid.bpb" */
    const char *metric;
    bool higher_is_better;
    size_t first, count; /**< the candidates among the stage's inputs, in the order of ids */
    /** The stages whose metrics decide, those of candidate k in [by_first[k], by_first[k + 1]). */
    const size_t *by, *by_first;
};

/** The inputs whose artifacts a stage takes: all of a spec's, or, where some may be left out, those
 *  that were chosen. */
struct lm_taken {
    const struct lm_spec_input *rows;
    size_t count;
    bool is_known;
};

struct lm_spec_publish {
    const struct lm_port *port;
    const char *path; /**< relative to artifacts/<experiment>/, checked to stay below it */
    struct lm_origin origin;
};

/** A file or folder a stage's parameters name: enters the key by content. */
struct lm_spec_file {
    const char *param;       /**< "sources.0.url", "tasks.1" */
    const char *path;        /**< absolute */
    const struct stat *seen; /**< what stood there when the spec was read */
    const char *written;     /**< of one that another file names: as it stands there; else NULL */
    const char *lacking; /**< why there is none on this machine, so that its stage has no key; the
                            path is "" then. NULL: it is there */
    struct lm_origin at; /**< and where */
};

/** A parameter the spec gives: where, and how it is written when ${env.NAME} stands in it. */
struct lm_spec_value {
    const char *name;      /**< key name: "lr", "sources.0.url" */
    const char *written;   /**< as lm_spec_escape writes it, with ${env.NAME} unfilled, when that
                              stands in it: what keys and people see; a path is absolute. Else NULL */
    const char *by_matrix; /**< how it is written with ${matrix.AXIS} unfilled; else NULL */
    struct lm_origin origin;
};

struct lm_spec_stage {
    const char *id;        /**< "model", or of an instance "model@lr=0.001,seed=2" */
    size_t family;         /**< in spec->families */
    const uint32_t *point; /**< a point it stands for, to be read on the family's axes; or NULL */
    const struct lm_stage *type;
    void *params; /**< the type's struct, defaults filled, resolved */
    struct lm_spec_input *inputs;
    size_t input_count;
    struct lm_spec_choice *choices;
    size_t choice_count;
    bool is_selective; /**< which of its inputs it takes depends on what becomes of them */
    struct lm_spec_publish *publish;
    size_t publish_count;
    struct lm_spec_file *files;
    size_t file_count;
    struct lm_name_map file_map; /**< places of files by `param` */
    bool is_pinned;              /**< a parameter says the digest or size of another one's file */
    uint64_t seed;
    bool portable;            /**< numerics of this stage: portable, else blas */
    int64_t threads, memory;  /**< resources; 0: none given */
    const char *const *mutex; /**< NULL-terminated, or NULL */
    int64_t retries;
    double timeout;               /**< seconds; 0: none */
    struct lm_spec_value *values; /**< in the order of the file */
    size_t value_count;
    struct lm_name_map value_map; /**< their places by name */
    bool portable_given;          /**< `numerics` stands in its `with` */
    const size_t *nearest;        /**< lm_upstream_nearest, by place in the spec's types */
    const size_t
        *after; /**< stages that must have ended before this one begins, well or not; smaller */
    size_t after_count;      /**< those with gates, for types flagged experiment */
    struct lm_origin origin; /**< of its name */
    struct lm_origin seed_origin, numerics_origin; /**< file NULL: a default */
};

/** An entry of `stages:` with its instances, one for each combination of values on its axes. */
struct lm_spec_family {
    const char *id;
    uint64_t axes;                   /**< of the matrix; 0: one instance, of the same id */
    uint64_t own;                    /**< those of them that its own parameters and seed name */
    size_t first, count;             /**< in spec->stages */
    const struct lm_node *node;      /**< the stage's map as typed, variables filled in */
    const struct lm_node *in, *seed; /**< of it; or NULL */
    const struct lm_spec_publish *publish; /**< as typed: without the folder of an instance */
    size_t publish_count;
};

/** {metric: STAGE.METRIC, min, max}; unset bounds are NaN. */
struct lm_spec_gate {
    size_t stage;
    const char *metric; /**< without the stage */
    double min, max;
    bool is_against; /**< the baseline: worse than its value by at most the margin */
    double margin;
    bool is_relative;      /**< the margin is a share of the baseline's value */
    double confidence;     /**< of one side */
    enum lm_better better; /**< with a margin: lower or higher */
    const char *text;      /**< "scores.valid.bpb max 2.05" */
    const char *typed;     /**< the metric as typed: of a family there is one gate an instance */
    bool held; /**< reports wait for it and show it: its stage does not follow from a report */
    struct lm_origin origin;
};

struct lm_param_leaf;

struct lm_spec {
    struct lm_arena *arena;
    const char *path; /**< as typed */
    const char *real; /**< absolute, links resolved: the same however the spec was reached */
    const char *root; /**< absolute, links resolved */
    const char *home; /**< real below the root: what an experiment's folder and a run remember */
    const char *experiment, *description; /**< description: "" when there is none */
    struct lm_origin format_origin, experiment_origin, description_origin, seed_origin,
        numerics_origin;
    uint64_t seed;
    const struct lm_matrix *matrix;    /**< NULL: none */
    const struct lm_node *matrix_node; /**< as typed, variables filled in */
    struct lm_spec_family *families;   /**< topological order */
    size_t family_count;
    struct lm_spec_stage *stages; /**< topological order: family by family */
    size_t stage_count;
    struct lm_name_map stage_map; /**< their places by id */
    struct lm_spec_gate *gates;
    size_t gate_count;
    const struct lm_stage *const *types;
    bool is_overridden;                /**< by -S */
    const struct lm_setting *settings; /**< of -S, as typed */
    size_t setting_count;
    const char *const *vars; /**< their names, in the order of the file */
    size_t var_count;
    struct lm_digest file_digest; /**< of the spec's own file */
    struct lm_digest source; /**< of all files and settings: what is equal in it is the same spec */
    const char *baseline, *baseline_written; /**< absolute; with ${env.NAME} unfilled; or NULL */
    struct lm_origin baseline_origin;
};

/** May this spec write to artifacts/<experiment>/, which remembers that it belongs to `owner` (a
 * path below the root; NULL: to nobody)? LM_INVALID when that is another spec that is still there.
 */
enum lm_status lm_spec_check_owner(const struct lm_spec *spec, const char *owner,
                                   struct lm_err *err);
/** The place of a stage by the bytes of its id; SIZE_MAX: there is none. */
size_t lm_spec_find_bytes(const struct lm_spec *spec, const char *id, size_t length);
/** The file that a parameter of a stage names, by key name; NULL: it names none. */
const struct lm_spec_file *lm_spec_file(const struct lm_spec_stage *stage, const char *param);
/** The first file of a stage that is not on this machine; NULL: all are there. */
const struct lm_spec_file *lm_spec_lacking(const struct lm_spec_stage *stage);
/** Warns of it; returns whether there is one. */
bool lm_spec_check_lacking(const struct lm_spec *spec, size_t stage, struct lm_diag_list *diags);
/** What every stage takes, as far as it depends on nothing, parallel to the stages; in the arena.
 *  NULL: out of memory. */
struct lm_taken *lm_spec_taken(const struct lm_spec *spec, struct lm_arena *arena);
/** What the spec says of a parameter of a stage by key name ("lr", "sources.0.sha256"), or NULL. */
const struct lm_spec_value *lm_spec_value(const struct lm_spec *spec, size_t stage,
                                          const char *param);
/** Origin of a parameter by key name; file NULL for what the spec does not give: then via is NULL
 *  for a default, "derived" for what the type's resolve function has set. */
struct lm_origin lm_spec_origin(const struct lm_spec *spec, size_t stage, const char *param);
/** Warns of every local file and folder of a stage that is no longer what the spec pins it to; one
 *  that is gone is no warning. `digest` hashes a file or folder (lm_path_digest). */
void lm_spec_check_pins(const struct lm_spec *spec, size_t stage, lm_file_digest_fn *digest,
                        void *user, struct lm_diag_list *diags);
/** The same for a parameter that is being walked. */
struct lm_origin lm_spec_leaf_origin(const struct lm_spec *spec, size_t stage,
                                     const struct lm_param_leaf *leaf);
/** Appends a text as a spec writes it: "${" as "$${". */
void lm_spec_escape(struct lm_buf *out, const char *text);
/** Threads a stage gets of a budget: all, unless its `resources` or its type say less. */
size_t lm_spec_threads(const struct lm_spec *spec, size_t stage, size_t budget);
/** Estimate of a stage by its type, with a budget of `threads` ≥ 1; zeroed when it has none.
 *  `bytes`: of each of its inputs, 0 what is not known; NULL: nothing is known. */
void lm_spec_estimate(const struct lm_spec *spec, size_t stage, size_t threads,
                      const uint64_t *bytes, struct lm_estimate *out);
/** Bytes to count on for a stage: its estimate or its resources.memory, whichever is more. */
uint64_t lm_spec_need(const struct lm_spec *spec, size_t stage, const struct lm_estimate *estimate);
/** Adds a finding for a stage that cannot have the memory it needs: its estimate or its
 *  resources.memory exceeds `limit` bytes, or the one the other. Returns whether it does. */
bool lm_spec_check_memory(const struct lm_spec *spec, size_t stage,
                          const struct lm_estimate *estimate, uint64_t limit,
                          struct lm_diag_list *diags);

#endif
