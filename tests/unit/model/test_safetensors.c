/* Saved models: the same bytes, the same model, and every damage a message. */
#include <lmpipe/model.h>

#include <unistd.h>

#include "base/io.h"
#include "same_config.h"
#include "tests/comma_locale.h"
#include "tests/tap.h"

static const struct lm_model_config config = {
    .vocab = 97, .context = 12, .layers = 2, .heads = 2, .width = 16, .dropout = 0.25};

static struct lm_model *make(uint64_t seed)
{
    const struct lm_model_options options = {.seed = seed};
    struct lm_model *model = NULL;
    struct lm_err err;
    return lm_model_create(&model, &config, &options, &err) == LM_OK ? model : NULL;
}

/* A folder that the test removes. */
static void folder(char out[64])
{
    strcpy(out, "/tmp/lmpipe-model-XXXXXX");
    if (mkdtemp(out) == NULL)
        perror(out);
}

static enum lm_status load(const char *dir, struct lm_err *err)
{
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL;
    enum lm_status status = lm_model_load(&model, dir, &options, err);
    lm_model_free(model);
    return status;
}

static void test_round_trip(struct tap *tap)
{
    char a[64], b[64];
    struct lm_err err;
    const struct lm_model_options options = {.seed = 99};
    struct lm_model *model = make(1), *again = NULL;
    REQUIRE(model != NULL);
    folder(a);
    folder(b);
    REQUIRE(lm_model_save(model, a, &err) == LM_OK);
    REQUIRE(lm_model_load(&again, a, &options, &err) == LM_OK);
    CHECK(same_config(lm_model_config(again), &config));
    struct lm_digest want, got;
    lm_model_digest(model, &want);
    lm_model_digest(again, &got);
    CHECK_INT(lm_digest_compare(&want, &got), 0);
    REQUIRE(lm_model_save(again, b, &err) == LM_OK);
    static const char *const files[] = {"model.safetensors", "config.json"};
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", a, files[i]);
        CHECK_INT(lm_sha256_file(&want, NULL, path, &err), LM_OK);
        snprintf(path, sizeof path, "%s/%s", b, files[i]);
        CHECK_INT(lm_sha256_file(&got, NULL, path, &err), LM_OK);
        CHECK_INT(lm_digest_compare(&want, &got), 0);
    }
    lm_model_free(model);
    lm_model_free(again);
    lm_dir_remove(a, &err);
    lm_dir_remove(b, &err);
}

/* The header by hand: what other readers of the format will see. */
static void test_header(struct tap *tap)
{
    char dir[64], path[128];
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    struct lm_model *model = make(1);
    char *data = NULL;
    size_t size;
    folder(dir);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path, 1 << 24, &err) == LM_OK);
    uint64_t length;
    memcpy(&length, data, 8);
    CHECK_INT(length % 8, 0);
    CHECK_INT(size, 8 + length + 4 * (uint64_t)lm_model_parameters(&config));
    static const char start[] = "{\"__metadata__\":{\"format\":\"pt\"},\"wte.weight\":{\"dtype\":"
                                "\"F32\",\"shape\":[97,16],\"data_offsets\":[0,6208]},";
    CHECK_INT(strncmp(data + 8, start, strlen(start)), 0);
    CHECK_INT(memcmp(data + 8 + length, lm_model_tensor(model, 0).data, 6208), 0);
    lm_model_free(model);
    lm_arena_free(arena);
    lm_dir_remove(dir, &err);
}

/* Replaces the one place where `from` stands in the file by `to` of the same length. */
static bool edit(char *data, size_t size, const char *from, const char *to)
{
    char *at = memmem(data, size, from, strlen(from));
    if (at == NULL || strlen(from) != strlen(to))
        return false;
    memcpy(at, to, strlen(to));
    return true;
}

