/** Repeated text of a corpus: what stays of documents, what the card tells, what is refused. */
#include "clean_fixture.h"
#include "tests/unit/corpus/planted.h"

enum { DOCUMENTS = 12 };

/* Documents of words that are drawn, each with a notice in it that all of a source have. */
struct site {
    struct lm_buf buffers[DOCUMENTS];
    struct corpus_text texts[DOCUMENTS];
    char names[DOCUMENTS][16];
};

static const char notice[] = "\nThis very notice stands in every document of a source, in the same "
                             "words, to the byte, and it is longer than a hundred of them.\n";

static void make(struct site *out, const char *const sources[3])
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        lm_buf_init(&out->buffers[i], 0);
        plant(&out->buffers[i], i, 60, 0, 0, 0);
        lm_buf_puts(&out->buffers[i], notice);
        plant(&out->buffers[i], 100 + i, 60, 0, 0, 0);
        if (i == 7) { /* one that has nothing of its own */
            lm_buf_clear(&out->buffers[i]);
            lm_buf_puts(&out->buffers[i], notice);
        }
        snprintf(out->names[i], sizeof out->names[i], "%02zu.txt", i);
        out->texts[i] =
            (struct corpus_text){sources[i / 4], out->names[i], out->buffers[i].data, 0};
    }
}

static void drop(struct site *site)
{
    for (size_t i = 0; i < DOCUMENTS; i++)
        lm_buf_release(&site->buffers[i]);
}

static void open(struct fixture *f)
{
    fixture_open(f);
    f->params.dedup.substring.bytes = 100;
    f->params.removals = true;
    split_by_position(f, 0.3, 0);
}

static struct lm_json *card_of(struct tap *tap, struct fixture *f)
{
    struct lm_json *card = NULL;
    const char *text = output(f, "card");
    CHECK(lm_json_parse(&card, text, strlen(text), &f->err) == LM_OK);
    return card;
}

static int64_t number(const struct lm_json *json, const char *name)
{
    return lm_json_int(lm_json_get(json, name), -1);
}

static const struct lm_json *row_of(const struct lm_json *card, const char *rule)
{
    const struct lm_json *rows = lm_json_get(card, "dropped");
    for (size_t i = 0; i < lm_json_count(rows); i++)
        if (strcmp(lm_json_string(lm_json_get(lm_json_at(rows, i), "rule"), NULL), rule) == 0)
            return lm_json_at(rows, i);
    return NULL;
}

static size_t count_notices(struct fixture *f)
{
    static const char *const names[] = {"text/train.jsonl", "text/valid.jsonl"};
    size_t found = 0;
    for (size_t i = 0; i < 2; i++)
        for (const char *at = output(f, names[i]); (at = strstr(at, "very notice")) != NULL; at++)
            found++;
    return found;
}

static void leaves_the_first(struct tap *tap)
{
    static const char *const sources[] = {"a", "b", "c"};
    struct site site;
    struct fixture f;
    make(&site, sources);
    open(&f);
    REQUIRE(fixture_run(&f, site.texts, DOCUMENTS) == LM_OK);
    struct lm_json *card = card_of(tap, &f);
    const struct lm_json *told = lm_json_get(card, "substring"), *gone = row_of(card, "repeated"),
                         *parts = row_of(card, "repeated_parts");
    CHECK_INT(count_notices(&f), 1);
    CHECK_INT(number(told, "min_bytes"), 100);
    CHECK_INT(number(told, "documents"), DOCUMENTS - 1);
    CHECK_INT(number(told, "spans"), DOCUMENTS - 1);
    CHECK(number(told, "bytes") >= (DOCUMENTS - 1) * ((int64_t)strlen(notice) - 2));
    CHECK(lm_json_count(lm_json_get(told, "examples")) > 0);
    CHECK_INT(number(gone, "documents"), 1);
    CHECK_INT(number(parts, "documents"), 0);
    CHECK_INT(number(lm_json_get(parts, "out"), "bytes"),
              number(lm_json_get(card, "out"), "bytes"));
    CHECK_INT(number(lm_json_get(card, "out"), "documents"), DOCUMENTS - 1);
    CHECK(strstr(output(&f, "removals"),
                 "\"rule\":\"repeated\",\"source\":\"b\",\"file\":\"07.txt\"") != NULL);
    lm_json_free(card);
    fixture_close(&f);
    drop(&site);
}

