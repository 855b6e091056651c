/* Thousands of damaged files: each is refused with a message, or every id and document read from it
 * is what was written. LM_SEED and LM_ROUNDS choose another campaign. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/arena.h>
#include <lmpipe/rng.h>

#include "base/io.h"
#include "sanitized.h"
#include "tap.h"
#include "tokens_sample.h"

static const char path[] = "test_tokens_damage.tmp.mdb";

enum { PAGE = 4096, ROUNDS = LM_SANITIZED ? 400 : 1500, LARGEST_CHANGE = 64 };

/* A file's sound bytes and a damaged copy, of which only what was changed is made good again. */
struct campaign {
    const struct sample *sample;
    struct lm_arena *arena;
    struct lm_rng rng;
    uint64_t seed, round;
    char *sound, *bad;
    size_t size, bad_size;
    size_t first, end; /* what differs */
    size_t refused, harmless, wrong;
};

static size_t below(const struct campaign *c, uint64_t draw, size_t bound)
{
    return (size_t)lm_rng_below(c->rng, c->round, draw, bound);
}

static void touch(struct campaign *c, size_t first, size_t size)
{
    size_t end = first + size < c->size ? first + size : c->size;
    c->first = first < c->first ? first : c->first;
    c->end = end > c->end ? end : c->end;
}

/* Most of a file is ids; half of all damage goes to the pages that hold the tree. */
static size_t some_place(const struct campaign *c, uint64_t draw)
{
    if (below(c, draw, 2) == 0)
        return below(c, draw + 1, c->size);
    for (uint64_t i = 0; i < 400; i++) {
        size_t page = below(c, draw + 2 + i, c->size / PAGE);
        uint16_t flags;
        memcpy(&flags, c->sound + page * PAGE + 10, 2);
        if (page < 2 || flags == 1 || flags == 2) /* meta, branch or leaf: tokens_pages.c */
            return page * PAGE + below(c, draw + 500, PAGE);
    }
    return below(c, draw + 500, 2 * PAGE);
}

static void flip_bits(struct campaign *c)
{
    size_t count = 1 + below(c, 0, 4);
    for (size_t i = 0; i < count; i++) {
        size_t at = some_place(c, 1000 * (i + 1));
        c->bad[at] = (char)(c->bad[at] ^ (1 << below(c, 10 + i, 8)));
        touch(c, at, 1);
    }
}

static void overwrite(struct campaign *c)
{
    size_t at = some_place(c, 1000), size = 1 + below(c, 1, LARGEST_CHANGE);
    size = size < c->size - at ? size : c->size - at;
    for (size_t i = 0; i < size; i++)
        c->bad[at + i] = (char)below(c, 100 + i, 256);
    touch(c, at, size);
}

static void cut(struct campaign *c)
{
    c->bad_size = below(c, 0, 3) == 0 ? below(c, 1, c->size) : below(c, 1, c->size / PAGE) * PAGE;
}

static void append(struct campaign *c)
{
    c->bad_size = c->size + 1 + below(c, 0, 2 * PAGE);
    memset(c->bad + c->size, (int)below(c, 1, 256), c->bad_size - c->size);
}

static void swap_pages(struct campaign *c)
{
    char page[PAGE];
    size_t a = some_place(c, 1000) / PAGE * PAGE, b = some_place(c, 2000) / PAGE * PAGE;
    memcpy(page, c->bad + a, PAGE);
    memcpy(c->bad + a, c->bad + b, PAGE);
    memcpy(c->bad + b, page, PAGE);
    touch(c, a, PAGE);
    touch(c, b, PAGE);
}

static void wipe_page(struct campaign *c)
{
    size_t at = some_place(c, 1000) / PAGE * PAGE;
    memset(c->bad + at, below(c, 0, 2) ? 0xFF : 0, PAGE);
    touch(c, at, PAGE);
}

/* A byte moves in or is lost, and all behind it shifts. */
static void shift(struct campaign *c)
{
    size_t at = below(c, 0, c->size - 1);
    if (below(c, 1, 2) == 0)
        memmove(c->bad + at, c->bad + at + 1, c->size - at - 1);
    else
        memmove(c->bad + at + 1, c->bad + at, c->size - at - 1);
    touch(c, at, c->size - at);
}

/* A value of plausible fields: numbers of pages, sizes, flags, places of nodes. */
static void wrong_number(struct campaign *c)
{
    static const size_t widths[] = {2, 4, 8};
    size_t width = widths[below(c, 0, 3)], at = some_place(c, 1000) / 2 * 2;
    uint64_t old = 0, value = below(c, 1, 2 * c->size / PAGE);
    at = at + width <= c->size ? at : c->size - width;
    memcpy(&old, c->bad + at, width);
    value = below(c, 2, 3) == 0 ? old + 1 : below(c, 3, 3) == 0 ? old - 1 : value;
    memcpy(c->bad + at, &value, width);
    touch(c, at, width);
}

static void (*const damages[])(struct campaign *) = {flip_bits,  overwrite, cut,   append,
                                                     swap_pages, wipe_page, shift, wrong_number};
static const char *const names[] = {"bits flipped",  "overwritten", "cut",     "appended to",
                                    "pages swapped", "page wiped",  "shifted", "wrong number"};

