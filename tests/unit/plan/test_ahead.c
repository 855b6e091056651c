/* When a look ahead begins, which store it hands over, and that it holds it. */
#include <lmpipe/ahead.h>

#include "base/buf.h"
#include "store/hold.h"
#include "tap.h"
#include "unit/pipeline/fakes.h"

struct place {
    struct fake_folder folder;
    const char *spec, *store;
};

/** An experiment whose .lmpipe remembers `rows` stages, and its spec. */
static bool place_open(struct place *p, const char *head, int rows)
{
    struct lm_store *store = NULL;
    struct lm_buf text;
    if (!fake_folder_make(&p->folder))
        return false;
    p->store = lm_path_join(p->folder.arena, p->folder.path, "artifacts/store");
    lm_dir_create(lm_path_join(p->folder.arena, p->folder.path, "artifacts/t"), NULL);
    if (lm_store_open(&store, p->store, NULL) != LM_OK)
        return false;
    lm_store_close(store);
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, "lmpipe-last 1\nspec spec.yaml\n");
    for (int i = 0; i < rows; i++)
        lm_buf_printf(&text, "stage s%d %064d\n", i, i);
    lm_buf_puts(&text, "stage s1 no digest\n");
    fake_write(&p->folder, "artifacts/t/.lmpipe", text.data);
    lm_buf_release(&text);
    p->spec = fake_write(&p->folder, "spec.yaml", head);
    return true;
}

static bool begins(const struct place *p, const char *store)
{
    struct lm_ahead *ahead = lm_ahead_begin(p->spec, store, false);
    bool begun = ahead != NULL;
    lm_ahead_release(ahead);
    return begun;
}

static void test_when(struct tap *tap)
{
    static const struct {
        const char *head;
        int rows;
        bool begins;
    } cases[] = {
        {"lmpipe: 1\nexperiment: t\nstages: {}\n", 1000, true},
        {"experiment:   t # a name\nlmpipe: 1\n", 1000, true},
        {"lmpipe: 1\nexperiment: t\n", 10, false},       /* looked up as quickly */
        {"lmpipe: 1\nexperiment: \"t\"\n", 1000, false}, /* left to the reader of specs */
        {"lmpipe: 1\nexperiment: t", 1000, false},
        {"lmpipe: 1\n# experiment: t\n", 1000, false},
        {"lmpipe: 1\nexperiment: other\n", 1000, false},
        {"lmpipe: 1\nexperiment: ../t\n", 1000, false},
        {"", 1000, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place p;
        REQUIRE(place_open(&p, cases[i].head, cases[i].rows));
        CHECK_INT(begins(&p, NULL), cases[i].begins);
        CHECK_INT(begins(&p, p.store), cases[i].begins);
        CHECK(!begins(&p, lm_path_join(p.folder.arena, p.folder.path, "no/store")));
        CHECK(!lm_path_exists(lm_path_join(p.folder.arena, p.folder.path, "no")));
        fake_folder_remove(&p.folder);
    }
    CHECK(lm_ahead_begin("/nowhere/spec.yaml", NULL, false) == NULL);
}

static void test_store(struct tap *tap)
{
    struct place p;
    struct lm_lock lock;
    struct lm_err err;
    REQUIRE(place_open(&p, "lmpipe: 1\nexperiment: t\n", 1000));
    struct lm_ahead *ahead = lm_ahead_begin(p.spec, NULL, true);
    REQUIRE(ahead != NULL);
    CHECK(lm_ahead_store(ahead, "/another") == NULL);
    struct lm_store *store = lm_ahead_store(ahead, p.store);
    REQUIRE(store != NULL);
    CHECK_STR(lm_store_path(store), p.store);
    CHECK(lm_ahead_store(ahead, p.store) == NULL);
    CHECK_INT(lm_store_own(store, &lock, &err), LM_IO); /* held until it is released */
    lm_ahead_release(ahead);
    CHECK_INT(lm_store_own(store, &lock, &err), LM_OK);
    ahead = lm_ahead_begin(p.spec, p.store, true); /* while somebody cleans: no waiting, no look */
    struct lm_store *other = lm_ahead_store(ahead, p.store);
    CHECK(other != NULL);
    lm_ahead_release(ahead);
    lm_store_disown(&lock);
    lm_store_close(other);
    lm_store_close(store);
    CHECK(lm_ahead_store(NULL, p.store) == NULL);
    fake_folder_remove(&p.folder);
}

static const struct tap_test tests[] = {TAP_ROW(test_when) TAP_ROW(test_store)};
LM_TEST_FILE(tests)
