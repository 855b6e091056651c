#include "task/task_items.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

/* A folder with files, and the task that is read of it. */
struct place {
    char folder[64];
    struct lm_arena *arena;
};

static bool begin(struct place *place)
{
    snprintf(place->folder, sizeof place->folder, "/tmp/lmpipe-task-XXXXXX");
    place->arena = lm_arena_create();
    return place->arena != NULL && mkdtemp(place->folder) != NULL;
}

static void end(struct place *place)
{
    struct lm_err err;
    lm_dir_remove(place->folder, &err);
    lm_arena_free(place->arena);
}

static const char *put(const struct place *place, const char *name, const char *text)
{
    struct lm_err err;
    const char *path = lm_path_join(place->arena, place->folder, name);
    lm_dir_create(lm_path_dir(place->arena, path), &err);
    lm_file_write(path, text, strlen(text), &err);
    return path;
}

static bool read_task(struct lm_task *task, const struct place *place, const char *text)
{
    struct lm_diag_list diags = {.arena = place->arena};
    bool is_good = lm_task_read(task, &diags, "toy.yaml", text, strlen(text));
    for (size_t i = 0; i < diags.count; i++)
        printf("# %s: %s\n", diags.items[i].field, diags.items[i].text);
    return is_good;
}

/* Reads the items of a task whose data are `rows` and whose examples are `shots`. */
static enum lm_status read_items(struct lm_task_items *out, const struct place *place,
                                 const struct lm_task *task, const char *rows, const char *shots,
                                 struct lm_err *err)
{
    struct lm_task_input input = {.user = NULL};
    LM_TRY(lm_task_data_file(&input.data, place->arena, &task->data,
                             put(place, task->data.file, rows), err));
    if (shots != NULL)
        LM_TRY(lm_task_data_file(&input.shots, place->arena, &task->shots,
                                 put(place, task->shots.file, shots), err));
    return lm_task_items_read(out, place->arena, task, &input, err);
}

#define CHOICE                                                                                     \
    "lmpipe_task: 1\nkind: choice\ndata: d.jsonl\ncontext: '{q}:'\nchoices: ' {c}'\nanswer: "      \
    "'{g}'\n"

static void test_choice(struct tap *tap)
{
    struct place place;
    struct lm_task task;
    struct lm_task_items items;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(begin(&place));
    REQUIRE(read_task(&task, &place, CHOICE "group: ['{u}', 'all']\n"));
    CHECK(
        read_items(&items, &place, &task,
                   "{\"q\":\"A\",\"c\":[\"x\",\"y\"],\"g\":1,\"u\":\"p\"}\n"
                   "{\"q\":\"B\",\"c\":[\"x\",\"y\",\"z\"],\"g\":\"z\",\"u\":\"q\",\"id\":\"me\"}\n"
                   "{\"q\":\"C\",\"c\":[\"x\",\"y\"],\"g\":\"B\",\"u\":\"q\",\"id\":7}\n"
                   "{\"q\":\"D\",\"c\":[\"x\",\"y\"],\"g\":true,\"u\":\"q\"}\n",
                   NULL, &err) == LM_OK);
    REQUIRE(items.count == 4);
    CHECK_INT(items.read, 4);
    CHECK_STR(items.items[0].id, "1");
    CHECK_STR(items.items[1].id, "me");
    CHECK_STR(items.items[2].id, "7");
    CHECK_STR(items.items[3].id, "4");
    CHECK_STR(items.items[0].context.data, "A:");
    CHECK_STR(items.items[1].choices[2].data, " z");
    CHECK_STR(items.items[1].groups[0], "q");
    CHECK_STR(items.items[1].groups[1], "all");
    static const int64_t answers[] = {1, 2, 1, 1};
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(items.items[i].answer, answers[i]);
    end(&place);
}

static void test_choice_fails(struct tap *tap)
{
    static const struct {
        const char *rows, *want;
    } cases[] = {
        {"{\"q\":\"A\",\"c\":[\"x\",\"y\"],\"g\":2}\n",
         "d.jsonl:1: answer: '2' names none of the 2 choices; give its place counted from 0, its "
         "letter or its text"},
        {"{\"q\":\"A\",\"c\":[\"x\"],\"g\":0}\n",
         "d.jsonl:1: choices: one alone; a choice needs at least two"},
        {"\n{\"q\":\"A\",\"c\":[\"x\",\"y\"]}\n",
         "d.jsonl:2: answer: g: there is no such field; known: q, c"},
        {"\n", "d.jsonl: no items; is it the right file?"},
    };

    struct place place;
    struct lm_task task;
    struct lm_task_items items;
    REQUIRE(begin(&place));
    REQUIRE(read_task(&task, &place, CHOICE));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lm_err err = {.status = LM_OK};
        CHECK(read_items(&items, &place, &task, cases[i].rows, NULL, &err) != LM_OK);
        CHECK_STR(err.text, cases[i].want);
    }
    end(&place);
}

