/* Tasks on a small model: against sums of logits, closed forms, and the same bits whatever the
 * batch, the threads and the other tasks. */
#include <stdlib.h>

#define TOP "test_evaluate_tasks.tmp"
#include "tasks_fixture.h"

/* Zeros all weights of the model in the folder. */
static bool zero_model(const char *folder)
{
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    if (lm_model_load(&model, folder, &options, NULL) != LM_OK)
        return false;
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        memset(tensor.data, 0, (size_t)tensor.count * sizeof *tensor.data);
    }
    bool is_done = lm_model_save(model, folder, NULL) == LM_OK;
    lm_model_free(model);
    return is_done;
}

static bool start(void)
{
    return lm_dir_remove(TOP, NULL) == LM_OK && scored_write_model(TOP "/model") &&
           write_vocab(TOP "/model/vocab");
}

/* −ln p of ids[scored … count) in one window that begins at ids[first]; in double. */
static double direct_window(const int32_t *ids, size_t first, size_t scored, size_t count)
{
    static float logits[SCORED_CONTEXT * SCORED_VOCAB];
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    int32_t tokens[SCORED_CONTEXT] = {first > 0 ? ids[first - 1] : END};
    double nll = 0;
    memcpy(tokens + 1, ids + first, (count - first - 1) * sizeof *ids);
    if (lm_model_load(&model, TOP "/model", &options, NULL) != LM_OK ||
        lm_model_logits(model, tokens, 1, (int64_t)(count - first), logits, NULL) != LM_OK)
        return (double)NAN;
    for (size_t t = scored; t < count; t++) {
        const float *line = logits + (t - first) * SCORED_VOCAB;
        double sum = 0;
        for (size_t v = 0; v < SCORED_VOCAB; v++)
            sum += exp((double)line[v]);
        nll += log(sum) - (double)line[ids[t]];
    }
    lm_model_free(model);
    return nll;
}

/* The same of a text that fits the context. */
static double direct(const int32_t *ids, size_t scored, size_t count)
{
    return direct_window(ids, 0, scored, count);
}

/* "ab" + " to": " t" is one token (256), which the context "ab " would end inside of. */
static void test_choice(struct tap *tap)
{
    static const int32_t whole[] = {'a', 'b', 256, 'o'}, other[] = {'a', 'b', ' ', 'x', 'y'};
    static const char *const names[] = {"plain", "inside"};
    struct lm_err err = {.status = LM_OK};
    REQUIRE(start());
    REQUIRE(put("plain.yaml",
                CHOICE "data: plain.jsonl\ncontext: '{q}'\nchoices: '{c}'\nanswer: '{g}'\n"
                       "norm: [sum, token, byte, pmi]\n") &&
            put("plain.jsonl",
                "{\"q\":\"ab\",\"c\":[\" to\",\" xy\"],\"g\":0}\n"
                "{\"q\":\"ab\",\"c\":[\" to\",\" to\",\" xy\"],\"g\":1,\"id\":\"two\"}\n") &&
            put("inside.yaml",
                CHOICE "data: inside.jsonl\ncontext: 'ab '\nchoices: ['to', 'xy']\nanswer: 0\n") &&
            put("inside.jsonl", "{}\n"));
    REQUIRE(run(usual, names, 2, &err) == LM_OK);
    double a = direct(whole, 2, 4), b = direct(other, 2, 5);
    CHECK_NEAR(item(TOP "/a", "items/plain.jsonl", 0, "nll"), a, 1e-5);
    CHECK_NEAR(item(TOP "/a", "items/plain.jsonl", 0, "bytes"), 3, 0);
    CHECK_NEAR(item(TOP "/a", "items/plain.jsonl", 0, "score"), a < b ? 1 : 0, 0);
    CHECK_NEAR(item(TOP "/a", "items/plain.jsonl", 1, "score"), a < b ? 0.5 : 0, 0);
    CHECK_NEAR(score(TOP "/a", "plain.acc"), (a < b ? 1.5 : 0) / 2, 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.acc_token"), (a / 2 < b / 3 ? 1.5 : 0) / 2, 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.acc_byte"), score(TOP "/a", "plain.acc"), 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.ties"), a < b ? 1 : 0, 0);
    double p = 1 / (1 + exp(a - b)), q = 1 / (2 + exp(a - b)); /* of " to" of two, of three */
    double brier = 2 * (1 - p) * (1 - p) + q * q + (1 - q) * (1 - q) + (1 - 2 * q) * (1 - 2 * q);
    CHECK_NEAR(score(TOP "/a", "plain.brier"), brier / 2, 1e-5);
    CHECK(isnan(score(TOP "/a", "plain.ece"))); /* of two items: nothing to be said */
    CHECK_NEAR(score(TOP "/a", "tasks.centred"),
               (score(TOP "/a", "plain.centred") + score(TOP "/a", "inside.centred")) / 2, 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.chance"), (1.0 / 2 + 1.0 / 3) / 2, 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.floor.length"), (0.5 + 1.0 / 3) / 2, 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.floor.majority"), 0.5, 1e-12);
    CHECK_NEAR(score(TOP "/a", "plain.straddlers"), 0, 0);
    CHECK(isnan(score(TOP "/a", "plain.floor.unigram"))); /* no tokens are connected */
    double pmi_a = direct(whole + 2, 0, 2) - a, pmi_b = direct(other + 2, 0, 3) - b;
    CHECK_NEAR(score(TOP "/a", "plain.acc_pmi"), (pmi_a > pmi_b ? 1.5 : 0) / 2, 1e-12);
    CHECK_NEAR(item(TOP "/a", "items/inside.jsonl", 0, "nll"), a, 1e-5); /* all of " t" counts */
    CHECK_NEAR(score(TOP "/a", "inside.straddlers"), 1, 0); /* "xy" begins at a border */
    CHECK(isnan(score(TOP "/a", "inside.floor.majority"))); /* always 0: says nothing */
}

