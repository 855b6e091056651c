/* GPT-2 checkpoints as others write them: every form of names, numbers and files gives the model,
 * exports come back to the bit, and 10,000 damaged files are refused in one line or change nothing.
 */
#include <lmpipe/model.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/half.h"
#include "base/io.h"
#include "model/formats/safetensors.h"
#include "tests/tap.h"

static const struct lm_model_config shape = {
    .vocab = 97, .context = 12, .layers = 2, .heads = 2, .width = 16, .dropout = 0.125};

enum { TENSORS = 4 + 12 * 2, PIECES = TENSORS + 8, DAMAGES = 10000 };

/* A folder with a model's export, and what a test needs to change it. */
struct stand {
    char folder[40], weights[80], config[80];
    struct lm_model *model;
    struct lm_digest digest;
    struct lm_arena *arena;
    struct lm_err err;
};

/* A tensor of a file, as text and bytes. */
struct piece {
    char name[80];
    const char *type;
    char dims[40];
    const void *data;
    size_t size;
};

static bool stand_up(struct stand *stand)
{
    const struct lm_model_options options = {.seed = 1};
    *stand = (struct stand){.folder = "/tmp/lmpipe-hf-XXXXXX", .arena = lm_arena_create()};
    if (stand->arena == NULL || mkdtemp(stand->folder) == NULL)
        return false;
    snprintf(stand->weights, sizeof stand->weights, "%s/model.safetensors", stand->folder);
    snprintf(stand->config, sizeof stand->config, "%s/config.json", stand->folder);
    if (lm_model_create(&stand->model, &shape, &options, &stand->err) != LM_OK)
        return false;
    for (size_t i = 0; i < lm_model_tensors(stand->model); i++) /* no tensor is all equal */
        for (int64_t k = 0; k < lm_model_tensor(stand->model, i).count; k += 3)
            lm_model_tensor(stand->model, i).data[k] += (float)(i + 1) / 64;
    lm_model_digest(stand->model, &stand->digest);
    return lm_model_export_hf(stand->model, stand->folder, LM_DTYPE_F32, 96, &stand->err) == LM_OK;
}

static void clear(struct stand *stand)
{
    lm_model_free(stand->model);
    lm_arena_free(stand->arena);
    lm_dir_remove(stand->folder, &stand->err);
}

/* Imports; the digest of the weights in *digest when it went well. */
static enum lm_status import(struct stand *stand, const char *path, struct lm_digest *digest)
{
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL;
    stand->err.text[0] = '\0';
    enum lm_status status = lm_model_import_hf(&model, path, &options, &stand->err);
    if (status == LM_OK)
        lm_model_digest(model, digest);
    lm_model_free(model);
    return status;
}

/* The folder gives the very model. */
static void check_same(struct tap *tap, struct stand *stand, const char *path)
{
    struct lm_digest digest = {{0}};
    CHECK_INT(import(stand, path, &digest), LM_OK);
    CHECK_INT(lm_digest_compare(&digest, &stand->digest), 0);
    if (stand->err.text[0] != '\0')
        printf("# %s\n", stand->err.text);
}

static void check_refused(struct tap *tap, struct stand *stand, enum lm_status want,
                          const char *message)
{
    struct lm_digest digest;
    CHECK_INT(import(stand, stand->folder, &digest), want);
    CHECK(strstr(stand->err.text, message) != NULL);
    CHECK(strchr(stand->err.text, '\n') == NULL && strchr(stand->err.text, ';') != NULL);
    if (strstr(stand->err.text, message) == NULL)
        printf("# wanted \"%s\": %s\n", message, stand->err.text);
}

/* The model's tensors as pieces under `prefix`. */
static size_t pieces_of(struct piece *out, const struct lm_model *model, const char *prefix)
{
    for (size_t i = 0; i < TENSORS; i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        out[i] =
            (struct piece){.type = "F32", .data = tensor.data, .size = 4 * (size_t)tensor.count};
        snprintf(out[i].name, sizeof out[i].name, "%s%s", prefix, tensor.name);
        if (tensor.dims == 1)
            snprintf(out[i].dims, sizeof out[i].dims, "%d", (int)tensor.shape[0]);
        else
            snprintf(out[i].dims, sizeof out[i].dims, "%d,%d", (int)tensor.shape[0],
                     (int)tensor.shape[1]);
    }
    return TENSORS;
}

