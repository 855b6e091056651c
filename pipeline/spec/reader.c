/* Small readers of nodes: each says what it expected and what stands there instead. */
#include "spec/load.h"

#include <math.h>
#include <string.h>

#include "param/synonyms.h"
#include "yaml/scalar.h"

void *lm_load_keep(struct lm_load *load, void *pointer)
{
    if (pointer == NULL)
        load->diags.failed = true;
    return pointer;
}

const char *lm_load_field(struct lm_load *load, const char *prefix, const char *name)
{
    if (prefix[0] == '\0')
        return name;
    size_t before = strlen(prefix), after = strlen(name);
    char *field = lm_load_keep(load, LM_NEW_ARRAY(load->arena, char, before + after + 2));
    if (field == NULL)
        return name;
    memcpy(field, prefix, before + 1);
    field[before] = '.';
    memcpy(field + before + 1, name, after + 1);
    return field;
}

/** What a node is, for "expected …, found …". */
static const char *describe(struct lm_load *load, const struct lm_node *node)
{
    if (node->kind == LM_NODE_LIST)
        return "a list";
    if (node->kind == LM_NODE_MAP)
        return "a mapping";
    if (node->plain && lm_scalar_resolve(node->text, true).type == LM_SCALAR_NULL)
        return "nothing";
    return lm_quote(load->arena, node->text);
}

bool lm_read_kind(struct lm_load *load, const struct lm_node *node, const char *field,
                  enum lm_node_kind kind)
{
    static const char *const wanted[] = {"a single value", "a list: [a, b]", "a mapping: {a: b}"};
    if (node->kind == kind || node->failed)
        return !node->failed;
    lm_diag_error(&load->diags, &node->at, field, "expected %s, found %s", wanted[kind],
                  describe(load, node));
    return false;
}

const char *lm_read_text(struct lm_load *load, const struct lm_node *node, const char *field)
{
    if (!lm_read_kind(load, node, field, LM_NODE_SCALAR))
        return NULL;
    if (node->has_env) {
        lm_diag_error(&load->diags, &node->at, field,
                      "${env.NAME} is allowed in paths and source locations only; use vars and -S");
        return NULL;
    }
    if (node->has_matrix) {
        lm_diag_error(&load->diags, &node->at, field,
                      "${matrix.AXIS} stands in a stage's with, seed or selections only; write the "
                      "value out");
        return NULL;
    }
    if (node->plain && lm_scalar_resolve(node->text, true).type == LM_SCALAR_NULL) {
        lm_diag_error(&load->diags, &node->at, field,
                      "the value is missing; give one or remove the key");
        return NULL;
    }
    return node->text;
}

/** The scalar when it is a number; reports anything else as "expected <what>". */
static bool number(struct lm_load *load, const struct lm_node *node, const char *field,
                   const char *what, struct lm_scalar *out)
{
    const char *text = lm_read_text(load, node, field);
    if (text == NULL)
        return false;
    *out = lm_scalar_resolve(text, node->plain);
    if (out->type == LM_SCALAR_INT || out->type == LM_SCALAR_FLOAT)
        return true;
    const char *quoted = lm_quote(load->arena, text);
    struct lm_scalar bare = lm_scalar_resolve(text, true);
    bool in_quotes = !node->plain && (bare.type == LM_SCALAR_INT || bare.type == LM_SCALAR_FLOAT);
    if (out->type == LM_SCALAR_ZERO_LED)
        lm_diag_error(&load->diags, &node->at, field,
                      "%s has a leading zero, which some readers take for octal; remove it",
                      quoted);
    else if (out->type == LM_SCALAR_TOO_LARGE)
        lm_diag_error(&load->diags, &node->at, field, "%s does not fit in 64 bits; use less",
                      quoted);
    else if (in_quotes)
        lm_diag_error(&load->diags, &node->at, field,
                      "expected %s, found the text %s; remove the quotes", what, quoted);
    else
        lm_diag_error(&load->diags, &node->at, field, "expected %s, found %s", what, quoted);
    return false;
}

bool lm_read_int(struct lm_load *load, const struct lm_node *node, const char *field, int64_t min,
                 int64_t max, int64_t *out)
{
    struct lm_scalar value;
    if (!number(load, node, field, "an integer", &value))
        return false;
    if (value.type == LM_SCALAR_FLOAT) {
        bool whole = fabs(value.real) < 1e15 && value.real == floor(value.real);
        if (whole)
            lm_diag_error(&load->diags, &node->at, field,
                          "expected an integer, found %s; write %.0f",
                          lm_quote(load->arena, node->text), value.real);
        else
            lm_diag_error(&load->diags, &node->at, field, "expected an integer, found %s; round it",
                          lm_quote(load->arena, node->text));
        return false;
    }
    if (value.integer < min)
        lm_diag_error(&load->diags, &node->at, field, "%lld is too small; at least %lld",
                      (long long)value.integer, (long long)min);
    else if (value.integer > max)
        lm_diag_error(&load->diags, &node->at, field, "%lld is too large; at most %lld",
                      (long long)value.integer, (long long)max);
    *out = value.integer;
    return value.integer >= min && value.integer <= max;
}

