#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lmpipe/hash.h>
#include <lmpipe/stage.h>
#include <lmpipe/tokenizer.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ctx.h"
#include "stages/report/report_params.h"
#include "tap.h"
#include "wellformed.h"

#define TOP "test_report_run.tmp"
#define DATA LM_TEST_DATA "/report"

extern const struct lm_stage lm_stage_report;
extern lm_run_fn lm_run_report;

static const struct report_params usual = {.title = "", .samples_shown = 4};
static const char *const outputs[] = {"html", "md", "json", "junit"};

enum { OUTPUTS = sizeof outputs / sizeof outputs[0] };

/* ---- running it ---- */

/* Inputs by port; NULL: not connected. */
struct inputs {
    const char *scores, *log, *items, *samples, *card, *vocab, *tokenizer, *experiment;
};
static const struct inputs all = {DATA "/scores.json",    DATA "/log.jsonl",      DATA "/items",
                                  DATA "/samples.jsonl",  DATA "/card.json",      TOP "/vocab",
                                  DATA "/tokenizer.json", DATA "/experiment.json"};

static bool no_document(void *user, const uint8_t **text, size_t *size)
{
    (void)user;
    *text = NULL;
    *size = 0;
    return false;
}

/* A vocabulary of bytes and end-of-text: token ids are the bytes. */
static bool start(void)
{
    static const char *const specials[] = {"<|endoftext|>"};
    const struct lm_bpe_options options = {.vocab_size = 257,
                                           .pattern = LM_PATTERN_BYTES,
                                           .min_frequency = 1,
                                           .specials = specials,
                                           .special_count = 1};
    struct lm_vocab *vocab = NULL;
    bool is_done = lm_dir_remove(TOP, NULL) == LM_OK && lm_dir_create(TOP, NULL) == LM_OK &&
                   lm_bpe_train(&vocab, &options, no_document, NULL, NULL, NULL, NULL) == LM_OK &&
                   lm_vocab_save(vocab, TOP "/vocab", NULL) == LM_OK;
    lm_vocab_free(vocab);
    return is_done;
}

static enum lm_status run(const char *folder, const struct inputs *in, struct lm_err *err)
{
    const char *const ports[] = {"scores", "log", "items", "samples", "card", "vocab", "tokenizer"};
    const char *const paths[] = {in->scores, in->log,   in->items,    in->samples,
                                 in->card,   in->vocab, in->tokenizer};
    struct lm_job_input inputs[7];
    struct lm_arena *arena = lm_arena_create();
    struct lm_job job = {.stage = &lm_stage_report, .params = &usual, .folder = folder};
    struct lm_ctx *ctx = NULL;
    char *facts = NULL;
    size_t size;
    for (size_t i = 0; i < 7; i++) {
        if (paths[i] != NULL)
            inputs[job.input_count++] = (struct lm_job_input){ports[i], ports[i], paths[i]};
    }
    job.inputs = inputs;
    job.checkpoints = folder;
    job.threads = 1;
    enum lm_status status = lm_dir_create(folder, err);
    if (status == LM_OK && in->experiment != NULL)
        status = lm_file_read(&facts, &size, arena, in->experiment, 1 << 20, err);
    job.experiment = facts;
    if (status == LM_OK)
        status = lm_ctx_create(&ctx, &job, NULL, -1, err);
    if (status == LM_OK)
        status = lm_run_report(ctx, &usual, err);
    lm_ctx_free(ctx);
    lm_arena_free(arena);
    return status;
}

static char *read_output(struct lm_arena *arena, const char *folder, const char *name)
{
    char path[300], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/out/%s", folder, name);
    return lm_file_read(&text, &size, arena, path, 1 << 26, NULL) == LM_OK ? text : NULL;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
        count++;
    return count;
}

static void check_wellformed(struct tap *tap, const char *text, size_t least)
{
    size_t elements = 0;
    const char *where = "";
    REQUIRE(text != NULL);
    bool is_good = is_wellformed(text, &elements, &where);
    if (!is_good)
        printf("# not well-formed at: %.80s\n", where);
    CHECK(is_good);
    CHECK(elements >= least);
    CHECK_INT(lm_utf8_valid_prefix((const uint8_t *)text, strlen(text)), strlen(text));
}

/* ---- the page ---- */

