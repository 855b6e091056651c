#include <stdlib.h>

#include <lmpipe/tokenizer.h>

#include "base/json.h"
#include "stages/sample/sample_params.h"

#include "scored_fixture.h"
#include "tap.h"

#define TOP "test_sample_run.tmp"

extern const struct lm_stage lm_stage_sample;
extern lm_run_fn lm_run_sample;

static const uint64_t documents[LM_SPLITS] = {60, 12, 2};
static const char *const prompts[] = {"abc", "hello <b>world", "xyz"};

/* ---- inputs ---- */

/* One text of 80 letters that supports the 43 merges a vocabulary of 300 needs. */
static bool next_document(void *user, const uint8_t **text, size_t *size)
{
    static uint8_t letters[4000];
    bool *is_given = user;
    for (size_t i = 0; i < sizeof letters; i++)
        letters[i] = (uint8_t)('a' + i * i / 7 % 20);
    *text = letters;
    *size = sizeof letters;
    bool is_first = !*is_given;
    *is_given = true;
    return is_first;
}

static bool write_vocab(const char *path)
{
    static const char *const specials[] = {"<|endoftext|>"};
    const struct lm_bpe_options options = {.vocab_size = SCORED_VOCAB,
                                           .pattern = LM_PATTERN_GPT2,
                                           .min_frequency = 1,
                                           .specials = specials,
                                           .special_count = 1};
    struct lm_vocab *vocab = NULL;
    bool is_given = false;
    bool is_done =
        lm_bpe_train(&vocab, &options, next_document, &is_given, NULL, NULL, NULL) == LM_OK &&
        lm_vocab_size(vocab) == SCORED_VOCAB && lm_vocab_save(vocab, path, NULL) == LM_OK;
    lm_vocab_free(vocab);
    return is_done;
}

static bool start(void)
{
    return lm_dir_remove(TOP, NULL) == LM_OK && scored_write_model(TOP "/model") &&
           write_vocab(TOP "/model/vocab") && scored_write_tokens(TOP "/tokens", documents);
}

static struct sample_params usual_params(void)
{
    return (struct sample_params){.prompts = {(void *)(uintptr_t)prompts, 2},
                                  .from_valid = 2,
                                  .prompt_tokens = 6,
                                  .unconditional = 2,
                                  .samples = 2,
                                  .max_tokens = 30,
                                  .weights = "f32"};
}

static enum lm_status run(const char *folder, struct sample_params params, size_t threads,
                          long cancel_after, struct lm_err *err)
{
    const struct lm_job_input inputs[] = {{"model", "model", TOP "/model"},
                                          {"tokens", "tokens", TOP "/tokens"}};
    struct lm_job job = {.stage = &lm_stage_sample,
                         .inputs = inputs,
                         .input_count = 2,
                         .folder = folder,
                         .checkpoints = folder,
                         .seed = 1,
                         .threads = threads,
                         .portable = true};
    struct lm_arena *arena = lm_arena_create();
    struct lm_ctx *ctx = NULL;
    enum lm_status status = lm_stage_sample.resolve(&params, arena, err);
    job.params = &params;
    if (status == LM_OK)
        status = lm_dir_create(folder, err);
    if (status == LM_OK)
        status = lm_ctx_create(&ctx, &job, NULL, -1, err);
    if (status == LM_OK && cancel_after >= 0)
        lm_ctx_cancel_after(ctx, cancel_after);
    if (status == LM_OK)
        status = lm_run_sample(ctx, &params, err);
    lm_ctx_free(ctx);
    lm_arena_free(arena);
    return status;
}

/* ---- the output ---- */

enum { LINES = 64 };

struct lines {
    struct lm_json *items[LINES];
    char *texts[LINES];
    size_t count;
    struct lm_arena *arena;
};

