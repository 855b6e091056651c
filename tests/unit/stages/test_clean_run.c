/* The stage type clean through a context: what it writes, what never moves, what it refuses. */
#include <lmpipe/rng.h>
#include <lmpipe/tokens.h>

#include "clean_fixture.h"
#include "data/zstd_stream.h"
#include "text/clean_rules.h"
#include "text/clean_text.h"
#include "text/documents.h"

enum { LINES = 400 };

/* `count` lines of words drawn from the seed, each its own document. */
static char *make_lines(struct fixture *f, uint64_t seed, size_t count)
{
    struct lm_rng rng = lm_rng_stream(seed, "lines");
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < count; i++) {
        size_t words = 3 + (size_t)lm_rng_below(rng, i, 0, 9);
        for (size_t j = 0; j < words; j++)
            lm_buf_printf(&out, "w%llu ", (unsigned long long)lm_rng_below(rng, i, j + 1, 900));
        lm_buf_printf(&out, "%zu\n", i);
    }
    char *text = lm_arena_strdup(f->arena, out.data);
    lm_buf_release(&out);
    return text;
}

static void by_line(struct fixture *f)
{
    fixture_open(f);
    f->params.documents.by = "line";
    f->params.split.valid = 0.2;
    f->params.split.test = 0.1;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static const struct lm_param *find_row(const char *name)
{
    const struct lm_param *row = lm_stage_clean.params;
    while (strcmp(row->name, name) != 0)
        row++;
    return row;
}

static void choices_equal_the_tables(struct tap *tap)
{
    const struct lm_param *by = find_row("documents")->fields;
    const struct lm_param *invalid = find_row("invalid"), *rules = find_row("rules");
    size_t i = 0;
    for (; lm_documents_by_names[i] != NULL; i++)
        CHECK_STR(by->choices[i], lm_documents_by_names[i]);
    CHECK(by->choices[i] == NULL);
    for (i = 0; lm_repair_names[i] != NULL; i++)
        CHECK_STR(invalid->choices[i], lm_repair_names[i]);
    CHECK(invalid->choices[i] == NULL);
    for (i = 0; lm_rule_kinds[i].name != NULL; i++)
        CHECK_STR(rules->fields[0].choices[i], lm_rule_kinds[i].name);
    CHECK(rules->fields[0].choices[i] == NULL);
}

static void writes_three_splits_and_a_card(struct tap *tap)
{
    struct fixture f;
    by_line(&f);
    const struct corpus_text texts[] = {{"poems", "data", make_lines(&f, 1, LINES), 0},
                                        {"prose", "data",
                                         "\xEF\xBB\xBF"
                                         "caf\xE9 text \r\ncafe\xCC\x81 text\n",
                                         0}};
    REQUIRE(fixture_run(&f, texts, 2) == LM_OK);
    size_t train = count_lines(output(&f, "text/train.jsonl"));
    size_t valid = count_lines(output(&f, "text/valid.jsonl"));
    size_t test = count_lines(output(&f, "text/test.jsonl"));
    CHECK_INT(train + valid + test, LINES + 2);
    CHECK(valid > LINES / 8 && valid < LINES / 3 && test > LINES / 20 && test < LINES / 6);
    CHECK_HAS(all_text(&f), "\"text\":\"caf\xEF\xBF\xBD text\"}\n");
    CHECK_HAS(all_text(&f), "\"text\":\"caf\xC3\xA9 text\"}\n");
    CHECK(strstr(all_text(&f), "poems") == NULL);
    struct lm_json *card = NULL;
    const char *text = output(&f, "card");
    REQUIRE(lm_json_parse(&card, text, strlen(text), &f.err) == LM_OK);
    const struct lm_json *repairs = lm_json_get(card, "repairs");
    CHECK_INT(lm_json_int(lm_json_get(repairs, "byte_order_marks"), -1), 1);
    CHECK_INT(lm_json_int(lm_json_get(repairs, "newlines"), -1), 1);
    CHECK_INT(lm_json_int(lm_json_get(repairs, "invalid_utf8_sequences"), -1), 1);
    CHECK_INT(lm_json_int(lm_json_get(repairs, "normalised_stretches"), -1), 1);
    CHECK_INT(lm_json_int(lm_json_get(lm_json_get(card, "out"), "documents"), -1), LINES + 2);
    const struct lm_json *sides = lm_json_get(card, "splits");
    CHECK_INT(lm_json_int(lm_json_get(lm_json_get(sides, "valid"), "documents"), -1), valid);
    CHECK_STR(
        lm_json_string(lm_json_get(lm_json_at(lm_json_get(card, "sources"), 1), "name"), NULL),
        "prose");
    lm_json_free(card);
    CHECK(lm_ctx_result_value(f.ctx, "documents") == LINES + 2);
    fixture_close(&f);
}

/* Every line of `before` is in `after`, in the same split. */
static bool is_kept(const char *before, const char *after)
{
    while (*before != '\0') {
        size_t size = strcspn(before, "\n") + 1;
        if (memmem(after, strlen(after), before, size) == NULL)
            return false;
        before += size;
    }
    return true;
}

static void a_side_never_changes(struct tap *tap)
{
    static const char *const names[] = {"text/train.jsonl", "text/valid.jsonl", "text/test.jsonl"};
    struct fixture f;
    by_line(&f);
    const struct corpus_text texts[] = {{"a", "data", make_lines(&f, 2, LINES), 0},
                                        {"b", "one", make_lines(&f, 3, LINES), 0},
                                        {"b", "two", make_lines(&f, 4, LINES), 0}};
    const char *before[3];
    REQUIRE(fixture_run(&f, texts + 1, 1) == LM_OK);
    for (size_t i = 0; i < 3; i++)
        before[i] = output(&f, names[i]);
    REQUIRE(fixture_run(&f, texts, 3) == LM_OK);
    for (size_t i = 0; i < 3; i++)
        CHECK(strlen(before[i]) > 0 && is_kept(before[i], output(&f, names[i])));
    fixture_close(&f);
}

static void what_is_dropped_leaves_no_trace(struct tap *tap)
{
    static struct clean_rule rules[] = {{.rule = "chars", .min = 8, .length = LM_UNSET_FLOAT},
                                        {.rule = "numeric", .max = 0.9, .length = LM_UNSET_FLOAT}};
    struct fixture f;
    by_line(&f);
    rules[0].max = rules[1].min = (double)NAN;
    f.params.rules = (struct lm_list){rules, 2};
    const char *lines = make_lines(&f, 5, LINES);
    const char *first = lm_arena_strndup(f.arena, lines, strcspn(lines, "\n") + 1);
    const char *more =
        lm_arena_printf(f.arena, "tiny\n%s12345678901234\n\x01\x02\n%s", lines, first);
    REQUIRE(fixture_run(&f, &(struct corpus_text){"a", "data", lines, 0}, 1) == LM_OK);
    const char *text = all_text(&f), *card = output(&f, "card");
    REQUIRE(fixture_run(&f, &(struct corpus_text){"a", "data", more, 0}, 1) == LM_OK);
    CHECK_STR(all_text(&f), text);
    CHECK(strcmp(output(&f, "card"), card) != 0);
    CHECK_HAS(output(&f, "card"), "\"tiny\"");
    struct lm_json *json = NULL;
    const char *words = output(&f, "card");
    REQUIRE(lm_json_parse(&json, words, strlen(words), &f.err) == LM_OK);
    const struct lm_json *drops = lm_json_get(json, "dropped");
    static const char *const names[] = {"invalid", "empty", "chars", "numeric", "duplicate"};
    for (size_t i = 0; i < 5; i++) {
        CHECK_STR(lm_json_string(lm_json_get(lm_json_at(drops, i), "rule"), NULL), names[i]);
        CHECK_INT(lm_json_int(lm_json_get(lm_json_at(drops, i), "documents"), -1), i > 0);
    }
    lm_json_free(json);
    fixture_close(&f);
}

/* Documents of a source in a split, as the card tells. */
static int64_t shared(const struct lm_json *card, size_t source, const char *split)
{
    return lm_json_int(lm_json_get(lm_json_at(lm_json_get(card, "sources"), source), split), -1);
}

static struct lm_json *read_card(struct fixture *f)
{
    struct lm_json *card = NULL;
    const char *text = output(f, "card");
    if (lm_json_parse(&card, text, strlen(text), &f->err) != LM_OK)
        abort();
    return card;
}

/* By position, with a source that yields nothing: 10 documents of 4 bytes, 3 + 0 + 7. */
static void the_card_tells_where_documents_come_from(struct tap *tap)
{
    static const int64_t want[3][LM_SPLITS] = {{3, 0, 0}, {0, 0, 0}, {2, 3, 2}};
    struct fixture f;
    by_line(&f);
    split_by_position(&f, 0.3, 0.2);
    const struct corpus_text texts[] = {{"a", "data", "aaa1\naaa2\naaa3\n", 0},
                                        {"b", "data", "aaa1\n\n", 0},
                                        {"c", "data", "c001\nc002\nc003\nc004\n", 0},
                                        {"c", "more", "c005\nc006\nc007\n", 0}};
    REQUIRE(fixture_run(&f, texts, 4) == LM_OK);
    struct lm_json *card = read_card(&f);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < LM_SPLITS; k++)
            CHECK_INT(shared(card, i, lm_split_names[k]), want[i][k]);
    lm_json_free(card);
    f.params.split.by = "hash";
    f.params.split.test = 0.3;
    REQUIRE(fixture_run(&f, texts, 4) == LM_OK);
    card = read_card(&f);
    for (size_t k = 0; k < LM_SPLITS; k++) {
        const char *text = output(&f, lm_arena_printf(f.arena, "text/%s.jsonl", lm_split_names[k]));
        int64_t first = shared(card, 0, lm_split_names[k]);
        CHECK_INT(first + shared(card, 2, lm_split_names[k]), count_lines(text));
        for (int64_t i = 0; i < (int64_t)count_lines(text); i++, text = strchr(text, '\n') + 1)
            CHECK(strncmp(strstr(text, "\"text\":\"") + 8, i < first ? "a" : "c", 1) == 0);
    }
    lm_json_free(card);
    fixture_close(&f);
}

