/* Every tensor of every preset has one group and one level; the default of decay is what the list
 * of tensors says. */
#include "model/tensor_group.h"

#include <string.h>

#include "tests/tap.h"

/* Published names of GPT-2 small's tensors, by place. */
static void test_groups(struct tap *tap)
{
    static const struct {
        const char *name;
        unsigned group;
        int64_t level;
    } rows[] = {
        {"wte.weight", LM_GROUP_EMBEDDINGS, 0},
        {"wpe.weight", LM_GROUP_EMBEDDINGS, 0},
        {"h.0.ln_1.weight", LM_GROUP_NORMS, 1},
        {"h.0.ln_1.bias", LM_GROUP_NORMS, 1},
        {"h.11.attn.c_attn.weight", LM_GROUP_MATRICES, 12},
        {"h.11.attn.c_attn.bias", LM_GROUP_BIASES, 12},
        {"h.3.attn.q_norm.weight", LM_GROUP_NORMS, 4},
        {"h.3.mlp.c_proj.bias", LM_GROUP_BIASES, 4},
        {"ln_f.weight", LM_GROUP_NORMS, 13},
        {"ln_f.bias", LM_GROUP_NORMS, 13},
        {"lm_head.weight", LM_GROUP_MATRICES, 13},
        {"score.weight", LM_GROUP_MATRICES, 13},
    };

    struct lm_model_config config = {.vocab = 3,
                                     .context = 2,
                                     .layers = 12,
                                     .heads = 1,
                                     .width = 2,
                                     .qk_norm = true,
                                     .untied = true,
                                     .labels = 2};
    const struct lm_tensor_map map = lm_tensor_map_of(&config);
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL;
    REQUIRE(lm_model_create(&model, &config, &options, NULL) == LM_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t at = 0;
        while (at < map.count && strcmp(lm_model_tensor(model, at).name, rows[i].name) != 0)
            at++;
        REQUIRE(at < map.count);
        CHECK_INT(lm_tensor_group_of(&map, at), rows[i].group);
        CHECK_INT(lm_tensor_level(&map, at), rows[i].level);
    }
    lm_model_free(model);
}

/* A model of three layers: `per_layer` tensors in each, `below` and `above` them. */
static void check_model(struct tap *tap, const struct lm_model_config *config, size_t below,
                        size_t per_layer, size_t above)
{
    const struct lm_model_options options = {0};
    struct lm_model *model = NULL;
    size_t seen[5] = {0};
    const struct lm_tensor_map map = lm_tensor_map_of(config);
    REQUIRE(lm_model_create(&model, config, &options, NULL) == LM_OK);
    for (size_t i = 0; i < lm_model_tensors(model); i++) {
        struct lm_tensor tensor = lm_model_tensor(model, i);
        unsigned group = lm_tensor_group_of(&map, i);
        int64_t level = lm_tensor_level(&map, i);
        CHECK(tensor.decay == ((group & (LM_GROUP_MATRICES | LM_GROUP_EMBEDDINGS)) != 0));
        CHECK((group == LM_GROUP_EMBEDDINGS) == (level == 0));
        REQUIRE(level >= 0 && level <= 4);
        seen[level]++;
    }
    CHECK_INT(seen[0], below);
    CHECK_INT(seen[4], above);
    for (size_t i = 1; i < 4; i++)
        CHECK_INT(seen[i], per_layer);
    lm_model_free(model);
}

static void test_models(struct tap *tap)
{
    struct lm_model_config config = {
        .vocab = 11, .context = 5, .layers = 3, .heads = 2, .width = 8};
    check_model(tap, &config, 2, 12, 2);
    config.labels = 4;
    check_model(tap, &config, 2, 12, 3);
    config.labels = 0;
    config.norm = LM_NORM_RMS;
    config.positions = LM_POSITIONS_ROTARY;
    config.mlp = LM_MLP_SWIGLU;
    config.no_bias = config.untied = config.qk_norm = true;
    check_model(tap, &config, 1, 8, 2);
}

static void test_names(struct tap *tap)
{
    for (size_t i = 0; i < LM_TENSOR_GROUPS; i++)
        CHECK_INT(lm_tensor_group_find(lm_tensor_group_names[i]), 1U << i);
    CHECK(lm_tensor_group_names[LM_TENSOR_GROUPS] == NULL);
    CHECK_INT(lm_tensor_group_find("norm"), 0);
}

static const struct tap_test tests[] = {TAP_ROW(test_groups) TAP_ROW(test_models)
                                            TAP_ROW(test_names)};
LM_TEST_FILE(tests)
