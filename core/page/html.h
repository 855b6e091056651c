/**
 * HTML pages: one shell (head, style, light and dark, print) and safe text. A page has no
 * script and loads nothing: its Content-Security-Policy allows inline style alone.
 *
 * Vocabulary of the style sheet (html_style.c), for every page that uses the shell:
 *   <header class="top">   overline (p.over), summary (h1), lead (p.lead), nav
 *   <div class="tiles">    tiles: <div class="tile"><span class="k">label</span>
 *                          <b>value</b><span class="s">small print</span></div>
 *   <section>              lm_html_section: heading and a note in the margin, matter beside it
 *   <div class="wide">     a table inside scrolls sideways on a phone; td.n and th.n hold numbers
 *   <b class="pass|fail|und"> result words, <i class="s0…s6"> surprisal, <b class="x"> tiles
 *                          for invisible characters
 */
#ifndef LM_PAGE_HTML_H
#define LM_PAGE_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** Doctype, head and <body><main>; title and description are escaped. */
void lm_html_begin(struct lm_buf *out, const char *title, const char *description);
/** The same for a page with rules of its own behind the style sheet; `style` is CSS. */
void lm_html_begin_styled(struct lm_buf *out, const char *title, const char *description,
                          const char *style);

/** What a page says before its body. All texts are escaped but for `style`, which is CSS. */
struct lm_html_head {
    const char *title, *description;
    const char *style;    /**< rules of its own behind the style sheet; "" for none */
    const char *language; /**< a tag as "en", "zh-Hans" */
};

/** Doctype, head and <body>, for a page whose landmarks are its own. */
void lm_html_head(struct lm_buf *out, const struct lm_html_head *head);
/** Closes main, body, html after a footer of escaped text. */
void lm_html_end(struct lm_buf *out, const char *footer);
/** Opens <section id="id"> with its heading and a note in the margin (markup; NULL: none). */
void lm_html_section(struct lm_buf *out, const char *id, const char *heading, const char *note);
void lm_html_section_end(struct lm_buf *out);

/** Text as content: markup escaped; control, bidi and zero-width characters and ill-formed bytes
 *  become visible tiles <b class="x">. Newline and tab stay. Any bytes are fine. */
void lm_html_text(struct lm_buf *out, const void *text, size_t size);
/** The same for attribute values and <title>: tiles become "[U+202E]" and "[\xE2]". */
void lm_html_attribute(struct lm_buf *out, const void *text, size_t size);
/** Markup with safe arguments: %s is an escaped string (lm_html_text; in an attribute use
 *  %s only for text without control characters), %d int, %lld, %zu; anything else is copied. */
void lm_html_printf(struct lm_buf *out, const char *format, ...) LM_PRINTF(2, 3);

/** The one style sheet, in pieces; NULL-terminated. */
extern const char *const lm_html_style[];

#endif