/* A cloze longer than the context, a stream in windows: each token once, by the strided rule. */
static void test_long(struct tap *tap)
{
    static const char *const names[] = {"cloze", "stream"};
    char text[64] = "";
    int32_t ids[40];
    struct lm_err err = {.status = LM_OK};
    REQUIRE(start());
    for (size_t i = 0; i < 40; i++) {
        text[i] = (char)('a' + i * 7 % 26);
        ids[i] = text[i];
    }
    char row[200];
    snprintf(row, sizeof row, "{\"t\":\"%s\",\"u\":\"xyz\"}\n", text);
    REQUIRE(
        put("cloze.yaml", TASK "kind: cloze\ndata: cloze.jsonl\ncontext: '{t}'\ntarget: '{u}'\n") &&
        put("cloze.jsonl", row) &&
        put("stream.yaml", TASK "kind: stream\ndata: stream.jsonl\ntarget: '{t}'\n") &&
        put("stream.jsonl", row));
    REQUIRE(run(usual, names, 2, &err) == LM_OK);
    CHECK_NEAR(score(TOP "/a", "cloze.cut"), 1, 0);
    CHECK_NEAR(score(TOP "/a", "stream.tokens"), 40, 0);
    CHECK_NEAR(score(TOP "/a", "stream.words"), 1, 0);
    /* windows of 16 that move on by 8, each token once */
    double want = direct(ids, 0, 16) + direct_window(ids, 8, 16, 24) +
                  direct_window(ids, 16, 24, 32) + direct_window(ids, 24, 32, 40);
    double whole = score(TOP "/a", "stream.bpb") * 40 * 0.69314718055994530942;
    CHECK_NEAR(whole, want, 1e-4);
    int32_t cut[43];
    memcpy(cut, ids, sizeof ids);
    memcpy(cut + 40, (const int32_t[]){'x', 'y', 'z'}, 3 * sizeof *cut);
    CHECK_NEAR(score(TOP "/a", "cloze.nll"), direct_window(cut, 27, 40, 43), 1e-5);
    CHECK_NEAR(log(score(TOP "/a", "stream.word_ppl")), whole, 1e-4);
    CHECK_NEAR(log(score(TOP "/a", "stream.ppl")), whole / 40, 1e-6);
    struct way dense = usual;
    dense.folder = TOP "/dense";
    dense.stride = 1;
    REQUIRE(run(dense, names, 2, &err) == LM_OK);
    CHECK(fabs(score(TOP "/dense", "stream.bpb") - score(TOP "/a", "stream.bpb")) > 1e-9);
}

