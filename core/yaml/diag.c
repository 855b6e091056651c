#include "yaml/diag.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/url.h"

static char *format_text(struct lm_arena *arena, const char *format, va_list arguments)
{
    char text[2000];
    vsnprintf(text, sizeof text, format, arguments);
    return lm_arena_strdup(arena, text);
}

static void add(struct lm_diag_list *list, const struct lm_origin *at, const char *field,
                bool warning, const char *text)
{
    struct lm_diag *items =
        lm_arena_grow(list->arena, list->items, list->count, &list->capacity, sizeof *items);
    /* A mistyped key may be an address. */
    const char *name = strstr(field, "://") != NULL ? lm_url_show(list->arena, field)
                                                    : lm_arena_strdup(list->arena, field);
    if (items == NULL || name == NULL || text == NULL) {
        list->failed = true;
        return;
    }
    list->items = items;
    items[list->count] = (struct lm_diag){.field = name, .text = text, .warning = warning};
    if (at != NULL) {
        items[list->count].file = at->file;
        items[list->count].line = at->line;
        items[list->count].column = at->column;
    }
    list->count++;
}

void lm_diag_error(struct lm_diag_list *list, const struct lm_origin *at, const char *field,
                   const char *format, ...)
{
    list->errors++;
    if (list->errors > LM_DIAG_MAX + 1)
        return;
    if (list->errors == LM_DIAG_MAX + 1) {
        add(list, NULL, "", false, "more errors are not listed; fix these first");
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    add(list, at, field, false, format_text(list->arena, format, arguments));
    va_end(arguments);
}

void lm_diag_warn(struct lm_diag_list *list, const struct lm_origin *at, const char *field,
                  const char *format, ...)
{
    if (list->count > 2 * LM_DIAG_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    add(list, at, field, true, format_text(list->arena, format, arguments));
    va_end(arguments);
}

/** Rank of a finding's file: the spec itself, then others, then findings without a place. */
static int file_rank(const struct lm_diag *diag, const char *first)
{
    if (diag->file == NULL)
        return 2;
    return strcmp(diag->file, first) == 0 ? 0 : 1;
}

static int compare(const struct lm_diag *a, const struct lm_diag *b, const char *first)
{
    int rank_a = file_rank(a, first), rank_b = file_rank(b, first);
    if (rank_a != rank_b)
        return rank_a - rank_b;
    if (rank_a == 1 && strcmp(a->file, b->file) != 0)
        return strcmp(a->file, b->file);
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

/** What every instance of a family finds is one finding. */
static void drop_repeats(struct lm_diag_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct lm_diag *now = &list->items[i],
                             *last = kept > 0 ? &list->items[kept - 1] : NULL;
        bool is_known =
            last != NULL && last->line == now->line && last->column == now->column &&
            strcmp(last->file != NULL ? last->file : "", now->file != NULL ? now->file : "") == 0 &&
            strcmp(last->field, now->field) == 0 && strcmp(last->text, now->text) == 0;
        if (is_known)
            list->errors -= !now->warning;
        else
            list->items[kept++] = *now;
    }
    list->count = kept;
}

void lm_diag_sort(struct lm_diag_list *list, const char *first)
{
    for (size_t i = 1; i < list->count; i++) { /* insertion: short, stable */
        struct lm_diag moved = list->items[i];
        size_t j = i;
        for (; j > 0 && compare(&list->items[j - 1], &moved, first) > 0; j--)
            list->items[j] = list->items[j - 1];
        list->items[j] = moved;
    }
    drop_repeats(list);
}

const char *lm_quote(struct lm_arena *arena, const char *text)
{
    enum { LONGEST = 60 };

    char out[LONGEST * 4 + 8];
    size_t size = 0;
    out[size++] = '\'';
    size_t i = 0;
    if (strstr(text, "://") != NULL)
        text = lm_url_show(arena, text);
    for (; text[i] != '\0' && i < LONGEST; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            size += (size_t)snprintf(out + size, 5, "\\x%02x", c);
        else
            out[size++] = (char)c;
    }
    if (text[i] != '\0') {
        while (i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80 && size > 1) {
            i--; /* never cut inside a character */
            size--;
        }
        for (int dots = 0; dots < 3; dots++)
            out[size++] = '.';
    }
    out[size++] = '\'';
    const char *copy = lm_arena_strndup(arena, out, size);
    return copy ? copy : "";
}

const char *lm_hint(const struct lm_diag_list *list, const char *word, const char *const *names,
                    size_t count)
{
    enum { MOST = 100 };

    if (list->errors > LM_DIAG_MAX)
        return "";
    const char *nearest = lm_suggest(word, names, count), *text = "; known: ";
    if (nearest != NULL) {
        text = lm_arena_printf(list->arena, "; did you mean '%s'?", nearest);
        return text ? text : "";
    }
    for (size_t i = 0; i < count && i < MOST && text != NULL; i++)
        text = lm_arena_printf(list->arena, "%s%s%s", text, i ? ", " : "", names[i]);
    if (count > MOST && text != NULL)
        text = lm_arena_printf(list->arena, "%s, ...", text);
    return count == 0 ? "; there are none" : text ? text : "";
}

const char *lm_origin_text(struct lm_arena *arena, const struct lm_origin *origin)
{
    const char *text = NULL;
    if (origin->file == NULL)
        return origin->via ? origin->via : "default";
    bool plain = origin->via == NULL || strcmp(origin->via, origin->file) == 0;
    if (origin->line == 0)
        return origin->file;
    if (plain)
        text = lm_arena_printf(arena, "%s:%d", origin->file, origin->line);
    else
        text = lm_arena_printf(arena, "%s:%d (%s)", origin->file, origin->line, origin->via);
    return text ? text : "";
}

const char *lm_diag_format(struct lm_arena *arena, const struct lm_diag *diag)
{
    const char *gap = diag->field[0] ? ": " : "", *text;
    if (diag->file == NULL)
        text = lm_arena_printf(arena, "%s%s%s", diag->field, gap, diag->text);
    else if (diag->line == 0)
        text = lm_arena_printf(arena, "%s: %s%s%s", diag->file, diag->field, gap, diag->text);
    else
        text = lm_arena_printf(arena, "%s:%d:%d: %s%s%s", diag->file, diag->line, diag->column,
                               diag->field, gap, diag->text);
    return text ? text : "out of memory";
}
