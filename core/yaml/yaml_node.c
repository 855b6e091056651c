#include "yaml/yaml_node.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/grow.h"
#include "base/utf8.h"

struct anchor {
    const char *name;
    const struct lm_node *node; /* NULL while the node is being read */
};

struct reader {
    yaml_parser_t parser;
    struct lm_arena *arena;
    struct lm_diag_list *diags;
    const char *file, *data;
    size_t size;
    struct anchor *anchors;
    size_t anchor_count, anchor_capacity, alias_count, node_count, depth;
    struct lm_entry *open; /* members of the maps and lists that are being read, outer ones first */
    size_t open_count, open_capacity;
    bool stopped, found; /* stopped: give up reading; found: something was wrong */
};

static struct lm_origin origin_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct lm_origin){
        .file = reader->file, .line = (int)mark.line + 1, .column = (int)mark.column + 1};
}

static struct lm_origin origin_at(const struct reader *reader, size_t offset)
{
    struct lm_origin at = {.file = reader->file, .line = 1, .column = 1};
    for (size_t i = 0; i < offset && i < reader->size; i++) {
        unsigned char c = (unsigned char)reader->data[i];
        if (c == '\n') {
            at.line++;
            at.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

static void stop(struct reader *reader, const struct lm_origin *at, const char *text)
{
    if (!reader->stopped)
        lm_diag_error(reader->diags, at, "", "%s", text);
    reader->stopped = reader->found = true;
}

static void out_of_memory(struct reader *reader)
{
    reader->diags->failed = true;
    reader->stopped = reader->found = true;
}

/** Is there a tab in the white space that leads the line (0-based)? */
static bool tab_leads(const struct reader *reader, size_t line)
{
    const char *p = reader->data, *end = reader->data + reader->size;
    for (; line > 0 && p != NULL; line--) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    for (; p != NULL && p < end && (*p == ' ' || *p == '\t'); p++)
        if (*p == '\t')
            return true;
    return false;
}

static void syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "cannot be read as YAML";
    if (parser->error == YAML_MEMORY_ERROR) {
        out_of_memory(reader);
        return;
    }
    if (parser->error == YAML_READER_ERROR) { /* its mark is always 1:1 */
        struct lm_origin at = origin_at(reader, parser->problem_offset);
        stop(reader, &at,
             "a character that YAML does not allow; remove it or escape it in double quotes");
        return;
    }
    struct lm_origin at = origin_of(reader, parser->problem_mark);
    if (tab_leads(reader, parser->problem_mark.line)) {
        stop(reader, &at, "a tab indents this line; YAML allows only spaces there");
        return;
    }
    if (!reader->stopped) {
        const char *context = parser->context ? parser->context : "";
        char begun[48] = "";
        if (context[0] && parser->context_mark.line != parser->problem_mark.line)
            snprintf(begun, sizeof begun, " begun on line %zu", parser->context_mark.line + 1);
        lm_diag_error(reader->diags, &at, "", "not valid YAML: %s%s%s%s; fix the syntax near here",
                      problem, context[0] ? " " : "", context, begun);
    }
    reader->stopped = reader->found = true;
}

/** Next event, or false after a syntax error. */
static bool next(struct reader *reader, yaml_event_t *event)
{
    if (reader->stopped)
        return false;
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    syntax_error(reader);
    return false;
}

static const struct lm_node *read_node(struct reader *reader, const yaml_event_t *event);

static const struct lm_node *read_alias(struct reader *reader, const yaml_event_t *event)
{
    struct lm_origin at = origin_of(reader, event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    if (++reader->alias_count > LM_YAML_ALIASES) {
        stop(reader, &at, "more than 1,000 aliases; write the values out");
        return NULL;
    }
    for (size_t i = reader->anchor_count; i-- > 0;) {
        if (strcmp(reader->anchors[i].name, name) != 0)
            continue;
        if (reader->anchors[i].node == NULL)
            stop(reader, &at, "an alias that contains itself; remove it");
        return reader->anchors[i].node;
    }
    stop(reader, &at, "an alias without an anchor of its name before it; define &name first");
    return NULL;
}

static struct lm_node *new_node(struct reader *reader, const yaml_event_t *event,
                                enum lm_node_kind kind)
{
    struct lm_node *node = LM_NEW(reader->arena, struct lm_node);
    if (node == NULL) {
        out_of_memory(reader);
        return NULL;
    }
    node->kind = kind;
    node->at = origin_of(reader, event->start_mark);
    node->expanded = 1;
    if (++reader->node_count > LM_YAML_NODES)
        stop(reader, &node->at, "more than 1,000,000 values; split the experiment");
    return node;
}

/** Copies a scalar's text; NUL inside would cut it. */
static const char *copy_text(struct reader *reader, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length) != NULL) {
        struct lm_origin at = origin_of(reader, event->start_mark);
        stop(reader, &at, "a NUL character in a text; remove it");
        return NULL;
    }
    const char *text = lm_arena_strndup(reader->arena, value, length);
    if (text == NULL)
        out_of_memory(reader);
    return text;
}

static bool append(struct reader *reader, struct lm_node *node, const struct lm_entry *entry)
{
    struct lm_entry *open =
        lm_grow(reader->open, &reader->open_capacity, reader->open_count, sizeof *open);
    if (open == NULL) {
        out_of_memory(reader);
        return false;
    }
    reader->open = open;
    reader->open[reader->open_count++] = *entry;
    node->count++;
    node->expanded += entry->value->expanded;
    if (node->expanded > LM_YAML_NODES) {
        stop(reader, &node->at,
             "more than 1,000,000 values when aliases are expanded; write fewer");
        return false;
    }
    return true;
}

/** The node is whole: its members get their place in the arena. */
static void settle(struct reader *reader, struct lm_node *node)
{
    node->entries = LM_NEW_ARRAY(reader->arena, struct lm_entry, node->count);
    if (node->entries == NULL) {
        out_of_memory(reader);
        return;
    }
    reader->open_count -= node->count;
    if (node->count > 0)
        memcpy(node->entries, reader->open + reader->open_count,
               node->count * sizeof *node->entries);
}

static void read_list(struct reader *reader, struct lm_node *node)
{
    yaml_event_t event;
    while (next(reader, &event)) {
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct lm_entry entry = {.key = NULL};
        if (!end)
            entry.value = read_node(reader, &event);
        yaml_event_delete(&event);
        if (end)
            settle(reader, node);
        if (end || entry.value == NULL || !append(reader, node, &entry))
            return;
    }
}

/** Reads a key; false when it is none (a list, a map, an alias, nothing). */
static bool read_key(struct reader *reader, const yaml_event_t *event, struct lm_entry *entry)
{
    entry->key_at = origin_of(reader, event->start_mark);
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.length == 0) {
        stop(reader, &entry->key_at, "a key must be a plain name");
        return false;
    }
    entry->key = copy_text(reader, event);
    return entry->key != NULL;
}

