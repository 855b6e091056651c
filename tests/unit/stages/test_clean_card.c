/* The card explains every removal: its sums come out, whatever order and threads. */
#include "clean_fixture.h"

static struct clean_rule row(const char *rule)
{
    return (struct clean_rule){rule, LM_UNSET_FLOAT, LM_UNSET_FLOAT, LM_UNSET_FLOAT, false};
}

static const struct lm_json *find(const struct lm_json *card, const char *rule)
{
    const struct lm_json *rows = lm_json_get(card, "dropped");
    for (size_t i = 0; i < lm_json_count(rows); i++)
        if (strcmp(lm_json_string(lm_json_get(lm_json_at(rows, i), "rule"), NULL), rule) == 0)
            return lm_json_at(rows, i);
    return NULL;
}

static int64_t number(const struct lm_json *value, const char *a, const char *b)
{
    value = lm_json_get(value, a);
    return lm_json_int(b != NULL ? lm_json_get(value, b) : value, -1);
}

static struct lm_json *run(struct fixture *f, const struct corpus_text *texts, size_t count)
{
    struct lm_json *card = NULL;
    if (fixture_run(f, texts, count) != LM_OK) {
        printf("# %s\n", f->err.text);
        return NULL;
    }
    const char *text = output(f, "card");
    return lm_json_parse(&card, text, strlen(text), NULL) == LM_OK ? card : NULL;
}

/* What passes a row is what comes to the next, from the cleaned text to the kept one. */
static void check_flow(struct tap *tap, const struct lm_json *card)
{
    static const char *const members[] = {"documents", "bytes", "characters", "words"};
    const struct lm_json *rows = lm_json_get(card, "dropped");
    for (size_t m = 0; m < 4; m++) {
        int64_t flow = number(card, "cleaned", members[m]);
        for (size_t i = 0; i < lm_json_count(rows); i++) {
            const struct lm_json *each = lm_json_at(rows, i);
            if (lm_json_get(each, "in") == NULL)
                continue;
            CHECK_INT(number(each, "in", members[m]), flow);
            flow -= number(each, members[m], NULL);
            CHECK_INT(number(each, "out", members[m]), flow);
            CHECK(number(each, members[m], NULL) >= 0);
        }
        CHECK_INT(number(card, "out", members[m]), flow);
    }
}

static const char page[] = "A line that ends here.\nand one that does not\nThree words more.\n\n"
                           "Use of javascript is bad.\nWell, so it goes on [1] here.\n";

static void flows_add_up(struct tap *tap)
{
    struct clean_rule rules[] = {row("c4.citations"), row("c4.ended_lines"), row("c4.javascript"),
                                 row("c4.braces"), row("chars")};
    struct fixture f;
    fixture_open(&f);
    rules[4].min = 20;
    f.params.rules = (struct lm_list){rules, 5};
    f.params.documents.by = "separator";
    f.params.documents.separator = "%%";
    const char *exact[] = {"document", "line"};
    f.params.dedup.exact = (struct lm_list){exact, 2};
    split_by_position(&f, 0.3, 0.3);
    const char *text = lm_arena_printf(
        f.arena,
        "%s%%%%short%%%%A { here, it is said so.%%%%no line that ends\n at all of it%%%%%s%%%%"
        "This is another text.\nThree words more.%%%%And a third one, it is said.%%%% ",
        page, page);
    struct lm_json *card = run(&f, &(struct corpus_text){"a", "data", text, 0}, 1);
    REQUIRE(card != NULL);
    check_flow(tap, card);
    CHECK_INT(number(find(card, "chars"), "documents", NULL), 1);
    CHECK_INT(number(find(card, "c4.braces"), "documents", NULL), 1);
    CHECK_INT(number(find(card, "c4.javascript"), "lines", NULL), 2);
    CHECK_INT(number(find(card, "c4.citations"), "bytes", NULL), 6);
    CHECK_INT(number(find(card, "no_line_left"), "documents", NULL), 1);
    CHECK_INT(number(find(card, "duplicate_words"), "documents", NULL), 1);
    CHECK_INT(number(find(card, "duplicate_parts"), "documents", NULL), 0);
    CHECK(number(find(card, "duplicate_parts"), "bytes", NULL) >= 17);
    CHECK_INT(number(lm_json_get(card, "formats"), "separator", "documents"), 7);
    lm_json_free(card);
    fixture_close(&f);
}

