#include "spec/spec.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/suggest.h"
#include "param/param_rows.h"
#include "spec/load.h"

static bool is_experiment_name(const char *text)
{
    return text[0] != '\0' && strlen(text) <= 64 &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

/** Reads `lmpipe: 1` and `experiment:`. */
static void read_heads(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    const struct lm_node *format = lm_node_get(load->root, "lmpipe");
    const struct lm_node *name = lm_node_get(load->root, "experiment");
    int64_t version = 1;
    spec->format_origin = format != NULL ? format->at : load->root->at;
    if (format == NULL)
        lm_diag_error(&load->diags, &load->root->at, "lmpipe",
                      "required, but not given; begin with 'lmpipe: 1'");
    else if (lm_read_int(load, format, "lmpipe", 1, INT32_MAX, &version) && version != 1)
        lm_diag_error(&load->diags, &format->at, "lmpipe",
                      "format %lld; this version reads format 1: use a newer lmpipe",
                      (long long)version);
    if (name == NULL) {
        lm_diag_error(&load->diags, &load->root->at, "experiment",
                      "required, but not given; name it with a-z 0-9 _ -");
        return;
    }
    spec->experiment = lm_read_text(load, name, "experiment");
    spec->experiment_origin = name->at;
    if (spec->experiment == NULL)
        return;
    if (!is_experiment_name(spec->experiment))
        lm_diag_error(&load->diags, &name->at, "experiment",
                      "%s is not a name; use a-z 0-9 _ - (at most 64)",
                      lm_quote(load->arena, spec->experiment));
    else if (strcmp(spec->experiment, "store") == 0)
        lm_diag_error(&load->diags, &name->at, "experiment",
                      "'store' is the name of the store's folder; choose another");
}

/** Reads description, seed, numerics. */
static void read_globals(struct lm_load *load)
{
    static const char *const profiles[] = {"blas", "portable", NULL};
    struct lm_spec *spec = load->spec;
    const struct lm_node *description = lm_node_get(load->root, "description");
    const struct lm_node *seed = lm_node_get(load->root, "seed");
    const struct lm_node *numerics = lm_node_get(load->root, "numerics");
    int64_t value;
    spec->description = "";
    if (description != NULL) {
        const char *text = lm_read_text(load, description, "description");
        spec->description = text ? text : "";
        spec->description_origin = description->at;
    }
    if (seed != NULL && lm_read_int(load, seed, "seed", 0, INT64_MAX, &value)) {
        spec->seed = (uint64_t)value;
        spec->seed_origin = seed->at;
    }
    if (numerics != NULL) {
        load->portable = lm_read_choice(load, numerics, "numerics", profiles) == 1;
        spec->numerics_origin = numerics->at;
    }
}

/** Stages take what the experiment says when they say nothing. */
static void inherit(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    for (size_t i = 0; i < spec->stage_count; i++) {
        struct lm_spec_stage *stage = &spec->stages[i];
        if (stage->seed_origin.file == NULL)
            stage->seed_origin = spec->seed_origin;
        if (!stage->portable_given)
            stage->numerics_origin = spec->numerics_origin;
    }
}

static void read_tree(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    static const struct lm_load_map known = {"an experiment", lm_load_root_keys, LM_IN_ROOT, NULL};
    lm_load_vars(load);
    lm_read_keys(load, load->root, "", &known);
    read_heads(load);
    read_globals(load);
    const struct lm_node *matrix = lm_node_get(load->root, "matrix");
    if (matrix != NULL)
        spec->matrix = lm_load_matrix(load, matrix);
    spec->matrix_node = matrix;
    const struct lm_node *stages = lm_node_get(load->root, "stages");
    const struct lm_node *gates = lm_node_get(load->root, "gates");
    if (stages == NULL)
        lm_diag_error(&load->diags, &load->root->at, "stages",
                      "required, but not given: what the experiment does");
    else
        lm_load_stages(load, stages);
    if (load->stage_count > 0) {
        lm_load_wires(load);
        lm_load_instances(load);
        lm_load_look_at_files(load);
    }
    const struct lm_node *baseline = lm_node_get(load->root, "baseline");
    if (baseline != NULL)
        lm_load_baseline(load, baseline);
    if (gates != NULL)
        lm_load_gates(load, gates);
    lm_load_publish_check(load);
    lm_load_withheld(load);
    lm_load_source_names(load);
    inherit(load);
}

/** Where the spec stands, however it was reached. */
static void place(struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    spec->real = load->files[0].real;
    spec->root =
        lm_load_keep(load, (void *)(uintptr_t)lm_root_find(load->arena, load->files[0].folder));
    spec->home = spec->root != NULL ? lm_path_below(spec->real, spec->root) : NULL;
}

/** Keeps the settings, and what tells this spec from others. */
static void keep_source(struct lm_load *load)
{
    const struct lm_spec_options *options = load->options;
    struct lm_spec *spec = load->spec;
    struct lm_setting *settings =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_setting, options->setting_count));
    struct lm_buf source;
    lm_buf_init(&source, 0);
    for (size_t i = 0; i < load->file_count; i++)
        lm_buf_append(&source, load->files[i].digest.bytes, LM_DIGEST_SIZE);
    for (size_t i = 0; settings != NULL && i < options->setting_count; i++) {
        settings[i].name =
            lm_load_keep(load, lm_arena_strdup(load->arena, options->settings[i].name));
        settings[i].value =
            lm_load_keep(load, lm_arena_strdup(load->arena, options->settings[i].value));
        lm_buf_append(&source, options->settings[i].name, strlen(options->settings[i].name) + 1);
        lm_buf_append(&source, options->settings[i].value, strlen(options->settings[i].value) + 1);
    }
    if (source.failed)
        lm_load_keep(load, NULL);
    else
        lm_sha256_bytes(&spec->source, source.data != NULL ? source.data : "", source.size);
    lm_buf_release(&source);
    spec->settings = settings;
    spec->setting_count = settings != NULL ? options->setting_count : 0;
    spec->file_digest = load->files[0].digest;
}

