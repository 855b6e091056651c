#include "store/store.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "store/store_inside.h"
#include "store_fixture.h"

static void test_commit_and_find(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct lm_record *record = NULL;
    struct stat st;
    setup(&f);
    CHECK_INT(commit(&f, "key one\n", "words", &key), LM_OK);
    REQUIRE(find(&f, &key, &record) == LM_OK);
    CHECK_STR(record->outputs[0].files[0].name, "sub/words");
    REQUIRE(stat(object_of(&f, "words"), &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0444);
    CHECK_INT(st.st_nlink, 1);
    /* the index is kept: a second process need not hash again */
    reopen(&f);
    CHECK_INT(find(&f, &key, &record), LM_OK);
    struct lm_digest other;
    lm_sha256_bytes(&other, "other", 5);
    CHECK_INT(find(&f, &other, &record), LM_NOT_FOUND);
    /* another action with an equal file shares the object */
    CHECK_INT(commit(&f, "key two\n", "words", &other), LM_OK);
    struct lm_store_usage usage;
    REQUIRE(lm_store_usage(f.store, &usage, NULL) == LM_OK);
    CHECK_INT(usage.objects, 2);
    CHECK_INT(usage.actions, 2);
    teardown(&f);
}

/** A file that is not as it was hashed is never committed. */
static void test_changed_before_commit(struct tap *tap)
{
    struct fixture f;
    struct lm_record *record;
    setup(&f);
    record = stage_result(&f, "key\n", "words");
    const char *path = lm_arena_printf(f.arena, "%s/out/text/sub/words", f.work);
    lm_file_write(path, "sword", 5, NULL);
    CHECK_INT(lm_store_commit(f.store, f.work, record, &f.err), LM_MISMATCH);
    record = stage_result(&f, "key\n", "words");
    REQUIRE(link(path, lm_arena_printf(f.arena, "%s/second", f.root)) == 0);
    CHECK_INT(lm_store_commit(f.store, f.work, record, &f.err), LM_MISMATCH);
    CHECK_INT(find(&f, &record->key, &record), LM_NOT_FOUND);
    teardown(&f);
}

/** Damages of records and objects: each is a miss, never other bytes, and a commit mends it. */
static void test_damage_heals(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct lm_record *record;
    struct lm_rng rng = lm_rng_stream(2, "damage");
    char hex[LM_DIGEST_HEX];
    setup(&f);
    REQUIRE(commit(&f, "key\n", "some words to damage", &key) == LM_OK);
    lm_digest_hex(hex, &key);
    for (uint64_t i = 0; i < 600; i++) {
        const char *const paths[] = {
            object_of(&f, "some words to damage"), object_of(&f, "card"),
            lm_arena_printf(f.arena, "%s/actions/%.2s/%s", f.path, hex, hex + 2)};
        edit(paths[lm_rng_below(rng, i, 0, 3)], rng, i);
        if (i % 50 == 0)
            reopen(&f);
        CHECK_INT(find(&f, &key, &record), LM_NOT_FOUND);
        REQUIRE(commit(&f, "key\n", "some words to damage", &key) == LM_OK);
        CHECK_INT(find(&f, &key, &record), LM_OK);
        if (i % 50 == 0) {
            size_t count;
            lm_store_warnings(f.store, &count);
            CHECK(count <= 1);
        }
    }
    teardown(&f);
}

/** A sound record under another key's name belongs to nobody. */
static void test_swapped_record(struct tap *tap)
{
    struct fixture f;
    struct lm_digest a, b;
    struct lm_record *record;
    char ha[LM_DIGEST_HEX], hb[LM_DIGEST_HEX];
    setup(&f);
    REQUIRE(commit(&f, "key a\n", "a", &a) == LM_OK && commit(&f, "key b\n", "b", &b) == LM_OK);
    lm_digest_hex(ha, &a);
    lm_digest_hex(hb, &b);
    REQUIRE(rename(lm_arena_printf(f.arena, "%s/actions/%.2s/%s", f.path, ha, ha + 2),
                   lm_arena_printf(f.arena, "%s/actions/%.2s/%s", f.path, hb, hb + 2)) == 0);
    CHECK_INT(find(&f, &b, &record), LM_NOT_FOUND);
    teardown(&f);
}

static void test_checkpoints_go(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    setup(&f);
    lm_sha256_bytes(&key, "key\n", 4);
    const char *folder = lm_store_checkpoint_folder(f.store, f.arena, &key);
    REQUIRE(lm_checkpoint_save(folder, 7, &(struct lm_save_part){"x", 1}, 1, NULL) == LM_OK);
    CHECK_INT(lm_store_checkpoint(f.store, &key), 7);
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    CHECK_INT(lm_store_checkpoint(f.store, &key), -1);
    CHECK(!lm_path_exists(folder));
    teardown(&f);
}

static void test_clear(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct lm_record *record;
    struct lm_store_usage removed, usage;
    struct lm_lock lock = {.fd = -1};
    bool taken;
    setup(&f);
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    const char *path = lm_path_join(f.arena, f.path, "locks/store");
    REQUIRE(lm_lock_try(&lock, &taken, NULL, path, false, NULL) == LM_OK && taken);
    CHECK_INT(lm_store_clear(f.store, &removed, &f.err), LM_IO); /* a run is going on */
    CHECK_INT(find(&f, &key, &record), LM_OK);
    lm_lock_release(&lock, NULL);
    CHECK_INT(lm_store_clear(f.store, &removed, &f.err), LM_OK);
    CHECK_INT(removed.objects, 2);
    CHECK_INT(find(&f, &key, &record), LM_NOT_FOUND);
    REQUIRE(lm_store_usage(f.store, &usage, NULL) == LM_OK);
    CHECK_INT(usage.objects + usage.actions, 0);
    CHECK_INT(commit(&f, "key\n", "words", &key), LM_OK);
    teardown(&f);
}

/** Only what a dead run has left is swept. */
static void test_sweep(struct tap *tap)
{
    struct fixture f;
    struct lm_lock lock = {.fd = -1};
    bool taken;
    setup(&f);
    const char *dead = lm_path_join(f.arena, f.path, "tmp/dead/out");
    const char *live = lm_path_join(f.arena, f.path, "tmp/live/out");
    lm_dir_create(dead, NULL);
    lm_dir_create(live, NULL);
    lm_file_write(lm_path_join(f.arena, f.path, "tmp/dead.lock"), "1", 1, NULL);
    lm_file_write(lm_path_join(f.arena, f.path, "tmp/alone.lock"), "1", 1, NULL);
    const char *path = lm_path_join(f.arena, f.path, "tmp/live.lock");
    REQUIRE(lm_lock_try(&lock, &taken, NULL, path, true, NULL) == LM_OK && taken);
    lm_store_sweep(f.store);
    struct lm_names names;
    REQUIRE(lm_dir_list(&names, f.arena, lm_path_join(f.arena, f.path, "tmp"), NULL) == LM_OK);
    REQUIRE(names.count == 2);
    CHECK_STR(names.items[0], "live");
    CHECK_STR(names.items[1], "live.lock");
    CHECK(lm_path_exists(live));
    lm_lock_release(&lock, NULL);
    teardown(&f);
}

static void test_versions(struct tap *tap)
{
    struct fixture f;
    struct lm_store *other;
    setup(&f);
    lm_file_write(lm_path_join(f.arena, f.path, "VERSION"), "lmpipe-store 99\n", 16, NULL);
    CHECK_INT(lm_store_open(&other, f.path, &f.err), LM_FORMAT);
    CHECK(strstr(f.err.text, "not a store of this version") != NULL);
    teardown(&f);
}

static void test_doctor(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    char *text = NULL;
    size_t size = 0;
    char hex[LM_DIGEST_HEX];
    setup(&f);
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    lm_digest_hex(hex, &key);
    const char *record = lm_arena_printf(f.arena, "%s/actions/%.2s/%s", f.path, hex, hex + 2);
    lm_file_write(record, "nonsense", 8, NULL);
    FILE *out = open_memstream(&text, &size);
    CHECK_INT(lm_store_doctor(f.store, out, NULL), LM_OK);
    fclose(out);
    CHECK(strstr(text, "1 results, 2 objects") != NULL);
    CHECK(strstr(text, "damaged record") != NULL);
    free(text);
    teardown(&f);
}

/** The digest of a folder is that of `find -type f | sort | xargs sha256sum`. */
static void test_hash_path(struct tap *tap)
{
    struct fixture f;
    struct lm_digest digest, again;
    setup(&f);
    const char *folder = lm_path_join(f.arena, f.root, "user/deep");
    lm_dir_create(folder, NULL);
    lm_file_write(lm_path_join(f.arena, folder, "b"), "abc", 3, NULL);
    lm_file_write(lm_path_join(f.arena, f.root, "user/z"), "", 0, NULL);
    const char *user = lm_path_join(f.arena, f.root, "user");
    static const char want[] =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  deep/b\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  z\n";
    lm_sha256_bytes(&again, want, strlen(want));
    REQUIRE(lm_store_hash_path(f.store, &digest, user, &f.err) == LM_OK);
    CHECK(lm_digest_compare(&digest, &again) == 0);
    lm_file_write(lm_path_join(f.arena, folder, "b"), "abd", 3, NULL);
    REQUIRE(lm_store_hash_path(f.store, &again, user, &f.err) == LM_OK);
    CHECK(lm_digest_compare(&digest, &again) != 0);
    CHECK_INT(lm_store_hash_path(f.store, &digest, "/no/such/file", &f.err), LM_NOT_FOUND);
    teardown(&f);
}

/** A store on a file system of 256 KiB. In a child: the mount is its own. */
static int commit_on_small_disk(struct fixture *f)
{
    struct lm_store *store = NULL;
    char *text = lm_arena_alloc(f->arena, 400001);
    memset(text, 'x', 400000);
    lm_store_close(f->store);
    f->store = NULL;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("lmpipe", f->path, "tmpfs", 0, "size=256k") != 0)
        return 77;
    if (lm_store_open(&store, f->path, NULL) != LM_OK)
        return 1;
    f->store = store;
    char tail[64] = "";
    const char *work = lm_path_join(f->arena, f->path, "tmp/work");
    snprintf(f->work, sizeof f->work, "%s", work);
    struct lm_record *record = stage_result(f, "key\n", "small");
    /* fill the disk, so that the record cannot be written */
    lm_file_write(lm_path_join(f->arena, f->path, "filler"), text, 400000, NULL);
    if (lm_store_commit(store, f->work, record, &f->err) != LM_IO)
        return 2;
    snprintf(tail, sizeof tail, "%.30s", f->err.text);
    if (strstr(f->err.text, "is full") == NULL || strchr(f->err.text, '\n') != NULL)
        return 3;
    if (find(f, &record->key, &record) != LM_NOT_FOUND)
        return 4;
    unlink(lm_path_join(f->arena, f->path, "filler"));
    struct lm_digest key;
    return commit(f, "key\n", "small", &key) == LM_OK ? 0 : 5;
}