/* Of an all-zero model perplexity is the vocabulary at every stride, and every choice a tie. */
static void test_zero(struct tap *tap)
{
    static const char *const names[] = {"zero", "stream", "cloze", "level"};
    static char level[160 * 4];
    static const int64_t strides[] = {1, 5, 16};
    struct lm_err err = {.status = LM_OK};
    REQUIRE(start() && zero_model(TOP "/model"));
    REQUIRE(
        put("zero.yaml",
            CHOICE "data: zero.jsonl\nchoices: ['{a}', '{b}']\nanswer: 0\nnorm: token\n") &&
        put("zero.jsonl",
            "{\"a\":\"one\",\"b\":\"eleven\"}\n{\"a\":\"longer one\",\"b\":\"x\"}\n") &&
        put("stream.yaml", TASK "kind: stream\ndata: stream.jsonl\ntarget: '{t}'\n") &&
        put("stream.jsonl", "{\"t\":\"a text that is longer than the context of the model\"}\n") &&
        put("cloze.yaml", TASK "kind: cloze\ndata: cloze.jsonl\ncontext: 'a'\ntarget: 'b'\n") &&
        put("cloze.jsonl", "{}\n"));
    for (size_t i = 0; i < 155; i++)
        strcat(level, "{}\n");
    REQUIRE(put("level.yaml", CHOICE "data: level.jsonl\nchoices: [a, b]\nanswer: 0\n") &&
            put("level.jsonl", level));
    for (size_t i = 0; i < 3; i++) {
        struct way way = usual;
        way.stride = strides[i];
        REQUIRE(run(way, names, 4, &err) == LM_OK);
        CHECK_NEAR(score(TOP "/a", "stream.ppl"), SCORED_VOCAB, 1e-3);
        CHECK_NEAR(score(TOP "/a", "zero.acc"), 0.5, 0);
        CHECK_NEAR(score(TOP "/a", "zero.centred"), 0, 1e-12);
        CHECK_NEAR(score(TOP "/a", "zero.ties"), 2, 0);
        CHECK_NEAR(score(TOP "/a", "zero.brier"), 0.5, 1e-6);
        CHECK_NEAR(score(TOP "/a", "level.ece"), 0, 1e-6); /* half sure, half right */
        CHECK_NEAR(score(TOP "/a", "cloze.acc"), 1.0 / SCORED_VOCAB, 1e-12);
        CHECK_NEAR(score(TOP "/a", "cloze.ppl"), SCORED_VOCAB, 1e-3);
    }
}

/* The items' bytes are a function of the items and the model. */
static void test_company(struct tap *tap)
{
    static const struct way ways[] = {{TOP "/b", 1, 0, 1, true, "f32", -1},
                                      {TOP "/c", 8, 0, 3, true, "f32", -1},
                                      {TOP "/d", 5, 0, 2, false, "f32", -1}};
    static const char *const names[] = {"many", "alone"}, *const last[] = {"alone"};
    static char rows[20000];
    struct lm_err err = {.status = LM_OK};
    REQUIRE(start());
    for (int i = 0; i < 60; i++)
        sprintf(rows + strlen(rows),
                "{\"q\":\"%.*s\",\"c\":[\" one %d\",\" two\",\"\\n\"],\"u\":\"g%d\"}\n", i % 17,
                "a context of that", i, i % 20);
    REQUIRE(
        put("many.yaml", CHOICE
            "data: many.jsonl\ncontext: '{q}'\nchoices: '{c}'\nanswer: 1\ngroup: ['{u}', all]\n") &&
        put("many.jsonl", rows) &&
        put("alone.yaml",
            CHOICE "data: alone.jsonl\ncontext: '{q}'\nchoices: '{c}'\nanswer: 1\n") &&
        put("alone.jsonl", rows));
    REQUIRE(run(usual, names, 2, &err) == LM_OK);
    char want[2][LM_DIGEST_HEX], got[LM_DIGEST_HEX];
    scored_digest(want[0], TOP "/a/out/items/many.jsonl");
    scored_digest(want[1], TOP "/a/out/items/alone.jsonl");
    for (size_t w = 0; w < 3; w++) {
        char path[100];
        REQUIRE(run(ways[w], w == 0 ? last : names, w == 0 ? 1 : 2, &err) == LM_OK);
        snprintf(path, sizeof path, "%s/out/items/alone.jsonl", ways[w].folder);
        CHECK_STR(scored_digest(got, path), want[1]);
        snprintf(path, sizeof path, "%s/out/items/many.jsonl", ways[w].folder);
        if (w > 0)
            CHECK_STR(scored_digest(got, path), want[0]);
    }
    CHECK_NEAR(score(TOP "/a", "many.all.acc"), score(TOP "/a", "many.acc"), 0);
    CHECK_NEAR(score(TOP "/a", "many.macro"), score(TOP "/a", "many.acc"), 1e-12);
    CHECK(isfinite(score(TOP "/a", "many.acc.clustered.lo"))); /* of twenty groups */
    CHECK(isfinite(score(TOP "/a", "many.g7.acc.hi")));
    struct way rounded = usual;
    rounded.folder = TOP "/e";
    rounded.precision = "bf16";
    REQUIRE(run(rounded, names, 2, &err) == LM_OK);
    scored_digest(got, TOP "/e/out/items/many.jsonl");
    CHECK(strcmp(got, want[0]) != 0);
}