/* Many documents fall to a rule; those that are shown are the same in any order. */
static void examples_by_key(struct tap *tap)
{
    struct clean_rule rules[] = {row("words")};
    struct fixture f;
    struct lm_buf text, turned;
    lm_buf_init(&text, 0);
    lm_buf_init(&turned, 0);
    fixture_open(&f);
    rules[0].min = 2;
    f.params.rules = (struct lm_list){rules, 1};
    f.params.documents.by = "line";
    for (size_t i = 0; i < 500; i++) {
        lm_buf_printf(&text, i % 5 == 0 ? "w%zu w\n" : "w%zu\n", i);
        lm_buf_printf(&turned, i % 5 == 4 ? "w%zu w\n" : "w%zu\n", 499 - i);
    }
    struct lm_json *card = run(&f, &(struct corpus_text){"a", "data", text.data, 0}, 1);
    f.threads = 3;
    struct lm_json *other = run(&f, &(struct corpus_text){"a", "data", turned.data, 0}, 1);
    REQUIRE(card != NULL && other != NULL);
    const struct lm_json *a = lm_json_get(find(card, "words"), "examples"),
                         *b = lm_json_get(find(other, "words"), "examples");
    CHECK_INT(lm_json_count(a), 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_STR(lm_json_string(lm_json_at(a, i), NULL), lm_json_string(lm_json_at(b, i), NULL));
    lm_json_free(card);
    lm_json_free(other);
    lm_buf_release(&text);
    lm_buf_release(&turned);
    fixture_close(&f);
}

static void overlaps_of_sources(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "line";
    split_by_position(&f, 0.3, 0.3);
    const struct corpus_text texts[] = {{"a", "x", "one\ntwo\nthree\n", 0},
                                        {"b", "x", "two\nfour\nfour\nthree\n", 0},
                                        {"c", "x", "four\nfive\n", 0}};
    struct lm_json *card = run(&f, texts, 3);
    REQUIRE(card != NULL);
    const struct lm_json *rows = lm_json_get(card, "overlaps");
    REQUIRE(lm_json_count(rows) == 2);
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(rows, 0), "source"), NULL), "b");
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(rows, 0), "met_in"), NULL), "a");
    CHECK_INT(number(lm_json_at(rows, 0), "documents", NULL), 2);
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(rows, 1), "source"), NULL), "c");
    CHECK_INT(number(lm_json_at(rows, 1), "documents", NULL), 1);
    lm_json_free(card);
    fixture_close(&f);
}

#define LONG "a line that is long enough to be compared, "

static int64_t of_pair(const struct lm_json *card, size_t i, const char *split, const char *met_in,
                       const char *member)
{
    const struct lm_json *each = lm_json_at(lm_json_get(card, "split_overlaps"), i);
    bool is_it = strcmp(lm_json_string(lm_json_get(each, "split"), NULL), split) == 0 &&
                 strcmp(lm_json_string(lm_json_get(each, "met_in"), NULL), met_in) == 0;
    return is_it ? number(each, member, NULL) : -2;
}

/* SHA-256 of a shard's ids, a line each. */
static const char *ids_of(struct fixture *f, const char *name)
{
    struct lm_digest digest;
    char *hex = lm_arena_alloc(f->arena, LM_DIGEST_HEX);
    struct lm_sha256 *hash = lm_sha256_create();
    for (const char *line = output(f, name); *line != '\0'; line = strchr(line, '\n') + 1) {
        lm_sha256_update(hash, line + strlen("{\"id\":\""), 64);
        lm_sha256_update(hash, "\n", 1);
    }
    lm_sha256_final(hash, &digest);
    lm_sha256_free(hash);
    lm_digest_hex(hex, &digest);
    return hex;
}

/* What held-out documents have in common with others, and what each split is; by position and by
 * hash, whole and in parts. */
