#include "sanitized.h"
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

#define PIN "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

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
    static const char *const digests[] = {"sha256:aa", "sha256:bb", "sha256:cc", "sha256:dd",
                                          "sha256:ee", "sha256:ff", "sha256:11", "sha256:22"};
    struct lm_key_facts facts = {lm_spec_taken(spec, folder->arena), digests, digests, "n"};
    struct lm_buf out;
    lm_buf_init(&out, 0);
    for (size_t i = 0; i < spec->stage_count; i++) {
        const struct lm_spec_stage *s = &spec->stages[i];
        lm_buf_printf(&out, "%s %lld %lld %lld %.17g %zu %llu %d\n", s->id, (long long)s->threads,
                      (long long)s->memory, (long long)s->retries, s->timeout, s->file_count,
                      (unsigned long long)s->seed, s->portable);
        for (const char *const *name = s->mutex; name != NULL && *name != NULL; name++)
            lm_buf_printf(&out, "mutex %s\n", *name);
        for (size_t k = 0; k < s->publish_count; k++)
            lm_buf_printf(&out, "publish %s %s\n", s->publish[k].port->name, s->publish[k].path);
        for (size_t k = 0; k < s->file_count; k++)
            lm_buf_printf(&out, "%s %s\n", s->files[k].param, s->files[k].path);
        lm_key_write(&out, spec, i, &facts);
    }
    for (size_t i = 0; i < spec->gate_count; i++)
        lm_buf_printf(&out, "gate %zu %s %.17g %.17g\n", spec->gates[i].stage,
                      spec->gates[i].metric, spec->gates[i].min, spec->gates[i].max);
    lm_buf_printf(&out, "%s %s", spec->experiment, spec->description);
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
        "lmpipe: 1  # spec.yaml:1\n",
        "\n    uses: train  # spec.yaml:9\n",
        "\n    uses: download  # spec.yaml:12\n",
        "\n    retries: 1  # spec.yaml:10\n",
        "\n    timeout: \"90s\"  # spec.yaml:10\n",
        "\n      threads: 2  # spec.yaml:10\n",
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

/* ---- what is printed reads back: every row of every stage type ---- */

/** All stage types, wired; %s: `with` of the one that is tried. */
struct trial {
    const char *id, *with; /* what a stage says beside the row that is tried: "" or ", a: b" */
    const char *text;      /* of the spec without `with` of this stage, %s in its place */
};

#define HEAD "lmpipe: 1\nexperiment: back\nseed: 3\ndescription: \"a $${b}\"\nstages:\n"
#define CORPUS "  corpus: {uses: download, with: {sources: [{name: a, path: text.txt}]}}\n"
#define TEXT "  text: {uses: clean, in: {corpus: corpus}}\n"
#define VOCAB "  vocab: {uses: bpe, in: {text: text}}\n"
#define TOKENS "  tokens: {uses: encode, in: {text: text, vocab: vocab}}\n"
#define MODEL "  model: {uses: train, in: {tokens: tokens}}\n"
#define UP_TO_MODEL HEAD CORPUS TEXT VOCAB TOKENS MODEL

