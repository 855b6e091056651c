#include "plan/probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "tap.h"

/** Workers that give no answer, and what is said of them. */
static const struct {
    const char *script, *says;
} rows[] = {
    {"#!/bin/sh\nkill -9 $$\n", "was killed by SIGKILL"},
    {"#!/bin/sh\nkill -11 $$\n", "was killed by SIGSEGV"},
    {"#!/bin/sh\nexit 3\n", "exit status 3"},
    {"#!/bin/sh\nexit 127\n", "exit status 127"},
    {"#!/bin/sh\nexec sleep 1000\n", "no answer within"},
    {"#!/bin/sh\nexec >&-\nexit 1\n", "exit status 1"},
};

static enum lm_status ask(char *answer, const char *script, double seconds, struct lm_err *err)
{
    char folder[] = "/tmp/lmpipe-test-probe-XXXXXX", path[64];
    if (mkdtemp(folder) == NULL)
        return LM_INTERNAL;
    snprintf(path, sizeof path, "%s/worker", folder);
    lm_file_write(path, script, strlen(script), NULL);
    chmod(path, 0700);
    enum lm_status status = lm_probe_ask(answer, path, "probe", NULL, NULL, seconds, err);
    lm_dir_remove(folder, NULL);
    return status;
}

static void test_no_answer(struct tap *tap)
{
    static char answer[LM_PROBE_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lm_err err = {LM_OK, ""};
        bool sleeps = strstr(rows[i].script, "sleep") != NULL;
        CHECK_INT(ask(answer, rows[i].script, sleeps ? 0.3 : 60, &err), LM_IO);
        if (strstr(err.text, rows[i].says) == NULL)
            printf("# %s: %s\n", rows[i].says, err.text);
        CHECK(strstr(err.text, rows[i].says) != NULL);
    }
    CHECK(lm_probe_ask(answer, "/nowhere/worker", "probe", NULL, NULL, 60, NULL) != LM_OK);
}

static void test_answer(struct tap *tap)
{
    static char answer[LM_PROBE_BYTES];
    CHECK_INT(ask(answer, "#!/bin/sh\necho one; sleep 0.1; echo two\n", 60, NULL), LM_OK);
    CHECK_STR(answer, "one\ntwo\n");
}

static const struct tap_test tests[] = {TAP_ROW(test_no_answer) TAP_ROW(test_answer)};
LM_TEST_FILE(tests)