static void splits_are_compared(struct tap *tap)
{
    static const char text[] = LONG "1\nshort\n%%\n" LONG "2\n" LONG "3\n%%\n" LONG "1\n  " LONG
                                    "4\n%%\nshort\n" LONG "4\n" LONG "5\n" LONG "6\n";
    struct fixture f;
    fixture_open(&f);
    f.params.documents.by = "separator";
    f.params.documents.separator = "%%";
    split_by_position(&f, 0.25, 0.3);
    struct lm_json *card = run(&f, &(struct corpus_text){"a", "x", text, 0}, 1);
    REQUIRE(card != NULL);
    CHECK_INT(number(lm_json_get(card, "splits"), "train", "documents"), 2);
    CHECK_INT(of_pair(card, 0, "valid", "train", "compared"), 2);
    CHECK_INT(of_pair(card, 0, "valid", "train", "met"), 1);
    CHECK_INT(of_pair(card, 1, "test", "train", "met"), 0);
    CHECK_INT(of_pair(card, 2, "test", "valid", "compared"), 3);
    CHECK_INT(of_pair(card, 2, "test", "valid", "met"), 1);
    for (int by_hash = 0; by_hash < 2; by_hash++) {
        const struct lm_json *splits = lm_json_get(card, "splits");
        const char *names[] = {"train", "valid", "test"};
        for (size_t i = 0; i < 3; i++)
            CHECK_STR(
                lm_json_string(lm_json_get(lm_json_get(splits, names[i]), "ids_sha256"), NULL),
                ids_of(&f, lm_arena_printf(f.arena, "text/%s.jsonl", names[i])));
        lm_json_free(card);
        f.params.documents.separator = "";
        f.params.split.by = "hash";
        f.params.split.valid = f.params.split.test = 0.4;
        f.params.documents.by = "line";
        card = run(&f, &(struct corpus_text){"a", "x", text, 0}, 1);
        REQUIRE(card != NULL);
    }
    CHECK_INT(number(card, "bytes", "outside_texts") + number(card, "bytes", "repaired"), 13);
    CHECK_INT(number(card, "bytes", "in") - number(card, "bytes", "outside_texts") -
                  number(card, "bytes", "invalid_or_empty") - number(card, "bytes", "repaired") -
                  number(card, "bytes", "dropped"),
              number(card, "out", "bytes"));
    lm_json_free(card);
    fixture_close(&f);
}

/* A rule for English in Russian text is not asked, and the card says how often. */
static void rules_that_are_not_asked(struct tap *tap)
{
    struct clean_rule rules[] = {row("gopher.stop_words")};
    struct fixture f;
    fixture_open(&f);
    f.params.rules = (struct lm_list){rules, 1};
    f.params.documents.by = "line";
    split_by_position(&f, 0.3, 0.3);
    struct lm_json *card = run(&f,
                               &(struct corpus_text){"a", "x",
                                                     "\xD0\xB4\xD0\xB0 1\n\xD0\xB4\xD0\xB0 2\n"
                                                     "to be\nnone of it\nto the\n",
                                                     0},
                               1);
    REQUIRE(card != NULL);
    CHECK_INT(number(find(card, "gopher.stop_words"), "not_asked", NULL), 2);
    CHECK_INT(number(find(card, "gopher.stop_words"), "documents", NULL), 1);
    CHECK_INT(number(card, "out", "documents"), 4);
    lm_json_free(card);
    fixture_close(&f);
}

/* Every removed document is a line: why, what was measured, from where. */
static void removals(struct tap *tap)
{
    struct clean_rule rules[] = {row("chars")};
    struct fixture f;
    fixture_open(&f);
    rules[0].min = 6;
    f.params.rules = (struct lm_list){rules, 1};
    f.params.documents.by = "line";
    f.params.removals = true;
    split_by_position(&f, 0.3, 0.3);
    const char text[] = "a first line\nshort\nanother \"line\"\na first line\nthe last line\n";
    struct lm_json *card = run(&f, &(struct corpus_text){"a", "x", text, 0}, 1);
    REQUIRE(card != NULL);
    CHECK_STR(output(&f, "removals"),
              "{\"rule\":\"chars\",\"value\":5,\"min\":6,\"source\":\"a\",\"file\":\"x\","
              "\"text\":\"short\"}\n"
              "{\"rule\":\"duplicate\",\"source\":\"a\",\"file\":\"x\",\"text\":\"a first "
              "line\"}\n");
    lm_json_free(card);
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(flows_add_up) TAP_ROW(examples_by_key) TAP_ROW(overlaps_of_sources)
        TAP_ROW(rules_that_are_not_asked) TAP_ROW(removals) TAP_ROW(splits_are_compared)};

LM_TEST_FILE(tests)
