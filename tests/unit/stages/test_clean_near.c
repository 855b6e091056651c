/** Near-duplicates of a corpus: which documents stay, and what the card tells of those that go. */
#include "clean_fixture.h"
#include "tests/unit/corpus/planted.h"

enum { DOCUMENTS = 24 };

/* A corpus of three sources: documents, and copies of some with a word in twelve changed. */
struct planted {
    struct lm_buf buffers[DOCUMENTS];
    struct corpus_text texts[DOCUMENTS];
    char names[DOCUMENTS][16];
};

static void make(struct planted *out, const char *const sources[3])
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        size_t source = i / 8, document = i % 8 + (source == 2 ? 8 : 0);
        lm_buf_init(&out->buffers[i], 0);
        plant(&out->buffers[i], document, 300, source == 1 && i % 2 == 0 ? 60 : 0, 7, 1);
        if (source == 1 && i % 2 == 1) /* hardly alike */
            plant(&out->buffers[i], 100 + i, 300, 0, 0, 0);
        snprintf(out->names[i], sizeof out->names[i], "%zu.txt", document);
        out->texts[i] =
            (struct corpus_text){sources[source], out->names[i], out->buffers[i].data, 0};
    }
}

static void drop(struct planted *planted)
{
    for (size_t i = 0; i < DOCUMENTS; i++)
        lm_buf_release(&planted->buffers[i]);
}

static void ask(struct fixture *f)
{
    f->params.dedup.near.threshold = 0.8;
    f->params.removals = true;
    f->params.split.valid = f->params.split.test = 0.3;
}

/* Text and card together. */
static void identify(struct tap *tap, struct fixture *f, char hex[LM_DIGEST_HEX])
{
    struct lm_buf all;
    struct lm_digest digest;
    static const char *const names[] = {"train.jsonl", "valid.jsonl", "test.jsonl"};
    lm_buf_init(&all, 0);
    for (size_t i = 0; i < 5; i++) {
        char *text;
        size_t size;
        const char *path = i < 3 ? lm_path_join(f->arena, lm_ctx_output(f->ctx, "text"), names[i])
                                 : lm_ctx_output(f->ctx, i == 3 ? "card" : "removals");
        REQUIRE(lm_file_read(&text, &size, f->arena, path, SIZE_MAX / 2, &f->err) == LM_OK);
        lm_buf_append(&all, text, size);
    }
    lm_sha256_bytes(&digest, all.data, all.size);
    lm_digest_hex(hex, &digest);
    lm_buf_release(&all);
}

/* The card, or the first removal. */
static struct lm_json *card_of(struct tap *tap, struct fixture *f, const char *port)
{
    struct lm_json *card = NULL;
    char *text;
    size_t size;
    CHECK(lm_file_read(&text, &size, f->arena, lm_ctx_output(f->ctx, port), 1 << 24, &f->err) ==
          LM_OK);
    if (strcmp(port, "removals") == 0)
        size = (size_t)(strchr(text, '\n') - text);
    CHECK(lm_json_parse(&card, text, size, &f->err) == LM_OK);
    return card;
}

static void takes_the_later_ones(struct tap *tap)
{
    static const char *const sources[] = {"a", "b", "c"};
    struct planted planted;
    struct fixture f;
    char hex[LM_DIGEST_HEX], again[LM_DIGEST_HEX];
    make(&planted, sources);
    fixture_open(&f);
    ask(&f);
    REQUIRE(fixture_run(&f, planted.texts, DOCUMENTS) == LM_OK);
    identify(tap, &f, hex);
    struct lm_json *card = card_of(tap, &f, "card"), *row = card_of(tap, &f, "removals");
    const struct lm_json *near = lm_json_get(card, "near"), *all = lm_json_get(card, "sources");
    CHECK_INT(lm_json_int(lm_json_get(near, "documents"), -1), 4);
    CHECK_INT(lm_json_int(lm_json_get(near, "clusters"), -1), 4);
    CHECK(lm_json_int(lm_json_get(near, "across_splits"), -1) > 0);
    CHECK_INT(lm_json_int(lm_json_get(lm_json_at(all, 0), "kept"), -1), 8);
    CHECK_INT(lm_json_int(lm_json_get(lm_json_at(all, 1), "kept"), -1), 4);
    const struct lm_json *overlap = lm_json_at(lm_json_get(card, "overlaps"), 0);
    CHECK_INT(lm_json_int(lm_json_get(overlap, "documents"), -1), 4);
    CHECK_STR(lm_json_string(lm_json_get(overlap, "met_in"), NULL), "a");
    CHECK_STR(lm_json_string(lm_json_get(row, "rule"), NULL), "near_duplicate");
    CHECK_STR(lm_json_string(lm_json_get(row, "file"), NULL), "0.txt");
    double value = lm_json_double(lm_json_get(row, "value"), 0);
    CHECK(value > 0.8 && value < 0.9); /* 5 words, each in 5 of 296 shingles */
    lm_json_free(card);
    lm_json_free(row);
    for (size_t threads = 2; threads <= 5; threads += threads == 3 ? 2 : 1) {
        f.threads = threads;
        REQUIRE(fixture_run(&f, planted.texts, DOCUMENTS) == LM_OK);
        identify(tap, &f, again);
        CHECK_STR(again, hex);
    }
    fixture_close(&f);
    drop(&planted);
}

