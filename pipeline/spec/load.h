/** Loading a spec, in passes over one struct: files and includes, variables, stages, wires, gates.
 *  Private to the files that make a struct lm_spec. */
#ifndef LM_SPEC_LOAD_H
#define LM_SPEC_LOAD_H

#include "spec/matrix.h"
#include "spec/spec.h"
#include "yaml/yaml_node.h"

/** A file that took part. */
struct lm_load_file {
    const char *name;   /**< for places: as typed, includes joined to their includer's folder */
    const char *real;   /**< absolute, links resolved */
    const char *folder; /**< of real: paths named in it are relative to this */
    struct lm_digest digest; /**< of its bytes */
};

/** An entry of vars, -S applied. */
struct lm_load_var {
    const char *name;
    const struct lm_node *value;
};

/** A connection as typed: how many of the producer's instances each instance takes, and which. */
struct lm_load_input {
    const struct lm_port *port;
    const struct lm_node *node; /**< "stage", "stage.port", or {gather|select|best: …} */
    const struct lm_node *ref;  /**< the reference in it */

    enum lm_load_take { LM_TAKE_ALIGNED, LM_TAKE_GATHER, LM_TAKE_SELECT, LM_TAKE_BEST } take;

    bool drop;     /**< gather: those that failed are left out */
    size_t family; /**< place in the file of the producer; SIZE_MAX: unknown, reported */
    const struct lm_port *from; /**< NULL: none fits, reported */
    const struct lm_node *over; /**< gather, best: names of axes; or NULL */
    /* select */
    uint64_t given;                /**< axes whose value is given */
    const struct lm_node **wanted; /**< (axes) their values; may hold ${matrix.}; NULL: fixed */
    uint32_t *fixed;               /**< (axes) their values, when all of them are literal */
    /* best */
    const struct lm_node *by, *mean_over; /**< the metric; names of axes, or NULL */
    size_t by_family;
    const char *metric;
    bool higher_is_better;
    uint64_t mean; /**< axes of mean_over */
    /** Axes on which the producer's instances agree with the one that takes them. */
    uint64_t common;
};

/** A family of stages while it is being read, in file order: an entry of `stages:`. */
struct lm_load_stage {
    const struct lm_node *node;
    struct lm_spec_stage *stage; /**< what all instances share, and the family's name as id; type
                                    NULL: unknown, already reported */
    struct lm_load_input *inputs;
    size_t input_count, input_capacity, value_capacity;
    const struct lm_node *with, *seed; /**< or NULL */
    uint64_t own;                      /**< axes that its own `with` and `seed` name */
    uint64_t axes;                     /**< all that it varies by */
    bool resolved;                     /**< its parameters are whole: read without a finding */
    bool is_unbound;     /**< its outputs are not known, as its parameters have findings */
    bool follows_report; /**< it is a report (a type flagged experiment), or takes something of one
                          */
    int mark;            /**< of the topological sort */
    size_t place;        /**< among the families, after the sort */
    size_t first, count; /**< its instances in spec->stages */
};

/** The points of a matrix seen along some of its axes: those that agree on them are one group. */
struct lm_projection {
    uint64_t axes;
    uint32_t *group; /**< (points) */
    uint32_t *first; /**< (groups) the first point of each */
    uint32_t *order; /**< (groups) by their values, axes by name: numbers by value, then text */
    size_t count;    /**< of groups; without a matrix 1 */
};

struct lm_load {
    struct lm_arena *arena;
    const struct lm_spec_options *options;
    struct lm_diag_list diags;
    struct lm_load_file *files; /**< files[0]: the spec */
    size_t file_count, file_capacity;
    size_t bytes, values; /**< of all files, aliases expanded */
    struct lm_load_var *vars;
    const char **var_names; /**< for suggestions */
    struct lm_name_map var_map;
    size_t var_count, substituted, expanded;
    const struct lm_node *root; /**< merged, variables filled in */
    struct lm_spec *spec;
    struct lm_load_stage *stages; /**< in file order */
    const char **stage_names;
    struct lm_name_map stage_map; /**< their places in the file */
    size_t stage_count;
    struct lm_projection **projections; /**< made when first asked for */
    size_t projection_count, projection_capacity;
    bool unordered; /**< there is a cycle, reported */
    bool portable;  /**< numerics of the experiment */
    bool broken;    /**< a file could not be read: what is missing would be reported wrongly */
};

/** Reads the spec and what it includes into load->root. LM_IO, LM_NOT_FOUND: the spec itself
 *  cannot be read; everything else goes to the findings. */
enum lm_status lm_load_files(struct lm_load *load, const char *path, struct lm_err *err);
/** Absolute folder that paths at `at` are relative to. */
const char *lm_load_folder(const struct lm_load *load, const struct lm_origin *at);