static void test_full_disk(struct tap *tap)
{
    struct fixture f;
    int status = 0;
    setup(&f);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(commit_on_small_disk(&f));
    waitpid(pid, &status, 0);
    teardown(&f);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        SKIP("no right to mount a small file system");
    CHECK_INT(WEXITSTATUS(status), 0);
}

/* ---- batches ---- */

static bool is_visible(struct fixture *f, const struct lm_digest *key)
{
    struct lm_store *other = NULL;
    struct lm_record *record = NULL;
    if (lm_store_open(&other, f->path, NULL) != LM_OK)
        abort();
    bool found = lm_store_find(other, &record, f->arena, key, NULL) == LM_OK;
    lm_store_close(other);
    return found;
}

/** What is admitted can be read here and nowhere else; what is flushed, everywhere. */
static void test_batches(struct tap *tap)
{
    struct fixture f;
    struct lm_record *found = NULL;
    struct lm_digest keys[600];
    setup(&f);
    CHECK_INT(lm_store_flush(f.store, &f.err), LM_OK); /* nothing waits */
    for (size_t i = 0; i < 600; i++) {
        const char *key_text = lm_arena_printf(f.arena, "key %zu\n", i);
        struct lm_record *record =
            stage_result(&f, key_text, lm_arena_printf(f.arena, "words %zu", i % 500));
        keys[i] = record->key;
        REQUIRE(lm_store_admit(f.store, f.work, record, &f.err) == LM_OK);
        CHECK(i % 100 != 0 || !is_visible(&f, &keys[i]));
        CHECK(find(&f, &keys[i], &found) == LM_OK);
    }
    CHECK_INT(f.store->pending.record_count, 600);
    REQUIRE(lm_store_flush(f.store, &f.err) == LM_OK);
    CHECK_INT(f.store->pending.record_count, 0);
    for (size_t i = 0; i < 600; i += 50)
        CHECK(is_visible(&f, &keys[i]));
    struct lm_store_usage usage;
    REQUIRE(lm_store_usage(f.store, &usage, NULL) == LM_OK);
    CHECK_INT(usage.objects, 501);
    CHECK_INT(usage.actions, 600);
    teardown(&f);
}

