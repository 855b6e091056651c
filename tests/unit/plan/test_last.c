#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "plan/last.h"
#include "tap.h"

/** A root with the specs a.yaml, sub/a.yaml and b.yaml; each row is one of them. */
struct bench {
    char root[64];
    struct lm_arena *arena;
    struct lm_spec a, deep, b;
};

static struct lm_spec spec_of(const struct bench *bench, const char *home)
{
    const char *real = lm_path_join(bench->arena, bench->root, home);
    lm_file_write(real, "", 0, NULL);
    return (struct lm_spec){.arena = bench->arena,
                            .path = lm_path_base(home),
                            .real = real,
                            .root = bench->root,
                            .home = home,
                            .experiment = "exp"};
}

static bool setup(struct bench *bench)
{
    strcpy(bench->root, "/tmp/lmpipe-test-last-XXXXXX");
    bench->arena = lm_arena_create();
    if (mkdtemp(bench->root) == NULL ||
        lm_dir_create(lm_path_join(bench->arena, bench->root, "sub"), NULL) != LM_OK)
        return false;
    bench->a = spec_of(bench, "a.yaml");
    bench->deep = spec_of(bench, "sub/a.yaml");
    bench->b = spec_of(bench, "b\n%25.yaml");
    return true;
}

static void teardown(struct bench *bench)
{
    lm_dir_remove(bench->root, NULL);
    lm_arena_free(bench->arena);
}

static struct lm_last *load(struct bench *bench, size_t *count, const char **owner)
{
    struct lm_lasts lasts;
    enum lm_status status = lm_last_load(&lasts, bench->arena, bench->root, "exp", NULL);
    *count = lasts.count;
    *owner = lasts.owner;
    return status == LM_OK ? lasts.rows : NULL;
}

static struct lm_digest key_of(const char *text)
{
    struct lm_digest key;
    lm_sha256_bytes(&key, text, strlen(text));
    return key;
}

static bool remembers(struct bench *bench, const char *stage, const char *key)
{
    struct lm_lasts lasts;
    if (lm_last_load(&lasts, bench->arena, bench->root, "exp", NULL) != LM_OK)
        return false;
    const struct lm_last *row = lm_last_find(&lasts, stage);
    struct lm_digest wanted = key_of(key);
    return row != NULL && lm_digest_compare(&row->key, &wanted) == 0;
}

static void note(struct bench *bench, const char *stage, const char *key)
{
    struct lm_digest digest = key_of(key);
    lm_last_note(&bench->a, stage, &digest, NULL);
}

static void test_notes(struct tap *tap)
{
    struct bench bench;
    size_t count = 9;
    const char *owner = "x";
    REQUIRE(setup(&bench));
    CHECK(load(&bench, &count, &owner) == NULL && count == 0 && owner == NULL);
    CHECK_INT(lm_last_claim(&bench.a, NULL, NULL), LM_OK);
    note(&bench, "text", "1");
    note(&bench, "model", "2");
    note(&bench, "text", "3");
    load(&bench, &count, &owner);
    CHECK_STR(owner, "a.yaml");
    CHECK_INT(count, 2);
    CHECK(remembers(&bench, "text", "3") && remembers(&bench, "model", "2"));
    CHECK(!remembers(&bench, "other", "3"));
    for (int i = 0; i < 50; i++)
        note(&bench, "model", i % 2 ? "even" : "odd");
    CHECK_INT(lm_last_claim(&bench.a, NULL, NULL), LM_OK); /* written anew */
    char *text = NULL;
    size_t size = 0;
    const char *path = lm_path_join(bench.arena, bench.root, "artifacts/exp/.lmpipe");
    CHECK_INT(lm_file_read(&text, &size, bench.arena, path, 1 << 20, NULL), LM_OK);
    CHECK(size < 300);
    /* What it said a moment ago may be known: then it is only looked whether it is in order. */
    struct lm_lasts known;
    CHECK_INT(lm_last_load(&known, bench.arena, bench.root, "exp", NULL), LM_OK);
    CHECK_INT(lm_last_claim(&bench.a, &known, NULL), LM_OK);
    for (int i = 0; i < 50; i++)
        note(&bench, "model", i % 2 ? "even" : "odd");
    CHECK_INT(lm_last_claim(&bench.a, &known, NULL), LM_OK);
    CHECK_INT(lm_file_read(&text, &size, bench.arena, path, 1 << 20, NULL), LM_OK);
    CHECK(size < 300);
    CHECK_INT(lm_last_claim(&bench.b, &known, NULL), LM_INVALID);
    CHECK(remembers(&bench, "text", "3") && remembers(&bench, "model", "even"));
    teardown(&bench);
}