static int by_key(const void *a, const void *b)
{
    const struct lm_entry *const *x = a, *const *y = b;
    int order = strcmp((*x)->key, (*y)->key);
    return order ? order : (*x < *y ? -1 : *x > *y);
}

/** Reports members whose key came before, and removes them. */
static void drop_duplicates(struct reader *reader, struct lm_node *node)
{
    enum { FEW = 16 };

    struct lm_entry *few[FEW];
    struct lm_entry **sorted =
        node->count <= FEW ? few : LM_NEW_ARRAY(reader->arena, struct lm_entry *, node->count);
    if (node->count < 2)
        return;
    if (sorted == NULL) {
        out_of_memory(reader);
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        sorted[i] = &node->entries[i];
    qsort(sorted, node->count, sizeof(struct lm_entry *), by_key);
    size_t first = 0;
    for (size_t i = 1; i < node->count; i++) {
        if (strcmp(sorted[i]->key, sorted[first]->key) != 0) {
            first = i;
            continue;
        }
        lm_diag_error(reader->diags, &sorted[i]->key_at, "",
                      "the key %s is given twice (first on line %d); remove one",
                      lm_quote(reader->arena, sorted[i]->key), sorted[first]->key_at.line);
        reader->found = true;
        sorted[i]->value = NULL;
    }
    size_t kept = 0;
    for (size_t i = 0; i < node->count; i++)
        if (node->entries[i].value != NULL)
            node->entries[kept++] = node->entries[i];
    node->count = kept;
}

static void read_map(struct reader *reader, struct lm_node *node)
{
    yaml_event_t event;
    while (next(reader, &event)) {
        struct lm_entry entry = {.key = NULL};
        bool end = event.type == YAML_MAPPING_END_EVENT;
        bool good = !end && read_key(reader, &event, &entry);
        yaml_event_delete(&event);
        if (end) {
            settle(reader, node);
            drop_duplicates(reader, node);
        }
        if (!good || !next(reader, &event))
            return;
        entry.value = read_node(reader, &event);
        yaml_event_delete(&event);
        if (entry.value == NULL || !append(reader, node, &entry))
            return;
    }
}

static void read_scalar(struct reader *reader, struct lm_node *node, const yaml_event_t *event)
{
    node->text = copy_text(reader, event);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/** The anchor and tag of an event that may have them. */
static void marks(const yaml_event_t *event, const char **anchor, const char **tag)
{
    const yaml_char_t *a = NULL, *t = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        a = event->data.scalar.anchor;
        t = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        a = event->data.sequence_start.anchor;
        t = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        a = event->data.mapping_start.anchor;
        t = event->data.mapping_start.tag;
    }
    *anchor = (const char *)a;
    *tag = (const char *)t;
}

/** Registers an anchor; returns its index, or SIZE_MAX when there is none or after an error. */
static size_t add_anchor(struct reader *reader, const struct lm_origin *at, const char *name)
{
    if (name == NULL)
        return SIZE_MAX;
    if (reader->anchor_count >= LM_YAML_ALIASES) {
        stop(reader, at, "more than 1,000 anchors; write the values out");
        return SIZE_MAX;
    }
    struct anchor *anchors = lm_arena_grow(reader->arena, reader->anchors, reader->anchor_count,
                                           &reader->anchor_capacity, sizeof *anchors);
    const char *copy = lm_arena_strdup(reader->arena, name);
    if (anchors == NULL || copy == NULL) {
        out_of_memory(reader);
        return SIZE_MAX;
    }
    reader->anchors = anchors;
    anchors[reader->anchor_count] = (struct anchor){.name = copy};
    return reader->anchor_count++;
}

static enum lm_node_kind kind_of(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT           ? LM_NODE_SCALAR
           : event->type == YAML_SEQUENCE_START_EVENT ? LM_NODE_LIST
                                                      : LM_NODE_MAP;
}

/** Reads the node that `event` begins; NULL when reading has stopped. */
static const struct lm_node *read_node(struct reader *reader, const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, event);
    struct lm_node *node = new_node(reader, event, kind_of(event));
    if (node == NULL)
        return NULL;
    const char *anchor, *tag;
    marks(event, &anchor, &tag);
    if (tag != NULL) {
        lm_diag_error(reader->diags, &node->at, "", "the tag %s is not supported; remove it",
                      lm_quote(reader->arena, tag));
        reader->found = true;
    }
    size_t slot = add_anchor(reader, &node->at, anchor);
    if (node->kind == LM_NODE_SCALAR) {
        read_scalar(reader, node, event);
    } else if (++reader->depth > LM_YAML_DEPTH) {
        stop(reader, &node->at, "nested deeper than 64 levels; flatten it");
    } else if (node->kind == LM_NODE_LIST) {
        read_list(reader, node);
    } else {
        read_map(reader, node);
    }
    reader->depth -= node->kind != LM_NODE_SCALAR;
    if (slot != SIZE_MAX)
        reader->anchors[slot].node = node;
    return reader->stopped ? NULL : node;
}