/** Reads vars and -S, fills in every ${var} of load->root. */
void lm_load_vars(struct lm_load *load);
/** Applies -S to a variable, an axis or a parameter (then load->root is another tree). */
void lm_load_setting(struct lm_load *load, const struct lm_setting *setting);
/** The value of a variable; after a finding one that fails silently where it is used. */
const struct lm_node *lm_load_literal(struct lm_load *load, const struct lm_node *node,
                                      const char *field);
bool lm_load_is_name(const char *text); /**< letters, digits, _ and -, no digit first */
/** The tree with ${matrix.AXIS} filled in by a point's values; shares what holds none. */
const struct lm_node *lm_load_fill_point(struct lm_load *load, const struct lm_node *node,
                                         const uint32_t *point, const char *field);
/** The axes that ${matrix.AXIS} in a tree names. */
uint64_t lm_load_axes_of(const struct lm_load *load, const struct lm_node *node);
/** The first "${" that is no "$${", or NULL. */
const char *lm_load_first_reference(const char *text);
/** The text of a literal with $${ read as ${; NULL when memory is out. */
const char *lm_load_unescape(struct lm_load *load, const char *text);
/** Text as it is written with every ${env.NAME} replaced and $${ read as ${; NULL when one is not
 * set (its name then in *unset, in the arena). */
const char *lm_load_env(struct lm_load *load, const char *text, const char **unset);

/** Reads the parameters in `map` (NULL: none) for stage `build`; findings under "<stage id>.". */
void lm_load_params(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *map);
/** The same without a word, and without what the type derives: what its ports follow from. NULL:
 *  something is wrong with them. */
const void *lm_load_params_quietly(struct lm_load *load, const struct lm_load_stage *build,
                                   const struct lm_node *map);
/** Gives a family a type of its own when the ports of it follow from how it is used (ports.c):
 *  inputs from the names in `in`, outputs from the parameters in `with`; both may be NULL. */
void lm_load_bind(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *in,
                  const struct lm_node *with);

/** Reads the map of stages as families; then connects them, in an order in which producers come
 *  first; then makes their instances, in that order, and connects these. */
void lm_load_stages(struct lm_load *load, const struct lm_node *map);
void lm_load_wires(struct lm_load *load);
void lm_load_instances(struct lm_load *load);
/** Reads what one port takes: "stage", "stage.port", {gather: …}, {select: …}, {best: …}. */
void lm_load_input(struct lm_load *load, struct lm_load_stage *build, const struct lm_port *port,
                   const struct lm_node *node, const char *field);
/** Finds the families and outputs an input names. */
void lm_load_input_connect(struct lm_load *load, struct lm_load_stage *build,
                           struct lm_load_input *input);
/** Finds the axes an input is about; returns those by which the stage that takes it varies for it.
 *  The producers' axes are known. */
uint64_t lm_load_input_axes(struct lm_load *load, const struct lm_load_stage *build,
                            struct lm_load_input *input);
/** The place in the file of the family whose name has these bytes; SIZE_MAX: there is none. */
size_t lm_load_find_stage(const struct lm_load *load, const char *id, size_t length);

/** What "STAGE.REST" or "STAGE@lr=0.001.REST" names. */
struct lm_load_reference {
    size_t family;    /**< place in the file; SIZE_MAX: unknown */
    size_t length;    /**< of the stage's name as it was meant */
    uint64_t given;   /**< axes after the @ */
    uint32_t *fixed;  /**< (axes) their values; NULL: no @ */
    bool is_bad;      /**< what follows the @ is no point of the matrix */
    const char *rest; /**< after the dot; NULL: nothing */
};
struct lm_load_reference lm_load_reference(struct lm_load *load, const char *text);
/** The value that "matrix.AXIS" or "matrix.AXIS.FIELD" has at a point; NULL after a finding. */
const struct lm_node *lm_load_axis_value(struct lm_load *load, const struct lm_matrix *matrix,
                                         const uint32_t *point, const char *name,
                                         const struct lm_node *node, const char *field);
/** "lr, seed": the names of some axes; "nothing". */
const char *lm_load_axis_names(struct lm_load *load, uint64_t axes);
/** The points along some axes; NULL: out of memory. */
const struct lm_projection *lm_load_project(struct lm_load *load, uint64_t axes);
/** Paths that stages publish to must not collide. */
void lm_load_publish(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *map,
                     const char *field);
