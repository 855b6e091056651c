#include "unit/plan/plan_bench.h"

static void test_fresh(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    CHECK_INT(make_plan(&b, SPEC("steps: 3")), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(
        printed(&b, false),
        "run corpus no cached result  time unknown\n"
        "run text no cached result    time unknown\n"
        "run tokens no cached result  time unknown\n"
        "run model no cached result   time unknown  858 MiB of memory   1.05 MB of disk  3 steps\n"
        "run page no cached result    time unknown\n");
    CHECK(strstr(lm_plan_summary(b.plan, b.folder.arena),
                 "5 stages to run: time unknown, at most 858 MiB of memory a stage, 1.05 MB of "
                 "disk (") != NULL);
    CHECK(lm_plan_is_stale(b.plan));
    CHECK_STR(explained(&b, "corpus", false), "corpus: run, no cached result\n");
    bench_close(&b);
}

static void test_all_hit(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    CHECK_INT(make_plan(&b, SPEC("steps: 3")), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK(!lm_plan_is_stale(b.plan));
    CHECK_STR(printed(&b, false),
              "hit corpus up to date\nhit text up to date\nhit tokens up to date\n"
              "hit model up to date\nhit page up to date\n");
    CHECK_STR(explained(&b, "model", false), "model: hit, nothing has changed\n");
    /* Comments, order of keys, quotes, names of stages and variables change nothing. */
    CHECK_INT(
        make_plan(
            &b, "# moved\nexperiment: t\nvars: {n: 3}\nstages:\n" PAGE
                "  model: {with: {steps: \"${n}\"}, in: {tokens: tokens}, uses: train} # x\n" CORPUS
                "lmpipe: 1\n"),
        LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK(!lm_plan_is_stale(b.plan));
    bench_close(&b);
}

static void test_parameter_changed(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3, lr: 3.0e-4")) == LM_OK && run_all(&b, NULL));
    CHECK_INT(make_plan(&b, SPEC("steps: 3, lr: 1.0e-3")), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "model"), "param lr 0.0003 → 0.001 (spec.yaml:7)");
    CHECK_INT(state(&b, "tokens"), LM_HIT);
    CHECK_INT(state(&b, "model"), LM_RUN);
    CHECK_INT(state(&b, "page"), LM_RUN); /* parameters upstream are in a report's key */
    CHECK_STR(reason(&b, "page"), "experiment param model.lr 0.0003 → 0.001 (spec.yaml:7)");
    CHECK_STR(explained(&b, "model", false),
              "model: run\n  param lr 0.0003 → 0.001 (spec.yaml:7)\n");
    CHECK_STR(explained(&b, "page", false),
              "page: run\n  experiment param model.lr 0.0003 → 0.001 (spec.yaml:7)\n"
              "  input logs is not known before model has run\n"
              "  model will run: param lr 0.0003 → 0.001 (spec.yaml:7); see: lmpipe why spec.yaml "
              "model\n");
    /* Back again: the earlier result is there. */
    CHECK_INT(make_plan(&b, SPEC("lr: 3.0e-4, steps: 3")), LM_OK);
    CHECK(!lm_plan_is_stale(b.plan));
    bench_close(&b);
}

static void test_defaults_and_several_changes(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3, schedule: linear")) == LM_OK && run_all(&b, NULL));
    CHECK_INT(make_plan(&b, SPEC("steps: 30, cache: 1G")), LM_OK); /* cache is not in the key */
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "model"), "param steps 3 → 30 (spec.yaml:7) (+2 more)");
    CHECK_STR(explained(&b, "model", false),
              "model: run\n  param steps 3 → 30 (spec.yaml:7)\n  param warmup 0 → 3 (derived)\n"
              "  param schedule \"linear\" → \"cosine\" (default)\n");
    bench_close(&b);
}

