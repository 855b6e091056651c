/* Models in GGUF files: the same weights back, turned as llama.cpp has them, and everything that is
 * not GPT-2 or not whole refused. What llama.cpp makes of them: tests/cli/llama.t. */
#include <lmpipe/gguf.h>
#include <lmpipe/model.h>

#include <unistd.h>

#include "base/half.h"
#include "base/io.h"
#include "gguf/gguf.h"
#include "same_config.h"
#include "sanitized.h"
#include "tests/tap.h"

static const struct lm_model_config config = {
    .vocab = 23, .context = 6, .layers = 2, .heads = 2, .width = 8};

static const char *path_of(void)
{
    static char path[64];
    snprintf(path, sizeof path, "test_gguf_model.%ld.gguf", (long)getpid());
    return path;
}

static struct lm_model *make(uint64_t seed)
{
    const struct lm_model_options options = {.seed = seed};
    struct lm_model *model = NULL;
    return lm_model_create(&model, &config, &options, NULL) == LM_OK ? model : NULL;
}

static enum lm_status save(const struct lm_model *model, enum lm_dtype weights, struct lm_err *err)
{
    struct lm_gguf_writer *writer = NULL;
    LM_TRY(lm_gguf_writer_create(&writer, err));
    enum lm_status status = lm_gguf_put_model(writer, model, weights, err);
    if (status == LM_OK)
        status = lm_gguf_write(writer, path_of(), err);
    lm_gguf_writer_free(writer);
    return status;
}

static enum lm_status load(struct lm_model **out, struct lm_err *err)
{
    const struct lm_model_options options = {0};
    struct lm_gguf *gguf = NULL;
    LM_TRY(lm_gguf_open(&gguf, path_of(), err));
    enum lm_status status = lm_gguf_load_model(out, gguf, &options, err);
    lm_gguf_close(gguf);
    return status;
}

/* ---- there and back ---- */

static float rounded(enum lm_dtype weights, const struct lm_tensor *tensor, float x)
{
    if (tensor->dims == 1 || weights == LM_DTYPE_F32 || strcmp(tensor->name, "wpe.weight") == 0)
        return x;
    return weights == LM_DTYPE_F16 ? lm_half_to_float(lm_float_to_half(x))
                                   : lm_bf16_to_float(lm_float_to_bf16(x));
}

static void test_round_trip(struct tap *tap)
{
    for (int w = 0; lm_dtype_names[w] != NULL; w++) {
        const enum lm_dtype weights = (enum lm_dtype)w;
        struct lm_model *model = make(3), *again = NULL;
        struct lm_err err = {LM_OK, ""};
        struct lm_digest first, second;
        size_t other = 0;
        REQUIRE(model != NULL);
        CHECK_INT(save(model, weights, &err), LM_OK);
        CHECK_INT(lm_sha256_file(&first, NULL, path_of(), &err), LM_OK);
        CHECK_INT(load(&again, &err), LM_OK);
        CHECK_STR(err.text, "");
        REQUIRE(again != NULL && lm_model_tensors(again) == lm_model_tensors(model));
        CHECK(same_config(lm_model_config(again), lm_model_config(model)));
        for (size_t t = 0; t < lm_model_tensors(model); t++) {
            struct lm_tensor a = lm_model_tensor(model, t), b = lm_model_tensor(again, t);
            for (int64_t i = 0; i < a.count; i++)
                other += b.data[i] != rounded(weights, &a, a.data[i]);
        }
        CHECK_INT(other, 0);
        CHECK_INT(save(again, weights, &err), LM_OK);
        CHECK_INT(lm_sha256_file(&second, NULL, path_of(), &err), LM_OK);
        CHECK_INT(lm_digest_compare(&first, &second), 0);
        lm_model_free(model);
        lm_model_free(again);
    }
    unlink(path_of());
}

