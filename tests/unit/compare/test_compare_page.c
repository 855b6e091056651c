/* The page and the files of a comparison: well-formed, self-contained, and foreign text harmless.
 */
#include "compare/compare_page.h"

#include "base/io.h"
#include "compare_fixture.h"
#include "tap.h"
#include "wellformed.h"

#define TOP "test_compare_page.tmp"
#define HOSTILE "<script>alert(1)</script>,\"q\" | ::error:: @user \xe2\x80\xae"

struct pages {
    struct lm_buf html, md, csv, json;
};

static void write_pages(struct pages *out, const struct lm_comparison *comparison)
{
    lm_buf_init(&out->html, 0);
    lm_buf_init(&out->md, 0);
    lm_buf_init(&out->csv, 0);
    lm_buf_init(&out->json, 0);
    lm_compare_page_write(&out->html, comparison);
    lm_compare_markdown_write(&out->md, comparison);
    lm_compare_csv_write(&out->csv, comparison);
    lm_compare_json_write(&out->json, comparison);
}

static void release_pages(struct pages *pages)
{
    lm_buf_release(&pages->html);
    lm_buf_release(&pages->md);
    lm_buf_release(&pages->csv);
    lm_buf_release(&pages->json);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static void check_page(struct tap *tap, const char *page)
{
    size_t elements = 0;
    const char *where = NULL;
    REQUIRE(page != NULL);
    CHECK(is_wellformed(page, &elements, &where));
    if (where != NULL && *where != 0)
        printf("# not well-formed at: %.80s\n", where);
    CHECK(elements > 40);
    CHECK(strstr(page, "<script") == NULL && strstr(page, "http://") != NULL);
    CHECK(strstr(page, "src=") == NULL && strstr(page, "url(") == NULL);
    CHECK(strstr(page, ">nan") == NULL && strstr(page, "nan%") == NULL &&
          strstr(page, "-nan") == NULL && strstr(page, " nan") == NULL &&
          strstr(page, "inf%") == NULL && strstr(page, ">inf") == NULL &&
          strstr(page, " inf ") == NULL);
}

static bool write_log(const char *path, double start, size_t steps, bool ends_badly)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 1; i <= steps; i++) {
        lm_buf_printf(&out, "{\"step\":%zu,\"loss\":%g,\"lr\":0.1,\"tokens\":%zu}\n", i,
                      start / (double)i, 512 * i);
        if (i % 5 == 0)
            lm_buf_printf(&out, "{\"step\":%zu,\"valid_loss\":%g}\n", i, 1.1 * start / (double)i);
    }
    if (ends_badly)
        lm_buf_puts(&out, "{\"step\":1000,\"loss\":1e300}\n\n{\"diverged\":1,\"loss\":1e999}");
    bool is_done =
        lm_dir_create(TOP, NULL) == LM_OK && lm_file_write(path, out.data, out.size, NULL) == LM_OK;
    lm_buf_release(&out);
    return is_done;
}