static void test_early_cut_off(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, "same bytes"));
    fake_write(&b.folder, "text.txt", "other words\n");
    CHECK_INT(make_plan(&b, SPEC("steps: 3")), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "corpus"), "file sources.0.path changed: text.txt (spec.yaml:4)");
    CHECK_INT(state(&b, "text"), LM_MAYBE);
    CHECK_STR(reason(&b, "text"), "depends on corpus");
    CHECK_STR(reason(&b, "page"), "depends on model, text");
    CHECK_STR(
        explained(&b, "text", false),
        "text: maybe, depends on corpus\n"
        "  input corpus is not known before corpus has run\n"
        "  corpus will run: file sources.0.path changed: text.txt (spec.yaml:4); see: lmpipe why "
        "spec.yaml corpus\n");
    CHECK_STR(explained(&b, "model", false),
              "model: maybe, depends on tokens\n"
              "  input tokens is not known before tokens has run\n"
              "  corpus will run: file sources.0.path changed: text.txt (spec.yaml:4); see: lmpipe "
              "why spec.yaml corpus\n");
    CHECK(fake_run(&b, 0, "same bytes"));
    for (size_t i = 1; i < 5; i++) {
        CHECK_INT(lm_plan_update(b.plan, i, &b.err), LM_OK);
        CHECK_INT(b.plan->stages[i].state, LM_HIT);
    }
    bench_close(&b);
}

static void test_input_changed(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    fake_write(&b.folder, "text.txt", "other words\n");
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK);
    CHECK(fake_run(&b, 0, "new") && fake_run(&b, 1, "new"));
    CHECK_INT(lm_plan_update(b.plan, 2, &b.err), LM_OK);
    CHECK_STR(reason(&b, "tokens"), "input text changed, produced by text");
    CHECK_STR(explained(&b, "tokens", false),
              "tokens: run\n  input text changed, produced by text; "
              "see: lmpipe why spec.yaml text\n");
    bench_close(&b);
}

static void test_damage(struct tap *tap)
{
    struct bench b;
    struct lm_arena *arena;
    REQUIRE(bench_open(&b));
    arena = b.folder.arena;
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    const char *path, *manifest;
    CHECK_INT(lm_plan_artifact(b.plan, 4, "html", NULL, &path, &manifest, &b.err), LM_OK);
    CHECK(lm_dir_remove(lm_arena_strdup(arena, path), NULL) == LM_OK);
    CHECK_INT(make_plan(&b, SPEC("steps: 3")), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "page"), "outputs missing or damaged");
    CHECK_INT(state(&b, "model"), LM_HIT);
    bench_close(&b);
}

/** A result made before its type had all of its outputs is a miss, never an error. */
static void test_record_of_a_version_with_fewer_outputs(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    struct lm_record *record = b.plan->stages[3].record;
    REQUIRE(record != NULL && record->output_count == 2);
    CHECK(lm_plan_lacking(b.plan, 3, record) == NULL);
    record->output_count = 1;
    const struct lm_port *port = lm_plan_lacking(b.plan, 3, record);
    CHECK(port != NULL && strcmp(port->name, "log") == 0);
    bench_close(&b);
}

static void test_versions(struct tap *tap)
{
    struct bench b;
    const struct lm_stage *types[7];
    struct lm_stage newer = fake_stage_encode;
    struct lm_diags diags;
    struct lm_plan_options options = {.worker = NULL};
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    memcpy(types, fake_types, sizeof types);
    newer.version = 2;
    types[2] = &newer;
    struct lm_spec_options spec_options = {.types = types};
    options.worker = b.worker;
    lm_plan_free(b.plan);
    b.plan = NULL;
    CHECK(lm_spec_load(&b.spec, &diags, b.folder.arena,
                       lm_path_join(b.folder.arena, b.folder.path, "spec.yaml"), &spec_options,
                       &b.err) == LM_OK);
    CHECK_INT(lm_plan_create(&b.plan, b.spec, b.store, &options, &b.err), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "tokens"), "stage version 1 → 2");
    bench_close(&b);
}

