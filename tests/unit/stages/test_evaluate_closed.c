/* Models whose numbers are known without running them: a bigram written as a table, a text learnt
 * by heart. The all-zero model is in test_evaluate_tasks.c. */
#include <stdlib.h>

#define TOP "test_evaluate_closed.tmp"
#include "tasks_fixture.h"

enum { WIDTH = 16, PLACES = WIDTH - 1 /* one-hot embeddings; the last number balances the head */ };

/* Logits of tokens behind PLACES states: all that are not set are 0. */
struct table {
    double logit[PLACES][SCORED_VOCAB];
};

static struct lm_tensor tensor_of(struct lm_model *model, const char *name)
{
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        if (strcmp(tensor.name, name) == 0)
            return tensor;
    }
    return (struct lm_tensor){.name = NULL};
}

/* A transformer that is a table: its one layer adds nothing, state p is a one-hot vector, from the
 * token (states: which token makes each) or from the position (NULL). Behind the last norm it is a
 * (e_p − 1/16), so that a head whose rows add up to 0 reads the table. */
static bool write_table(const struct table *table, const int32_t *states, size_t count)
{
    const struct lm_model_config config = {.vocab = SCORED_VOCAB,
                                           .context = SCORED_CONTEXT,
                                           .layers = 1,
                                           .heads = 1,
                                           .width = WIDTH,
                                           .untied = true};
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    const double scale = 1 / sqrt(1.0 / 16 - 1.0 / 256 + 1e-5);
    struct lm_model *model = NULL;
    if (lm_model_create(&model, &config, &options, NULL) != LM_OK)
        return false;
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        memset(tensor.data, 0, (size_t)tensor.count * sizeof *tensor.data);
    }
    float *gain = tensor_of(model, "ln_f.weight").data,
          *head = tensor_of(model, "lm_head.weight").data;
    float *from = tensor_of(model, states != NULL ? "wte.weight" : "wpe.weight").data;
    bool is_done = gain != NULL && head != NULL && from != NULL;
    for (size_t k = 0; is_done && k < WIDTH; k++)
        gain[k] = 1;
    for (size_t p = 0; is_done && p < count; p++) {
        from[(states != NULL ? (size_t)states[p] : p) * WIDTH + p] = 1;
        for (size_t v = 0; v < SCORED_VOCAB; v++) {
            head[v * WIDTH + p] = (float)(table->logit[p][v] / scale);
            head[v * WIDTH + PLACES] -= (float)(table->logit[p][v] / scale);
        }
    }
    is_done = is_done && lm_dir_create(TOP "/model", NULL) == LM_OK &&
              lm_model_save(model, TOP "/model", NULL) == LM_OK && write_vocab(TOP "/model/vocab");
    lm_model_free(model);
    return is_done;
}

/* −ln p(token | state). */
static double nll_of(const struct table *table, size_t state, int32_t token)
{
    double sum = 0;
    for (size_t v = 0; v < SCORED_VOCAB; v++)
        sum += exp(table->logit[state][v]);
    return log(sum) - table->logit[state][token];
}

