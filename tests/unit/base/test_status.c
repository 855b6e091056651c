#include <lmpipe/status.h>

#include <errno.h>

#include "tap.h"

static void test_texts(struct tap *tap)
{
    CHECK_STR(lm_status_text(LM_OK), "ok");
    CHECK_STR(lm_status_text(LM_NOMEM), "out of memory");
    CHECK_STR(lm_status_text(LM_INTERNAL), "internal error");
    CHECK_STR(lm_status_text((enum lm_status)999), "unknown status");
}

static void test_fail_and_wrap(struct tap *tap)
{
    struct lm_err err = {0};
    CHECK_INT(lm_fail(&err, LM_RANGE, "lr is %d; lower it", 7), LM_RANGE);
    CHECK_STR(err.text, "lr is 7; lower it");
    CHECK_INT(lm_wrap(&err, LM_IO, "stage %s", "model"), LM_RANGE);
    CHECK_STR(err.text, "stage model: lr is 7; lower it");
    CHECK_INT(err.status, LM_RANGE);
    CHECK_INT(lm_fail(NULL, LM_IO, "nobody hears"), LM_IO);
    CHECK_INT(lm_wrap(NULL, LM_FORMAT, "nobody hears"), LM_FORMAT);
}

static void test_errno(struct tap *tap)
{
    struct lm_err err = {0};
    CHECK_INT(lm_fail_errno(&err, ENOENT, "cannot open %s", "x"), LM_NOT_FOUND);
    CHECK_STR(err.text, "cannot open x: No such file or directory");
    CHECK_INT(lm_fail_errno(&err, ENOMEM, "x"), LM_NOMEM);
    CHECK_INT(lm_fail_errno(&err, EACCES, "x"), LM_IO);
    CHECK_INT(err.error_number, EACCES);
    lm_wrap(&err, LM_IO, "stage model");
    CHECK_INT(err.error_number, EACCES); /* on the way up it stays */
    lm_fail(&err, LM_RANGE, "lr is 7");
    CHECK_INT(err.error_number, 0); /* another failure */
    CHECK_INT(lm_fail_errno(NULL, ENOSPC, "x"), LM_IO);
}

/** The field at fault is told apart from a text that happens to hold a colon. */
static void test_field(struct tap *tap)
{
    struct lm_err err = {0};
    CHECK_INT(lm_fail_field(&err, LM_RANGE, "sources.%d.url: is \"a: b\"", 2), LM_RANGE);
    CHECK_STR(err.field, "sources.2.url");
    CHECK_STR(lm_err_message(&err), "is \"a: b\"");
    CHECK_STR(err.text, "sources.2.url: is \"a: b\"");
    lm_wrap(&err, LM_IO, "stage corpus");
    CHECK_STR(err.field, "");
    CHECK_STR(lm_err_message(&err), "stage corpus: sources.2.url: is \"a: b\"");
    lm_fail(&err, LM_INVALID, "lr: is no field here");
    CHECK_STR(err.field, "");
    CHECK_STR(lm_err_message(&err), "lr: is no field here");
    char name[LM_FIELD_SIZE * 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    lm_fail_field(&err, LM_RANGE, "%s: too long", name);
    CHECK_INT(strlen(err.field), LM_FIELD_SIZE - 1);
    CHECK_STR(lm_err_message(&err), "too long");
    CHECK_INT(lm_fail_field(NULL, LM_RANGE, "lr: nobody hears"), LM_RANGE);
}

static void test_long_text_is_cut(struct tap *tap)
{
    struct lm_err err = {0};
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    lm_fail(&err, LM_IO, "%s", text);
    CHECK_INT(strlen(err.text), sizeof err.text - 1);
    lm_wrap(&err, LM_IO, "context");
    CHECK_INT(strlen(err.text), sizeof err.text - 1);
    CHECK(strncmp(err.text, "context: xxx", 12) == 0);
    lm_wrap(&err, LM_IO, "%s", text);
    lm_fail_errno(&err, EIO, "%s", text);
    CHECK_INT(strlen(err.text), sizeof err.text - 1);
}

static enum lm_status trying(enum lm_status inner)
{
    LM_TRY(inner);
    return LM_INTERNAL;
}

static void test_try(struct tap *tap)
{
    CHECK_INT(trying(LM_OK), LM_INTERNAL);
    CHECK_INT(trying(LM_NETWORK), LM_NETWORK);
}

static const struct tap_test tests[] = {TAP_ROW(test_texts) TAP_ROW(test_fail_and_wrap) TAP_ROW(
    test_errno) TAP_ROW(test_field) TAP_ROW(test_long_text_is_cut) TAP_ROW(test_try)};
LM_TEST_FILE(tests)
