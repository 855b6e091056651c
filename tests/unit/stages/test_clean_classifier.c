/** The quality filter of a corpus: who stays, what the card tells, and that order decides nothing.
 */
#include "clean_fixture.h"

#include <lmpipe/rng.h>

enum { DOCUMENTS = 80 };

/* Texts of two kinds, as prose and as a shop would have them. */
static const char *const words[2][12] = {{"she", "river", "evening", "thought", "quietly", "had",
                                          "said", "of", "walked", "the", "and", "year"},
                                         {"buy", "offer", "price", "click", "shipping", "free",
                                          "best", "now", "the", "deal", "and", "guaranteed"}};

struct crawl {
    struct lm_buf texts[DOCUMENTS];
    struct corpus_text files[DOCUMENTS];
    char names[DOCUMENTS][16];
};

static void write_words(struct lm_buf *out, size_t kind, uint64_t seed)
{
    const struct lm_rng rng = lm_rng_stream(1, "crawl");
    for (size_t i = 0; i < 60; i++)
        lm_buf_printf(out, "%s%s", i > 0 ? " " : "", words[kind][lm_rng_below(rng, seed, i, 12)]);
}

static void make(struct crawl *out)
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        lm_buf_init(&out->texts[i], 0);
        write_words(&out->texts[i], i % 2, i);
        snprintf(out->names[i], sizeof out->names[i], "%02zu.txt", i);
        out->files[i] = (struct corpus_text){i < DOCUMENTS / 2 ? "a" : "b", out->names[i],
                                             out->texts[i].data, 0};
    }
}

static void drop(struct crawl *crawl)
{
    for (size_t i = 0; i < DOCUMENTS; i++)
        lm_buf_release(&crawl->texts[i]);
}

/* A folder with a text and JSON lines, and a file of its own. */
static void open(struct fixture *f)
{
    static const char *paths[2];
    struct lm_buf text, lines;
    lm_buf_init(&text, 0);
    lm_buf_init(&lines, 0);
    fixture_open(f);
    paths[0] = lm_arena_printf(f->arena, "%s/good", f->folder);
    paths[1] = lm_arena_printf(f->arena, "%s/more.jsonl", f->folder);
    for (size_t i = 0; i < 60; i++) {
        lm_buf_puts(&lines, "{\"id\": 1, \"text\": \"");
        write_words(&lines, 0, 1000 + i);
        lm_buf_puts(&lines, "\"}\n");
        write_words(&text, 0, 2000 + i);
    }
    if (lm_dir_create(paths[0], NULL) != LM_OK ||
        lm_file_write(lm_path_join(f->arena, paths[0], "a.txt"), text.data, text.size, NULL) !=
            LM_OK ||
        lm_file_write(paths[1], lines.data, lines.size, NULL) != LM_OK)
        abort();
    lm_buf_release(&text);
    lm_buf_release(&lines);
    f->params.classifier.alpha = 9;
    f->params.classifier.positive = (struct lm_list){paths, 2};
    f->params.removals = true;
    split_by_position(f, 0.3, 0);
}

static size_t count(const char *text, const char *word)
{
    size_t found = 0;
    for (; (text = strstr(text, word)) != NULL; text++)
        found++;
    return found;
}

static void keeps_what_is_alike(struct tap *tap)
{
    struct crawl crawl;
    struct fixture f;
    struct lm_json *card = NULL;
    make(&crawl);
    open(&f);
    REQUIRE(fixture_run(&f, crawl.files, DOCUMENTS) == LM_OK);
    const char *text = output(&f, "card");
    REQUIRE(lm_json_parse(&card, text, strlen(text), &f.err) == LM_OK);
    const struct lm_json *told = lm_json_get(card, "classifier"),
                         *scores = lm_json_get(told, "scores");
    int64_t kept = lm_json_int(lm_json_get(told, "kept"), -1), sum = 0;
    for (size_t i = 0; i < lm_json_count(scores); i++)
        sum += lm_json_int(lm_json_get(lm_json_at(scores, i), "documents"), -1);
    CHECK_INT(lm_json_int(lm_json_get(told, "documents"), -1), DOCUMENTS);
    CHECK_INT(sum, DOCUMENTS);
    CHECK_INT(lm_json_int(lm_json_get(lm_json_get(card, "out"), "documents"), -1), kept);
    CHECK_INT(count(output(&f, "removals"), "\"rule\":\"classifier\",\"value\":0."),
              DOCUMENTS - (size_t)kept);
    const char *train = output(&f, "text/train.jsonl"), *valid = output(&f, "text/valid.jsonl");
    size_t good = count(train, " river") + count(valid, " river");
    size_t bad = count(train, " price") + count(valid, " price");
    CHECK(good > 10 * bad);
    lm_json_free(card);
    fixture_close(&f);
    drop(&crawl);
}

