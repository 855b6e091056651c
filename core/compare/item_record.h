/**
 * The item record: what became of one held-out item (a document, an example), a JSON object a line
 * (docs/formats/scores.md). Every record has the same seven members, null where one does not apply,
 * and behind them what its writer alone knows: so that runs are compared item by item, whatever
 * they were scored on.
 */
#ifndef LM_COMPARE_ITEM_RECORD_H
#define LM_COMPARE_ITEM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

#include "base/json.h"

/** The seven members. */
struct lm_item_record {
    const char *id;    /**< of the item, not of the run; may stand in a file more than once */
    const char *group; /**< what it is one of, or NULL */
    double score;      /**< the higher the better (1 right, 0 wrong); NaN: none */
    double nll;        /**< nats, summed over its tokens; NaN: none */
    int64_t bytes;     /**< of its text; -1: none */
    int64_t choice;    /**< the answer chosen, counted from 0; -1: nothing was chosen */
    int tie;           /**< 1: others were as likely as the choice, 0: none was; -1: no choice */
};

/** A record to which nothing applies but its id. */
struct lm_item_record lm_item_record_empty(const char *id);
/** Puts the seven members into an open object; the writer's own follow. */
void lm_item_record_put(struct lm_json_writer *writer, const struct lm_item_record *record);

/** Numbers of items: members of the record, and two of documents' and examples' own. */
enum lm_item_column {
    LM_ITEM_SCORE, /**< to LM_ITEM_TIE: of every record */
    LM_ITEM_NLL,
    LM_ITEM_BYTES,
    LM_ITEM_CHOICE,
    LM_ITEM_TIE,     /**< 0 or 1 */
    LM_ITEM_TOKENS,  /**< behind nll */
    LM_ITEM_CORRECT, /**< of the tokens: the model's first choice */
    LM_ITEM_COLUMNS
};

/** The members that hold them: "score", "nll". */
extern const char *const lm_item_names[LM_ITEM_COLUMNS];
/** Has a line all seven members? */
bool lm_item_record_is_one(const struct lm_json *line);

/** Items as columns, sorted by the bytes of their ids; those of one id in the order of the file. In
 *  an arena. */
struct lm_items {
    size_t count;
    const char **ids, **groups;       /**< (count); a group may be NULL */
    double *columns[LM_ITEM_COLUMNS]; /**< (count); NaN: null, or no such member */
    const char **lines; /**< (count) the lines they were read from, up to a line break or a NUL;
                             NULL: from none */
};

/** Room for `count` items, all NaN and NULL. LM_NOMEM. */
enum lm_status lm_items_init(struct lm_items *out, struct lm_arena *arena, size_t count,
                             struct lm_err *err);
/** Reads a file of records. LM_FORMAT "line N: …": no JSON object, no id; LM_NOT_FOUND, LM_IO,
 *  LM_NOMEM. */
enum lm_status lm_items_read(struct lm_items *out, struct lm_arena *arena, const char *path,
                             struct lm_err *err);
/** Brings items into the order above. LM_NOMEM. */
enum lm_status lm_items_sort(struct lm_items *items, struct lm_arena *arena, struct lm_err *err);

/** The set that a file of items is of: "valid.jsonl" → "valid", cut to size - 1 bytes; what has
 * another ending stays as it is. Returns `out`. */
const char *lm_items_set(char *out, size_t size, const char *file);

/** Are they the same items: the same ids, each as often? NULL when they are, else the first id in
 *  the order of bytes that one has more often than the other; borrowed. */
const char *lm_items_differ(const struct lm_items *a, const struct lm_items *b);

#endif