static void read_lines(struct lines *out, const char *folder)
{
    char path[200], *text, *line;
    size_t size;
    snprintf(path, sizeof path, "%s/out/samples", folder);
    *out = (struct lines){.arena = lm_arena_create()};
    if (lm_file_read(&text, &size, out->arena, path, 1 << 24, NULL) != LM_OK)
        return;
    for (line = strtok_r(text, "\n", &text); line != NULL && out->count < LINES;
         line = strtok_r(NULL, "\n", &text)) {
        out->texts[out->count] = line;
        if (lm_json_parse(&out->items[out->count], line, strlen(line), NULL) == LM_OK)
            out->count++;
    }
}

static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        lm_json_free(lines->items[i]);
    lm_arena_free(lines->arena);
}

static bool has_text(const struct lm_json *line, const char *key, const char *want)
{
    const char *text = lm_json_string(lm_json_get(line, key), NULL);
    return text != NULL && strcmp(text, want) == 0;
}

static const struct lm_json *find_figures(const struct lines *lines, const char *of)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (has_text(lines->items[i], "kind", "figures") && has_text(lines->items[i], "of", of))
            return lines->items[i];
    }
    return NULL;
}

static size_t count_kind(const struct lines *lines, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < lines->count; i++)
        count += has_text(lines->items[i], "kind", kind);
    return count;
}

/* ---- tests ---- */

static void writes_the_grid(struct tap *tap)
{
    struct lm_err err = {0};
    struct lines lines;
    REQUIRE(start() && run(TOP "/a", usual_params(), 1, -1, &err) == LM_OK);
    read_lines(&lines, TOP "/a");
    CHECK_INT(count_kind(&lines, "method"), 3);
    CHECK_INT(count_kind(&lines, "sample"), 5 + 10 + 10); /* greedy once a prompt */
    CHECK_INT(count_kind(&lines, "figures"), 7); /* held-out text beside each method, and all */
    for (size_t i = 0; i < lines.count; i++) {
        const struct lm_json *line = lines.items[i];
        if (!has_text(line, "kind", "sample"))
            continue;
        size_t ids = lm_json_count(lm_json_get(line, "ids"));
        CHECK_INT(lm_json_count(lm_json_get(line, "nll")), ids);
        CHECK(has_text(line, "end", "length") ? ids == 30 : ids < 30);
        const struct lm_json *prompt = lm_json_get(line, "prompt");
        CHECK((lm_json_get(line, "reference") != NULL) == has_text(prompt, "source", "valid"));
        if (has_text(prompt, "source", "unconditional"))
            CHECK_INT(lm_json_count(lm_json_get(prompt, "ids")), 0);
    }
    free_lines(&lines);
}

/* Greedy by hand: the most likely token of each position after what was fed, which is the prompt as
 * it stands and nothing before it, or end-of-text; full forward passes, no cache. */
static void check_greedy(struct tap *tap, struct lm_model *model, const struct lm_json *line)
{
    static float logits[SCORED_CONTEXT * SCORED_VOCAB];
    int32_t ids[SCORED_CONTEXT] = {SCORED_END};
    const struct lm_json *got = lm_json_get(line, "ids");
    const struct lm_json *fed = lm_json_get(lm_json_get(line, "prompt"), "ids");
    int64_t first = lm_json_count(fed) > 0 ? (int64_t)lm_json_count(fed) : 1;
    for (int64_t t = 0; t < (int64_t)lm_json_count(fed) && t < SCORED_CONTEXT; t++)
        ids[t] = (int32_t)lm_json_int(lm_json_at(fed, (size_t)t), -1);
    for (int64_t t = first; t < SCORED_CONTEXT && (size_t)(t - first) < lm_json_count(got); t++) {
        REQUIRE(lm_model_logits(model, ids, 1, t, logits, NULL) == LM_OK);
        const float *last = logits + (t - 1) * SCORED_VOCAB;
        int best = 0;
        double sum = 0;
        for (int k = 0; k < SCORED_VOCAB; k++) {
            best = last[k] > last[best] ? k : best;
            sum += exp((double)last[k]);
        }
        ids[t] = best;
        CHECK_INT(lm_json_int(lm_json_at(got, (size_t)(t - first)), -1), best);
        CHECK_NEAR(lm_json_double(lm_json_at(lm_json_get(line, "nll"), (size_t)(t - first)), -1),
                   log(sum) - (double)last[best], 2e-4);
    }
}

