#include "base/stat_time.h"
#include "store_fixture.h"

/* ---- layouts ---- */

static void test_layouts(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct lm_record *record = NULL;
    setup(&f);
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    const char *version = lm_path_join(f.arena, f.path, "VERSION");
    static const char *const empty[] = {"checkpoints", "runs", "tmp", "locks"};
    for (size_t i = 0; i < 4; i++)
        lm_dir_remove(lm_path_join(f.arena, f.path, empty[i]), NULL);
    reopen(&f); /* carried as files */
    for (size_t i = 0; i < 4; i++)
        CHECK(lm_path_is_dir(lm_path_join(f.arena, f.path, empty[i])));
    /* an empty, a damaged, a missing version; a folder and a link in its place */
    for (int kind = 0; kind < 7; kind++) {
        if (kind < 6)
            put_in_place(version, kind);
        else
            unlink(version);
        reopen(&f);
        CHECK_INT(find(&f, &key, &record), LM_OK);
    }
    /* a folder that is nobody's store is left alone */
    const char *foreign = lm_path_join(f.arena, f.root, "foreign");
    lm_dir_create(foreign, NULL);
    lm_file_write(lm_path_join(f.arena, foreign, "VERSION"), "1.2\n", 4, NULL);
    struct lm_store *other = NULL;
    CHECK_INT(lm_store_open(&other, foreign, &f.err), LM_FORMAT);
    CHECK(!lm_path_exists(lm_path_join(f.arena, foreign, "objects")));
    teardown(&f);
}

/** Leftovers of dead processes of every kind; what is alive stays. */
static void test_leftovers(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key, open_key;
    struct lm_lock lock = {.fd = -1};
    bool taken = false;
    setup(&f);
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    lm_sha256_bytes(&open_key, "open", 4);
    const char *dead[] = {
        lm_path_join(f.arena, f.path, "VERSION.tmp.4711"),
        lm_path_join(f.arena, f.path, "index.tmp.0123abcd.0123456789abcdef"),
        lm_arena_printf(f.arena, "%s.tmp.4711", record_of(&f, &key)),
        lm_arena_printf(f.arena, "%s.tmp.0123abcd.0123456789abcdef", record_of(&f, &key)),
        lm_store_lock_path(f.store, f.arena, &key),
        lm_arena_printf(f.arena, "%s/a.tmp",
                        lm_store_checkpoint_folder(f.store, f.arena, &open_key)),
        lm_arena_printf(f.arena, "%s/a", lm_store_checkpoint_folder(f.store, f.arena, &key)),
        lm_path_join(f.arena, f.path, "runs/keys/x.tmp.0123abcd.0123456789abcdef")};
    const char *live = lm_store_lock_path(f.store, f.arena, &open_key);
    const char *slot =
        lm_arena_printf(f.arena, "%s/a", lm_store_checkpoint_folder(f.store, f.arena, &open_key));
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++) {
        lm_dir_create(lm_path_dir(f.arena, dead[i]), NULL);
        lm_file_write(dead[i], "x", 1, NULL);
    }
    lm_file_write(slot, "x", 1, NULL);
    REQUIRE(lm_lock_try(&lock, &taken, NULL, live, true, NULL) == LM_OK && taken);
    lm_store_sweep(f.store);
    CHECK(lm_path_exists(dead[5])); /* its key is being produced */
    CHECK(lm_path_exists(live));
    lm_lock_release(&lock, NULL);
    lm_store_sweep(f.store);
    for (size_t i = 0; i < sizeof dead / sizeof dead[0]; i++)
        CHECK(!lm_path_exists(dead[i]));
    CHECK(lm_path_exists(slot)); /* a checkpoint that may be needed */
    CHECK(!lm_path_exists(live));
    struct lm_record *record = NULL;
    CHECK_INT(find(&f, &key, &record), LM_OK);
    teardown(&f);
}

/* ---- bytes that rot ---- */

/** Changes a byte so that the stat index cannot see it: size and times as they were, but for ctime,
 *  which the index is made to believe. */
