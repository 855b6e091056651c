/**
 * A call of the model that is being filled with texts of any lengths (lm_model_score_packed). A
 * text that begins as the one before it does (choices behind one context, prompts behind the same
 * examples, the two sentences of a pair) takes that one's rows and has only the rest of its own;
 * the numbers of its rows are the same bits either way. The row behind which both part is one row
 * with a target of each.
 */
#ifndef LM_EVALUATE_TASK_PACK_H
#define LM_EVALUATE_TASK_PACK_H

#include <lmpipe/arena.h>
#include <lmpipe/model.h>

struct task_pack {
    size_t room, context; /**< most rows of a call, of a text */
    size_t rows, texts;
    int32_t *tokens, *targets;   /**< (room) of the rows */
    int32_t *fresh_tokens;       /**< (context) of the text to be added, the caller's to fill */
    int32_t *fresh_targets;      /**< (context) the same: -1 is not scored */
    struct task_pack_text *text; /**< (room) */
    int32_t *from;               /**< (room) which row a row stands behind, see the source */
    int32_t *path,
        *path_targets; /**< (context) rows of the text added last, what it wants of them */
    size_t path_length;
    int32_t *path_places;                         /**< (context) see task_pack_path */
    int32_t *lengths, *prefixes, *segment_of;     /**< (room) */
    int32_t *others, *other_targets, *other_next; /**< (room) see lm_packed_texts */
    size_t other_count;
};

/** An empty call; the arrays are the arena's. LM_NOMEM. */
enum lm_status task_pack_create(struct task_pack *pack, struct lm_arena *arena, size_t room,
                                size_t context, struct lm_err *err);
/** Empties it. */
void task_pack_clear(struct task_pack *pack);
/** Adds the fresh text of `length` tokens, 1 to the context's. False: there is no room; clear it.
 */
bool task_pack_add(struct task_pack *pack, size_t length);
/** What the call is made of; the arrays are the pack's, until it is changed. */
struct lm_packed_texts task_pack_texts(struct task_pack *pack);
/** Where the call's scores of text `i` are, *length of them: its rows, or behind all rows other
 *  targets of them. To be asked in the order of texts, from 0 on. */
const int32_t *task_pack_path(struct task_pack *pack, size_t i, size_t *length);

#endif
