#include "suffix_automaton.h"

#include <stdlib.h>
#include <string.h>

enum { ROOT = 0, NONE = -1 };

struct state {
    int32_t link, length;
    int32_t edges; /* first edge, or NONE */
    int32_t reach; /* longest match in the stream; after finish of the state or else its links */
};

struct edge {
    int32_t state, token, target, next;
};

struct suffix_automaton {
    struct state *states;
    struct edge *edges;
    int32_t *slots; /* hash table of edges by (state, token); NONE is free */
    size_t *prefix; /* state of each position */
    size_t state_count, edge_count, slot_mask, position_count;
    int32_t last, separators;
};

struct suffix_reader {
    const struct suffix_automaton *automaton;
    int32_t *reach; /* of each state */
    int32_t cursor, matched;
};

struct suffix_automaton *suffix_automaton_create(size_t capacity)
{
    size_t slots = 64;
    struct suffix_automaton *automaton = calloc(1, sizeof *automaton);
    if (automaton == NULL || capacity > INT32_MAX / 8) {
        free(automaton);
        return NULL;
    }
    while (slots < 8 * (capacity + 1))
        slots *= 2;
    automaton->states = calloc(2 * capacity + 2, sizeof *automaton->states);
    automaton->edges = calloc(4 * capacity + 4, sizeof *automaton->edges);
    automaton->slots = malloc(slots * sizeof *automaton->slots);
    automaton->prefix = calloc(capacity + 1, sizeof *automaton->prefix);
    automaton->slot_mask = slots - 1;
    if (automaton->states == NULL || automaton->edges == NULL || automaton->slots == NULL ||
        automaton->prefix == NULL) {
        suffix_automaton_free(automaton);
        return NULL;
    }
    memset(automaton->slots, 0xff, slots * sizeof *automaton->slots);
    automaton->states[ROOT] = (struct state){.link = NONE, .edges = NONE};
    automaton->state_count = 1;
    return automaton;
}

void suffix_automaton_free(struct suffix_automaton *automaton)
{
    if (automaton == NULL)
        return;
    free(automaton->states);
    free(automaton->edges);
    free(automaton->slots);
    free(automaton->prefix);
    free(automaton);
}

/* Slot of the edge (state, token), or the free slot where it belongs. */
static int32_t *find_slot(const struct suffix_automaton *automaton, int32_t state, int32_t token)
{
    uint64_t key = (uint64_t)(uint32_t)state << 32 | (uint32_t)token;
    key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
    size_t slot = (size_t)(key ^ key >> 31) & automaton->slot_mask;
    for (;; slot = (slot + 1) & automaton->slot_mask) {
        int32_t edge = automaton->slots[slot];
        if (edge == NONE ||
            (automaton->edges[edge].state == state && automaton->edges[edge].token == token))
            return &automaton->slots[slot];
    }
}

/* Index of the edge (state, token), or NONE. */
static int32_t find_edge(const struct suffix_automaton *automaton, int32_t state, int32_t token)
{
    return *find_slot(automaton, state, token);
}

static void add_edge(struct suffix_automaton *automaton, int32_t state, int32_t token,
                     int32_t target)
{
    int32_t edge = (int32_t)automaton->edge_count++;
    automaton->edges[edge] = (struct edge){state, token, target, automaton->states[state].edges};
    automaton->states[state].edges = edge;
    *find_slot(automaton, state, token) = edge;
}

static int32_t add_state(struct suffix_automaton *automaton, int32_t length, int32_t link)
{
    int32_t state = (int32_t)automaton->state_count++;
    automaton->states[state] = (struct state){.link = link, .length = length, .edges = NONE};
    return state;
}

/* Splits `target`: a copy of length length(from) + 1 takes over the short sequences. */
static int32_t clone_state(struct suffix_automaton *automaton, int32_t from, int32_t token,
                           int32_t target)
{
    int32_t clone =
        add_state(automaton, automaton->states[from].length + 1, automaton->states[target].link);
    for (int32_t e = automaton->states[target].edges; e != NONE; e = automaton->edges[e].next)
        add_edge(automaton, clone, automaton->edges[e].token, automaton->edges[e].target);
    automaton->states[target].link = clone;
    for (int32_t s = from; s != NONE; s = automaton->states[s].link) {
        int32_t edge = find_edge(automaton, s, token);
        if (edge == NONE || automaton->edges[edge].target != target)
            break;
        automaton->edges[edge].target = clone;
    }
    return clone;
}