static bool write_pieces(const char *path, const struct piece *pieces, size_t count)
{
    struct lm_buf header, data;
    struct lm_err err;
    lm_buf_init(&header, 0);
    lm_buf_init(&data, 0);
    lm_buf_putc(&header, '{');
    for (size_t i = 0; i < count; i++) {
        lm_buf_printf(&header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,",
                      i > 0 ? "," : "", pieces[i].name, pieces[i].type, pieces[i].dims, data.size);
        lm_buf_append(&data, pieces[i].data, pieces[i].size);
        lm_buf_printf(&header, "%zu]}", data.size);
    }
    lm_buf_putc(&header, '}');
    struct lm_buf file;
    lm_buf_init(&file, 0);
    lm_buf_put_u64(&file, header.size);
    lm_buf_append(&file, header.data, header.size);
    lm_buf_append(&file, data.data, data.size);
    bool is_done = lm_file_write(path, file.data, file.size, &err) == LM_OK;
    lm_buf_release(&header);
    lm_buf_release(&data);
    lm_buf_release(&file);
    return is_done;
}

static void test_round_trip(struct tap *tap)
{
    struct stand stand;
    struct lm_digest a, b, c, d;
    REQUIRE(stand_up(&stand));
    check_same(tap, &stand, stand.folder);
    check_same(tap, &stand, stand.weights);
    CHECK_INT(lm_sha256_file(&a, NULL, stand.weights, NULL), LM_OK);
    CHECK_INT(lm_sha256_file(&b, NULL, stand.config, NULL), LM_OK);
    struct lm_model *again = NULL;
    const struct lm_model_options options = {0};
    REQUIRE(lm_model_import_hf(&again, stand.folder, &options, &stand.err) == LM_OK);
    CHECK(lm_model_config(again)->dropout == shape.dropout);
    CHECK_INT(lm_model_export_hf(again, stand.folder, LM_DTYPE_F32, 96, &stand.err), LM_OK);
    CHECK_INT(lm_sha256_file(&c, NULL, stand.weights, NULL), LM_OK);
    CHECK_INT(lm_sha256_file(&d, NULL, stand.config, NULL), LM_OK);
    CHECK(lm_digest_compare(&a, &c) == 0 && lm_digest_compare(&b, &d) == 0);
    /* lmpipe's own form is one of Hugging Face's. */
    CHECK_INT(lm_model_save(again, stand.folder, &stand.err), LM_OK);
    check_same(tap, &stand, stand.folder);
    lm_model_free(again);
    clear(&stand);
}

/* What transformers reads: the header's first row, the configuration's words. */
static void test_export_form(struct tap *tap)
{
    struct stand stand;
    char *text = NULL;
    size_t size;
    REQUIRE(stand_up(&stand));
    static const char start[] = "{\"__metadata__\":{\"format\":\"pt\"},\"transformer.wte.weight\":{"
                                "\"dtype\":\"BF16\",\"shape\":[97,16],\"data_offsets\":[0,3104]},";
    REQUIRE(lm_model_export_hf(stand.model, stand.folder, LM_DTYPE_BF16, -1, &stand.err) == LM_OK);
    REQUIRE(lm_file_read(&text, &size, stand.arena, stand.weights, 1 << 24, &stand.err) == LM_OK);
    CHECK_INT(strncmp(text + 8, start, strlen(start)), 0);
    CHECK_INT(size % 2, 0);
    REQUIRE(lm_file_read(&text, &size, stand.arena, stand.config, 1 << 24, &stand.err) == LM_OK);
    CHECK(strstr(text, "\"torch_dtype\": \"bfloat16\"") != NULL);
    CHECK(strstr(text, "\"eos_token_id\": null") != NULL);
    CHECK(strstr(text, "\"n_embd\": 16") != NULL);
    CHECK(strstr(text, "\"layer_norm_epsilon\": 1e-05") != NULL);
    clear(&stand);
}