void lm_load_publish_check(struct lm_load *load);
/** Nothing may take or publish an output that a stage does not have for its parameters. */
void lm_load_withheld(struct lm_load *load);
/** Names that parameters take from stages upstream (struct lm_param.among) must be theirs. */
void lm_load_source_names(struct lm_load *load);
/** Reads the gates; one on a family is one for each of its instances. */
void lm_load_gates(struct lm_load *load, const struct lm_node *list);
/** Reads `baseline:`. */
void lm_load_baseline(struct lm_load *load, const struct lm_node *map);
/** Reads what a gate says of a baseline; is_against false when it says nothing. False
 *  after a finding. */
bool lm_load_gate_against(struct lm_load *load, const struct lm_node *map, const char *field,
                          struct lm_spec_gate *gate);
/** Can a gate against a baseline be decided for this family? Fills in which way is better. */
bool lm_load_gate_pairs(struct lm_load *load, const struct lm_load_stage *build, const char *field,
                        struct lm_spec_gate *gate);
/** Does a family's type give such a metric? What is wrong in the stage has findings of its own. */
bool lm_load_check_metric(struct lm_load *load, const struct lm_load_stage *build,
                          const char *metric, const struct lm_node *node, const char *field);
/** Checks what stages that compare others say of them by name; families at their places. */
void lm_load_compared(struct lm_load *load, const size_t *at_place);

/** Where a key was found. */
enum lm_load_where {
    LM_IN_ROOT,
    LM_IN_STAGE,
    LM_IN_WITH,
    LM_IN_RECORD, /**< below `with`: sources, init */
    LM_IN_INPUTS,
    LM_IN_PUBLISH,
    LM_ELSEWHERE /**< in resources, in a gate: no advice */
};

/** Keys of a spec and of a stage, NULL-terminated; those that are reserved too. */
extern const char *const lm_load_root_keys[], *const lm_load_stage_keys[];
/** "; 'steps' is a parameter of train: write it in 'with'": where a key belongs that is unknown
 *  where it stands. In the arena or static; NULL: nowhere. `type`: of the stage, NULL when there is
 *  none. */
const char *lm_load_belongs(struct lm_load *load, const struct lm_stage *type, const char *word,
                            enum lm_load_where here);

/** Reports a key of `in` (LM_IN_INPUTS) or of `publish` (LM_IN_PUBLISH) that is no port. */
void lm_load_unknown_port(struct lm_load *load, const struct lm_stage *type,
                          const struct lm_entry *entry, const char *field, enum lm_load_where here);

/** Notes the files that the parameters of a stage name (spec_files.c). */
void lm_load_note_files(struct lm_load *load, const struct lm_load_stage *build);
/** Is a port of a stage given? What is given but wrong is there: it has a finding of its own. */
bool lm_load_has_input(const struct lm_load_stage *build, const char *port);
/** Looks at all that were noted, and reports what is not there. */
void lm_load_look_at_files(struct lm_load *load);
/** Origin of a key name of a stage being built: of what holds it when it is not given itself. */
struct lm_origin lm_load_origin(const struct lm_spec_stage *stage, const char *name);

/* ---- small readers; each reports what is wrong and says whether the value is good ---- */

/** Text of a scalar; NULL (and a finding) for lists, maps, null and ${env.}. */
const char *lm_read_text(struct lm_load *load, const struct lm_node *node, const char *field);
bool lm_read_int(struct lm_load *load, const struct lm_node *node, const char *field, int64_t min,
                 int64_t max, int64_t *out);
bool lm_read_number(struct lm_load *load, const struct lm_node *node, const char *field,
                    double *out);
bool lm_read_size(struct lm_load *load, const struct lm_node *node, const char *field,
                  int64_t *out);
bool lm_read_duration(struct lm_load *load, const struct lm_node *node, const char *field,
                      double *out);
/** One of `choices` (NULL-terminated); its index, or -1. */
int lm_read_choice(struct lm_load *load, const struct lm_node *node, const char *field,
                   const char *const *choices);
/** Is it a map (or list)? Reports "expected a map" with what it holds instead. */
bool lm_read_kind(struct lm_load *load, const struct lm_node *node, const char *field,
                  enum lm_node_kind kind);

/** What a map of fixed keys is. */
struct lm_load_map {
    const char *what;        /**< "a stage" */
    const char *const *keys; /**< NULL-terminated */
    enum lm_load_where where;
    const struct lm_stage *type; /**< of the stage it belongs to, or NULL */
};

/** Reports every key of `map` that `known` has not. */
void lm_read_keys(struct lm_load *load, const struct lm_node *map, const char *field,
                  const struct lm_load_map *known);
/** "prefix.name" or "name" when the prefix is empty; never NULL. */
const char *lm_load_field(struct lm_load *load, const char *prefix, const char *name);
/** Memory ran out: remembered in the findings. Returns `pointer`. */
void *lm_load_keep(struct lm_load *load, void *pointer);

#endif
