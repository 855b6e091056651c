#include "web/html_main.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "web/html_text.h"

enum { LEAST_PARAGRAPH = 25, LEAST_TEXT = 250, LEAST_PROSE = 80 };

/** What is counted of a node and all it holds; sizes in bytes of text without white space. */
struct measure {
    uint32_t size, linked; /* of text; of text in links */
    uint32_t commas;
    uint32_t prose; /* of paragraphs of some length */
    uint32_t paragraphs, items, pictures, controls, headings;
    float score; /* by the paragraphs below */
    bool is_out; /* is left out, with all it holds */
};

struct work {
    const struct lm_html *html;
    struct measure *measures;
    bool is_strict; /* elements of unlikely names go */
};

static const struct lm_html_node *node_at(const struct work *work, uint32_t i)
{
    return &work->html->nodes[i];
}

/* ---- what goes before anything is measured ---- */

/* Elements around the text, by what they are or say they are. */
static bool is_frame(const struct lm_html_node *node)
{
    return node->tag == LM_TAG_NAV || node->tag == LM_TAG_FOOTER || node->tag == LM_TAG_ASIDE ||
           node->tag == LM_TAG_MENU || (node->hints & LM_HINT_FRAME) != 0;
}

static bool is_unlikely(const struct lm_html_node *node)
{
    return (node->hints & (LM_HINT_UNLIKELY | LM_HINT_LIKELY)) == LM_HINT_UNLIKELY &&
           (lm_html_traits(node->tag) & LM_HTML_BLOCK) != 0 && node->tag != LM_TAG_TABLE;
}

static bool is_never_text(const struct work *work, uint32_t i)
{
    const struct lm_html_node *node = node_at(work, i);
    unsigned traits = lm_html_traits(node->tag);
    if ((traits & LM_HTML_VOID) != 0 || (node->hints & LM_HINT_HIDDEN) != 0)
        return true;
    if (node->tag == LM_TAG_BODY || node->tag == LM_TAG_HTML || node->tag == LM_TAG_TEXT ||
        (traits & LM_HTML_MAIN) != 0)
        return false;
    return is_frame(node) || (work->is_strict && is_unlikely(node));
}

/* ---- measuring ---- */

static void count_text(struct measure *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        out->size += c > ' ';
        out->commas += c == ',';
        /* the commas of Chinese, Japanese and Arabic */
        out->commas += c == 0xEF && i + 2 < size && memcmp(text + i, "\xEF\xBC\x8C", 3) == 0;
        out->commas +=
            c == 0xE3 && i + 2 < size &&
            (memcmp(text + i, "\xE3\x80\x81", 3) == 0 || memcmp(text + i, "\xE3\x80\x82", 3) == 0);
        out->commas += c == 0xD8 && i + 1 < size && (unsigned char)text[i + 1] == 0x8C;
    }
}

static void add(struct measure *to, const struct measure *from)
{
    to->size += from->size;
    to->linked += from->linked;
    to->commas += from->commas;
    to->prose += from->prose;
    to->paragraphs += from->paragraphs;
    to->items += from->items;
    to->pictures += from->pictures;
    to->controls += from->controls;
    to->headings += from->headings;
}