static void test_narrow(struct tap *tap)
{
    static const enum lm_dtype types[] = {LM_DTYPE_F16, LM_DTYPE_BF16};
    const struct lm_model_options options = {0};
    struct stand stand;
    REQUIRE(stand_up(&stand));
    for (size_t k = 0; k < 2; k++) {
        struct lm_model *narrow = NULL;
        REQUIRE(lm_model_export_hf(stand.model, stand.folder, types[k], 96, &stand.err) == LM_OK);
        REQUIRE(lm_model_import_hf(&narrow, stand.folder, &options, &stand.err) == LM_OK);
        size_t wrong = 0, other = 0;
        for (size_t i = 0; i < TENSORS; i++) {
            struct lm_tensor from = lm_model_tensor(stand.model, i);
            struct lm_tensor to = lm_model_tensor(narrow, i);
            for (int64_t j = 0; j < from.count; j++) {
                float want = types[k] == LM_DTYPE_F16
                                 ? lm_half_to_float(lm_float_to_half(from.data[j]))
                                 : lm_bf16_to_float(lm_float_to_bf16(from.data[j]));
                wrong += to.data[j] != want;
                other += to.data[j] != from.data[j];
            }
        }
        CHECK_INT(wrong, 0);
        CHECK(other > 1000);
        /* Rounded once, they stay: a second journey is exact. */
        lm_model_digest(narrow, &stand.digest);
        CHECK_INT(lm_model_export_hf(narrow, stand.folder, types[k], 96, &stand.err), LM_OK);
        check_same(tap, &stand, stand.folder);
        lm_model_free(narrow);
    }
    lm_model_tensor(stand.model, 0).data[5] = 70000;
    CHECK_INT(lm_model_export_hf(stand.model, stand.folder, LM_DTYPE_F16, 96, &stand.err),
              LM_RANGE);
    CHECK(strstr(stand.err.text, "wte.weight") != NULL);
    CHECK_INT(lm_model_export_hf(stand.model, stand.folder, LM_DTYPE_BF16, 96, &stand.err), LM_OK);
    clear(&stand);
}

/* Old and new checkpoints: prefix or none, the causal mask, a head that is written out. */
static void test_names(struct tap *tap)
{
    struct piece pieces[PIECES];
    struct stand stand;
    const unsigned char mask[12 * 12] = {1};
    const float masked = -1e4F;
    REQUIRE(stand_up(&stand));
    size_t count = pieces_of(pieces, stand.model, "");
    REQUIRE(write_pieces(stand.weights, pieces, count));
    check_same(tap, &stand, stand.folder);

    count = pieces_of(pieces, stand.model, "transformer.");
    pieces[count] = pieces[0];
    strcpy(pieces[count++].name, "lm_head.weight");
    for (int layer = 0; layer < 2; layer++) {
        struct piece *at = &pieces[count];
        at[0] =
            (struct piece){.type = "U8", .dims = "1,1,12,12", .data = mask, .size = sizeof mask};
        at[1] = (struct piece){.type = "F32", .dims = "", .data = &masked, .size = 4};
        snprintf(at[0].name, sizeof at[0].name, "transformer.h.%d.attn.bias", layer);
        snprintf(at[1].name, sizeof at[1].name, "transformer.h.%d.attn.masked_bias", layer);
        count += 2;
    }
    REQUIRE(write_pieces(stand.weights, pieces, count));
    check_same(tap, &stand, stand.folder);

    /* tied, and written by the head's name alone, wherever in the file */
    struct piece embedding = pieces[0];
    for (size_t last = 0; last < TENSORS; last += TENSORS - 1) {
        pieces[0] = pieces[last];
        pieces[last] = embedding;
        strcpy(pieces[last].name, "lm_head.weight");
        REQUIRE(write_pieces(stand.weights, pieces, TENSORS));
        check_same(tap, &stand, stand.folder);
    }
    pieces[TENSORS - 1] = pieces[0];
    pieces[0] = embedding;

    strcpy(pieces[count - 2].name, "transformer.h.2.attn.bias");
    REQUIRE(write_pieces(stand.weights, pieces, count));
    check_refused(tap, &stand, LM_FORMAT, "is none of GPT-2's");
    strcpy(pieces[count - 2].name, "transformer.h.1.attn.bias");
    strcpy(pieces[count - 2].dims, "1,1,144,1");
    REQUIRE(write_pieces(stand.weights, pieces, count));
    check_refused(tap, &stand, LM_FORMAT, "is none of GPT-2's");

    float other[97 * 16];
    memcpy(other, pieces[0].data, sizeof other);
    other[97 * 16 - 1] += 0.5F;
    pieces[TENSORS].data = other;
    REQUIRE(write_pieces(stand.weights, pieces, TENSORS + 1));
    check_refused(tap, &stand, LM_UNSUPPORTED, "lm_head.weight is not wte.weight");

    pieces[TENSORS] = pieces[3];
    strcpy(pieces[TENSORS].name, "h.0.ln_1.bias");
    REQUIRE(write_pieces(stand.weights, pieces, TENSORS + 1));
    check_refused(tap, &stand, LM_FORMAT, "twice");
    pieces[TENSORS].type = "I32";
    strcpy(pieces[TENSORS].name, "score.weight");
    REQUIRE(write_pieces(stand.weights, pieces, TENSORS + 1));
    check_refused(tap, &stand, LM_FORMAT, "\"score.weight\" is none of GPT-2's");
    REQUIRE(write_pieces(stand.weights, pieces + 1, TENSORS));
    check_refused(tap, &stand, LM_FORMAT, "a model of this config.json has");
    clear(&stand);
}