/* A sweep with everything: axes, seeds, logs, one that diverged, one on other text. */
static void a_whole_sweep(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct pages pages;
    struct lm_compare_options options = fixture_options();
    options.confidence = 0.9;
    fixture_open(&fixture);
    REQUIRE(write_log(TOP "/log", 6, 40, false) && write_log(TOP "/bad", 9, 12, true));
    fixture_sweep(&fixture, 60, 3);
    fixture_add(&fixture, "lr=0.02,seed=1", 70, 0.3, 77);
    fixture_put(&fixture, "lr=1,seed=1", "{\"valid.bpb\":9,\"diverged\":1}");
    for (size_t i = 0; i < fixture.count; i++)
        fixture.runs[i].log = i + 1 < fixture.count ? TOP "/log" : TOP "/bad";
    REQUIRE(lm_compare_runs(&out, fixture.arena, fixture.runs, fixture.count, &options, NULL) ==
            LM_OK);
    write_pages(&pages, &out);
    check_page(tap, pages.html.data);
    static const char *const parts[] = {"<section id=\"runs\">",
                                        "<section id=\"left-out\">",
                                        "<section id=\"axes\">",
                                        "<section id=\"repeats\">",
                                        "<section id=\"differences\">",
                                        "<section id=\"curves\">",
                                        "<section id=\"cost\">",
                                        "<section id=\"method\">",
                                        "<b class=\"fail\">worse</b>",
                                        "<b class=\"und\">diverged</b>",
                                        "not comparable",
                                        "Validation loss",
                                        "valid.bpb by lr",
                                        "Best valid.bpb for each lr",
                                        "picking it is paid for",
                                        "11 curves"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        CHECK(strstr(pages.html.data, parts[i]) != NULL);
        if (strstr(pages.html.data, parts[i]) == NULL)
            printf("# no %s\n", parts[i]);
    }
    CHECK(strstr(pages.html.data, ">90\xc2\xa0% interval</th>") != NULL);
    CHECK(strstr(pages.html.data, "<section id=\"parallel\">") == NULL); /* two axes */
    CHECK_INT(count_of(pages.html.data, "<path class=\"line"), 11 + 1 + 3);
    CHECK_INT(count_of(pages.csv.data, "\r\n"), 1 + 11);
    CHECK(strstr(pages.md.data, "| lr=0.0001 | 3 |") != NULL);
    struct lm_json *root = NULL;
    REQUIRE(lm_json_parse(&root, pages.json.data, pages.json.size, NULL) == LM_OK);
    CHECK_INT(lm_json_count(lm_json_get(root, "runs")), 11);
    CHECK_INT(lm_json_count(lm_json_get(root, "groups")), 3);
    const struct lm_json *first = lm_json_at(lm_json_get(root, "runs"), 0);
    CHECK_NEAR(lm_json_double(lm_json_get(lm_json_get(first, "axes"), "lr"), 0), 0.001, 0);
    CHECK_NEAR(lm_json_double(lm_json_get(first, "tokens"), 0), 512 * 40, 0);
    CHECK_NEAR(lm_json_double(lm_json_get(first, "flops"), 0),
               512 * 40 * (6e6 + 12.0 * 2 * 64 * 64), 1);
    lm_json_free(root);
    release_pages(&pages);
    fixture_close(&fixture);
}

static void hostile_labels_are_text(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct pages pages;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_add(&fixture, HOSTILE, 30, 0, 1);
    fixture_add(&fixture, "x=%3Cb%3E,y=%0A%22", 30, 0.1, 2);
    fixture_add(&fixture, "x=2,y=\xff", 30, 0.1, 3);
    fixture.runs[1].params = &(const struct lm_compare_param){"<i>", "</td>\n|"};
    fixture.runs[1].param_count = 1;
    options.title = HOSTILE;
    REQUIRE(lm_compare_runs(&out, fixture.arena, fixture.runs, fixture.count, &options, NULL) ==
            LM_OK);
    write_pages(&pages, &out);
    check_page(tap, pages.html.data);
    CHECK(strstr(pages.md.data, "::error::") == NULL && strstr(pages.md.data, "@user") == NULL);
    CHECK_INT(count_of(pages.md.data, "\n| "), 1 + 3);
    lm_buf_clear(&pages.md);
    lm_compare_text_write(&pages.md, &out);
    CHECK(strstr(pages.md.data, "::error::") != NULL && strstr(pages.md.data, "**") == NULL);
    CHECK(strstr(pages.csv.data, "\"<script>alert(1)</script>,\"\"q\"\" | ") != NULL);
    struct lm_json *root = NULL;
    CHECK(lm_json_parse(&root, pages.json.data, pages.json.size, NULL) == LM_OK);
    lm_json_free(root);
    release_pages(&pages);
    fixture_close(&fixture);
}

/* One run, plain names, no items, no log: what there is, and nothing else. */
static void a_single_run(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct pages pages;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    fixture_put(&fixture, "only", "{\"valid.bpb\":2.5}");
    REQUIRE(lm_compare_runs(&out, fixture.arena, fixture.runs, 1, &options, NULL) == LM_OK);
    write_pages(&pages, &out);
    check_page(tap, pages.html.data);
    CHECK(strstr(pages.html.data, "<h1>The run only has a valid.bpb of 2.5.</h1>") != NULL);
    CHECK(strstr(pages.html.data, "<section id=\"differences\">") == NULL);
    CHECK(strstr(pages.html.data, "<section id=\"axes\">") == NULL);
    CHECK(strstr(pages.html.data, "no run has items") != NULL);
    CHECK_STR(pages.csv.data,
              "run,state,valid.bpb,valid.bpb.lo,valid.bpb.hi,diff,diff.lo,diff.hi,verdict,"
              "detectable,best_share,mcnemar,tokens,flops,why\r\n"
              "only,ranked,2.5,,,,,,not compared,,,,,,\r\n");
    release_pages(&pages);
    fixture_close(&fixture);
}

