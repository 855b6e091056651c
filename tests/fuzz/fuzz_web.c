/* Hostile web archives, HTTP messages and pages. The first byte says what it is. */
#include "web/html_page.h"
#include "web/http_message.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "text/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_page(const uint8_t *data, size_t size)
{
    struct lm_buf out;
    struct lm_clean_counts counts = {0};
    bool is_rejected = false;
    const struct lm_html_page page = {.bytes = data, .size = size, .encoding = "utf-8"};
    lm_buf_init(&out, 0);
    if (lm_html_page_text(&out, &page, &counts, &is_rejected, NULL) == LM_OK && out.size > 0 &&
        lm_utf8_valid_prefix((const uint8_t *)out.data, out.size) != out.size)
        __builtin_trap();
    lm_buf_release(&out);
}

static void read_message(struct lm_span message)
{
    struct lm_http_message out;
    struct lm_buf unpacked;
    lm_buf_init(&unpacked, 0);
    if (lm_http_message_read(&out, message, &unpacked, NULL) == LM_OK)
        (void)lm_encoding_of_label((const char *)out.type.data, out.type.size);
    lm_buf_release(&unpacked);
}

static void read_archive(const uint8_t *data, size_t size)
{
    struct lm_warc warc = {.data = data, .size = size};
    struct lm_warc_record record;
    bool is_end = false;
    while (lm_warc_next(&warc, &record, &is_end) && !is_end) {
        if (record.block.data < data || record.block.data + record.block.size > data + size)
            __builtin_trap();
        if (record.is_http)
            read_message(record.block);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 3 == 0)
        read_page(data + 1, size - 1);
    else if (data[0] % 3 == 1)
        read_message((struct lm_span){data + 1, size - 1});
    else
        read_archive(data + 1, size - 1);
    return 0;
}
