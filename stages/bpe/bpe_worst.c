#include "bpe_worst.h"

#include <string.h>

/* 0 only for one and the same line. Sizes are below 2^31 (lm_jsonl), so products fit. */
static int compare(const struct bpe_line *a, const struct bpe_line *b)
{
    const int64_t keys[][2] = {{a->bytes * b->tokens, b->bytes * a->tokens},
                               {b->bytes, a->bytes},
                               {a->split, b->split},
                               {a->document, b->document},
                               {a->line, b->line}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/* Index of the line with equal text, count when there is none. */
static size_t find_equal(const struct bpe_worst *worst, const struct bpe_line *line)
{
    size_t i = 0;
    while (i < worst->count &&
           (worst->lines[i].hash != line->hash || worst->lines[i].bytes != line->bytes))
        i++;
    return i;
}

bool bpe_worst_takes(const struct bpe_worst *worst, const struct bpe_line *line)
{
    if (worst->count == BPE_WORST_LINES && compare(line, &worst->lines[BPE_WORST_LINES - 1]) >= 0)
        return false;
    size_t equal = find_equal(worst, line);
    return equal == worst->count || compare(line, &worst->lines[equal]) < 0;
}

void bpe_worst_put(struct bpe_worst *worst, const struct bpe_line *line)
{
    if (!bpe_worst_takes(worst, line))
        return;
    size_t gap = find_equal(worst, line); /* its place, else a new one, else the last one's */
    if (gap == worst->count)
        worst->count += worst->count < BPE_WORST_LINES;
    gap = gap < worst->count ? gap : worst->count - 1;
    for (; gap > 0 && compare(line, &worst->lines[gap - 1]) < 0; gap--)
        worst->lines[gap] = worst->lines[gap - 1];
    worst->lines[gap] = *line;
}

void bpe_line_excerpt(struct bpe_line *line, const struct lm_vocab *vocab, const uint8_t *text,
                      const int32_t *ids)
{
    size_t size = (size_t)line->bytes, end = 0;
    if (size > BPE_EXCERPT)
        for (size = BPE_EXCERPT; size > 0 && (text[size] & 0xC0) == 0x80;)
            size--;
    memcpy(line->text, text, size);
    line->text_size = size;
    line->id_count = 0;
    for (int64_t i = 0; i < line->tokens; i++) {
        size_t length;
        lm_vocab_token(vocab, ids[i], &length);
        end += length;
        if (end > size)
            break;
        line->ids[line->id_count++] = ids[i];
    }
}
