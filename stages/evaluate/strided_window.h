/**
 * Strided windows over a stream of N tokens: every token is scored exactly once, with as much
 * left context as the stride allows. Window w covers targets [w·S, min(w·S + C, N)); the first
 * scores all of them, each later one its last S. Target i is predicted from tokens w·S − 1 … i − 1
 * (before the stream stands one end-of-text), so position t of a window has t + 1 tokens of
 * context.
 */
#ifndef LM_EVALUATE_STRIDED_WINDOW_H
#define LM_EVALUATE_STRIDED_WINDOW_H

#include <stdint.h>

struct strided_window {
    uint64_t first, end; /**< targets in the window */
    uint64_t fresh;      /**< the first of them not scored by an earlier window */
};

/** Number of windows for `count` tokens; 1 ≤ stride ≤ context. */
uint64_t strided_window_count(uint64_t count, uint64_t context, uint64_t stride);
struct strided_window strided_window_at(uint64_t index, uint64_t count, uint64_t context,
                                        uint64_t stride);

#endif
