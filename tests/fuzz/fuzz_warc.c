/* Hostile web archives and the HTTP messages in them: what is found lies within the archive. */
#include "web/warc.h"

#include "text/encoding.h"
#include "web/http_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_message(struct lm_span message)
{
    struct lm_http_message out;
    struct lm_buf unpacked;
    lm_buf_init(&unpacked, 0);
    if (lm_http_message_read(&out, message, &unpacked, NULL) == LM_OK)
        (void)lm_encoding_of_label((const char *)out.type.data, out.type.size);
    lm_buf_release(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
    return 0;
}
