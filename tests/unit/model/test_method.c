/* Which rules go together, and what a method is called. */
#include <lmpipe/model.h>

#include "tests/tap.h"

static void signatures(struct tap *tap)
{
    const struct {
        struct lm_sampling method;
        const char *text;
    } rows[] = {
        {{0}, "greedy"},
        {{.repetition_penalty = 1.3}, "repetition_penalty:1.3|greedy"},
        {{.top_p = 0.9}, "greedy"},
        {{.temperature = 1}, "draw"},
        {{.temperature = 0.8, .top_p = 0.95}, "temperature:0.8|top_p:0.95|draw"},
        {{.temperature = 0.7,
          .repetition_penalty = 1.1,
          .top_k = 40,
          .typical_p = 0.9,
          .top_p = 0.95,
          .min_p = 0.05,
          .eta = 0.0003},
         "repetition_penalty:1.1|temperature:0.7|top_k:40|typical_p:0.9|top_p:0.95|min_p:0.05|"
         "eta:0.0003|draw"},
        {{.temperature = 0.5,
          .top_p = 0.8,
          .order = {LM_RULE_TOP_P, LM_RULE_TOP_K, LM_RULE_TEMPERATURE},
          .order_count = 3},
         "top_p:0.8|temperature:0.5|draw"},
        {{.temperature = 1, .top_p = 1, .typical_p = 1, .repetition_penalty = 1}, "draw"},
        {{.beams = 4, .length_penalty = 0.6}, "beams:4|length_penalty:0.6"},
        {{.temperature = 1, .contrastive_k = 5, .contrastive_alpha = 0.6},
         "contrastive_k:5|contrastive_alpha:0.6"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[LM_SIGNATURE_SIZE];
        lm_sampling_signature(text, &rows[i].method);
        CHECK_STR(text, rows[i].text);
        CHECK_INT(lm_sampling_check(&rows[i].method, NULL), LM_OK);
    }
}

static void refusals(struct tap *tap)
{
    const struct {
        struct lm_sampling method;
        const char *field, *remedy;
    } rows[] = {
        {{.temperature = -1}, "temperature: ", "choose a value within"},
        {{.temperature = NAN}, "temperature: ", "choose a value within"},
        {{.top_k = -1}, "top_k: ", "choose a value within"},
        {{.top_p = 1.5}, "top_p: ", "choose a value within"},
        {{.typical_p = -0.1}, "typical_p: ", "choose a value within"},
        {{.eta = NAN}, "eta: ", "choose a value within"},
        {{.beams = LM_BEAMS_MAX + 1}, "beams: ", "choose fewer"},
        {{.contrastive_k = -2}, "contrastive_k: ", "choose fewer"},
        {{.beams = 2, .length_penalty = -1}, "length_penalty: ", "choose a value within"},
        {{.contrastive_k = 2, .contrastive_alpha = 2}, "contrastive_alpha: ", "a value within"},
        {{.beams = 4, .temperature = 0.8}, "temperature: does not go with beams", "remove one"},
        {{.beams = 4, .top_p = 0.9}, "top_p: does not go with beams", "remove one"},
        {{.beams = 4, .repetition_penalty = 1.2}, "repetition_penalty: does not go", "remove one"},
        {{.beams = 4, .contrastive_k = 4}, "contrastive_k: does not go with beams", "two methods"},
        {{.contrastive_k = 4, .top_p = 0.9}, "top_p: does not go with contrastive_k", "remove one"},
        {{.contrastive_k = 4, .top_k = 9}, "top_k: does not go with contrastive_k", "remove one"},
        {{.length_penalty = 1}, "length_penalty: goes with beams alone", "remove it"},
        {{.contrastive_alpha = 0.5}, "contrastive_alpha: goes with contrastive_k", "remove it"},
        {{.beams = 4, .order = {LM_RULE_TOP_K}, .order_count = 1},
         "order: does not go",
         "remove it"},
        {{.order = {LM_RULE_TOP_K, LM_RULE_TOP_K}, .order_count = 2},
         "order: names top_k twice",
         "name each rule once"},
        {{.order = {LM_RULES}, .order_count = 1}, "order: there is no rule", "lm_rule_names"},
        {{.order_count = LM_RULES + 1}, "order: there are 7 rules", "name each once"},
        {{.top_p = 0.9, .temperature = 0.5, .order = {LM_RULE_TEMPERATURE}, .order_count = 1},
         "order: lacks top_p",
         "switch that off"},
        {{.typical_p = 0.9}, "typical_p: does not go with temperature 0", "remove one of them"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {0};
        CHECK_INT(lm_sampling_check(&rows[i].method, &err), LM_INVALID);
        CHECK_INT(strncmp(err.text, rows[i].field, strlen(rows[i].field)), 0);
        CHECK(strstr(err.text, rows[i].remedy) != NULL);
    }
}

static const struct tap_test tests[] = {TAP_ROW(signatures) TAP_ROW(refusals)};
LM_TEST_FILE(tests)
