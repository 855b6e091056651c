/* What was looked at ahead is believed until it is forgotten, and only where it was sound. */
#include "store/ahead.h"
#include "store_fixture.h"

/** Two results that the index of records knows. */
static void prepare(struct fixture *f, struct lm_digest keys[2])
{
    struct lm_record *record;
    setup(f);
    if (commit(f, "key one\n", "words", &keys[0]) != LM_OK ||
        commit(f, "key two\n", "other words", &keys[1]) != LM_OK)
        abort();
    reopen(f);
    if (find(f, &keys[0], &record) != LM_OK || find(f, &keys[1], &record) != LM_OK)
        abort();
}

static void look(struct fixture *f, const struct lm_digest *keys, size_t count, bool stopped)
{
    atomic_bool stop = stopped;
    lm_store_look_ahead(f->store, keys, count, &stop);
}

static bool is_sound(struct fixture *f, const struct lm_record *record)
{
    bool sound = false;
    return lm_store_verify(f->store, &sound, &record, 1, 1, NULL) == LM_OK && sound;
}

static void remove_record(struct fixture *f, const struct lm_digest *key)
{
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, key);
    unlink(lm_arena_printf(f->arena, "%s/actions/%.2s/%s", f->path, hex, hex + 2));
}

static void test_believed_until_forgotten(struct tap *tap)
{
    struct fixture f;
    struct lm_digest keys[3];
    struct lm_record *record = NULL, *again = NULL;
    prepare(&f, keys);
    lm_sha256_bytes(&keys[2], "nobody's", 8);
    look(&f, keys, 3, false);
    CHECK(!lm_store_recall(f.store, &record, f.arena, &keys[2]));
    REQUIRE(lm_store_recall(f.store, &record, f.arena, &keys[0]));
    CHECK_STR(record->key_text, "key one\n");
    unlink(object_of(&f, "words"));
    remove_record(&f, &keys[0]);
    CHECK(lm_store_recall(f.store, &again, f.arena, &keys[0]) && again == record);
    CHECK(is_sound(&f, record));
    lm_store_forget_seen(f.store);
    CHECK(!lm_store_recall(f.store, &again, f.arena, &keys[0]));
    CHECK(!is_sound(&f, record)); /* it is still there to be asked about */
    CHECK_STR(record->key_text, "key one\n");
    CHECK(lm_store_recall(f.store, &again, f.arena, &keys[1]) && is_sound(&f, again));
    teardown(&f);
}

static void test_damage_is_not_seen(struct tap *tap)
{
    struct fixture f;
    struct lm_digest keys[2];
    struct lm_record *one = NULL, *two = NULL;
    prepare(&f, keys);
    unlink(object_of(&f, "words"));
    chmod(object_of(&f, "other words"), 0600);
    lm_file_write(object_of(&f, "other words"), "other worms", 11, NULL);
    look(&f, keys, 2, false);
    CHECK(lm_store_recall(f.store, &one, f.arena, &keys[0]) && !is_sound(&f, one));
    CHECK(lm_store_recall(f.store, &two, f.arena, &keys[1]) && !is_sound(&f, two));
    teardown(&f);
}

/** A record that names an object with another size finds out by itself. */
static void test_size_counts(struct tap *tap)
{
    struct fixture f;
    struct lm_digest keys[2];
    struct lm_record *record = NULL;
    prepare(&f, keys);
    look(&f, keys, 2, false);
    REQUIRE(lm_store_recall(f.store, &record, f.arena, &keys[0]));
    CHECK(is_sound(&f, record));
    record->outputs[0].files[0].size++;
    CHECK(!is_sound(&f, record));
    teardown(&f);
}

static void test_nothing_is_seen(struct tap *tap)
{
    struct fixture f;
    struct lm_digest keys[2];
    struct lm_record *record = NULL;
    prepare(&f, keys);
    look(&f, keys, 2, true);
    remove_record(&f, &keys[0]);
    CHECK(!lm_store_recall(f.store, &record, f.arena, &keys[0]));
    reopen(&f);
    look(&f, keys + 1, 1, false);
    lm_store_distrust(f.store);
    unlink(object_of(&f, "other words"));
    CHECK(lm_store_recall(f.store, &record, f.arena, &keys[1]) && !is_sound(&f, record));
    teardown(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_believed_until_forgotten) TAP_ROW(
    test_damage_is_not_seen) TAP_ROW(test_size_counts) TAP_ROW(test_nothing_is_seen)};
LM_TEST_FILE(tests)
