#include "web/html_text.h"

#include <string.h>

/* Newlines around an element: an empty line around paragraphs, none between the rest. */
static unsigned breaks_of(uint16_t tag)
{
    switch (tag) {
    case LM_TAG_P:
    case LM_TAG_PRE:
    case LM_TAG_BLOCKQUOTE:
    case LM_TAG_TABLE:
    case LM_TAG_UL:
    case LM_TAG_OL:
    case LM_TAG_DL:
    case LM_TAG_FIGURE:
    case LM_TAG_ARTICLE:
    case LM_TAG_SECTION:
    case LM_TAG_DIV:
    case LM_TAG_HR:
        return 2;
    default:
        return (lm_html_traits(tag) & LM_HTML_HEADING) != 0 ? 2
               : (lm_html_traits(tag) & LM_HTML_BLOCK) != 0 ? 1
                                                            : 0;
    }
}

void lm_html_text_begin(struct lm_html_text *text, const struct lm_html *html, struct lm_buf *out)
{
    *text = (struct lm_html_text){.html = html, .out = out, .start = out->size};
}

static void owe(struct lm_html_text *text, unsigned breaks)
{
    text->breaks = breaks > text->breaks ? breaks : text->breaks;
}

/* What ended between the last node and this one. */
static void leave(struct lm_html_text *text, uint32_t node)
{
    const struct lm_html_node *nodes = text->html->nodes;
    for (uint32_t at = text->last; at != 0 && nodes[at].end <= node; at = nodes[at].parent)
        owe(text, breaks_of(nodes[at].tag));
    text->last = node;
}

static void enter(struct lm_html_text *text, uint32_t node)
{
    const struct lm_html_node *element = &text->html->nodes[node];
    owe(text, breaks_of(element->tag));
    if (element->tag == LM_TAG_BR)
        text->breaks += text->breaks < 2;
    if (element->tag == LM_TAG_TD || element->tag == LM_TAG_TH)
        text->is_tabbed = true;
    text->is_item = text->is_item || element->tag == LM_TAG_LI;
    if (element->tag == LM_TAG_PRE && element->end > text->verbatim)
        text->verbatim = element->end;
}

/* White space that is owed before a word. */
static void pay(struct lm_html_text *text)
{
    /* what is preformatted may end in newlines of its own */
    while (text->breaks > 0 && text->out->size > text->start &&
           text->out->data[text->out->size - 1] == '\n')
        text->out->size--;
    bool is_first = text->out->size == text->start;
    for (unsigned i = 0; i < text->breaks && !is_first; i++)
        lm_buf_putc(text->out, '\n');
    if (text->breaks == 0 && !is_first && (text->is_tabbed || text->is_spaced))
        lm_buf_putc(text->out, text->is_tabbed ? '\t' : ' ');
    if (text->is_item)
        lm_buf_append(text->out, "- ", 2);
    text->breaks = 0;
    text->is_item = text->is_spaced = text->is_tabbed = false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static void put_verbatim(struct lm_html_text *text, const char *data, size_t size)
{
    bool is_start = text->breaks > 0 || text->out->size == text->start;
    if (is_start && size > 0 && data[0] == '\n') {
        data++;
        size--;
    }
    if (size == 0)
        return;
    pay(text);
    lm_buf_append(text->out, data, size);
}

static void put_words(struct lm_html_text *text, const char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        if (is_space(data[at])) {
            text->is_spaced = true;
            at++;
            continue;
        }
        size_t end = at;
        while (end < size && !is_space(data[end]))
            end++;
        pay(text);
        lm_buf_append(text->out, data + at, end - at);
        at = end;
    }
}

void lm_html_text_put(struct lm_html_text *text, uint32_t node)
{
    const struct lm_html_node *what = &text->html->nodes[node];
    leave(text, node);
    if (what->tag != LM_TAG_TEXT) {
        enter(text, node);
        return;
    }
    const char *data = text->html->text.data + what->text;
    if (node < text->verbatim)
        put_verbatim(text, data, what->size);
    else
        put_words(text, data, what->size);
}

enum lm_status lm_html_text_end(struct lm_html_text *text, struct lm_err *err)
{
    if (text->out->size > text->start)
        lm_buf_putc(text->out, '\n');
    return lm_buf_status(text->out, err);
}