static void order_of_sources_and_threads_do_not_matter(struct tap *tap)
{
    struct fixture f;
    by_line(&f);
    const struct corpus_text texts[] = {{"a", "data", make_lines(&f, 6, LINES), 0},
                                        {"b", "x", make_lines(&f, 7, LINES), 0},
                                        {"b", "y", make_lines(&f, 8, LINES), 0}};
    const struct corpus_text turned[] = {texts[2], texts[1], texts[0]};
    REQUIRE(fixture_run(&f, texts, 3) == LM_OK);
    const char *text = all_text(&f), *card = output(&f, "card");
    for (size_t threads = 1; threads <= 5; threads++) {
        f.threads = threads;
        f.memory = threads % 2 == 1 ? (size_t)64 << 10 : (size_t)2 << 30; /* files, or not */
        REQUIRE(fixture_run(&f, turned, 3) == LM_OK);
        CHECK_STR(all_text(&f), text);
        CHECK_STR(output(&f, "card"), card);
    }
    fixture_close(&f);
}

/* A split of the last run: its shards, one after the other; *files: how many of them hold text. */
static const char *joined(struct fixture *f, const char *split, size_t count, size_t *files)
{
    const char *text = "";
    *files = 0;
    for (size_t i = 1; i <= count; i++) {
        const char *part =
            output(f, lm_arena_printf(f->arena, "text/%s-%05zu-of-%05zu.jsonl", split, i, count));
        text = lm_arena_printf(f->arena, "%s%s", text, part);
        *files += part[0] != '\0';
    }
    return text;
}