static void test_other_kinds(struct tap *tap)
{
    struct place place;
    struct lm_task task;
    struct lm_task_items items;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(begin(&place));
    REQUIRE(read_task(&task, &place,
                      "lmpipe_task: 1\nkind: cloze\ndata: d.jsonl\n"
                      "context: '{t|without_last_word}'\ntarget: ' {t|last_word}'\n"));
    REQUIRE(read_items(&items, &place, &task, "{\"t\":\"a b  c\"}\n", NULL, &err) == LM_OK);
    CHECK_STR(items.items[0].context.data, "a b");
    CHECK_STR(items.items[0].target.data, " c");
    REQUIRE(read_task(&task, &place,
                      "lmpipe_task: 1\nkind: similarity\ndata: {file: s.tsv, columns: [a, b, s]}\n"
                      "choices: ['{a}', '{b}']\nanswer: '{s}'\n"));
    REQUIRE(read_items(&items, &place, &task, "x\ty\t4.5\nx\ty\t3\n", NULL, &err) == LM_OK);
    CHECK_NEAR(items.items[0].score, 4.5, 0);
    CHECK_NEAR(items.items[1].score, 3, 0);
    CHECK(read_items(&items, &place, &task, "x\ty\tnan\n", NULL, &err) == LM_FORMAT);
    CHECK_STR(err.text, "s.tsv:1: answer: 'nan' is no number");
    REQUIRE(read_task(&task, &place,
                      "lmpipe_task: 1\nkind: generate\ndata: d.jsonl\nreferences: '{r}'\n"));
    REQUIRE(read_items(&items, &place, &task, "{\"r\":[\"x\",\"y\"]}\n", NULL, &err) == LM_OK);
    CHECK_INT(items.items[0].reference_count, 2);
    CHECK_STR(items.items[0].references[1].data, "y");
    end(&place);
}

/* Rows {"q":"N","c":["x","y"],"g":0,"u":"even"|"odd"} for N in [0, count). */
static const char *many(const struct place *place, int count)
{
    char *text = lm_arena_alloc(place->arena, (size_t)count * 64 + 1);
    for (int i = 0; i < count; i++)
        sprintf(text + strlen(text), "{\"q\":\"%d\",\"c\":[\"x\",\"y\"],\"g\":0,\"u\":\"%s\"}\n", i,
                i % 3 == 0 ? "rare" : "often");
    return text;
}

static void test_limit(struct tap *tap)
{
    struct place place;
    struct lm_task task;
    struct lm_task_items some, more;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(begin(&place));
    REQUIRE(read_task(&task, &place, CHOICE "limit: 10\n"));
    REQUIRE(read_items(&some, &place, &task, many(&place, 100), NULL, &err) == LM_OK);
    CHECK_INT(some.count, 10);
    CHECK_INT(some.read, 100);
    task.limit = 20;
    REQUIRE(read_items(&more, &place, &task, many(&place, 100), NULL, &err) == LM_OK);
    REQUIRE(more.count == 20);
    size_t found = 0; /* the smaller sample lies in the larger one, in the order of the file */
    for (size_t i = 0, k = 0; i < some.count; i++) {
        while (k < more.count && strcmp(more.items[k].id, some.items[i].id) != 0)
            k++;
        found += k < more.count;
    }
    CHECK_INT(found, 10);
    CHECK(atoi(more.items[19].id) > 50); /* no first twenty */
    REQUIRE(read_task(&task, &place, CHOICE "group: '{u}'\nlimit: {items: 5, per: group}\n"));
    REQUIRE(read_items(&some, &place, &task, many(&place, 100), NULL, &err) == LM_OK);
    size_t rare = 0;
    for (size_t i = 0; i < some.count; i++)
        rare += strcmp(some.items[i].groups[0], "rare") == 0;
    CHECK_INT(some.count, 10);
    CHECK_INT(rare, 5);
    end(&place);
}