/* Halves of the tensors in two files, and every way in which index and files disagree. */
static void test_shards(struct tap *tap)
{
    struct piece pieces[PIECES];
    struct stand stand;
    char first[80], second[80], index[80];
    struct lm_buf text;
    REQUIRE(stand_up(&stand));
    snprintf(first, sizeof first, "%s/model-00001-of-00002.safetensors", stand.folder);
    snprintf(second, sizeof second, "%s/model-00002-of-00002.safetensors", stand.folder);
    snprintf(index, sizeof index, "%s/model.safetensors.index.json", stand.folder);
    pieces_of(pieces, stand.model, "transformer.");
    REQUIRE(write_pieces(first, pieces, 10) && write_pieces(second, pieces + 10, TENSORS - 10));
    unlink(stand.weights);
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, "{\"metadata\":{\"total_size\":1},\"weight_map\":{");
    for (int i = 0; i < TENSORS; i++)
        lm_buf_printf(&text, "%s\"%s\":\"model-0000%d-of-00002.safetensors\"", i > 0 ? "," : "",
                      pieces[i].name, i < 10 ? 1 : 2);
    lm_buf_puts(&text, "}}");
    CHECK_INT(lm_file_write(index, text.data, text.size, &stand.err), LM_OK);
    check_same(tap, &stand, stand.folder);

    static const struct {
        const char *from, *to, *message;
    } rows[] = {
        {"model-00001-of", "/odel-00001-of", "lies in no file of this folder"},
        {"model-00001-of", "mode/-00001-of", "lies in no file of this folder"},
        {"\"model-00001-of-00002.safetensors\"", "31                                ",
         "lies in no file of this folder"},
        {"model-00001-of", "model-00002-of", "does not say that tensor"},
        {"model-00001-of", "model-00003-of", "cannot open"},
        {"transformer.wte", "transformer.wtf", "does not say that tensor"},
        {"weight_map", "weight_mop", "weight_map is no list"},
        {"\"transformer.wpe.weight\"", "\"transformer.wte.weight\"",
         "model.safetensors.index.json"},
        {"{\"metadata", "[\"metadata", "model.safetensors.index.json"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *copy = lm_arena_strndup(stand.arena, text.data, text.size);
        char *at = copy == NULL ? NULL : strstr(copy, rows[i].from);
        REQUIRE(at != NULL);
        memcpy(at, rows[i].to, strlen(rows[i].to));
        CHECK_INT(lm_file_write(index, copy, text.size, &stand.err), LM_OK);
        struct lm_digest digest;
        CHECK(import(&stand, stand.folder, &digest) != LM_OK);
        CHECK(strstr(stand.err.text, rows[i].message) != NULL);
        if (strstr(stand.err.text, rows[i].message) == NULL)
            printf("# wanted \"%s\": %s\n", rows[i].message, stand.err.text);
    }
    CHECK_INT(lm_file_write(index, text.data, text.size, &stand.err), LM_OK);
    REQUIRE(write_pieces(second, pieces + 11, TENSORS - 11));
    check_refused(tap, &stand, LM_FORMAT, "lists 28 tensors, its files hold 27");
    lm_buf_release(&text);
    clear(&stand);
}