static void page_is_wellformed(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    REQUIRE(start() && run(TOP "/a", &all, &err) == LM_OK);
    check_wellformed(tap, read_output(arena, TOP "/a", "html"), 300);
    check_wellformed(tap, read_output(arena, TOP "/a", "junit"), 9);
    lm_arena_free(arena);
}

/* Nothing in the page runs, loads or leaves. */
static void page_is_self_contained(struct tap *tap)
{
    static const char *const forbidden[] = {
        "<script", "<img",   "<link",    "<iframe", "<object",     "src=",        "url(",
        "@import", "onload", "href=\"h", "<form",   "<a href=\"/", "javascript:", "data:"};
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    char *visible =
        strstr(page, "<body>"); /* the card's example holds "src=" and "onerror" as text */
    REQUIRE(visible != NULL);
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        bool is_text = strcmp(forbidden[i], "src=") == 0;
        CHECK_INT(count_of(page, forbidden[i]), is_text ? 1 : 0);
    }
    CHECK_INT(count_of(page, "&lt;img src=x onerror=alert(1)&gt;"), 1);
    CHECK(strstr(page, "default-src 'none'") != NULL);
    CHECK(strstr(page, "prefers-color-scheme:dark") != NULL);
    CHECK(strstr(page, "@media print") != NULL);
    lm_arena_free(arena);
}

/* Every drawing has a title and a description that exist, and no id occurs twice. */
static void drawings_are_described(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    size_t drawings = count_of(page, "<svg ");
    CHECK_INT(drawings, 7);
    CHECK_INT(count_of(page, "role=\"img\""), drawings);
    CHECK_INT(count_of(page, "</title><desc id="), drawings);
    CHECK_INT(count_of(page, "<desc id=\"positions-d\">From 5.50 nats with one token of context to "
                             "4.00 with up to 4.</desc>"),
              1);
    for (char *at = strstr(page, " id=\""); at != NULL; at = strstr(at + 1, " id=\"")) {
        char id[64];
        snprintf(id, sizeof id, "%.*s\"", (int)strcspn(at + 5, "\"") + 5, at);
        CHECK_INT(count_of(page, id), 1);
    }
    lm_arena_free(arena);
}

static void hostile_text_is_visible_text(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<b class=\"x\">U+202E</b>") != NULL);
    CHECK(strstr(page, "<b class=\"x\">U+001B</b>") != NULL);
    CHECK(strstr(page, "<b class=\"x\">U+0000</b>") != NULL);
    CHECK(strstr(page, "<b class=\"x\">\\xE2</b><b class=\"x\">\\x80</b>") != NULL);
    CHECK(strstr(page, "\xe2\x80\xae") == NULL);
    CHECK(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;") != NULL);
    CHECK(strstr(page, "tiny &amp; &lt;b&gt;bold&lt;/b&gt;") != NULL);
    CHECK(strstr(page, "\xe2\x82\xac") != NULL); /* three tokens, one character */
    CHECK(strstr(page, "end of text") != NULL);
    lm_arena_free(arena);
}

static void verdict_and_gates_are_in_words(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    char *junit = read_output(arena, TOP "/a", "junit");
    REQUIRE(page != NULL && junit != NULL);
    CHECK(strstr(page, "<h1>The model needs 2.000 bits per byte on held-out text, 5.9\xc2\xa0% "
                       "fewer than a bigram; 1 of 7 gates fails.</h1>") != NULL);
    CHECK(strstr(page, "<td>2 is at most 2.05</td>") != NULL);
    CHECK(strstr(page, "<td>2 is at most 2</td>") != NULL); /* equality passes */
    CHECK(strstr(page, "<td>0.34 is below 0.35</td>") != NULL);
    CHECK(strstr(page, "<td>3.5 is at most 3.5</td>") != NULL); /* of the log */
    CHECK(strstr(page, "<td>0.95 is between 0.5 and 1</td>") != NULL);
    CHECK_INT(count_of(page, "<b class=\"und\">undecided</b>"), 2);
    CHECK_INT(count_of(junit, " tests=\"7\" failures=\"1\" errors=\"2\" skipped=\"0\" time=\"0\""),
              2);
    CHECK_INT(count_of(junit, "<testcase "), 7);
    CHECK_INT(count_of(junit, "<failure "), 1);
    CHECK_INT(count_of(junit, "<error "), 2);
    lm_arena_free(arena);
}

/* ---- the tokenizer ---- */

