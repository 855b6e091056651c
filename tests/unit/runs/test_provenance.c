#include <unistd.h>

#include "base/io.h"
#include "unit/runs/ci_facts.h"

static const struct lm_param source_rows[] = {
    {.name = "url", .type = LM_P_URL, .offset = 0, .def_str = "", .pinned_by = "sha256"},
    {.name = "sha256", .type = LM_P_STR, .offset = sizeof(char *), .def_str = ""},
    {.name = "path", .type = LM_P_PATH, .offset = 2 * sizeof(char *), .def_str = ""},
    {0}};

struct source {
    const char *url, *sha256, *path;
};
static const struct lm_stage fetching = {.name = "fetch",
                                         .version = 1,
                                         .params = source_rows,
                                         .params_size = sizeof(struct source),
                                         .outputs = ci_outputs,
                                         .metrics = ci_metrics};

#define PIN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct lm_json *parse(struct ci_facts *f)
{
    struct lm_json *root = NULL;
    lm_buf_clear(&f->out);
    lm_run_provenance_write(&f->out, &f->facts);
    return lm_buf_status(&f->out, NULL) == LM_OK && f->out.size > 0 &&
                   lm_json_parse(&root, f->out.data, f->out.size, NULL) == LM_OK
               ? root
               : NULL;
}

static const char *text_at(const struct lm_json *value, const char *path)
{
    char name[80];
    for (; value != NULL && *path != '\0'; path += strcspn(path, "/"), path += *path == '/') {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "/"), path);
        value = lm_json_is_array(value) ? lm_json_at(value, (size_t)atoi(name))
                                        : lm_json_get(value, name);
    }
    const char *text = lm_json_string(value, NULL);
    return text != NULL ? text : "";
}

/** Stage i publishes a folder of two files as `path`. */
static void publish(struct ci_facts *f, size_t i, const char *path)
{
    struct lm_output *output = LM_NEW(f->arena, struct lm_output);
    struct lm_spec_publish *row = LM_NEW(f->arena, struct lm_spec_publish);
    struct lm_output_file *files = LM_NEW_ARRAY(f->arena, struct lm_output_file, 2);
    files[0].name = "a.txt";
    files[1].name = "b c.txt";
    files[1].object.bytes[0] = 0xab;
    *output = (struct lm_output){.port = "text", .folder = true, .files = files, .file_count = 2};
    *row = (struct lm_spec_publish){.port = &ci_outputs[0], .path = path};
    f->records[i].outputs = output;
    f->records[i].output_count = 1;
    f->spec.stages[i].publish = row;
    f->spec.stages[i].publish_count = 1;
    f->facts.published++;
}

#define DEFINITION "predicate/buildDefinition/"
#define DETAILS "predicate/runDetails/"

static void test_statement(struct tap *tap)
{
    static const struct lm_setting settings[] = {{"url", "https://u:pw1@h.example/x?token=t1"}};
    static const struct lm_run_job job = {.builder = "https://ci.example/w.yml",
                                          .repository = "https://u:pw1@git.example/o/r",
                                          .ref = "refs/heads/main",
                                          .commit = "0123456789012345678901234567890123456789"};
    static struct source source = {"https://u:pw1@h.example/x.gz?token=t1", PIN, ""};
    struct ci_facts f;
    ci_facts_init(&f, 2, 0);
    publish(&f, 0, "out");
    f.spec.stages[0].type = f.spec.stages[1].type = &fetching;
    f.spec.stages[0].params = f.spec.stages[1].params = &source;
    f.spec.settings = settings;
    f.spec.setting_count = 1;
    f.facts.job = &job;
    struct lm_json *root = parse(&f);
    REQUIRE(root != NULL);
    CHECK_STR(text_at(root, "_type"), "https://in-toto.io/Statement/v1");
    CHECK_STR(text_at(root, "predicateType"), "https://slsa.dev/provenance/v1");
    CHECK_INT(lm_json_count(lm_json_get(root, "subject")), 2);
    CHECK_STR(text_at(root, "subject/1/name"), "out/b c.txt");
    CHECK(strncmp(text_at(root, "subject/1/digest/sha256"), "ab00", 4) == 0);
    CHECK_STR(text_at(root, DEFINITION "buildType"), "urn:lmpipe:run:1");
    CHECK_STR(text_at(root, DEFINITION "externalParameters/spec/name"), "x/e.yaml");
    CHECK_INT(strlen(text_at(root, DEFINITION "externalParameters/spec/digest/sha256")), 64);
    CHECK_STR(text_at(root, DEFINITION "externalParameters/settings/0/value"),
              "https://***@h.example/x?***");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/uri"),
              "git+https://***@git.example/o/r@refs/heads/main");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/digest/gitCommit"), job.commit);
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/1/uri"),
              "https://***@h.example/x.gz?***");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/1/digest/sha256"), PIN);
    CHECK(strstr(f.out.data, "\"pinned\": true") != NULL);
    /* both stages fetch the same */
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/2/name"), "");
    CHECK_STR(text_at(root, DETAILS "builder/id"), job.builder);
    CHECK_STR(text_at(root, DETAILS "metadata/invocationId"), f.facts.id);
    CHECK_STR(text_at(root, DETAILS "metadata/startedOn"), "2026-01-01T00:00:00Z");
    CHECK_STR(text_at(root, DETAILS "metadata/finishedOn"), "2026-01-01T00:01:02Z");
    CHECK(strstr(f.out.data, "pw1") == NULL && strstr(f.out.data, "t1") == NULL);
    lm_json_free(root);
    ci_facts_release(&f);
}

