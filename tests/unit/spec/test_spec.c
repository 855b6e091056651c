#include "tap.h"

#include "unit/pipeline/fakes.h"

#define HEAD "lmpipe: 1\nexperiment: t\n"
/** A chain of every fake type, for tests that look at one thing. */
#define CHAIN                                                                                      \
    "  c: {uses: download, with: {sources: [{name: s, url: 'https://h/x', sha256: ab}]}}\n"        \
    "  t: {uses: clean, in: {corpus: c}}\n"                                                        \
    "  k: {uses: encode, in: {text: t}}\n"

struct loaded {
    struct fake_folder folder;
    struct lm_spec *spec;
    struct lm_diags diags;
    enum lm_status status;
};

static struct loaded load_with(const char *text, const struct lm_setting *settings, size_t count)
{
    struct loaded l = {.spec = NULL};
    if (!fake_folder_make(&l.folder)) {
        l.status = LM_IO;
        return l;
    }
    fake_write(&l.folder, "common.yaml",
               "vars: {steps: 5, lr: 0.5}\nseed: 9\ndescription: common\n");
    fake_write(&l.folder, "text.txt", "words\n");
    l.status = fake_load(&l.folder, text, settings, count, &l.spec, &l.diags);
    return l;
}

static struct loaded load(const char *text)
{
    return load_with(text, NULL, 0);
}

static void done(struct loaded *l)
{
    fake_folder_remove(&l->folder);
}

static const struct fake_train *train_of(const struct loaded *l, const char *id)
{
    return l->spec->stages[lm_spec_find(l->spec, id, NULL)].params;
}

static void test_order(struct tap *tap)
{
    struct loaded l =
        load(HEAD "stages:\n"
                  "  p: {uses: report, in: {logs: [m, m.log]}, publish: {html: a/b.html}}\n"
                  "  m: {uses: train, in: {tokens: k}}\n" CHAIN);
    REQUIRE(l.status == LM_OK);
    static const char *const order[] = {"c", "t", "k", "m", "p"};
    CHECK_INT(lm_spec_stages(l.spec), 5);
    for (size_t i = 0; i < 5; i++)
        CHECK_STR(lm_spec_stage_id(l.spec, i), order[i]);
    const struct lm_spec_stage *page = &l.spec->stages[4];
    CHECK_INT(page->input_count, 2);
    CHECK_INT(page->inputs[1].stage, 3);
    CHECK_STR(page->inputs[0].from->name, "log");
    CHECK_STR(page->inputs[1].typed, "m.log");
    CHECK_STR(page->inputs[1].label, "");
    CHECK_STR(page->publish[0].path, "a/b.html");
    CHECK_STR(lm_spec_experiment(l.spec), "t");
    CHECK_STR(lm_spec_stage_type(l.spec, 0)->name, "download");
    const char *nearest = NULL;
    CHECK(lm_spec_find(l.spec, "mm", &nearest) == (size_t)-1);
    done(&l);
}

