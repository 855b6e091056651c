#include "task/task_file.h"

#include "tap.h"

static const char *env(void *user, const char *name)
{
    (void)user;
    return strcmp(name, "HERE") == 0 ? "/data" : NULL;
}

static void test_path(struct tap *tap)
{
    static const struct {
        const char *written, *want, *unset;
    } rows[] = {
        {"a/b.jsonl", "/t/a/b.jsonl", NULL},      {"/x", "/x", NULL},
        {"${env.HERE}/x", "/data/x", NULL},       {"${env.THERE}/x", NULL, "THERE"},
        {"$${env.HERE}", "/t/${env.HERE}", NULL}, {"${env.HERE", "/t/${env.HERE", NULL},
    };
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *unset, *path = lm_task_path(arena, "/t", rows[i].written, env, NULL, &unset);
        CHECK_STR(path != NULL ? path : "", rows[i].want != NULL ? rows[i].want : "");
        CHECK_STR(unset != NULL ? unset : "", rows[i].unset != NULL ? rows[i].unset : "");
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    {"path", test_path},
};

LM_TEST_FILE(tests)