/** May the spec with errors be told apart from others: is its experiment's name a good one? */
static bool is_identified(const struct lm_load *load)
{
    struct lm_spec *spec = load->spec;
    const struct lm_node *name = load->root != NULL ? lm_node_get(load->root, "experiment") : NULL;
    bool is_literal = name != NULL && name->kind == LM_NODE_SCALAR;
    if (spec->experiment == NULL && is_literal) /* an include could not be read */
        spec->experiment = name->text;
    return spec->experiment != NULL && is_experiment_name(spec->experiment) &&
           strcmp(spec->experiment, "store") != 0 && spec->home != NULL;
}

enum lm_status lm_spec_load(struct lm_spec **out, struct lm_diags *diags, struct lm_arena *arena,
                            const char *path, const struct lm_spec_options *options,
                            struct lm_err *err)
{
    struct lm_load load = {
        .arena = arena, .options = options, .diags = {.arena = arena}, .portable = true};
    struct lm_spec *spec = LM_NEW(arena, struct lm_spec);
    *diags = (struct lm_diags){.items = NULL};
    load.spec = spec;
    if (spec == NULL)
        return lm_fail(err, LM_NOMEM, "%s: no memory to read it; free some", path);
    LM_TRY(lm_load_files(&load, path, err));
    spec->arena = arena;
    spec->types = options->types;
    spec->is_overridden = options->setting_count > 0;
    spec->path = lm_load_keep(&load, lm_arena_strdup(arena, path));
    if (load.root != NULL && !load.diags.failed && !load.broken)
        read_tree(&load);
    spec->vars = load.var_names;
    spec->var_count = load.var_count;
    if (load.file_count > 0) {
        place(&load);
        keep_source(&load);
    }
    if (load.diags.failed)
        return lm_fail(err, LM_NOMEM, "%s: no memory to read it; free some", path);
    lm_diag_sort(&load.diags, path);
    *diags = (struct lm_diags){
        .items = load.diags.items, .count = load.diags.count, .errors = load.diags.errors};
    if (load.diags.errors > 0 && options->refused != NULL && is_identified(&load))
        *options->refused = spec;
    if (load.diags.errors > 0)
        return lm_fail(err, LM_INVALID, "%s: %zu error%s; fix the spec", path, load.diags.errors,
                       load.diags.errors == 1 ? "" : "s");
    *out = spec;
    return LM_OK;
}

