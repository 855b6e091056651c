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

static bool is_never_text(const struct work *work, uint32_t i)
{
    const struct lm_html_node *node = node_at(work, i);
    unsigned traits = lm_html_traits(node->tag);
    if ((traits & LM_HTML_VOID) != 0 || (node->hints & LM_HINT_HIDDEN) != 0)
        return true;
    bool is_body =
        node->tag == LM_TAG_BODY || node->tag == LM_TAG_HTML || (traits & LM_HTML_MAIN) != 0;
    if (is_body || node->tag == LM_TAG_TEXT)
        return false;
    if (node->tag == LM_TAG_NAV || node->tag == LM_TAG_FOOTER || node->tag == LM_TAG_ASIDE ||
        node->tag == LM_TAG_MENU || (node->hints & LM_HINT_FRAME) != 0)
        return true;
    return work->is_strict && (node->hints & LM_HINT_UNLIKELY) != 0 &&
           (node->hints & LM_HINT_LIKELY) == 0 && node->tag != LM_TAG_A &&
           (traits & LM_HTML_BLOCK) != 0 && node->tag != LM_TAG_TABLE;
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

static float own_weight(const struct lm_html_node *node)
{
    float weight = 0;
    if (node->tag == LM_TAG_DIV || node->tag == LM_TAG_SECTION)
        weight += 5;
    if ((lm_html_traits(node->tag) & LM_HTML_MAIN) != 0)
        weight += 10;
    if (node->tag == LM_TAG_PRE || node->tag == LM_TAG_TD || node->tag == LM_TAG_BLOCKQUOTE)
        weight += 3;
    if (node->tag == LM_TAG_OL || node->tag == LM_TAG_UL || node->tag == LM_TAG_DL ||
        node->tag == LM_TAG_DD || node->tag == LM_TAG_DT || node->tag == LM_TAG_LI ||
        node->tag == LM_TAG_FORM || node->tag == LM_TAG_ADDRESS)
        weight -= 3;
    if ((lm_html_traits(node->tag) & LM_HTML_HEADING) != 0 || node->tag == LM_TAG_TH)
        weight -= 5;
    if ((node->hints & LM_HINT_LIKELY) != 0)
        weight += 25;
    if ((node->hints & LM_HINT_UNLIKELY) != 0)
        weight -= 25;
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

/* Upwards where the text goes on beside the best node. */
static uint32_t widen(const struct work *work, uint32_t best)
{
    float top = final_score(work, best);
    /* a parent that holds three other good nodes */
    for (uint32_t at = node_at(work, best)->parent; at != 0; at = node_at(work, at)->parent) {
        unsigned others = 0;
        for (uint32_t i = at + 1; i < node_at(work, at)->end; i++)
            others += !holds(work, i, best) && !holds(work, best, i) &&
                      final_score(work, i) >= top * 0.75F;
        if (others >= 3) {
            best = at;
            break;
        }
    }
    float last = work->measures[best].score;
    for (uint32_t at = node_at(work, best)->parent; at != 0; at = node_at(work, at)->parent) {
        float score = work->measures[at].score;
        if (score < last / 3)
            break;
        if (score > last) {
            best = at;
            break;
        }
        last = score;
    }
    /* an ancestor that adds much prose and little else */
    for (uint32_t at = node_at(work, best)->parent; at != 0; at = node_at(work, at)->parent) {
        const struct measure *inner = &work->measures[best], *outer = &work->measures[at];
        uint32_t gain = outer->size - inner->size;
        if (gain * 4 > inner->size && (outer->prose - inner->prose) * 10 > gain * 7 &&
            (outer->linked - inner->linked) * 10 < gain)
            best = at;
    }
    /* an only child is its parent */
    for (;;) {
        uint32_t parent = node_at(work, best)->parent;
        if (parent == 0 || node_at(work, parent)->tag == LM_TAG_BODY ||
            work->measures[parent].size != work->measures[best].size)
            return best;
        best = parent;
    }
}

/* ---- what is left out inside ---- */

/* A block that is a list of links, a form, a box of pictures and buttons. */
static bool is_clutter(const struct work *work, uint32_t i)
{
    const struct lm_html_node *node = node_at(work, i);
    const struct measure *m = &work->measures[i];
    unsigned traits = lm_html_traits(node->tag);
    float density = link_density(m);
    float weight = ((node->hints & LM_HINT_LIKELY) != 0 ? 25.F : 0.F) -
                   ((node->hints & LM_HINT_UNLIKELY) != 0 ? 25.F : 0.F);
    if ((node->tag == LM_TAG_HEADER || node->tag == LM_TAG_H1 || node->tag == LM_TAG_H2) &&
        weight < 0)
        return true;
    bool is_box = node->tag == LM_TAG_DIV || node->tag == LM_TAG_UL || node->tag == LM_TAG_OL ||
                  node->tag == LM_TAG_SECTION || node->tag == LM_TAG_TABLE ||
                  node->tag == LM_TAG_DL || (traits & LM_HTML_FRAME) != 0;
    if (!is_box)
        return false;
    if (weight < 0)
        return true;
    if (m->commas >= 10)
        return false;
    bool is_list = node->tag == LM_TAG_UL || node->tag == LM_TAG_OL;
    if (!is_list && m->items > m->paragraphs + 100)
        return true;
    if (m->controls * 3 > m->paragraphs && m->controls > 0 && m->size < 500)
        return true;
    if (!is_list && m->size < LEAST_PARAGRAPH && (m->pictures == 0 || m->pictures > 2) &&
        density > 0)
        return true;
    if (weight < 25 && density > 0.2F)
        return !(is_list && density < 0.5F);
    return weight >= 25 && density > 0.5F;
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
