/** The lines of held-out text that a vocabulary compresses worst. */
#ifndef LM_STAGES_ENCODE_WORST_H
#define LM_STAGES_ENCODE_WORST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/tokenizer.h>
#include <lmpipe/tokens.h>

enum {
    ENCODE_WORST_LINES = 10,
    ENCODE_LINE_LEAST = 20, /**< bytes: shorter lines say little */
    ENCODE_EXCERPT = 120    /**< bytes shown of a line */
};

/** Tokens of a line: those that begin in it, the first `lead` bytes behind its start. */
struct encode_ids {
    const int32_t *ids;
    size_t count, lead;
};

/** A line and its tokens. */
struct encode_line {
    uint64_t hash; /**< of the whole line, to know equal ones */
    int64_t bytes, tokens;
    enum lm_split split;
    int64_t document, line; /**< in the split and in the document, from 1 on */
    struct lm_digest id;    /**< of the document */
    uint8_t text[ENCODE_EXCERPT];
    size_t text_size;
    int32_t ids[ENCODE_EXCERPT]; /**< tokens that end within the excerpt */
    size_t id_count;
};

/** Lines of different text, fewest bytes per token first; then the longest, then by place. The
 *  order is total, so the list depends on what was put, not on when. Zero it to begin. */
struct encode_worst {
    struct encode_line lines[ENCODE_WORST_LINES];
    size_t count;
};

/** Whether encode_worst_put would keep the line; its excerpt need not be there yet. */
bool encode_worst_takes(const struct encode_worst *worst, const struct encode_line *line);
/** Keeps the line when it is among the worst; of equal ones the first by place. */
void encode_worst_put(struct encode_worst *worst, const struct encode_line *line);
/** Fills the excerpt from the whole line and its tokens, whose bytes are sizes[id]: whole
 * characters, whole tokens. */
void encode_line_excerpt(struct encode_line *line, const uint8_t *text,
                         const struct encode_ids *ids, const uint32_t *sizes);

#endif