static void tokenizer_card_is_shown(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(page != NULL && text != NULL);
    CHECK(strstr(page, "<td>64 tokens, 25.0\xc2\xa0%</td>") != NULL);
    CHECK(strstr(page,
                 "<tr><th scope=\"row\">valid</th><td class=\"n\">2,000</td>"
                 "<td class=\"n\">1.500</td><td class=\"n\">4.000</td>"
                 "<td class=\"n\">25.0\xc2\xa0%</td><td class=\"n\">0.432</td></tr>") != NULL);
    CHECK(strstr(page, "<tr><th scope=\"row\">test</th><td class=\"n\">0</td>"
                       "<td class=\"n\">n/a</td>") != NULL);
    CHECK(strstr(page, "<tr><th scope=\"row\">a&lt;b&gt;</th><td class=\"n\">1,000,000</td>") !=
          NULL);
    /* three tokens of one character, then one each; what looks like markup is text */
    CHECK(strstr(page, "<i>\xe2\x82\xac<small>3</small></i><i>&lt;</i><i>s</i><i>c</i>") != NULL);
    CHECK(strstr(page, "<i><b class=\"x\">U+202E</b><small>3</small></i><i>a</i>") != NULL);
    CHECK(strstr(page, "<i>y</i>\xe2\x80\xa6</div>") != NULL); /* cut */
    CHECK(strstr(page, "valid, document 0123456789ab, line 3<") != NULL);
    CHECK_INT(count_of(page, "<summary>1 more</summary>"), 1);
    CHECK(strstr(page, "Bytes per held-out token") == NULL);
    CHECK(strstr(text, "| valid | 2,000 | 1.500 | 4.000 | 25.0\xc2\xa0% | 0.432 |\n") != NULL);
    CHECK(strstr(text, "25.0\xc2\xa0% of the tokens do not occur in held-out text.") != NULL);
    lm_arena_free(arena);
}

static void tokenizer_without_its_card_or_vocabulary(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.tokenizer = NULL;
    REQUIRE(start() && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(page != NULL && text != NULL);
    CHECK(strstr(page, "id=\"tokenizer\"") != NULL && strstr(page, "By split") == NULL);
    CHECK(strstr(text, "| tokenizer |") == NULL);
    in = all;
    in.vocab = NULL;
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 200);
    CHECK(page != NULL && strstr(page, "<th scope=\"row\">Vocabulary</th><td>257</td>") != NULL);
    CHECK(page != NULL && strstr(page, "\xe2\x82\xac&lt;script&gt;x") != NULL);
    /* what an imported vocabulary without text has */
    static const char bare[] = "{\"vocabulary\":{\"size\":9,\"merges\":2,\"pattern\":\"gpt2\"}}";
    in.tokenizer = TOP "/tokenizer";
    REQUIRE(lm_file_write(in.tokenizer, bare, sizeof bare - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 200);
    CHECK(page != NULL && strstr(page, "<td>9</td>") != NULL && strstr(page, "By split") == NULL);
    lm_arena_free(arena);
}

static void gates_of_the_tokenizer(struct tap *tap)
{
    static const char facts[] =
        "{\"name\":\"x\",\"gates\":[{\"metric\":\"v.valid.bytes_per_token\",\"min\":1.5},"
        "{\"metric\":\"v.held_out.unused_share\",\"max\":0.2},"
        "{\"metric\":\"v.tokens\",\"max\":257},{\"metric\":\"v.nothing.here\",\"max\":1},"
        "{\"metric\":\"v.test.bytes_per_token\",\"min\":1}],"
        "\"stages\":{\"v\":{\"uses\":\"bpe\",\"params\":{}}}}";
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.experiment = TOP "/facts";
    REQUIRE(start() && lm_file_write(in.experiment, facts, sizeof facts - 1, NULL) == LM_OK);
    REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    REQUIRE(page != NULL);
    CHECK(strstr(page, "<td>1.5 is at least 1.5</td>") != NULL);
    CHECK(strstr(page, "<td>0.25 is above 0.2</td>") != NULL);
    CHECK(strstr(page, "<td>257 is at most 257</td>") != NULL);
    CHECK_INT(count_of(page, "<b class=\"und\">undecided</b>"), 2);
    lm_arena_free(arena);
}

/* ---- the other files ---- */

static void markdown_is_safe_and_small(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(text != NULL);
    CHECK(strlen(text) < 60000);
    CHECK(strstr(text, "<script") == NULL && strstr(text, "\n::") == NULL);
    CHECK(strstr(text, "\xe2\x80\xae") == NULL && strstr(text, "\x1b") == NULL);
    CHECK(strstr(text, "**The model needs 2.000 bits per byte") != NULL);
    CHECK(strstr(text, "| scores.valid.bpb | ") != NULL);
    CHECK(strstr(text, "### tiny &amp; &lt;b&gt;bold&lt;/b&gt;\n") != NULL);
    CHECK(strstr(text, "report&#39;s inputs") != NULL); /* escaped once */
    CHECK(strstr(text, "- training loss `\xe2\x96\x88") != NULL);
    CHECK_INT(count_of(text, "<details>"), count_of(text, "</details>"));
    lm_arena_free(arena);
}

static void json_holds_the_numbers(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_json *root = NULL;
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "json");
    REQUIRE(text != NULL && lm_json_parse(&root, text, strlen(text), NULL) == LM_OK);
    CHECK_NEAR(lm_json_double(lm_json_get(lm_json_get(root, "scores"), "valid.bpb"), 0), 2, 0);
    CHECK_INT(lm_json_count(lm_json_get(root, "gates")), 7);
    const struct lm_json *loss = lm_json_get(lm_json_get(root, "training"), "loss");
    CHECK_INT(lm_json_count(lm_json_get(loss, "mean")), 8);
    CHECK_NEAR(lm_json_double(lm_json_at(lm_json_get(loss, "mean"), 7), 0), 3.75, 0);
    CHECK_INT(lm_json_count(lm_json_get(root, "samples")), 3);
    const struct lm_json *held_out = lm_json_get(lm_json_get(root, "tokenizer"), "held_out");
    CHECK_INT(lm_json_count(lm_json_get(held_out, "worst_lines")), 5);
    lm_json_free(root);
    lm_arena_free(arena);
}

