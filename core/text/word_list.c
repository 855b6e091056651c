#include "text/word_list.h"

#include <stdlib.h>

#include <lmpipe/hash.h>

#include "base/grow.h"
#include "base/utf8.h"
#include "text/blocks.h"
#include "text/unicode.h"

enum { SAYING = LM_UC_LETTER | LM_UC_MARK | LM_UC_NUMBER };

bool lm_word_is_plain(const struct lm_word *word)
{
    return (word->flags & SAYING) != 0;
}

static inline size_t read_flags(const struct lm_word_scan *scan, size_t at, unsigned *flags)
{
    uint32_t code_point = scan->text[at];
    size_t length = 1;
    if (code_point >= 0x80)
        length = lm_utf8_read(&code_point, scan->text + at, scan->size - at);
    *flags = lm_unicode(code_point);
    return length == 0 ? 1 : length;
}

static void extend(struct lm_word_scan *scan, struct lm_word *word, size_t length, unsigned flags)
{
    if (word->size == 0)
        word->at = scan->at;
    word->size += length;
    word->chars++;
    word->flags |= (uint8_t)flags;
    scan->at += length;
    scan->touches = false;
}

/* A letter that is a word, and the marks on it. */
static void take_alone(struct lm_word_scan *scan, struct lm_word *word, size_t length,
                       unsigned flags)
{
    *word = (struct lm_word){.is_alone = true};
    do {
        extend(scan, word, length, flags);
        length = scan->at < scan->size ? read_flags(scan, scan->at, &flags) : 0;
    } while (length > 0 && (flags & LM_UC_UNSPACED) && !(flags & LM_UC_LETTER));
    scan->touches = true;
}

/* The rest of a word's ASCII. */
static void extend_ascii(struct lm_word_scan *scan, struct lm_word *word)
{
    const uint8_t *ascii = lm_unicode_flags[lm_unicode_blocks[0]], *text = scan->text;
    const size_t size = scan->size;
    size_t at = scan->at;
    unsigned flags = 0;
    for (; at < size && text[at] < 0x80; at++) {
        unsigned more = ascii[text[at]];
        if (more & LM_UC_SPACE)
            break;
        flags |= more;
    }
    word->flags |= (uint8_t)flags;
    word->chars += (uint32_t)(at - scan->at);
    word->size += at - scan->at;
    scan->at = at;
}

bool lm_word_next(struct lm_word_scan *scan, struct lm_word *word)
{
    *word = (struct lm_word){0};
    while (scan->at < scan->size) {
        unsigned flags;
        size_t length = read_flags(scan, scan->at, &flags);
        bool is_saying = (word->flags & SAYING) != 0;
        if (flags & LM_UC_SPACE) {
            if (word->size > 0)
                return true;
            scan->touches = false;
            scan->at += length;
        } else if (flags & LM_UC_UNSPACED) {
            if (is_saying)
                return true;
            take_alone(scan, word, length, flags); /* punctuation before it is no word */
            return true;
        } else if (word->size == 0 && scan->touches && !(flags & SAYING)) {
            scan->at += length;
        } else {
            extend(scan, word, length, flags);
            extend_ascii(scan, word);
        }
    }
    return word->size > 0;
}

/* Short words are most, and a call each is dear: eight bytes, the first the lowest, and how many.
 */
static inline uint64_t hash_short(uint64_t bytes, size_t size)
{
    bytes = (bytes + size) * 0xA0761D6478BD642Fu;
    bytes = (bytes ^ bytes >> 32) * 0xE7037ED1A0B428DBu;
    return bytes ^ bytes >> 29;
}

static uint64_t hash_word(const uint8_t *word, size_t size)
{
    uint64_t bytes = 0;
    if (size > 8)
        return lm_hash64(word, size, 0);
    for (size_t i = size; i > 0; i--)
        bytes = bytes << 8 | word[i - 1];
    return hash_short(bytes, size);
}

/* The next word, when it is ASCII up to the white space behind it, eight bytes at a time. False:
 * it is not, or the text ends before; nothing but white space is gone. */
static inline bool take_ascii(struct lm_word_scan *scan, struct lm_word *word)
{
    const uint8_t *text = scan->text;
    size_t at = scan->at, size = scan->size;
    uint64_t letters = 0, digits = 0, eight, spaces = 0;
    while (at < size && (text[at] == ' ' || (uint8_t)(text[at] - '\t') < 5))
        at++;
    scan->touches = scan->touches && at == scan->at;
    scan->at = at;
    if (scan->touches)
        return false;
    for (; spaces == 0; at += spaces == 0 ? 8 : (size_t)__builtin_ctzll(spaces) / 8) {
        if (size - at < 8 || ((eight = lm_eight(text + at)) & LM_EIGHT_TOPS) != 0)
            return false;
        spaces = lm_eight_spaces(eight);
        uint64_t below = spaces == 0 ? ~(uint64_t)0 : (spaces & -spaces) - 1; /* of the word */
        letters |= lm_eight_within(eight | 0x20 * LM_EIGHT_ONES, 'a', 'z') & below;
        digits |= lm_eight_within(eight, '0', '9') & below;
    }
    *word = (struct lm_word){.at = scan->at, .size = at - scan->at};
    word->chars = (uint32_t)word->size;
    word->flags = (uint8_t)((letters != 0 ? LM_UC_LETTER : 0) | (digits != 0 ? LM_UC_NUMBER : 0));
    eight = lm_eight(text + scan->at);
    if (word->size < 8)
        eight &= ((uint64_t)1 << 8 * word->size) - 1;
    word->hash =
        word->size <= 8 ? hash_short(eight, word->size) : lm_hash64(text + scan->at, word->size, 0);
    scan->at = at;
    return true;
}

/* The next word, with its hash. */
static inline bool take_next(struct lm_word_scan *scan, struct lm_word *word)
{
    if (take_ascii(scan, word))
        return true;
    if (!lm_word_next(scan, word))
        return false;
    word->hash = hash_word(scan->text + word->at, word->size);
    return true;
}

size_t lm_words_take(struct lm_word *out, size_t most, const uint8_t *text, size_t size)
{
    struct lm_word_scan scan = {.text = text, .size = size};
    size_t count = 0;
    while (count < most && take_next(&scan, &out[count]))
        count++;
    return count;
}

enum lm_status lm_word_list_find(struct lm_word_list *out, const uint8_t *text, size_t size,
                                 struct lm_err *err)
{
    struct lm_word_scan scan = {.text = text, .size = size};
    out->count = 0;
    for (;;) {
        struct lm_word *items = lm_grow(out->items, &out->capacity, out->count, sizeof *items);
        if (items == NULL)
            return lm_fail(err, LM_NOMEM, "no memory for more than %zu words; free some",
                           out->count);
        out->items = items;
        if (!take_next(&scan, &out->items[out->count]))
            return LM_OK;
        out->count++;
    }
}

void lm_word_list_release(struct lm_word_list *words)
{
    free(words->items);
    *words = (struct lm_word_list){0};
}
