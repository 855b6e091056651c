#include "web/html_tree.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/HTMLparser.h>

#include "web/html_meta.h"

#define LARGEST_PAGE ((size_t)1 << 30)

static const struct {
    const char *name;
    unsigned traits;
} tags[] = {

#define ROW(code, name, traits) {name, traits},
    LM_HTML_TAGS(ROW)
#undef ROW
};

enum { TAGS = sizeof tags / sizeof tags[0], LONGEST_HINT = 256 };

unsigned lm_html_traits(uint16_t tag)
{
    return tag < TAGS ? tags[tag].traits : 0;
}

static int compare_names(const void *name, const void *row)
{
    return strcmp(name, *(const char *const *)row);
}

static uint16_t find_tag(const char *name)
{
    const void *row = bsearch(name, tags, TAGS, sizeof tags[0], compare_names);
    if (row == NULL)
        return LM_TAG_OTHER;
    return (uint16_t)((size_t)((const char *)row - (const char *)tags) / sizeof tags[0]);
}

/* ---- hints ---- */

/* What people call what is not the text, and what is, in classes and ids the world over. */
static const char *const unlikely[] = {
    "ad-break", "advert",     "agegate",  "banner",     "breadcrumb", "byline",    "combx",
    "comment",  "community",  "cookie",   "cover-wrap", "disqus",     "extra",     "footer",
    "gdpr",     "header",     "legends",  "menu",       "masthead",   "metadata",  "modal",
    "nav",      "newsletter", "outbrain", "pager",      "pagination", "popup",     "print-only",
    "promo",    "recommend",  "related",  "remark",     "replies",    "rss",       "share",
    "shoutbox", "sidebar",    "skyscrap", "social",     "sponsor",    "subscribe", "supplement",
    "taboola",  "tags",       "toolbar",  "trending",   "widget",     "yom-remote"};
static const char *const likely[] = {"article", "body",  "column", "content",
                                     "main",    "story", "entry",  "post"};
static const char *const frame_roles[] = {
    "navigation", "complementary", "banner", "contentinfo", "search",
    "dialog",     "alertdialog",   "menu",   "menubar",     "alert"};

static bool has_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

static unsigned hints_of_names(const char *value)
{
    char text[LONGEST_HINT];
    size_t size = 0;
    for (; value[size] != '\0' && size + 1 < sizeof text; size++)
        text[size] = (char)tolower((unsigned char)value[size]);
    text[size] = '\0';
    unsigned hints = 0;
    hints |= has_any(text, unlikely, sizeof unlikely / sizeof unlikely[0]) ? LM_HINT_UNLIKELY : 0;
    hints |= has_any(text, likely, sizeof likely / sizeof likely[0]) ? LM_HINT_LIKELY : 0;
    return hints;
}

static unsigned hints_of_role(const char *value)
{
    for (size_t i = 0; i < sizeof frame_roles / sizeof frame_roles[0]; i++)
        if (strcasecmp(value, frame_roles[i]) == 0)
            return LM_HINT_FRAME;
    return 0;
}

static bool hides(const char *style)
{
    const char *display = strcasestr(style, "display");
    const char *colon = display != NULL ? strchr(display, ':') : NULL;
    if (colon != NULL && strncasecmp(colon + 1 + strspn(colon + 1, " "), "none", 4) == 0)
        return true;
    const char *visibility = strcasestr(style, "visibility");
    colon = visibility != NULL ? strchr(visibility, ':') : NULL;
    return colon != NULL && strncasecmp(colon + 1 + strspn(colon + 1, " "), "hidden", 6) == 0;
}

static unsigned hints_of(const xmlChar **attributes)
{
    unsigned hints = 0;
    for (; attributes != NULL && attributes[0] != NULL; attributes += 2) {
        const char *name = (const char *)attributes[0], *value = (const char *)attributes[1];
        if (strcmp(name, "hidden") == 0)
            hints |= LM_HINT_HIDDEN;
        if (value == NULL)
            continue;
        if (strcmp(name, "class") == 0 || strcmp(name, "id") == 0)
            hints |= hints_of_names(value);
        else if (strcmp(name, "role") == 0)
            hints |= hints_of_role(value);
        else if ((strcmp(name, "style") == 0 && hides(value)) ||
                 (strcmp(name, "aria-hidden") == 0 && strcasecmp(value, "true") == 0))
            hints |= LM_HINT_HIDDEN;
    }
    return hints;
}

/* ---- events ---- */

/** A page on its way. */
struct build {
    struct lm_html *html;
    htmlParserCtxtPtr parser;
    uint32_t current; /**< the innermost open element */
    size_t depth;
    bool is_too_deep, is_out_of_memory;
};

static void stop(struct build *build, bool *why)
{
    *why = true;
    xmlStopParser(build->parser);
}

