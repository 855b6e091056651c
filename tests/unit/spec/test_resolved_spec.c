#include "tap.h"

#include "base/buf.h"
#include "base/json.h"
#include "plan/key.h"
#include "unit/pipeline/fakes.h"

static const char spec_text[] = "lmpipe: 1\nexperiment: shown\ndescription: \"has: ${n} "
                                "\\\"quotes\\\" $${x}\"\nseed: 7\nnumerics: portable\n"
                                "vars: {steps: 20, n: five}\n"
                                "stages:\n"
                                "  page: {uses: report, in: {logs: [model, model.log], card: "
                                "text}, publish: {html: a/report.html}}\n"
                                "  model: {uses: train, in: {tokens: tokens}, with: {steps: "
                                "\"${steps}\", lr: 1.0e-3, cache: 7, numerics: blas},\n"
                                "          seed: 8, retries: 1, timeout: 90s, resources: {threads: "
                                "2, memory: 3G, mutex: gpu}}\n"
                                "  corpus:\n    uses: download\n    with:\n      sources:\n"
                                "        - {name: no, path: text.txt, license: \"true\"}\n"
                                "        - {name: \"1.5\", url: \"https://h/a\", mirrors: "
                                "[\"https://${env.DATA}/b\"], sha256: 1234, license: \"a: b\"}\n"
                                "  text: {uses: clean, in: {corpus: corpus}, with: {split: {valid: "
                                "0.1}, rules: [a, \"b # c\", \"$${q}\"]}}\n"
                                "  tokens: {uses: encode, in: {text: text}}\n"
                                "gates: [{metric: model.loss, max: 2.05}]\n";

static char *config_of(struct fake_folder *folder, const struct lm_spec *spec, bool origins,
                       bool json)
{
    char *data = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&data, &size);
    enum lm_status status = lm_spec_print_config(spec, origins, json, file);
    fclose(file);
    char *copy = status == LM_OK ? lm_arena_strdup(folder->arena, data) : NULL;
    free(data);
    return copy;
}

/** All keys and what else a run is made of, as one text. */
static char *keys_of(struct fake_folder *folder, const struct lm_spec *spec)
{
    static const char *const digests[] = {"sha256:aa", "sha256:bb", "sha256:cc"};
    struct lm_key_facts facts = {digests, digests, "n"};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_spec_stage *s = &spec->stages[i];
        lm_buf_printf(&out, "%s %d %lld %lld %s %lld %g %zu %s %zu\n", s->id, s->portable,
                      (long long)s->threads, (long long)s->memory, s->mutex ? s->mutex[0] : "",
                      (long long)s->retries, s->timeout, s->publish_count,
                      s->publish_count ? s->publish[0].path : "", s->file_count);
        lm_key_write(&out, spec, i, &facts);
    }
    char *copy = lm_arena_strdup(folder->arena, out.data);
    lm_buf_release(&out);
    return copy;
}

static void test_reads_back(struct tap *tap)
{
    struct fake_folder folder;
    struct lm_spec *spec = NULL, *again = NULL;
    struct lm_diags diags;
    REQUIRE(fake_folder_make(&folder));
    fake_write(&folder, "text.txt", "x");
    REQUIRE(fake_load(&folder, spec_text, NULL, 0, &spec, &diags) == LM_OK);
    char *first = config_of(&folder, spec, true, false), *keys = keys_of(&folder, spec);
    REQUIRE(first != NULL);
    enum lm_status status = fake_load(&folder, first, NULL, 0, &again, &diags);
    for (size_t i = 0; i < diags.count; i++)
        printf("# %s\n", fake_diag(&folder, &diags, i));
    REQUIRE(status == LM_OK);
    CHECK_STR(keys_of(&folder, again), keys);
    CHECK_STR(config_of(&folder, again, false, false), config_of(&folder, spec, false, false));
    CHECK_STR(again->description, "has: five \"quotes\" ${x}");
    fake_folder_remove(&folder);
}

static void test_origins(struct tap *tap)
{
    static const char *const lines[] = {
        "\n      numerics: blas  # spec.yaml:9\n",
        "\n      steps: 20  # spec.yaml:6 (vars.steps)\n",
        "\n      warmup: 2  # derived\n",
        "\n      schedule: cosine  # default\n",
        "\n    seed: 8  # spec.yaml:10\n",
        "\n          mirrors: [\"https://${env.DATA}/b\"]  # spec.yaml:16\n",
        "\n        - name: no  # spec.yaml:15\n"};
    struct fake_folder folder;
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    REQUIRE(fake_folder_make(&folder));
    fake_write(&folder, "text.txt", "x");
    REQUIRE(fake_load(&folder, spec_text, NULL, 0, &spec, &diags) == LM_OK);
    char *text = config_of(&folder, spec, true, false);
    const char *cut = lm_arena_printf(folder.arena, "%s/spec.yaml", folder.path);
    for (char *p; (p = strstr(text, cut)) != NULL;)
        memmove(p, p + strlen(folder.path) + 1, strlen(p + strlen(folder.path) + 1) + 1);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(text, lines[i]) == NULL)
            printf("# missing:%s", lines[i]);
        CHECK(strstr(text, lines[i]) != NULL);
    }
    CHECK(strstr(config_of(&folder, spec, false, false), "#  ") == NULL);
    fake_folder_remove(&folder);
}

static void test_json(struct tap *tap)
{
    struct fake_folder folder;
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    struct lm_json *json = NULL;
    REQUIRE(fake_folder_make(&folder));
    fake_write(&folder, "text.txt", "x");
    REQUIRE(fake_load(&folder, spec_text, NULL, 0, &spec, &diags) == LM_OK);
    char *text = config_of(&folder, spec, true, true);
    REQUIRE(lm_json_parse(&json, text, strlen(text), NULL) == LM_OK);
    const struct lm_json *stages = lm_json_get(json, "stages");
    const struct lm_json *with = lm_json_get(lm_json_get(stages, "model"), "with");
    CHECK_INT(lm_json_int(lm_json_get(with, "steps"), 0), 20);
    CHECK_NEAR(lm_json_double(lm_json_get(with, "lr"), 0), 0.001, 0);
    const struct lm_json *sources =
        lm_json_get(lm_json_get(lm_json_get(stages, "corpus"), "with"), "sources");
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(sources, 0), "name"), NULL), "no");
    CHECK_STR(lm_json_string(lm_json_get(lm_json_at(sources, 1), "name"), NULL), "1.5");
    const char *origin =
        lm_json_string(lm_json_get(lm_json_get(json, "origins"), "stages.model.with.steps"), NULL);
    CHECK(origin != NULL && strstr(origin, "spec.yaml:6 (vars.steps)") != NULL);
    CHECK_STR(
        lm_json_string(lm_json_get(lm_json_get(json, "origins"), "stages.model.with.min_lr"), NULL),
        "default");
    lm_json_free(json);
    fake_folder_remove(&folder);
}

static const struct tap_test tests[] = {TAP_ROW(test_reads_back) TAP_ROW(test_origins)
                                            TAP_ROW(test_json)};
LM_TEST_MAIN(tests)
