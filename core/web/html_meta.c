#include "web/html_meta.h"

#include <string.h>
#include <strings.h>

enum { LARGEST = 64 << 10, LONGEST = 4 << 10, SPELLINGS = 10 };

/* ---- noting ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void lm_html_meta_put(struct lm_buf *meta, const char *name, const char *value, size_t size)
{
    size_t start = meta->size;
    while (size > 0 && is_space(value[0])) {
        value++;
        size--;
    }
    while (size > 0 && is_space(value[size - 1]))
        size--;
    if (size == 0 || size > LONGEST || start + strlen(name) + size + 2 > LARGEST)
        return;
    lm_buf_append(meta, name, strlen(name) + 1);
    for (size_t i = 0; i < size; i++)
        if (!is_space(value[i]))
            lm_buf_putc(meta, value[i] != '\0' ? value[i] : ' ');
        else if (!is_space(value[i + 1]))
            lm_buf_putc(meta, ' ');
    lm_buf_putc(meta, '\0');
}

static const char *value_of(const char *const *attributes, const char *name)
{
    for (; attributes != NULL && attributes[0] != NULL; attributes += 2)
        if (strcasecmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

static void note_meta(struct lm_buf *meta, const char *const *attributes)
{
    static const char *const keys[] = {"name", "property", "itemprop", "http-equiv"};
    const char *content = value_of(attributes, "content");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && content != NULL; i++) {
        const char *name = value_of(attributes, keys[i]);
        if (name != NULL && strlen(name) <= LONGEST)
            lm_html_meta_put(meta, name, content, strlen(content));
    }
}

void lm_html_meta_note(struct lm_buf *meta, const char *element, const char *const *attributes)
{
    static const struct {
        const char *element, *only, *its, *attribute, *name;
    } rows[] = {{"html", NULL, NULL, "lang", "html.lang"},
                {"link", "rel", "canonical", "href", "link.canonical"},
                {"time", NULL, NULL, "datetime", "time.datetime"}};

    if (strcmp(element, "meta") == 0)
        note_meta(meta, attributes);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(element, rows[i].element) != 0)
            continue;
        const char *only = rows[i].only != NULL ? value_of(attributes, rows[i].only) : NULL;
        const char *value = value_of(attributes, rows[i].attribute);
        bool fits = rows[i].only == NULL || (only != NULL && strcasecmp(only, rows[i].its) == 0);
        if (fits && value != NULL)
            lm_html_meta_put(meta, rows[i].name, value, strlen(value));
    }
}

/* ---- finding ---- */

static const char *find(const struct lm_buf *meta, const char *name)
{
    for (const char *at = meta->data, *end = at + meta->size; at < end;) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

const char *lm_html_meta_find(const struct lm_buf *meta, const char *name)
{
    static const struct {
        const char *name, *spellings[SPELLINGS];
    } rows[] = {
        {"title", {"html.title", "og:title", "dc.title", "citation_title", "twitter:title"}},
        {"url", {"link.canonical", "og:url", "dc.identifier"}},
        {"date",
         {"article:published_time", "datePublished", "dcterms.created", "dc.date", "date",
          "citation_publication_date", "pubdate", "time.datetime"}},
        {"author", {"author", "article:author", "dc.creator", "citation_author"}},
        {"description", {"description", "og:description", "dc.description"}},
        {"language", {"html.lang", "content-language", "language", "dc.language", "og:locale"}},
    };

    if (meta->size == 0)
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; strcasecmp(name, rows[i].name) == 0 && k < SPELLINGS; k++) {
            const char *spelling = rows[i].spellings[k];
            const char *value = spelling != NULL ? find(meta, spelling) : NULL;
            if (value != NULL)
                return value;
        }
    return find(meta, name);
}