/* ---- sizes ---- */

static bool write_long_log(const char *path, int lines)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (int i = 1; i <= lines; i++)
        lm_buf_printf(&out,
                      "{\"step\":%d,\"tokens\":%d,\"loss\":%d.5,\"lr\":0.001,\"grad_norm\":%d}\n",
                      i, i * 1024, 9 - 6 * i / lines, i % 7 == 0 ? 9 : 1);
    bool is_done = lm_file_write(path, out.data, out.size, NULL) == LM_OK;
    lm_buf_release(&out);
    return is_done;
}

static bool write_many_samples(const char *path)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out, "{\"kind\":\"method\",\"name\":\"m\",\"temperature\":1}\n");
    for (int i = 0; i < 50; i++) { /* one line of 10 kB each */
        lm_buf_puts(&out, "{\"kind\":\"sample\",\"method\":\"m\",\"prompt\":{\"source\":\"free\","
                          "\"ids\":[],\"text\":\"\"},\"ids\":[60],\"nll\":[1],\"text\":\"");
        for (int k = 0; k < 10000; k++)
            lm_buf_putc(&out, k % 2 ? 'w' : '<');
        lm_buf_puts(&out, "\",\"end\":\"length\"}\n");
    }
    bool is_done = lm_file_write(path, out.data, out.size, NULL) == LM_OK;
    lm_buf_release(&out);
    return is_done;
}

static void size_does_not_follow_the_log(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.log = TOP "/log";
    REQUIRE(start() && write_long_log(TOP "/log", 20000) && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 300);
    CHECK(page != NULL && strlen(page) < 150000);
    CHECK(page != NULL && strstr(page, "2,857 of 20,000 logged steps were clipped.") != NULL);
    lm_arena_free(arena);
}

static void markdown_leaves_out_what_does_not_fit(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.samples = TOP "/samples";
    REQUIRE(start() && write_many_samples(TOP "/samples") && run(TOP "/a", &in, NULL) == LM_OK);
    char *text = read_output(arena, TOP "/a", "md");
    REQUIRE(text != NULL);
    CHECK(strlen(text) > 20000 && strlen(text) <= 60000);
    CHECK(strstr(text, " more samples are on the page.\n") != NULL);
    CHECK_INT(count_of(text, "<pre>"), count_of(text, "</pre>"));
    lm_arena_free(arena);
}

/* ---- what may be missing, what may be broken ---- */