/* Names, shapes and order of numbers, by the words of the format. */
static void test_layout(struct tap *tap)
{
    struct lm_model *model = make(4);
    struct lm_gguf *gguf = NULL;
    struct lm_err err;
    int64_t value = 0;
    float row[3 * 8 * 8];
    REQUIRE(model != NULL && save(model, LM_DTYPE_F32, &err) == LM_OK);
    REQUIRE(lm_gguf_open(&gguf, path_of(), &err) == LM_OK);

    static const struct {
        const char *key;
        int64_t value;
    } keys[] = {{"gpt2.block_count", 2},          {"gpt2.context_length", 6},
                {"gpt2.embedding_length", 8},     {"gpt2.feed_forward_length", 32},
                {"gpt2.attention.head_count", 2}, {"general.file_type", 0}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        CHECK_INT(lm_gguf_get_int(gguf, keys[i].key, &value, &err), LM_OK);
        CHECK_INT(value, keys[i].value);
    }
    CHECK_INT(lm_gguf_tensors(gguf), 4 + 2 * 12);
    const struct lm_gguf_tensor *qkv = lm_gguf_find(gguf, "blk.1.attn_qkv.weight");
    REQUIRE(qkv != NULL);
    CHECK(qkv->shape[0] == 8 && qkv->shape[1] == 24);
    CHECK_INT(lm_gguf_read(gguf, qkv, (struct lm_gguf_view){row, 8, 1}, &err), LM_OK);
    for (size_t t = 0; t < lm_model_tensors(model); t++) {
        struct lm_tensor tensor = lm_model_tensor(model, t);
        if (strcmp(tensor.name, "h.1.attn.c_attn.weight") == 0)
            CHECK(row[5 * 8 + 3] == tensor.data[3 * 24 + 5]); /* output 5, input 3 */
    }
    const struct lm_gguf_tensor *tokens = lm_gguf_find(gguf, "token_embd.weight");
    REQUIRE(tokens != NULL);
    CHECK(tokens->shape[0] == 8 && tokens->shape[1] == 23);
    CHECK(lm_gguf_find(gguf, "output.weight") == NULL);
    lm_gguf_close(gguf);
    lm_model_free(model);
    unlink(path_of());
}

/* Every finite half goes through a file as it is. */
static void test_all_halves(struct tap *tap)
{
    static float in[63488], out[63488];
    struct lm_gguf_writer *writer = NULL;
    struct lm_gguf *gguf = NULL;
    struct lm_err err;
    size_t count = 0;
    for (uint32_t half = 0; half < 65536; half++)
        if ((half & 0x7C00) != 0x7C00)
            in[count++] = lm_half_to_float((uint16_t)half);
    CHECK_INT(count, 63488);
    REQUIRE(lm_gguf_writer_create(&writer, &err) == LM_OK);
    CHECK_INT(lm_gguf_put_tensor(writer, "t", LM_GGUF_ELEMENT_F16, 0, 63488,
                                 (struct lm_gguf_view){in, 0, 1}, &err),
              LM_OK);
    CHECK_INT(lm_gguf_write(writer, path_of(), &err), LM_OK);
    REQUIRE(lm_gguf_open(&gguf, path_of(), &err) == LM_OK);
    CHECK_INT(lm_gguf_read(gguf, lm_gguf_tensor(gguf, 0), (struct lm_gguf_view){out, 0, 1}, &err),
              LM_OK);
    CHECK_INT(memcmp(in, out, sizeof in), 0);
    lm_gguf_close(gguf);
    lm_gguf_writer_free(writer);
    unlink(path_of());
}

/* ---- what is refused ---- */

/* A file as it should be, but for one thing. */
struct variant {
    const char *key;          /* of an integer that is another, or one more */
    int64_t value;            /* -1: it is left out */
    const char *architecture; /* NULL: "gpt2" */
    float epsilon;            /* 0: 1e-5 */
    bool looks_ahead;
    const char *skip, *extra;     /* tensors */
    enum lm_gguf_element element; /* of token_embd.weight */
    float head;                   /* added to the first number of an extra tensor */
    enum lm_status status;
    const char *message;
};