static void greedy_is_the_most_likely_token(struct tap *tap)
{
    const struct lm_model_options options = {.numerics = LM_NUMERICS_PORTABLE};
    struct lm_model *model = NULL;
    struct lines lines;
    size_t checked = 0;
    REQUIRE(start() && run(TOP "/a", usual_params(), 1, -1, NULL) == LM_OK);
    REQUIRE(lm_model_load(&model, TOP "/model", &options, NULL) == LM_OK);
    read_lines(&lines, TOP "/a");
    for (size_t i = 0; i < lines.count; i++) {
        if (!has_text(lines.items[i], "method", "greedy"))
            continue;
        check_greedy(tap, model, lines.items[i]);
        checked++;
    }
    CHECK_INT(checked, 5); /* of the spec, of held-out documents, unconditional */
    free_lines(&lines);
    lm_model_free(model);
}

/* Every sample of the small grid occurs, byte for byte, in the larger one. */
static void a_new_prompt_changes_no_other_sample(struct tap *tap)
{
    struct sample_params more = usual_params();
    struct lines few, many;
    more.prompts.count = 3;
    more.from_valid = 4;
    REQUIRE(start() && run(TOP "/few", usual_params(), 1, -1, NULL) == LM_OK);
    REQUIRE(run(TOP "/many", more, 1, -1, NULL) == LM_OK);
    read_lines(&few, TOP "/few");
    read_lines(&many, TOP "/many");
    CHECK_INT(count_kind(&many, "sample"), count_kind(&few, "sample") + 3 * (1 + 2 + 2));
    char hex[LM_DIGEST_HEX], other[LM_DIGEST_HEX];
    CHECK(strcmp(scored_digest(hex, TOP "/few/out/samples"),
                 scored_digest(other, TOP "/many/out/samples")) != 0);
    for (size_t i = 0; i < few.count; i++) {
        bool is_found = !has_text(few.items[i], "kind", "sample");
        for (size_t k = 0; k < many.count && !is_found; k++)
            is_found = strcmp(few.texts[i], many.texts[k]) == 0;
        CHECK(is_found);
    }
    free_lines(&few);
    free_lines(&many);
}

/* Held-out text stands behind each method, of as many texts and tokens; shares of new n-grams
 * grow with n; copies are marked in the texts. */
static void held_out_text_is_as_long(struct tap *tap)
{
    struct sample_params params = usual_params();
    struct lines lines;
    size_t beside = 0;
    REQUIRE(start() && run(TOP "/a", params, 2, -1, NULL) == LM_OK);
    read_lines(&lines, TOP "/a");
    for (size_t i = 1; i < lines.count; i++) {
        const struct lm_json *line = lines.items[i], *copy = lm_json_get(line, "copy");
        if (has_text(line, "kind", "sample"))
            CHECK(copy != NULL && lm_json_int(lm_json_get(copy, "at"), -1) +
                                          lm_json_int(lm_json_get(copy, "tokens"), -1) <=
                                      (int64_t)lm_json_count(lm_json_get(line, "ids")));
        if (lm_json_get(line, "beside") == NULL)
            continue;
        const struct lm_json *method = lines.items[i - 1];
        CHECK(has_text(line, "of", "held-out"));
        CHECK(has_text(line, "beside", lm_json_string(lm_json_get(method, "of"), NULL)));
        CHECK_INT(lm_json_int(lm_json_get(line, "samples"), -1),
                  lm_json_int(lm_json_get(method, "samples"), -2));
        CHECK_INT(lm_json_int(lm_json_get(line, "tokens"), -1),
                  lm_json_int(lm_json_get(method, "tokens"), -2));
        CHECK(lm_json_double(lm_json_get(line, "novel_2"), -1) >= 0);
        CHECK(lm_json_get(line, "novel_2.lo") == NULL); /* too few texts */
        beside++;
    }
    CHECK_INT(beside, 3);
    free_lines(&lines);
}

