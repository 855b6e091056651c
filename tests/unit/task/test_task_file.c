#include "task/task_file.h"

#include "tap.h"

#define HEAD "lmpipe_task: 1\nkind: choice\ndata: d.jsonl\n"
#define WHOLE HEAD "choices: ['{a}', '{b}']\nanswer: 0\n"

/* All findings as lines "LINE:COLUMN FIELD: TEXT", or "" for a sound task. */
static void check_read(struct tap *tap, const char *text, const char *want)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_diag_list diags = {.arena = arena};
    struct lm_task task;
    char shown[2000] = "";
    bool is_good = lm_task_read(&task, &diags, "tasks/blimp.yaml", text, strlen(text));
    for (size_t i = 0; i < diags.count; i++)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%d:%d %s: %s",
                 i > 0 ? "\n" : "", diags.items[i].line, diags.items[i].column,
                 diags.items[i].field, diags.items[i].text);
    CHECK_STR(shown, want);
    CHECK(is_good == (want[0] == '\0'));
    lm_arena_free(arena);
}

static void test_whole(struct tap *tap)
{
    static const char text[] = WHOLE "name: my-task\n"
                                     "group: ['{UID}', '{term}']\n"
                                     "context: 'Q: {q}'\n"
                                     "norm: [byte, pmi]\n"
                                     "limit: {items: 100, per: group}\n"
                                     "few_shot: {data: {source: 'x-*', files: '*.csv', format: "
                                     "csv, columns: [a, b]}, count: 3}\n";
    struct lm_arena *arena = lm_arena_create();
    struct lm_diag_list diags = {.arena = arena};
    struct lm_task task;
    CHECK(lm_task_read(&task, &diags, "t.yaml", text, strlen(text)));
    CHECK_STR(task.name, "my-task");
    CHECK_INT(task.kind, LM_TASK_CHOICE);
    CHECK_STR(task.data.file, "d.jsonl");
    CHECK_INT(task.data.format, LM_ROWS_AUTO);
    CHECK_INT(task.group_count, 2);
    CHECK_INT(task.choice_count, 2);
    CHECK(!task.is_choice_list && lm_template_is_constant(&task.answer));
    CHECK_INT(task.norm_count, 2);
    CHECK_INT(task.norms[0], LM_TASK_BYTE);
    CHECK_INT(task.norms[1], LM_TASK_PMI);
    CHECK_INT(task.limit, 100);
    CHECK(task.is_limit_by_group);
    CHECK_INT(task.shot_count, 3);
    CHECK_STR(task.shot_join, "\n\n");
    CHECK_STR(task.shots.source, "x-*");
    CHECK_INT(task.shots.column_count, 2);
    lm_arena_free(arena);
}

static void test_kinds(struct tap *tap)
{
    check_read(tap, WHOLE, "");
    check_read(tap, HEAD "choices: '{list}'\nanswer: '{g}'\n", "");
    check_read(tap, "lmpipe_task: 1\nkind: cloze\ndata: d.csv\ncontext: '{a}'\ntarget: ' {b}'\n",
               "");
    check_read(tap, "lmpipe_task: 1\nkind: stream\ndata: {source: a}\ntarget: '{b}'\nlimit: 5\n",
               "");
    check_read(tap,
               "lmpipe_task: 1\nkind: generate\ndata: {file: d.tsv}\nreferences: ['{b}']\n"
               "stop: [\"\\n\"]\n",
               "");
    check_read(
        tap, "lmpipe_task: 1\nkind: similarity\ndata: d\nchoices: ['{a}', '{b}']\nanswer: '{s}'\n",
        "");
}