static void test_edits(struct tap *tap)
{
    static const struct {
        const char *from, *to, *message;
    } rows[] = {
        {"[97,16]", "[16,97]", "another shape"},
        {"\"F32\"", "\"I32\"", "not F32"},
        {"\"F32\"", "\"F64\"", "do not fit"},
        {"\"F32\"", "\"f32\"", "no known type"},
        {"wpe.weight", "wqe.weight", "not one of this model"},
        {"\"wpe.weight\"", "\"wte.weight\"", "header"},
        {"[0,6208]", "[4,6212]", "overlap or leave holes"},
        {"[0,6208]", "[0,6204]", "do not fit"},
        {"[0,6208]", "[6208,0]", "do not fit"},
        {"[0,6208]", "0,[6208]", "header"},
        {"data_offsets\":[0,", "data_offsetz\":[0,", "do not fit"},
        {"{\"__metadata__\"", "[\"__metadata__\"", "header"},
    };

    char dir[64], path[128];
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    struct lm_model *model = make(1);
    char *data = NULL;
    size_t size;
    folder(dir);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path, 1 << 24, &err) == LM_OK);
    char *copy = malloc(size + 4);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(copy, data, size);
        CHECK(edit(copy, size, rows[i].from, rows[i].to));
        CHECK_INT(lm_file_write(path, copy, size, &err), LM_OK);
        CHECK_INT(load(dir, &err), LM_FORMAT);
        CHECK(strstr(err.text, rows[i].message) != NULL);
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# %s\n", err.text);
    }
    memcpy(copy, data, size);
    CHECK_INT(lm_file_write(path, copy, size + 4, &err), LM_OK);
    CHECK_INT(load(dir, &err), LM_FORMAT);
    CHECK(strstr(err.text, "4 bytes follow") != NULL);
    free(copy);
    lm_model_free(model);
    lm_arena_free(arena);
    lm_dir_remove(dir, &err);
}

/* 1,000 random damages of the header's bytes or the file's length: never a crash; whatever is
 * accepted has all tensors where they were. */
static void test_mutations(struct tap *tap)
{
    char dir[64], path[128];
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    struct lm_model *model = make(1);
    struct lm_rng rng = lm_rng_stream(3, "damage");
    char *data = NULL;
    size_t size, refused = 0;
    folder(dir);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path, 1 << 24, &err) == LM_OK);
    uint64_t header;
    memcpy(&header, data, 8);
    char *copy = malloc(size);
    for (uint64_t i = 0; i < 1000; i++) {
        memcpy(copy, data, size);
        size_t length = size;
        if (i % 4 == 0)
            length = lm_rng_below(rng, i, 0, size);
        else
            for (uint64_t k = 0; k < i % 4; k++)
                copy[lm_rng_below(rng, i, 2 * k + 1, i % 3 == 0 ? 8 : 8 + header)] ^=
                    (char)(1 << lm_rng_below(rng, i, 2 * k + 2, 8));
        CHECK_INT(lm_file_write(path, copy, length, &err), LM_OK);
        err.text[0] = '\0';
        enum lm_status status = load(dir, &err);
        refused += status != LM_OK;
        CHECK(status == LM_OK || (status == LM_FORMAT && err.text[0] != '\0'));
    }
    CHECK(refused > 950);
    free(copy);
    lm_model_free(model);
    lm_arena_free(arena);
    lm_dir_remove(dir, &err);
}

#define CONFIG(type, more)                                                                         \
    "{\"model_type\":\"" type                                                                      \
    "\",\"vocab_size\":97,\"n_positions\":12,\"n_layer\":2,\"n_head\":2,"                          \
    "\"n_embd\":16," more "}"

