#include "tap.h"

#include <unistd.h>

#include <lmpipe/rng.h>

#include "plan/lock_file.h"
#include "unit/pipeline/fakes.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "lmpipe-lock 1\n"
#define CORPUS                                                                                     \
    "\ncorpus out.corpus sha256:" A64 "\ncorpus source.a sha256:" B64 "\ncorpus uses download 1\n"
#define MODEL "\nmodel@lr=0.001,seed=2 out.model lmdb:" B64 "\nmodel@lr=0.001,seed=2 uses train 3\n"

/** A text parsed in a copy of its own. */
static enum lm_status parse(struct lm_lockfile *out, struct lm_arena *arena, const char *text,
                            struct lm_err *err)
{
    char *copy = lm_arena_strdup(arena, text);
    return lm_lockfile_parse(out, arena, copy, strlen(copy), "e.lock", err);
}

static const char *print(struct lm_arena *arena, const struct lm_lockfile *file)
{
    struct lm_buf buf;
    lm_buf_init(&buf, 0);
    lm_lockfile_print(&buf, file);
    const char *text = lm_arena_strndup(arena, buf.data, buf.size);
    lm_buf_release(&buf);
    return text;
}

/* ---- reading and printing ---- */

static void test_round(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_lockfile file;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(parse(&file, arena, HEAD CORPUS MODEL, &err) == LM_OK);
    CHECK_INT(file.count, 2);
    CHECK(!file.crlf);
    CHECK_STR(print(arena, &file), HEAD CORPUS MODEL);
    const struct lm_lock_block *block = lm_lockfile_find(&file, "model@lr=0.001,seed=2");
    REQUIRE(block != NULL);
    CHECK_INT(block->count, 2);
    CHECK_STR(block->rows[1].name, "uses");
    CHECK_STR(block->rows[1].value, "train 3");
    CHECK(lm_lockfile_find(&file, "model") == NULL);
    REQUIRE(parse(&file, arena, HEAD, &err) == LM_OK);
    CHECK_INT(file.count, 0);
    CHECK(lm_lockfile_find(&file, "corpus") == NULL);
    CHECK_STR(print(arena, &file), HEAD);
    lm_arena_free(arena);
}

/** Git merges lines: any order of blocks and lines, twice the same line. */
static void test_order(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_lockfile file;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(parse(&file, arena,
                  HEAD MODEL "\ncorpus uses download 1\ncorpus source.a sha256:" B64 "\n" CORPUS,
                  &err) == LM_OK);
    CHECK_STR(print(arena, &file), HEAD CORPUS MODEL);
    REQUIRE(parse(&file, arena, HEAD CORPUS "corpus out.corpus sha256:" B64 "\n", &err) ==
            LM_INVALID);
    CHECK(strstr(err.text, "corpus.out.corpus both sha256:") != NULL);
    lm_arena_free(arena);
}

static void test_line_ends(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_lockfile file;
    struct lm_err err = {.status = LM_OK};
    const char *windows =
        "lmpipe-lock 1\r\n\r\ntext out.text sha256:" A64 "\r\ntext uses clean 3\r\n";
    REQUIRE(parse(&file, arena, windows, &err) == LM_OK);
    CHECK(file.crlf);
    CHECK_STR(lm_lockfile_find(&file, "text")->rows[0].value, "sha256:" A64);
    CHECK_STR(print(arena, &file), windows);
    REQUIRE(parse(&file, arena, HEAD "\ntext uses clean 3", &err) == LM_OK);
    CHECK_STR(print(arena, &file), HEAD "\ntext uses clean 3\n");
    lm_arena_free(arena);
}

