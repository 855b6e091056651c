#include <lmpipe/arena.h>

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/c_locale.h"

#ifdef __has_feature
#define IS_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

/* Under AddressSanitizer what is not handed out may not be touched: a byte behind an allocation,
 * and all that was rewound. */
#if IS_SANITIZED
#include <sanitizer/asan_interface.h>

enum { GAP = 16 };

#define FORBID(memory, size) ASAN_POISON_MEMORY_REGION(memory, size)
#define ALLOW(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
enum { GAP = 0 };

#define FORBID(memory, size) ((void)0)
#define ALLOW(memory, size) ((void)0)
#endif

enum { FIRST_BLOCK = 16 << 10, LARGEST_BLOCK = 256 << 10, HUGE = 2 << 20, ALIGNMENT = 16 };

/* Bytes of `data` from `dirty` on have never been handed out and are still zero by calloc. */
struct block {
    struct block *older;
    size_t used, dirty, capacity;
    bool is_mapped; /* by mmap, of a multiple of HUGE bytes */
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
    ALLOW(block->data + start, size);
    if (start < block->dirty)
        memset(block->data + start, 0, (end < block->dirty ? end : block->dirty) - start);
    block->used = block->capacity - end > GAP ? end + GAP : block->capacity;
    if (block->used > block->dirty)
        block->dirty = block->used;
    return block->data + start;
}

/* Zeros in huge pages, where the kernel has some: the first touch of each of 512 small pages costs
 * seven times as much as that of one of 2 MiB. */
static struct block *map_block(size_t need)
{
    size_t size = (sizeof(struct block) + need + HUGE - 1) / HUGE * HUGE;
    unsigned char *begin =
        mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (begin == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)begin & (HUGE - 1);
    if (before > 0)
        munmap(begin, before);
    munmap(begin + before + size, HUGE - before);
    madvise(begin + before, size, MADV_HUGEPAGE);
    struct block *block = (struct block *)(void *)(begin + before);
    block->is_mapped = true;
    block->capacity = size - sizeof *block;
    return block;
}

static void free_block(struct block *block)
{
    ALLOW(block->data, block->capacity);
    if (block->is_mapped)
        munmap(block, sizeof *block + block->capacity);
    else
        free(block);
}

static struct block *add_block(struct lm_arena *arena, size_t need)
{
    size_t capacity = arena->newest ? arena->newest->capacity * 2 : FIRST_BLOCK;
    if (capacity < need)
        capacity = need;
    if (capacity > SIZE_MAX - sizeof(struct block) - 2 * HUGE)
        return NULL;
    bool is_large = capacity > LARGEST_BLOCK;
    struct block *block = is_large ? map_block(need) : calloc(1, sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    if (!is_large)
        block->capacity = capacity;
    FORBID(block->data, block->capacity);
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

void *lm_arena_grow(struct lm_arena *arena, void *items, size_t count, size_t *capacity,
                    size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity ? *capacity * 2 : 2; /* most lists are short */
    void *moved = lm_arena_alloc_array(arena, wanted, size, 16);
    if (moved == NULL)
        return NULL;
    if (count > 0)
        memcpy(moved, items, count * size);
    *capacity = wanted;
    return moved;
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
        free_block(arena->newest);
        arena->newest = older;
    }
    if (arena->newest == NULL)
        return;
    FORBID(arena->newest->data + mark.used, arena->newest->used - mark.used);
    arena->newest->used = mark.used;
}

size_t lm_arena_used(const struct lm_arena *arena)
{
    size_t used = 0;
    for (const struct block *block = arena->newest; block != NULL; block = block->older)
        used += block->used;
    return used;
}
