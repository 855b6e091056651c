/** Loading a spec, in passes over one struct: files and includes, variables, stages, wires, gates.
 *  Private to the files that make a struct lm_spec. */
#ifndef LM_SPEC_LOAD_H
#define LM_SPEC_LOAD_H

#include "spec/spec.h"
#include "yaml/yaml_node.h"

/** A file that took part. */
struct lm_load_file {
    const char *name;   /**< for places: as typed, includes joined to their includer's folder */
    const char *real;   /**< absolute, links resolved */
    const char *folder; /**< of real: paths named in it are relative to this */
};

/** An entry of vars, -S applied. */
struct lm_load_var {
    const char *name;
    const struct lm_node *value;
};

/** A connection as typed, resolved once all stages are known. */
struct lm_load_input {
    const struct lm_port *port;
    const struct lm_node *node; /**< "stage" or "stage.port" */
};

/** A stage while it is being read, in file order. */
struct lm_load_stage {
    const struct lm_node *node;
    struct lm_spec_stage *stage; /**< type NULL: unknown, already reported */
    struct lm_load_input *inputs;
    size_t input_count, input_capacity, wire_capacity, value_capacity;
    bool resolved; /**< its parameters are whole: read without a finding */
    int mark;      /**< of the topological sort */
    size_t place;  /**< index after the sort */
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
    bool portable; /**< numerics of the experiment */
    bool broken;   /**< a file could not be read: what is missing would be reported wrongly */
};

/** Reads the spec and what it includes into load->root. LM_IO, LM_NOT_FOUND: the spec itself
 *  cannot be read; everything else goes to the findings. */
enum lm_status lm_load_files(struct lm_load *load, const char *path, struct lm_err *err);
/** Absolute folder that paths at `at` are relative to. */
const char *lm_load_folder(const struct lm_load *load, const struct lm_origin *at);

/** Reads vars and -S, fills in every ${var} of load->root. */
void lm_load_vars(struct lm_load *load);
/** The first "${" that is no "$${", or NULL. */
const char *lm_load_reference(const char *text);
/** The text of a literal with $${ read as ${; NULL when memory is out. */
const char *lm_load_unescape(struct lm_load *load, const char *text);
/** Text as it is written with every ${env.NAME} replaced and $${ read as ${; NULL when one is not
 * set (its name then in *unset, in the arena). */
const char *lm_load_env(struct lm_load *load, const char *text, const char **unset);

/** Reads the parameters in `map` (NULL: none) for stage `build`; findings under "<stage id>.". */
void lm_load_params(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *map);

/** Reads the map of stages, then connects and sorts them. */
void lm_load_stages(struct lm_load *load, const struct lm_node *map);
void lm_load_wires(struct lm_load *load);
/** The place in the file of the stage whose id has these bytes; SIZE_MAX: there is none. */
size_t lm_load_find_stage(const struct lm_load *load, const char *id, size_t length);
/** Paths that stages publish to must not collide. */
void lm_load_publish(struct lm_load *load, struct lm_load_stage *build, const struct lm_node *map,
                     const char *field);
void lm_load_publish_check(struct lm_load *load);
/** Reads the gates; their stages are places in the file until lm_load_wires has sorted them. */
void lm_load_gates(struct lm_load *load, const struct lm_node *list);

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
