/** Evaluation items in a corpus: leaked files are cut, others lose nothing, the card tells. */
#include "clean_fixture.h"
#include "tests/unit/corpus/planted.h"

enum { ITEMS = 40, DOCUMENTS = 12 };

struct leaky {
    struct lm_buf items, leak; /* rows of a task; the same as a text */
    struct lm_buf texts[DOCUMENTS];
    struct corpus_text files[DOCUMENTS];
    char names[DOCUMENTS][16];
};

/* Items of 20 words, or of `words`; the leaked file has one a line. */
static void make(struct leaky *out, size_t words, size_t leaked)
{
    lm_buf_init(&out->items, 0);
    lm_buf_init(&out->leak, 0);
    for (size_t i = 0; i < ITEMS; i++) {
        struct lm_buf text;
        lm_buf_init(&text, 0);
        plant(&text, 1000 + i, words, 0, 0, 0);
        lm_buf_printf(&out->items, "{\"text\":\"%s\",\"target\":\" end\"}\n", text.data);
        if (i < leaked)
            lm_buf_printf(&out->leak, "%s end.\n", text.data);
        lm_buf_release(&text);
    }
    for (size_t i = 0; i < DOCUMENTS; i++) {
        lm_buf_init(&out->texts[i], 0);
        plant(&out->texts[i], i, 300, 0, 0, 0);
        snprintf(out->names[i], sizeof out->names[i], "%02zu.txt", i);
        out->files[i] = (struct corpus_text){"web", out->names[i], out->texts[i].data, 0};
    }
}

static void drop(struct leaky *leaky)
{
    lm_buf_release(&leaky->items);
    lm_buf_release(&leaky->leak);
    for (size_t i = 0; i < DOCUMENTS; i++)
        lm_buf_release(&leaky->texts[i]);
}

/* Runs on the corpus against the items as a cloze task. */
static enum lm_status run(struct fixture *f, const struct leaky *leaky, const char *task)
{
    const char *paths[2] = {lm_path_join(f->arena, f->folder, "task.yaml"),
                            lm_path_join(f->arena, f->folder, "items.jsonl")};
    const char *corpus = write_corpus(f, leaky->files, DOCUMENTS);
    if (lm_file_write(paths[0], task, strlen(task), &f->err) != LM_OK ||
        lm_file_write_buf(paths[1], &leaky->items, &f->err) != LM_OK)
        abort();
    f->params.decontaminate.against = (struct lm_list){(void *)&paths[0], 1};
    LM_TRY(lm_stage_clean.resolve(&f->params, f->arena, &f->err));
    const struct lm_job_input inputs[] = {{"corpus", "corpus", corpus}};
    const struct lm_job_file files[] = {
        {.path = paths[1], .param = "decontaminate.against.0.data"}};
    const struct lm_job job = {.stage = &lm_stage_clean,
                               .params = &f->params,
                               .inputs = inputs,
                               .input_count = 1,
                               .files = files,
                               .file_count = 1,
                               .folder =
                                   lm_arena_printf(f->arena, "%s/run%u", f->folder, ++f->runs),
                               .checkpoints = f->folder,
                               .threads = f->threads};
    lm_ctx_free(f->ctx);
    f->ctx = NULL;
    LM_TRY(lm_ctx_create(&f->ctx, &job, NULL, -1, &f->err));
    return lm_run_clean(f->ctx, &f->params, &f->err);
}

static const char cloze[] = "lmpipe_task: 1\nname: probe\nkind: cloze\ndata: items.jsonl\n"
                            "context: \"{text}\"\ntarget: \"{target}\"\n";

static struct lm_json *card_of(struct tap *tap, struct fixture *f)
{
    struct lm_json *card = NULL;
    char *text;
    size_t size;
    CHECK(lm_file_read(&text, &size, f->arena, lm_ctx_output(f->ctx, "card"), 1 << 24, &f->err) ==
          LM_OK);
    CHECK(lm_json_parse(&card, text, size, &f->err) == LM_OK);
    return card;
}

static int64_t number(const struct lm_json *object, const char *name)
{
    return lm_json_int(lm_json_get(object, name), -1);
}

/* The texts of all splits. */
static const char *texts_of(struct tap *tap, struct fixture *f)
{
    static const char *const names[] = {"train.jsonl", "valid.jsonl", "test.jsonl"};
    const char *all = "";
    for (size_t i = 0; i < 3; i++) {
        char *text = NULL;
        size_t size;
        const char *path = lm_path_join(f->arena, lm_ctx_output(f->ctx, "text"), names[i]);
        CHECK(lm_file_read(&text, &size, f->arena, path, 1 << 24, &f->err) == LM_OK);
        all = lm_arena_printf(f->arena, "%s%s", all, text != NULL ? text : "");
    }
    return all;
}

static void open(struct fixture *f)
{
    fixture_open(f);
    f->params.split.valid = 0.3;
    f->params.split.test = 0;
}

