/* LMDB: the first key, in their order, whose rows differ. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/io.h"
#include "data/tokens_lmdb.h"
#include "differ/differ_inside.h"

struct row {
    const uint8_t *key, *value;
    size_t key_size, value_size;
};

struct side {
    struct lm_rows *rows;
    struct row *items;
    size_t count, capacity;
};

/** Has the first page the mark of a meta page? */
static bool looks_like(const struct lm_differ_pair *pair)
{
    static const unsigned char mark[4] = {0xDE, 0xC0, 0xEF, 0xBE};
    unsigned char head[20];
    return lm_read_at(pair->fds[0], head, sizeof head, 0) == sizeof head &&
           memcmp(head + 16, mark, sizeof mark) == 0;
}

static enum lm_status collect(void *user, const uint8_t *key, size_t key_size, const uint8_t *value,
                              size_t value_size, struct lm_err *err)
{
    struct side *side = user;
    struct row *items = lm_grow(side->items, &side->capacity, side->count, sizeof *items);
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory comparing rows");
    side->items = items;
    side->items[side->count++] = (struct row){key, value, key_size, value_size};
    return LM_OK;
}

static int compare_keys(const struct row *a, const struct row *b)
{
    size_t less = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, less);
    return order != 0 ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

static void put_place(struct lm_differ *out, const struct row *row)
{
    size_t used = (size_t)snprintf(out->place, sizeof out->place, "key ");
    for (size_t i = 0; i < row->key_size && i < LM_ROWS_LONGEST_KEY; i++)
        used += (size_t)snprintf(out->place + used, sizeof out->place - used, "%02x", row->key[i]);
}

static void put_byte(char out[LM_DIFFER_VALUE], const struct row *row, size_t at)
{
    if (at < row->value_size)
        snprintf(out, LM_DIFFER_VALUE, "0x%02x", row->value[at]);
    else
        snprintf(out, LM_DIFFER_VALUE, "the end of its value");
}

/** One of a and b is NULL: the other's key is absent there. */
static bool tell(struct lm_differ *out, const struct row *a, const struct row *b)
{
    size_t at = 0;
    put_place(out, a != NULL ? a : b);
    if (a == NULL || b == NULL) {
        snprintf(out->stored, sizeof out->stored, a != NULL ? "%zu bytes" : "absent",
                 a != NULL ? a->value_size : 0);
        snprintf(out->now, sizeof out->now, b != NULL ? "%zu bytes" : "absent",
                 b != NULL ? b->value_size : 0);
        return true;
    }
    while (at < a->value_size && at < b->value_size && a->value[at] == b->value[at])
        at++;
    size_t used = strlen(out->place);
    snprintf(out->place + used, sizeof out->place - used, ", byte %zu", at);
    put_byte(out->stored, a, at);
    put_byte(out->now, b, at);
    return true;
}

/** Both are sorted. */
static bool compare(struct lm_differ *out, const struct side *a, const struct side *b)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        const struct row *x = i < a->count ? &a->items[i] : NULL;
        const struct row *y = i < b->count ? &b->items[i] : NULL;
        int order = x == NULL ? 1 : y == NULL ? -1 : compare_keys(x, y);
        if (order != 0)
            return tell(out, order < 0 ? x : NULL, order < 0 ? NULL : y);
        if (x->value_size != y->value_size || memcmp(x->value, y->value, x->value_size) != 0)
            return tell(out, x, y);
    }
    return false; /* other pages, the same rows */
}

bool lm_differ_rows(struct lm_differ *out, const struct lm_differ_pair *pair)
{
    struct side sides[2] = {{NULL}, {NULL}};
    bool found = false, opened = looks_like(pair);
    for (int i = 0; opened && i < 2; i++)
        opened = lm_rows_open(&sides[i].rows, pair->paths[i], NULL) == LM_OK &&
                 lm_rows_each(sides[i].rows, collect, &sides[i], NULL) == LM_OK;
    if (opened)
        found = compare(out, &sides[0], &sides[1]);
    for (int i = 0; i < 2; i++) {
        lm_rows_close(sides[i].rows);
        free(sides[i].items);
    }
    return found;
}