static const struct trial trials[] = {
    {"corpus", "sources: [{name: a, path: text.txt}]",
     HEAD "  corpus: {uses: download, with: {%s}}\n"},
    {"corpus", "", HEAD "  corpus: {uses: download, with: {sources: [{name: a, %s}]}}\n"},
    {"corpus", "path: text.txt",
     HEAD "  corpus: {uses: download, with: {sources: [{name: a, %s}]}}\n"},
    {"corpus", "url: \"https://h/${env.NAME}?t=${env.NAME}\", sha256: " PIN,
     HEAD "  corpus: {uses: download, with: {sources: [{name: a, %s}]}}\n"},
    {"text", "", HEAD CORPUS "  text: {uses: clean, in: {corpus: corpus}, with: {%s}}\n"},
    {"vocab", "", HEAD CORPUS TEXT "  vocab: {uses: bpe, in: {text: text}, with: {%s}}\n"},
    {"vocab", "import: {path: text.txt}", HEAD "  vocab: {uses: bpe, with: {%s}}\n"},
    {"tokens", "",
     HEAD CORPUS TEXT VOCAB
     "  tokens: {uses: encode, in: {text: text, vocab: vocab}, with: {%s}}\n"},
    {"model", "",
     HEAD CORPUS TEXT VOCAB TOKENS "  model: {uses: train, in: {tokens: tokens}, with: {%s}}\n"},
    {"model", "objective: similar",
     HEAD CORPUS TEXT VOCAB
     "  model: {uses: train, in: {examples: corpus, vocab: vocab}, with: {%s}}\n"},
    {"model", "objective: classify, init: {path: folder}",
     HEAD CORPUS "  model: {uses: train, in: {examples: corpus}, seed: 9, with: {%s}}\n"},
    {"tuned", "",
     UP_TO_MODEL
     "  tuned: {uses: train, in: {tokens: tokens, init: model.model}, seed: 0, with: {%s}}\n"},
    {"model", "preset: gpt3-125m, tokens: 1000000, warmup_tokens: 100000, schedule: wsd",
     HEAD CORPUS TEXT VOCAB TOKENS "  model: {uses: train, in: {tokens: tokens}, with: {%s}}\n"},
    {"scores", "",
     UP_TO_MODEL "  scores: {uses: evaluate, in: {model: model, tokens: tokens}, with: {%s}}\n"},
    {"samples", "",
     UP_TO_MODEL "  samples: {uses: sample, in: {model: model, tokens: tokens}, with: {%s}}\n"},
    {"samples", "methods: [{name: a}, {name: b, temperature: 0.5}]",
     UP_TO_MODEL "  samples: {uses: sample, in: {model: model, tokens: tokens}, with: {%s}}\n"},
    {"page", "",
     UP_TO_MODEL "  scores: {uses: evaluate, in: {model: model, tokens: tokens}}\n"
                 "  page: {uses: report, in: {scores: scores, log: model}, with: {%s}}\n"},
};

/** Texts as YAML that a careless printer breaks. */
static const char *const odd_texts[] = {
    "\"\"",
    "no",
    "\"null\"",
    "\"~\"",
    "\"014\"",
    "0x1F",
    "1.50",
    "1e3",
    "\"true\"",
    "2024-01-01",
    "\"a: b # c\"",
    "\" lead\"",
    "\"tail \"",
    "\"- a\"",
    "\"a\\nb\\n\\n c\\n\"",
    "\"a\\tb\"",
    "\"\\x7f\"",
    "\"\\x01\\x1b[m\"",
    "\"\\u0085\\u2028\\u202e\"",
    "\"\\ufeff\\ufffe\"",
    "\"\\U0001F600\\U000E0041\"",
    "\"$${x}\"",
    "\"a$${b}$\"",
    "\"$$$${\"",
    "\"$$${env.NAME}\"",
    "\"${var}\"",
    "\"[${var}]\"",
    "'it''s \"so\"'",
    "\"&a *b !c %d @e `f |\"",
    "\"::add-mask::\"",
    "\"##[error]\"",
    "\"#\"",
    "\"{}\"",
    "\"\\\\u0041\\\\\"",
};

struct trying {
    struct fake_folder *folder;
    const struct trial *trial;
    struct lm_buf value;      /* "a: {b: VALUE" */
    const char *open, *close; /* around a row's value: "split: {", "}" */
    bool is_sparse;           /* a large type that was tried before: some values alone */
    size_t read, refused;
    unsigned long long draw; /* of a linear congruential generator */
    char last[400];          /* the last that was read, to be tried beside the next */
};

static const char *real_env(void *user, const char *name)
{
    (void)user;
    return strcmp(name, "NAME") == 0 ? "text" : strcmp(name, "FOLDER") == 0 ? "folder" : NULL;
}

static enum lm_status load_real(struct fake_folder *folder, const char *name, const char *text,
                                struct lm_spec **spec, struct lm_diags *diags)
{
    static const struct lm_setting settings[] = {{"var", "\"$${set}\""}};
    struct lm_err err = {.status = LM_OK};
    struct lm_spec_options options = {
        .types = lm_stage_table, .settings = settings, .env = real_env};
    options.setting_count = strstr(text, "\nvars:") != NULL;
    return lm_spec_load(spec, diags, folder->arena, fake_write(folder, name, text), &options, &err);
}

