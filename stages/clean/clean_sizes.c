#include "clean_sizes.h"

#include <stdlib.h>

enum { SMALLEST = 1024 };

static struct clean_size *find(struct clean_size *items, size_t capacity, int64_t bytes)
{
    size_t at = (size_t)((uint64_t)bytes * 0x9E3779B97F4A7C15u >> 32) & (capacity - 1);
    while (items[at].documents != 0 && items[at].bytes != bytes)
        at = (at + 1) & (capacity - 1);
    return &items[at];
}

static enum lm_status grow(struct clean_sizes *sizes, struct lm_err *err)
{
    size_t capacity = sizes->capacity ? sizes->capacity * 2 : SMALLEST;
    struct clean_size *items = calloc(capacity, sizeof *items);
    if (items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for sizes of documents; free some");
    for (size_t i = 0; i < sizes->capacity; i++)
        if (sizes->items[i].documents != 0)
            *find(items, capacity, sizes->items[i].bytes) = sizes->items[i];
    free(sizes->items);
    sizes->items = items;
    sizes->capacity = capacity;
    return LM_OK;
}

enum lm_status clean_sizes_add(struct clean_sizes *sizes, int64_t bytes, struct lm_err *err)
{
    if (sizes->count * 2 >= sizes->capacity)
        LM_TRY(grow(sizes, err));
    struct clean_size *size = find(sizes->items, sizes->capacity, bytes);
    sizes->count += size->documents == 0;
    size->bytes = bytes;
    size->documents++;
    return LM_OK;
}

static int compare(const void *a, const void *b)
{
    int64_t x = ((const struct clean_size *)a)->bytes, y = ((const struct clean_size *)b)->bytes;
    return x < y ? -1 : x > y;
}

void clean_sizes_sort(struct clean_sizes *sizes)
{
    size_t kept = 0;
    for (size_t i = 0; i < sizes->capacity; i++)
        if (sizes->items[i].documents != 0)
            sizes->items[kept++] = sizes->items[i];
    if (kept > 0)
        qsort(sizes->items, kept, sizeof *sizes->items, compare);
}

int64_t clean_sizes_at(const struct clean_sizes *sizes, int64_t rank)
{
    for (size_t i = 0; i < sizes->count; rank -= sizes->items[i++].documents)
        if (rank < sizes->items[i].documents)
            return sizes->items[i].bytes;
    return 0;
}

void clean_sizes_release(struct clean_sizes *sizes)
{
    free(sizes->items);
    *sizes = (struct clean_sizes){.items = NULL};
}
