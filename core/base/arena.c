#include <lmpipe/arena.h>

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"

enum { FIRST_BLOCK = 16 << 10, LARGEST_BLOCK = 1 << 20, ALIGNMENT = 16 };

/* Bytes of `data` from `dirty` on have never been handed out and are still zero by calloc. */
struct block {
    struct block *older;
    size_t used, dirty, capacity;
    alignas(ALIGNMENT) unsigned char data[];
};

struct lm_arena {
    struct block *newest;
};

struct lm_arena *lm_arena_create(void)
{
    return calloc(1, sizeof(struct lm_arena));
}

void lm_arena_free(struct lm_arena *arena)
{
    if (arena == NULL)
        return;
    lm_arena_rewind(arena, (struct lm_arena_mark){NULL, 0});
    free(arena);
}

/* Padding that brings the block's next byte to `align`. */
static size_t padding(const struct block *block, size_t align)
{
    uintptr_t next = (uintptr_t)(block->data + block->used);
    return (size_t)(-next & (align - 1));
}

static void *take(struct block *block, size_t size, size_t align)
{
    size_t pad = padding(block, align);
    if (pad > block->capacity - block->used || size > block->capacity - block->used - pad)
        return NULL;
    size_t start = block->used + pad, end = start + size;
    if (start < block->dirty)
        memset(block->data + start, 0, (end < block->dirty ? end : block->dirty) - start);
    block->used = end;
    if (end > block->dirty)
        block->dirty = end;
    return block->data + start;
}

static struct block *add_block(struct lm_arena *arena, size_t need)
{
    size_t capacity = arena->newest ? arena->newest->capacity * 2 : FIRST_BLOCK;
    if (capacity > LARGEST_BLOCK)
        capacity = LARGEST_BLOCK;
    if (capacity < need)
        capacity = need;
    if (capacity > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *block = calloc(1, sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    block->capacity = capacity;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

static void *allocate(struct lm_arena *arena, size_t size, size_t align)
{
    if (size == 0)
        size = 1; /* every pointer is its own */
    void *memory = arena->newest ? take(arena->newest, size, align) : NULL;
    if (memory != NULL)
        return memory;
    if (size > SIZE_MAX - align)
        return NULL;
    struct block *block = add_block(arena, size + align);
    return block ? take(block, size, align) : NULL;
}

void *lm_arena_alloc(struct lm_arena *arena, size_t size)
{
    return allocate(arena, size, ALIGNMENT);
}

void *lm_arena_alloc_array(struct lm_arena *arena, size_t count, size_t size, size_t align)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return allocate(arena, count * size, align);
}

char *lm_arena_strndup(struct lm_arena *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? allocate(arena, length + 1, 1) : NULL;
    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *lm_arena_strdup(struct lm_arena *arena, const char *text)
{
    return lm_arena_strndup(arena, text, strlen(text));
}

char *lm_arena_printf(struct lm_arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char few[256]; /* mostly enough: then it is formatted once */
    int length = lm_c_vsnprintf(few, sizeof few, format, arguments);
    char *text = length < 0 ? NULL : allocate(arena, (size_t)length + 1, 1);
    if (text != NULL && (size_t)length < sizeof few)
        memcpy(text, few, (size_t)length + 1);
    else if (text != NULL)
        lm_c_vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

struct lm_arena_mark lm_arena_mark(const struct lm_arena *arena)
{
    return (struct lm_arena_mark){arena->newest, arena->newest ? arena->newest->used : 0};
}

void lm_arena_rewind(struct lm_arena *arena, struct lm_arena_mark mark)
{
    while (arena->newest != NULL && arena->newest != mark.block) {
        struct block *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
    if (arena->newest != NULL)
        arena->newest->used = mark.used;
}

size_t lm_arena_used(const struct lm_arena *arena)
{
    size_t used = 0;
    for (const struct block *block = arena->newest; block != NULL; block = block->older)
        used += block->used;
    return used;
}
