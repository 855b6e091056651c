#include "word_overlap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "text/unicode.h"

#include <lmpipe/hash.h>

/* The distinct words of a text as sorted hashes. */
struct words {
    uint64_t *items;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool is_inside(uint32_t c)
{
    return c == '_' || (lm_unicode(c) & (LM_UC_LETTER | LM_UC_NUMBER | LM_UC_MARK)) != 0;
}

static char *fold(struct lm_arena *arena, const struct lm_example_text *text)
{
    char *copy = lm_arena_strndup(arena, text->data, text->size);
    for (size_t i = 0; copy != NULL && i < text->size; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] - 'A' + 'a');
    return copy;
}

static enum lm_status read_words(struct words *out, struct lm_arena *arena,
                                 const struct lm_example_text *text, struct lm_err *err)
{
    const char *folded = fold(arena, text);
    uint64_t *items = LM_NEW_ARRAY(arena, uint64_t, text->size + 1);
    size_t count = 0, start = 0, distinct = 0;
    if (folded == NULL || items == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for words; give shorter texts");
    for (size_t i = 0; i <= text->size;) {
        uint32_t c = 0;
        size_t length = 0;
        if (i < text->size)
            length = lm_utf8_decode(&c, (const uint8_t *)folded + i, text->size - i);
        bool is_word = length > 0 && is_inside(c);
        length = length > 0 ? length : 1;
        if (!is_word) {
            if (i > start)
                items[count++] = lm_hash64(folded + start, i - start, 0);
            start = i + length;
        }
        i += length;
    }
    qsort(items, count, sizeof *items, compare);
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || items[distinct - 1] != items[i])
            items[distinct++] = items[i];
    *out = (struct words){items, distinct};
    return LM_OK;
}

enum lm_status word_overlap(double *out, struct lm_arena *arena, const struct lm_example_text *a,
                            const struct lm_example_text *b, struct lm_err *err)
{
    struct lm_arena_mark mark = lm_arena_mark(arena);
    struct words x = {0}, y = {0};
    size_t shared = 0;
    LM_TRY(read_words(&x, arena, a, err));
    LM_TRY(read_words(&y, arena, b, err));
    for (size_t i = 0, k = 0; i < x.count && k < y.count;) {
        shared += x.items[i] == y.items[k];
        bool is_less = x.items[i]<y.items[k], is_more = x.items[i]> y.items[k];
        i += !is_more;
        k += !is_less;
    }
    size_t all = x.count + y.count - shared;
    *out = all > 0 ? (double)shared / (double)all : 0;
    lm_arena_rewind(arena, mark);
    return LM_OK;
}