/* From 20 texts on there are intervals, and they hold their values. */
static void many_texts_have_intervals(struct tap *tap)
{
    static const char *const names[] = {"nll",       "distinct_1", "distinct_4", "rep_4",
                                        "self_bleu", "novel_2",    "mean_copy",  "compression"};
    struct sample_params params = usual_params();
    struct lines lines;
    params.samples = 12;
    params.prompts.count = 1;
    params.from_valid = 0;
    params.unconditional = 12;
    params.temperatures = (struct lm_list){(double[]){1}, 1};
    REQUIRE(start() && run(TOP "/a", params, 1, -1, NULL) == LM_OK);
    read_lines(&lines, TOP "/a");
    const struct lm_json *line = find_figures(&lines, "t1");
    REQUIRE(line != NULL);
    CHECK_INT(count_kind(&lines, "method"), 1); /* temperatures stand in for the usual ones */
    CHECK_INT(lm_json_int(lm_json_get(line, "samples"), -1), 24);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char low[32], high[32];
        snprintf(low, sizeof low, "%s.lo", names[i]);
        snprintf(high, sizeof high, "%s.hi", names[i]);
        double value = lm_json_double(lm_json_get(line, names[i]), -1);
        CHECK(lm_json_double(lm_json_get(line, low), 2) <= value);
        CHECK(lm_json_double(lm_json_get(line, high), -2) >= value);
    }
    free_lines(&lines);
}

/* A search and a rule that exclude one another, an order that lacks a rule: told by method. */
static void refuses_what_excludes(struct tap *tap)
{
    const char *const order[] = {"top_k"};
    struct sample_method methods[] = {{.name = "a", .temperature = 1, .repetition_penalty = 1},
                                      {.name = "b", .temperature = 0.7, .beams = 4}};
    struct sample_params params = usual_params();
    struct lm_arena *arena = lm_arena_create();
    struct lm_err err = {0};
    params.methods = (struct lm_list){methods, 2};
    CHECK_INT(lm_stage_sample.resolve(&params, arena, &err), LM_INVALID);
    CHECK(strstr(err.text, "methods.1.temperature: does not go with beams") == err.text);
    methods[1] = (struct sample_method){
        .name = "b", .temperature = 0.7, .order = {(void *)(uintptr_t)order, 1}};
    params.methods = (struct lm_list){methods, 2};
    CHECK_INT(lm_stage_sample.resolve(&params, arena, &err), LM_INVALID);
    CHECK(strstr(err.text, "methods.1.order: lacks temperature") == err.text);
    lm_arena_free(arena);
}

/* Searches through the whole stage; resolving twice, as the worker does, changes nothing. */
static void searches_are_sampled_once(struct tap *tap)
{
    struct sample_method methods[] = {{.name = "beam",
                                       .temperature = 1,
                                       .repetition_penalty = 1,
                                       .beams = 3,
                                       .length_penalty = 0.6},
                                      {.name = "contrast",
                                       .temperature = 1,
                                       .repetition_penalty = 1,
                                       .contrastive_k = 4,
                                       .contrastive_alpha = 0.6}};
    struct sample_params params = usual_params();
    struct lm_arena *arena = lm_arena_create();
    struct lines lines;
    params.methods = (struct lm_list){methods, 2};
    params.temperatures = (struct lm_list){(double[]){0, 0.5}, 2};
    CHECK_INT(lm_stage_sample.resolve(&params, arena, NULL), LM_OK);
    CHECK_INT(lm_stage_sample.resolve(&params, arena, NULL), LM_OK);
    CHECK_INT(params.methods.count, 4);
    params.unconditional = 1;
    REQUIRE(start() && run(TOP "/a", params, 2, -1, NULL) == LM_OK);
    read_lines(&lines, TOP "/a");
    CHECK_INT(count_kind(&lines, "sample"), 5 * 3 + 9); /* t0_5: twice but of the empty prompt */
    CHECK(has_text(lines.items[0], "signature", "beams:3|length_penalty:0.6"));
    CHECK(has_text(lines.items[3], "signature", "temperature:0.5|draw"));
    CHECK(has_text(lines.items[3], "name", "t0_5"));
    free_lines(&lines);
    lm_arena_free(arena);
}