/* In whatever order items come, texts that begin alike are scored together: same numbers. */
static void test_order(struct tap *tap)
{
    enum { ITEMS = 40 };

    static const char *const names[] = {"forth", "back"};
    static char rows[2][ITEMS * 80];
    struct lm_err err = {.status = LM_OK};
    REQUIRE(start());
    for (size_t way = 0; way < 2; way++)
        for (int i = 0; i < ITEMS; i++) {
            int k = way == 0 ? i : ITEMS - 1 - i;
            sprintf(rows[way] + strlen(rows[way]),
                    "{\"q\":\"%.*s\",\"c\":[\" to %c\",\" to be\",\" to\"]}\n", k % 13,
                    "to be or not to be", 'a' + k * 7 % 26);
        }
    for (size_t way = 0; way < 2; way++) {
        char yaml[40], data[40], text[200];
        snprintf(yaml, sizeof yaml, "%s.yaml", names[way]);
        snprintf(data, sizeof data, "%s.jsonl", names[way]);
        snprintf(text, sizeof text, CHOICE "data: %s\ncontext: '{q}'\nchoices: '{c}'\nanswer: 0\n",
                 data);
        REQUIRE(put(yaml, text) && put(data, rows[way]));
    }
    REQUIRE(run(usual, names, 2, &err) == LM_OK);
    for (size_t i = 0; i < ITEMS; i++) {
        double nll = item(TOP "/a", "items/forth.jsonl", i, "nll");
        CHECK(nll > 0 && nll == item(TOP "/a", "items/back.jsonl", ITEMS - 1 - i, "nll"));
    }
}

/* Outputs and pairs: what is measured is there, and within its bounds. */
static void test_texts(struct tap *tap)
{
    static const char *const names[] = {"gen", "sim"};
    static char rows[8000];
    struct lm_err err = {.status = LM_OK};
    REQUIRE(start());
    for (int i = 0; i < 25; i++)
        sprintf(rows + strlen(rows), "{\"a\":\"%d %d %d %d %d\",\"b\":\"%s %d\",\"s\":%d}\n",
                i * 37 % 25, i, i + 1, i * 3, i * 7 % 13, i % 2 ? "word" : "other", i, i % 5);
    REQUIRE(put("gen.yaml", TASK "kind: generate\ndata: gen.jsonl\ncontext: '{a} ='\nreferences: "
                                 "['{b}', '{a}']\nstop: [x, '!']\n") &&
            put("gen.jsonl", rows) &&
            put("sim.yaml", TASK
                "kind: similarity\ndata: sim.jsonl\nchoices: ['{a}', '{b}']\nanswer: '{s}'\n") &&
            put("sim.jsonl", rows));
    REQUIRE(run(usual, names, 2, &err) == LM_OK);
    double copy = score(TOP "/a", "gen.floor.copy"), spearman = score(TOP "/a", "sim.spearman");
    CHECK_NEAR(copy, 100, 1e-9); /* a reference is what the contexts do not share */
    CHECK(score(TOP "/a", "gen.bleu") >= 0 && isfinite(score(TOP "/a", "gen.chrf.hi")));
    CHECK(spearman > score(TOP "/a", "sim.spearman.lo") && spearman <= 1);
    CHECK(isfinite(score(TOP "/a", "sim.floor.overlap")));
    struct way one = usual;
    one.folder = TOP "/one";
    one.batch = 1;
    REQUIRE(run(one, names, 2, &err) == LM_OK);
    CHECK_NEAR(score(TOP "/one", "sim.spearman"), spearman, 0);
    CHECK_NEAR(score(TOP "/one", "gen.chrf"), score(TOP "/a", "gen.chrf"), 0);
}

static void test_ends(struct tap *tap)
{
    static const char *const names[] = {"plain"};
    struct lm_err err = {.status = LM_OK};
    struct way way = usual;
    REQUIRE(start());
    REQUIRE(put("plain.yaml", CHOICE
                "data: plain.jsonl\nchoices: '{c}'\nanswer: '{g}'\ngroup: ['{g}', '{g}']\n") &&
            put("plain.jsonl", "{\"c\":[\"to\",\"xy\"],\"g\":0}\n"));
    CHECK_INT(run(way, names, 1, &err), LM_INVALID);
    CHECK_STR(
        err.text,
        "task plain: group: two levels have a group '0'; tell them apart, as \"field {field}\"");
    REQUIRE(put("plain.yaml", CHOICE "data: plain.jsonl\nchoices: '{c}'\nanswer: '{g}'\n"));
    way.cancel_after = 0;
    CHECK_INT(run(way, names, 1, &err), LM_CANCELLED);
    REQUIRE(scored_spoil_model(TOP "/model"));
    way.cancel_after = -1;
    CHECK(run(way, names, 1, &err) == LM_NUMERIC);
    lm_dir_remove(TOP, NULL);
}

static const struct tap_test tests[] = {
    {"choice", test_choice}, {"long", test_long},   {"zero", test_zero}, {"company", test_company},
    {"order", test_order},   {"texts", test_texts}, {"ends", test_ends}};

LM_TEST_FILE(tests)
