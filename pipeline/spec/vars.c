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

static bool is_name(const char *text)
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
    if (strncmp(name, "matrix.", 7) == 0)
        lm_diag_error(&load->diags, &node->at, field,
                      "${%s}: matrix is not supported by this version; use vars", name);
    else
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

/** A text being filled in: `out` is done, `piece` the literal text since then. */
struct filling {
    struct lm_load *load;
    struct lm_node *node;
    const char *field;
    struct lm_buf *out, piece;
};

/** ${env.NAME} stays as it is written, so that the literal text around it stays escaped as well. */
static bool keep_env(struct filling *f, const char *reference_text, size_t length)
{
    const char *piece = f->piece.data ? f->piece.data : "";
    f->node->has_env = true;
    if (f->piece.size > 0 && piece[f->piece.size - 1] == '$') {
        lm_diag_error(&f->load->diags, &f->node->at, f->field,
                      "'$' right before ${env.NAME} would be read as the escape $${; put something "
                      "between them");
        return false;
    }
    lm_spec_escape(f->out, piece);
    lm_buf_append(f->out, reference_text, length);
    f->out->failed = f->out->failed || f->piece.failed;
    lm_buf_clear(&f->piece);
    return true;
}

static bool fill_var(struct filling *f, const char *name)
{
    const struct lm_load_var *var = look_up(f->load, f->node, f->field, name);
    if (var == NULL || var->value->failed)
        return false;
    if (var->value->kind != LM_NODE_SCALAR) {
        lm_diag_error(&f->load->diags, &f->node->at, f->field,
                      "the variable %s is no single value; use it alone: \"${%s}\"",
                      lm_quote(f->load->arena, name), name);
        return false;
    }
    lm_buf_puts(&f->piece, var->value->text);
    f->node->at.via = lm_load_field(f->load, "vars", var->name);
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
        bool env = strncmp(name, "env.", 4) == 0;
        if (env ? !keep_env(f, p, length) : !fill_var(f, name))
            return false;
        p += length;
    }
    return true;
}

/** Appends the text with references filled in: literal, but as it is written (lm_spec_escape) when
 *  ${env.NAME} stands in it. False after a finding. */
static bool fill(struct lm_load *load, struct lm_node *node, const char *field, struct lm_buf *out)
{
    struct filling f = {.load = load, .node = node, .field = field, .out = out};
    lm_buf_init(&f.piece, out->ceiling);
    bool good = fill_pieces(&f, node->text);
    const char *rest = f.piece.data ? f.piece.data : "";
    if (good && node->has_env)
        lm_spec_escape(out, rest);
    else if (good)
        lm_buf_puts(out, rest);
    out->failed = out->failed || f.piece.failed;
    lm_buf_release(&f.piece);
    return good;
}

/** A whole scalar "${name}" becomes the variable's value and keeps its type. */
static const struct lm_node *whole(struct lm_load *load, const struct lm_node *node,
                                   const char *field, const char *name)
{
    const struct lm_load_var *var = look_up(load, node, field, name);
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    if (copy == NULL)
        return node;
    *copy = var ? *var->value : *node;
    copy->failed = var == NULL || copy->failed;
    if (var != NULL && copy->at.via == NULL)
        copy->at.via = lm_load_field(load, "vars", var->name);
    return copy;
}

static const struct lm_node *fill_scalar(struct lm_load *load, const struct lm_node *node,
                                         const char *field)
{
    char name[NAME_LONGEST];
    if (strstr(node->text, "${") == NULL)
        return node;
    bool starts = strncmp(node->text, "${", 2) == 0;
    if (starts && reference(node->text, name) == strlen(node->text) &&
        strncmp(name, "env.", 4) != 0)
        return whole(load, node, field, name);
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_buf text;
    lm_buf_init(&text, TEXT_BYTES);
    if (copy != NULL) {
        *copy = *node;
        copy->failed = !fill(load, copy, field, &text) || text.failed;
        if (text.failed)
            lm_diag_error(&load->diags, &node->at, field, "more than 1 MiB of text; shorten it");
        load->substituted += text.size;
        copy->text = lm_load_keep(load, lm_arena_strdup(load->arena, text.data ? text.data : ""));
        copy->plain = false; /* text with parts filled in is a text */
    }
    lm_buf_release(&text);
    return copy && copy->text ? copy : node;
}

/** "stages.model.with.lr" → "model.lr": the field as people know it. */
static const char *below(struct lm_load *load, const char *field, const char *key)
{
    if (strcmp(field, "stages") == 0)
        return key;
    if (strcmp(key, "with") == 0)
        return field;
    return lm_load_field(load, field, key);
}