/* A greedy text of one token over and over: the figures say so. */
static void figures_are_plausible(struct tap *tap)
{
    struct lines lines;
    REQUIRE(start() && run(TOP "/a", usual_params(), 1, -1, NULL) == LM_OK);
    read_lines(&lines, TOP "/a");
    const struct lm_json *plain = find_figures(&lines, "pure");
    const struct lm_json *real = find_figures(&lines, "held-out");
    REQUIRE(plain != NULL && real != NULL);
    double before = 0;
    const char *const novel[] = {"novel_2", "novel_3", "novel_4", "novel_8", "novel_13"};
    for (size_t k = 0; k < 5; k++) {
        double share = lm_json_double(lm_json_get(plain, novel[k]), -1);
        CHECK(share >= before && share <= 1);
        before = share;
    }
    /* Samples of a random model are nearly uniform over 300 tokens, real text over 20. */
    CHECK(lm_json_double(lm_json_get(plain, "novel_2"), 0) >
          lm_json_double(lm_json_get(real, "novel_2"), 1));
    CHECK(lm_json_double(lm_json_get(plain, "distinct_1"), 0) >
          lm_json_double(lm_json_get(real, "distinct_1"), 1));
    free_lines(&lines);
}

static void threads_change_nothing(struct tap *tap)
{
    char one[LM_DIGEST_HEX], three[LM_DIGEST_HEX];
    REQUIRE(start() && run(TOP "/one", usual_params(), 1, -1, NULL) == LM_OK);
    REQUIRE(run(TOP "/three", usual_params(), 3, -1, NULL) == LM_OK);
    CHECK_STR(scored_digest(one, TOP "/one/out/samples"),
              scored_digest(three, TOP "/three/out/samples"));
}

/* Rounded weights write other texts, or at least find them less likely by a little; the same on any
 * threads. */
static void weights_are_rounded(struct tap *tap)
{
    char plain[LM_DIGEST_HEX], one[LM_DIGEST_HEX], three[LM_DIGEST_HEX];
    struct sample_params params = usual_params();
    REQUIRE(start() && run(TOP "/f32", params, 1, -1, NULL) == LM_OK);
    scored_digest(plain, TOP "/f32/out/samples");
    for (size_t i = 1; i < LM_WEIGHT_FORMATS; i++) {
        params.weights = lm_weights_names[i];
        REQUIRE(run(TOP "/one", params, 1, -1, NULL) == LM_OK);
        REQUIRE(run(TOP "/three", params, 3, -1, NULL) == LM_OK);
        CHECK_STR(scored_digest(one, TOP "/one/out/samples"),
                  scored_digest(three, TOP "/three/out/samples"));
        CHECK(strcmp(plain, one) != 0);
        REQUIRE(lm_dir_remove(TOP "/one", NULL) == LM_OK &&
                lm_dir_remove(TOP "/three", NULL) == LM_OK);
    }
}

/* Bytes of this version: other bytes mean another lm_stage_sample.version. */
static void golden_bytes(struct tap *tap)
{
    char hex[LM_DIGEST_HEX];
    REQUIRE(start() && run(TOP "/a", usual_params(), 1, -1, NULL) == LM_OK);
    CHECK_STR(scored_digest(hex, TOP "/a/out/samples"),
              "39e8417bf1f37a039d35c5ec898c9926f4e716662635aa577bc37aae72cfe306");
}

