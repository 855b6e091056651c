/* ${name}: variables of the spec, -S settings, and the environment in paths and source locations.
 */
#include "spec/load.h"

#include <string.h>

#include "base/buf.h"
#include "yaml/scalar.h"

/** Text that variables make of a spec. */
#define SUBSTITUTED_BYTES ((size_t)LM_YAML_BYTES)
/** One text with its variables filled in. */
#define TEXT_BYTES ((size_t)1 << 20)

enum { NAME_LONGEST = 200 };

bool lm_load_is_name(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-";
    return text[0] != '\0' && strchr(first, text[0]) != NULL &&
           text[1 + strspn(text + 1, rest)] == '\0';
}

/** The name in "${name}…" at `text` into out; its whole length with braces, or 0 when it is
 * malformed. */
static size_t reference(const char *text, char out[NAME_LONGEST])
{
    const char *end = strchr(text, '}');
    size_t length = end ? (size_t)(end - text) - 2 : 0;
    if (length == 0 || length >= NAME_LONGEST)
        return 0;
    memcpy(out, text + 2, length);
    out[length] = '\0';
    return length + 3;
}

const char *lm_load_first_reference(const char *text)
{
    const char *p = strchr(text, '$');
    for (; p != NULL && strncmp(p, "${", 2) != 0; p = strchr(p, '$'))
        p += strncmp(p, "$${", 3) == 0 ? 3 : 1;
    return p;
}

static const struct lm_load_var *find_var(const struct lm_load *load, const char *name)
{
    size_t place = lm_name_map_find(&load->var_map, name);
    return place != SIZE_MAX ? &load->vars[place] : NULL;
}

/** The var a reference names; NULL after a finding. */
static const struct lm_load_var *look_up(struct lm_load *load, const struct lm_node *node,
                                         const char *field, const char *name)
{
    const struct lm_load_var *var = find_var(load, name);
    if (var != NULL)
        return var;
    lm_diag_error(&load->diags, &node->at, field, "unknown variable %s%s",
                  lm_quote(load->arena, name),
                  lm_hint(&load->diags, name, load->var_names, load->var_count));
    return NULL;
}

void lm_spec_escape(struct lm_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strncmp(text, "${", 2) == 0)
            lm_buf_putc(out, '$');
        lm_buf_putc(out, *text);
    }
}

/** What references are filled in from: variables (point NULL), or the values of a point. */
struct source {
    const struct lm_matrix *matrix;
    const uint32_t *point;
};

/** A text being filled in: `out` is done, `piece` the literal text since then. */
struct filling {
    struct lm_load *load;
    const struct source *source;
    struct lm_node *node;
    const char *field;
    struct lm_buf *out, piece;
};

static bool is_matrix(const char *name)
{
    return strncmp(name, "matrix.", 7) == 0;
}

static bool is_env(const char *name)
{
    return strncmp(name, "env.", 4) == 0;
}

/** Does this reference stay as it is written, to be filled in later? */
static bool is_later(const struct source *source, const char *name)
{
    return is_env(name) || (source->point == NULL && is_matrix(name));
}

/** Is there such an axis? */
static bool check_axis(struct lm_load *load, const struct lm_node *node, const char *field,
                       const char *name)
{
    const struct lm_node *matrix = lm_node_get(load->root, "matrix");
    const char *names[LM_MATRIX_AXES], *axis = name + strlen("matrix.");
    size_t length = strcspn(axis, "."), count = 0;
    if (matrix == NULL || matrix->kind != LM_NODE_MAP) {
        lm_diag_error(&load->diags, &node->at, field,
                      "${%s}: there is no matrix; declare its axes under matrix:", name);
        return false;
    }
    for (size_t i = 0; i < matrix->count; i++) {
        const char *key = matrix->entries[i].key;
        if (lm_matrix_is_own_key(key))
            continue;
        if (strlen(key) == length && memcmp(key, axis, length) == 0)
            return true;
        if (count < LM_MATRIX_AXES)
            names[count++] = key;
    }
    const char *word = lm_load_keep(load, lm_arena_strndup(load->arena, axis, length));
    lm_diag_error(&load->diags, &node->at, field, "${%s}: unknown axis%s", name,
                  lm_hint(&load->diags, word ? word : "", names, count));
    return false;
}