static void test_config_file(struct tap *tap)
{
    char dir[64], path[128];
    struct lm_err err;
    struct lm_model_config got;
    struct lm_model *model = make(1);
    folder(dir);
    snprintf(path, sizeof path, "%s/config.json", dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    CHECK_INT(lm_model_load_config(&got, dir, &err), LM_OK);
    CHECK(got.dropout == 0.25);

    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{", "config.json"},
        {"[]", "JSON object"},
        {"{\"model_type\":\"llama\"}", "model_type"},
        {"{\"model_type\":\"gpt2\",\"activation_function\":\"relu\"}", "activation_function"},
        {"{\"model_type\":\"gpt2\",\"activation_function\":\"gelu_new\"}", "vocab"},
        {CONFIG("gpt2", "\"layer_norm_epsilon\":\"1e-6\""), "layer_norm_epsilon is not 1e-05"},
        {CONFIG("gpt2", "\"layer_norm_epsilon\":1e-6"), "layer_norm_epsilon is not 1e-05"},
        {CONFIG("gpt2", "\"n_haed\":2"), "\"n_haed\" is not known"},
        {CONFIG("gpt2", "\"norm\":\"rms\""), "\"norm\" is not known"},
        {CONFIG("gpt2", "\"tie_word_embeddings\":\"no\""), "tie_word_embeddings is not true"},
        {CONFIG("lmpipe", "\"untied\":true,\"tie_word_embeddings\":true"), "tie_word_embeddings"},
        {CONFIG("lmpipe", "\"nrom\":\"rms\""), "\"nrom\" is not known"},
        {CONFIG("lmpipe", "\"kv_heads\":\"1\""), "kv_heads"},
        {CONFIG("lmpipe", "\"n_inner\":30"), "n_inner is not null"},
        {"{\"model_type\":\"gpt2\",\"vocab_size\":\"97\"}", "vocab_size is not a whole number"},
    };

    static const char *const fine[] = {
        CONFIG("gpt2", "\"layer_norm_epsilon\":9.999999747378752e-06"),
        CONFIG("gpt2", "\"activation_function\":\"gelu_pytorch_tanh\""),
        CONFIG("gpt2", "\"_name_or_path\":\"x\",\"use_cache\":false"),
        CONFIG("lmpipe", "\"norm\":\"rms\",\"untied\":true,\"tie_word_embeddings\":false"),
    };
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        CHECK_INT(lm_file_write(path, fine[i], strlen(fine[i]), &err), LM_OK);
        CHECK_INT(lm_model_load_config(&got, dir, &err), LM_OK);
    }

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(lm_file_write(path, rows[i].text, strlen(rows[i].text), &err), LM_OK);
        CHECK(load(dir, &err) != LM_OK);
        CHECK(strstr(err.text, rows[i].message) != NULL);
        if (strstr(err.text, rows[i].message) == NULL)
            printf("# wanted \"%s\": %s\n", rows[i].message, err.text);
    }
    unlink(path);
    CHECK_INT(load(dir, &err), LM_NOT_FOUND);
    lm_model_free(model);
    lm_dir_remove(dir, &err);
}

/* A host that set a locale with a decimal comma writes the same bytes, and reads them. */
static void test_locale(struct tap *tap)
{
    char dir[64], path[128];
    struct lm_err err;
    struct lm_digest want, got;
    struct lm_model *model = make(1);
    const struct lm_model_options options = {0};
    folder(dir);
    snprintf(path, sizeof path, "%s/config.json", dir);
    REQUIRE(model != NULL && lm_model_save(model, dir, &err) == LM_OK);
    REQUIRE(lm_sha256_file(&want, NULL, path, &err) == LM_OK);
    lm_model_free(model);
    if (!comma_begin(","))
        SKIP("no locale with a decimal comma can be made: install localedef");
    CHECK_INT(lm_model_load(&model, dir, &options, &err), LM_OK);
    CHECK(lm_model_config(model)->dropout == 0.25);
    CHECK_INT(lm_model_save(model, dir, &err), LM_OK);
    CHECK_INT(lm_sha256_file(&got, NULL, path, &err), LM_OK);
    CHECK_INT(lm_digest_compare(&got, &want), 0);
    CHECK_INT(lm_model_export_hf(model, dir, LM_DTYPE_F32, -1, &err), LM_OK);
    struct lm_model *again = NULL;
    CHECK_INT(lm_model_import_hf(&again, dir, &options, &err), LM_OK);
    lm_model_free(again);
    CHECK(comma_is_set());
    comma_end();
    lm_model_free(model);
    lm_dir_remove(dir, &err);
}

static const struct tap_test tests[] = {TAP_ROW(test_round_trip) TAP_ROW(test_header) TAP_ROW(
    test_edits) TAP_ROW(test_mutations) TAP_ROW(test_config_file) TAP_ROW(test_locale)};
LM_TEST_FILE(tests)