static void refuses_bad_grids(struct tap *tap)
{
    const struct {
        struct sample_method methods[2];
        const char *text;
    } cases[] = {
        {{{.name = "a"}, {.name = "a"}}, "methods: the name \"a\" occurs twice; rename one"},
        {{{.name = "a"}, {.name = "A b"}},
         "methods: a name has 1 to 32 of a-z, 0-9, _ and -; rename \"A b\""},
        {{{.name = "held-out"}, {.name = "b"}},
         "methods: \"held-out\" is the name of the real text; choose another"},
    };
    struct lm_err err = {0};
    struct lm_arena *arena = lm_arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample_params params = usual_params();
        params.methods = (struct lm_list){(void *)(uintptr_t)cases[i].methods, 2};
        CHECK_INT(lm_stage_sample.resolve(&params, arena, &err), LM_INVALID);
        CHECK_STR(err.text, cases[i].text);
    }
    struct sample_params nothing = {.samples = 1, .weights = "f32"};
    CHECK_INT(lm_stage_sample.resolve(&nothing, arena, &err), LM_INVALID);
    lm_arena_free(arena);
}

static void can_be_cancelled(struct tap *tap)
{
    struct lm_err err = {0};
    REQUIRE(start());
    for (long polls = 0; polls < 30; polls += 9)
        CHECK_INT(run(TOP "/a", usual_params(), 1, polls, &err), LM_CANCELLED);
}

/* A model that is not finite is no model: refused with the tensor's name, and nothing is written.
 */
static void refuses_a_model_that_is_not_finite(struct tap *tap)
{
    struct lm_err err = {0};
    char hex[LM_DIGEST_HEX];
    REQUIRE(start() && scored_spoil_model(TOP "/model"));
    CHECK_INT(run(TOP "/a", usual_params(), 1, -1, &err), LM_NUMERIC);
    CHECK(strstr(err.text, "model.safetensors: ln_f.bias holds a number that is not finite") !=
          NULL);
    CHECK(strstr(err.text, "take the file from its source again") != NULL);
    CHECK_STR(scored_digest(hex, TOP "/a/out/samples"), "");
}

static bool shape_upstream(void *user, const char *type, const char *param, int64_t *out)
{
    static const char *const sixes[] = {"context", "layers", "heads"};
    *out = strcmp(param, "vocab_size") == 0 ? 2048 : strcmp(param, "width") == 0 ? 384 : 0;
    for (size_t i = 0; i < sizeof sixes / sizeof sixes[0]; i++)
        *out = strcmp(param, sixes[i]) == 0 ? 6 : *out;
    return user != NULL && (strcmp(type, "train") == 0 || strcmp(type, "bpe") == 0);
}

/* Weights twice, keys and values, and little else; nothing when the shape is not known. */
static void estimates_its_memory(struct tap *tap)
{
    const struct lm_model_config config = {
        .vocab = 2048, .context = 6, .layers = 6, .heads = 6, .width = 384, .dropout = 0};
    char known;
    struct lm_upstream upstream = {shape_upstream, &known, 1, true};
    const struct sample_params params = {.max_tokens = 128, .weights = "f32"};
    struct lm_estimate estimate = {0}, none = {0};
    lm_stage_sample.estimate(&params, &upstream, &estimate);
    double weights = (double)lm_model_parameters(&config) * sizeof(float);
    CHECK((double)estimate.memory > 2 * weights);
    CHECK((double)estimate.memory < 2 * weights + 64e6);
    CHECK_STR(estimate.text, "up to 128 tokens a sample");
    upstream.user = NULL;
    lm_stage_sample.estimate(&params, &upstream, &none);
    CHECK(none.memory == 0 && none.text[0] == '\0');
}

static const struct tap_test tests[] = {
    TAP_ROW(writes_the_grid) TAP_ROW(greedy_is_the_most_likely_token)
        TAP_ROW(a_new_prompt_changes_no_other_sample) TAP_ROW(figures_are_plausible)
            TAP_ROW(held_out_text_is_as_long) TAP_ROW(many_texts_have_intervals)
                TAP_ROW(refuses_what_excludes) TAP_ROW(searches_are_sampled_once)
                    TAP_ROW(threads_change_nothing) TAP_ROW(weights_are_rounded)
                        TAP_ROW(golden_bytes) TAP_ROW(refuses_bad_grids) TAP_ROW(can_be_cancelled)
                            TAP_ROW(refuses_a_model_that_is_not_finite)
                                TAP_ROW(estimates_its_memory)};
LM_TEST_FILE(tests)