/** An object that is there is not replaced, so that whoever reads it goes on reading it. */
static void test_equal_objects(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct stat before, after;
    setup(&f);
    REQUIRE(commit(&f, "one\n", "words", &key) == LM_OK);
    REQUIRE(stat(object_of(&f, "words"), &before) == 0);
    REQUIRE(commit(&f, "two\n", "words", &key) == LM_OK);
    REQUIRE(stat(object_of(&f, "words"), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(!lm_path_exists(lm_path_join(f.arena, f.work, "out/card"))); /* taken all the same */
    teardown(&f);
}

/* ---- reading changes nothing ---- */

/** Everything in the store but its two indexes, as `find -printf '%p %i %s'`. */
static uint64_t print_of(struct fixture *f)
{
    struct lm_names names;
    uint64_t print = 0;
    if (lm_dir_walk(&names, NULL, f->arena, f->path, NULL) != LM_OK)
        return 0;
    for (size_t i = 0; i < names.count; i++) {
        struct stat st;
        if (strcmp(names.items[i], "index") == 0 || strcmp(names.items[i], "records") == 0 ||
            lstat(lm_path_join(f->arena, f->path, names.items[i]), &st) != 0)
            continue;
        const uint64_t parts[] = {lm_hash64(names.items[i], strlen(names.items[i]), 0),
                                  (uint64_t)st.st_ino, (uint64_t)st.st_size};
        print += lm_hash64(parts, sizeof parts, 0);
    }
    return print;
}

/** A damaged result is a miss that leaves the store as it is; the holder of the lock sets it aside,
 *  and a commit makes it good, whatever stands in the way, with or without healing first. */
static void test_heals(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key;
    struct lm_record *record = NULL;
    setup(&f);
    for (int kind = 0; kind < 6; kind++)
        for (int place = 0; place < 2; place++)
            for (int healed = 0; healed < 2; healed++) {
                REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
                const char *path = place == 0 ? object_of(&f, "words") : record_of(&f, &key);
                put_in_place(path, kind);
                uint64_t before = print_of(&f);
                CHECK_INT(find(&f, &key, &record), LM_NOT_FOUND);
                CHECK(print_of(&f) == before);
                if (healed) {
                    struct stat st;
                    CHECK_INT(lm_store_heal(f.store, &key, &f.err), LM_OK);
                    CHECK(lstat(path, &st) != 0);
                }
                CHECK_INT(commit(&f, "key\n", "words", &key), LM_OK);
                CHECK_INT(find(&f, &key, &record), LM_OK);
            }
    teardown(&f);
}

/** Healing a key leaves what is sound, and what another process has made sound meanwhile. */
static void test_heals_only_damage(struct tap *tap)
{
    struct fixture f;
    struct lm_digest key, other;
    struct lm_record *record = NULL;
    setup(&f);
    REQUIRE(commit(&f, "key\n", "words", &key) == LM_OK);
    uint64_t before = print_of(&f);
    CHECK_INT(lm_store_heal(f.store, &key, &f.err), LM_OK);
    lm_sha256_bytes(&other, "none", 4);
    CHECK_INT(lm_store_heal(f.store, &other, &f.err), LM_OK);
    CHECK(print_of(&f) == before);
    /* a second process does not see what the first one has not flushed */
    record = stage_result(&f, "two\n", "words two");
    other = record->key;
    REQUIRE(lm_store_admit(f.store, f.work, record, &f.err) == LM_OK);
    struct lm_store *second = NULL;
    REQUIRE(lm_store_open(&second, f.path, NULL) == LM_OK);
    CHECK_INT(lm_store_heal(second, &other, &f.err), LM_OK);
    lm_store_close(second);
    CHECK_INT(lm_store_flush(f.store, &f.err), LM_OK);
    CHECK(is_visible(&f, &other));
    teardown(&f);
}

/** Many records at once, on threads: those whose objects are not sound are told. */
static void test_verify_many(struct tap *tap)
{
    struct fixture f;
    const struct lm_record *records[64];
    bool sound[64];
    setup(&f);
    for (size_t i = 0; i < 64; i++) {
        struct lm_digest key;
        struct lm_record *record = NULL;
        const char *text = lm_arena_printf(f.arena, "words %zu", i / 2);
        REQUIRE(commit(&f, lm_arena_printf(f.arena, "key %zu\n", i), text, &key) == LM_OK);
        REQUIRE(lm_store_read(f.store, &record, f.arena, &key, &f.err) == LM_OK);
        records[i] = record;
    }
    unlink(object_of(&f, "words 3"));
    put_in_place(object_of(&f, "words 20"), 5);
    for (size_t threads = 1; threads <= 4; threads++) {
        reopen(&f);
        REQUIRE(lm_store_verify(f.store, sound, records, 64, threads, &f.err) == LM_OK);
        for (size_t i = 0; i < 64; i++)
            CHECK(sound[i] == (i / 2 != 3 && i / 2 != 20));
    }
    CHECK_INT(lm_store_verify(f.store, sound, records, 0, 1, &f.err), LM_OK);
    teardown(&f);
}

/* ---- the index of records ---- */

/** Losing or damaging the indexes loses nothing; a record that was copied in is found. */
static void test_indexes_only_remember(struct tap *tap)
{
    struct fixture f;
    struct lm_digest keys[40];
    struct lm_record *record = NULL;
    struct lm_rng rng = lm_rng_stream(6, "indexes");
    setup(&f);
    for (size_t i = 0; i < 40; i++)
        REQUIRE(commit(&f, lm_arena_printf(f.arena, "key %zu\n", i),
                       lm_arena_printf(f.arena, "words %zu", i), &keys[i]) == LM_OK);
    static const char *const names[] = {"index", "records"};
    for (uint64_t i = 0; i < 60; i++) {
        const char *path = lm_path_join(f.arena, f.path, names[i % 2]);
        if (i % 10 < 6 && lm_path_exists(path))
            edit(path, rng, i);
        else
            put_in_place(path, (int)(i / 10));
        reopen(&f);
        for (size_t k = 0; k < 40; k++)
            CHECK(find(&f, &keys[k], &record) == LM_OK);
    }
    /* a record that was removed is gone, whatever the index remembers */
    unlink(record_of(&f, &keys[0]));
    CHECK_INT(find(&f, &keys[0], &record), LM_NOT_FOUND);
    reopen(&f);
    CHECK_INT(find(&f, &keys[0], &record), LM_NOT_FOUND);
    teardown(&f);
}

/** Errors of the store's disk, in the words of what happened. */
static void test_explain(struct tap *tap)
{
    struct fixture f;

    static const struct {
        int error_number;
        const char *words;
    } rows[] = {{ENOSPC, "is full"},
                {EDQUOT, "quota"},
                {EROFS, "read-only"},
                {EIO, "has failed"},
                {EACCES, "--store"}};

    setup(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lm_fail_errno(&f.err, rows[i].error_number, "cannot write x");
        CHECK_INT(lm_store_explain(f.store, &f.err), LM_IO);
        CHECK(strstr(f.err.text, rows[i].words) != NULL);
        CHECK_INT(f.err.error_number, rows[i].error_number);
    }
    lm_fail(&f.err, LM_MISMATCH, "No space left on device");
    CHECK_INT(lm_store_explain(f.store, &f.err), LM_MISMATCH);
    CHECK_STR(f.err.text, "No space left on device"); /* no text is searched */
    teardown(&f);
}

/** kill -9 at any moment of a flush: a record that is visible has its objects. */
static void test_killed_while_flushing(struct tap *tap)
{
    struct fixture f;
    size_t landed = 0, visible = 0;
    setup(&f);
    for (unsigned round = 0; round < 12; round++) {
        struct lm_digest keys[40];
        for (size_t i = 0; i < 40; i++) {
            const char *text = lm_arena_printf(f.arena, "key %u %zu\n", round, i);
            lm_sha256_bytes(&keys[i], text, strlen(text));
        }
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            for (size_t i = 0; i < 40; i++) {
                const char *text = lm_arena_printf(f.arena, "key %u %zu\n", round, i);
                if (lm_store_admit(f.store, f.work, stage_result(&f, text, text), NULL) != LM_OK)
                    _exit(1);
            }
            lm_store_flush(f.store, NULL);
            _exit(0);
        }
        usleep(round * 15000);
        kill(pid, SIGKILL);
        int status = 0;
        waitpid(pid, &status, 0);
        landed += WIFSIGNALED(status);
        reopen(&f);
        for (size_t i = 0; i < 40; i++) {
            struct lm_record *record = NULL;
            if (!lm_path_exists(record_of(&f, &keys[i])))
                continue;
            visible++;
            CHECK_INT(find(&f, &keys[i], &record), LM_OK);
        }
        lm_store_sweep(f.store);
    }
    struct lm_names names;
    REQUIRE(lm_dir_walk(&names, NULL, f.arena, f.path, NULL) == LM_OK);
    for (size_t i = 0; i < names.count; i++)
        CHECK(strstr(names.items[i], ".tmp.") == NULL);
    printf("# %zu of 12 kills landed, %zu records were visible\n", landed, visible);
    teardown(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_commit_and_find) TAP_ROW(test_changed_before_commit) TAP_ROW(test_damage_heals)
        TAP_ROW(test_swapped_record) TAP_ROW(test_checkpoints_go) TAP_ROW(test_clear)
            TAP_ROW(test_sweep) TAP_ROW(test_versions) TAP_ROW(test_doctor) TAP_ROW(test_hash_path)
                TAP_ROW(test_full_disk) TAP_ROW(test_batches) TAP_ROW(test_equal_objects)
                    TAP_ROW(test_heals) TAP_ROW(test_heals_only_damage) TAP_ROW(test_verify_many)
                        TAP_ROW(test_indexes_only_remember) TAP_ROW(test_explain)
                            TAP_ROW(test_killed_while_flushing)};
LM_TEST_FILE(tests)