static void depends_on_no_order(struct tap *tap)
{
    struct crawl crawl;
    struct fixture f;
    const char *text = NULL, *card = NULL;
    make(&crawl);
    open(&f);
    for (size_t turn = 0; turn < 3; turn++) {
        struct corpus_text turned[DOCUMENTS];
        for (size_t i = 0; i < DOCUMENTS; i++)
            turned[i] = crawl.files[(i + turn * DOCUMENTS / 2) % DOCUMENTS];
        f.threads = 1 + 2 * turn;
        f.memory = (size_t)(64 << turn) << 20;
        REQUIRE(fixture_run(&f, turned, DOCUMENTS) == LM_OK);
        if (turn > 0) {
            CHECK_STR(output(&f, "text/train.jsonl"), text);
            CHECK_STR(output(&f, "card"), card);
        }
        text = output(&f, "text/train.jsonl");
        card = output(&f, "card");
    }
    fixture_close(&f);
    drop(&crawl);
}

static bool has_positive(const void *user, const char *port)
{
    return *(const bool *)user && strcmp(port, "positive") == 0;
}

static void refuses(struct tap *tap)
{
    struct crawl crawl;
    struct fixture f;
    const char *path;
    bool yes = true, no = false;
    make(&crawl);
    open(&f);
    path = lm_arena_printf(f.arena, "%s/bad.jsonl", f.folder);
    f.params.classifier.positive = (struct lm_list){&path, 1};
    REQUIRE(lm_file_write(path, "{\"body\": \"x\"}\n", 14, NULL) == LM_OK);
    CHECK_INT(fixture_run(&f, crawl.files, DOCUMENTS), LM_FORMAT);
    CHECK(strstr(f.err.text, "bad.jsonl") != NULL);
    REQUIRE(lm_file_write(path, "\n", 1, NULL) == LM_OK);
    CHECK_INT(fixture_run(&f, crawl.files, DOCUMENTS), LM_INVALID);
    CHECK(strstr(f.err.text, "too few") != NULL);
    CHECK(lm_stage_clean.check_ports(&f.params, has_positive, &no, &f.err) == LM_OK);
    f.params.classifier.positive.count = 0;
    CHECK(lm_stage_clean.check_ports(&f.params, has_positive, &yes, &f.err) == LM_OK);
    CHECK_INT(lm_stage_clean.check_ports(&f.params, has_positive, &no, &f.err), LM_INVALID);
    f.params.classifier.alpha = LM_UNSET_FLOAT;
    CHECK(lm_stage_clean.check_ports(&f.params, has_positive, &no, &f.err) == LM_OK);
    CHECK_INT(lm_stage_clean.check_ports(&f.params, has_positive, &yes, &f.err), LM_INVALID);
    fixture_close(&f);
    drop(&crawl);
}

/* The first pages of novels as examples: of a corpus of novels and of markup the novels stay. */
static void tells_novels_from_markup(struct tap *tap)
{
    enum { FILES = 6, BYTES = 90000 };

    static const char *const names[FILES] = {"british-fiction/Austen_Emma.txt",
                                             "british-fiction/Eliot_Adam.txt",
                                             "british-fiction/Dickens_Bleak.txt",
                                             "peps/pep-0484.rst",
                                             "peps/pep-0642.rst",
                                             "peps/pep-0818.rst"};
    const char *data = getenv("LMPIPE_DATA"), *good;
    struct corpus_text files[FILES];
    size_t found = 0;
    struct fixture f;
    if (data == NULL)
        SKIP("LMPIPE_DATA is not set");
    open(&f);
    for (size_t i = 0; i < FILES; i++) {
        char *text;
        size_t size;
        if (lm_file_read(&text, &size, f.arena, lm_arena_printf(f.arena, "%s/%s", data, names[i]),
                         1 << 24, &f.err) != LM_OK)
            continue;
        files[found++] =
            (struct corpus_text){i < 3 ? "novels" : "others", strrchr(names[i], '/') + 1, text,
                                 size < BYTES ? size : BYTES};
    }
    good = lm_arena_printf(f.arena, "%s/english-novels/Eliot_Felix_1866.txt", data);
    f.params.classifier.positive = (struct lm_list){&good, 1};
    f.params.documents.by = "line";
    f.params.rules = (struct lm_list){
        (void *)&(struct clean_rule){"chars", 60, LM_UNSET_FLOAT, LM_UNSET_FLOAT, false}, 1};
    REQUIRE(found >= 4);
    REQUIRE(fixture_run(&f, files, found) == LM_OK);
    struct lm_json *card = NULL;
    const char *text = output(&f, "card");
    REQUIRE(lm_json_parse(&card, text, strlen(text), &f.err) == LM_OK);
    double shares[2];
    for (size_t i = 0; i < 2; i++) {
        const struct lm_json *source = lm_json_at(lm_json_get(card, "sources"), i);
        shares[i] = lm_json_double(lm_json_get(source, "kept"), 0) /
                    lm_json_double(lm_json_get(source, "documents"), 1);
    }
    CHECK(lm_json_double(lm_json_get(lm_json_get(card, "classifier"), "accuracy"), 0) > 0.7);
    CHECK(shares[0] > 5 * shares[1]);
    lm_json_free(card);
    fixture_close(&f);
}

static const struct tap_test tests[] = {TAP_ROW(keeps_what_is_alike) TAP_ROW(depends_on_no_order)
                                            TAP_ROW(refuses) TAP_ROW(tells_novels_from_markup)};
LM_TEST_FILE(tests)
