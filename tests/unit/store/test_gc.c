#include "store/gc.h"

#include <sys/stat.h>
#include <time.h>

#include "protocol/checkpoint.h"
#include "store/store_files.h"
#include "store_fixture.h"

#define DAY 86400

/** Makes a file, or all below a folder, so many seconds old. */
static void make_old(const char *path, int64_t seconds)
{
    struct timespec now, times[2];
    clock_gettime(CLOCK_REALTIME, &now);
    times[0] = times[1] = (struct timespec){now.tv_sec - seconds, 0};
    utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static void make_tree_old(struct fixture *f, const char *folder, int64_t seconds)
{
    struct lm_names names = {0};
    const char *path = lm_path_join(f->arena, f->path, folder);
    if (lm_dir_walk(&names, NULL, f->arena, path, NULL) != LM_OK)
        return;
    for (size_t i = 0; i < names.count; i++)
        make_old(lm_path_join(f->arena, path, names.items[i]), seconds);
}

static uint64_t disk(struct fixture *f)
{
    struct lm_tally tally = {0};
    lm_store_tally(&tally, f->path);
    return tally.bytes;
}

struct needs {
    struct lm_key_uses uses;
    struct lm_gc_how how;
};

static void need_nothing(struct fixture *f, struct needs *needs, double grace)
{
    *needs = (struct needs){.uses = {.arena = f->arena}};
    needs->how = (struct lm_gc_how){
        .uses = &needs->uses, .now = time(NULL), .grace = grace, .checkpoint_grace = grace};
}

static void need(struct needs *needs, const struct lm_digest *key)
{
    lm_key_uses_add(&needs->uses, key)->is_needed = true;
}

/** Says, does, and holds what was said against what was done and against the disk. */
static struct lm_gc_result collect(struct tap *tap, struct fixture *f, struct needs *needs)
{
    struct lm_gc_result said, done;
    uint64_t before = disk(f), freed = 0;
    needs->how.is_dry = true;
    CHECK_INT(lm_store_gc(f->store, &needs->how, &said, NULL), LM_OK);
    CHECK_INT(disk(f), before);
    needs->how.is_dry = false;
    CHECK_INT(lm_store_gc(f->store, &needs->how, &done, NULL), LM_OK);
    CHECK(memcmp(&said, &done, sizeof said) == 0);
    const struct lm_gc_count rows[] = {done.results, done.objects,   done.checkpoints,
                                       done.states,  done.temporary, done.damaged};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        freed += rows[i].bytes;
    CHECK_INT(before - disk(f), freed);
    lm_key_uses_release(&needs->uses);
    return done;
}

static bool hits(struct fixture *f, const struct lm_digest *key)
{
    struct lm_record *record;
    return find(f, key, &record) == LM_OK;
}

static void test_needed_stays(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_digest a, b, c;
    setup(&f);
    REQUIRE(commit(&f, "key\nstage clean 1\na\n", "shared words", &a) == LM_OK);
    REQUIRE(commit(&f, "key\nstage clean 1\nb\n", "shared words", &b) == LM_OK);
    REQUIRE(commit(&f, "key\nstage clean 1\nc\n", "words of c", &c) == LM_OK);
    need_nothing(&f, &needs, 0);
    need(&needs, &a);
    struct lm_gc_result result = collect(tap, &f, &needs);
    CHECK_INT(result.results.count, 2);
    CHECK_INT(result.objects.count, 1); /* "words of c"; the others are a's, too */
    CHECK_INT(result.objects.bytes, strlen("words of c"));
    CHECK_INT(result.kept.count, 1);
    CHECK_INT(result.needed.count, 1);
    CHECK_INT(result.needed.bytes, result.kept.bytes);
    CHECK(hits(&f, &a) && !hits(&f, &b) && !hits(&f, &c));
    need_nothing(&f, &needs, 0);
    CHECK_INT(collect(tap, &f, &needs).results.count, 1);
    CHECK(!lm_path_exists(object_of(&f, "shared words")) && !lm_path_exists(object_of(&f, "card")));
    CHECK_INT(commit(&f, "key\nstage clean 1\na\n", "shared words", &a), LM_OK); /* again */
    CHECK(hits(&f, &a));
    teardown(&f);
}

static void test_grace(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_digest old, young, ahead;
    setup(&f);
    REQUIRE(commit(&f, "old", "words of old", &old) == LM_OK);
    REQUIRE(commit(&f, "young", "words of young", &young) == LM_OK);
    REQUIRE(commit(&f, "ahead", "words of ahead", &ahead) == LM_OK);
    make_old(record_of(&f, &old), 2 * DAY);
    make_old(record_of(&f, &ahead), -2 * DAY); /* the clock was wrong */
    lm_dir_create(lm_path_dir(f.arena, object_of(&f, "nobody")), NULL);
    lm_file_write(object_of(&f, "nobody"), "nobody", 6, NULL);
    need_nothing(&f, &needs, DAY);
    struct lm_gc_result result = collect(tap, &f, &needs);
    CHECK_INT(result.results.count, 1);
    CHECK_INT(result.objects.count, 1); /* goes with its record, however young it is itself */
    CHECK(!hits(&f, &old) && hits(&f, &young) && hits(&f, &ahead));
    CHECK_INT(result.kept.count, 2);
    CHECK_INT(result.needed.count, 0);
    need_nothing(&f, &needs, 0);
    result = collect(tap, &f, &needs);
    CHECK_INT(result.results.count, 2);
    teardown(&f);
}

static void test_orphans(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_digest key;
    setup(&f);
    REQUIRE(commit(&f, "key", "words", &key) == LM_OK);
    unlink(record_of(&f, &key)); /* as after a kill between record and objects */
    need_nothing(&f, &needs, DAY);
    need(&needs, &key);
    CHECK_INT(collect(tap, &f, &needs).objects.count, 0);
    make_tree_old(&f, "objects", 2 * DAY);
    need_nothing(&f, &needs, DAY);
    need(&needs, &key);
    CHECK_INT(collect(tap, &f, &needs).objects.count, 2);
    teardown(&f);
}

static void test_limit(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_digest keys[4];
    char text[4][2001];
    setup(&f);
    for (int i = 0; i < 4; i++) {
        const char *name = lm_arena_printf(f.arena, "key %d", i);
        memset(text[i], 'a' + i, 2000);
        text[i][2000] = '\0';
        REQUIRE(commit(&f, name, text[i], &keys[i]) == LM_OK);
        make_old(record_of(&f, &keys[i]), (10 - i) * DAY);
    }
    for (int step = 0; step < 2; step++) {
        need_nothing(&f, &needs, 0);
        need(&needs, &keys[1]);
        lm_key_uses_add(&needs.uses, &keys[0])->last = needs.how.now; /* a run had it just now */
        needs.how.is_limited = true;
        needs.how.size = disk(&f);
        needs.how.limit = step == 0 ? needs.how.size - 1 : 0;
        struct lm_gc_result result = collect(tap, &f, &needs);
        CHECK_INT(result.results.count, step == 0 ? 1 : 2);
        CHECK(hits(&f, &keys[1]));
        CHECK(hits(&f, &keys[0]) == (step == 0) && !hits(&f, &keys[2]));
        CHECK(hits(&f, &keys[3]) == (step == 0));
    }
    teardown(&f);
}

static void test_leftovers(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_digest done, open, lost;
    struct lm_lock lock = {.fd = -1};
    bool taken = false;
    setup(&f);
    REQUIRE(commit(&f, "done", "words", &done) == LM_OK);
    lm_sha256_bytes(&open, "open", 4);
    lm_sha256_bytes(&lost, "lost", 4);
    const struct lm_digest *keys[] = {&done, &open, &lost};
    const char *slots[3];
    for (size_t i = 0; i < 3; i++) {
        slots[i] =
            lm_arena_printf(f.arena, "%s/a", lm_store_checkpoint_folder(f.store, f.arena, keys[i]));
        lm_dir_create(lm_path_dir(f.arena, slots[i]), NULL);
        lm_file_write(slots[i], "state", 5, NULL);
        make_old(slots[i], 3 * DAY);
    }
    const char *dead = lm_path_join(f.arena, f.path, "tmp/dead/x");
    const char *live = lm_path_join(f.arena, f.path, "tmp/live/x");
    const char *rotten = lm_path_join(f.arena, f.path, "damaged/x");
    const char *files[] = {dead, live, rotten};
    for (size_t i = 0; i < 3; i++) {
        lm_dir_create(lm_path_dir(f.arena, files[i]), NULL);
        lm_file_write(files[i], "left", 4, NULL);
    }
    make_old(rotten, 3 * DAY);
    REQUIRE(lm_lock_try(&lock, &taken, NULL, lm_path_join(f.arena, f.path, "tmp/live.lock"), true,
                        NULL) == LM_OK &&
            taken);
    need_nothing(&f, &needs, 5 * DAY);
    need(&needs, &open);
    need(&needs, &done);
    struct lm_gc_result result = collect(tap, &f, &needs);
    CHECK_INT(result.checkpoints.count, 1); /* of the key that has a result */
    CHECK(!lm_path_exists(slots[0]) && lm_path_exists(slots[1]) && lm_path_exists(slots[2]));
    CHECK_INT(result.temporary.count, 1);
    CHECK(!lm_path_exists(dead) && lm_path_exists(live) && lm_path_exists(rotten));
    need_nothing(&f, &needs, DAY);
    need(&needs, &open);
    result = collect(tap, &f, &needs);
    CHECK_INT(result.checkpoints.count, 1);
    CHECK_INT(result.damaged.count, 1);
    CHECK(lm_path_exists(slots[1]) && !lm_path_exists(slots[2]));
    lm_lock_release(&lock, NULL);
    teardown(&f);
}

/** States go when they are old, and before the first result when the store is too large, the oldest
 *  first, however young; but for what is younger than the grace of all. */
static void test_states(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_digest key;
    static const int64_t days[] = {9, 3, 2, 0};
    const char *paths[4];
    char data[1000] = {0};
    const struct lm_save_part part = {data, sizeof data};
    setup(&f);
    REQUIRE(commit(&f, "key", "words", &key) == LM_OK);
    make_tree_old(&f, "actions", 20 * DAY);
    make_tree_old(&f, "objects", 20 * DAY);
    for (size_t i = 0; i < 4; i++) {
        struct lm_digest prefix;
        lm_sha256_bytes(&prefix, &days[i], sizeof days[i]);
        const char *folder = lm_store_state_folder(f.store, f.arena, &prefix);
        REQUIRE(lm_state_save(folder, 5 + i, &part, 1, NULL) == LM_OK);
        CHECK_INT(lm_store_state(f.store, f.arena, &prefix), 5 + (int64_t)i);
        paths[i] = lm_state_path(f.arena, folder);
        make_old(paths[i], days[i] * DAY);
    }
    need_nothing(&f, &needs, DAY);
    needs.how.checkpoint_grace = 5 * DAY;
    need(&needs, &key);
    struct lm_gc_result result = collect(tap, &f, &needs);
    CHECK_INT(result.states.count, 1); /* of nine days */
    CHECK(!lm_path_exists(paths[0]) && lm_path_exists(paths[1]));
    need_nothing(&f, &needs, DAY);
    needs.how.checkpoint_grace = 5 * DAY;
    needs.how.is_limited = true;
    needs.how.size = disk(&f);
    needs.how.limit = needs.how.size - 100;
    result = collect(tap, &f, &needs);
    CHECK_INT(result.states.count, 1); /* of three days: that was enough */
    CHECK_INT(result.results.count, 0);
    CHECK(!lm_path_exists(paths[1]) && lm_path_exists(paths[2]) && hits(&f, &key));
    need_nothing(&f, &needs, DAY);
    needs.how.checkpoint_grace = 5 * DAY;
    needs.how.is_limited = true;
    needs.how.size = disk(&f);
    needs.how.limit = 0;
    result = collect(tap, &f, &needs);
    CHECK_INT(result.states.count, 1);
    CHECK_INT(result.results.count, 1);
    CHECK(lm_path_exists(paths[3])); /* too young */
    teardown(&f);
}

/** Damaged records are misses, and go; what cannot be read stops everything. */
static void test_bad_records(struct tap *tap)
{
    struct fixture f;
    struct needs needs;
    struct lm_gc_result result;
    struct lm_digest bad, good;
    setup(&f);
    REQUIRE(commit(&f, "bad", "words of bad", &bad) == LM_OK);
    REQUIRE(commit(&f, "good", "words of good", &good) == LM_OK);
    put_in_place(record_of(&f, &bad), 5);
    lm_file_write(lm_path_join(f.arena, f.path, "objects/README"), "x", 1, NULL);
    need_nothing(&f, &needs, 0);
    need(&needs, &good);
    CHECK_INT(collect(tap, &f, &needs).results.count, 1);
    CHECK(hits(&f, &good) && !lm_path_exists(record_of(&f, &bad)));
    CHECK(lm_path_exists(lm_path_join(f.arena, f.path, "objects/README")));
    if (geteuid() != 0) {
        const char *fan = lm_path_dir(f.arena, record_of(&f, &good));
        chmod(fan, 0);
        need_nothing(&f, &needs, 0);
        CHECK_INT(lm_store_gc(f.store, &needs.how, &result, &f.err), LM_IO);
        chmod(fan, 0755);
        CHECK(hits(&f, &good));
        lm_key_uses_release(&needs.uses);
    }
    teardown(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_needed_stays) TAP_ROW(test_grace) TAP_ROW(test_orphans) TAP_ROW(test_limit)
        TAP_ROW(test_leftovers) TAP_ROW(test_states) TAP_ROW(test_bad_records)};
LM_TEST_FILE(tests)
