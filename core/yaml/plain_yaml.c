#include "yaml/plain_yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/name_map.h"

enum {
    KEY_LONGEST = 1000, /**< bytes; libyaml's have at most 1,024 */
    ENDED = -1,         /**< the column behind the last line */
    FEW = 16            /**< keys that are compared one by one */
};

/* Every function below gives NULL or false for what it does not know. */
struct reader {
    struct lm_arena *arena;
    const char *file, *data, *end;
    const char *at, *line_at; /**< the next byte, the first of its line */
    int line;
    int column;  /**< in blocks: of the next content, which is the first of its line; or ENDED */
    char *texts; /**< a copy of the bytes, where every text ends with a NUL of its own */
    struct lm_entry *open; /**< members of the maps and lists being read, outer ones first */
    size_t open_count, open_capacity;
    size_t node_count, depth;
};

/* ---- bytes ---- */

/** What libyaml would not look at twice: no tab, no other line break, nothing outside ASCII. */
static bool is_printable(const char *data, size_t size)
{
    bool good = true;
    for (size_t i = 0; i < size; i++) /* without a branch: many bytes at once */
        good &=
            ((unsigned char)data[i] >= 0x20 && (unsigned char)data[i] < 0x7f) || data[i] == '\n';
    return good;
}

/** The byte `offset` behind the next one; behind the last one the end of a line. */
static char peek(const struct reader *r, size_t offset)
{
    return offset < (size_t)(r->end - r->at) ? r->at[offset] : '\n';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct lm_origin here(const struct reader *r)
{
    return (struct lm_origin){
        .file = r->file, .line = r->line, .column = (int)(r->at - r->line_at) + 1};
}

static void skip_spaces(struct reader *r)
{
    while (r->at < r->end && *r->at == ' ')
        r->at++;
}

/** Goes to the end of the line when nothing but spaces and a comment stand before it. */
static bool skip_rest(struct reader *r)
{
    skip_spaces(r);
    if (r->at == r->end || *r->at == '\n')
        return true;
    if (*r->at != '#' || (r->at > r->line_at && r->at[-1] != ' '))
        return false;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    r->at = newline != NULL ? newline : r->end;
    return true;
}

static void take_newline(struct reader *r)
{
    if (r->at == r->end)
        return;
    r->line_at = ++r->at;
    r->line++;
}

/** Goes to the first content from the beginning of a line on, and says where that stands in its
 * own.
 */
static void find_content(struct reader *r)
{
    for (;;) {
        skip_spaces(r);
        if (r->at < r->end && *r->at == '#')
            skip_rest(r);
        if (r->at == r->end || *r->at != '\n')
            break;
        take_newline(r);
    }
    r->column = r->at < r->end ? (int)(r->at - r->line_at) : ENDED;
}

/** From the end of what a line holds to the content of a later one. */
static bool next_line(struct reader *r)
{
    if (!skip_rest(r))
        return false;
    take_newline(r);
    find_content(r);
    return true;
}

/* ---- nodes ---- */

static struct lm_node *new_node(struct reader *r, enum lm_node_kind kind)
{
    struct lm_node *node = LM_NEW(r->arena, struct lm_node);
    if (node == NULL || ++r->node_count > LM_YAML_NODES)
        return NULL;
    node->kind = kind;
    node->at = here(r);
    node->expanded = 1;
    return node;
}

/** The bytes from `begin` on to the next one to be read, as a text of their own. */
static const char *text_from(const struct reader *r, const char *begin, const char *end)
{
    r->texts[end - r->data] = '\0';
    return r->texts + (begin - r->data);
}

static bool append(struct reader *r, struct lm_node *node, const struct lm_entry *entry)
{
    struct lm_entry *open = entry->value != NULL
                                ? lm_grow(r->open, &r->open_capacity, r->open_count, sizeof *open)
                                : NULL;
    if (open == NULL)
        return false;
    r->open = open;
    open[r->open_count++] = *entry;
    node->count++;
    node->expanded += entry->value->expanded;
    return true;
}

static bool has_twins(const struct reader *r, const struct lm_node *map)
{
    struct lm_name_map names;
    if (map->count > FEW) {
        struct lm_arena_mark mark = lm_arena_mark(r->arena);
        bool known = true;
        lm_name_map_init(&names, r->arena);
        for (size_t i = 0; i < map->count && known; i++)
            known = lm_name_map_put(&names, map->entries[i].key, i);
        lm_arena_rewind(r->arena, mark);
        return !known || names.count < map->count;
    }
    for (size_t i = 1; i < map->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(map->entries[i].key, map->entries[k].key) == 0)
                return true;
    return false;
}

/** The node is whole: its members get their place in the arena. */
static const struct lm_node *settle(struct reader *r, struct lm_node *node)
{
    node->entries = LM_NEW_ARRAY(r->arena, struct lm_entry, node->count);
    if (node->entries == NULL)
        return NULL;
    r->open_count -= node->count;
    if (node->count > 0)
        memcpy(node->entries, r->open + r->open_count, node->count * sizeof *node->entries);
    r->depth--;
    return node->kind == LM_NODE_MAP && has_twins(r, node) ? NULL : node;
}

/** A map or list begins here. */
static struct lm_node *open_node(struct reader *r, enum lm_node_kind kind)
{
    return ++r->depth <= LM_YAML_DEPTH ? new_node(r, kind) : NULL;
}

/* ---- scalars ---- */

/** A text in quotes that holds no escape and ends on its line. */
static const char *read_quoted(struct reader *r)
{
    char quote = *r->at;
    const char *begin = ++r->at;
    while (r->at < r->end && *r->at != quote && *r->at != '\n' && (quote == '\'' || *r->at != '\\'))
        r->at++;
    if (peek(r, 0) != quote || (quote == '\'' && peek(r, 1) == '\''))
        return NULL;
    return text_from(r, begin, r->at++);
}

/** May a text without quotes begin here? */
static bool begins_bare(const struct reader *r)
{
    char c = peek(r, 0), next = peek(r, 1);
    bool marks_document = r->at == r->line_at && c == '.' && next == '.';
    if (c == '-')
        return is_word(next) || next == '.';
    return strchr("?:,[]{}#&*!|>'\"%@` \n", c) == NULL && !marks_document;
}

/** Does the text without quotes end at this byte? *known false: it has a form that is left alone.
 */
static bool ends_bare(const struct reader *r, bool in_flow, bool *known)
{
    char c = *r->at, next = peek(r, 1);
    if (c == '\n' || (c == '#' && r->at[-1] == ' '))
        return true;
    if (in_flow && strchr(",[]{}", c) != NULL)
        return true;
    if (c == ':' && (is_blank(next) || (in_flow && !is_word(next) && next != '/')))
        *known = false;
    if (c == '?' && in_flow)
        *known = false;
    return !*known;
}

static const char *read_bare(struct reader *r, bool in_flow)
{
    const char *begin = r->at;
    bool known = begins_bare(r);
    if (!known)
        return NULL;
    do
        r->at++;
    while (r->at < r->end && !ends_bare(r, in_flow, &known));
    while (r->at[-1] == ' ')
        r->at--;
    return known ? text_from(r, begin, r->at) : NULL;
}

static const struct lm_node *read_scalar(struct reader *r, bool in_flow)
{
    struct lm_node *node = new_node(r, LM_NODE_SCALAR);
    if (node == NULL || r->at == r->end)
        return NULL;
    node->plain = *r->at != '"' && *r->at != '\'';
    node->text = node->plain ? read_bare(r, in_flow) : read_quoted(r);
    return node->text != NULL ? node : NULL;
}

/** The name before a colon, without quotes, or NULL; *size: of its bytes. */
static bool is_key(const struct reader *r, size_t *size)
{
    size_t n = 0;
    while (is_word(peek(r, n)) || (n > 0 && (peek(r, n) == '-' || peek(r, n) == '.')))
        n++;
    *size = n;
    return n > 0 && n <= KEY_LONGEST && peek(r, n) == ':' && is_blank(peek(r, n + 1));
}

/** Reads a key and its colon. */
static bool read_key(struct reader *r, struct lm_entry *entry, bool in_flow)
{
    size_t size;
    const char *begin = r->at;
    entry->key_at = here(r);
    if (is_key(r, &size)) {
        r->at += size + 1;
        entry->key = text_from(r, begin, r->at - 1);
        return true;
    }
    if (peek(r, 0) != '"' && peek(r, 0) != '\'')
        return false;
    entry->key = read_quoted(r);
    bool good = entry->key != NULL && entry->key[0] != '\0' && r->at - begin <= KEY_LONGEST &&
                peek(r, 0) == ':' && (in_flow || is_blank(peek(r, 1)));
    r->at += good;
    return good;
}

/* ---- flow ---- */

/** Goes to the next token, over lines and comments; false: there is none. */
static bool skip_between(struct reader *r)
{
    for (;;) {
        skip_spaces(r);
        if (r->at == r->end)
            return false;
        if (*r->at == '\n')
            take_newline(r);
        else if (*r->at != '#')
            return true;
        else if (!skip_rest(r))
            return false;
    }
}

static const struct lm_node *read_flow(struct reader *r);

static const struct lm_node *read_inline(struct reader *r, bool in_flow)
{
    char c = peek(r, 0);
    return c == '[' || c == '{' ? read_flow(r) : read_scalar(r, in_flow);
}

/** The closing bracket or a comma, behind which there may be more. */
static bool end_member(struct reader *r, char close)
{
    if (!skip_between(r) || (*r->at != ',' && *r->at != close))
        return false;
    r->at += *r->at == ',';
    return true;
}

static const struct lm_node *read_flow(struct reader *r)
{
    bool is_map = *r->at == '{';
    char close = is_map ? '}' : ']';
    struct lm_node *node = open_node(r, is_map ? LM_NODE_MAP : LM_NODE_LIST);
    r->at++;
    while (node != NULL && skip_between(r)) {
        struct lm_entry entry = {.key = NULL};
        if (*r->at == close) {
            r->at++;
            return settle(r, node);
        }
        if (is_map && (!read_key(r, &entry, true) || !skip_between(r)))
            return NULL;
        entry.value = read_inline(r, true);
        if (!append(r, node, &entry) || !end_member(r, close))
            return NULL;
    }
    return NULL;
}

/* ---- blocks ---- */

static const struct lm_node *read_map(struct reader *r, int indent);

/** Does an element of a list begin here? */
static bool is_dash(const struct reader *r)
{
    return peek(r, 0) == '-' && peek(r, 1) == ' ';
}

/** A value that begins on a line behind something else and ends there, or in flow on a later one.
 */
static const struct lm_node *read_line(struct reader *r)
{
    const struct lm_node *node = read_inline(r, false);
    return node != NULL && next_line(r) ? node : NULL;
}

static const struct lm_node *read_list(struct reader *r, int indent)
{
    size_t size;
    struct lm_node *node = open_node(r, LM_NODE_LIST);
    while (node != NULL && r->column == indent && is_dash(r)) {
        struct lm_entry entry = {.key = NULL};
        r->at++;
        skip_spaces(r);
        entry.value = is_key(r, &size) ? read_map(r, (int)(r->at - r->line_at)) : read_line(r);
        if (!append(r, node, &entry))
            return NULL;
    }
    return node != NULL && r->column <= indent ? settle(r, node) : NULL;
}

/** What stands behind a key and its colon. */
static const struct lm_node *read_value(struct reader *r, int indent)
{
    skip_spaces(r);
    char c = peek(r, 0);
    if (c != '\n' && c != '#')
        return read_line(r);
    if (!next_line(r) || r->column < indent || r->column == ENDED)
        return NULL;
    if (is_dash(r))
        return read_list(r, r->column);
    return r->column > indent ? read_map(r, r->column) : NULL;
}

static const struct lm_node *read_map(struct reader *r, int indent)
{
    struct lm_node *node = open_node(r, LM_NODE_MAP);
    if (node == NULL)
        return NULL;
    do {
        struct lm_entry entry = {.key = NULL};
        if (!read_key(r, &entry, false))
            return NULL;
        entry.value = read_value(r, indent);
        if (!append(r, node, &entry))
            return NULL;
    } while (r->column == indent);
    return r->column < indent ? settle(r, node) : NULL;
}

static const struct lm_node *read_all(struct reader *r)
{
    r->texts = lm_arena_strndup(r->arena, r->data, (size_t)(r->end - r->data));
    if (r->texts == NULL)
        return NULL;
    find_content(r);
    if (r->column != 0)
        return NULL;
    const struct lm_node *root = read_map(r, 0);
    return r->column == ENDED ? root : NULL;
}

const struct lm_node *lm_plain_yaml_read(struct lm_arena *arena, const char *file, const char *data,
                                         size_t size)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    struct reader reader = {.arena = arena,
                            .file = file,
                            .data = data,
                            .end = data + size,
                            .at = data,
                            .line_at = data,
                            .line = 1};
    const struct lm_node *root =
        size <= LM_YAML_BYTES && is_printable(data, size) ? read_all(&reader) : NULL;
    free(reader.open);
    if (root == NULL)
        lm_arena_rewind(arena, mark);
    return root;
}