/** A file without a pin has the digest that its key has; an address written with ${env.X} stays
 *  unfilled. */
static void test_files_and_references(struct tap *tap)
{
    static struct source sources[] = {{"", "", "/nowhere/data/x.txt"},
                                      {"https://secret.example/x", PIN, ""}};
    static struct lm_spec_value value = {.name = "url", .written = "https://${env.HOST}/x"};
    struct ci_facts f;
    ci_facts_init(&f, 2, 0);
    publish(&f, 0, "out");
    for (size_t i = 0; i < 2; i++) {
        f.spec.stages[i].type = &fetching;
        f.spec.stages[i].params = &sources[i];
    }
    f.plan.stages[0].keyed = true;
    f.plan.stages[0].key_text = "lmpipe-key 1\nfile path sha256:" PIN "\n";
    f.spec.stages[1].values = &value;
    f.spec.stages[1].value_count = 1;
    lm_name_map_init(&f.spec.stages[1].value_map, f.arena);
    lm_name_map_put(&f.spec.stages[1].value_map, "url", 0);
    struct lm_json *root = parse(&f);
    REQUIRE(root != NULL);
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/name"), "s0.path");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/uri"), "");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/digest/sha256"), PIN);
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/annotations/location"),
              "data/x.txt");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/1/annotations/location"),
              "https://${env.HOST}/x");
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/1/uri"), "");
    CHECK(strstr(f.out.data, "secret.example") == NULL);
    CHECK_STR(text_at(root, DETAILS "builder/id"), "urn:lmpipe:builder:unknown");
    lm_json_free(root);
    ci_facts_release(&f);
}

/** An address without a pin: what it gave, when the result tells. */
static void test_unpinned(struct tap *tap)
{
    static struct source source = {"https://h.example/x", "", ""};
    static struct lm_source_digest gave = {.param = "url"};
    struct ci_facts f;
    ci_facts_init(&f, 1, 0);
    publish(&f, 0, "out");
    f.spec.stages[0].type = &fetching;
    f.spec.stages[0].params = &source;
    struct lm_json *root = parse(&f);
    REQUIRE(root != NULL);
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/uri"), source.url);
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/digest/sha256"), "");
    lm_json_free(root);
    REQUIRE(lm_digest_parse(&gave.digest, PIN));
    f.records[0].sources = &gave;
    f.records[0].source_count = 1;
    root = parse(&f);
    REQUIRE(root != NULL);
    CHECK_STR(text_at(root, DEFINITION "resolvedDependencies/0/digest/sha256"), PIN);
    CHECK(strstr(f.out.data, "\"pinned\": false") != NULL);
    lm_json_free(root);
    ci_facts_release(&f);
}

static void test_hostile_and_many(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 10000, 0);
    for (size_t i = 0; i < 10000; i++)
        publish(&f, i, HOSTILE);
    f.spec.home = HOSTILE;
    struct lm_json *root = parse(&f);
    REQUIRE(root != NULL);
    CHECK_INT(lm_json_count(lm_json_get(root, "subject")), 20000);
    lm_json_free(root);
    ci_facts_release(&f);
}

/** A statement without a subject is none: nothing published, nothing written. */
static void test_nothing_published(struct tap *tap)
{
    struct ci_facts f;
    ci_facts_init(&f, 2, 0);
    publish(&f, 0, "out");
    f.facts.published = 0; /* the disk was full, or results are not as locked */
    CHECK(parse(&f) == NULL);
    CHECK_INT(f.out.size, 0);
    ci_facts_release(&f);
    ci_facts_init(&f, 0, 0);
    CHECK(parse(&f) == NULL);
    ci_facts_release(&f);
}

static const struct tap_test tests[] = {TAP_ROW(test_statement) TAP_ROW(test_files_and_references)
                                            TAP_ROW(test_unpinned) TAP_ROW(test_hostile_and_many)
                                                TAP_ROW(test_nothing_published)};
LM_TEST_FILE(tests)