/** What config prints of a spec, in one of its four forms, has the same keys, and is printed so
 *  again. */
static bool reads_back(struct tap *tap, struct fake_folder *folder, const struct lm_spec *spec,
                       size_t form)
{
    struct lm_spec *again = NULL;
    struct lm_diags diags;
    bool origins = form % 2 == 1, json = form / 2 % 2 == 1;
    char *shown = config_of(folder, spec, origins, json);
    enum lm_status status = load_real(folder, "elsewhere/back.yaml", shown, &again, &diags);
    CHECK_INT(status, LM_OK);
    if (status != LM_OK) {
        printf("# %s\n# %s\n", fake_diag(folder, &diags, 0), shown);
        return false;
    }
    CHECK_STR(keys_of(folder, again), keys_of(folder, spec));
    if (!origins)
        CHECK_STR(config_of(folder, again, false, json), shown);
    return true;
}

/** Tries a stage that says `with`. Refused ones say nothing. */
static bool try_with(struct tap *tap, struct trying *trying, const char *with)
{
    struct lm_arena_mark mark = lm_arena_mark(trying->folder->arena);
    const struct trial *trial = trying->trial;
    struct lm_spec *spec = NULL;
    struct lm_diags diags;
    char all[1200], text[4000];
    snprintf(all, sizeof all, "%s%s%s", trial->with, trial->with[0] && with[0] ? ", " : "", with);
    int length = snprintf(text, sizeof text, trial->text, all);
    snprintf(text + length, sizeof text - (size_t)length, "vars: {var: \"a$${b}\"}\n");
    bool is_read = load_real(trying->folder, "spec.yaml", text, &spec, &diags) == LM_OK;
    bool back = is_read && reads_back(tap, trying->folder, spec, trying->read);
    if (is_read && !back)
        printf("# %s: %s\n", trial->id, all);
    trying->read += is_read;
    trying->refused += !is_read;
    lm_arena_rewind(trying->folder->arena, mark);
    return back;
}

/** Tries a row at a value, alone and sometimes beside the last one that was read. */
static void try_value(struct tap *tap, struct trying *trying, const char *name, const char *value)
{
    char with[400], both[900];
    snprintf(with, sizeof with, "%s%s: %s%s", trying->open, name, value, trying->close);
    trying->draw = trying->draw * 6364136223846793005ULL + 1442695040888963407ULL;
    if (trying->is_sparse && (trying->draw >> 40) % 4 != 0)
        return;
    bool with_last = trying->last[0] != '\0' && trying->draw >> 62 == 0;
    if (with_last) {
        snprintf(both, sizeof both, "%s, %s", trying->last, with);
        try_with(tap, trying, both);
    }
    if (try_with(tap, trying, with))
        snprintf(trying->last, sizeof trying->last, "%s", with);
}

static void try_number(struct tap *tap, struct trying *trying, const struct lm_param *row,
                       enum lm_param_type type)
{
    bool whole = type == LM_P_INT || type == LM_P_SIZE;
    const double def = !whole                         ? row->def_float
                       : row->def_int == LM_UNSET_INT ? LM_UNSET_FLOAT
                                                      : (double)row->def_int;
    static const char *const odd[] = {"-0.0",
                                      "+1",
                                      ".5",
                                      "9007199254740993",
                                      "9223372036854775807",
                                      "0x7fffffffffffffff",
                                      "1e22",
                                      "4.35",
                                      "5e-324",
                                      "0.30000000000000004",
                                      "-1",
                                      "1000000.0",
                                      "512K",
                                      "3G"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        try_value(tap, trying, row->name, odd[i]);
    const double candidates[] = {row->min,     row->max, def,  def * 2, row->min + 1,
                                 row->max / 3, 1,        3,    64,      1024,
                                 86400,        0.1,      1e-5, 1e-300,  123456789012345678.0};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        char text[60], number[32];
        double v = whole && candidates[i] == candidates[i] ? (double)(int64_t)candidates[i]
                                                           : candidates[i];
        if (lm_is_unset(v) || (i > 0 && v == candidates[i - 1]))
            continue;
        lm_format_double(number, v);
        if (whole)
            snprintf(number, sizeof number, "%lld", (long long)v);
        snprintf(text, sizeof text, "%s%s", number, type == LM_P_DURATION ? "s" : "");
        try_value(tap, trying, row->name, text);
        if (type == LM_P_DURATION) {
            snprintf(text, sizeof text, "%sm", number);
            try_value(tap, trying, row->name, text);
        }
    }
}

