#include "page/phrase.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The place at text[0..] ("{3}" is 2), or -1. */
static int place_at(const char *text)
{
    return text[0] == '{' && text[1] >= '1' && text[1] <= '9' && text[2] == '}' ? text[1] - '1'
                                                                                : -1;
}

/* Length of the filled phrase; written to out unless it is NULL. */
static size_t fill(char *out, const char *phrase, const char *const parts[LM_PHRASE_PLACES])
{
    size_t size = 0;
    for (size_t i = 0, length; phrase[i] != '\0'; i += length) {
        int place = place_at(phrase + i);
        const char *part = place < 0 ? phrase + i : parts[place] != NULL ? parts[place] : "";
        size_t count = place >= 0 ? strlen(part) : 1;
        bool is_spaced = i > 0 && phrase[i - 1] == ' ' && size > 0;
        length = place >= 0 ? 3 : 1;
        size -= count == 0 && is_spaced;
        for (size_t k = 0; k < count && out != NULL; k++)
            out[size + k] = part[k];
        size += count;
    }
    return size;
}

const char *lm_phrase_fill(struct lm_arena *arena, const char *phrase,
                           const char *const parts[LM_PHRASE_PLACES])
{
    size_t size = fill(NULL, phrase, parts);
    char *out = lm_arena_alloc(arena, size + 1);
    if (out == NULL)
        return NULL;
    fill(out, phrase, parts);
    out[size] = '\0';
    return out;
}