static void scores_alone_are_enough(struct tap *tap)
{
    const struct inputs least = {.scores = DATA "/scores.json"};
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    REQUIRE(start() && run(TOP "/a", &least, &err) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 50);
    CHECK(page != NULL && strstr(page, "id=\"samples\"") == NULL);
    CHECK(page != NULL && strstr(page, "<h1>The model needs 2.000 bits per byte") != NULL);
    check_wellformed(tap, read_output(arena, TOP "/a", "junit"), 2);
    lm_arena_free(arena);
}

static void works_without_a_vocabulary(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    struct inputs in = all;
    in.vocab = NULL;
    REQUIRE(start() && run(TOP "/a", &in, NULL) == LM_OK);
    char *page = read_output(arena, TOP "/a", "html");
    check_wellformed(tap, page, 200);
    CHECK(page != NULL && strstr(page, "&lt;script&gt;abc") != NULL);
    lm_arena_free(arena);
}

static void names_the_broken_line(struct tap *tap)
{
    struct lm_err err = {0};
    struct inputs in = all;
    in.log = TOP "/log";
    REQUIRE(start());
    REQUIRE(lm_file_write(TOP "/log", "{\"step\":1}\n{\"step\":\n", 20, NULL) == LM_OK);
    CHECK_INT(run(TOP "/a", &in, &err), LM_FORMAT);
    CHECK(strncmp(err.text, "log, line 2: ", 13) == 0);
}

/* An interval that holds the bigram allows no claim. */
static void claims_no_more_than_the_interval(struct tap *tap)
{
    static const struct {
        double low, high;
        const char *text;
    } cases[] = {{1.9, 2.05, "9.1\xc2\xa0% fewer than a bigram."},
                 {1.9, 2.3, "no difference shown from a bigram."},
                 {2.25, 2.3, "no difference shown from a bigram."}};
    struct lm_arena *arena = lm_arena_create();
    const struct inputs in = {.scores = TOP "/scores"};
    REQUIRE(start());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        snprintf(
            text, sizeof text,
            "{\"valid.bpb\":2,\"valid.bigram.bpb\":2.2,\"valid.bpb.lo\":%g,\"valid.bpb.hi\":%g}",
            cases[i].low, cases[i].high);
        REQUIRE(lm_file_write(TOP "/scores", text, strlen(text), NULL) == LM_OK);
        REQUIRE(run(TOP "/a", &in, NULL) == LM_OK);
        char *page = read_output(arena, TOP "/a", "html");
        CHECK(page != NULL && strstr(page, cases[i].text) != NULL);
    }
    lm_arena_free(arena);
}

/* ---- determinism ---- */

/* Bytes of this version: other bytes mean another lm_stage_report.version. */
static void golden_bytes(struct tap *tap)
{
    static const char *const golden[OUTPUTS] = {
        "653fd7f8d560f4be91fcd603aa1e86a6e719b1d53b159b942dd45c77160bdef0",
        "a333433b6bf514993a7cec28188c30210f096d24ed09c2c6c91f9e71e348206b",
        "22596beab05eb8ea39e4bc280c24266af3b8fb5cbca7fa06832f3e32d3feaebe",
        "58e6331a4b0f97cde46fbb8fe235100ca6b3e3c93469bf34c42958af17949cc3"};
    REQUIRE(start() && run(TOP "/a", &all, NULL) == LM_OK && run(TOP "/b", &all, NULL) == LM_OK);
    for (size_t i = 0; i < OUTPUTS; i++) {
        char path[100], hex[2][LM_DIGEST_HEX];
        for (size_t k = 0; k < 2; k++) {
            struct lm_digest digest;
            snprintf(path, sizeof path, TOP "/%c/out/%s", "ab"[k], outputs[i]);
            REQUIRE(lm_sha256_file(&digest, NULL, path, NULL) == LM_OK);
            lm_digest_hex(hex[k], &digest);
        }
        CHECK_STR(hex[1], hex[0]);
        CHECK_STR(hex[0], golden[i]);
    }
}

/* ---- objectives on examples ---- */

struct objective_case {
    const char *scores, *about, *items, *verdict, *shown;
};

