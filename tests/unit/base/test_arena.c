#include <lmpipe/arena.h>

#include <stdint.h>

#include "sanitized.h"
#include "tap.h"

#if LM_SANITIZED
#include <sanitizer/asan_interface.h>
#endif

static int is_zero(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return 0;
    return 1;
}

static void test_alignment(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(arena != NULL);
    for (size_t align = 1; align <= 4096; align *= 2)
        for (size_t size = 0; size < 40; size++) {
            unsigned char *p = lm_arena_alloc_array(arena, size, 3, align);
            REQUIRE(p != NULL);
            CHECK_INT((uintptr_t)p % align, 0);
            CHECK(is_zero(p, size * 3));
            memset(p, 0xA5, size * 3);
            unsigned char *q = lm_arena_alloc(arena, size);
            REQUIRE(q != NULL);
            CHECK_INT((uintptr_t)q % 16, 0);
            CHECK(is_zero(q, size));
            memset(q, 0x5A, size);
        }
    lm_arena_free(arena);
}

/* Blocks of an arena that has grown, and those for one large thing, come from elsewhere. */
static void test_large(struct tap *tap)
{
    enum { PIECE = 100000, PIECES = 200, WHOLE = 5000001 };

    struct lm_arena *arena = lm_arena_create();
    for (int round = 0; round < 2; round++) {
        struct lm_arena_mark mark = lm_arena_mark(arena);
        unsigned char *whole = lm_arena_alloc_array(arena, WHOLE, 1, 4096);
        REQUIRE(whole != NULL);
        CHECK_INT((uintptr_t)whole % 4096, 0);
        CHECK(is_zero(whole, WHOLE));
        memset(whole, 0xA5, WHOLE);
        for (int i = 0; i < PIECES; i++) {
            unsigned char *piece = lm_arena_alloc(arena, PIECE);
            REQUIRE(piece != NULL);
            CHECK(is_zero(piece, PIECE));
            memset(piece, 0x5A, PIECE);
        }
        CHECK(whole[0] == 0xA5 && whole[WHOLE - 1] == 0xA5);
        lm_arena_rewind(arena, mark);
        CHECK_INT(lm_arena_used(arena), 0);
    }
    CHECK(lm_arena_alloc(arena, SIZE_MAX - 100) == NULL);
    CHECK(lm_arena_alloc(arena, SIZE_MAX / 2) == NULL);
    lm_arena_free(arena);
}

static void test_pointers_are_unique(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    CHECK(lm_arena_alloc(arena, 0) != lm_arena_alloc(arena, 0));
    CHECK(lm_arena_alloc_array(arena, 0, 8, 1) != lm_arena_alloc_array(arena, 8, 0, 1));
    lm_arena_free(arena);
    lm_arena_free(NULL);
}

static void test_rewind(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    CHECK_INT(lm_arena_used(arena), 0);
    struct lm_arena_mark empty = lm_arena_mark(arena);
    unsigned char *kept = lm_arena_alloc(arena, 100);
    memset(kept, 1, 100);
    struct lm_arena_mark mark = lm_arena_mark(arena);
    size_t used = lm_arena_used(arena);
    unsigned char *first = lm_arena_alloc(arena, 64);
    memset(first, 0xFF, 64);
    for (size_t i = 0; i < 300; i++)
        memset(lm_arena_alloc(arena, 10000), 0xFF, 10000);
    lm_arena_rewind(arena, mark);
    CHECK_INT(lm_arena_used(arena), used);
    for (size_t i = 0; i < 100; i++)
        CHECK(kept[i] == 1);
    unsigned char *again = lm_arena_alloc(arena, 64);
    CHECK(again == first);
    CHECK(is_zero(again, 64)); /* reused memory is zeroed too */
    lm_arena_rewind(arena, empty);
    CHECK_INT(lm_arena_used(arena), 0);
    CHECK(is_zero(lm_arena_alloc(arena, 1 << 20), 1 << 20));
    lm_arena_free(arena);
}

static void test_overflow(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    CHECK(lm_arena_alloc_array(arena, SIZE_MAX / 2, 3, 8) == NULL);
    CHECK(lm_arena_alloc_array(arena, SIZE_MAX, 1, 64) == NULL);
    CHECK(lm_arena_alloc(arena, SIZE_MAX - 8) == NULL);
    CHECK(lm_arena_strndup(arena, "", SIZE_MAX) == NULL);
    CHECK(lm_arena_alloc(arena, 8) != NULL); /* a failure leaves the arena sound */
    lm_arena_free(arena);
}

static void test_strings(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    CHECK_STR(lm_arena_strdup(arena, ""), "");
    CHECK_STR(lm_arena_strdup(arena, "word"), "word");
    CHECK_STR(lm_arena_strndup(arena, "abcdef", 3), "abc");
    CHECK_STR(lm_arena_strndup(arena, NULL, 0), "");
    CHECK_STR(lm_arena_printf(arena, "%s-%03d", "x", 7), "x-007");
    char long_text[50001];
    memset(long_text, 'y', 50000);
    long_text[50000] = '\0';
    CHECK_STR(lm_arena_printf(arena, "%s", long_text), long_text);
    lm_arena_free(arena);
}

static void test_typed(struct tap *tap)
{
    struct pair {
        double a;
        char b;
    };
    struct lm_arena *arena = lm_arena_create();
    lm_arena_strdup(arena, "x");
    struct pair *one = LM_NEW(arena, struct pair), *many = LM_NEW_ARRAY(arena, struct pair, 9);
    REQUIRE(one != NULL && many != NULL);
    CHECK_INT((uintptr_t)many % _Alignof(struct pair), 0);
    CHECK(one->a == 0 && many[8].b == 0);
    lm_arena_free(arena);
}

/* A byte too many, and what was rewound, are seen by the sanitizer as they are on the heap. */
static void test_forbidden(struct tap *tap)
{
#if LM_SANITIZED
    struct lm_arena *arena = lm_arena_create();
    struct lm_arena_mark mark = lm_arena_mark(arena);
    for (size_t size = 1; size < 100000; size = size * 3 + 1) {
        const char *first = lm_arena_alloc(arena, size), *second = lm_arena_alloc(arena, size);
        CHECK(!__asan_address_is_poisoned(first) && !__asan_address_is_poisoned(first + size - 1));
        CHECK(__asan_address_is_poisoned(first + size));
        CHECK(__asan_address_is_poisoned(second + size));
    }
    lm_arena_rewind(arena, mark);
    mark = (lm_arena_strdup(arena, "x"), lm_arena_mark(arena));
    const char *gone = lm_arena_alloc(arena, 1000);
    lm_arena_rewind(arena, mark);
    CHECK(__asan_address_is_poisoned(gone) && __asan_address_is_poisoned(gone + 999));
    lm_arena_free(arena);
#else
    (void)tap;
#endif
}

static const struct tap_test tests[] = {TAP_ROW(test_alignment) TAP_ROW(test_large)
                                            TAP_ROW(test_pointers_are_unique) TAP_ROW(test_rewind)
                                                TAP_ROW(test_overflow) TAP_ROW(test_strings)
                                                    TAP_ROW(test_typed) TAP_ROW(test_forbidden)};
LM_TEST_FILE(tests)
