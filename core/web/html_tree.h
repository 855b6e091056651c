/** A web page as a flat tree: what stands in which element, nothing else. The door to libxml2. */
#ifndef LM_WEB_HTML_TREE_H
#define LM_WEB_HTML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

#include "base/buf.h"

/** What an element is to a text. */
enum lm_html_trait {
    LM_HTML_BLOCK = 1,      /**< stands on lines of its own */
    LM_HTML_VOID = 2,       /**< holds nothing that is read: scripts, controls, pictures */
    LM_HTML_FRAME = 4,      /**< stands around the text: navigation, header, footer, aside, forms */
    LM_HTML_PARAGRAPH = 8,  /**< holds running text */
    LM_HTML_CONTAINER = 16, /**< holds paragraphs and containers */
    LM_HTML_HEADING = 32,
    LM_HTML_MAIN = 64 /**< the page says itself that this is its text */
};

/** X(code, name, traits) in the order of names. Unknown elements are LM_TAG_OTHER. */
#define LM_HTML_TAGS(X)                                                                            \
    X(LM_TAG_A, "a", 0)                                                                            \
    X(LM_TAG_ADDRESS, "address", LM_HTML_BLOCK)                                                    \
    X(LM_TAG_ARTICLE, "article", LM_HTML_BLOCK | LM_HTML_CONTAINER | LM_HTML_MAIN)                 \
    X(LM_TAG_ASIDE, "aside", LM_HTML_BLOCK | LM_HTML_FRAME)                                        \
    X(LM_TAG_AUDIO, "audio", LM_HTML_VOID)                                                         \
    X(LM_TAG_BLOCKQUOTE, "blockquote", LM_HTML_BLOCK | LM_HTML_CONTAINER)                          \
    X(LM_TAG_BODY, "body", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                      \
    X(LM_TAG_BR, "br", 0)                                                                          \
    X(LM_TAG_BUTTON, "button", LM_HTML_VOID)                                                       \
    X(LM_TAG_CANVAS, "canvas", LM_HTML_VOID)                                                       \
    X(LM_TAG_CENTER, "center", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                  \
    X(LM_TAG_DD, "dd", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                          \
    X(LM_TAG_DIALOG, "dialog", LM_HTML_BLOCK | LM_HTML_VOID)                                       \
    X(LM_TAG_DIV, "div", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                        \
    X(LM_TAG_DL, "dl", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                          \
    X(LM_TAG_DT, "dt", LM_HTML_BLOCK)                                                              \
    X(LM_TAG_EMBED, "embed", LM_HTML_VOID)                                                         \
    X(LM_TAG_FIELDSET, "fieldset", LM_HTML_BLOCK | LM_HTML_FRAME)                                  \
    X(LM_TAG_FIGCAPTION, "figcaption", LM_HTML_BLOCK)                                              \
    X(LM_TAG_FIGURE, "figure", LM_HTML_BLOCK)                                                      \
    X(LM_TAG_FOOTER, "footer", LM_HTML_BLOCK | LM_HTML_FRAME)                                      \
    X(LM_TAG_FORM, "form", LM_HTML_BLOCK | LM_HTML_FRAME)                                          \
    X(LM_TAG_H1, "h1", LM_HTML_BLOCK | LM_HTML_HEADING)                                            \
    X(LM_TAG_H2, "h2", LM_HTML_BLOCK | LM_HTML_HEADING)                                            \
    X(LM_TAG_H3, "h3", LM_HTML_BLOCK | LM_HTML_HEADING)                                            \
    X(LM_TAG_H4, "h4", LM_HTML_BLOCK | LM_HTML_HEADING)                                            \
    X(LM_TAG_H5, "h5", LM_HTML_BLOCK | LM_HTML_HEADING)                                            \
    X(LM_TAG_H6, "h6", LM_HTML_BLOCK | LM_HTML_HEADING)                                            \
    X(LM_TAG_HEAD, "head", LM_HTML_VOID)                                                           \
    X(LM_TAG_HEADER, "header", LM_HTML_BLOCK | LM_HTML_FRAME)                                      \
    X(LM_TAG_HR, "hr", LM_HTML_BLOCK)                                                              \
    X(LM_TAG_HTML, "html", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                      \
    X(LM_TAG_IFRAME, "iframe", LM_HTML_VOID)                                                       \
    X(LM_TAG_IMG, "img", 0)                                                                        \
    X(LM_TAG_INPUT, "input", LM_HTML_VOID)                                                         \
    X(LM_TAG_LI, "li", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                          \
    X(LM_TAG_LINK, "link", LM_HTML_VOID)                                                           \
    X(LM_TAG_MAIN, "main", LM_HTML_BLOCK | LM_HTML_CONTAINER | LM_HTML_MAIN)                       \
    X(LM_TAG_MENU, "menu", LM_HTML_BLOCK | LM_HTML_FRAME)                                          \
    X(LM_TAG_META, "meta", LM_HTML_VOID)                                                           \
    X(LM_TAG_NAV, "nav", LM_HTML_BLOCK | LM_HTML_FRAME)                                            \
    X(LM_TAG_NOSCRIPT, "noscript", LM_HTML_VOID)                                                   \
    X(LM_TAG_OBJECT, "object", LM_HTML_VOID)                                                       \
    X(LM_TAG_OL, "ol", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                          \
    X(LM_TAG_P, "p", LM_HTML_BLOCK | LM_HTML_PARAGRAPH)                                            \
    X(LM_TAG_PRE, "pre", LM_HTML_BLOCK | LM_HTML_PARAGRAPH)                                        \
    X(LM_TAG_RP, "rp", LM_HTML_VOID)                                                               \
    X(LM_TAG_RT, "rt", LM_HTML_VOID)                                                               \
    X(LM_TAG_SCRIPT, "script", LM_HTML_VOID)                                                       \
    X(LM_TAG_SECTION, "section", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                \
    X(LM_TAG_SELECT, "select", LM_HTML_VOID)                                                       \
    X(LM_TAG_STYLE, "style", LM_HTML_VOID)                                                         \
    X(LM_TAG_SVG, "svg", LM_HTML_VOID)                                                             \
    X(LM_TAG_TABLE, "table", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                    \
    X(LM_TAG_TBODY, "tbody", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                    \
    X(LM_TAG_TD, "td", LM_HTML_CONTAINER)                                                          \
    X(LM_TAG_TEMPLATE, "template", LM_HTML_VOID)                                                   \
    X(LM_TAG_TEXTAREA, "textarea", LM_HTML_VOID)                                                   \
    X(LM_TAG_TH, "th", LM_HTML_CONTAINER)                                                          \
    X(LM_TAG_TITLE, "title", LM_HTML_VOID)                                                         \
    X(LM_TAG_TR, "tr", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                          \
    X(LM_TAG_UL, "ul", LM_HTML_BLOCK | LM_HTML_CONTAINER)                                          \
    X(LM_TAG_VIDEO, "video", LM_HTML_VOID)

enum lm_html_tag {

#define LM_HTML_ENUM(code, name, traits) code,
    LM_HTML_TAGS(LM_HTML_ENUM)
#undef LM_HTML_ENUM
        LM_TAG_OTHER,
    LM_TAG_TEXT /**< no element but a stretch of text */
};

/** What an element's class, id, role and style say of it. */
enum lm_html_hint {
    LM_HINT_UNLIKELY = 1, /**< words like "sidebar", "comment", "share" */
    LM_HINT_LIKELY = 2,   /**< words like "article", "content", "main" */
    LM_HINT_HIDDEN = 4,   /**< is not shown */
    LM_HINT_FRAME = 8     /**< its role is navigation, complementary … */
};

struct lm_html_node {
    uint16_t tag;
    uint16_t hints;
    uint32_t parent;     /**< its place; the root is its own */
    uint32_t end;        /**< nodes [its place, end) are it and what it holds */
    uint32_t text, size; /**< of a stretch of text: its bytes in lm_html.text */
};

/** A parsed page. */
struct lm_html {
    struct lm_html_node *nodes; /**< in the page's order; the first is the root; owned */
    uint32_t count, capacity;
    struct lm_buf text; /**< all text, well-formed UTF-8 */
    struct lm_buf title;
    struct lm_buf meta; /**< what it says of itself but for the title (web/html_meta.h) */
};

/** Elements beyond this depth make a page that is refused. */
#define LM_HTML_DEEPEST 2000

/** Traits of a tag. */
unsigned lm_html_traits(uint16_t tag);
/** To be called once before threads parse side by side: two that come first at the same time would
 *  wait for each other for ever (libxml2, xmlInitParser). More calls do nothing. */
void lm_html_ready(void);
/** Parses a page, which must be well-formed UTF-8 without NULs; release it in any case.
 *  LM_FORMAT: "is nested too deeply"; LM_RANGE: more than 1 GiB; LM_NOMEM. */
enum lm_status lm_html_parse(struct lm_html *out, const uint8_t *page, size_t size,
                             struct lm_err *err);
void lm_html_release(struct lm_html *html);
/** Version of libxml2: "20914". */
void lm_html_version(char text[128]);

#endif