/** Reads the whole stream: at most one document. */
static const struct lm_node *read_stream(struct reader *reader)
{
    const struct lm_node *root = NULL;
    yaml_event_t event;
    size_t documents = 0;
    for (bool end = false; !end && next(reader, &event);) {
        if (event.type == YAML_DOCUMENT_START_EVENT && ++documents > 1) {
            struct lm_origin at = origin_of(reader, event.start_mark);
            stop(reader, &at, "a second document begins here; keep one document a file");
        } else if (event.type == YAML_SCALAR_EVENT || event.type == YAML_SEQUENCE_START_EVENT ||
                   event.type == YAML_MAPPING_START_EVENT || event.type == YAML_ALIAS_EVENT) {
            root = read_node(reader, &event);
        }
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    return reader->stopped ? NULL : root;
}

/** UTF-8 without NUL: libyaml would name line 1 for either. */
static bool check_bytes(struct reader *reader)
{
    if (reader->size > LM_YAML_BYTES) {
        struct lm_origin whole = {.file = reader->file};
        stop(reader, &whole, "larger than 64 MiB; split it");
        return false;
    }
    const unsigned char *bytes = (const unsigned char *)reader->data;
    if (reader->size >= 2 &&
        ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff))) {
        struct lm_origin at = origin_at(reader, 0);
        stop(reader, &at, "the file is UTF-16; save it as UTF-8");
        return false;
    }
    size_t valid = lm_utf8_valid_prefix(bytes, reader->size);
    const char *nul = memchr(reader->data, '\0', valid);
    struct lm_origin at = origin_at(reader, nul ? (size_t)(nul - reader->data) : valid);
    if (nul != NULL)
        stop(reader, &at, "a NUL byte; remove it");
    else if (valid < reader->size)
        stop(reader, &at, "a byte that is not UTF-8; save the file as UTF-8");
    return !reader->stopped;
}

bool lm_yaml_parse(const struct lm_node **out, struct lm_diag_list *diags, const char *file,
                   const char *data, size_t size)
{
    struct reader reader = {
        .arena = diags->arena, .diags = diags, .file = file, .data = data, .size = size};
    *out = NULL;
    if (!check_bytes(&reader))
        return false;
    if (!yaml_parser_initialize(&reader.parser)) {
        out_of_memory(&reader);
        return false;
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)data, size);
    *out = read_stream(&reader);
    yaml_parser_delete(&reader.parser);
    free(reader.open);
    return !reader.found;
}

const struct lm_entry *lm_node_entry(const struct lm_node *map, const char *key)
{
    if (map == NULL || map->kind != LM_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return &map->entries[i];
    return NULL;
}

const struct lm_node *lm_node_get(const struct lm_node *map, const char *key)
{
    const struct lm_entry *entry = lm_node_entry(map, key);
    return entry ? entry->value : NULL;
}