static void extend(struct suffix_automaton *automaton, int32_t token)
{
    int32_t own = add_state(automaton, automaton->states[automaton->last].length + 1, ROOT);
    int32_t s = automaton->last;
    for (; s != NONE && find_edge(automaton, s, token) == NONE; s = automaton->states[s].link)
        add_edge(automaton, s, token, own);
    if (s != NONE) {
        int32_t target = automaton->edges[find_edge(automaton, s, token)].target;
        bool is_tight = automaton->states[target].length == automaton->states[s].length + 1;
        automaton->states[own].link = is_tight ? target : clone_state(automaton, s, token, target);
    }
    automaton->last = own;
    automaton->prefix[automaton->position_count++] = (size_t)own;
}

size_t suffix_automaton_add(struct suffix_automaton *automaton, const int32_t *ids, size_t count)
{
    size_t first = automaton->position_count;
    for (size_t i = 0; i < count; i++)
        extend(automaton, ids[i]);
    extend(automaton, -1 - automaton->separators++);
    return first;
}

struct suffix_reader *suffix_reader_create(const struct suffix_automaton *automaton)
{
    struct suffix_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->automaton = automaton;
    reader->reach = calloc(automaton->state_count, sizeof *reader->reach);
    if (reader->reach == NULL) {
        free(reader);
        return NULL;
    }
    return reader;
}

void suffix_reader_free(struct suffix_reader *reader)
{
    if (reader == NULL)
        return;
    free(reader->reach);
    free(reader);
}

void suffix_reader_restart(struct suffix_reader *reader)
{
    reader->cursor = ROOT;
    reader->matched = 0;
}

void suffix_reader_take(struct suffix_reader *reader, const int32_t *ids, size_t count)
{
    const struct suffix_automaton *automaton = reader->automaton;
    int32_t cursor = reader->cursor, matched = reader->matched;
    for (size_t i = 0; i < count; i++) {
        int32_t edge = find_edge(automaton, cursor, ids[i]);
        while (edge == NONE && cursor != ROOT) {
            cursor = automaton->states[cursor].link;
            matched = automaton->states[cursor].length;
            edge = find_edge(automaton, cursor, ids[i]);
        }
        if (edge == NONE)
            continue;
        cursor = automaton->edges[edge].target;
        matched++;
        if (matched > reader->reach[cursor])
            reader->reach[cursor] = matched;
    }
    reader->cursor = cursor;
    reader->matched = matched;
}

void suffix_automaton_join(struct suffix_automaton *automaton, const struct suffix_reader *reader)
{
    for (size_t s = 0; s < automaton->state_count; s++)
        if (reader->reach[s] > automaton->states[s].reach)
            automaton->states[s].reach = reader->reach[s];
}

/* States by length: links always point to shorter ones. */
struct order {
    int32_t length, state;
};

static int compare_order(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return (x->state > y->state) - (x->state < y->state);
}

bool suffix_automaton_finish(struct suffix_automaton *automaton)
{
    size_t count = automaton->state_count;
    struct order *order = malloc(count * sizeof *order);
    if (order == NULL)
        return false;
    for (size_t s = 0; s < count; s++)
        order[s] = (struct order){automaton->states[s].length, (int32_t)s};
    qsort(order, count, sizeof *order, compare_order);
    for (size_t i = count; i-- > 1;) { /* what a state matched, its link matched whole */
        const struct state *state = &automaton->states[order[i].state];
        if (state->reach > 0)
            automaton->states[state->link].reach = automaton->states[state->link].length;
    }
    for (size_t i = 1; i < count; i++) { /* what a state did not match, its link may have */
        struct state *state = &automaton->states[order[i].state];
        if (state->reach == 0)
            state->reach = automaton->states[state->link].reach;
    }
    free(order);
    return true;
}

size_t suffix_automaton_match(const struct suffix_automaton *automaton, size_t index)
{
    return (size_t)automaton->states[automaton->prefix[index]].reach;
}