static const struct lm_node *substitute(struct lm_load *load, const struct lm_node *node,
                                        const char *field)
{
    if (load->substituted > SUBSTITUTED_BYTES || load->expanded > LM_YAML_NODES) {
        if (load->substituted != SIZE_MAX)
            lm_diag_error(&load->diags, &node->at, field,
                          "more than 1,000,000 values or 64 MiB of text by variables; use fewer");
        load->substituted = SIZE_MAX; /* said once */
        return node;
    }
    const struct lm_node *out = node;
    if (node->kind == LM_NODE_SCALAR) {
        out = fill_scalar(load, node, field);
        load->expanded += out->expanded;
        return out;
    }
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    struct lm_entry *entries =
        lm_load_keep(load, LM_NEW_ARRAY(load->arena, struct lm_entry, node->count));
    if (copy == NULL || entries == NULL)
        return node;
    *copy = *node;
    copy->entries = entries;
    load->expanded++;
    for (size_t i = 0; i < node->count; i++) {
        char index[24];
        entries[i] = node->entries[i];
        const char *key = entries[i].key;
        if (key == NULL) {
            snprintf(index, sizeof index, "%zu", i);
            key = index;
        }
        entries[i].value = substitute(load, entries[i].value, below(load, field, key));
    }
    return copy;
}

const char *lm_load_reference(const char *text)
{
    const char *p = strchr(text, '$');
    for (; p != NULL && strncmp(p, "${", 2) != 0; p = strchr(p, '$'))
        p += strncmp(p, "$${", 3) == 0 ? 3 : 1;
    return p;
}

/** Reports what is wrong with a variable's own value: it must be literal, a number one that YAML
 *  readers agree on. */
static void check_literal(struct lm_load *load, const struct lm_node *node, const char *field)
{
    for (size_t i = 0; i < node->count; i++)
        check_literal(load, node->entries[i].value, field);
    if (node->kind != LM_NODE_SCALAR)
        return;
    if (lm_load_reference(node->text) != NULL)
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

/** The value of a variable; after a finding one that fails silently where it is used. */
static const struct lm_node *checked(struct lm_load *load, const struct lm_node *node,
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

/** The value of a -S setting, typed as YAML; NULL after a finding. */
static const struct lm_node *setting_value(struct lm_load *load, const struct lm_setting *setting)
{
    const struct lm_node *parsed = NULL;
    const char *place = lm_load_keep(load, lm_arena_printf(load->arena, "-S %s", setting->name));
    struct lm_node *copy = lm_load_keep(load, LM_NEW(load->arena, struct lm_node));
    if (place == NULL || copy == NULL)
        return NULL;
    size_t errors = load->diags.errors;
    lm_yaml_parse(&parsed, &load->diags, place, setting->value, strlen(setting->value));
    if (parsed == NULL && load->diags.errors > errors)
        return NULL;
    if (parsed != NULL)
        *copy = *parsed;
    else
        *copy = (struct lm_node){.kind = LM_NODE_SCALAR, .plain = true, .text = "", .expanded = 1};
    copy->at = (struct lm_origin){.file = place, .via = place};
    return copy;
}

static void apply_setting(struct lm_load *load, const struct lm_setting *setting)
{
    struct lm_origin at = {.file = "-S"};
    size_t place = lm_name_map_find(&load->var_map, setting->name);
    if (place != SIZE_MAX) {
        const struct lm_node *value = setting_value(load, setting);
        if (value != NULL)
            load->vars[place].value = checked(load, value, "");
        return;
    }
    lm_diag_error(&load->diags, &at, "", "unknown variable %s%s",
                  lm_quote(load->arena, setting->name),
                  lm_hint(&load->diags, setting->name, load->var_names, load->var_count));
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
        if (!is_name(entry->key))
            lm_diag_error(&load->diags, &entry->key_at, field,
                          "not a variable's name; use letters, digits, _ and -");
        load->vars[i] =
            (struct lm_load_var){.name = entry->key, .value = checked(load, entry->value, field)};
        load->var_names[i] = entry->key;
        if (!lm_name_map_put(&load->var_map, entry->key, i))
            lm_load_keep(load, NULL);
    }
    load->var_count = map->count;
}

void lm_load_vars(struct lm_load *load)
{
    static const char *const literal[] = {"vars",     "include", "lmpipe",  "matrix",
                                          "baseline", "derived", "origins", NULL};
    read_vars(load, lm_node_get(load->root, "vars"));
    for (size_t i = 0; i < load->options->setting_count; i++)
        apply_setting(load, &load->options->settings[i]);
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
            entries[i].value = substitute(load, entries[i].value, entries[i].key);
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