/* ---- what others ask ---- */

const char *lm_spec_experiment(const struct lm_spec *spec)
{
    return spec->experiment;
}

const char *lm_spec_path(const struct lm_spec *spec)
{
    return spec->path;
}

const char *lm_spec_root(const struct lm_spec *spec)
{
    return spec->root;
}

size_t lm_spec_stages(const struct lm_spec *spec)
{
    return spec->stage_count;
}

const char *lm_spec_stage_id(const struct lm_spec *spec, size_t index)
{
    return spec->stages[index].id;
}

const struct lm_stage *lm_spec_stage_type(const struct lm_spec *spec, size_t index)
{
    return spec->stages[index].type;
}

bool lm_spec_stage_has(const struct lm_spec *spec, size_t index, const struct lm_port *output)
{
    return lm_stage_has_output(spec->stages[index].type, spec->stages[index].params, output);
}

size_t lm_spec_find_bytes(const struct lm_spec *spec, const char *id, size_t length)
{
    return lm_name_map_find_bytes(&spec->stage_map, id, length);
}

const struct lm_spec_file *lm_spec_file(const struct lm_spec_stage *stage, const char *param)
{
    size_t place = lm_name_map_find(&stage->file_map, param);
    return place != SIZE_MAX ? &stage->files[place] : NULL;
}

const struct lm_spec_value *lm_spec_value(const struct lm_spec *spec, size_t stage,
                                          const char *param)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    size_t place = lm_name_map_find(&s->value_map, param);
    return place != SIZE_MAX ? &s->values[place] : NULL;
}

static bool is_derived(const struct lm_param_leaf *leaf)
{
    return !leaf->item && !lm_param_is_default(leaf->row, leaf->value);
}

struct lm_taken *lm_spec_taken(const struct lm_spec *spec, struct lm_arena *arena)
{
    struct lm_taken *taken = LM_NEW_ARRAY(arena, struct lm_taken, spec->stage_count);
    for (size_t i = 0; taken != NULL && i < spec->stage_count; i++)
        if (!spec->stages[i].is_selective)
            taken[i] = (struct lm_taken){spec->stages[i].inputs, spec->stages[i].input_count, true};
    return taken;
}

/** A search for a parameter that the spec does not give. */
struct sought {
    const char *name;
    bool derived;
};

static void seek(void *user, const struct lm_param_leaf *leaf)
{
    struct sought *sought = user;
    if (strcmp(leaf->name, sought->name) == 0)
        sought->derived = is_derived(leaf);
}

struct lm_origin lm_spec_leaf_origin(const struct lm_spec *spec, size_t stage,
                                     const struct lm_param_leaf *leaf)
{
    const struct lm_spec_value *value = lm_spec_value(spec, stage, leaf->name);
    return value != NULL ? value->origin
                         : (struct lm_origin){.via = is_derived(leaf) ? "derived" : NULL};
}

struct lm_origin lm_spec_origin(const struct lm_spec *spec, size_t stage, const char *param)
{
    const struct lm_spec_stage *s = &spec->stages[stage];
    const struct lm_spec_value *value = lm_spec_value(spec, stage, param);
    struct sought sought = {.name = param};
    if (value != NULL)
        return value->origin;
    lm_params_walk(s->type->params, s->params, seek, &sought);
    return (struct lm_origin){.via = sought.derived ? "derived" : NULL};
}
