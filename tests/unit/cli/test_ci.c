#include "ci.h"

#include <unistd.h>

#include "base/io.h"
#include "cli.h"
#include "tap.h"

#define HOSTILE                                                                                    \
    "a%0Ab\n::error::x\r\n##[error]y,title=z::w \xe2\x80\xae\x1b[2J\xff | @team `c` <b> "          \
    "http://e.example"

struct variable {
    const char *name, *value;
};

static const char *lookup(void *user, const char *name)
{
    for (const struct variable *v = user; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v->value;
    return NULL;
}

struct job {
    struct lm_arena *arena;
    struct lm_ci ci;
    struct lm_buf out;
};

static void begin(struct job *job, struct variable *variables)
{
    job->arena = lm_arena_create();
    lm_buf_init(&job->out, 0);
    lm_ci_init(&job->ci, job->arena, lookup, variables);
}

static void end(struct job *job)
{
    lm_buf_release(&job->out);
    lm_arena_free(job->arena);
}

static const char *annotate(struct job *job)
{
    lm_buf_clear(&job->out);
    lm_ci_annotations_write(&job->out, &job->ci, job->arena);
    return job->out.data != NULL ? job->out.data : "";
}

static void test_systems(struct tap *tap)
{
    static struct variable nothing[] = {{"GITHUB_ACTIONS", "false"}, {"GITLAB_CI", ""}, {0}};
    static struct variable github[] = {
        {"GITHUB_ACTIONS", "true"},
        {"GITHUB_STEP_SUMMARY", "/somewhere"},
        {"GITHUB_SERVER_URL", "https://git.example"},
        {"GITHUB_REPOSITORY", "o/r"},
        {"GITHUB_WORKFLOW_REF", "o/r/.github/workflows/w.yml@refs/heads/main"},
        {"GITHUB_REF", "refs/heads/main"},
        {"GITHUB_SHA", "abc"},
        {0}};
    static struct variable gitlab[] = {{"GITLAB_CI", "true"},
                                       {"CI_PROJECT_URL", "https://lab.example/o/r"},
                                       {"CI_RUNNER_ID", "7"},
                                       {"CI_COMMIT_SHA", "abc"},
                                       {0}};
    struct job job;
    begin(&job, nothing);
    CHECK_INT(job.ci.system, LM_CI_NONE);
    CHECK(job.ci.summary == NULL && job.ci.job.builder == NULL);
    end(&job);
    begin(&job, github);
    CHECK_INT(job.ci.system, LM_CI_GITHUB);
    CHECK_STR(job.ci.summary, "/somewhere");
    CHECK_STR(job.ci.job.builder,
              "https://git.example/o/r/.github/workflows/w.yml@refs/heads/main");
    CHECK_STR(job.ci.job.repository, "https://git.example/o/r");
    CHECK_STR(job.ci.job.commit, "abc");
    end(&job);
    begin(&job, gitlab);
    CHECK_INT(job.ci.system, LM_CI_GITLAB);
    CHECK_STR(job.ci.job.builder, "https://lab.example/o/r/-/runners/7");
    CHECK(job.ci.job.ref == NULL);
    end(&job);
}

/** Paths are from the checkout, however the spec was reached. */
static void test_places(struct tap *tap)
{
    char folder[] = "/tmp/lmpipe-ci.XXXXXX", file[100], link[100], want[200];
    struct job job;
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/a,b.yaml", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    REQUIRE(lm_file_write(file, "x", 1, NULL) == LM_OK && symlink(folder, link) == 0);
    struct variable github[] = {{"GITHUB_ACTIONS", "true"}, {"GITHUB_WORKSPACE", link}, {0}};
    begin(&job, github);
    lm_ci_note(
        &job.ci, job.arena,
        &(struct lm_diag){
            .file = file, .line = 3, .column = 5, .field = "model.lr", .text = "100% wrong"});
    lm_ci_note(
        &job.ci, job.arena,
        &(struct lm_diag){.file = "-", .line = 7, .column = 2, .field = "", .text = "from a pipe"});
    lm_ci_note(&job.ci, job.arena,
               &(struct lm_diag){.field = "", .text = "beware", .warning = true});
    CHECK_STR(annotate(&job), "::error file=a%2Cb.yaml,line=3,col=5,title=model.lr::100%25 wrong\n"
                              "::error title=lmpipe::line 7, column 2: from a pipe\n"
                              "::warning title=lmpipe::beware\n");
    job.ci.workspace = "/elsewhere";
    char *real = realpath(file, NULL);
    snprintf(want, sizeof want, "::error file=%.80s/a%%2Cb.yaml,line=3", folder);
    CHECK(real != NULL && strncmp(annotate(&job), want, strlen(want)) == 0);
    free(real);
    lm_dir_remove(folder, NULL);
    end(&job);
}

/** Whatever is foreign stays in its place: one line an annotation, one command a line. */
static void test_hostile(struct tap *tap)
{
    static struct variable github[] = {{"GITHUB_ACTIONS", "true"}, {0}};
    struct job job;
    begin(&job, github);
    for (int i = 0; i < 3; i++)
        lm_ci_note(
            &job.ci, job.arena,
            &(struct lm_diag){.file = HOSTILE, .line = 1, .field = HOSTILE, .text = HOSTILE});
    const char *text = annotate(&job);
    size_t lines = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *close = strstr(line, "::") != NULL ? strstr(line + 2, "::") : NULL;
        lines++;
        CHECK(strncmp(line, "::error title=", 14) == 0);
        CHECK(close != NULL && close < strchr(line, '\n'));
        CHECK(memchr(line, ',', (size_t)(close - line)) == NULL);
    }
    CHECK_INT(lines, 3);
    CHECK(strstr(text, "##[") == NULL && strchr(text, '\r') == NULL && strchr(text, 0x1b) == NULL);
    CHECK(strstr(text, "\xe2\x80\xae") == NULL && strstr(text, "%0A") == NULL);
    lm_buf_clear(&job.out);
    lm_ci_refusal_write(&job.out, &job.ci, 2);
    text = job.out.data;
    CHECK(strstr(text, "::") == NULL && strstr(text, "##[") == NULL && strchr(text, '@') == NULL);
    CHECK(strchr(text, '`') == NULL && strchr(text, '<') == NULL && strchr(text, 0x1b) == NULL);
    end(&job);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void test_many_and_none(struct tap *tap)
{
    static struct variable github[] = {{"GITHUB_ACTIONS", "true"}, {0}};
    struct job job;
    begin(&job, github);
    CHECK_STR(annotate(&job), "");
    for (int i = 0; i < 20000; i++)
        lm_ci_note(&job.ci, job.arena,
                   &(struct lm_diag){.field = "", .text = "x", .warning = i % 2 == 0});
    const char *text = annotate(&job);
    CHECK_INT(count_of(text, "::error "), LM_CI_ANNOTATIONS);
    CHECK_INT(count_of(text, "::warning "), LM_CI_ANNOTATIONS);
    CHECK(strstr(text, "::error title=lmpipe::4991 more are in the log\n") != NULL);
    lm_buf_clear(&job.out);
    lm_ci_refusal_write(&job.out, &job.ci, 2);
    CHECK(job.out.size < 61000);
    end(&job);
}

/** What other steps have written to the summary stays. */
static void test_summary_is_appended(struct tap *tap)
{
    char folder[] = "/tmp/lmpipe-ci.XXXXXX", path[100], *text = NULL;
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/summary", folder);
    struct variable other[] = {{"GITHUB_STEP_SUMMARY", path}, {0}};
    struct job job;
    struct lm_cli cli = {0};
    begin(&job, other);
    cli.arena = job.arena;
    cli.job = &job.ci;
    lm_ci_show(&cli, "one\n");
    lm_ci_show(&cli, "two\n");
    lm_ci_show(&cli, NULL);
    REQUIRE(lm_file_read(&text, NULL, job.arena, path, 100, NULL) == LM_OK);
    CHECK_STR(text, "one\ntwo\n");
    lm_dir_remove(folder, NULL);
    end(&job);
}

static const struct tap_test tests[] = {TAP_ROW(test_systems) TAP_ROW(test_places) TAP_ROW(
    test_hostile) TAP_ROW(test_many_and_none) TAP_ROW(test_summary_is_appended)};
LM_TEST_FILE(tests)