static const struct variant variants[] = {
    {.status = LM_OK, .message = ""},
    {.extra = "output.weight", .status = LM_OK, .message = ""},
    {.extra = "output.weight",
     .head = 1e-3F,
     .status = LM_UNSUPPORTED,
     .message = "output.weight is not the token embedding"},
    {.architecture = "llama",
     .status = LM_UNSUPPORTED,
     .message = "general.architecture is \"llama\""},
    {.key = "block_count", .value = 3, .status = LM_FORMAT, .message = "no tensor \"blk.2."},
    {.key = "block_count",
     .value = 1,
     .status = LM_UNSUPPORTED,
     .message = "holds 28 tensors, but GPT-2 with 1 layers has 16"},
    {.key = "block_count",
     .value = UINT32_MAX,
     .status = LM_RANGE,
     .message = "layers: 4294967295"},
    {.key = "block_count", .value = 0, .status = LM_RANGE, .message = "layers: 0"},
    {.key = "block_count",
     .value = -1,
     .status = LM_NOT_FOUND,
     .message = "does not say gpt2.block_count"},
    {.key = "context_length",
     .value = 7,
     .status = LM_FORMAT,
     .message = "\"position_embd.weight\" has not the shape"},
    {.key = "embedding_length",
     .value = 16,
     .status = LM_UNSUPPORTED,
     .message = "feed_forward_length is 32, not 64"},
    {.key = "feed_forward_length",
     .value = 16,
     .status = LM_UNSUPPORTED,
     .message = "feed_forward_length is 16, not 32"},
    {.key = "attention.head_count", .value = 3, .status = LM_RANGE, .message = "heads: 3"},
    {.key = "attention.head_count_kv",
     .value = 1,
     .status = LM_UNSUPPORTED,
     .message = "head_count_kv is 1, not 2"},
    {.key = "attention.head_count_kv", .value = -1, .status = LM_OK, .message = ""},
    {.key = "vocab_size",
     .value = 22,
     .status = LM_UNSUPPORTED,
     .message = "vocab_size is 22, not 23"},
    {.key = "rope.dimension_count",
     .value = 4,
     .status = LM_UNSUPPORTED,
     .message = "gpt2.rope.dimension_count is not known"},
    {.epsilon = 1e-6F, .status = LM_UNSUPPORTED, .message = "layer_norm_epsilon is not 1e-05"},
    {.looks_ahead = true, .status = LM_UNSUPPORTED, .message = "attention.causal is false"},
    {.skip = "output_norm.bias",
     .status = LM_FORMAT,
     .message = "has no tensor \"output_norm.bias\""},
    {.skip = "token_embd.weight",
     .status = LM_FORMAT,
     .message = "has no matrix token_embd.weight"},
    {.extra = "blk.0.attn_q_norm.weight", .status = LM_UNSUPPORTED, .message = "holds 29 tensors"},
    {.element = LM_GGUF_ELEMENT_F16, .status = LM_OK, .message = ""},
};

static void write_keys(struct lm_gguf_writer *writer, const struct variant *variant)
{
    static const struct {
        const char *key;
        int64_t value;
    } rows[] = {{"block_count", 2},          {"context_length", 6},
                {"embedding_length", 8},     {"feed_forward_length", 32},
                {"attention.head_count", 2}, {"attention.head_count_kv", 2},
                {"vocab_size", 23},          {"rope.dimension_count", -1}};

    lm_gguf_put_text(writer, "general.architecture",
                     variant->architecture != NULL ? variant->architecture : "gpt2");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char key[64];
        bool is_other = variant->key != NULL && strcmp(variant->key, rows[i].key) == 0;
        int64_t value = is_other ? variant->value : rows[i].value;
        snprintf(key, sizeof key, "gpt2.%s", rows[i].key);
        if (value >= 0)
            lm_gguf_put_u32(writer, key, (uint32_t)value);
    }
    lm_gguf_put_f32(writer, "gpt2.attention.layer_norm_epsilon",
                    variant->epsilon > 0 ? variant->epsilon : 1e-5F);
    lm_gguf_put_bool(writer, "gpt2.attention.causal", !variant->looks_ahead);
}