enum { KINDS = sizeof damages / sizeof damages[0] };

/* Whether the file as it is is refused, or harmless. Both ways of reading must agree on that. */
static void judge(struct campaign *c, const struct lm_digest *digest)
{
    struct lm_err err = {0}, digest_err = {0};
    struct lm_tokens *tokens = NULL;
    struct lm_digest found;
    enum lm_status walked = lm_tokens_digest(&found, path, &digest_err);
    bool is_equal = lm_tokens_open(&tokens, path, &err) == LM_OK &&
                    sample_matches(tokens, c->sample, 5000, &err);
    bool is_refused = !is_equal && err.text[0] != '\0' && err.status != LM_RANGE;
    bool is_same = walked == LM_OK && lm_digest_compare(&found, digest) == 0;
    c->harmless += is_equal && is_same;
    c->refused += is_refused && walked != LM_OK;
    if (!(is_equal && is_same) && !(is_refused && walked != LM_OK)) {
        printf("# seed %llu round %llu: %s / %s\n", (unsigned long long)c->seed,
               (unsigned long long)c->round, err.text, digest_err.text);
        c->wrong++;
    }
    lm_tokens_close(tokens);
}

static bool put(int fd, const char *data, size_t size, size_t at)
{
    return pwrite(fd, data, size, (off_t)at) == (ssize_t)size;
}

/* One damage, its judgement, and the file as it was. */
static bool one_round(struct campaign *c, size_t kind, int fd, const struct lm_digest *digest)
{
    c->first = c->size;
    c->end = 0;
    c->bad_size = c->size;
    damages[kind](c);
    size_t first = c->first < c->end ? c->first : 0, end = c->first < c->end ? c->end : 0;
    size_t more = c->bad_size > c->size ? c->bad_size - c->size : 0;
    bool is_good = put(fd, c->bad + first, end - first, first) &&
                   put(fd, c->bad + c->size, more, c->size) &&
                   ftruncate(fd, (off_t)c->bad_size) == 0;
    if (is_good)
        judge(c, digest);
    memcpy(c->bad + first, c->sound + first, end - first);
    if (c->bad_size < c->size) {
        first = c->bad_size;
        end = c->size;
    }
    return is_good && ftruncate(fd, (off_t)c->size) == 0 &&
           put(fd, c->sound + first, end - first, first);
}

static uint64_t from_environment(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void run_campaign(struct tap *tap, const struct sample *sample, uint64_t rounds)
{
    uint64_t seed = from_environment("LM_SEED", 4);
    struct campaign c = {
        .sample = sample, .arena = lm_arena_create(), .rng = lm_rng_stream(seed, "damage")};
    struct lm_digest digest;
    size_t refused[KINDS] = {0}, all[KINDS] = {0};
    REQUIRE(sample_write(path, sample, &digest, NULL) == LM_OK);
    REQUIRE(lm_file_read(&c.sound, &c.size, c.arena, path, SIZE_MAX, NULL) == LM_OK);
    c.bad = lm_arena_alloc(c.arena, c.size + 3 * PAGE);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    REQUIRE(c.bad != NULL && fd >= 0);
    memcpy(c.bad, c.sound, c.size);
    for (c.round = 0; c.round < rounds; c.round++) {
        size_t kind = (size_t)c.round % KINDS, before = c.refused;
        REQUIRE(one_round(&c, kind, fd, &digest));
        refused[kind] += c.refused - before;
        all[kind]++;
    }
    printf("# seed %llu, %zu bytes: %zu refused, %zu harmless, %zu wrong\n",
           (unsigned long long)seed, c.size, c.refused, c.harmless, c.wrong);
    for (size_t i = 0; i < KINDS; i++)
        printf("#   %s: %zu of %zu refused\n", names[i], refused[i], all[i]);
    CHECK_INT(c.wrong, 0);
    CHECK(c.refused > rounds / 3); /* or the damage was none */
    judge(&c, &digest);            /* the file is sound again */
    CHECK_INT(c.refused + c.harmless, rounds + 1);
    close(fd);
    unlink(path);
    lm_arena_free(c.arena);
}

/* A few pages, where every byte may matter. */
static void test_small(struct tap *tap)
{
    static const struct sample small = {300, {20, 5, 5}, 60};
    run_campaign(tap, &small, 4 * from_environment("LM_ROUNDS", ROUNDS));
}

/* Blocks of their own pages, ids of four bytes, a tree with more than one leaf's worth of rows. */
static void test_blocks(struct tap *tap)
{
    static const struct sample blocks = {70000, {60, 10, 0}, 900};
    run_campaign(tap, &blocks, from_environment("LM_ROUNDS", ROUNDS));
}

/* More documents than an index row holds, most of them short. */
static void test_index(struct tap *tap)
{
    static const struct sample index = {300, {12000, 40, 1}, 2};
    run_campaign(tap, &index, from_environment("LM_ROUNDS", ROUNDS));
}

static const struct tap_test tests[] = {TAP_ROW(test_small) TAP_ROW(test_blocks)
                                            TAP_ROW(test_index)};
LM_TEST_FILE(tests)
