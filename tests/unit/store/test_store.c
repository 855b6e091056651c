#include "store/store.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmpipe/rng.h>

#include "base/io.h"
#include "protocol/checkpoint.h"
#include "store/lock.h"
#include "store/record.h"
#include "store/stat_index.h"
#include "tap.h"

struct fixture {
    char root[64], path[96], work[96];
    struct lm_arena *arena;
    struct lm_store *store;
    struct lm_err err;
};

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "/tmp/lmpipe-test-store-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        abort();
    snprintf(f->path, sizeof f->path, "%s/store", f->root);
    snprintf(f->work, sizeof f->work, "%s/work", f->root);
    f->arena = lm_arena_create();
    if (lm_store_open(&f->store, f->path, NULL) != LM_OK)
        abort();
}

static void reopen(struct fixture *f)
{
    lm_store_close(f->store);
    if (lm_store_open(&f->store, f->path, NULL) != LM_OK)
        abort();
}

static void teardown(struct fixture *f)
{
    lm_store_close(f->store);
    lm_arena_free(f->arena);
    lm_dir_remove(f->root, NULL);
}

/** Puts one file into the private folder and describes it as a worker would. */
static struct lm_output_file *stage_file(struct fixture *f, const char *relative, const char *name,
                                         const char *text)
{
    struct lm_output_file *file = LM_NEW(f->arena, struct lm_output_file);
    const char *path = lm_arena_printf(f->arena, "%s/out/%s", f->work, relative);
    char hex[LM_DIGEST_HEX];
    struct stat st;
    lm_dir_create(lm_path_dir(f->arena, path), NULL);
    if (lm_file_write(path, text, strlen(text), NULL) != LM_OK || stat(path, &st) != 0)
        abort();
    lm_stat_settle(lm_stat_mtime_ns(&st));
    lm_sha256_bytes(&file->object, text, strlen(text));
    lm_digest_hex(hex, &file->object);
    file->name = name;
    file->size = strlen(text);
    file->mtime_ns = lm_stat_mtime_ns(&st);
    file->logical = lm_arena_printf(f->arena, "sha256:%s", hex);
    return file;
}

static struct lm_record *stage_result(struct fixture *f, const char *key_text, const char *text)
{
    struct lm_record *record = LM_NEW(f->arena, struct lm_record);
    record->key_text = key_text;
    record->headline = "";
    record->host = "here";
    record->finished = 1;
    record->output_count = 2;
    record->outputs = LM_NEW_ARRAY(f->arena, struct lm_output, 2);
    record->outputs[0] =
        (struct lm_output){.port = "text",
                           .folder = true,
                           .file_count = 1,
                           .files = stage_file(f, "text/sub/words", "sub/words", text)};
    record->outputs[1] = (struct lm_output){
        .port = "card", .file_count = 1, .files = stage_file(f, "card", NULL, "card")};
    lm_sha256_bytes(&record->key, key_text, strlen(key_text));
    if (lm_record_seal(record, f->arena, NULL) != LM_OK)
        abort();
    return record;
}

static enum lm_status commit(struct fixture *f, const char *key_text, const char *text,
                             struct lm_digest *key)
{
    struct lm_record *record = stage_result(f, key_text, text);
    *key = record->key;
    return lm_store_commit(f->store, f->work, record, &f->err);
}

static enum lm_status find(struct fixture *f, const struct lm_digest *key, struct lm_record **out)
{
    return lm_store_find(f->store, out, f->arena, key, &f->err);
}

static const char *object_of(struct fixture *f, const char *text)
{
    struct lm_digest digest;
    lm_sha256_bytes(&digest, text, strlen(text));
    return lm_store_object_path(f->store, f->arena, &digest);
}

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

static void edit(const char *path, struct lm_rng rng, uint64_t i)
{
    struct stat st;
    uint8_t byte = 0;
    chmod(path, 0644);
    int fd = open(path, O_RDWR);
    if (fd < 0 || fstat(fd, &st) != 0)
        abort();
    off_t at = (off_t)lm_rng_below(rng, i, 1, (uint64_t)st.st_size);
    switch (lm_rng_below(rng, i, 2, 4)) {
    case 0:
        if (ftruncate(fd, at) != 0)
            abort();
        break;
    case 1:
        if (ftruncate(fd, st.st_size + 1) != 0)
            abort();
        break;
    case 2:
        close(fd);
        unlink(path);
        return;
    default:
        if (pread(fd, &byte, 1, at) != 1)
            abort();
        byte ^= (uint8_t)(1u << lm_rng_below(rng, i, 3, 8));
        if (pwrite(fd, &byte, 1, at) != 1)
            abort();
        break;
    }
    close(fd);
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
    REQUIRE(lm_checkpoint_save(folder, 7, "x", 1, NULL) == LM_OK);
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

static const struct tap_test tests[] = {
    TAP_ROW(test_commit_and_find) TAP_ROW(test_changed_before_commit) TAP_ROW(test_damage_heals)
        TAP_ROW(test_swapped_record) TAP_ROW(test_checkpoints_go) TAP_ROW(test_clear)
            TAP_ROW(test_sweep) TAP_ROW(test_versions) TAP_ROW(test_doctor) TAP_ROW(test_hash_path)
                TAP_ROW(test_full_disk)};
LM_TEST_MAIN(tests)