/* Tensors of a good file, of the last saved, as the variant wants them. */
static bool write_tensors(struct lm_gguf_writer *writer, const struct variant *variant,
                          const struct lm_gguf *good, float *room)
{
    for (size_t i = 0; i < lm_gguf_tensors(good); i++) {
        const struct lm_gguf_tensor *tensor = lm_gguf_tensor(good, i);
        const struct lm_gguf_view view = {room, (size_t)tensor->shape[0], 1};
        bool is_tokens = strcmp(tensor->name, "token_embd.weight") == 0;
        int64_t rows = tensor->dims == 2 ? tensor->shape[1] : 0;
        if (lm_gguf_read(good, tensor, view, NULL) != LM_OK)
            return false;
        if ((variant->skip == NULL || strcmp(variant->skip, tensor->name) != 0) &&
            lm_gguf_put_tensor(writer, tensor->name,
                               is_tokens ? variant->element : LM_GGUF_ELEMENT_F32, rows,
                               tensor->shape[0], view, NULL) != LM_OK)
            return false;
        room += tensor->count;
        if (!is_tokens || variant->extra == NULL)
            continue;
        memcpy(room, view.data, (size_t)tensor->count * sizeof *room);
        room[0] += variant->head;
        const struct lm_gguf_view head = {room, view.row, 1};
        if (lm_gguf_put_tensor(writer, variant->extra, LM_GGUF_ELEMENT_F32, rows, tensor->shape[0],
                               head, NULL) != LM_OK)
            return false;
        room += tensor->count;
    }
    return true;
}

static void test_refusals(struct tap *tap)
{
    static float room[4096];
    struct lm_model *model = make(5), *again = NULL;
    struct lm_gguf *good = NULL;
    struct lm_err err;
    REQUIRE(model != NULL && save(model, LM_DTYPE_F32, &err) == LM_OK);
    REQUIRE(lm_gguf_open(&good, path_of(), &err) == LM_OK);
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        const struct variant *variant = &variants[i];
        struct lm_gguf_writer *writer = NULL;
        REQUIRE(lm_gguf_writer_create(&writer, &err) == LM_OK);
        write_keys(writer, variant);
        REQUIRE(write_tensors(writer, variant, good, room));
        REQUIRE(lm_gguf_write(writer, path_of(), &err) == LM_OK);
        err.text[0] = '\0';
        CHECK_INT(load(&again, &err), variant->status);
        CHECK(strstr(err.text, variant->message) != NULL);
        CHECK(err.text[0] == '\0' || strstr(err.text, "; ") != NULL);
        if (strstr(err.text, variant->message) == NULL)
            printf("# row %zu: %s\n", i, err.text);
        lm_model_free(again);
        again = NULL;
        lm_gguf_writer_free(writer);
    }
    lm_gguf_close(good);
    lm_model_free(model);
    unlink(path_of());
}

static void test_not_finite(struct tap *tap)
{
    struct lm_model *model = make(6), *again = NULL;
    struct lm_err err;
    REQUIRE(model != NULL);
    lm_model_tensor(model, 3).data[1] = NAN;
    CHECK_INT(save(model, LM_DTYPE_F32, &err), LM_OK);
    CHECK_INT(load(&again, &err), LM_NUMERIC);
    CHECK(strstr(err.text, path_of()) != NULL && again == NULL);
    lm_model_tensor(model, 3).data[1] = 0;
    lm_model_tensor(model, 0).data[0] = 1e6F;
    CHECK_INT(save(model, LM_DTYPE_F16, &err), LM_UNSUPPORTED);
    CHECK(strstr(err.text, "\"token_embd.weight\" holds a number that is too large for F16") !=
          NULL);
    CHECK_INT(save(model, LM_DTYPE_BF16, &err), LM_OK);
    lm_model_free(model);
    unlink(path_of());
}

/* ---- damage ---- */

/* A damaged copy: bits flipped, cut off, drawn out, or two words exchanged. Returns its size. */
static size_t damage(char *copy, const char *data, size_t size, struct lm_rng rng, uint64_t i)
{
    memcpy(copy, data, size);
    memset(copy + size, 0, 64);
    if (i % 5 == 0)
        return lm_rng_below(rng, i, 0, size);
    if (i % 5 == 1)
        return size + 1 + lm_rng_below(rng, i, 0, 63);
    if (i % 5 == 2) {
        size_t a = lm_rng_below(rng, i, 0, size - 8), b = lm_rng_below(rng, i, 1, size - 8);
        memmove(copy + a, data + b, 8);
        memmove(copy + b, data + a, 8);
        return size;
    }
    for (uint64_t k = 0; k < i % 5; k++)
        copy[lm_rng_below(rng, i, 2 * k + 1, size)] ^=
            (char)(1 << lm_rng_below(rng, i, 2 * k + 2, 8));
    return size;
}

