/**
 * Arena: memory by lifetime. Everything allocated from an arena is freed at once by
 * lm_arena_free or lm_arena_rewind. An arena is always passed, never ambient, and used by
 * one thread at a time.
 */
#ifndef LMPIPE_ARENA_H
#define LMPIPE_ARENA_H

#include <stddef.h>

#include <lmpipe/status.h>

struct lm_arena;

/** A place to rewind to; plain value. */
struct lm_arena_mark {
    void *block;
    size_t used;
};

/** New empty arena, or NULL when memory is out. */
struct lm_arena *lm_arena_create(void);

/** Frees the arena and all it gave; NULL is fine. */
void lm_arena_free(struct lm_arena *arena);

/** `size` zeroed bytes aligned to 16, or NULL when memory is out. size 0 gives a unique pointer. */
void *lm_arena_alloc(struct lm_arena *arena, size_t size);

/** `count * size` zeroed bytes (overflow checked) aligned to `align` (a power of two ≥ 1), or NULL.
 */
void *lm_arena_alloc_array(struct lm_arena *arena, size_t count, size_t size, size_t align);

/** Makes room for one more item of `size` bytes in an array that doubles: NULL with *capacity 0 is
 * an empty one. Returns the array (moved or not), or NULL when memory is out. */
void *lm_arena_grow(struct lm_arena *arena, void *items, size_t count, size_t *capacity,
                    size_t size);

/** Copy of a NUL-terminated string / of `length` bytes plus NUL, or NULL. */
char *lm_arena_strdup(struct lm_arena *arena, const char *text);
char *lm_arena_strndup(struct lm_arena *arena, const char *text, size_t length);

/** Formatted string in the arena, or NULL. */
char *lm_arena_printf(struct lm_arena *arena, const char *format, ...) LM_PRINTF(2, 3);

/** Current position; lm_arena_rewind frees everything allocated after it. */
struct lm_arena_mark lm_arena_mark(const struct lm_arena *arena);
void lm_arena_rewind(struct lm_arena *arena, struct lm_arena_mark mark);

/** Bytes handed out and still live. */
size_t lm_arena_used(const struct lm_arena *arena);

/** Typed conveniences: LM_NEW(arena, struct x), LM_NEW_ARRAY(arena, struct x, n). NULL on failure.
 */
#define LM_NEW(arena, type) ((type *)lm_arena_alloc((arena), sizeof(type)))
#define LM_NEW_ARRAY(arena, type, count)                                                           \
    ((type *)lm_arena_alloc_array((arena), (size_t)(count), sizeof(type), _Alignof(type)))

#endif