/** YAML of a row's values, one after the other. */
static void try_row(struct tap *tap, struct trying *trying, const struct lm_param *row)
{
    static const char *const bools[] = {"true", "false", "TRUE", NULL};
    static const char *const paths[] = {"text.txt",
                                        "folder",
                                        "./folder/../text.txt",
                                        "\"${env.NAME}.txt\"",
                                        "\"folder/$${x}-${env.NAME}\"",
                                        "\"${env.FOLDER}/$${x}-text\"",
                                        "\"${var}\"",
                                        NULL};
    static const char *const urls[] = {
        "\"file:///tmp/$${x}\"",
        "\"https://h/a%20b?#\"",
        "https://h/a#part",
        "\"https://${env.NAME}:${env.NAME}@h/${env.NAME}?a=${env.NAME}&b=\"",
        "\"http://h:80/\"",
        NULL};
    static const char *const lists[] = {
        "[]",          "[1, 2]",       "[a, \"b: c\", \"$${d}\"]", "[text.txt]",
        "[0.5, 1e-3]", "[no, \"no\"]", "[\"file:///a\"]",          NULL};
    const char *const *texts = row->type == LM_P_BOOL   ? bools
                               : row->type == LM_P_ENUM ? row->choices
                               : row->type == LM_P_PATH ? paths
                               : row->type == LM_P_URL  ? urls
                               : row->type == LM_P_LIST ? lists
                                                        : NULL;
    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
        try_value(tap, trying, row->name, texts[i]);
    if (row->type == LM_P_STR)
        for (size_t i = 0; i < sizeof odd_texts / sizeof odd_texts[0]; i++)
            try_value(tap, trying, row->name, odd_texts[i]);
    if (row->type == LM_P_INT || row->type == LM_P_SIZE || row->type == LM_P_FLOAT ||
        row->type == LM_P_DURATION)
        try_number(tap, trying, row, row->type);
}

static void try_rows(struct tap *tap, struct trying *trying, const struct lm_param *rows)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        if (row->fields == NULL || row->type == LM_P_LIST)
            try_row(tap, trying, row);
        if (row->fields == NULL || strcmp(trying->open, "") != 0)
            continue;
        char open[80];
        bool list = row->type == LM_P_LIST;
        snprintf(open, sizeof open, "%s: %s{%s", row->name, list ? "[" : "",
                 !list || strcmp(row->fields->name, "name") != 0 ? "" : "name: b, ");
        trying->open = open;
        trying->close = list ? "}]" : "}";
        try_rows(tap, trying, row->fields);
        trying->open = trying->close = "";
    }
}

static void test_every_row_reads_back(struct tap *tap)
{
    struct fake_folder folder;
    size_t read = 0;
    REQUIRE(fake_folder_make(&folder));
    fake_write(&folder, "text.txt", "x");
    for (size_t i = 0; i < 2; i++) {
        static const char *const folders[] = {"folder", "elsewhere"};
        REQUIRE(lm_dir_create(lm_path_join(folder.arena, folder.path, folders[i]), NULL) == LM_OK);
    }
    fake_write(&folder, "folder/${x}-text", "y");
    const struct lm_stage *large = NULL;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        const struct lm_stage *const *type = lm_stage_table;
        struct trying trying = {.folder = &folder, .trial = &trials[i], .open = "", .close = ""};
        trying.draw = i;
        const char *uses = strstr(strstr(trials[i].text, trials[i].id), "uses: ") + 6;
        while (strncmp((*type)->name, uses, strlen((*type)->name)) != 0)
            type++;
        trying.is_sparse = *type == large;
        const struct lm_param *rows = (*type)->params;
        try_with(tap, &trying, "");
        try_rows(tap, &trying, strstr(trials[i].text, "[{name: a, %s") ? rows->fields : rows);
        printf("# %s (%s): %zu read back, %zu refused\n", trials[i].id, (*type)->name, trying.read,
               trying.refused);
        CHECK(trying.read > 0);
        large = trying.read > 200 ? *type : large;
        read += trying.read;
    }
    CHECK(read > 900);
    fake_folder_remove(&folder);
}