static struct lm_html_node *add_node(struct build *build, uint16_t tag)
{
    struct lm_html *html = build->html;
    if (html->count == html->capacity) {
        uint32_t capacity = html->capacity > 0 ? html->capacity * 2 : 1024;
        struct lm_html_node *nodes = realloc(html->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            stop(build, &build->is_out_of_memory);
            return NULL;
        }
        html->nodes = nodes;
        html->capacity = capacity;
    }
    struct lm_html_node *node = &html->nodes[html->count];
    *node = (struct lm_html_node){.tag = tag, .parent = build->current, .end = html->count + 1};
    html->count++;
    return node;
}

static void start_element(void *user, const xmlChar *name, const xmlChar **attributes)
{
    struct build *build = user;
    if (build->is_too_deep || build->is_out_of_memory)
        return;
    if (++build->depth > LM_HTML_DEEPEST) {
        stop(build, &build->is_too_deep);
        return;
    }
    struct lm_html_node *node = add_node(build, find_tag((const char *)name));
    if (node == NULL)
        return;
    node->hints = (uint16_t)hints_of(attributes);
    lm_html_meta_note(&build->html->meta, (const char *)name, (const char *const *)attributes);
    build->current = build->html->count - 1;
}

static void end_element(void *user, const xmlChar *name)
{
    struct build *build = user;
    struct lm_html *html = build->html;
    (void)name;
    if (build->depth == 0 || build->is_too_deep || build->is_out_of_memory)
        return;
    html->nodes[build->current].end = html->count;
    build->current = html->nodes[build->current].parent;
    build->depth--;
}

static void characters(void *user, const xmlChar *text, int size)
{
    struct build *build = user;
    struct lm_html *html = build->html;
    if (size <= 0 || build->is_too_deep || build->is_out_of_memory)
        return;
    if (html->nodes[build->current].tag == LM_TAG_TITLE && html->title.size < 4096)
        lm_buf_append(&html->title, text, (size_t)size);
    struct lm_html_node *last = &html->nodes[html->count - 1];
    bool is_more = last->tag == LM_TAG_TEXT && last->parent == build->current;
    if (!is_more) {
        last = add_node(build, LM_TAG_TEXT);
        if (last == NULL)
            return;
        last->text = (uint32_t)html->text.size;
    }
    lm_buf_append(&html->text, text, (size_t)size);
    last->size += (uint32_t)size;
}

static void nothing(void *user, const xmlChar *text, int size)
{
    (void)user;
    (void)text;
    (void)size;
}

/* ---- the page ---- */

static void close_all(struct build *build)
{
    struct lm_html *html = build->html;
    for (; build->current != 0; build->current = html->nodes[build->current].parent)
        html->nodes[build->current].end = html->count;
    html->nodes[0].end = html->count;
}

void lm_html_ready(void)
{
    xmlInitParser();
}

enum lm_status lm_html_parse(struct lm_html *out, const uint8_t *page, size_t size,
                             struct lm_err *err)
{
    static const htmlSAXHandler events = {.startElement = start_element,
                                          .endElement = end_element,
                                          .characters = characters,
                                          .ignorableWhitespace = characters,
                                          .cdataBlock = nothing};
    struct build build = {.html = out};
    *out = (struct lm_html){.count = 0};
    lm_buf_init(&out->text, 0);
    lm_buf_init(&out->title, 0);
    lm_buf_init(&out->meta, 0);
    if (size > LARGEST_PAGE)
        return lm_fail(err, LM_RANGE, "is a page of more than 1 GiB");
    if (add_node(&build, LM_TAG_OTHER) == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a page; free some");
    if (size == 0)
        return LM_OK;
    build.parser = htmlCreateMemoryParserCtxt((const char *)page, (int)size);
    if (build.parser == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a page; free some");
    *build.parser->sax = events;
    build.parser->userData = &build;
    build.parser->charset = XML_CHAR_ENCODING_UTF8;
    (void)htmlCtxtUseOptions(build.parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                               HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                               HTML_PARSE_IGNORE_ENC);
    (void)htmlParseDocument(build.parser);
    htmlFreeParserCtxt(build.parser);
    close_all(&build);
    if (build.is_too_deep)
        return lm_fail(err, LM_FORMAT, "is nested too deeply");
    if (build.is_out_of_memory)
        return lm_fail(err, LM_NOMEM, "no memory for a page; free some");
    LM_TRY(lm_buf_status(&out->title, err));
    LM_TRY(lm_buf_status(&out->meta, err));
    return lm_buf_status(&out->text, err);
}

void lm_html_release(struct lm_html *html)
{
    free(html->nodes);
    lm_buf_release(&html->text);
    lm_buf_release(&html->title);
    lm_buf_release(&html->meta);
    *html = (struct lm_html){.nodes = NULL};
}

void lm_html_version(char text[128])
{
    snprintf(text, 128, "%s", xmlParserVersion);
}
