/* Safetensors: the first tensor, in the order of the stored file, that differs. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "differ/differ_inside.h"
#include "model/formats/safetensors_file.h"

enum { CHUNK = 1 << 20 };

struct sides {
    const struct lm_differ_pair *pair;
    struct lm_safetensors *files[2];
    uint64_t data[2]; /**< where the tensors' bytes begin */
};

/** Do tensors begin here: a header's length, then a JSON object? */
static bool looks_like(const struct lm_differ_pair *pair)
{
    unsigned char head[9];
    return lm_read_at(pair->fds[0], head, sizeof head, 0) == sizeof head && head[8] == '{' &&
           head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] == 0;
}

/** The i-th tensor of a file, or the one of this name when another is there; NULL: none. */
static const struct lm_st_tensor *tensor_of(const struct lm_safetensors *file, size_t i,
                                            const char *name)
{
    size_t count = lm_safetensors_count(file);
    if (i < count && strcmp(lm_safetensors_at(file, i)->name, name) == 0)
        return lm_safetensors_at(file, i);
    for (i = 0; i < count; i++)
        if (strcmp(lm_safetensors_at(file, i)->name, name) == 0)
            return lm_safetensors_at(file, i);
    return NULL;
}

static bool has_same_form(const struct lm_st_tensor *a, const struct lm_st_tensor *b)
{
    bool same = a->type == b->type && a->dims == b->dims && a->end - a->begin == b->end - b->begin;
    for (int i = 0; same && i < a->dims; i++)
        same = a->shape[i] == b->shape[i];
    return same;
}

static void put_form(char out[LM_DIFFER_VALUE], const struct lm_st_tensor *tensor)
{
    int used = 0;
    if (tensor == NULL) {
        snprintf(out, LM_DIFFER_VALUE, "absent");
        return;
    }
    used = snprintf(out, LM_DIFFER_VALUE, "%s [",
                    tensor->type < LM_DTYPES ? lm_dtype_names[tensor->type] : "other type");
    for (int i = 0; i < tensor->dims; i++)
        used += snprintf(out + used, LM_DIFFER_VALUE - (size_t)used, "%s%" PRId64,
                         i > 0 ? ", " : "", tensor->shape[i]);
    snprintf(out + used, LM_DIFFER_VALUE - (size_t)used, "]");
}

static void put_name(struct lm_differ *out, const char *name)
{
    char shown[LM_DIFFER_VALUE];
    lm_differ_excerpt(shown, name, strlen(name), 0);
    snprintf(out->place, sizeof out->place, "tensor %s", shown);
}

static bool differ_in_form(struct lm_differ *out, const char *name, const struct lm_st_tensor *a,
                           const struct lm_st_tensor *b)
{
    put_name(out, name);
    put_form(out->stored, a);
    put_form(out->now, b);
    return true;
}

/** The place of the first byte that differs between two tensors of one form; -1: they are equal. */
static int64_t first_byte(const struct sides *sides, const struct lm_st_tensor *a,
                          const struct lm_st_tensor *b, char *x, char *y)
{
    int64_t size = a->end - a->begin;
    for (int64_t at = 0; at < size; at += CHUNK) {
        size_t want = size - at < CHUNK ? (size_t)(size - at) : CHUNK, i = 0;
        lm_read_at(sides->pair->fds[0], x, want, sides->data[0] + (uint64_t)(a->begin + at));
        lm_read_at(sides->pair->fds[1], y, want, sides->data[1] + (uint64_t)(b->begin + at));
        if (memcmp(x, y, want) == 0)
            continue;
        while (x[i] == y[i])
            i++;
        return at + (int64_t)i;
    }
    return -1;
}

/** The shortest decimal that reads back as the same float. */
static void put_float(char out[LM_DIFFER_VALUE], float value)
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(out, LM_DIFFER_VALUE, "%.*g", digits, (double)value);
        if (strtof(out, NULL) == value)
            return;
    }
}

