/* Hostile pages: encoding, tree, main text and head. What comes out is well-formed UTF-8. */
#include "web/html_page.h"

#include "base/utf8.h"
#include "web/html_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_buf out;
    struct lm_clean_counts counts = {0};
    bool is_rejected = false;
    const struct lm_html_page page = {.bytes = data, .size = size, .encoding = "utf-8"};
    lm_html_ready();
    lm_buf_init(&out, 0);
    if (lm_html_page_text(&out, &page, &counts, &is_rejected, NULL) == LM_OK && out.size > 0 &&
        lm_utf8_valid_prefix((const uint8_t *)out.data, out.size) != out.size)
        __builtin_trap();
    lm_buf_release(&out);
    return 0;
}