/** A reference that stays as it is written, so that the literal text around it stays escaped. */
static bool keep_reference(struct filling *f, const char *name, const char *text, size_t length)
{
    const char *piece = f->piece.data ? f->piece.data : "";
    if (is_matrix(name) && !check_axis(f->load, f->node, f->field, name))
        return false;
    f->node->has_env |= is_env(name);
    f->node->has_matrix |= is_matrix(name);
    if (f->piece.size > 0 && piece[f->piece.size - 1] == '$') {
        lm_diag_error(&f->load->diags, &f->node->at, f->field,
                      "'$' right before ${%s} would be read as the escape $${; put something "
                      "between them",
                      name);
        return false;
    }
    lm_spec_escape(f->out, piece);
    lm_buf_append(f->out, text, length);
    f->out->failed = f->out->failed || f->piece.failed;
    lm_buf_clear(&f->piece);
    return true;
}

/** The value that a reference names; NULL after a finding. */
static const struct lm_node *value_of(struct lm_load *load, const struct source *source,
                                      const struct lm_node *node, const char *field,
                                      const char *name)
{
    if (source->point != NULL && is_matrix(name))
        return source->matrix == NULL
                   ? NULL
                   : lm_load_axis_value(load, source->matrix, source->point, name, node, field);
    const struct lm_load_var *var = look_up(load, node, field, name);
    return var != NULL ? var->value : NULL;
}

static bool fill_value(struct filling *f, const char *name)
{
    const struct lm_node *value = value_of(f->load, f->source, f->node, f->field, name);
    if (value == NULL || value->failed)
        return false;
    if (value->kind != LM_NODE_SCALAR) {
        lm_diag_error(&f->load->diags, &f->node->at, f->field,
                      "the variable %s is no single value; use it alone: \"${%s}\"",
                      lm_quote(f->load->arena, name), name);
        return false;
    }
    lm_buf_puts(&f->piece, value->text);
    f->node->at.via = is_matrix(name) ? lm_load_keep(f->load, lm_arena_strdup(f->load->arena, name))
                                      : lm_load_field(f->load, "vars", name);
    return true;
}

/** Reads the text piece by piece; false after a finding. */
static bool fill_pieces(struct filling *f, const char *text)
{
    char name[NAME_LONGEST];
    for (const char *p = text; *p != '\0';) {
        if (strncmp(p, "$${", 3) == 0) { /* a literal ${ */
            lm_buf_puts(&f->piece, "${");
            p += 3;
            continue;
        }
        if (strncmp(p, "${", 2) != 0) {
            lm_buf_putc(&f->piece, *p++);
            continue;
        }
        size_t length = reference(p, name);
        if (length == 0) {
            lm_diag_error(&f->load->diags, &f->node->at, f->field,
                          "${ without a name and }; write $${ for the characters themselves");
            return false;
        }
        bool later = is_later(f->source, name);
        if (later ? !keep_reference(f, name, p, length) : !fill_value(f, name))
            return false;
        p += length;
    }
    return true;
}

/** Appends the text with references filled in: literal, but as it is written (lm_spec_escape) when
 *  a reference that is filled in later stands in it. False after a finding. */
static bool fill(struct lm_load *load, const struct source *source, struct lm_node *node,
                 const char *field, struct lm_buf *out)
{
    struct filling f = {.load = load, .source = source, .node = node, .field = field, .out = out};
    lm_buf_init(&f.piece, out->ceiling);
    bool good = fill_pieces(&f, node->text);
    const char *rest = f.piece.data ? f.piece.data : "";
    if (good && (node->has_env || node->has_matrix))
        lm_spec_escape(out, rest);
    else if (good)
        lm_buf_puts(out, rest);
    out->failed = out->failed || f.piece.failed;
    lm_buf_release(&f.piece);
    return good;
}