/** The element's value, else its bytes; with `bits` these, too. */
static void put_element(char out[LM_DIFFER_VALUE], const struct sides *sides, int side,
                        const struct lm_st_tensor *tensor, int64_t index, bool bits)
{
    unsigned char bytes[16] = {0};
    float value = 0;
    size_t size = (size_t)((tensor->end - tensor->begin) / tensor->count), used = 0;
    bool known = tensor->type < LM_DTYPES &&
                 lm_safetensors_read(sides->files[side], tensor, index, 1, &value, NULL) == LM_OK;
    if (known)
        put_float(out, value);
    if (known && !bits)
        return;
    used = known ? strlen(out) : 0;
    size = size < sizeof bytes ? size : sizeof bytes;
    lm_read_at(sides->pair->fds[side], bytes, size,
               sides->data[side] + (uint64_t)tensor->begin + (uint64_t)index * size);
    used += (size_t)snprintf(out + used, LM_DIFFER_VALUE - used, known ? " (0x" : "0x");
    for (size_t i = size; i-- > 0;) /* as a number is written: the highest byte first */
        used += (size_t)snprintf(out + used, LM_DIFFER_VALUE - used, "%02x", bytes[i]);
    if (known)
        snprintf(out + used, LM_DIFFER_VALUE - used, ")");
}

/** "[3, 17]" */
static void put_index(struct lm_differ *out, const struct lm_st_tensor *tensor, int64_t index)
{
    int64_t places[LM_ST_DIMS];
    size_t used = strlen(out->place);
    for (int i = tensor->dims; i-- > 0;) {
        places[i] = index % tensor->shape[i];
        index /= tensor->shape[i];
    }
    for (int i = 0; i < tensor->dims; i++)
        used += (size_t)snprintf(out->place + used, sizeof out->place - used, "%s%" PRId64 "%s",
                                 i == 0 ? "[" : ", ", places[i], i == tensor->dims - 1 ? "]" : "");
}

static bool differ_in_values(struct lm_differ *out, const struct sides *sides,
                             const struct lm_st_tensor *a, const struct lm_st_tensor *b, char *x,
                             char *y)
{
    int64_t byte = first_byte(sides, a, b, x, y);
    if (byte < 0)
        return false;
    int64_t index = byte / ((a->end - a->begin) / a->count);
    put_name(out, a->name);
    put_index(out, a, index);
    put_element(out->stored, sides, 0, a, index, false);
    put_element(out->now, sides, 1, b, index, false);
    if (strcmp(out->stored, out->now) == 0) {
        put_element(out->stored, sides, 0, a, index, true);
        put_element(out->now, sides, 1, b, index, true);
    }
    return true;
}

static bool compare(struct lm_differ *out, const struct sides *sides, char *x, char *y)
{
    size_t count = lm_safetensors_count(sides->files[0]);
    for (size_t i = 0; i < count; i++) {
        const struct lm_st_tensor *a = lm_safetensors_at(sides->files[0], i);
        const struct lm_st_tensor *b = tensor_of(sides->files[1], i, a->name);
        if (b == NULL || !has_same_form(a, b))
            return differ_in_form(out, a->name, a, b);
        if (a->count > 0 && differ_in_values(out, sides, a, b, x, y))
            return true;
    }
    for (size_t i = 0; i < lm_safetensors_count(sides->files[1]); i++) {
        const struct lm_st_tensor *b = lm_safetensors_at(sides->files[1], i);
        if (tensor_of(sides->files[0], i, b->name) == NULL)
            return differ_in_form(out, b->name, NULL, b);
    }
    return false; /* the header alone */
}

bool lm_differ_tensors(struct lm_differ *out, const struct lm_differ_pair *pair)
{
    struct sides sides = {.pair = pair};
    bool found = false, opened = looks_like(pair);
    for (int side = 0; opened && side < 2; side++) {
        opened = lm_safetensors_open(&sides.files[side], pair->paths[side], NULL) == LM_OK;
        size_t count = opened ? lm_safetensors_count(sides.files[side]) : 0;
        int64_t end = count > 0 ? lm_safetensors_at(sides.files[side], count - 1)->end : 0;
        sides.data[side] = pair->sizes[side] - (uint64_t)end;
    }
    char *x = opened ? malloc(CHUNK) : NULL, *y = opened ? malloc(CHUNK) : NULL;
    if (x != NULL && y != NULL)
        found = compare(out, &sides, x, y);
    free(x);
    free(y);
    lm_safetensors_close(sides.files[0]);
    lm_safetensors_close(sides.files[1]);
    return found;
}