/* p(next | last) of three letters and the border between texts. */
static void test_bigram(struct tap *tap)
{
    static const int32_t states[] = {END, 'a', 'b', 'c'};
    static const double chances[4][3] = {
        {0.5, 0.25, 0.25}, {0.1, 0.6, 0.3}, {0.2, 0.2, 0.6}, {0.7, 0.2, 0.1}};
    static const char *const names[] = {"pairs", "stream", "last"};
    static const char text[] = "abcabcaacbbabcabcabcca";
    static const int64_t strides[] = {1, 5, 16};
    static struct table table;
    struct lm_err err = {.status = LM_OK};
    for (size_t s = 0; s < 4; s++)
        for (size_t v = 0; v < SCORED_VOCAB; v++) {
            bool is_letter = v >= 'a' && v <= 'c';
            table.logit[s][v] = is_letter ? log(chances[s][v - 'a']) : -40;
        }
    REQUIRE(lm_dir_remove(TOP, NULL) == LM_OK && write_table(&table, states, 4));
    REQUIRE(
        put("pairs.yaml", CHOICE "data: pairs.jsonl\nchoices: ['{x}', '{y}']\nanswer: 0\n") &&
        put("pairs.jsonl", "{\"x\":\"ab\",\"y\":\"ba\"}\n{\"x\":\"cc\",\"y\":\"bc\"}\n") &&
        put("stream.yaml", TASK "kind: stream\ndata: stream.jsonl\ntarget: '{t}'\n") &&
        put("last.yaml", TASK "kind: cloze\ndata: last.jsonl\ncontext: '{c}'\ntarget: '{t}'\n") &&
        put("last.jsonl", "{\"c\":\"ab\",\"t\":\"ca\"}\n{\"c\":\"a\",\"t\":\"ca\"}\n"));
    char row[80];
    snprintf(row, sizeof row, "{\"t\":\"%s\"}\n", text);
    REQUIRE(put("stream.jsonl", row));
    double whole = nll_of(&table, 0, text[0]);
    for (size_t i = 1; i < sizeof text - 1; i++)
        whole += nll_of(&table, (size_t)(text[i - 1] - 'a') + 1, text[i]);
    for (size_t i = 0; i < 3; i++) {
        struct way way = usual;
        way.stride = strides[i];
        REQUIRE(run(way, names, 3, &err) == LM_OK);
        /* a bigram sees one token: windows change nothing */
        CHECK_NEAR(score(TOP "/a", "stream.bpb") * (double)(sizeof text - 1) * log(2), whole, 1e-4);
        CHECK_NEAR(item(TOP "/a", "items/pairs.jsonl", 0, "nll"), -log(0.5 * 0.6), 1e-5);
        CHECK_NEAR(item(TOP "/a", "items/pairs.jsonl", 1, "nll"), -log(0.25 * 0.1), 1e-5);
        CHECK_NEAR(score(TOP "/a", "pairs.acc"), 0.5, 0); /* 0.3 > 0.05, 0.025 < 0.15 */
        CHECK_NEAR(score(TOP "/a", "last.acc"), 0.5, 0);  /* behind b comes c, behind a not */
        CHECK_NEAR(score(TOP "/a", "last.nll"), -log(0.6 * 0.7 * 0.3 * 0.7) / 2, 1e-5);
    }
}

/* A text that the model knows by its positions: no loss, every continuation right. */
static void test_memorised(struct tap *tap)
{
    static const char text[] = "to be or not ab";
    static const char *const names[] = {"stream", "last", "gen", "pick"};
    static struct table table;
    struct lm_err err = {.status = LM_OK};
    int32_t ids[PLACES];
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) /* " t" is one token */
        ids[count++] = at[0] == ' ' && at[1] == 't' ? at++, 256 : *at;
    for (size_t p = 0; p < count; p++)
        table.logit[p][ids[p]] = 25;
    REQUIRE(lm_dir_remove(TOP, NULL) == LM_OK && write_table(&table, NULL, count));
    REQUIRE(put("stream.yaml", TASK "kind: stream\ndata: stream.jsonl\ntarget: '{t}'\n") &&
            put("stream.jsonl", "{\"t\":\"to be or not ab\"}\n") &&
            put("last.yaml", TASK "kind: cloze\ndata: stream.jsonl\ncontext: "
                                  "'{t|without_last_word}'\ntarget: ' {t|last_word}'\n") &&
            put("last.jsonl", "{\"t\":\"to be or not ab\"}\n") &&
            put("pick.yaml", CHOICE "data: pick.jsonl\ncontext: 'to be'\nchoices: [' or not', ' on "
                                    "not', ' of nor']\nanswer: 0\n") &&
            put("pick.jsonl", "{}\n") &&
            put("gen.yaml", TASK "kind: generate\ndata: gen.jsonl\ncontext: 'to'\nreferences: "
                                 "' be or'\n") &&
            put("gen.jsonl", "{}\n"));
    REQUIRE(run(usual, names, 4, &err) == LM_OK);
    CHECK_NEAR(score(TOP "/a", "stream.bpb"), 0, 1e-6);
    CHECK_NEAR(score(TOP "/a", "stream.ppl"), 1, 1e-6);
    CHECK_NEAR(score(TOP "/a", "last.acc"), 1, 0);
    CHECK_NEAR(score(TOP "/a", "last.nll"), 0, 1e-6);
    CHECK_NEAR(score(TOP "/a", "pick.acc"), 1, 0);
    CHECK_NEAR(score(TOP "/a", "gen.chrf"), 100, 1e-9);
    lm_dir_remove(TOP, NULL);
}

static const struct tap_test tests[] = {TAP_ROW(test_bigram) TAP_ROW(test_memorised)};

LM_TEST_FILE(tests)