static void at_most_fifty_curves(struct tap *tap)
{
    struct fixture fixture;
    struct lm_comparison out;
    struct pages pages;
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    REQUIRE(write_log(TOP "/log", 6, 40, false));
    for (size_t i = 0; i < 60; i++) {
        const char *scores = lm_arena_printf(fixture.arena, "{\"valid.bpb\":%zu}", 1 + i * 7 % 60);
        fixture_put(&fixture,
                    lm_arena_printf(fixture.arena, "a=%zu,b=%zu,c=%zu", i % 4, i / 4 % 4, i / 16),
                    scores)
            ->log = TOP "/log";
    }
    REQUIRE(lm_compare_runs(&out, fixture.arena, fixture.runs, 60, &options, NULL) == LM_OK);
    write_pages(&pages, &out);
    check_page(tap, pages.html.data);
    CHECK(strstr(pages.html.data, "50 of 60 curves are drawn") != NULL);
    CHECK(strstr(pages.html.data, "<section id=\"parallel\">") != NULL);
    CHECK(strstr(pages.md.data, "30 of 60 runs; all are in the CSV") != NULL);
    CHECK_INT(count_of(pages.csv.data, "\r\n"), 61);
    release_pages(&pages);
    fixture_close(&fixture);
}

/* Numbers that no evaluation gives, but a file may hold. */
static void odd_numbers(struct tap *tap)
{
    static const double losses[] = {0, -5, 1e308, 1e-320};
    for (size_t k = 0; k < 4 * sizeof losses / sizeof losses[0]; k++) {
        struct fixture fixture;
        struct lm_comparison out;
        struct pages pages;
        struct lm_compare_options options = fixture_options();
        fixture_open(&fixture);
        fixture_add(&fixture, "lr=1,seed=1", 30, 0, 1);
        fixture_add(&fixture, "lr=2,seed=1", 30, 0.1, 2);
        fixture_put(&fixture, "lr=3,seed=2",
                    "{\"valid.bpb\":1e308,\"valid.ppl\":-1e308,\"model.parameters\":-1}")
            ->given = &fixture.items[1];
        fixture.runs[2].given_count = 1;
        for (size_t r = 0; r < 2; r++)
            for (size_t i = 0; i < 30; i++) {
                fixture.items[r].items.columns[LM_ITEM_NLL][i] = losses[k / 4] * (double)(r + 1);
                if (k % 4 == 1)
                    fixture.items[r].items.columns[LM_ITEM_BYTES][i] = 0;
                if (k % 4 == 2)
                    fixture.items[r].items.columns[LM_ITEM_BYTES][i] = 1e308;
            }
        options.metric = k % 4 == 3 ? "valid.ppl" : "valid.bpb";
        REQUIRE(lm_compare_runs(&out, fixture.arena, fixture.runs, 3, &options, NULL) == LM_OK);
        write_pages(&pages, &out);
        check_page(tap, pages.html.data);
        CHECK(strstr(pages.csv.data, "nan") == NULL && strstr(pages.csv.data, "inf") == NULL);
        release_pages(&pages);
        fixture_close(&fixture);
    }
}

/* A thousand runs make a page that can still be opened; the CSV has all of them. */
static void a_thousand_runs(struct tap *tap)
{
    static struct lm_compare_run runs[1000];
    struct fixture fixture;
    struct lm_comparison out;
    struct pages pages;
    struct lm_compare_number value = {"valid.bpb", 2};
    struct lm_compare_options options = fixture_options();
    fixture_open(&fixture);
    for (size_t i = 0; i < 1000; i++)
        runs[i] =
            (struct lm_compare_run){.label = lm_arena_printf(fixture.arena, "a=%zu,b=%zu,c=%zu",
                                                             i % 10, i / 10 % 10, i / 100),
                                    .values = &value,
                                    .value_count = 1};
    REQUIRE(lm_compare_runs(&out, fixture.arena, runs, 1000, &options, NULL) == LM_OK);
    write_pages(&pages, &out);
    check_page(tap, pages.html.data);
    CHECK(pages.html.size < 1 << 20);
    CHECK(strstr(pages.html.data, "The best 500 of 1000 runs; all are in the CSV.") != NULL);
    CHECK_INT(count_of(pages.csv.data, "\r\n"), 1001);
    release_pages(&pages);
    fixture_close(&fixture);
}

static const struct tap_test tests[] = {TAP_ROW(a_whole_sweep) TAP_ROW(hostile_labels_are_text)
                                            TAP_ROW(a_single_run) TAP_ROW(at_most_fifty_curves)
                                                TAP_ROW(a_thousand_runs) TAP_ROW(odd_numbers)};
LM_TEST_FILE(tests)