static void test_file_order_breaks_ties(struct tap *tap)
{
    struct loaded l =
        load(HEAD "stages:\n  z: {uses: twins}\n  a: {uses: twins}\n  m: {uses: twins}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_STR(lm_spec_stage_id(l.spec, 0), "z");
    CHECK_STR(lm_spec_stage_id(l.spec, 1), "a");
    CHECK_STR(lm_spec_stage_id(l.spec, 2), "m");
    done(&l);
}

static void test_parameters(struct tap *tap)
{
    struct loaded l = load(
        HEAD "seed: 3\nstages:\n" CHAIN
             "  m: {uses: train, in: {tokens: k}, seed: 4, retries: 2, timeout: 10m,\n"
             "      with: {steps: 0x10, lr: 1, cache: 2M, schedule: linear, numerics: portable},\n"
             "      resources: {threads: 3, memory: 2G, mutex: [gpu, disk]}}\n");
    REQUIRE(l.status == LM_OK);
    const struct fake_train *p = train_of(&l, "m");
    const struct lm_spec_stage *m = &l.spec->stages[3];
    CHECK_INT(p->steps, 16);
    CHECK_INT(p->warmup, 1); /* by resolve */
    CHECK_NEAR(p->lr, 1, 0);
    CHECK_NEAR(p->min_lr, 0, 0);
    CHECK_INT(p->cache, 2097152);
    CHECK_STR(p->schedule, "linear");
    CHECK(m->portable && m->seed == 4 && m->retries == 2);
    CHECK_NEAR(m->timeout, 600, 0);
    CHECK(m->threads == 3 && m->memory == INT64_C(2147483648));
    CHECK_STR(m->mutex[1], "disk");
    CHECK(m->mutex[2] == NULL);
    CHECK(l.spec->stages[0].seed == 3 && !l.spec->stages[0].portable);
    done(&l);
}

/* A record may be given as the value of its first field alone, with the same meaning. */
static void test_short_records(struct tap *tap)
{
    static const char *const written[] = {"{by: position}", "position", "\"${way}\""};
    for (size_t i = 0; i < 3; i++) {
        char text[600];
        snprintf(text, sizeof text,
                 HEAD "vars: {way: position}\nstages:\n"
                      "  c: {uses: download, with: {sources: [{name: s, url: 'https://h/x', "
                      "sha256: ab}]}}\n"
                      "  t: {uses: clean, in: {corpus: c}, with: {split: %s}}\n",
                 written[i]);
        struct loaded l = load(text);
        REQUIRE(l.status == LM_OK);
        const struct fake_clean *p = l.spec->stages[1].params;
        CHECK_STR(p->split.by, "position");
        CHECK_NEAR(p->split.valid, 0.05, 0);
        done(&l);
    }
}

static void test_texts_keep_their_form(struct tap *tap)
{
    struct loaded l = load(HEAD "stages:\n"
                                "  c: {uses: download, with: {sources: [{name: 007, url: "
                                "'https://h/x', sha256: 1e5, license: no}]}}\n");
    REQUIRE(l.status == LM_OK);
    const struct fake_source *s =
        ((const struct fake_fetch *)l.spec->stages[0].params)->sources.items;
    CHECK_STR(s->name, "007");
    CHECK_STR(s->sha256, "1e5");
    CHECK_STR(s->license, "no");
    done(&l);
}

static void test_variables(struct tap *tap)
{
    static const struct lm_setting settings[] = {{"steps", "0o17"}, {"tag", "x"}};
    struct loaded l =
        load_with(HEAD "vars: {steps: 5, lr: 2.5e-1, rules: [a, b], tag: q, shape: linear}\n"
                       "description: \"${tag}-${lr} $${tag}\"\nstages:\n"
                       "  c: {uses: download, with: {sources: [{name: 'n-${tag}', url: "
                       "'https://h/x', sha256: ab}]}}\n"
                       "  t: {uses: clean, in: {corpus: c}, with: {rules: '${rules}'}}\n"
                       "  k: {uses: encode, in: {text: t}}\n"
                       "  m: {uses: train, in: {tokens: k}, with: {steps: '${steps}', lr: '${lr}', "
                       "schedule: '${shape}'}}\n",
                  settings, 2);
    for (size_t i = 0; i < l.diags.count; i++)
        printf("# %s\n", fake_diag(&l.folder, &l.diags, i));
    REQUIRE(l.status == LM_OK);
    CHECK_INT(train_of(&l, "m")->steps, 15);
    CHECK_NEAR(train_of(&l, "m")->lr, 0.25, 0);
    CHECK_STR(train_of(&l, "m")->schedule, "linear");
    CHECK_STR(l.spec->description, "x-2.5e-1 ${tag}");
    const struct fake_clean *clean = l.spec->stages[1].params;
    CHECK_INT(clean->rules.count, 2);
    struct lm_origin steps = lm_spec_origin(l.spec, 3, "steps");
    struct lm_origin lr = lm_spec_origin(l.spec, 3, "lr");
    CHECK_STR(lm_origin_text(l.folder.arena, &steps), "-S steps");
    CHECK_INT(lr.line, 3);
    CHECK_STR(lr.via, "vars.lr");
    CHECK(lm_spec_origin(l.spec, 3, "min_lr").file == NULL);
    done(&l);
}

/** $${ is ${ itself, wherever it is written, and is not read twice. */
static void test_escapes(struct tap *tap)
{
    static const struct lm_setting settings[] = {{"s", "'$${x}'"}, {"t", "a$$$${b}"}};
    struct loaded l = load_with(
        HEAD "vars: {v: '$${x}', m: [{name: '$${y}', url: 'https://h/$${z}', sha256: ab}], s: 1,\n"
             "  t: 1, dollar: '$', e: '$${env.DATA}', rules: ['$${r}', '$', '{x}', '$${']}\n"
             "description: '${v} ${s} ${t} ${dollar}{x} $$${v} ${e} $${v}'\nstages:\n"
             "  c: {uses: download, with: {sources: '${m}'}}\n"
             "  d: {uses: download, with: {sources: [{name: '${v}', url: "
             "'https://h/$${x}-${env.DATA}', sha256: ab}]}}\n"
             "  t: {uses: clean, in: {corpus: c}, with: {rules: '${rules}'}}\n",
        settings, 2);
    for (size_t i = 0; i < l.diags.count; i++)
        printf("# %s\n", fake_diag(&l.folder, &l.diags, i));
    REQUIRE(l.status == LM_OK);
    CHECK_STR(l.spec->description, "${x} ${x} a$$${b} ${x} $${v} ${env.DATA} ${v}");
    const struct fake_source *c =
        ((const struct fake_fetch *)l.spec->stages[0].params)->sources.items;
    const struct fake_source *d =
        ((const struct fake_fetch *)l.spec->stages[1].params)->sources.items;
    CHECK_STR(c->name, "${y}");
    CHECK_STR(c->url, "https://h/${z}");
    CHECK_STR(d->name, "${x}");
    CHECK_STR(d->url, lm_arena_printf(l.folder.arena, "https://h/${x}-%s", l.folder.path));
    CHECK_STR(lm_spec_value(l.spec, 1, "sources.0.url")->written, "https://h/$${x}-${env.DATA}");
    static const char *const rules[] = {"${r}", "$", "{x}", "${"};
    const struct fake_clean *clean = l.spec->stages[2].params;
    REQUIRE(clean->rules.count == 4);
    for (size_t i = 0; i < 4; i++)
        CHECK_STR(((const char *const *)clean->rules.items)[i], rules[i]);
    done(&l);
}

static void test_include(struct tap *tap)
{
    struct loaded l =
        load(HEAD "include: [common.yaml]\nvars: {lr: 0.25}\nstages:\n" CHAIN
                  "  m: {uses: train, in: {tokens: k}, with: {steps: '${steps}', lr: '${lr}'}}\n");
    REQUIRE(l.status == LM_OK);
    CHECK_INT(train_of(&l, "m")->steps, 5);
    CHECK_NEAR(train_of(&l, "m")->lr, 0.25, 0);
    CHECK_INT(l.spec->seed, 9);
    CHECK_STR(l.spec->description, "common");
    struct lm_origin steps = lm_spec_origin(l.spec, 3, "steps");
    CHECK_STR(lm_path_base(steps.file), "common.yaml");
    done(&l);
}

static void test_include_escapes(struct tap *tap)
{
    struct loaded l = {.spec = NULL};
    REQUIRE(fake_folder_make(&l.folder));
    fake_write(&l.folder, "${x}.yaml", "seed: 5\n");
    CHECK(fake_load(&l.folder, HEAD "include: '$${x}.yaml'\nstages: {r: {uses: twins}}\n", NULL, 0,
                    &l.spec, &l.diags) == LM_OK);
    CHECK_INT(l.spec != NULL ? l.spec->seed : 0, 5);
    CHECK(fake_load(&l.folder,
                    HEAD "include: '${x}.yaml'\nvars: {x: a}\nstages: {r: {uses: twins}}\n", NULL,
                    0, &l.spec, &l.diags) == LM_INVALID);
    CHECK_STR(fake_diag(&l.folder, &l.diags, 0),
              "spec.yaml:3:10: include: '${x}.yaml': includes are read before variables are known; "
              "write the name out");
    done(&l);
}

static void test_include_order_and_depth(struct tap *tap)
{
    struct loaded l = {.spec = NULL};
    REQUIRE(fake_folder_make(&l.folder));
    REQUIRE(lm_dir_create(lm_path_join(l.folder.arena, l.folder.path, "sub"), NULL) == LM_OK);
    fake_write(&l.folder, "sub/a.yaml", "vars: {x: 1, y: 1, z: 1}\nseed: 1\n");
    fake_write(&l.folder, "sub/b.yaml", "include: a.yaml\nvars: {y: 2}\n");
    fake_write(&l.folder, "c.yaml", "vars: {z: 3}\nstages: {q: {uses: twins}}\n");
    CHECK(fake_load(&l.folder,
                    HEAD "include: [sub/b.yaml, c.yaml]\nstages: {r: {uses: twins, seed: '${z}'}}\n"
                         "description: \"${x}${y}${z}\"\n",
                    NULL, 0, &l.spec, &l.diags) == LM_OK);
    REQUIRE(l.spec != NULL);
    CHECK_STR(l.spec->description, "123");
    CHECK_INT(l.spec->stage_count, 2);
    CHECK_INT(l.spec->stages[0].seed, 3);
    done(&l);
}

static void test_files_and_environment(struct tap *tap)
{
    struct loaded l = load(HEAD "stages:\n  c:\n    uses: download\n    with:\n      sources:\n"
                                "        - {name: a, path: text.txt}\n"
                                "        - {name: b, url: 'file://${env.DATA}/te%78t.txt'}\n"
                                "        - {name: c, url: 'file:///nowhere', sha256: ab, mirrors: "
                                "['file://${env.NONE}/x', 'file://${env.DATA}/y']}\n"
                                "        - {name: d, url: 'https://${env.DATA}/x'}\n");
    for (size_t i = 0; i < l.diags.count; i++)
        printf("# %s\n", fake_diag(&l.folder, &l.diags, i));
    REQUIRE(l.status == LM_OK);
    const struct lm_spec_stage *c = &l.spec->stages[0];
    const struct fake_source *s = ((const struct fake_fetch *)c->params)->sources.items;
    CHECK_INT(c->file_count, 2);
    CHECK_STR(c->files[0].param, "sources.0.path");
    CHECK(strcmp(c->files[0].path + strlen(c->files[0].path) - 9, "/text.txt") == 0);
    CHECK_STR(c->files[1].param, "sources.1.url");
    CHECK_STR(lm_path_base(c->files[1].path), "text.txt");
    CHECK_INT(s[2].mirrors.count, 1);
    CHECK_STR(((const char *const *)s[2].mirrors.items)[0] + 7 + strlen(l.folder.path), "/y");
    CHECK_STR(lm_spec_value(l.spec, 0, "sources.3.url")->written, "https://${env.DATA}/x");
    CHECK_STR(lm_spec_value(l.spec, 0, "sources.2.mirrors.0")->written, "file://${env.DATA}/y");
    done(&l);
}

static void test_paths_belong_to_their_file(struct tap *tap)
{
    struct loaded l = {.spec = NULL};
    REQUIRE(fake_folder_make(&l.folder));
    REQUIRE(lm_dir_create(lm_path_join(l.folder.arena, l.folder.path, "sub"), NULL) == LM_OK);
    fake_write(&l.folder, "sub/x.txt", "x");
    fake_write(&l.folder, "sub/a.yaml",
               "stages: {c: {uses: download, with: {sources: [{name: a, path: x.txt}]}}}\n");
    CHECK(fake_load(&l.folder, HEAD "include: sub/a.yaml\n", NULL, 0, &l.spec, &l.diags) == LM_OK);
    REQUIRE(l.spec != NULL);
    CHECK(strstr(l.spec->stages[0].files[0].path, "/sub/x.txt") != NULL);
    done(&l);
}

static void test_root(struct tap *tap)
{
    struct loaded l = {.spec = NULL};
    struct lm_err err;
    struct lm_spec_options options = {.types = fake_types};
    REQUIRE(fake_folder_make(&l.folder));
    const char *deep = lm_path_join(l.folder.arena, l.folder.path, "a/b");
    REQUIRE(lm_dir_create(deep, NULL) == LM_OK);
    REQUIRE(lm_dir_create(lm_path_join(l.folder.arena, l.folder.path, "artifacts"), NULL) == LM_OK);
    const char *path = fake_write(&l.folder, "a/b/s.yaml", HEAD "stages: {q: {uses: twins}}\n");
    CHECK(lm_spec_load(&l.spec, &l.diags, l.folder.arena, path, &options, &err) == LM_OK);
    REQUIRE(l.spec != NULL);
    CHECK_STR(lm_path_base(lm_spec_root(l.spec)), lm_path_base(l.folder.path));
    CHECK_STR(lm_spec_path(l.spec), path);
    done(&l);
}

static void test_unreadable(struct tap *tap)
{
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    struct lm_err err;
    struct lm_arena *arena = lm_arena_create();
    struct lm_spec_options options = {.types = fake_types};
    CHECK_INT(lm_spec_load(&spec, &diags, arena, "/nowhere/x.yaml", &options, &err), LM_NOT_FOUND);
    CHECK_INT(lm_spec_load(&spec, &diags, arena, "/tmp", &options, &err), LM_IO);
    CHECK_STR(err.text, "/tmp: is a folder; name a YAML file, or - for standard input");
    CHECK_INT(lm_spec_load(&spec, &diags, arena, "/dev/null", &options, &err), LM_IO);
    CHECK(spec == NULL);
    lm_arena_free(arena);
}

/* ---- findings ---- */

/** Loads a spec and compares all findings, in order. */
static void check_findings(struct tap *tap, const char *text, const char *const *want)
{
    struct loaded l = load(text);
    size_t i = 0;
    CHECK_INT(l.status, LM_INVALID);
    for (; want[i] != NULL; i++)
        CHECK_STR(fake_diag(&l.folder, &l.diags, i), want[i]);
    CHECK_INT(l.diags.count, i);
    for (; i < l.diags.count; i++)
        printf("# also: %s\n", fake_diag(&l.folder, &l.diags, i));
    done(&l);
}

#define FINDINGS(text, ...) check_findings(tap, text, (const char *const[]){__VA_ARGS__, NULL})

static void test_many_findings_in_one_pass(struct tap *tap)
{
    FINDINGS(
        "lmpipe: 1\nexperiment: Test\nsede: 1\nnumerics: fast\nstages:\n"
        "  Big: {uses: twins}\n"
        "  c: {uses: downlaod}\n"
        "  m: {uses: train, in: {tokns: c}, with: {lr: 3e-4x, steps: 0, wramup: 2}, seeds: 1}\n"
        "  p: {uses: report, in: {logs: q}, publish: {html: ../x, pdf: y}}\n",
        "spec.yaml:2:13: experiment: 'Test' is not a name; use a-z 0-9 _ - (at most 64)",
        "spec.yaml:3:1: sede: unknown key of an experiment; did you mean 'seed'?",
        "spec.yaml:4:11: numerics: 'fast' is not a choice; known: blas, portable",
        "spec.yaml:6:3: 'Big': not a stage's name; use a-z, then a-z 0-9 _ - (at most 64)",
        "spec.yaml:7:13: c.uses: unknown stage type 'downlaod'; did you mean 'download'?",
        "spec.yaml:8:24: m.in.tokens: required, but not given: token store (tokens)",
        "spec.yaml:8:25: m.in.tokns: unknown input; did you mean 'tokens'?",
        "spec.yaml:8:47: m.lr: expected a number, found '3e-4x'",
        "spec.yaml:8:61: m.steps: 0 is too small; it must be at least 1",
        "spec.yaml:8:64: m.wramup: unknown parameter; did you mean 'warmup'?",
        "spec.yaml:8:76: m.seeds: unknown key of a stage; did you mean 'seed'?",
        "spec.yaml:9:32: p.in.logs: unknown stage 'q'; known: Big, c, m, p",
        "spec.yaml:9:52: p.publish.html: '../x' has an empty, hidden or '..' part; stay below "
        "artifacts/<experiment>/",
        "spec.yaml:9:58: p.publish.pdf: unknown output; known: html, md");
}

static void test_wires(struct tap *tap)
{
    FINDINGS(HEAD "stages:\n" CHAIN "  w: {uses: twins}\n"
                  "  m: {uses: train, in: {tokens: c, init: [m2]}}\n"
                  "  p: {uses: report, in: {logs: [w, w.third, t.card], card: {gather: m}}}\n",
             "spec.yaml:8:33: m.in.tokens: c has no output of kind tokens; it has corpus (corpus)",
             "spec.yaml:8:42: m.in.init: takes one artifact; name one stage",
             "spec.yaml:9:33: p.in.logs: several outputs of w are of kind log; name one of first "
             "(log), second (log)",
             "spec.yaml:9:36: p.in.logs: w has no output 'third'; it has first (log), second (log)",
             "spec.yaml:9:45: p.in.logs: expected the kind log, but t.card is of kind card",
             "spec.yaml:9:60: p.in.card: takes one artifact, and gather gives all; use select or "
             "best",
             "spec.yaml:9:69: p.in.card: m has no output of kind card; it has model (model), log "
             "(log)");
}

static void test_cycle(struct tap *tap)
{
    FINDINGS(HEAD "stages:\n  a: {uses: train, in: {tokens: d, init: b}}\n"
                  "  b: {uses: train, in: {tokens: d, init: c}}\n"
                  "  c: {uses: train, in: {tokens: d, init: a}}\n"
                  "  d: {uses: encode, in: {text: t}}\n"
                  "  t: {uses: clean, in: {corpus: x}}\n"
                  "  x: {uses: download, with: {sources: [{name: s, url: 'https://h/x'}]}}\n",
             "spec.yaml:6:42: c: dependency cycle: a -> c -> b -> a; remove "
             "one input");
    FINDINGS(HEAD "stages:\n" CHAIN "  m: {uses: train, in: {tokens: k, init: m}}\n",
             "spec.yaml:7:42: m: dependency cycle: m -> m; remove one input");
}

static void test_numbers(struct tap *tap)
{
    FINDINGS(
        HEAD
        "stages:\n" CHAIN
        "  a: {uses: train, in: {tokens: k}, with: {steps: 014, warmup: 1.5, lr: .nan}}\n"
        "  b: {uses: train, in: {tokens: k}, with: {steps: 1e3, lr: 0, min_lr: yes}}\n"
        "  d: {uses: train, in: {tokens: k}, with: {steps: 1_000, lr: 1e99, warmup: "
        "99999999999999999999}}\n"
        "  e: {uses: train, in: {tokens: k}, with: {steps: '100', lr: [1], cache: 2Gb}}\n"
        "  f: {uses: train, in: {tokens: k}, with: {steps: , schedule: cosin}, timeout: 5}\n"
        "  g: {uses: clean, in: {corpus: c}, with: {dedup: yes, split: {valid: 1}, rules: a}}\n",
        "spec.yaml:7:51: a.steps: '014' has a leading zero, which some readers take for octal; "
        "remove it",
        "spec.yaml:7:64: a.warmup: expected an integer, found '1.5'; round it",
        "spec.yaml:7:73: a.lr: '.nan' is not a finite number; give one",
        "spec.yaml:8:51: b.steps: expected an integer, found '1e3'; write 1000",
        "spec.yaml:8:60: b.lr: 0 is too small; it must be above 0",
        "spec.yaml:8:71: b.min_lr: expected a number, found 'yes'",
        "spec.yaml:9:51: d.steps: expected an integer, found '1_000'",
        "spec.yaml:9:62: d.lr: 1e+99 is too large; it must be at most 1",
        "spec.yaml:9:76: d.warmup: '99999999999999999999' does not fit in 64 bits; use less",
        "spec.yaml:10:51: e.steps: expected an integer, found the text '100'; remove the quotes",
        "spec.yaml:10:62: e.lr: expected a single value, found a list",
        "spec.yaml:10:74: e.cache: '2Gb' is no size; write whole bytes or a unit: 512K, 64M, 2G",
        "spec.yaml:11:51: f.steps: the value is missing; give one or remove the key",
        "spec.yaml:11:63: f.schedule: 'cosin' is not a choice; did you mean 'cosine'?",
        "spec.yaml:11:80: f.timeout: '5' is no duration; write it with a unit: 90s, 10m, 2h, 1d",
        "spec.yaml:12:51: g.dedup: expected true or false, found 'yes'",
        "spec.yaml:12:71: g.split.valid: 1 is too large; it must be below 1",
        "spec.yaml:12:82: g.rules: expected a list: [a, b], found 'a'");
}

static void test_variables_wrong(struct tap *tap)
{
    FINDINGS(
        HEAD "vars: {steps: 5, z: 014, r: '${steps}', l: [1]}\nstages:\n" CHAIN
             "  m: {uses: train, in: {tokens: k}, with: {steps: '${stesp}', lr: '${matrix.lr}', "
             "schedule: 'x${l}', warmup: '${', cache: '${env.DATA}'}}\n",
        "spec.yaml:3:21: vars.z: '014' has a leading zero; remove it, or quote it when it is a "
        "text",
        "spec.yaml:3:29: vars.r: a variable cannot refer to others; write the value out, and $${ "
        "for the characters ${ "
        "themselves",
        "spec.yaml:8:51: m.steps: unknown variable 'stesp'; did you mean 'steps'?",
        "spec.yaml:8:67: m.lr: ${matrix.lr}: there is no matrix; declare its axes under matrix:",
        "spec.yaml:8:93: m.schedule: the variable 'l' is no single value; use it alone: \"${l}\"",
        "spec.yaml:8:110: m.warmup: ${ without a name and }; write $${ for the characters "
        "themselves",
        "spec.yaml:8:123: m.cache: ${env.NAME} is allowed in paths and source locations only; use "
        "vars and -S");
}

static const struct tap_test tests[] = {
    TAP_ROW(test_order) TAP_ROW(test_file_order_breaks_ties) TAP_ROW(test_parameters)
        TAP_ROW(test_short_records) TAP_ROW(test_texts_keep_their_form) TAP_ROW(test_variables)
            TAP_ROW(test_escapes) TAP_ROW(test_include) TAP_ROW(test_include_escapes)
                TAP_ROW(test_include_order_and_depth) TAP_ROW(test_files_and_environment)
                    TAP_ROW(test_paths_belong_to_their_file) TAP_ROW(test_root)
                        TAP_ROW(test_unreadable) TAP_ROW(test_many_findings_in_one_pass)
                            TAP_ROW(test_wires) TAP_ROW(test_cycle) TAP_ROW(test_numbers)
                                TAP_ROW(test_variables_wrong)};
LM_TEST_FILE(tests)