static void test_refused(struct tap *tap)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "e.lock: is empty"},
        {"\n", "e.lock:1:1: is no line"},
        {"lmpipe: 1\n", "e.lock:1:1: is no line"},
        {"lmpipe-lock 2\n", "format is 2, this one reads 1"},
        {"lmpipe-lock 1 \n", "format is 1 , this one"},
        {"<<<<<<< HEAD\n" HEAD, "e.lock:1:1: a merge left this marker"},
        {HEAD CORPUS "<<<<<<< HEAD\n" MODEL, "e.lock:6:1: a merge left this marker"},
        {HEAD CORPUS "=======\n", "a merge left this marker"},
        {HEAD CORPUS ">>>>>>> theirs\n", "a merge left this marker"},
        {HEAD CORPUS "||||||| base\n", "a merge left this marker"},
        {HEAD "corpus\n", "e.lock:2:1: is no line"},
        {HEAD "corpus out.corpus\n", "e.lock:2:1: is no line"},
        {HEAD " out.corpus sha256:" A64 "\n", "e.lock:2:1: is no line"},
        {HEAD "corpus out. sha256:" A64 "\n", "e.lock:2:1: is no line"},
        {HEAD "corpus out.a sha256:" A64 "a\n", "e.lock:2:1: is no line"},
        {HEAD "corpus out.a sha256:" A64 " \n", "e.lock:2:1: is no line"},
        {HEAD "corpus out.a :" A64 "\n", "e.lock:2:1: is no line"},
        {HEAD "corpus out.a " A64 "\n", "e.lock:2:1: is no line"},
        {HEAD "corpus output.a sha256:" A64 "\n", "e.lock:2:1: is no line"},
        {HEAD "corpus uses download\n", "e.lock:2:1: is no line"},
        {HEAD "corpus uses download x\n", "e.lock:2:1: is no line"},
        {HEAD "corpus uses  1\n", "e.lock:2:1: is no line"},
        {HEAD "# a comment of somebody's\n", "e.lock:2:1: is no line"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_lockfile file;
        struct lm_err err = {.status = LM_OK};
        CHECK_INT(parse(&file, arena, cases[i].text, &err), LM_INVALID);
        if (strstr(err.text, cases[i].said) == NULL || strchr(err.text, ';') == NULL) {
            printf("# case %zu: %s\n", i, err.text);
            CHECK(false);
        }
        lm_arena_free(arena);
    }
}

/** What is no text, and what is no file. */
static void test_files(struct tap *tap)
{
    struct fake_folder folder;
    struct lm_lockfile file;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(fake_folder_make(&folder));
    char nul[] = HEAD "corpus uses download 1\0\n";
    CHECK_INT(lm_lockfile_parse(&file, folder.arena, nul, sizeof nul - 1, "e.lock", &err),
              LM_INVALID);
    const char *path = fake_write(&folder, "e.lock", HEAD CORPUS);
    CHECK_INT(lm_lockfile_load(&file, folder.arena, path, "e.lock", &err), LM_OK);
    CHECK_INT(file.count, 1);
    CHECK_INT(lm_lockfile_load(&file, folder.arena, folder.path, "e.lock", &err), LM_INVALID);
    CHECK_INT(lm_lockfile_load(&file, folder.arena, "/dev/zero", "e.lock", &err), LM_INVALID);
    unlink(path);
    CHECK_INT(lm_lockfile_load(&file, folder.arena, path, "e.lock", &err), LM_NOT_FOUND);
    fake_folder_remove(&folder);
}

/* ---- chance ---- */

enum { IDS = 12, ROUNDS = 400 };

struct dice {
    struct lm_rng rng;
    uint64_t next;
};

static size_t roll(struct dice *dice, size_t bound)
{
    return (size_t)lm_rng_below(dice->rng, 0, dice->next++, bound);
}

/** What a stage may have given: three different results, or none (0). */
static void put_block(struct lm_buf *out, size_t id, size_t result)
{
    if (result == 0)
        return;
    lm_buf_printf(out, "\ns%zu@a=%zu out.first sha256:%064zx\n", id, id * 7 % 5, result / 2);
    if (result != 2)
        lm_buf_printf(out, "s%zu@a=%zu out.second sha256:%064zx\n", id, id * 7 % 5, result);
    lm_buf_printf(out, "s%zu@a=%zu uses type %zu\n", id, id * 7 % 5, (result + 1) / 2);
}

struct world {
    size_t base[IDS], ours[IDS], theirs[IDS]; /* results by stage */
};

static void draw_world(struct world *world, struct dice *dice)
{
    for (size_t i = 0; i < IDS; i++) {
        world->base[i] = roll(dice, 4);
        world->ours[i] = roll(dice, 2) ? world->base[i] : roll(dice, 4);
        world->theirs[i] = roll(dice, 2) ? world->base[i] : roll(dice, 4);
    }
}

static struct lm_lockfile lock_of(struct tap *tap, struct lm_arena *arena, const size_t *results)
{
    struct lm_buf buf;
    struct lm_lockfile file = {0};
    struct lm_err err = {.status = LM_OK};
    lm_buf_init(&buf, 0);
    lm_buf_puts(&buf, HEAD);
    for (size_t i = IDS; i-- > 0;)
        put_block(&buf, i, results[i]);
    CHECK_INT(parse(&file, arena, buf.data, &err), LM_OK);
    lm_buf_release(&buf);
    return file;
}