static void test_wrong(struct tap *tap)
{
    check_read(tap, WHOLE "contxt: x\n",
               "6:1 contxt: unknown field of a task; did you mean 'context'?");
    check_read(tap, "kind: choise\n",
               "1:7 kind: there is no 'choise'; did you mean 'choice'?\n"
               "1:1 lmpipe_task: missing; a task needs it\n1:1 data: missing; a task needs it");
    check_read(tap, "lmpipe_task: 2\nkind: stream\ndata: d\ntarget: x\n",
               "1:14 lmpipe_task: expected a whole number from 1 to 1, found '2'");
    check_read(tap, HEAD "choices: [a, b]\n",
               "1:1 answer: missing; a task of kind choice needs it");
    check_read(tap, WHOLE "stop: x\n",
               "6:1 stop: a task of kind choice has no use for it; remove it");
    check_read(tap, HEAD "choices: [a]\nanswer: 0\n",
               "4:10 choices: a choice needs at least two; this names 1");
    check_read(tap, HEAD "choices: [a, '{b']\nanswer: 0\n",
               "4:14 choices.1: a { without a }; write {{ for a brace");
    check_read(tap, WHOLE "name: Bad name\n",
               "6:7 name: 'Bad name' is no name: a-z, 0-9, _ and -, at most 64 bytes");
    check_read(tap, WHOLE "name: valid\n",
               "6:7 name: 'valid' is taken by evaluate itself; choose another");
    check_read(tap, WHOLE "norm: [sum, sum]\n", "6:13 norm.1: sum is named twice; name it once");
    check_read(tap, WHOLE "limit: {items: 3, per: group}\n",
               "6:8 limit.per: the task has no groups; give group, or limit: ITEMS");
    check_read(tap, WHOLE "limit: 0\n",
               "6:8 limit: expected a whole number from 1 to 2147483647, found '0'");
    check_read(tap, WHOLE "few_shot: {data: e.jsonl}\n",
               "6:11 few_shot: count is missing; say how many examples stand before an item");
    check_read(tap, WHOLE "context: [a]\n", "6:10 context: expected a text, found a list");
    check_read(tap, WHOLE "context:\n",
               "6:9 context: the value is missing; give one or remove the key");
}

static void test_wrong_data(struct tap *tap)
{
#define KIND "lmpipe_task: 1\nkind: stream\ntarget: '{text}'\n"
    check_read(tap, KIND "data: {file: a, source: b}\n",
               "4:7 data: give either file: PATH or source: NAME (of task_data)");
    check_read(tap, KIND "data: {}\n",
               "4:7 data: give either file: PATH or source: NAME (of task_data)");
    check_read(tap, KIND "data: {file: a, files: b}\n",
               "4:7 data: files: chooses members of a source; with file: leave it out");
    check_read(tap, KIND "data: {file: a, format: jsonl, columns: [x]}\n",
               "4:7 data: columns: is for csv and tsv; with format: jsonl leave it out");
    check_read(tap, KIND "data: {file: a, format: xml}\n",
               "4:25 data.format: there is no 'xml'; known: jsonl, csv, tsv, lines, text");
    check_read(tap, KIND "data: {file: a, column: [x]}\n",
               "4:17 data.column: unknown key; did you mean 'columns'?");
    check_read(tap, KIND "data: {file: a, columns: [x, x]}\n",
               "4:26 data.columns: 'x' is named twice; give each column a name of its own");
#undef KIND
}

/* Files that are none, and such that would be large. */
static void test_hostile(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_diag_list diags = {.arena = arena};
    struct lm_task task;
    size_t size = LM_TASK_FILE_BYTES + 1;
    char *large = calloc(1, size);
    check_read(tap, "", "0:0 : no task: expected a mapping that begins with lmpipe_task: 1");
    check_read(tap, "- a\n", "1:1 : no task: expected a mapping that begins with lmpipe_task: 1");
    CHECK(large != NULL && !lm_task_read(&task, &diags, "t.yaml", large, size));
    CHECK(!lm_task_read(&task, &diags, "t.yaml", "a: \xff\n", 5));
    CHECK(!lm_task_read(&task, &diags, "t.yaml", "a: [", 4));
    CHECK(!lm_task_read(&task, &diags, "UPPER.yaml", WHOLE, sizeof WHOLE - 1));
    CHECK_STR(diags.items[diags.count - 1].field, "name");
    free(large);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    {"whole", test_whole},           {"kinds", test_kinds},     {"wrong", test_wrong},
    {"wrong_data", test_wrong_data}, {"hostile", test_hostile},
};

LM_TEST_FILE(tests)