/** A folder belongs to one spec, while that is there; how it was reached does not count. */
static void test_owner(struct tap *tap)
{
    struct bench bench;
    size_t count;
    const char *owner;
    struct lm_err err = {LM_OK, ""};
    REQUIRE(setup(&bench));
    CHECK_INT(lm_last_claim(&bench.b, NULL, NULL), LM_OK);
    load(&bench, &count, &owner);
    CHECK_STR(owner, "b\n%25.yaml");
    CHECK_INT(lm_last_claim(&bench.b, NULL, NULL), LM_OK);
    CHECK_INT(lm_last_claim(&bench.a, NULL, &err), LM_INVALID);
    CHECK(strstr(err.text, "belongs to") != NULL);
    unlink(bench.b.real);
    CHECK_INT(lm_last_claim(&bench.deep, NULL, NULL), LM_OK);
    CHECK_INT(lm_last_claim(&bench.a, NULL, NULL), LM_INVALID);
    /* as earlier versions noted it */
    const char *path = lm_path_join(bench.arena, bench.root, "artifacts/exp/.lmpipe");
    static const char typed[] = "lmpipe-last 1\nspec ./sub/../sub/a.yaml\n";
    CHECK_INT(lm_file_write(path, typed, strlen(typed), NULL), LM_OK);
    CHECK_INT(lm_last_claim(&bench.a, NULL, NULL), LM_INVALID);
    CHECK_INT(lm_last_claim(&bench.deep, NULL, NULL), LM_OK);
    teardown(&bench);
}

/** Of specs that begin at once one gets the folder; notes of runs at once all stay. */
static void test_at_once(struct tap *tap)
{
    enum { PROCESSES = 8, NOTES = 50 };

    struct bench bench;
    int winners = 0, status;
    REQUIRE(setup(&bench));
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            _exit(lm_last_claim(i % 2 ? &bench.a : &bench.deep, NULL, NULL) == LM_OK ? 0 : 1);
    for (int i = 0; i < PROCESSES; i++)
        winners += wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CHECK_INT(winners, PROCESSES / 2);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            for (int k = 0; k < NOTES; k++)
                note(&bench, (char[]){(char)('a' + i), (char)('A' + k % 26), '\0'}, "x");
            _exit(0);
        }
    while (wait(&status) > 0)
        continue;
    size_t count = 0;
    const char *owner;
    load(&bench, &count, &owner);
    CHECK_INT(count, PROCESSES * 26);
    teardown(&bench);
}

/** It only remembers: what is damaged is forgotten, what is in the way is moved. */
static void test_damage(struct tap *tap)
{
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {
        {"", 0},
        {"nonsense\n", 0},
        {"lmpipe-last 2\nspec x\n", 0},
        {"lmpipe-last 1\nspec x\nstage model zz\n", 0},
        {"lmpipe-last 1\nstage model\nother\nspec x", 0},
        {"lmpipe-last 1\nspec x\n"
         "stage m e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nstage",
         1},
    };

    struct bench bench;
    size_t count;
    const char *owner;
    REQUIRE(setup(&bench));
    const char *path = lm_path_join(bench.arena, bench.root, "artifacts/exp/.lmpipe");
    REQUIRE(lm_dir_create(lm_path_dir(bench.arena, path), NULL) == LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        REQUIRE(lm_file_write(path, rows[i].text, strlen(rows[i].text), NULL) == LM_OK);
        load(&bench, &count, &owner);
        CHECK_INT(count, rows[i].count);
        CHECK_INT(lm_last_claim(&bench.a, NULL, NULL), LM_OK);
        unlink(path);
    }
    REQUIRE(lm_dir_create(path, NULL) == LM_OK);
    CHECK_INT(lm_last_claim(&bench.a, NULL, NULL), LM_OK);
    load(&bench, &count, &owner);
    CHECK(owner != NULL && strcmp(owner, "a.yaml") == 0);
    teardown(&bench);
}

static const struct tap_test tests[] = {TAP_ROW(test_notes) TAP_ROW(test_owner)
                                            TAP_ROW(test_at_once) TAP_ROW(test_damage)};
LM_TEST_FILE(tests)