/* The manifest's order of sources is not the text's. */
static void depends_on_no_order(struct tap *tap)
{
    static const char *const sources[] = {"a", "b", "c"};
    struct planted planted;
    struct fixture f;
    char hex[3][LM_DIGEST_HEX];
    make(&planted, sources);
    fixture_open(&f);
    ask(&f);
    for (size_t turn = 0; turn < 3; turn++) {
        struct corpus_text turned[DOCUMENTS];
        for (size_t i = 0; i < DOCUMENTS; i++)
            turned[i] = planted.texts[(i + 8 * turn) % DOCUMENTS];
        REQUIRE(fixture_run(&f, turned, DOCUMENTS) == LM_OK);
        identify(tap, &f, hex[turn]);
    }
    CHECK_STR(hex[1], hex[0]);
    CHECK_STR(hex[2], hex[0]);
    fixture_close(&f);
    drop(&planted);
}

/* By position, with paragraphs taken out before, what goes along stays with its text. */
static void goes_along(struct tap *tap)
{
    static const char *const sources[] = {"a", "b", "c"};
    struct planted planted;
    struct fixture f;
    make(&planted, sources);
    fixture_open(&f);
    ask(&f);
    static const char *const kept[] = {"source", "file"}, *const exact[] = {"paragraph"};
    f.params.documents.keep = (struct lm_list){(void *)(uintptr_t)kept, 2};
    f.params.dedup.exact = (struct lm_list){(void *)(uintptr_t)exact, 1};
    split_by_position(&f, 0.3, 0.3);
    REQUIRE(fixture_run(&f, planted.texts, DOCUMENTS) == LM_OK);
    struct lm_json *card = card_of(tap, &f, "card");
    CHECK_INT(lm_json_int(lm_json_get(lm_json_get(card, "out"), "documents"), -1), 20);
    CHECK(lm_json_get(lm_json_get(card, "near"), "across_splits") == NULL);
    lm_json_free(card);
    char *meta;
    size_t size, lines = 0;
    static const char *const names[] = {"train.jsonl", "valid.jsonl", "test.jsonl"};
    for (size_t i = 0; i < 3; i++) {
        const char *path = lm_path_join(f.arena, lm_ctx_output(f.ctx, "meta"), names[i]);
        REQUIRE(lm_file_read(&meta, &size, f.arena, path, 1 << 20, &f.err) == LM_OK);
        CHECK(strstr(meta, "\"b\",\"file\":\"0.txt\"") == NULL);
        for (size_t k = 0; k < size; k++)
            lines += meta[k] == '\n';
    }
    CHECK_INT(lines, 20);
    fixture_close(&f);
    drop(&planted);
}

static void refuses(struct tap *tap)
{
    static const struct {
        double threshold;
        int64_t ngram, bands, rows;
        const char *says;
    } rows[] = {{0.8, 5, 128, 16, "2048 hashes"}, {0.8, 5, 64, 16, NULL}};

    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        fixture_open(&f);
        f.params.dedup.near.threshold = rows[i].threshold;
        f.params.dedup.near.ngram = rows[i].ngram;
        f.params.dedup.near.bands = rows[i].bands;
        f.params.dedup.near.rows = rows[i].rows;
        enum lm_status status = lm_stage_clean.resolve(&f.params, f.arena, &f.err);
        CHECK((status == LM_OK) == (rows[i].says == NULL));
        CHECK(status == LM_OK || strstr(f.err.text, rows[i].says) != NULL);
        fixture_close(&f);
    }
}

