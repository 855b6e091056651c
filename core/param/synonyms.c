#include "param/synonyms.h"

#include <string.h>

#include "base/suggest.h"

/** Next byte that counts of `text` before `end`, without case; '\0' at its end. */
static char next(const char **text, const char *end)
{
    while (*text < end && (**text == '_' || **text == '-'))
        ++*text;
    char c = *text < end ? *(*text)++ : '\0';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *a_end, const char *b, const char *b_end)
{
    char c;
    do {
        c = next(&a, a_end);
        if (c != next(&b, b_end))
            return false;
    } while (c != '\0');
    return true;
}

bool lm_synonyms_have(const char *list, const char *word)
{
    const char *end = word + strlen(word);
    for (const char *at = list; at != NULL && *at != '\0' && *word != '\0';) {
        size_t span = strcspn(at, " ");
        if (span > 0 && same(at, at + span, word, end))
            return true;
        at += span + strspn(at + span, " ");
    }
    return false;
}

void lm_synonyms_print(struct lm_buf *out, const char *list)
{
    if (list != NULL)
        lm_buf_puts(out, "; also called ");
    for (; list != NULL && *list != '\0'; list++)
        lm_buf_puts(out, *list == ' ' ? ", " : (char[]){*list, '\0'});
}

static const struct lm_param *find_also(const struct lm_param *rows, const char *word)
{
    for (const struct lm_param *row = rows; row->name != NULL; row++)
        if (lm_synonyms_have(row->name, word) || lm_synonyms_have(row->also, word))
            return row;
    return NULL;
}

/** The nearest of the rows' names and synonyms: the name of its row. */
static const char *find_near(struct lm_arena *arena, const struct lm_param *rows, const char *word)
{
    const char *best = NULL;
    size_t least = (size_t)-1;
    for (const struct lm_param *row = rows; row->name != NULL; row++) {
        const char *at = row->name;
        for (const char *more = row->also; at != NULL && *at != '\0';) {
            size_t span = strcspn(at, " ");
            const char *name = lm_arena_strndup(arena, at, span);
            const char *near = name ? lm_suggest(word, &name, 1) : NULL;
            size_t distance = near ? lm_edit_distance(word, near) : least;
            if (distance < least) {
                least = distance;
                best = row->name;
            }
            at = at == row->name ? more : at + span + strspn(at + span, " ");
        }
    }
    return best;
}

const char *lm_param_meant(struct lm_arena *arena, const struct lm_param *rows, const char *word)
{
    const struct lm_param *row = find_also(rows, word);
    if (row != NULL)
        return row->name;
    for (row = rows; row->name != NULL; row++) {
        const struct lm_param *inner =
            row->type == LM_P_RECORD ? find_also(row->fields, word) : NULL;
        if (inner != NULL)
            return lm_arena_printf(arena, "%s.%s", row->name, inner->name);
    }
    return find_near(arena, rows, word);
}