/** A whole scalar "${name}" becomes the value and keeps its type. */
static const struct lm_node *whole(struct lm_load *load, const struct source *source,
                                   const struct lm_node *node, const char *field, const char *name)
{
    const struct lm_node *value = value_of(load, source, node, field, name);
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    if (copy == NULL)
        return node;
    *copy = value ? *value : *node;
    copy->failed = value == NULL || copy->failed;
    copy->has_matrix = false;
    copy->written = source->point != NULL ? node->text : NULL;
    if (value != NULL && copy->at.via == NULL)
        copy->at.via = is_matrix(name) ? lm_load_keep(load, lm_arena_strdup(load->arena, name))
                                       : lm_load_field(load, "vars", name);
    return copy;
}

/** A whole scalar "${matrix.AXIS}" before there are points: it stays, and keeps its type. */
static const struct lm_node *defer(struct lm_load *load, const struct lm_node *node,
                                   const char *field, const char *name)
{
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    if (copy == NULL)
        return node;
    *copy = *node;
    copy->has_matrix = check_axis(load, node, field, name);
    copy->failed = !copy->has_matrix;
    return copy;
}

static const struct lm_node *fill_scalar(struct lm_load *load, const struct source *source,
                                         const struct lm_node *node, const char *field)
{
    char name[NAME_LONGEST];
    bool starts = strncmp(node->text, "${", 2) == 0;
    if (starts && reference(node->text, name) == strlen(node->text) && !is_env(name))
        return is_later(source, name) ? defer(load, node, field, name)
                                      : whole(load, source, node, field, name);
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_buf text;
    lm_buf_init(&text, TEXT_BYTES);
    if (copy != NULL) {
        *copy = *node;
        copy->has_matrix = copy->has_env = false;
        copy->written = source->point != NULL ? node->text : NULL;
        copy->failed = !fill(load, source, copy, field, &text) || text.failed;
        if (text.failed)
            lm_diag_error(&load->diags, &node->at, field, "more than 1 MiB of text; shorten it");
        load->substituted += text.size;
        copy->text = lm_load_keep(load, lm_arena_strdup(load->arena, text.data ? text.data : ""));
        copy->plain = false; /* text with parts filled in is a text */
    }
    lm_buf_release(&text);
    return copy && copy->text ? copy : node;
}

/** Where a value stands in the tree: its key there, and what it is below of (NULL: the key is the
 *  whole field). */
struct way {
    const struct way *above;
    const char *key;
};

/** "stages.model.with.lr" → "model.lr": the field as people know it. */
static const char *field_of(struct lm_load *load, const struct way *way)
{
    if (way->above == NULL)
        return way->key;
    const char *field = field_of(load, way->above);
    if (strcmp(field, "stages") == 0)
        return way->key;
    if (strcmp(way->key, "with") == 0)
        return field;
    return lm_load_field(load, field, way->key);
}

/** A copy whose entries may be changed; NULL: out of memory. */
static struct lm_node *open_copy(struct lm_load *load, const struct lm_node *node)
{
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, node->count));
    if (copy == NULL || entries == NULL)
        return NULL;
    *copy = *node;
    copy->entries = entries;
    if (node->count > 0)
        memcpy(entries, node->entries, node->count * sizeof *entries);
    return copy;
}

static const struct lm_node *substitute(struct lm_load *load, const struct source *source,
                                        const struct lm_node *node, const struct way *way);

/** The same for what stands below a map or list: itself where nothing is filled in. */
static const struct lm_node *substitute_below(struct lm_load *load, const struct source *source,
                                              const struct lm_node *node, const struct way *way)
{
    struct lm_node *copy = NULL;
    bool has_matrix = false;
    for (size_t i = 0; i < node->count; i++) {
        char index[24];
        const struct lm_entry *entry = &node->entries[i];
        struct way longer = {way, entry->key != NULL ? entry->key : index};
        if (entry->key == NULL)
            snprintf(index, sizeof index, "%zu", i);
        const struct lm_node *value = substitute(load, source, entry->value, &longer);
        has_matrix |= value->has_matrix;
        if (value != entry->value && copy == NULL && (copy = open_copy(load, node)) == NULL)
            return node;
        if (copy != NULL)
            copy->entries[i].value = value;
    }
    if (copy != NULL)
        copy->has_matrix = has_matrix;
    return copy != NULL ? copy : node;
}