/* Without near-duplicates being asked for the card says about how many pairs there are. */
static void estimates_in_passing(struct tap *tap)
{
    enum { PAIRS = 150 };

    struct fixture f;
    struct lm_buf texts[2 * PAIRS];
    struct corpus_text files[2 * PAIRS];
    int64_t told[2];
    for (size_t is_near = 0; is_near < 2; is_near++) {
        fixture_open(&f);
        for (size_t i = 0; i < (size_t)2 * PAIRS; i++) {
            lm_buf_init(&texts[i], 0);
            for (size_t k = 0; k < 9; k++) { /* words that begin in many ways */
                lm_buf_printf(&texts[i], "%s%c%c", k > 0 ? " " : "", (int)('a' + i / 2 % 26),
                              (int)('a' + k));
                plant(&texts[i], i / 2 * 10 + k, 90, i % 2 == 1 ? 90 : 0, 7, 1);
            }
            files[i] = (struct corpus_text){
                i % 2 == 0 ? "a" : "b", lm_arena_printf(f.arena, "%03zu.txt", i), texts[i].data, 0};
        }
        struct corpus_text sorted[2 * PAIRS];
        for (size_t i = 0; i < (size_t)2 * PAIRS; i++)
            sorted[i] = files[i < PAIRS ? 2 * i : 2 * (i - PAIRS) + 1];
        f.threads = 1 + is_near;
        f.params.split.valid = f.params.split.test = 0.3;
        if (is_near)
            f.params.dedup.near.threshold = 0.8;
        REQUIRE(fixture_run(&f, sorted, 2 * PAIRS) == LM_OK);
        struct lm_json *card = card_of(tap, &f, "card");
        const struct lm_json *near = lm_json_get(card, is_near ? "near" : "near_estimate");
        CHECK(lm_json_get(card, is_near ? "near_estimate" : "near") == NULL);
        told[is_near] = lm_json_int(lm_json_get(near, "across_splits"), -1);
        lm_json_free(card);
        fixture_close(&f);
        for (size_t i = 0; i < (size_t)2 * PAIRS; i++)
            lm_buf_release(&texts[i]);
    }
    CHECK(told[1] > 70);
    CHECK(told[0] > told[1] * 3 / 4 && told[0] < told[1] * 5 / 4);
}

/* Bytes of the first words of a text. */
static size_t start_of(const char *text)
{
    enum { WORDS = 12000 };

    size_t at = 0;
    for (size_t words = 0; words < WORDS && text[at] != '\0'; at++)
        words += text[at] > ' ' && (text[at + 1] == ' ' || text[at + 1] == '\n');
    return at;
}

/* Editions of the same novels differ in their bytes; their beginnings are enough. */
static void finds_editions(struct tap *tap)
{
    enum { NOVELS = 10 };

    static const char *const novels[NOVELS][2] = {
        {"british-fiction", "Dickens_Bleak"},        {"british-fiction", "Eliot_Adam"},
        {"british-fiction", "Thackeray_Pendennis"},  {"british-fiction", "Trollope_Phineas"},
        {"british-fiction", "Austen_Emma"},          {"english-novels", "Dickens_Bleak_1853"},
        {"english-novels", "Eliot_Adam_1859"},       {"english-novels", "Thackeray_Pendennis_1850"},
        {"english-novels", "Trollope_Phineas_1869"}, {"english-novels", "Eliot_Felix_1866"}};
    const char *data = getenv("LMPIPE_DATA");
    struct fixture f;
    struct corpus_text texts[NOVELS];
    if (data == NULL)
        SKIP("LMPIPE_DATA is not set");
    for (unsigned is_near = 0; is_near < 2; is_near++) {
        fixture_open(&f);
        for (size_t i = 0; i < NOVELS; i++) {
            char *text;
            size_t size;
            const char *path =
                lm_arena_printf(f.arena, "%s/%s/%s.txt", data, novels[i][0], novels[i][1]);
            REQUIRE(lm_file_read(&text, &size, f.arena, path, 1 << 24, &f.err) == LM_OK);
            texts[i] = (struct corpus_text){novels[i][0], novels[i][1], text, start_of(text)};
        }
        f.params.dedup.near.threshold = is_near ? 0.8 : NAN;
        split_by_position(&f, 0.3, 0);
        REQUIRE(fixture_run(&f, texts, NOVELS) == LM_OK);
        struct lm_json *card = card_of(tap, &f, "card");
        const struct lm_json *overlap = lm_json_at(lm_json_get(card, "overlaps"), 0);
        CHECK_INT(lm_json_int(lm_json_get(lm_json_get(card, "out"), "documents"), -1),
                  is_near ? NOVELS - 4 : NOVELS);
        CHECK_INT(lm_json_int(lm_json_get(overlap, "documents"), 0), is_near ? 4 : 0);
        lm_json_free(card);
        fixture_close(&f);
    }
}

static const struct tap_test tests[] = {
    TAP_ROW(takes_the_later_ones) TAP_ROW(depends_on_no_order) TAP_ROW(goes_along) TAP_ROW(refuses)
        TAP_ROW(estimates_in_passing) TAP_ROW(finds_editions)};
LM_TEST_FILE(tests)