static void loses_nothing_without_one(struct tap *tap)
{
    struct leaky leaky;
    struct fixture f;
    make(&leaky, 20, 0);
    open(&f);
    REQUIRE(fixture_run(&f, leaky.files, DOCUMENTS) == LM_OK);
    const char *plain = texts_of(tap, &f);
    REQUIRE(run(&f, &leaky, cloze) == LM_OK);
    CHECK_STR(texts_of(tap, &f), plain);
    struct lm_json *card = card_of(tap, &f);
    const struct lm_json *told = lm_json_get(card, "decontaminated");
    const struct lm_json *task = lm_json_at(lm_json_get(told, "tasks"), 0);
    CHECK_STR(lm_json_string(lm_json_get(task, "task"), NULL), "probe");
    CHECK_INT(number(task, "items"), ITEMS);
    CHECK(number(task, "leaked") == 0 && number(told, "documents") == 0);
    lm_json_free(card);
    fixture_close(&f);
    drop(&leaky);
}

/* A whole file of items in the corpus, and single items inside others. */
static void cuts_what_leaked(struct tap *tap)
{
    static const size_t words[] = {20, 9}; /* n-grams, and items as a whole */
    for (size_t w = 0; w < 2; w++) {
        struct leaky leaky;
        struct fixture f;
        make(&leaky, words[w], ITEMS / 2);
        open(&f);
        leaky.files[3].text = leaky.leak.data;
        const char *line = strchr(leaky.leak.data, '\n') + 1;
        const size_t size = (size_t)(strchr(line, '\n') - line);
        leaky.files[5].text = lm_arena_printf(f.arena, "%s\n%.*s\n%s", leaky.texts[5].data,
                                              (int)size, line, leaky.texts[6].data);
        leaky.files[6].text = lm_arena_printf(f.arena, "Another one. %s", leaky.texts[7].data);
        for (f.threads = 1; f.threads <= 3; f.threads += 2) {
            REQUIRE(run(&f, &leaky, cloze) == LM_OK);
            const char *all = texts_of(tap, &f);
            CHECK(strstr(all, lm_arena_printf(f.arena, "%.*s", (int)size - 5, line)) == NULL);
            struct lm_json *card = card_of(tap, &f);
            const struct lm_json *told = lm_json_get(card, "decontaminated");
            const struct lm_json *task = lm_json_at(lm_json_get(told, "tasks"), 0);
            CHECK_INT(number(task, "leaked"), ITEMS / 2);
            CHECK_INT(number(task, "documents"), 2);
            CHECK_INT(number(told, "pieces"), 2);
            CHECK_INT(number(lm_json_get(card, "out"), "documents"), DOCUMENTS);
            CHECK(number(told, "bytes") > (int64_t)(leaky.leak.size + 400));
            CHECK(lm_json_count(lm_json_get(task, "examples")) > 0);
            const struct lm_json *rows = lm_json_get(card, "dropped");
            const struct lm_json *last = lm_json_at(rows, lm_json_count(rows) - 1);
            CHECK_STR(lm_json_string(lm_json_get(last, "rule"), NULL), "contaminated_parts");
            CHECK_INT(number(lm_json_get(last, "out"), "bytes"),
                      number(lm_json_get(card, "out"), "bytes"));
            CHECK_INT(number(lm_json_get(last, "out"), "documents"), DOCUMENTS);
            lm_json_free(card);
        }
        fixture_close(&f);
        drop(&leaky);
    }
}

/* What more than ten documents have is a phrase. */
static void leaves_phrases(struct tap *tap)
{
    struct leaky leaky;
    struct fixture f;
    make(&leaky, 20, 1);
    open(&f);
    for (size_t i = 0; i < 11; i++)
        leaky.files[i].text =
            lm_arena_printf(f.arena, "%s\n%s", leaky.texts[i].data, leaky.leak.data);
    REQUIRE(run(&f, &leaky, cloze) == LM_OK);
    struct lm_json *card = card_of(tap, &f);
    const struct lm_json *told = lm_json_get(card, "decontaminated");
    CHECK_INT(number(told, "documents"), 0);
    CHECK_INT(number(lm_json_at(lm_json_get(told, "tasks"), 0), "phrases"), 9); /* of 21 words */
    lm_json_free(card);
    fixture_close(&f);
    drop(&leaky);
}

static void refuses(struct tap *tap)
{
    struct leaky leaky;
    struct fixture f;
    make(&leaky, 20, 0);
    open(&f);
    CHECK_INT(run(&f, &leaky,
                  "lmpipe_task: 1\nname: probe\nkind: cloze\ndata: items.jsonl\n"
                  "context: \"{body}\"\ntarget: \"{target}\"\n"),
              LM_FORMAT);
    CHECK(strstr(f.err.text, "task probe: ") != NULL && strstr(f.err.text, "body") != NULL);
    lm_buf_clear(&leaky.items);
    lm_buf_puts(&leaky.items, "\n");
    CHECK_INT(run(&f, &leaky, cloze), LM_INVALID);
    CHECK(strstr(f.err.text, "no items") != NULL);
    f.params.decontaminate.against = (struct lm_list){NULL, 0};
    f.params.decontaminate.ngram = 8;
    CHECK_INT(lm_stage_clean.resolve(&f.params, f.arena, &f.err), LM_INVALID);
    CHECK(strstr(f.err.text, "decontaminate.against: is missing") != NULL);
    fixture_close(&f);
    drop(&leaky);
}

static const struct tap_test tests[] = {TAP_ROW(loses_nothing_without_one) TAP_ROW(cuts_what_leaked)
                                            TAP_ROW(leaves_phrases) TAP_ROW(refuses)};
LM_TEST_FILE(tests)