bool lm_read_number(struct lm_load *load, const struct lm_node *node, const char *field,
                    double *out)
{
    struct lm_scalar value;
    if (!number(load, node, field, "a number", &value))
        return false;
    if (!isfinite(value.real)) {
        lm_diag_error(&load->diags, &node->at, field, "%s is not a finite number; give one",
                      lm_quote(load->arena, node->text));
        return false;
    }
    *out = value.real;
    return true;
}

bool lm_read_size(struct lm_load *load, const struct lm_node *node, const char *field, int64_t *out)
{
    const char *text = lm_read_text(load, node, field);
    if (text == NULL)
        return false;
    if (lm_scalar_size(out, text))
        return true;
    lm_diag_error(&load->diags, &node->at, field,
                  "%s is no size; write whole bytes or a unit: 512K, 64M, 2G",
                  lm_quote(load->arena, text));
    return false;
}

bool lm_read_duration(struct lm_load *load, const struct lm_node *node, const char *field,
                      double *out)
{
    const char *text = lm_read_text(load, node, field);
    if (text == NULL)
        return false;
    if (lm_scalar_duration(out, text))
        return true;
    lm_diag_error(&load->diags, &node->at, field,
                  "%s is no duration; write it with a unit: 90s, 10m, 2h, 1d",
                  lm_quote(load->arena, text));
    return false;
}

static size_t length_of(const char *const *names)
{
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    return count;
}

int lm_read_choice(struct lm_load *load, const struct lm_node *node, const char *field,
                   const char *const *choices)
{
    const char *text = lm_read_text(load, node, field);
    if (text == NULL)
        return -1;
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(choices[i], text) == 0)
            return i;
    lm_diag_error(&load->diags, &node->at, field, "%s is not a choice%s",
                  lm_quote(load->arena, text),
                  lm_hint(&load->diags, text, choices, length_of(choices)));
    return -1;
}

/** The one of `keys` that is called `word` elsewhere; NULL: none. */
static const char *meant_key(const char *word, const char *const *keys)
{
    static const struct {
        const char *key, *also;
    } slips[] = {
        {"in", "inputs input needs depends_on dependencies requires from"},
        {"with", "params parameters args arguments config options"},
        {"uses", "type stage_type run"},
        {"publish", "outputs output artifacts"},
        {"retries", "retry max_retries"},
        {"timeout", "time_limit max_time"},
        {"stages", "jobs tasks pipeline"},
        {"vars", "variables"},
        {"experiment", "name"},
        {"include", "includes import extends"},
        {"gates", "thresholds assertions"},
        {"seed", "random_seed"},
        {"min", "minimum at_least lower"},
        {"max", "maximum at_most upper"},
        {"memory", "mem ram"},
        {"threads", "cpus cores cpu"},
    };

    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++)
        for (size_t k = 0; keys[k] != NULL; k++)
            if (strcmp(keys[k], slips[i].key) == 0 && lm_synonyms_have(slips[i].also, word))
                return keys[k];
    return NULL;
}

/** What to say about a key that is none: where it belongs, or what was probably meant. */
static const char *advice(struct lm_load *load, const char *word, const struct lm_load_map *known)
{
    const char *belongs = lm_load_belongs(load, known->type, word, known->where);
    const char *meant = belongs == NULL ? meant_key(word, known->keys) : NULL;
    if (belongs != NULL)
        return belongs;
    return meant != NULL ? lm_arena_printf(load->arena, "; did you mean '%s'?", meant)
                         : lm_hint(&load->diags, word, known->keys, length_of(known->keys));
}

void lm_read_keys(struct lm_load *load, const struct lm_node *map, const char *field,
                  const struct lm_load_map *known)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct lm_entry *entry = &map->entries[i];
        bool is_known = false;
        for (size_t k = 0; known->keys[k] != NULL && !is_known; k++)
            is_known = strcmp(known->keys[k], entry->key) == 0;
        const char *text = is_known ? NULL : advice(load, entry->key, known);
        if (!is_known)
            lm_diag_error(&load->diags, &entry->key_at, lm_load_field(load, field, entry->key),
                          "unknown key of %s%s", known->what, text != NULL ? text : "");
    }
}
