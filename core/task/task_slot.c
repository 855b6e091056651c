#include "task/task_slot.h"

#include <string.h>

#include "yaml/scalar.h"

void lm_slot_error(const struct lm_slot *slot, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lm_diag_error(slot->diags, &slot->node->at, slot->field, "%s", text);
}

void *lm_slot_keep(struct lm_diag_list *diags, void *pointer)
{
    diags->failed |= pointer == NULL;
    return pointer;
}

struct lm_slot lm_slot_below(const struct lm_slot *slot, const struct lm_node *node,
                             const char *name)
{
    char *field =
        lm_slot_keep(slot->diags, lm_arena_printf(slot->diags->arena, "%s.%s", slot->field, name));
    return (struct lm_slot){slot->diags, node, field != NULL ? field : slot->field};
}

struct lm_slot lm_slot_element(const struct lm_slot *slot, size_t index)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", index);
    return lm_slot_below(slot, slot->node->entries[index].value, number);
}

const char *lm_slot_text(const struct lm_slot *slot)
{
    const struct lm_node *node = slot->node;
    if (node->kind != LM_NODE_SCALAR)
        lm_slot_error(slot, "expected a text, found a %s",
                      node->kind == LM_NODE_LIST ? "list" : "mapping");
    else if (lm_scalar_resolve(node->text, node->plain).type == LM_SCALAR_NULL)
        lm_slot_error(slot, "the value is missing; give one or remove the key");
    else
        return node->text;
    return NULL;
}

bool lm_slot_count(const struct lm_slot *slot, int64_t least, int64_t most, int64_t *out)
{
    const char *text = lm_slot_text(slot);
    if (text == NULL)
        return false;
    struct lm_scalar value = lm_scalar_resolve(text, slot->node->plain);
    bool is_good = value.type == LM_SCALAR_INT && value.integer >= least && value.integer <= most;
    if (is_good)
        *out = value.integer;
    else
        lm_slot_error(slot, "expected a whole number from %lld to %lld, found %s", (long long)least,
                      (long long)most, lm_quote(slot->diags->arena, text));
    return is_good;
}

int lm_slot_choice(const struct lm_slot *slot, const char *const *names)
{
    const char *text = lm_slot_text(slot);
    size_t count = 0;
    if (text == NULL)
        return -1;
    for (; names[count] != NULL; count++)
        if (strcmp(names[count], text) == 0)
            return (int)count;
    lm_slot_error(slot, "there is no %s%s", lm_quote(slot->diags->arena, text),
                  lm_hint(slot->diags, text, names, count));
    return -1;
}

const char *const *lm_slot_texts(const struct lm_slot *slot, size_t *count, bool may_be_empty)
{
    bool is_list = slot->node->kind == LM_NODE_LIST;
    *count = is_list ? slot->node->count : 1;
    const char **out =
        lm_slot_keep(slot->diags, LM_NEW_ARRAY(slot->diags->arena, const char *, *count + 1));
    if (out == NULL)
        return NULL;
    if (*count > LM_SLOT_TEXTS || *count == 0) {
        lm_slot_error(slot, "a list of %zu; 1 to %d are allowed", *count, LM_SLOT_TEXTS);
        return NULL;
    }
    for (size_t i = 0; i < *count; i++) {
        struct lm_slot item = is_list ? lm_slot_element(slot, i) : *slot;
        out[i] = lm_slot_text(&item);
        if (out[i] == NULL)
            return NULL;
        if (out[i][0] == '\0' && !may_be_empty) {
            lm_slot_error(&item, "an empty text; give one or remove it");
            return NULL;
        }
    }
    return out;
}

void lm_slot_map(const struct lm_slot *slot, const struct lm_slot_key *keys, size_t count,
                 void *out)
{
    enum { MOST = 16 };

    const char *names[MOST];
    if (slot->node->kind != LM_NODE_MAP) {
        lm_slot_error(slot, "expected a mapping");
        return;
    }
    for (size_t i = 0; i < count && i < MOST; i++)
        names[i] = keys[i].name;
    for (size_t i = 0; i < slot->node->count; i++) {
        const struct lm_entry *entry = &slot->node->entries[i];
        struct lm_slot value = lm_slot_below(slot, entry->value, entry->key);
        size_t k = 0;
        while (k < count && strcmp(keys[k].name, entry->key) != 0)
            k++;
        if (k < count)
            keys[k].read(&value, out);
        else
            lm_diag_error(slot->diags, &entry->key_at, value.field, "unknown key%s",
                          lm_hint(slot->diags, entry->key, names, count));
    }
}
