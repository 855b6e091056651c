/** A page as it was saved or served: its bytes as UTF-8, then its main text. */
#ifndef LM_WEB_HTML_PAGE_H
#define LM_WEB_HTML_PAGE_H

#include <lmpipe/status.h>

#include "base/buf.h"
#include "text/clean_text.h"

/** What is known of a page beforehand. */
struct lm_html_page {
    const uint8_t *bytes;
    size_t size;
    const char *encoding; /**< one of lm_encoding_names: "utf-8" and "auto" leave it to the page */
    const char *charset;  /**< what was said when it was served, `charset_size` bytes; or NULL */
    size_t charset_size;
    enum lm_repair repair; /**< what becomes of bytes that are wrong */
    size_t *wrong;         /**< gets how many bytes become U+FFFD, where any do; or NULL */
    struct lm_buf *meta;   /**< gets what the page says of itself (web/html_meta.h); or NULL */
};

/** The encoding of a page, one of lm_encoding_names: by its mark, by `encoding`, by `charset`, by
 * its meta elements (WHATWG HTML 13.2.3.2), by what is certain of its bytes, else "utf-8". UTF-8
 * that can be nothing else goes before what is said. */
const char *lm_html_page_encoding(const struct lm_html_page *page);
/** Appends the main text. What was repaired is added to *counts; *is_rejected: it is not what its
 *  encoding says, and the policy is to reject. LM_FORMAT: nested too deeply; LM_RANGE, LM_NOMEM. */
enum lm_status lm_html_page_text(struct lm_buf *out, const struct lm_html_page *page,
                                 struct lm_clean_counts *counts, bool *is_rejected,
                                 struct lm_err *err);
/** The value of charset in "text/html; charset=x"; *size is 0 when there is none. Borrowed. */
const char *lm_charset_of_type(const char *type, size_t type_size, size_t *size);

#endif