static void test_selection(struct tap *tap)
{
    static const char *const text[] = {"text"}, *const model[] = {"model"},
                             *const wrong[] = {"modle"};

    const struct {
        struct lm_selection selection;
        const char *want;
    } cases[] = {
        {{.targets = text, .target_count = 1}, "corpus text "},
        {{.until = "tokens"}, "corpus text tokens "},
        {{.from = "model", .until = "model"}, "model "},
        {{.from = "tokens"}, "tokens model page "},
        {{.targets = model, .target_count = 1, .only = true}, "model "},
        {{.targets = model, .target_count = 1, .from = "text"}, "text tokens model "},
    };
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char got[100] = "";
        CHECK_INT(make_plan_env(&b, SPEC("steps: 3"), &cases[i].selection, NULL), LM_OK);
        REQUIRE(b.plan != NULL);
        for (size_t k = 0; k < b.spec->stage_count; k++)
            if (b.plan->stages[k].selected) {
                strcat(got, b.spec->stages[k].id);
                strcat(got, " ");
            }
        CHECK_STR(got, cases[i].want);
    }
    struct lm_selection bad = {.targets = wrong, .target_count = 1};
    CHECK_INT(make_plan_env(&b, SPEC("steps: 3"), &bad, NULL), LM_NOT_FOUND);
    CHECK(strstr(b.err.text, "has no stage 'modle'; did you mean 'model'?") != NULL);
    bench_close(&b);
}

static void test_force(struct tap *tap)
{
    static const char *const force[] = {"tokens"};
    struct lm_selection selection = {.force = force, .force_count = 1};
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    CHECK_INT(make_plan_env(&b, SPEC("steps: 3"), &selection, NULL), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "tokens"), "forced");
    CHECK(b.plan->stages[2].keyed);
    CHECK_INT(state(&b, "text"), LM_HIT);
    CHECK_INT(state(&b, "model"), LM_MAYBE);
    bench_close(&b);
}

static void test_stale_upstream_unselected(struct tap *tap)
{
    static const char *const model[] = {"model"};
    struct lm_selection selection = {.targets = model, .target_count = 1, .only = true};
    struct bench b;
    REQUIRE(bench_open(&b));
    CHECK_INT(make_plan_env(&b, SPEC("steps: 3"), &selection, NULL), LM_INVALID);
    CHECK_STR(b.err.text,
              "model needs tokens, which has no current result and is not selected; select it too");
    bench_close(&b);
}

