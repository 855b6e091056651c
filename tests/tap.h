/**
 * The test harness: a table of named functions, TAP on stdout, exit status as verdict.
 * A file lists its tests once, in a table that LM_TEST_FILE names; the files of a room are one
 * program, which runs those of the file that it is given (tap.c).
 * A test that cannot run here says so: SKIP("LMPIPE_DATA is not set"). All skipped: exit 77.
 */
#ifndef LM_TESTS_TAP_H
#define LM_TESTS_TAP_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tap {
    int failed;       /* checks failed in the running test */
    const char *skip; /* reason, when the running test was skipped */
};

typedef void tap_fn(struct tap *tap);

/** Records a failure with its place and goes on. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            tap->failed++;                                                                         \
            printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                       \
        }                                                                                          \
    } while (0)

#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long tap_got = (long long)(got), tap_want = (long long)(want);                        \
        if (tap_got != tap_want) {                                                                 \
            tap->failed++;                                                                         \
            printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, tap_got,           \
                   tap_want);                                                                      \
        }                                                                                          \
    } while (0)

#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        const char *tap_got = (got), *tap_want = (want);                                           \
        if (tap_got == NULL || strcmp(tap_got, tap_want) != 0) {                                   \
            tap->failed++;                                                                         \
            printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got,                \
                   tap_got ? tap_got : "(null)", tap_want);                                        \
        }                                                                                          \
    } while (0)

#define CHECK_NEAR(got, want, bound)                                                               \
    do {                                                                                           \
        double tap_got = (got), tap_want = (want);                                                 \
        if (!(fabs(tap_got - tap_want) <= (bound))) {                                              \
            tap->failed++;                                                                         \
            printf("# %s:%d: %s is %.17g, not %.17g within %g\n", __FILE__, __LINE__, #got,        \
                   tap_got, tap_want, (double)(bound));                                            \
        }                                                                                          \
    } while (0)

/** A failed REQUIRE leaves the test. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            tap->failed++;                                                                         \
            printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                       \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define SKIP(reason)                                                                               \
    do {                                                                                           \
        tap->skip = (reason);                                                                      \
        return;                                                                                    \
    } while (0)

struct tap_test {
    const char *name;
    tap_fn *run;
};

static inline int tap_main(const struct tap_test *tests, size_t count)
{
    size_t bad = 0, skipped = 0;
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        struct tap tap = {0, NULL};
        tests[i].run(&tap);
        bad += tap.failed != 0;
        skipped += tap.failed == 0 && tap.skip != NULL;
        printf("%sok %zu - %s%s%s\n", tap.failed ? "not " : "", i + 1, tests[i].name,
               tap.skip ? " # SKIP " : "", tap.skip ? tap.skip : "");
        fflush(stdout);
    }
    return bad ? 1 : skipped == count ? 77 : 0;
}

#define TAP_ROW(fn) {#fn, fn},

/** Tests of a source file. */
struct tap_file {
    const char *path; /**< of the source */
    const struct tap_test *tests;
    size_t count;
};

/** Enters a table among those of the program: what the linker finds in a section of this name, it
 *  puts behind one another. */
#define LM_TEST_FILE(table)                                                                        \
    static const struct tap_file tap_file = {__FILE__, table, sizeof table / sizeof table[0]};     \
    __attribute__((used, section("tap_files"))) static const struct tap_file *const tap_entry =    \
        &tap_file;

#endif