/** The tree with references filled in; with those to a matrix alone when there is a point. */
static const struct lm_node *substitute(struct lm_load *load, const struct source *source,
                                        const struct lm_node *node, const struct way *way)
{
    if (source->point != NULL && !node->has_matrix)
        return node;
    if (load->substituted > SUBSTITUTED_BYTES || load->expanded > LM_YAML_NODES) {
        if (load->substituted != SIZE_MAX)
            lm_diag_error(&load->diags, &node->at, field_of(load, way),
                          "more than 1,000,000 values or 64 MiB of text by variables; use fewer");
        load->substituted = SIZE_MAX; /* said once */
        return node;
    }
    if (node->kind != LM_NODE_SCALAR) {
        load->expanded++;
        return substitute_below(load, source, node, way);
    }
    const struct lm_node *out = node;
    if (strstr(node->text, "${") != NULL)
        out = fill_scalar(load, source, node, field_of(load, way));
    load->expanded += out->expanded;
    return out;
}

const struct lm_node *lm_load_fill_point(struct lm_load *load, const struct lm_node *node,
                                         const uint32_t *point, const char *field)
{
    const struct source source = {.matrix = load->spec->matrix, .point = point};
    return substitute(load, &source, node, &(struct way){NULL, field});
}

uint64_t lm_load_axes_of(const struct lm_load *load, const struct lm_node *node)
{
    const struct lm_matrix *matrix = load->spec->matrix;
    char name[NAME_LONGEST];
    uint64_t axes = 0;
    if (!node->has_matrix)
        return 0;
    for (size_t i = 0; i < node->count; i++)
        axes |= lm_load_axes_of(load, node->entries[i].value);
    if (node->kind != LM_NODE_SCALAR)
        return axes;
    for (const char *p = lm_load_first_reference(node->text); p != NULL;) {
        size_t length = reference(p, name);
        const char *axis = name + strlen("matrix.");
        size_t place = matrix != NULL && is_matrix(name)
                           ? lm_matrix_axis(matrix, axis, strcspn(axis, "."))
                           : SIZE_MAX;
        axes |= place != SIZE_MAX ? UINT64_C(1) << place : 0;
        p = length > 0 ? lm_load_first_reference(p + length) : NULL;
    }
    return axes;
}

/** Reports what is wrong with a variable's own value: it must be literal, a number one that YAML
 *  readers agree on. */
static void check_literal(struct lm_load *load, const struct lm_node *node, const char *field)
{
    for (size_t i = 0; i < node->count; i++)
        check_literal(load, node->entries[i].value, field);
    if (node->kind != LM_NODE_SCALAR)
        return;
    if (lm_load_first_reference(node->text) != NULL)
        lm_diag_error(&load->diags, &node->at, field,
                      "a variable cannot refer to others; write the value out, and $${ for the "
                      "characters ${ themselves");
    if (lm_scalar_resolve(node->text, node->plain).type == LM_SCALAR_ZERO_LED)
        lm_diag_error(&load->diags, &node->at, field,
                      "%s has a leading zero; remove it, or quote it when it is a text",
                      lm_quote(load->arena, node->text));
}

const char *lm_load_unescape(struct lm_load *load, const char *text)
{
    char *out = lm_load_keep(load, lm_arena_strdup(load->arena, text)), *to = out;
    for (const char *p = text; out != NULL && *p != '\0'; *to++ = *p++)
        p += strncmp(p, "$${", 3) == 0;
    if (out != NULL)
        *to = '\0';
    return out;
}

