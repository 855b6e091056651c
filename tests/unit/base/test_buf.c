#include "base/buf.h"

#include "tap.h"

static void test_appending(struct tap *tap)
{
    struct lm_buf buf;
    lm_buf_init(&buf, 0);
    CHECK(buf.data == NULL && buf.size == 0);
    lm_buf_puts(&buf, "a");
    lm_buf_putc(&buf, 'b');
    lm_buf_append(&buf, "c\0d", 3);
    lm_buf_printf(&buf, "%d-%s", 42, "x");
    lm_buf_append(&buf, NULL, 0);
    CHECK_INT(buf.size, 9);
    CHECK(memcmp(buf.data, "abc\0d42-x", 10) == 0);
    CHECK(lm_buf_status(&buf, NULL) == LM_OK);
    lm_buf_clear(&buf);
    CHECK_INT(buf.size, 0);
    CHECK_STR(buf.data, "");
    for (int i = 0; i < 100000; i++)
        lm_buf_printf(&buf, "%d,", i % 10);
    CHECK_INT(buf.size, 200000);
    CHECK(strlen(buf.data) == 200000);
    lm_buf_release(&buf);
    CHECK(buf.data == NULL && buf.capacity == 0);
    lm_buf_release(&buf);
}

static void test_ceiling(struct tap *tap)
{
    struct lm_buf buf;
    struct lm_err err = {0};
    lm_buf_init(&buf, 10);
    lm_buf_puts(&buf, "0123456789");
    CHECK(lm_buf_status(&buf, &err) == LM_OK);
    lm_buf_putc(&buf, 'x');
    CHECK_INT(lm_buf_status(&buf, &err), LM_NOMEM);
    CHECK(strstr(err.text, "10") != NULL);
    lm_buf_clear(&buf); /* forgets */
    lm_buf_printf(&buf, "%s", "01234567890");
    lm_buf_puts(&buf, "a"); /* a failed buffer takes nothing, though this would fit */
    CHECK(buf.failed && buf.size == 0);
    lm_buf_clear(&buf);
    lm_buf_append(&buf, "x", SIZE_MAX);
    CHECK(buf.failed);
    lm_buf_release(&buf);
}

static void test_little_endian(struct tap *tap)
{
    struct lm_buf buf;
    lm_buf_init(&buf, 0);
    lm_buf_put_u16(&buf, 0x0102);
    lm_buf_put_u32(&buf, 0x03040506);
    lm_buf_put_u64(&buf, 0x0708090A0B0C0D0E);
    CHECK_INT(buf.size, 14);
    CHECK(memcmp(buf.data, "\x02\x01\x06\x05\x04\x03\x0E\x0D\x0C\x0B\x0A\x09\x08\x07", 14) == 0);
    lm_buf_put_double(&buf, 0.5);
    CHECK_STR(buf.data + 14, "0.5");
    lm_buf_clear(&buf);
    const int64_t numbers[] = {0, 7, -10, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        lm_buf_put_int(&buf, numbers[i]);
        lm_buf_putc(&buf, ' ');
    }
    CHECK_STR(buf.data, "0 7 -10 9223372036854775807 -9223372036854775808 ");
    lm_buf_release(&buf);
}

static const struct tap_test tests[] = {TAP_ROW(test_appending) TAP_ROW(test_ceiling)
                                            TAP_ROW(test_little_endian)};
LM_TEST_FILE(tests)
