/** The lines of held-out text that a vocabulary compresses worst. */
#ifndef LM_STAGES_BPE_WORST_H
#define LM_STAGES_BPE_WORST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

enum {
    BPE_WORST_LINES = 10,
    BPE_LINE_LEAST = 20, /**< bytes: shorter lines say little */
    BPE_EXCERPT = 120    /**< bytes shown of a line */
};

/** A line with its tokens when it is encoded by itself. */
struct bpe_line {
    uint64_t hash; /**< of the whole line, to know equal ones */
    int64_t bytes, tokens;
    enum lm_split split;
    int64_t document, line; /**< in the split and in the document, from 1 on */
    struct lm_digest id;    /**< of the document */
    uint8_t text[BPE_EXCERPT];
    size_t text_size;
    int32_t ids[BPE_EXCERPT]; /**< tokens that end within the excerpt */
    size_t id_count;
};

/** Lines of different text, fewest bytes per token first; then the longest, then by place. The
 *  order is total, so the list depends on what was put, not on when. Zero it to begin. */
struct bpe_worst {
    struct bpe_line lines[BPE_WORST_LINES];
    size_t count;
};

/** Whether bpe_worst_put would keep the line; its excerpt need not be there yet. */
bool bpe_worst_takes(const struct bpe_worst *worst, const struct bpe_line *line);
/** Keeps the line when it is among the worst; of equal ones the first by place. */
void bpe_worst_put(struct bpe_worst *worst, const struct bpe_line *line);
/** Fills the excerpt from the whole line and its ids: whole characters, whole tokens. */
void bpe_line_excerpt(struct bpe_line *line, const struct lm_vocab *vocab, const uint8_t *text,
                      const int32_t *ids);

#endif