/* Damaged files; the sanitizers see what a quarter of them does. */
enum { DAMAGED = LM_SANITIZED ? 2500 : 10000, DAMAGED_HEADERS = LM_SANITIZED ? 1250 : 5000 };

/* Each is refused with one line, or the model it was. */
static void test_damage(struct tap *tap)
{
    struct lm_model *model = make(7);
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(8, "damage");
    struct lm_digest want, got;
    char *data = NULL;
    size_t size = 0, refused = 0;
    struct lm_err err;
    REQUIRE(model != NULL && save(model, LM_DTYPE_F16, &err) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path_of(), 1 << 24, &err) == LM_OK);
    lm_model_free(model);
    model = NULL;
    REQUIRE(load(&model, &err) == LM_OK);
    lm_model_digest(model, &want);
    char *copy = malloc(size + 64);
    for (uint64_t i = 0; i < DAMAGED; i++) {
        struct lm_model *again = NULL;
        CHECK_INT(lm_file_write(path_of(), copy, damage(copy, data, size, rng, i), &err), LM_OK);
        err.text[0] = '\0';
        if (load(&again, &err) == LM_OK) {
            lm_model_digest(again, &got);
            CHECK_INT(lm_digest_compare(&want, &got), 0);
        } else {
            refused++;
            CHECK(strstr(err.text, "; ") != NULL && strchr(err.text, '\n') == NULL);
        }
        lm_model_free(again);
    }
    CHECK(refused > DAMAGED * 99 / 100);
    printf("# %zu of %d refused\n", refused, DAMAGED);
    free(copy);
    lm_arena_free(arena);
    lm_model_free(model);
    unlink(path_of());
}

/* The same without the digest, in the header: whatever is taken has the shape of a model. */
static void test_damaged_header(struct tap *tap)
{
    struct lm_model *model = make(9);
    struct lm_arena *arena = lm_arena_create();
    struct lm_rng rng = lm_rng_stream(10, "damage");
    char *data = NULL;
    size_t size = 0, refused = 0;
    struct lm_err err;
    REQUIRE(model != NULL && save(model, LM_DTYPE_F32, &err) == LM_OK);
    REQUIRE(lm_file_read(&data, &size, arena, path_of(), 1 << 24, &err) == LM_OK);
    static const char *const keys[] = {LM_GGUF_DIGEST_KEY, LM_GGUF_FORMAT_KEY};
    for (size_t i = 0; i < 2; i++) {
        char *key = memmem(data, size, keys[i], strlen(keys[i]));
        REQUIRE(key != NULL);
        key[0] = 'x';
    }
    char *copy = malloc(size);
    for (uint64_t i = 0; i < DAMAGED_HEADERS; i++) {
        struct lm_model *again = NULL;
        memcpy(copy, data, size);
        for (uint64_t k = 0; k <= i % 3; k++)
            copy[lm_rng_below(rng, i, 2 * k, 2400)] ^=
                (char)(1 << lm_rng_below(rng, i, 2 * k + 1, 8));
        CHECK_INT(lm_file_write(path_of(), copy, size, &err), LM_OK);
        err.text[0] = '\0';
        if (load(&again, &err) == LM_OK) {
            CHECK_INT(lm_model_check(again, &err), LM_OK);
        } else {
            refused++;
            CHECK(strstr(err.text, "; ") != NULL && strchr(err.text, '\n') == NULL);
        }
        lm_model_free(again);
    }
    CHECK(refused > DAMAGED_HEADERS * 7 / 10);
    printf("# %zu of %d refused\n", refused, DAMAGED_HEADERS);
    free(copy);
    lm_arena_free(arena);
    lm_model_free(model);
    unlink(path_of());
}

static const struct tap_test tests[] = {
    TAP_ROW(test_round_trip) TAP_ROW(test_layout) TAP_ROW(test_all_halves) TAP_ROW(test_refusals)
        TAP_ROW(test_not_finite) TAP_ROW(test_damage) TAP_ROW(test_damaged_header)};
LM_TEST_FILE(tests)
