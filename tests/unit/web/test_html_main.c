/** The main text of pages: constructed ones, and where LMPIPE_DATA is, those of Mozilla's reader
 * view against the text it is held to (multiset F1 of case-folded words). */
#include "web/html_main.h"

#include <dirent.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "tests/tap.h"
#include "text/unicode.h"
#include "web/html_page.h"

static char *page_text(const char *page, size_t size)
{
    struct lm_buf out;
    struct lm_clean_counts counts = {0};
    struct lm_err err = {LM_OK, ""};
    bool is_rejected = false;
    const struct lm_html_page what = {
        .bytes = (const uint8_t *)page, .size = size, .encoding = "utf-8"};
    lm_buf_init(&out, 0);
    if (lm_html_page_text(&out, &what, &counts, &is_rejected, &err) != LM_OK)
        printf("# %s\n", err.text);
    char *text = strdup(out.data != NULL ? out.data : "");
    lm_buf_release(&out);
    return text;
}

#define LONG                                                                                       \
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the "   \
    "age of foolishness, it was the epoch of belief, it was the epoch of incredulity."

static void constructed(struct tap *tap)
{
    static const struct {
        const char *page, *want;
    } rows[] = {
        {"", ""},
        {"<p>Hello,   <b>wor</b>ld!</p>", "Hello, world!\n"},
        {"<title>T</title><p>One<br>two<br><br>three", "One\ntwo\n\nthree\n"},
        {"<script>var x = '<p>no</p>';</script><style>p {}</style><p>yes", "yes\n"},
        {"<div hidden>no</div><div style='color: red; DISPLAY:none'>no</div>"
         "<div aria-hidden=true>no</div><p>yes",
         "yes\n"},
        {"<nav><a href=x>Home</a></nav><article><h1>Title</h1><p>" LONG "</p><p>" LONG
         "</p></article><footer>Imprint</footer>",
         "Title\n\n" LONG "\n\n" LONG "\n"},
        {"<div class=menu><ul><li><a href=1>One</a><li><a href=2>Two</a></ul></div><div class=post>"
         "<p>" LONG "</p><p>" LONG "</p><div class='share'><a href=x>Tweet</a></div></div>",
         LONG "\n\n" LONG "\n"},
        {"<body><p>" LONG "</p><ul><li>first <i>item</i></li><li>second</li></ul><p>" LONG "</p>",
         LONG "\n\n- first item\n- second\n\n" LONG "\n"},
        {"<body><p>" LONG "</p><pre>\nint  x;\n  y &lt; z;\n</pre><p>" LONG "</p>",
         LONG "\n\nint  x;\n  y < z;\n\n" LONG "\n"},
        {"<body><p>" LONG "</p><table><tr><th>Year<th>Sum<tr><td>1859<td>7</table><p>" LONG "</p>",
         LONG "\n\nYear\tSum\n1859\t7\n\n" LONG "\n"},
        {"<p>&eacute;&#233;&#x4e00;&amp;&lt;", "\xC3\xA9\xC3\xA9\xE4\xB8\x80&<\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = page_text(rows[i].page, strlen(rows[i].page));
        CHECK_STR(text, rows[i].want);
        free(text);
    }
}

/* No page crashes or hangs: cut anywhere, deep, without end. */
static void hostile(struct tap *tap)
{
    static const char page[] =
        "<!doctype html><html><head><title>a</title></head><body><div><p>a<b>c<!-- x --></div>"
        "<table><tr><td>d</table><![CDATA[x]]>&#0;&#xD800;&notathing;</p></html>";
    for (size_t size = 0; size < sizeof page; size++) {
        char *copy = malloc(size + 1);
        REQUIRE(copy != NULL);
        memcpy(copy, page, size);
        free(page_text(copy, size));
        free(copy);
    }
    struct lm_buf deep;
    struct lm_html html;
    struct lm_err err = {LM_OK, ""};
    lm_buf_init(&deep, 0);
    for (size_t i = 0; i < 100000; i++)
        lm_buf_puts(&deep, "<div>");
    CHECK_INT(lm_html_parse(&html, (const uint8_t *)deep.data, deep.size, &err), LM_FORMAT);
    CHECK_STR(err.text, "is nested too deeply");
    lm_html_release(&html);
    lm_buf_release(&deep);
}

/* ---- real pages ---- */

/** Words of a text, folded. */
struct bag {
    char **words;
    size_t count, capacity;
};

static void add_word(struct bag *bag, const char *word, size_t size)
{
    if (bag->count == bag->capacity) {
        bag->capacity = bag->capacity > 0 ? 2 * bag->capacity : 256;
        bag->words = realloc(bag->words, bag->capacity * sizeof *bag->words);
        if (bag->words == NULL)
            abort();
    }
    bag->words[bag->count++] = strndup(word, size);
}

/* Lower case of Latin, Greek and Cyrillic: enough, since both texts come of the same page. */
static uint32_t fold(uint32_t c)
{
    bool is_upper = (lm_unicode(c) & LM_UC_UPPER) != 0;
    if (!is_upper)
        return c;
    return c < 0x80 || (c >= 0xC0 && c < 0xE0) || (c >= 0x391 && c < 0x3AC) ||
                   (c >= 0x410 && c < 0x430)
               ? c + 32
               : c;
}

static bool is_east_asian(uint32_t c)
{
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF);
}