/* ---- random specs: all that stands beside `with` ---- */

/** One of the entries of a table, by the next draw. */
#define PICK(draw, table) (table)[next_draw(draw) % (sizeof(table) / sizeof(table)[0])]

static size_t next_draw(unsigned long long *draw)
{
    *draw = *draw * 6364136223846793005ULL + 1442695040888963407ULL;
    return (size_t)(*draw >> 33);
}

static const char *const seeds[] = {"0", "1", "0x1F", "0o17", "9223372036854775807"};
static const char *const timeouts[] = {"0.1s", "1e-9s",       "90m",   "1.5h",
                                       "3d",   "123456.789s", "1e300d"};
static const char *const memories[] = {"1", "1536K", "512", "3G", "8388607T", "'64M'", "1048577"};
static const char *const bounds[] = {
    "0", "-0.0", "-1", "1e-300", "1e300", "0x10", "5e-324", "0.1", "123456789012345678", "2.50"};
static const char *const outputs[] = {
    "a",        "\"a b/c: d #.html\"", "\"$${x}/p\"", "no",      "\"1.5\"", "\"null\"",
    "ü/ß.json", "\"'q' \\\"r\\\"\"",   "\"~\"",       "\"- x\"", "\"{a}\"", "\"[b], &c\""};

/** What a stage says beside `with`, each half of the time. */
static void random_stage(struct lm_buf *out, unsigned long long *draw)
{
    lm_buf_puts(out, "  model:\n    uses: train\n    in: {tokens: tokens}\n");
    if (next_draw(draw) % 2)
        lm_buf_printf(out, "    seed: %s\n", PICK(draw, seeds));
    if (next_draw(draw) % 2)
        lm_buf_printf(out, "    timeout: %s\n", PICK(draw, timeouts));
    if (next_draw(draw) % 2)
        lm_buf_printf(out, "    retries: %zu\n", next_draw(draw) % 101);
    lm_buf_printf(out, "    resources: {threads: %zu", next_draw(draw) % 4096 + 1);
    if (next_draw(draw) % 2)
        lm_buf_printf(out, ", memory: %s", PICK(draw, memories));
    if (next_draw(draw) % 2)
        lm_buf_printf(out, ", mutex: [%s, %s]", PICK(draw, odd_texts), PICK(draw, odd_texts));
    lm_buf_printf(out, "}\n    publish: {log: %s}\n", PICK(draw, outputs));
    if (next_draw(draw) % 2)
        lm_buf_printf(out, "    with: {numerics: %s}\n", next_draw(draw) % 2 ? "portable" : "blas");
}

static char *random_spec(struct fake_folder *folder, unsigned long long *draw)
{
    struct lm_buf out;
    lm_buf_init(&out, 0);
    lm_buf_puts(&out,
                "lmpipe: 1\nexperiment: \"007\"\ninclude: [sub/part.yaml, sub/sub/part.yaml]\n");
    lm_buf_printf(&out, "vars: {var: %s, set: %s}\n", PICK(draw, odd_texts), PICK(draw, seeds));
    lm_buf_printf(&out, "description: %s\n", PICK(draw, odd_texts));
    if (next_draw(draw) % 2)
        lm_buf_printf(&out, "seed: %s\n", next_draw(draw) % 2 ? PICK(draw, seeds) : "\"${set}\"");
    if (next_draw(draw) % 2)
        lm_buf_puts(&out, "numerics: blas\n");
    lm_buf_puts(&out, "stages:\n  more: {uses: clean, in: {corpus: corpus}");
    if (next_draw(draw) % 2)
        lm_buf_printf(&out, ", publish: {text: %s}", PICK(draw, outputs));
    if (next_draw(draw) % 2)
        lm_buf_puts(&out, ", with: {documents: {by: separator, separator: \"${var}\\t\"}}");
    lm_buf_puts(&out, "}\n");
    random_stage(&out, draw);
    lm_buf_printf(&out,
                  "gates: [{metric: model.valid_loss, max: %s}, {metric: model.train_loss, min: "
                  "%s, max: 1e301}]\n",
                  PICK(draw, bounds), PICK(draw, bounds));
    char *copy = lm_arena_strdup(folder->arena, out.data);
    lm_buf_release(&out);
    return copy;
}