/* From the end, so that a node is whole before its parent takes it in. */
static void measure_all(struct work *work)
{
    const struct lm_html *html = work->html;
    memset(work->measures, 0, html->count * sizeof *work->measures);
    for (uint32_t i = 0; i < html->count; i++) {
        struct measure *m = &work->measures[i];
        m->is_out =
            (i > 0 && work->measures[node_at(work, i)->parent].is_out) || is_never_text(work, i);
    }
    for (uint32_t i = html->count; i-- > 0;) {
        const struct lm_html_node *node = node_at(work, i);
        struct measure *m = &work->measures[i];
        m->controls += node->tag == LM_TAG_INPUT || node->tag == LM_TAG_BUTTON ||
                       node->tag == LM_TAG_SELECT || node->tag == LM_TAG_TEXTAREA;
        if (m->is_out) {
            if (i > 0)
                work->measures[node->parent].controls += m->controls;
            continue;
        }
        if (node->tag == LM_TAG_TEXT)
            count_text(m, html->text.data + node->text, node->size);
        m->linked = node->tag == LM_TAG_A ? m->size : m->linked;
        m->paragraphs += node->tag == LM_TAG_P;
        m->items += node->tag == LM_TAG_LI;
        m->pictures += node->tag == LM_TAG_IMG;
        m->headings += (lm_html_traits(node->tag) & LM_HTML_HEADING) != 0;
        if ((lm_html_traits(node->tag) & LM_HTML_PARAGRAPH) != 0 && m->size >= LEAST_PROSE)
            m->prose = m->size;
        if (i > 0)
            add(&work->measures[node->parent], m);
    }
}

static float link_density(const struct measure *m)
{
    return m->size > 0 ? (float)m->linked / (float)m->size : 0;
}

/* ---- scores ---- */

/* Has it text of its own, not only through blocks? */
static bool is_paragraph(const struct work *work, uint32_t i)
{
    const struct lm_html_node *node = node_at(work, i);
    if ((lm_html_traits(node->tag) & LM_HTML_PARAGRAPH) != 0 || node->tag == LM_TAG_TD ||
        node->tag == LM_TAG_BLOCKQUOTE)
        return true;
    if (node->tag != LM_TAG_DIV && node->tag != LM_TAG_SECTION && node->tag != LM_TAG_ARTICLE &&
        node->tag != LM_TAG_LI && node->tag != LM_TAG_DD)
        return false;
    for (uint32_t c = i + 1; c < node->end; c = node_at(work, c)->end)
        if ((lm_html_traits(node_at(work, c)->tag) & LM_HTML_BLOCK) != 0)
            return false;
    return true;
}

/* What names and elements weigh, beside paragraphs. */
static float hint_weight(const struct lm_html_node *node)
{
    return ((node->hints & LM_HINT_LIKELY) != 0 ? 25.F : 0.F) -
           ((node->hints & LM_HINT_UNLIKELY) != 0 ? 25.F : 0.F);
}

static float own_weight(const struct lm_html_node *node)
{
    static const struct {
        uint16_t tag;
        int weight;
    } weights[] = {{LM_TAG_DIV, 5}, {LM_TAG_SECTION, 5}, {LM_TAG_ARTICLE, 10},   {LM_TAG_MAIN, 10},
                   {LM_TAG_PRE, 3}, {LM_TAG_TD, 3},      {LM_TAG_BLOCKQUOTE, 3}, {LM_TAG_OL, -3},
                   {LM_TAG_UL, -3}, {LM_TAG_DL, -3},     {LM_TAG_DD, -3},        {LM_TAG_DT, -3},
                   {LM_TAG_LI, -3}, {LM_TAG_FORM, -3},   {LM_TAG_ADDRESS, -3},   {LM_TAG_H1, -5},
                   {LM_TAG_H2, -5}, {LM_TAG_H3, -5},     {LM_TAG_H4, -5},        {LM_TAG_H5, -5},
                   {LM_TAG_H6, -5}, {LM_TAG_TH, -5}};

    float weight = hint_weight(node);
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
        weight += weights[i].tag == node->tag ? (float)weights[i].weight : 0;
    return weight;
}

static void give(struct work *work, uint32_t to, float score)
{
    struct measure *m = &work->measures[to];
    if (m->score == 0)
        m->score = own_weight(node_at(work, to));
    m->score += score;
}