static void test_configs(struct tap *tap)
{
    static const struct {
        const char *text;
        enum lm_status status;
        const char *message;
    } rows[] = {
        {"\"scale_attn_weights\":true", LM_OK, ""},
        {"\"n_inner\":64,\"n_ctx\":1024,\"summary_type\":\"cls_index\",\"use_cache\":true", LM_OK,
         ""},
        {"\"pruned_heads\":{},\"quantization_config\":null,\"n_inner\":null", LM_OK, ""},
        {"\"activation_function\":\"relu\"", LM_UNSUPPORTED, "activation_function"},
        {"\"activation_function\":null", LM_UNSUPPORTED, "activation_function"},
        {"\"n_inner\":60", LM_UNSUPPORTED, "n_inner"},
        {"\"n_inner\":\"64\"", LM_UNSUPPORTED, "n_inner"},
        {"\"layer_norm_epsilon\":1e-6", LM_UNSUPPORTED, "layer_norm_epsilon"},
        {"\"scale_attn_weights\":false", LM_UNSUPPORTED, "scale_attn_weights"},
        {"\"scale_attn_by_inverse_layer_idx\":true", LM_UNSUPPORTED, "scale_attn_by_inverse_layer"},
        {"\"scale_attn_by_inverse_layer_idx\":1", LM_UNSUPPORTED, "scale_attn_by_inverse_layer"},
        {"\"tie_word_embeddings\":false", LM_UNSUPPORTED, "tie_word_embeddings"},
        {"\"add_cross_attention\":true", LM_UNSUPPORTED, "add_cross_attention"},
        {"\"is_encoder_decoder\":true", LM_UNSUPPORTED, "is_encoder_decoder"},
        {"\"quantization_config\":{\"bits\":4}", LM_UNSUPPORTED, "quantization_config"},
        {"\"pruned_heads\":{\"1\":[0]}", LM_UNSUPPORTED, "pruned_heads"},
        {"\"resid_pdrop\":1.5", LM_UNSUPPORTED, "resid_pdrop"},
        {"\"attn_pdrop\":\"0.1\"", LM_UNSUPPORTED, "attn_pdrop"},
        {"\"activation_function\":\"gelu_pytorch_tanh\"", LM_OK, ""},
        {"\"activation_function\":\"gelu\"", LM_UNSUPPORTED, "activation_function"},
        {"\"layer_norm_epsilon\":9.999999747378752e-06", LM_OK, ""},
        {"\"layer_norm_epsilon\":1.00000001e-05", LM_OK, ""}, /* the same float */
        {"\"layer_norm_epsilon\":1.00001e-05", LM_UNSUPPORTED, "layer_norm_epsilon"},
        {"\"layer_norm_epsilon\":\"1e-05\"", LM_UNSUPPORTED, "layer_norm_epsilon"},
        {"\"layer_norm_epsilon\":null", LM_UNSUPPORTED, "layer_norm_epsilon"},
        {"\"layer_norm_eps\":1e-6", LM_UNSUPPORTED, "layer_norm_eps"},
        {"\"scale_attn_weight\":false", LM_UNSUPPORTED, "scale_attn_weight"},
        {"\"kv_heads\":1", LM_UNSUPPORTED, "kv_heads"},
        {"\"is_encoder_decoder\":\"false\"", LM_UNSUPPORTED, "is_encoder_decoder"},
        {"\"quantization_config\":[],\"_commit_hash\":null,\"id2label\":{\"0\":\"a\"}", LM_OK, ""},
        {"\"vocab_size\":96", LM_FORMAT, "config.json"}, /* a duplicate key */
    };

    static const char base[] = "{\"model_type\":\"gpt2\",\"vocab_size\":97,\"n_positions\":12,"
                               "\"n_layer\":2,\"n_head\":2,\"n_embd\":16,%s}";
    struct stand stand;
    char text[400];
    REQUIRE(stand_up(&stand));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int size = snprintf(text, sizeof text, base, rows[i].text);
        CHECK_INT(lm_file_write(stand.config, text, (size_t)size, &stand.err), LM_OK);
        struct lm_digest digest;
        CHECK_INT(import(&stand, stand.folder, &digest), rows[i].status);
        CHECK(strstr(stand.err.text, rows[i].message) != NULL);
        if (rows[i].status == LM_OK && stand.err.text[0] != '\0')
            printf("# %s\n", stand.err.text);
        if (rows[i].status != LM_OK)
            CHECK(strstr(stand.err.text, stand.config) != NULL);
    }
    static const char *const sizes[][2] = {
        {"\"vocab_size\":97", "\"vocab_size\":96"},
        {"\"n_positions\":12", "\"n_positions\":13"},
        {"\"n_layer\":2", "\"n_layer\":1"},
        {"\"n_layer\":2", "\"n_layer\":0"},
        {"\"n_embd\":16", "\"n_embd\":14"},
        {"\"n_embd\":16", "\"n_embd\":-1"},
        {"\"n_head\":2", "\"n_head\":3"},
        {"\"n_head\":2", "\"n_haed\":2"},
        {"\"model_type\":\"gpt2\"", "\"model_type\":\"gpt3\""},
        {"\"vocab_size\":97", "\"vocab_size\":9e"},
    };
    int length = snprintf(text, sizeof text, base, "\"use_cache\":true");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char copy[400];
        memcpy(copy, text, (size_t)length + 1);
        char *at = strstr(copy, sizes[i][0]);
        REQUIRE(at != NULL);
        memcpy(at, sizes[i][1], strlen(sizes[i][1]));
        CHECK_INT(lm_file_write(stand.config, copy, (size_t)length, &stand.err), LM_OK);
        struct lm_digest digest;
        CHECK(import(&stand, stand.folder, &digest) != LM_OK);
    }
    lm_model_tensor(stand.model, 4).data[0] = NAN;
    REQUIRE(lm_model_export_hf(stand.model, stand.folder, LM_DTYPE_F32, 96, &stand.err) == LM_OK);
    check_refused(tap, &stand, LM_NUMERIC,
                  "h.0.attn.c_attn.weight holds a number that is not finite; take");
    clear(&stand);
}