static void add_words(struct bag *bag, const char *text)
{
    char word[4096];
    size_t used = 0, size = strlen(text);
    for (size_t at = 0; at < size;) {
        uint32_t c;
        size_t length = lm_utf8_decode(&c, (const uint8_t *)text + at, size - at);
        at += length > 0 ? length : 1;
        bool is_word =
            length > 0 && ((lm_unicode(c) & (LM_UC_LETTER | LM_UC_NUMBER)) != 0 || c == '_');
        if (used > 0 && (!is_word || is_east_asian(c) || used > sizeof word - 8)) {
            add_word(bag, word, used);
            used = 0;
        }
        if (is_word)
            used += lm_utf8_encode((uint8_t *)word + used, fold(c));
        if (is_word && is_east_asian(c)) {
            add_word(bag, word, used);
            used = 0;
        }
    }
    if (used > 0)
        add_word(bag, word, used);
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_bag(struct bag *bag)
{
    for (size_t i = 0; i < bag->count; i++)
        free(bag->words[i]);
    free(bag->words);
}

static double f1(const char *got, const char *want)
{
    struct bag a = {0}, b = {0};
    size_t common = 0;
    add_words(&a, got);
    add_words(&b, want);
    qsort(a.words, a.count, sizeof *a.words, compare_words);
    qsort(b.words, b.count, sizeof *b.words, compare_words);
    for (size_t i = 0, k = 0; i < a.count && k < b.count;) {
        int order = strcmp(a.words[i], b.words[k]);
        common += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    double sum = (double)(a.count + b.count);
    free_bag(&a);
    free_bag(&b);
    return sum > 0 ? 2 * (double)common / sum : 1;
}

static char *read_file(const char *folder, const char *name, const char *file, size_t *size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/html/%s/%s", folder, name, file);
    FILE *stream = fopen(path, "rb");
    char *text = stream != NULL ? calloc(1, 1 << 23) : NULL;
    *size = text != NULL ? fread(text, 1, (1 << 23) - 1, stream) : 0;
    if (stream != NULL)
        fclose(stream);
    return text;
}

/* All text of an expected page, tags away. */
static char *all_text(const char *page, size_t size)
{
    struct lm_html html;
    struct lm_buf out;
    lm_buf_init(&out, 0);
    if (lm_html_parse(&html, (const uint8_t *)page, size, NULL) != LM_OK)
        abort();
    for (uint32_t i = 0; i < html.count; i++)
        if (html.nodes[i].tag == LM_TAG_TEXT)
            lm_buf_append(&out, html.text.data + html.nodes[i].text, html.nodes[i].size);
    lm_html_release(&html);
    return out.data != NULL ? out.data : strdup("");
}

static void real_pages(struct tap *tap)
{
    const char *data = getenv("LMPIPE_DATA");
    char path[1024];
    snprintf(path, sizeof path, "%s/html", data != NULL ? data : "");
    DIR *folder = data != NULL ? opendir(path) : NULL;
    if (folder == NULL)
        SKIP("LMPIPE_DATA is not set, or holds no html");
    char *seen[256];
    size_t count = 0, poor = 0;
    double sum = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL && count < 256;) {
        size_t page_size, want_size;
        if (entry->d_name[0] == '.')
            continue;
        char *page = read_file(data, entry->d_name, "source.html", &page_size);
        char *expected = read_file(data, entry->d_name, "expected.html", &want_size);
        if (page == NULL || expected == NULL)
            continue;
        char *want = all_text(expected, want_size), *got = page_text(page, page_size);
        bool is_known = false;
        for (size_t i = 0; i < count && !is_known; i++)
            is_known = strcmp(seen[i], want) == 0;
        if (!is_known) {
            double value = f1(got, want);
            sum += value;
            poor += value < 0.80;
            seen[count++] = strdup(want);
            if (value < 0.80)
                printf("# %s: F1 %.3f\n", entry->d_name, value);
        }
        free(page);
        free(expected);
        free(want);
        free(got);
    }
    closedir(folder);
    printf("# %zu distinct texts, mean F1 %.4f, %zu below 0.80\n", count, sum / (double)count,
           poor);
    CHECK(count >= 60);
    CHECK(sum / (double)count >= 0.96);
    CHECK(poor <= 4);
    for (size_t i = 0; i < count; i++)
        free(seen[i]);
}

static const struct tap_test tests[] = {TAP_ROW(constructed) TAP_ROW(hostile) TAP_ROW(real_pages)};

LM_TEST_FILE(tests)