static void shards_follow_one_another(struct tap *tap)
{
    struct fixture f;
    by_line(&f);
    const struct corpus_text texts[] = {{"a", "data", make_lines(&f, 1, LINES), 0},
                                        {"b", "one", make_lines(&f, 2, LINES), 0},
                                        {"b", "two", make_lines(&f, 3, LINES), 0}};
    for (size_t i = 0; i < 2; i++) {
        size_t files = 0;
        f.params.split.by = i == 0 ? "hash" : "position";
        f.params.shards = 1;
        REQUIRE(fixture_run(&f, texts, 3) == LM_OK);
        const char *train = output(&f, "text/train.jsonl"), *card = output(&f, "card");
        const char *test = output(&f, "text/test.jsonl");
        f.params.shards = 7;
        REQUIRE(fixture_run(&f, texts, 3) == LM_OK);
        CHECK_STR(joined(&f, "train", 7, &files), train);
        CHECK_INT(files, 7);
        CHECK_STR(joined(&f, "test", 7, &files), test);
        CHECK_STR(output(&f, "card"), card);
        size_t first = count_lines(output(&f, "text/train-00001-of-00007.jsonl"));
        CHECK(first * 7 > count_lines(train) / 2 && first * 7 < count_lines(train) * 2);
        f.params.compression = "zstd";
        REQUIRE(fixture_run(&f, texts, 3) == LM_OK);
        struct lm_digest digest, want;
        const char *part = joined(&f, "train", 7, &files);
        CHECK(part[0] == '\0' && files == 0);
        f.params.shards = 1;
        REQUIRE(fixture_run(&f, texts, 3) == LM_OK);
        lm_sha256_bytes(&want, train, strlen(train));
        REQUIRE(lm_zstd_digest(
                    &digest, lm_path_join(f.arena, lm_ctx_output(f.ctx, "text"), "train.jsonl.zst"),
                    NULL) == LM_OK);
        CHECK(lm_digest_compare(&digest, &want) == 0);
        f.params.compression = "none";
    }
    fixture_close(&f);
}