static size_t times_asked(struct bench *b)
{
    char *text = "";
    size_t count = 0;
    lm_file_read(&text, NULL, b->folder.arena,
                 lm_path_join(b->folder.arena, b->folder.path, "asked"), 100000, NULL);
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

static void test_probe_is_asked_once(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3, numerics: blas")) == LM_OK);
    CHECK_INT(times_asked(&b), 0); /* nothing numeric has a key yet */
    REQUIRE(run_all(&b, NULL));
    CHECK(strstr(b.plan->stages[3].key_text, "\nnumerics blas openblas 9.9.9 Toy f32\n") != NULL);
    CHECK_INT(times_asked(&b), 1);
    CHECK_INT(make_plan(&b, SPEC("steps: 3, numerics: blas")), LM_OK);
    CHECK_INT(times_asked(&b), 1);
    char coretype[] = "Haswell"; /* another setting, another answer */
    CHECK_INT(make_plan_env(&b, SPEC("steps: 3, numerics: blas"), NULL, coretype), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_INT(times_asked(&b), 2);
    CHECK_STR(
        reason(&b, "model"),
        "numerics blas openblas 9.9.9 Toy f32 → blas openblas 9.9.9 Haswell f32 (spec.yaml:7)");
    CHECK_INT(make_plan(&b, SPEC("steps: 3")), LM_OK);
    REQUIRE(b.plan != NULL);
    CHECK_STR(reason(&b, "model"), "numerics blas openblas 9.9.9 Toy f32 → portable 1");
    fake_write(&b.folder, "worker", "#!/bin/sh\nexit 3\n"); /* the worker changed: asked again */
    CHECK_INT(make_plan(&b, SPEC("steps: 3, numerics: blas")), LM_IO);
    fake_write(&b.folder, "worker", "#!/bin/sh\necho hello\n");
    CHECK_INT(make_plan(&b, SPEC("steps: 3, numerics: blas")), LM_FORMAT);
    b.worker = "/nowhere/worker";
    CHECK_INT(make_plan(&b, SPEC("steps: 3, numerics: blas")), LM_NOT_FOUND);
    bench_close(&b);
}

static const char *const pcre2[] = {"pcre2", NULL, "pcre2?", NULL};

static const char *const *names_pcre2(const void *params)
{
    (void)params;
    return pcre2;
}

static const char *const *may_need_pcre2(const void *params)
{
    (void)params;
    return pcre2 + 2;
}

static bool has_pcre2(const struct bench *b, size_t stage)
{
    return strstr(b->plan->stages[stage].key_text, "\nlibrary pcre2 10.42 Unicode 14") != NULL;
}

/* A vocabulary goes from stage to stage by itself, in token sets and in models, not in texts or
 * logs: who cuts text by it names what its maker names. */
static void test_library_of_a_vocabulary(struct tap *tap)
{
    struct bench b;
    struct lm_stage text = fake_stage_clean, tokens = fake_stage_encode, model = fake_stage_train,
                    page = fake_stage_report;
    const struct lm_stage *types[] = {fake_types[0], &text, &tokens, &model, &page, NULL};
    struct lm_spec_options options = {.types = types};
    struct lm_plan_options plan_options = {.worker = NULL};
    struct lm_diags diags;
    REQUIRE(bench_open(&b));
    fake_write(&b.folder, "spec.yaml", SPEC("steps: 3"));
    fake_write(&b.folder, "worker",
               "#!/bin/sh\nprintf 'numerics %s 1\\n' blas portable\n"
               "echo tables pcre2 10.42 Unicode 14.0.0\n");
    plan_options.worker = b.worker;
    text.libraries = names_pcre2;
    model.libraries = page.libraries = may_need_pcre2;
    for (int made_by_encode = 0; made_by_encode < 2; made_by_encode++) {
        tokens.libraries = made_by_encode ? names_pcre2 : may_need_pcre2;
        lm_plan_free(b.plan);
        b.plan = NULL;
        REQUIRE(lm_spec_load(&b.spec, &diags, b.folder.arena,
                             lm_path_join(b.folder.arena, b.folder.path, "spec.yaml"), &options,
                             &b.err) == LM_OK);
        REQUIRE(lm_plan_create(&b.plan, b.spec, b.store, &plan_options, &b.err) == LM_OK);
        REQUIRE(run_all(&b, NULL));
        CHECK(has_pcre2(&b, 1));
        CHECK_INT(has_pcre2(&b, 2), made_by_encode);
        CHECK_INT(has_pcre2(&b, 3), made_by_encode); /* of a token set */
        CHECK(!has_pcre2(&b, 4));                    /* of a log and a card */
    }
    bench_close(&b);
}

static void test_artifacts(struct tap *tap)
{
    struct bench b;
    const char *path, *manifest;
    char *text = NULL;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK);
    CHECK_INT(lm_plan_artifact(b.plan, 3, "log", NULL, &path, &manifest, &b.err), LM_NOT_FOUND);
    REQUIRE(run_all(&b, "bytes"));
    CHECK_INT(lm_plan_artifact(b.plan, 3, "log", NULL, &path, &manifest, &b.err), LM_OK);
    CHECK(manifest == NULL && lm_file_read(&text, NULL, b.folder.arena, path, 100, NULL) == LM_OK);
    CHECK_STR(text, "bytes");
    CHECK_INT(lm_plan_artifact(b.plan, 3, "model", NULL, &path, &manifest, &b.err), LM_OK);
    CHECK_STR(manifest, "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9  data\n");
    CHECK_INT(lm_plan_artifact(b.plan, 3, "model", "data", &path, &manifest, &b.err), LM_OK);
    CHECK(path != NULL && lm_path_exists(path));
    CHECK_INT(lm_plan_artifact(b.plan, 3, "model", "x", &path, &manifest, &b.err), LM_NOT_FOUND);
    CHECK_INT(lm_plan_artifact(b.plan, 3, "log", "x", &path, &manifest, &b.err), LM_NOT_FOUND);
    CHECK_INT(lm_plan_artifact(b.plan, 3, "nix", NULL, &path, &manifest, &b.err), LM_NOT_FOUND);
    const char *folder = lm_path_join(b.folder.arena, b.folder.path, "links");
    REQUIRE(lm_dir_create(folder, NULL) == LM_OK);
    CHECK_INT(lm_plan_materialize(b.plan, 3, "model", folder, &b.err), LM_OK);
    CHECK(lm_file_read(&text, NULL, b.folder.arena, lm_path_join(b.folder.arena, folder, "data"),
                       100, NULL) == LM_OK);
    bench_close(&b);
}

static void test_json(struct tap *tap)
{
    struct bench b;
    struct lm_json *json = NULL;
    REQUIRE(bench_open(&b));
    REQUIRE(make_plan(&b, SPEC("steps: 3")) == LM_OK && run_all(&b, NULL));
    REQUIRE(make_plan(&b, SPEC("steps: 4")) == LM_OK);
    const char *text = printed(&b, true);
    REQUIRE(lm_json_parse(&json, text, strlen(text), &b.err) == LM_OK);
    CHECK_INT(lm_json_count(json), 5);
    const struct lm_json *model = lm_json_at(json, 3);
    CHECK_STR(lm_json_string(lm_json_get(model, "state"), NULL), "run");
    CHECK_NEAR(lm_json_double(lm_json_get(model, "last_seconds"), 0), 151, 0);
    CHECK_INT(strlen(lm_json_string(lm_json_get(model, "key"), NULL)), 64);
    lm_json_free(json);
    text = explained(&b, "model", true);
    REQUIRE(lm_json_parse(&json, text, strlen(text), &b.err) == LM_OK);
    const struct lm_json *change = lm_json_at(lm_json_get(json, "changes"), 0);
    CHECK_STR(lm_json_string(lm_json_get(change, "name"), NULL), "steps");
    CHECK_INT(lm_json_int(lm_json_get(change, "line"), 0), 7);
    CHECK_STR(lm_json_string(lm_json_get(change, "before"), NULL), "3");
    lm_json_free(json);
    bench_close(&b);
}

/* ---- many stages, looked up by several threads ---- */

enum { PAIRS = 40 };

static const char *many_stages(struct bench *b)
{
    struct lm_buf text;
    lm_buf_init(&text, 0);
    lm_buf_puts(&text, "lmpipe: 1\nexperiment: t\nstages:\n");
    for (int i = 0; i < PAIRS; i++) {
        char name[32], content[32];
        snprintf(name, sizeof name, "f%d.txt", i);
        snprintf(content, sizeof content, "words %d\n", i);
        fake_write(&b->folder, name, content);
        lm_buf_printf(&text,
                      "  s%d: {uses: download, with: {sources: [{name: a, path: %s}]}}\n"
                      "  t%d: {uses: clean, in: {corpus: s%d}}\n",
                      i, name, i, i);
    }
    char *copy = lm_arena_strdup(b->folder.arena, text.data);
    lm_buf_release(&text);
    return copy;
}

static size_t count_hits(const struct bench *b)
{
    size_t hits = 0;
    for (size_t i = 0; i < b->plan->spec->stage_count; i++)
        hits += b->plan->stages[i].state == LM_HIT && b->plan->stages[i].keyed &&
                b->plan->stages[i].record != NULL;
    return hits;
}

/** The place of what the store has of a stage's result in "actions" or "objects". */
static const char *stored(struct bench *b, const char *stage, bool record)
{
    const struct lm_plan_stage *s = &b->plan->stages[lm_spec_find(b->spec, stage, NULL)];
    char hex[LM_DIGEST_HEX];
    lm_digest_hex(hex, record ? &s->key : &s->record->outputs[0].files[0].object);
    return lm_arena_printf(b->folder.arena, "%s/artifacts/store/%s/%.2s/%s", b->folder.path,
                           record ? "actions" : "objects", hex, hex + 2);
}

/** Looks at the last results, as lm_ahead_begin has it done, and waits for it. */
static bool look_ahead(struct bench *b)
{
    struct lm_lasts lasts;
    struct lm_digest keys[4 * PAIRS];
    atomic_bool stop = false;
    if (lm_last_load(&lasts, b->folder.arena, b->folder.path, "t", NULL) != LM_OK ||
        lasts.count != 2 * (size_t)PAIRS)
        return false;
    for (size_t i = 0; i < lasts.count; i++)
        keys[i] = lasts.rows[i].key;
    lm_store_look_ahead(b->store, keys, lasts.count, &stop);
    return true;
}

/** Whoever looks and when, and with or without the index of records: the plan is the same. */
static const char *agreed_plan(struct tap *tap, struct bench *b, const char *text, size_t hits)
{
    const char *first = NULL;
    const char *store = lm_path_join(b->folder.arena, b->folder.path, "artifacts/store");
    for (int round = 0; round < 5; round++) {
        b->threads = round % 2 == 0 ? 1 : 4;
        if (round == 4)
            CHECK(look_ahead(b));
        if (round == 2) {
            lm_plan_free(b->plan);
            b->plan = NULL;
            lm_store_close(b->store);
            unlink(lm_path_join(b->folder.arena, store, "records"));
            if (lm_store_open(&b->store, store, &b->err) != LM_OK)
                return "";
        }
        CHECK_INT(make_plan(b, text), LM_OK);
        if (b->plan == NULL)
            return "";
        CHECK_INT(count_hits(b), hits);
        const char *plan = printed(b, false);
        first = first != NULL ? first : plan;
        CHECK_STR(plan, first);
    }
    return first;
}

static void test_many_stages(struct tap *tap)
{
    struct bench b;
    REQUIRE(bench_open(&b));
    const char *text = many_stages(&b);
    REQUIRE(make_plan(&b, text) == LM_OK && run_all(&b, NULL));
    agreed_plan(tap, &b, text, 2 * PAIRS);
    REQUIRE(b.plan != NULL);
    const char *record = stored(&b, "s7", true), *object = stored(&b, "s5", false);
    char *content = NULL;
    size_t size = 0;
    REQUIRE(lm_file_read(&content, &size, b.folder.arena, record, 1 << 20, NULL) == LM_OK);
    content[size / 2] ^= 1; /* a flipped bit, in a file of the same length */
    unlink(record);
    unlink(object);
    REQUIRE(lm_file_write(record, content, size, NULL) == LM_OK);
    fake_write(&b.folder, "f3.txt", "other words\n");
    const char *plan = agreed_plan(tap, &b, text, 2 * PAIRS - 6);
    CHECK(strstr(plan, "run s3 file sources.0.path changed") != NULL);
    CHECK(strstr(plan, "\nmaybe t3 depends on s3") != NULL);
    CHECK(strstr(plan, "\nrun s5 outputs missing or damaged ") != NULL);
    CHECK(strstr(plan, "\nmaybe t5 depends on s5 ") != NULL);
    CHECK(strstr(plan, "\nrun s7 its result is not in this store ") != NULL);
    CHECK(strstr(plan, "\nmaybe t7 depends on s7 ") != NULL);
    bench_close(&b);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_fresh) TAP_ROW(test_many_stages) TAP_ROW(test_all_hit)
        TAP_ROW(test_parameter_changed) TAP_ROW(test_defaults_and_several_changes)
            TAP_ROW(test_early_cut_off) TAP_ROW(test_input_changed) TAP_ROW(test_damage)
                TAP_ROW(test_record_of_a_version_with_fewer_outputs) TAP_ROW(test_versions)
                    TAP_ROW(test_selection) TAP_ROW(test_force)
                        TAP_ROW(test_stale_upstream_unselected) TAP_ROW(test_probe_is_asked_once)
                            TAP_ROW(test_library_of_a_vocabulary)

                                TAP_ROW(test_artifacts) TAP_ROW(test_json)};
LM_TEST_FILE(tests)
