#include "store/roots.h"

#include "store_fixture.h"

enum { KEYS = 3 };

static struct lm_root make_root(struct lm_root_key keys[KEYS], const char *path)
{
    static const char *const stages[KEYS] = {"corpus", "model@lr=0.001", "scores"};
    for (int i = 0; i < KEYS; i++) {
        lm_sha256_bytes(&keys[i].key, stages[i], strlen(stages[i]));
        keys[i].stage = stages[i];
        keys[i].is_good = i != 1;
    }
    return (struct lm_root){
        .kind = LM_ROOT_SPEC, .path = path, .experiment = "tiny", .keys = keys, .count = KEYS};
}

static const char *file_of(struct fixture *f, const struct lm_root *root)
{
    char name[LM_DIGEST_HEX];
    lm_root_name(name, root->kind, root->path);
    return lm_arena_printf(f->arena, "%s/roots/%s", f->path, name);
}

static void test_put_and_read(struct tap *tap)
{
    static const char *const paths[] = {"/a/spec.yaml", "/odd\nname/100%.yaml", "/a"};
    struct fixture f;
    struct lm_root_key keys[KEYS];
    struct lm_root *roots = NULL;
    size_t count = 7;
    setup(&f);
    REQUIRE(lm_roots_read(&roots, &count, f.arena, f.store, NULL) == LM_OK);
    CHECK_INT(count, 0);
    for (size_t i = 0; i < 3; i++) {
        struct lm_root root = make_root(keys, paths[i]);
        char name[LM_DIGEST_HEX];
        lm_root_name(name, root.kind, root.path);
        CHECK(!lm_root_is_known(f.store, name));
        CHECK_INT(lm_root_put(f.store, &root, NULL), LM_OK);
        CHECK(lm_root_is_known(f.store, name));
    }
    struct lm_root baseline = make_root(keys, paths[0]); /* a path may be both */
    baseline.kind = LM_ROOT_BASELINE;
    CHECK_INT(lm_root_put(f.store, &baseline, NULL), LM_OK);
    REQUIRE(lm_roots_read(&roots, &count, f.arena, f.store, NULL) == LM_OK);
    CHECK_INT(count, 4);
    for (size_t i = 0; i < count; i++) {
        CHECK(!roots[i].is_damaged);
        CHECK_INT(roots[i].count, KEYS);
        CHECK_STR(roots[i].experiment, "tiny");
        CHECK_STR(roots[i].keys[1].stage, "model@lr=0.001");
        CHECK(roots[i].keys[0].is_good && !roots[i].keys[1].is_good);
        CHECK(lm_digest_compare(&roots[i].keys[2].key, &keys[2].key) == 0);
    }
    CHECK_INT(lm_root_remove(f.store, roots[0].name, NULL), LM_OK);
    CHECK_INT(lm_root_remove(f.store, roots[0].name, NULL), LM_OK); /* it is forgotten already */
    REQUIRE(lm_roots_read(&roots, &count, f.arena, f.store, NULL) == LM_OK);
    CHECK_INT(count, 3);
    teardown(&f);
}

/** The same again is not written; anything else is. */
static void test_unchanged(struct tap *tap)
{
    struct fixture f;
    struct lm_root_key keys[KEYS];
    struct stat first, again;
    setup(&f);
    struct lm_root root = make_root(keys, "/a/spec.yaml");
    REQUIRE(lm_root_put(f.store, &root, NULL) == LM_OK);
    const char *file = file_of(&f, &root);
    REQUIRE(stat(file, &first) == 0);
    REQUIRE(lm_root_put(f.store, &root, NULL) == LM_OK && stat(file, &again) == 0);
    CHECK(first.st_ino == again.st_ino);
    for (int kind = 0; kind < 5; kind++) {
        struct lm_root other = make_root(keys, "/a/spec.yaml");
        if (kind == 0)
            keys[2].key.bytes[31] ^= 1;
        else if (kind == 1)
            keys[0].stage = "text";
        else if (kind == 2)
            keys[1].is_good = true;
        else if (kind == 3)
            other.count--;
        else
            other.experiment = "other";
        stat(file, &first);
        CHECK_INT(lm_root_put(f.store, &other, NULL), LM_OK);
        REQUIRE(stat(file, &again) == 0);
        CHECK(first.st_ino != again.st_ino || first.st_mtim.tv_nsec != again.st_mtim.tv_nsec);
    }
    teardown(&f);
}

/** Whatever happens to a byte, the root is damaged or says what it said; the next put heals. */
static void test_damage(struct tap *tap)
{
    struct fixture f;
    struct lm_root_key keys[KEYS];
    struct lm_root read;
    char name[LM_DIGEST_HEX], *text;
    size_t size;
    setup(&f);
    struct lm_root root = make_root(keys, "/a/spec.yaml");
    lm_root_name(name, root.kind, root.path);
    REQUIRE(lm_root_put(f.store, &root, NULL) == LM_OK);
    const char *file = file_of(&f, &root);
    REQUIRE(lm_file_read(&text, &size, f.arena, file, 1 << 20, NULL) == LM_OK);
    for (size_t at = 0; at < size; at++) {
        char before = text[at];
        text[at] = (char)(before ^ (1 << at % 7));
        REQUIRE(lm_file_write(file, text, size, NULL) == LM_OK);
        text[at] = before;
        REQUIRE(lm_root_read(&read, f.arena, f.store, name, NULL) == LM_OK);
        if (!read.is_damaged) /* another case of a hex digit */
            CHECK(read.count == KEYS && lm_digest_compare(&read.keys[0].key, &keys[0].key) == 0);
        REQUIRE(lm_file_write(file, text, at, NULL) == LM_OK);
        REQUIRE(lm_root_read(&read, f.arena, f.store, name, NULL) == LM_OK);
        CHECK(read.is_damaged);
    }
    lm_root_distrust(f.store, name);
    CHECK_INT(lm_root_put(f.store, &root, NULL), LM_OK);
    REQUIRE(lm_root_read(&read, f.arena, f.store, name, NULL) == LM_OK);
    CHECK(!read.is_damaged);
    put_in_place(file, 0); /* a folder in its place moves aside */
    CHECK_INT(lm_root_put(f.store, &root, NULL), LM_OK);
    CHECK_INT(lm_root_read(&read, f.arena, f.store, "0000", NULL), LM_NOT_FOUND);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_put_and_read) TAP_ROW(test_unchanged)
                                            TAP_ROW(test_damage)};
LM_TEST_FILE(tests)