static void score_all(struct work *work)
{
    const struct lm_html *html = work->html;
    for (uint32_t i = 1; i < html->count; i++) {
        const struct lm_html_node *node = node_at(work, i);
        const struct measure *m = &work->measures[i];
        if (m->is_out || node->tag == LM_TAG_TEXT || m->size < LEAST_PARAGRAPH ||
            !is_paragraph(work, i))
            continue;
        float score = 1 + (float)m->commas + fminf((float)m->size / 100, 3);
        uint32_t at = i;
        for (unsigned level = 0; level < 4 && at != 0; level++) {
            at = node_at(work, at)->parent;
            give(work, at, score / (level == 0 ? 1 : level == 1 ? 2 : (float)level * 3));
        }
    }
}

static float final_score(const struct work *work, uint32_t i)
{
    const struct measure *m = &work->measures[i];
    return m->is_out ? 0 : m->score * (1 - link_density(m));
}

static uint32_t best_node(const struct work *work)
{
    uint32_t best = 0;
    float most = 0;
    for (uint32_t i = 1; i < work->html->count; i++) {
        float score = final_score(work, i);
        if (score > most) {
            most = score;
            best = i;
        }
    }
    return best;
}

static bool holds(const struct work *work, uint32_t outer, uint32_t inner)
{
    return inner >= outer && inner < node_at(work, outer)->end;
}

/* The next ancestor that holds three other good nodes, or the node itself. */
static uint32_t widen_by_company(const struct work *work, uint32_t best)
{
    float top = final_score(work, best);
    for (uint32_t at = node_at(work, best)->parent; at != 0; at = node_at(work, at)->parent) {
        unsigned others = 0;
        for (uint32_t i = at + 1; i < node_at(work, at)->end; i++)
            others += !holds(work, i, best) && !holds(work, best, i) &&
                      final_score(work, i) >= top * 0.75F;
        if (others >= 3)
            return at;
    }
    return best;
}

/* The next ancestor with a higher score, as long as scores do not fall away between. */
static uint32_t widen_by_score(const struct work *work, uint32_t best)
{
    float last = work->measures[best].score;
    for (uint32_t at = node_at(work, best)->parent; at != 0; at = node_at(work, at)->parent) {
        float score = work->measures[at].score;
        if (score < last / 3)
            return best;
        if (score > last)
            return at;
        last = score;
    }
    return best;
}

/* Ancestors that add much prose and little else. */
static uint32_t widen_by_prose(const struct work *work, uint32_t best)
{
    for (uint32_t at = node_at(work, best)->parent; at != 0; at = node_at(work, at)->parent) {
        const struct measure *inner = &work->measures[best], *outer = &work->measures[at];
        uint32_t gain = outer->size - inner->size;
        if ((uint64_t)gain * 4 > inner->size &&
            (uint64_t)(outer->prose - inner->prose) * 10 > (uint64_t)gain * 7 &&
            (uint64_t)(outer->linked - inner->linked) * 10 < gain)
            best = at;
    }
    return best;
}

/* Upwards where the text goes on beside the best node; an only child is its parent. */
static uint32_t widen(const struct work *work, uint32_t best)
{
    best = widen_by_prose(work, widen_by_score(work, widen_by_company(work, best)));
    for (;;) {
        uint32_t parent = node_at(work, best)->parent;
        if (parent == 0 || node_at(work, parent)->tag == LM_TAG_BODY ||
            work->measures[parent].size != work->measures[best].size)
            return best;
        best = parent;
    }
}

/* ---- what is left out inside ---- */

static bool is_list(const struct lm_html_node *node)
{
    return node->tag == LM_TAG_UL || node->tag == LM_TAG_OL;
}

static bool is_box(const struct lm_html_node *node)
{
    return is_list(node) || node->tag == LM_TAG_DIV || node->tag == LM_TAG_SECTION ||
           node->tag == LM_TAG_TABLE || node->tag == LM_TAG_DL ||
           (lm_html_traits(node->tag) & LM_HTML_FRAME) != 0;
}

/* Mostly links: lists may hold more of them, and so may what is named like text. */
static bool is_of_links(const struct lm_html_node *node, const struct measure *m)
{
    float density = link_density(m);
    return hint_weight(node) >= 25 || is_list(node)
               ? density > 0.5F || (density == 0.5F && is_list(node))
               : density > 0.2F;
}

