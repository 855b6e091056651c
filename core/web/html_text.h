/** A page's elements as readable text. */
#ifndef LM_WEB_HTML_TEXT_H
#define LM_WEB_HTML_TEXT_H

#include "web/html_tree.h"

/** Text on its way; plain value. */
struct lm_html_text {
    const struct lm_html *html;
    struct lm_buf *out;
    size_t start;      /**< of this text in out */
    uint32_t last;     /**< the node before */
    uint32_t verbatim; /**< nodes before this one are preformatted */
    unsigned breaks;   /**< newlines owed before the next word */
    bool is_spaced;    /**< a space is owed */
    bool is_tabbed;    /**< a tab is owed: another cell begins */
    bool is_item;      /**< a bullet is owed */
};

void lm_html_text_begin(struct lm_html_text *text, const struct lm_html *html, struct lm_buf *out);
/** The next node in the page's order: an element's start, or a stretch of text. */
void lm_html_text_put(struct lm_html_text *text, uint32_t node);
/** Ends the text. LM_NOMEM. */
enum lm_status lm_html_text_end(struct lm_html_text *text, struct lm_err *err);

#endif