static void test_random_specs(struct tap *tap)
{
    static const char part[] =
        "stages:\n  corpus: {uses: download, with: {sources: [{name: a, path: "
        "../text.txt}, {name: b, path: here.txt}]}}\n" TEXT VOCAB;
    static const char inner[] = "stages:\n" TOKENS "  more: {with: {documents: line}}\n";
    static const char *const folders[] = {"sub", "sub/sub", "elsewhere"};
    struct fake_folder folder;
    unsigned long long draw = 7;
    const size_t rounds = LM_SANITIZED ? 100 : 400;
    size_t read = 0, refused = 0;
    REQUIRE(fake_folder_make(&folder));
    for (size_t i = 0; i < 3; i++)
        REQUIRE(lm_dir_create(lm_path_join(folder.arena, folder.path, folders[i]), NULL) == LM_OK);
    fake_write(&folder, "text.txt", "x");
    fake_write(&folder, "sub/here.txt", "y");
    fake_write(&folder, "sub/part.yaml", part);
    fake_write(&folder, "sub/sub/part.yaml", inner);
    for (size_t i = 0; i < rounds; i++) {
        struct lm_arena_mark mark = lm_arena_mark(folder.arena);
        struct lm_spec *spec = NULL;
        struct lm_diags diags;
        const char *text = random_spec(&folder, &draw);
        if (load_real(&folder, "spec.yaml", text, &spec, &diags) == LM_OK)
            read += reads_back(tap, &folder, spec, i);
        else if (refused++ == 0)
            printf("# refused: %s\n", fake_diag(&folder, &diags, 0));
        lm_arena_rewind(folder.arena, mark);
    }
    printf("# %zu read back, %zu refused\n", read, refused);
    CHECK(read > rounds / 4);
    fake_folder_remove(&folder);
}

/* A record that is there without a word asks for its defaults, under the same key. */
static void test_empty_records(struct tap *tap)
{
    static const char *const pairs[][2] = {
        {"dedup: {near: {}}", "dedup: {near: {threshold: 0.8, ngram: 5, bands: 14, rows: 8}}"},
        {"dedup: {near: 0.8}", "dedup: {near: {rows: 8}}"},
        {"dedup: {substring: {}}", "dedup: {substring: 100}"},
        {"classifier: {positive: [text.txt]}", "classifier: {positive: [text.txt], alpha: 9}"},
        {"dedup: {near: ~}", "dedup: {}"}};
    struct fake_folder folder;
    const char *none = NULL;
    REQUIRE(fake_folder_make(&folder));
    fake_write(&folder, "text.txt", "x");
    for (size_t i = 5; i-- > 0;) {
        const char *keys[2];
        for (size_t k = 0; k < 2; k++) {
            struct lm_spec *spec = NULL;
            struct lm_diags diags;
            const char *text = lm_arena_printf(
                folder.arena,
                HEAD CORPUS "  text: {uses: clean, in: {corpus: corpus}, with: {%s}}\n",
                pairs[i][k]);
            REQUIRE(load_real(&folder, "spec.yaml", text, &spec, &diags) == LM_OK);
            keys[k] = keys_of(&folder, spec);
        }
        CHECK_STR(keys[0], keys[1]);
        CHECK(none == NULL || strcmp(keys[0], none) != 0);
        none = i == 4 ? keys[0] : none;
    }
    fake_folder_remove(&folder);
}

static const struct tap_test tests[] = {
    TAP_ROW(test_empty_records) TAP_ROW(test_reads_back) TAP_ROW(test_origins) TAP_ROW(test_json)
        TAP_ROW(test_every_row_reads_back) TAP_ROW(test_random_specs)};
LM_TEST_FILE(tests)