static void test_few_shot(struct tap *tap)
{
    struct place place;
    struct lm_task task;
    struct lm_task_items items;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(begin(&place));
    REQUIRE(read_task(&task, &place, CHOICE "few_shot: {data: e.jsonl, count: 2, join: ' / '}\n"));
    static const char shots[] = "{\"q\":\"E0\",\"c\":[\"x\",\"y\"],\"g\":0}\n"
                                "{\"q\":\"E1\",\"c\":[\"x\",\"y\"],\"g\":1}\n"
                                "{\"q\":\"E2\",\"c\":[\"x\",\"y\"],\"g\":1}\n";
    REQUIRE(read_items(&items, &place, &task, many(&place, 50), shots, &err) == LM_OK);
    bool differ = false;
    for (size_t i = 0; i < items.count; i++) {
        char first[8], second[8], want[64];
        const char *text = items.items[i].context.data;
        REQUIRE(sscanf(text, "%7[^:]: %*[xy] / %7[^:]:", first, second) == 2);
        snprintf(want, sizeof want, "%s: %s / %s: %s / %zu:", first, first[1] == '0' ? "x" : "y",
                 second, second[1] == '0' ? "x" : "y", i);
        CHECK_STR(text, want);
        CHECK(strcmp(first, second) != 0); /* different ones */
        differ = differ || strncmp(text, items.items[0].context.data, 8) != 0;
    }
    CHECK(differ);
    CHECK(read_items(&items, &place, &task, shots, shots, &err) == LM_INVALID);
    CHECK_STR(err.text, "few_shot.data: e.jsonl is the items' own file; give examples that are not "
                        "among them");
    task.shot_count = 4;
    CHECK(read_items(&items, &place, &task, many(&place, 5), shots, &err) == LM_INVALID);
    end(&place);
}

static void test_sources(struct tap *tap)
{
    struct place place;
    struct lm_task_files files;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(begin(&place));
    put(&place, "one/files/blimp-b/data", "");
    put(&place, "one/files/blimp-a/data", "");
    put(&place, "one/files/other/x/test.csv", "");
    put(&place, "one/files/other/train.csv", "");
    put(&place, "two/files/blimp-c/data", "");
    const char *const corpora[] = {lm_path_join(place.arena, place.folder, "one"),
                                   lm_path_join(place.arena, place.folder, "two")};
    struct lm_task_data data = {.source = "blimp-*"};
    REQUIRE(lm_task_data_sources(&files, place.arena, &data, corpora, 2, &err) == LM_OK);
    REQUIRE(files.count == 3);
    CHECK_STR(files.items[0].name, "blimp-a");
    CHECK_STR(files.items[2].name, "blimp-c");
    CHECK_STR(files.items[2].path, lm_path_join(place.arena, corpora[1], "files/blimp-c/data"));
    data = (struct lm_task_data){.source = "other", .files = "*test*"};
    REQUIRE(lm_task_data_sources(&files, place.arena, &data, corpora, 2, &err) == LM_OK);
    REQUIRE(files.count == 1);
    CHECK_STR(files.items[0].name, "other/x/test.csv");
    data.files = "valid";
    CHECK(lm_task_data_sources(&files, place.arena, &data, corpora, 2, &err) == LM_INVALID);
    CHECK_STR(err.text, "data.files: no member of these sources is called 'valid'");
    data.source = "blimp-d";
    CHECK(lm_task_data_sources(&files, place.arena, &data, corpora, 2, &err) == LM_INVALID);
    CHECK_STR(err.text,
              "data.source: no source of task_data is called 'blimp-d'; did you mean 'blimp-a'?");
    end(&place);
}

static bool at_once(void *user)
{
    return *(bool *)user;
}

/* Many rows: told to stop, it stops; the ids of several files tell them apart. */
static void test_many(struct tap *tap)
{
    struct place place;
    struct lm_task task;
    struct lm_task_items items;
    bool is_stopped = true;
    struct lm_err err = {.status = LM_OK};
    REQUIRE(begin(&place));
    REQUIRE(read_task(&task, &place, CHOICE));
    struct lm_task_file two[] = {{"a", put(&place, "a", many(&place, 3000))},
                                 {"b", put(&place, "b", many(&place, 5))}};
    struct lm_task_input input = {{two, 2}, {NULL, 0}, at_once, &is_stopped};
    CHECK(lm_task_items_read(&items, place.arena, &task, &input, &err) == LM_CANCELLED);
    is_stopped = false;
    REQUIRE(lm_task_items_read(&items, place.arena, &task, &input, &err) == LM_OK);
    REQUIRE(items.count == 3005);
    CHECK_STR(items.items[2999].id, "a:3000");
    CHECK_STR(items.items[3000].id, "b:1");
    end(&place);
}

static const struct tap_test tests[] = {
    {"choice", test_choice}, {"choice_fails", test_choice_fails}, {"other_kinds", test_other_kinds},
    {"limit", test_limit},   {"few_shot", test_few_shot},         {"sources", test_sources},
    {"many", test_many},
};

LM_TEST_FILE(tests)
