/** Where a page's text is: by the density of text and of links (the idea of Kohlschütter et al.
 * 2010, and of the readers' views in browsers), and by what elements and their names say. */
#ifndef LM_WEB_HTML_MAIN_H
#define LM_WEB_HTML_MAIN_H

#include "web/html_tree.h"

/** Appends the main text of a page, in paragraphs; nothing when it has none. Tables have a line a
 *  row, their cells cut by tabs; preformatted text keeps its spaces; list items begin with "- ".
 *  LM_NOMEM. */
enum lm_status lm_html_main_text(struct lm_buf *out, const struct lm_html *html,
                                 struct lm_err *err);

#endif