static bool write_objective(const struct objective_case *at)
{
    return lm_dir_create(TOP "/items", NULL) == LM_OK &&
           lm_file_write(TOP "/scores.json", at->scores, strlen(at->scores), NULL) == LM_OK &&
           lm_file_write(TOP "/items/examples.json", at->about, strlen(at->about), NULL) == LM_OK &&
           lm_file_write(TOP "/items/examples.test.jsonl", at->items, strlen(at->items), NULL) ==
               LM_OK;
}

/* Scores without bits per byte: the verdict, a table, and texts that cannot do harm. */
static void objectives_are_shown(struct tap *tap)
{
    static const struct objective_case cases[] = {
        {"{\"test.examples\": 40, \"test.accuracy\": 0.75, \"test.accuracy.lo\": 0.6, "
         "\"test.accuracy.hi\": 0.86, \"test.majority\": 0.55, \"test.confusion.0.0\": 20, "
         "\"test.confusion.0.1\": 4, \"test.confusion.1.0\": 6, \"test.confusion.1.1\": 10}",
         "{\"objective\": \"classify\", \"labels\": [\" no\", \"<b>\"]}",
         "{\"id\": \"a\", \"text\": \"<script>x\\u202e\", \"gold\": 1, \"predicted\": 0, \"nll\": "
         "2}\n"
         "{\"id\": \"b\", \"text\": \"right\", \"gold\": 0, \"predicted\": 0, \"nll\": 0.1}\n",
         "The model labels rightly 75.0", "The surest mistakes"},
        {"{\"test.examples\": 40, \"test.bleu\": 5, \"test.bleu.lo\": 0.4, \"test.bleu.hi\": 9, "
         "\"test.copy\": 0.5}",
         "{\"objective\": \"translate\", \"labels\": []}",
         "{\"id\": \"a\", \"text\": \"<script>\", \"gold\": \"g\", \"predicted\": \"p\", \"nll\": "
         "2, "
         "\"tokens\": 3}\n",
         "no difference shown from the source copied: 0.5", "<th>Reference</th>"},
        {"{\"test.examples\": 40, \"test.spearman\": 0.3, \"test.spearman.lo\": 0.2, "
         "\"test.spearman.hi\": 0.4, \"test.overlap\": 0.5}",
         "{\"objective\": \"similar\", \"labels\": []}",
         "{\"id\": \"a\", \"a\": \"<script>\", \"b\": \"&\", \"gold\": 1, \"predicted\": 0.1}\n"
         "{\"id\": \"b\", \"a\": \"x\", \"b\": \"y\", \"gold\": 0, \"predicted\": 0.9}\n",
         "less than words in common: 0.500", "Ranked most wrongly"},
    };

    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct inputs in = {.scores = TOP "/scores.json", .items = TOP "/items"};
        struct lm_err err = {0};
        REQUIRE(start() && write_objective(&cases[i]) && run(TOP "/o", &in, &err) == LM_OK);
        const char *html = read_output(arena, TOP "/o", "html");
        const char *md = read_output(arena, TOP "/o", "md");
        check_wellformed(tap, html, 40);
        REQUIRE(html != NULL && md != NULL);
        CHECK(strstr(html, cases[i].verdict) != NULL);
        CHECK(strstr(html, cases[i].shown) != NULL);
        CHECK(strstr(html, "<script>") == NULL && strstr(html, "bits/byte") == NULL);
        CHECK(strstr(md, "| validation | test |") != NULL && strstr(md, "bits/byte") == NULL);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {
    TAP_ROW(page_is_wellformed) TAP_ROW(page_is_self_contained) TAP_ROW(drawings_are_described)
        TAP_ROW(hostile_text_is_visible_text) TAP_ROW(verdict_and_gates_are_in_words)
            TAP_ROW(tokenizer_card_is_shown) TAP_ROW(tokenizer_without_its_card_or_vocabulary)
                TAP_ROW(gates_of_the_tokenizer) TAP_ROW(markdown_is_safe_and_small)
                    TAP_ROW(json_holds_the_numbers) TAP_ROW(size_does_not_follow_the_log)
                        TAP_ROW(markdown_leaves_out_what_does_not_fit)
                            TAP_ROW(scores_alone_are_enough) TAP_ROW(works_without_a_vocabulary)
                                TAP_ROW(names_the_broken_line)
                                    TAP_ROW(claims_no_more_than_the_interval) TAP_ROW(golden_bytes)
                                        TAP_ROW(objectives_are_shown)};
LM_TEST_MAIN(tests)