/** A variable's value as it is used: without escapes. */
static const struct lm_node *literal(struct lm_load *load, const struct lm_node *node)
{
    bool is_scalar = node->kind == LM_NODE_SCALAR;
    if (is_scalar && strstr(node->text, "$${") == NULL)
        return node;
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, node->count));
    if (copy == NULL || entries == NULL)
        return node;
    *copy = *node;
    copy->entries = entries;
    for (size_t i = 0; i < node->count; i++) {
        entries[i] = node->entries[i];
        entries[i].value = literal(load, entries[i].value);
    }
    if (is_scalar)
        copy->text = lm_load_unescape(load, node->text);
    return copy->text != NULL || !is_scalar ? copy : node;
}

const struct lm_node *lm_load_literal(struct lm_load *load, const struct lm_node *node,
                                      const char *field)
{
    size_t errors = load->diags.errors;
    check_literal(load, node, field);
    if (load->diags.errors == errors)
        return literal(load, node);
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    if (copy == NULL)
        return node;
    *copy = (struct lm_node){
        .kind = LM_NODE_SCALAR, .failed = true, .at = node->at, .text = "", .expanded = 1};
    return copy;
}

static void read_vars(struct lm_load *load, const struct lm_node *map)
{
    if (map == NULL || !lm_read_kind(load, map, "vars", LM_NODE_MAP))
        return;
    load->vars = lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_load_var, map->count));
    load->var_names = lm_load_keep(load, LM_NEW_ARRAY(load->arena, const char *, map->count));
    if (load->vars == NULL || load->var_names == NULL)
        return;
    lm_name_map_init(&load->var_map, load->arena);
    for (size_t i = 0; i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        const char *field = lm_load_field(load, "vars", entry->key);
        if (!lm_load_is_name(entry->key))
            lm_diag_error(&load->diags, &entry->key_at, field,
                          "not a variable's name; use letters, digits, _ and -");
        load->vars[i] = (struct lm_load_var){.name = entry->key,
                                             .value = lm_load_literal(load, entry->value, field)};
        load->var_names[i] = entry->key;
        if (!lm_name_map_put(&load->var_map, entry->key, i))
            lm_load_keep(load, NULL);
    }
    load->var_count = map->count;
}

void lm_load_vars(struct lm_load *load)
{
    static const char *const literal[] = {"vars", "include", "lmpipe", "derived", "origins", NULL};
    const struct source vars = {.point = NULL};
    read_vars(load, lm_node_get(load->root, "vars"));
    for (size_t i = 0; i < load->options->setting_count; i++)
        lm_load_setting(load, &load->options->settings[i]);
    struct lm_node *root = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, load->root->count));
    if (root == NULL || entries == NULL)
        return;
    *root = *load->root;
    root->entries = entries;
    for (size_t i = 0; i < root->count; i++) {
        bool skipped = false;
        entries[i] = load->root->entries[i];
        for (size_t k = 0; literal[k] != NULL; k++)
            skipped = skipped || strcmp(entries[i].key, literal[k]) == 0;
        if (!skipped)
            entries[i].value =
                substitute(load, &vars, entries[i].value, &(struct way){NULL, entries[i].key});
    }
    load->root = root;
}

const char *lm_load_env(struct lm_load *load, const char *text, const char **unset)
{
    char name[NAME_LONGEST];
    struct lm_buf out;
    lm_buf_init(&out, TEXT_BYTES);
    *unset = NULL;
    for (const char *p = text; *p != '\0' && *unset == NULL;) {
        size_t length = strncmp(p, "${env.", 6) == 0 ? reference(p, name) : 0;
        if (length == 0) {
            p += strncmp(p, "$${", 3) == 0;
            lm_buf_putc(&out, *p++);
            continue;
        }
        const char *value =
            load->options->env ? load->options->env(load->options->env_user, name + 4) : NULL;
        if (value == NULL || value[0] == '\0')
            *unset = lm_load_keep(load, lm_arena_strdup(load->arena, name + 4));
        else
            lm_buf_puts(&out, value);
        p += length;
    }
    const char *filled = NULL;
    if (*unset == NULL && !out.failed)
        filled = lm_load_keep(load, lm_arena_strdup(load->arena, out.data ? out.data : ""));
    lm_buf_release(&out);
    return filled;
}