/** The text of a merge, and " -ID" for each block it dropped. */
static const char *join(struct tap *tap, struct lm_arena *arena, const struct lm_lockfile *base,
                        const struct lm_lockfile *ours, const struct lm_lockfile *theirs)
{
    struct lm_lockfile out = {0};
    const char **dropped = NULL;
    size_t count = 0;
    struct lm_err err = {.status = LM_OK};
    CHECK_INT(lm_lockfile_join(&out, &dropped, &count, arena, base, ours, theirs, &err), LM_OK);
    const char *text = print(arena, &out);
    for (size_t i = 0; i < count; i++)
        text = lm_arena_printf(arena, "%s -%s", text, dropped[i]);
    return text;
}

/** The same by the rule alone, stage by stage. */
static const char *expect(struct tap *tap, struct lm_arena *arena, const struct world *world)
{
    size_t results[IDS];
    bool lost[IDS] = {false};
    for (size_t i = 0; i < IDS; i++) {
        bool we = world->ours[i] != world->base[i], they = world->theirs[i] != world->base[i];
        lost[i] = we && they && world->ours[i] != world->theirs[i];
        results[i] = lost[i] ? 0 : they ? world->theirs[i] : world->ours[i];
    }
    struct lm_lockfile file = lock_of(tap, arena, results);
    struct lm_lockfile names = {0};
    size_t one[IDS];
    for (size_t i = 0; i < IDS; i++)
        one[i] = lost[i];
    names = lock_of(tap, arena, one);
    const char *text = print(arena, &file);
    for (size_t i = 0; i < names.count; i++)
        text = lm_arena_printf(arena, "%s -%s", text, names.blocks[i].id);
    return text;
}

static void test_merges(struct tap *tap)
{
    struct dice dice = {lm_rng_stream(13, "locks"), 0};
    for (size_t round = 0; round < ROUNDS && tap->failed == 0; round++) {
        struct lm_arena *arena = lm_arena_create();
        struct world world;
        draw_world(&world, &dice);
        struct lm_lockfile o = lock_of(tap, arena, world.base);
        struct lm_lockfile a = lock_of(tap, arena, world.ours);
        struct lm_lockfile b = lock_of(tap, arena, world.theirs);
        CHECK_STR(join(tap, arena, &o, &a, &a), print(arena, &a));
        CHECK_STR(join(tap, arena, &o, &o, &b), print(arena, &b));
        CHECK_STR(join(tap, arena, &o, &a, &o), print(arena, &a));
        CHECK_STR(join(tap, arena, &o, &a, &b), join(tap, arena, &o, &b, &a));
        CHECK_STR(join(tap, arena, &o, &a, &b), expect(tap, arena, &world));
        lm_arena_free(arena);
    }
}

/** A damaged file is refused, or says something that is printed and read again alike. */
static void test_damage(struct tap *tap)
{
    struct dice dice = {lm_rng_stream(14, "damage"), 0};
    const char whole[] = HEAD CORPUS MODEL;
    for (size_t round = 0; round < 20 * (size_t)ROUNDS && tap->failed == 0; round++) {
        struct lm_arena *arena = lm_arena_create();
        struct lm_lockfile file, again;
        struct lm_err err = {.status = LM_OK};
        size_t size = round < sizeof whole ? round : sizeof whole - 1;
        char *text = lm_arena_strndup(arena, whole, size);
        for (size_t i = roll(&dice, 4); i > 0 && size > 0 && round >= sizeof whole; i--)
            text[roll(&dice, size)] = (char)roll(&dice, 256);
        enum lm_status status = lm_lockfile_parse(&file, arena, text, size, "e.lock", &err);
        CHECK(status == LM_OK || status == LM_INVALID);
        if (status == LM_OK) {
            const char *printed = print(arena, &file);
            CHECK_INT(parse(&again, arena, printed, &err), LM_OK);
            CHECK_STR(print(arena, &again), printed);
        }
        lm_arena_free(arena);
    }
}

static const struct tap_test tests[] = {
    {"what is printed is read again", test_round},
    {"any order of lines", test_order},
    {"lines that end as on Windows", test_line_ends},
    {"what is no lock file", test_refused},
    {"what is no text or no file", test_files},
    {"merges of random files keep their laws", test_merges},
    {"damage is refused or harmless", test_damage},
};

LM_TEST_FILE(tests)