/* Changes the header or the length of the file, or a bit of the configuration. Whether the model's
 * heads are still known to be two: their number shows in no tensor. */
static void damage(char *data, size_t *size, uint64_t header, struct lm_rng rng, uint64_t i)
{
    uint64_t kind = lm_rng_below(rng, i, 0, 8), flips = 1 + lm_rng_below(rng, i, 1, 3);
    if (kind == 0)
        *size = lm_rng_below(rng, i, 2, *size);
    else if (kind == 1) /* a run of bytes that were there before, elsewhere */
        memmove(data + 8 + lm_rng_below(rng, i, 2, header - 64),
                data + 8 + lm_rng_below(rng, i, 3, header - 64), lm_rng_below(rng, i, 4, 64));
    else if (kind == 2)
        data[8 + lm_rng_below(rng, i, 2, header)] = "0919[]{}\",:- e."[lm_rng_below(rng, i, 3, 15)];
    else
        for (uint64_t k = 0; k < flips; k++)
            data[lm_rng_below(rng, i, 2 * k + 2, kind == 3 ? 8 : 8 + header)] ^=
                (char)(1 << lm_rng_below(rng, i, 2 * k + 3, 8));
}

static void test_damages(struct tap *tap)
{
    struct stand stand;
    struct lm_rng rng = lm_rng_stream(7, "damage");
    char *data = NULL, *config = NULL;
    size_t size, config_size, refused = 0;
    uint64_t header;
    REQUIRE(stand_up(&stand));
    REQUIRE(lm_file_read(&data, &size, stand.arena, stand.weights, 1 << 24, &stand.err) == LM_OK);
    REQUIRE(lm_file_read(&config, &config_size, stand.arena, stand.config, 1 << 24, &stand.err) ==
            LM_OK);
    memcpy(&header, data, 8);
    char *copy = malloc(size + config_size);
    for (uint64_t i = 0; i < DAMAGES; i++) {
        bool is_config = i % 4 == 3;
        size_t length = is_config ? config_size : size;
        memcpy(copy, is_config ? config : data, length);
        if (is_config)
            copy[lm_rng_below(rng, i, 0, length)] ^= (char)(1 << lm_rng_below(rng, i, 1, 8));
        else
            damage(copy, &length, header, rng, i);
        CHECK_INT(lm_file_write(is_config ? stand.config : stand.weights, copy, length, &stand.err),
                  LM_OK);
        struct lm_digest digest;
        enum lm_status status = import(&stand, stand.folder, &digest);
        refused += status != LM_OK;
        if (status == LM_OK)
            CHECK_INT(lm_digest_compare(&digest, &stand.digest), 0);
        else
            CHECK(stand.err.text[0] != '\0' && strchr(stand.err.text, '\n') == NULL &&
                  status != LM_INTERNAL);
        if (is_config)
            CHECK_INT(lm_file_write(stand.config, config, config_size, &stand.err), LM_OK);
        else if (i % 4 == 2)
            CHECK_INT(lm_file_write(stand.weights, data, size, &stand.err), LM_OK);
    }
    printf("# %d damaged files: %zu refused\n", DAMAGES, refused);
    CHECK(refused > DAMAGES / 4 * 3 * 9 / 10);
    free(copy);
    clear(&stand);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_round_trip) TAP_ROW(test_export_form) TAP_ROW(test_narrow) TAP_ROW(test_names)
        TAP_ROW(test_shards) TAP_ROW(test_configs) TAP_ROW(test_damages)};
LM_TEST_FILE(tests)
