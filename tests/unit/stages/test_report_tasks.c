/* Tasks in the report: intervals, chance, floors, groups. */
#define TOP "test_report_tasks.tmp"
#include "report_fixture.h"

static const struct inputs tasks_alone = {.scores = DATA "/tasks.json"};

static void result_is_about_tasks(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &tasks_alone, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page,
                 "<h1>blimp: Accuracy 62.5\xc2\xa0% (95\xc2\xa0% confidence interval "
                 "61.0\xc2\xa0%\xe2\x80\x93"
                 "64.0\xc2\xa0%), above chance (50.0\xc2\xa0%). lambada: Accuracy 4.0\xc2\xa0% "
                 "(95\xc2\xa0% confidence interval 2.0\xc2\xa0%\xe2\x80\x93"
                 "8.0\xc2\xa0%). wiki: Bits per byte 1.900 (95\xc2\xa0% confidence interval "
                 "1.800\xe2\x80\x93"
                 "2.000). 2 more tasks are below.</h1>") != NULL);
    CHECK(strstr(page, "<span class=\"k\">blimp</span><b>62.5\xc2\xa0%") != NULL);
    lm_arena_free(arena);
}

/* A row says how far a score is from what needs no model: the interval's end decides. */
static void scores_stand_beside_chance_and_floors(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &tasks_alone, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 80);
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<tr><th scope=\"row\">blimp</th><td class=\"n\">61.0\xc2\xa0%\xe2\x80\x93"
                       "64.0\xc2\xa0%</td><td class=\"n\">58.0\xc2\xa0%\xe2\x80\x93"
                       "67.0\xc2\xa0%</td><td class=\"n\">50.0\xc2\xa0%</td><td>shortest choice "
                       "48.6\xc2\xa0%, bigram 56.2\xc2\xa0%</td><td class=\"n\">6.2 points (4.1 to "
                       "8.4)</td><td>shown</td><td class=\"n\">670"
                       "</td><td class=\"n\">12</td></tr>") != NULL);
    CHECK(strstr(page, "most frequent answer 9.0\xc2\xa0%</td><td "
                       "class=\"n\">\xe2\x80\x93</td><td>not shown</td>") != NULL);
    /* its own interval ends before the bigram, that of the difference on the same items does not */
    CHECK(strstr(page, "unigram 3.100, bigram 2.200</td><td class=\"n\">\xe2\x88\x92"
                       "0.300 (\xe2\x88\x92"
                       "0.620 to "
                       "0.020)</td><td>not shown</td>") != NULL);
    CHECK(strstr(page,
                 "context copied 0.5</td><td class=\"n\">\xe2\x80\x93</td><td>not shown</td>") !=
          NULL); /* no interval */
    CHECK(strstr(page,
                 "words in common 0.574</td><td class=\"n\">\xe2\x80\x93</td><td>not shown</td>") !=
          NULL);
    CHECK_INT(count_of(page, "class=\"mark chance\" style=\"left:50.00%\""), 3); /* two groups */
    CHECK_INT(count_of(page, "class=\"mark floor\" style=\"left:56.25%\""), 1);
    CHECK_INT(count_of(page, "class=\"mark floor\""), 5);
    /* points and bits by round numbers: a bar of 2 holds 1.9, 2.0 and the floor of 2.2 needs 5 */
    CHECK_INT(count_of(page, "class=\"mark floor\" style=\"left:44.00%\""), 1);
    CHECK(strstr(page, "style=\"width:0.00%\"") != NULL); /* a correlation below nothing */
    CHECK(strstr(page, "choice, sum; 670 items &amp; &lt;b&gt;") != NULL);
    CHECK(strstr(page, "odd:") == NULL);
    lm_arena_free(arena);
}

static void groups_come_lowest_first(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &tasks_alone, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    char *islands = strstr(page, ">islands <small>40.0"), *agreement = strstr(page, ">agreement <");
    CHECK(islands != NULL && agreement != NULL && islands < agreement);
    CHECK_INT(count_of(page, "by group, lowest first"), 1);
    lm_arena_free(arena);
}

static void markdown_has_the_tasks(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &tasks_alone, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(text != NULL);
    CHECK(strstr(text, "| blimp | Accuracy | bigram 56.2\xc2\xa0% | 62.5\xc2\xa0% | "
                       "61.0\xc2\xa0%\xe2\x80\x93"
                       "64.0\xc2\xa0% | 50.0\xc2\xa0% | 670 |\n") != NULL);
    CHECK(strstr(text, "| cards | BLEU | context copied 0.5 | 3.5 | \xe2\x80\x93 | \xe2\x80\x93 | "
                       "10 |\n") != NULL);
    lm_arena_free(arena);
}

/* Beside text: the result is about the text, tasks have their section. */
static void tasks_beside_text(struct tap *tap)
{
    static const char scores[] =
        "{\"test.bpb\":2,\"a.acc\":0.5,\"a.signature\":\"s\",\"a.items\":4,\"a.chance\":0.5}";
    struct lm_arena *arena = lm_arena_create();
    const struct inputs in = {.scores = TOP "/scores"};
    REQUIRE(start() && lm_file_write(in.scores, scores, sizeof scores - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<h1>The model needs 2.000 bits per byte on test text.</h1>") != NULL);
    CHECK(strstr(page, "<section id=\"tasks\"") != NULL);
    CHECK(strstr(page, "id=\"scores\"") < strstr(page, "id=\"tasks\""));
    lm_arena_free(arena);
}

/* Thousands of tasks and groups with names of any kind neither break nor flood. */
static void many_tasks_with_odd_names(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    const struct inputs in = {.scores = TOP "/scores"};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out, "{");
    for (int i = 0; i < 300; i++)
        lm_buf_printf(
            &out, "%s\"<t>@u#%d.acc\":0.%d,\"<t>@u#%d.g.acc\":1e300,\"<t>@u#%d.signature\":\"s\"",
            i > 0 ? "," : "", i, i % 10, i, i);
    lm_buf_puts(&out, ",\".signature\":\"x\",\"a..acc\":1,\"b.signature\":7}");
    REQUIRE(start() && lm_file_write(in.scores, out.data, out.size, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html"), *text = read_output(arena, TOP "/a", "md");
    check_wellformed(tap, page, 300);
    CHECK(text != NULL && strlen(text) < 60000 && strstr(text, "<t>") == NULL);
    CHECK(text != NULL && strstr(text, " more tasks are on the page.") != NULL);
    lm_buf_release(&out);
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(result_is_about_tasks) TAP_ROW(scores_stand_beside_chance_and_floors)
        TAP_ROW(groups_come_lowest_first) TAP_ROW(markdown_has_the_tasks) TAP_ROW(tasks_beside_text)
            TAP_ROW(many_tasks_with_odd_names)};
LM_TEST_FILE(tests)
