/** What a page says of itself: its title, language, meta elements, canonical address and first
 * time, as "name\0value\0" one after the other. */
#ifndef LM_WEB_HTML_META_H
#define LM_WEB_HTML_META_H

#include "base/buf.h"

/** Notes what an element says; `attributes` are names and values in turn, NULL at the end, or NULL.
 *  At most 64 KiB in all, and 4 KiB a value, are kept. */
void lm_html_meta_note(struct lm_buf *meta, const char *element, const char *const *attributes);
/** Notes a value, its white space collapsed; nothing when it is blank. */
void lm_html_meta_put(struct lm_buf *meta, const char *name, const char *value, size_t size);
/** The value of a name, in any case of letters: "title", "url", "date", "author", "description" and
 *  "language" as the usual vocabularies have them (HTML, Open Graph, Dublin Core, schema.org), else
 *  a meta element's own name. Borrowed; NULL: none. */
const char *lm_html_meta_find(const struct lm_buf *meta, const char *name);

#endif