/* Neither threads nor the manifest's order nor shards decide; and nothing repeats any more. */
static void depends_on_no_order(struct tap *tap)
{
    static const char *const sources[] = {"a", "b", "c"};
    struct site site;
    struct fixture f;
    const char *text = NULL, *card = NULL;
    make(&site, sources);
    open(&f);
    for (size_t turn = 0; turn < 3; turn++) {
        struct corpus_text turned[DOCUMENTS];
        for (size_t i = 0; i < DOCUMENTS; i++)
            turned[i] = site.texts[(i + 4 * turn) % DOCUMENTS];
        f.threads = 1 + turn;
        f.memory = (size_t)(64 + 100 * turn) << 20;
        REQUIRE(fixture_run(&f, turned, DOCUMENTS) == LM_OK);
        if (turn > 0) {
            CHECK_STR(output(&f, "text/train.jsonl"), text);
            CHECK_STR(output(&f, "card"), card);
        }
        text = output(&f, "text/train.jsonl");
        card = output(&f, "card");
    }
    fixture_close(&f);
    drop(&site);
}

/* With near-duplicates and evaluation of parts before, and a text that runs over its ends. */
static void goes_with_others(struct tap *tap)
{
    static const char *const sources[] = {"a", "b", "c"}, *const exact[] = {"line"};
    struct site site;
    struct fixture f;
    make(&site, sources);
    open(&f);
    f.params.dedup.near.threshold = 0.8;
    f.params.dedup.exact = (struct lm_list){(void *)(uintptr_t)exact, 1};
    lm_buf_clear(&site.buffers[11]);
    plant(&site.buffers[11], 0, 59, 0, 0, 0); /* nearly the first one */
    lm_buf_puts(&site.buffers[11], notice + 1);
    plant(&site.buffers[11], 100, 60, 0, 0, 0);
    site.texts[11].text = site.buffers[11].data;
    REQUIRE(fixture_run(&f, site.texts, DOCUMENTS) == LM_OK);
    struct lm_json *card = card_of(tap, &f);
    CHECK_INT(count_notices(&f), 1); /* a line goes whole, one that differs in part */
    CHECK(number(row_of(card, "repeated"), "documents") >= 0);
    const struct lm_json *rows = lm_json_get(card, "dropped");
    const struct lm_json *last = lm_json_at(rows, lm_json_count(rows) - 1);
    CHECK_INT(number(lm_json_get(last, "out"), "bytes"), number(lm_json_get(card, "out"), "bytes"));
    lm_json_free(card);
    fixture_close(&f);
    drop(&site);
}

/* What cannot be held is refused with what it takes, plain text before anything is read. */
static void refuses_what_is_too_much(struct tap *tap)
{
    enum { SIZE = 4 << 20 };

    const struct lm_rng rng = lm_rng_stream(1, "much");
    char *much = malloc(SIZE);
    struct fixture f;
    REQUIRE(much != NULL);
    for (size_t i = 0; i < SIZE; i++)
        much[i] = i % 100 == 99 ? '\n' : (char)('a' + lm_rng_below(rng, 0, i, 26));
    const struct corpus_text text = {"a", "much.txt", much, SIZE};
    open(&f);
    f.memory = 16 << 20;
    CHECK_INT(fixture_run(&f, &text, 1), LM_RANGE);
    CHECK(strstr(f.err.text, "dedup.substring: 4 MB of text take 25 MiB of memory, and 16 MiB") !=
          NULL);
    f.params.documents.by = "line";
    f.params.rules = (struct lm_list){
        (void *)&(struct clean_rule){"chars", 1, LM_UNSET_FLOAT, LM_UNSET_FLOAT, false}, 1};
    f.params.dedup.substring.bytes = 99;
    CHECK_INT(fixture_run(&f, &text, 1), LM_RANGE); /* found while documents come */
    CHECK(strstr(f.err.text, "set resources: {memory: ") != NULL);
    f.memory = 64 << 20;
    CHECK_INT(fixture_run(&f, &text, 1), LM_OK);
    f.cancel_after = 3;
    CHECK_INT(fixture_run(&f, &text, 1), LM_CANCELLED);
    fixture_close(&f);
    free(much);
}

static const struct tap_test tests[] = {TAP_ROW(leaves_the_first) TAP_ROW(
    depends_on_no_order) TAP_ROW(goes_with_others) TAP_ROW(refuses_what_is_too_much)};
LM_TEST_FILE(tests)