static void rot(struct fixture *f, const char *text)
{
    struct stat st;
    struct lm_digest digest;
    const char *path = object_of(f, text);
    if (stat(path, &st) != 0)
        abort();
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    int fd = open(path, O_RDWR);
    if (fd < 0 || pwrite(fd, "#", 1, 0) != 1 || futimens(fd, times) != 0 || fstat(fd, &st) != 0)
        abort();
    close(fd);
    lm_sha256_bytes(&digest, text, strlen(text));
    reopen(f);
    struct lm_stat_index *index =
        lm_stat_index_open(lm_path_join(f->arena, f->path, "index"), NULL);
    lm_stat_index_put(index, &st, &digest, lm_stat_clock_ns() + 1000000000);
    lm_stat_index_close(index);
}

struct seen {
    size_t damaged, missing, users;
    char path[200];
};

static void see(void *user, const struct lm_store_finding *finding)
{
    struct seen *seen = user;
    seen->damaged += strcmp(finding->what, "damaged") == 0;
    seen->missing += strcmp(finding->what, "missing") == 0;
    seen->users += finding->user_count;
    snprintf(seen->path, sizeof seen->path, "%s", finding->path);
}

static void test_check(struct tap *tap)
{
    struct fixture f;
    struct lm_digest one, two, three;
    struct lm_record *record = NULL;
    struct lm_store_check check;
    struct seen seen = {0};
    const struct lm_store_check_options how = {.threads = 2, .found = see, .user = &seen};
    setup(&f);
    REQUIRE(commit(&f, "one\n", "words", &one) == LM_OK);
    REQUIRE(commit(&f, "two\n", "words", &two) == LM_OK);
    REQUIRE(commit(&f, "three\n", "other", &three) == LM_OK);
    REQUIRE(lm_store_check(f.store, &how, &check, &f.err) == LM_OK);
    CHECK_INT(check.objects, 3);
    CHECK_INT(check.records, 3);
    CHECK_INT(check.bytes, 14);
    CHECK_INT(check.damaged + check.missing + check.unreadable, 0);
    rot(&f, "words");
    CHECK_INT(find(&f, &one, &record), LM_OK); /* nothing that a stat can see */
    REQUIRE(lm_store_check(f.store, &how, &check, &f.err) == LM_OK);
    CHECK_INT(check.damaged, 1);
    CHECK_INT(seen.damaged, 1);
    CHECK_INT(seen.users, 2);
    CHECK(strncmp(seen.path, "objects/", 8) == 0);
    CHECK_INT(find(&f, &one, &record), LM_NOT_FOUND);
    CHECK_INT(find(&f, &three, &record), LM_OK);
    seen = (struct seen){0};
    put_in_place(record_of(&f, &three), 3);
    REQUIRE(lm_store_check(f.store, &how, &check, &f.err) == LM_OK);
    CHECK_INT(check.missing, 1);
    CHECK_INT(check.damaged, 1);
    CHECK_INT(seen.users, 3);
    CHECK_INT(commit(&f, "one\n", "words", &one), LM_OK);
    CHECK_INT(commit(&f, "three\n", "other", &three), LM_OK);
    REQUIRE(lm_store_check(f.store, &how, &check, &f.err) == LM_OK);
    CHECK_INT(check.damaged + check.missing + check.unreadable, 0);
    teardown(&f);
}

/** A run reads a few objects again, so that rot is found some day without being asked for. */
static void test_sample(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct lm_record *record = NULL;
    setup(&f);
    CHECK_INT(lm_store_sample(f.store, 4), 0); /* an empty store */
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    CHECK_INT(lm_store_sample(f.store, 100), 0);
    rot(&f, "words");
    size_t found = 0;
    for (int i = 0; i < 1000 && found == 0; i++)
        found = lm_store_sample(f.store, 10);
    CHECK_INT(found, 1);
    CHECK_INT(find(&f, &key, &record), LM_NOT_FOUND);
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_layouts) TAP_ROW(test_leftovers)
                                            TAP_ROW(test_check) TAP_ROW(test_sample)};
LM_TEST_FILE(tests)