/* 17 MB in one file: cleaned in more than one batch, each document once. */
static void large_files(struct tap *tap)
{
    struct fixture f;
    by_line(&f);
    f.threads = 2;
    const size_t count = 1700, size = 10000;
    char *text = lm_arena_alloc(f.arena, count * size + 1);
    for (size_t i = 0; i < count; i++) {
        memset(text + i * size, 'x', size);
        memcpy(text + i * size, lm_arena_printf(f.arena, "%010zu", i), 10);
        text[(i + 1) * size - 1] = '\n';
    }
    const struct corpus_text texts[] = {{"a", "data", text, count * size},
                                        {"b", "data", "one more\n", 0}};
    REQUIRE(fixture_run(&f, texts, 2) == LM_OK);
    CHECK(lm_ctx_result_value(f.ctx, "documents") == (double)count + 1);
    CHECK(lm_ctx_result_value(f.ctx, "bytes") == (double)(count * (size - 1) + 8));
    fixture_close(&f);
}

static void position_splits_on_borders(struct tap *tap)
{
    struct fixture f;
    by_line(&f);
    split_by_position(&f, 0.2, 0.1);
    const char *text = "aaaa\nbbbb\ncccc\ndddd\neeee\nffff\ngggg\nhhhh\niiii\njjjj\n";
    REQUIRE(fixture_run(&f, &(struct corpus_text){"a", "data", text, 0}, 1) == LM_OK);
    CHECK_INT(count_lines(output(&f, "text/train.jsonl")), 7);
    CHECK_HAS(output(&f, "text/valid.jsonl"), "hhhh");
    CHECK_HAS(output(&f, "text/valid.jsonl"), "iiii");
    CHECK_HAS(output(&f, "text/test.jsonl"), "jjjj");
    CHECK_INT(count_lines(output(&f, "text/test.jsonl")), 1);
    CHECK_STR(output(&f, "text/all.jsonl"), "");
    fixture_close(&f);
}

static void a_single_document_is_cut_at_a_line(struct tap *tap)
{
    struct fixture f;
    fixture_open(&f);
    split_by_position(&f, 0.1, 0);
    const char *text = make_lines(&f, 9, 1000);
    REQUIRE(fixture_run(&f, &(struct corpus_text){"a", "data", text, 0}, 1) == LM_OK);
    double size = (double)strlen(text) - 1; /* trimmed */
    double valid = lm_ctx_result_value(f.ctx, "valid.bytes");
    CHECK(valid >= 0.1 * size && valid < 0.1 * size + 200);
    CHECK(lm_ctx_result_value(f.ctx, "train.bytes") + valid == size);
    CHECK_INT(count_lines(output(&f, "text/train.jsonl")), 1);
    CHECK_HAS(output(&f, "text/train.jsonl"), "\\n\"}\n"); /* train ends with a whole line */
    CHECK_STR(output(&f, "text/test.jsonl"), "");
    fixture_close(&f);
}

