/* Lines that stand in more than one split: counted exactly while they are few, by a sample that
 * depends on no order when they are many. */
#include "stages/clean/clean_leak.h"

#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

static void add(struct clean_leak *leak, enum lm_split side, const char *text)
{
    struct lm_err err;
    if (clean_leak_add(leak, side, NULL, text, strlen(text), &err) != LM_OK)
        abort();
}

#define LINE "a line that is long enough, of words"

static void counts(struct tap *tap)
{
    struct clean_leak leak = {.slots = NULL};
    int64_t lines, met;
    add(&leak, LM_TRAIN, LINE " 1\n  " LINE " 2\t\nshort\n\n" LINE " 3");
    add(&leak, LM_TEST, "short\n" LINE " 2\n" LINE " 4\n" LINE " 2\n");
    add(&leak, LM_VALID,
        LINE " 4\n01234567890123456789012345678901\n0123456789012345678901234567890");
    clean_leak_count(&leak, LM_TEST, LM_TRAIN, &lines, &met);
    CHECK_INT(lines, 3);
    CHECK_INT(met, 2); /* the same line twice: indentation and white space behind it don't count */
    clean_leak_count(&leak, LM_TEST, LM_VALID, &lines, &met);
    CHECK_INT(met, 1);
    clean_leak_count(&leak, LM_VALID, LM_TRAIN, &lines, &met);
    CHECK_INT(lines, 2); /* of 32 bytes, not of 31 */
    CHECK_INT(met, 0);
    CHECK_INT(leak.lines[LM_TRAIN], 3);
    clean_leak_release(&leak);
}

/* Twice as many lines as are held, from either end: the same share, near the true one. */
static void sample(struct tap *tap)
{
    enum { LINES = CLEAN_LEAK_LINES + 50000 };

    struct clean_leak leaks[2] = {{.slots = NULL}, {.slots = NULL}};
    int64_t lines[2], met[2];
    char text[64];
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < LINES; i++) {
            int k = way == 0 ? i : LINES - 1 - i;
            snprintf(text, sizeof text, LINE " %d", k);
            add(&leaks[way], k % 10 == 0 ? LM_TEST : LM_TRAIN, text);
            if (k % 50 == 0)
                add(&leaks[way], LM_TRAIN, text);
        }
        clean_leak_count(&leaks[way], LM_TEST, LM_TRAIN, &lines[way], &met[way]);
        CHECK(leaks[way].count <= CLEAN_LEAK_LINES);
        CHECK_INT(leaks[way].lines[LM_TEST], (LINES + 9) / 10);
    }
    CHECK(leaks[0].halvings == 1);
    CHECK_INT(leaks[0].halvings, leaks[1].halvings);
    CHECK_INT(lines[0], lines[1]);
    CHECK_INT(met[0], met[1]);
    double share = (double)met[0] / (double)lines[0]; /* a fifth; 15,000 lines: ± 0.0035 */
    CHECK(share > 0.18 && share < 0.22);
    for (int way = 0; way < 2; way++)
        clean_leak_release(&leaks[way]);
}

static const struct tap_test tests[] = {TAP_ROW(counts) TAP_ROW(sample)};

LM_TEST_FILE(tests)