/* A form, or a few words with links, as under a row of pictures. */
static bool is_widget(const struct measure *m, bool is_list)
{
    bool is_form = m->controls * 3 > m->paragraphs && m->size < 500;
    bool is_tiny =
        m->size < LEAST_PARAGRAPH && m->linked > 0 && m->pictures != 1 && m->pictures != 2;
    return is_form || (!is_list && (is_tiny || m->items > m->paragraphs + 100));
}

/* A block that is a list of links, a form, a box of pictures and buttons. */
static bool is_clutter(const struct work *work, uint32_t i)
{
    const struct lm_html_node *node = node_at(work, i);
    const struct measure *m = &work->measures[i];
    bool is_title = node->tag == LM_TAG_HEADER || node->tag == LM_TAG_H1 || node->tag == LM_TAG_H2;
    if (is_title || !is_box(node))
        return is_title && hint_weight(node) < 0;
    if (hint_weight(node) < 0 || m->commas >= 10)
        return hint_weight(node) < 0;
    return is_widget(m, is_list(node)) || is_of_links(node, m);
}

static void mark_clutter(struct work *work, uint32_t from)
{
    for (uint32_t i = from + 1; i < node_at(work, from)->end;) {
        if (!work->measures[i].is_out && node_at(work, i)->tag != LM_TAG_TEXT &&
            is_clutter(work, i))
            work->measures[i].is_out = true;
        i = work->measures[i].is_out ? node_at(work, i)->end : i + 1;
    }
}

/* ---- the choice ---- */

/* Siblings of the best node that read like it. */
static bool goes_along(const struct work *work, uint32_t i, uint32_t best)
{
    const struct measure *m = &work->measures[i];
    const struct lm_html_node *node = node_at(work, i);
    float least = fmaxf(10, final_score(work, best) * 0.2F);
    if (i == best)
        return true;
    if (m->is_out || m->size == 0)
        return false;
    if (m->score * (1 - link_density(m)) >= least)
        return true;
    if (node->tag != LM_TAG_P && node->tag != LM_TAG_TEXT)
        return false;
    return (m->size > 80 && link_density(m) < 0.25F) ||
           (m->size > 0 && m->linked == 0 && m->commas > 0);
}

static void put(struct work *work, struct lm_html_text *text, uint32_t i)
{
    const struct lm_html_node *node = node_at(work, i);
    uint32_t end = node->end;
    for (uint32_t at = i; at < end; at++)
        if (work->measures[at].is_out) {
            at = node_at(work, at)->end - 1;
        } else {
            lm_html_text_put(text, at);
        }
}

static enum lm_status choose(struct work *work, struct lm_buf *out, struct lm_err *err)
{
    struct lm_html_text text;
    measure_all(work);
    score_all(work);
    uint32_t best = best_node(work);
    lm_html_text_begin(&text, work->html, out);
    if (best == 0) {
        put(work, &text, 0);
        return lm_html_text_end(&text, err);
    }
    best = widen(work, best);
    uint32_t parent = node_at(work, best)->parent;
    for (uint32_t i = parent + 1; i < node_at(work, parent)->end; i = node_at(work, i)->end)
        if (goes_along(work, i, best)) {
            mark_clutter(work, i);
            put(work, &text, i);
        }
    return lm_html_text_end(&text, err);
}

enum lm_status lm_html_main_text(struct lm_buf *out, const struct lm_html *html, struct lm_err *err)
{
    struct work work = {.html = html, .is_strict = true};
    size_t start = out->size;
    work.measures = calloc(html->count, sizeof *work.measures);
    if (work.measures == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a page; free some");
    enum lm_status status = choose(&work, out, err);
    if (status == LM_OK && out->size - start < LEAST_TEXT) {
        out->size = start;
        work.is_strict = false;
        status = choose(&work, out, err);
    }
    free(work.measures);
    return status;
}