static void says_what_to_do(struct tap *tap)
{
    static struct clean_rule rules[] = {
        {.rule = "chars", .min = 1e6, .max = LM_UNSET_FLOAT, .length = LM_UNSET_FLOAT}};
    struct fixture f;
    fixture_open(&f);
    const struct corpus_text one = {"a", "data", "just one document", 0};
    CHECK_INT(fixture_run(&f, &one, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "split: {by: position}");
    rules[0].max = (double)NAN;
    f.params.rules = (struct lm_list){rules, 1};
    CHECK_INT(fixture_run(&f, &one, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "of 1, 1 fell to \"chars\"");
    f.params.rules = (struct lm_list){NULL, 0};
    CHECK_INT(fixture_run(&f, &(struct corpus_text){"a", "data", " \n", 0}, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "the corpus has no text");
    f.params.invalid = "reject";
    CHECK_INT(fixture_run(&f, &(struct corpus_text){"a", "data", "\xFF\xFE", 0}, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "\"invalid\"");
    fixture_close(&f);
}

static void parameters_are_checked(struct tap *tap)
{
    static struct clean_rule rule = {.rule = "chars", .min = 5, .max = 4, .length = LM_UNSET_FLOAT};
    struct fixture f;
    fixture_open(&f);
    const struct corpus_text one = {"a", "data", "text", 0};
    f.params.documents.by = "separator";
    CHECK_INT(fixture_run(&f, &one, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.separator: is missing");
    f.params.documents.by = "line";
    f.params.documents.separator = "--";
    CHECK_INT(fixture_run(&f, &one, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "documents.separator: has no effect");
    f.params.documents.separator = "";
    f.params.split.valid = 0.6;
    f.params.split.test = 0.4;
    CHECK_INT(fixture_run(&f, &one, 1), LM_RANGE);
    CHECK_HAS(f.err.text, "split.valid: ");
    f.params.split.test = 0.1;
    f.params.rules = (struct lm_list){&rule, 1};
    CHECK_INT(fixture_run(&f, &one, 1), LM_RANGE);
    CHECK_HAS(f.err.text, "rules.0.min: ");
    rule.min = rule.max = (double)NAN;
    CHECK_INT(fixture_run(&f, &one, 1), LM_INVALID);
    CHECK_HAS(f.err.text, "rules.0: chars has no bound");
    fixture_close(&f);
}

static void cancels(struct tap *tap)
{
    struct fixture f;
    by_line(&f);
    f.cancel_after = 0;
    CHECK_INT(fixture_run(&f, &(struct corpus_text){"a", "data", make_lines(&f, 1, 50), 0}, 1),
              LM_CANCELLED);
    fixture_close(&f);
}

static void bad_manifests(struct tap *tap)
{
    static const char *const manifests[] = {
        "",
        "[]",
        "{\"lmpipe_corpus\":2,\"sources\":[]}",
        "{\"lmpipe_corpus\":1}",
        "{\"lmpipe_corpus\":1,\"sources\":[{\"files\":[]}]}",
        "{\"lmpipe_corpus\":1,\"sources\":[{\"name\":\"a\",\"files\":[{\"path\":\"../x\"}]}]}",
        "{\"lmpipe_corpus\":1,\"sources\":[{\"name\":\"a\",\"files\":[{\"path\":\"a/../../x\"}]}]}",
        "{\"lmpipe_corpus\":1,\"sources\":[{\"name\":\"a\",\"files\":[{\"path\":\"/x\"}]}]}"};
    struct fixture f;
    fixture_open(&f);
    const char *folder = lm_path_join(f.arena, f.folder, "corpus");
    REQUIRE(lm_dir_create(folder, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof manifests / sizeof manifests[0]; i++) {
        REQUIRE(lm_file_write(lm_path_join(f.arena, folder, "manifest.json"), manifests[i],
                              strlen(manifests[i]), NULL) == LM_OK);
        CHECK_INT(fixture_run_on(&f, folder), LM_FORMAT);
    }
    fixture_close(&f);
}

static const struct tap_test tests[] = {
    TAP_ROW(choices_equal_the_tables) TAP_ROW(writes_three_splits_and_a_card)
        TAP_ROW(the_card_tells_where_documents_come_from) TAP_ROW(a_side_never_changes)
            TAP_ROW(what_is_dropped_leaves_no_trace)
                TAP_ROW(order_of_sources_and_threads_do_not_matter) TAP_ROW(large_files)
                    TAP_ROW(shards_follow_one_another) TAP_ROW(position_splits_on_borders)
                        TAP_ROW(a_single_document_is_cut_at_a_line) TAP_ROW(says_what_to_do)
                            TAP_ROW(parameters_are_checked) TAP_ROW(cancels)
                                TAP_ROW(bad_manifests)};

LM_TEST_FILE(tests)
