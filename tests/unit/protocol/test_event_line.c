#include "protocol/event_line.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static struct lm_buf object_of(const char *text)
{
    struct lm_buf object;
    lm_buf_init(&object, 0);
    lm_buf_append(&object, text, strlen(text));
    return object;
}

static void test_lines(struct tap *tap)
{
    struct lm_buf first = object_of("{\"event\":\"a\"}"), second = object_of("{}");
    char *text = NULL;
    size_t size = 0;
    FILE *events = open_memstream(&text, &size);
    CHECK_INT(lm_event_line_write(events, &first, "tell", NULL), LM_OK);
    CHECK_INT(lm_event_line_write(events, &second, "tell", NULL), LM_OK);
    CHECK_STR(text, "{\"event\":\"a\"}\n{}\n"); /* flushed: the stream is still open */
    fclose(events);
    free(text);
}

static void test_full_disk(struct tap *tap)
{
    struct lm_err err = {LM_OK, ""};
    struct lm_buf object = object_of("{}");
    FILE *events = fopen("/dev/full", "w");
    REQUIRE(events != NULL);
    CHECK_INT(lm_event_line_write(events, &object, "report the result", &err), LM_IO);
    CHECK(strstr(err.text, "cannot report the result") != NULL);
    fclose(events);
}

static const struct tap_test tests[] = {TAP_ROW(test_lines) TAP_ROW(test_full_disk)};
LM_TEST_FILE(tests)
