/** Documents that are cleaned together, in parallel; the results lie in the order they came in. */
#ifndef LM_STAGES_CLEAN_BATCH_H
#define LM_STAGES_CLEAN_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

#include "base/buf.h"
#include "clean_contamination.h"
#include "clean_dedup.h"
#include "clean_form.h"
#include "clean_near.h"
#include "clean_totals.h"
#include "clean_transform.h"
#include "corpus/sketch.h"
#include "text/clean_text.h"
#include "text/language.h"
#include "text/rule_passes.h"
#include "text/text_measure.h"

struct clean_kept_row;
struct clean_opened;

/** A document before and after cleaning. */
struct clean_item {
    const struct clean_form *form; /**< of its file; borrowed, as the file is */
    struct clean_opened *opened;   /**< the file */
    struct clean_piece piece;      /**< borrowed */
    size_t at;                     /**< where in the file the piece begins */
    struct lm_span kept; /**< packed, where the document was cleaned before (clean_item.h): then the
                            piece has no bytes. Borrowed; data NULL: it was not */
    size_t kept_count;   /**< 0: it is one document; else so many, and they are read and unpacked
                            when they are judged: */
    const struct clean_kept_row *row; /**< where they are */
    size_t kept_from;                 /**< behind so many bytes */
    struct lm_buf text;
    struct lm_clean_counts counts;
    struct clean_transform_counts transformed;
    struct clean_flow cleaned; /**< the cleaned text, before rules; no document: nothing is in it */
    struct lm_text_measure measure;
    struct lm_language_told told; /**< where languages are asked for */
    double share;                 /**< of the languages that are kept */
    bool is_foreign;              /**< it is too small */
    struct lm_rule_outcome outcome;
    struct lm_line_tally *tallies; /**< LM_C4_RULES, where rules of lines are asked; owned */
    struct lm_digest digest;
    struct lm_buf line;       /**< of the text, where no rule drops it */
    struct lm_buf hashes;     /**< of its long lines */
    struct clean_units units; /**< what is compared with other documents */
    struct clean_keys keys;   /**< and by what near-duplicates are found */
    bool is_leaked;           /**< it may have something of an evaluation item */
    bool is_missing;          /**< the piece has no text; `err` says what it has */
    bool is_rejected;         /**< by invalid UTF-8 */
    enum lm_status status;
    /* What is large comes last and is not cleared: its first bytes or its count say that it is
     * empty. */
    struct clean_extract found; /**< its text */
    struct lm_sketch sketch;    /**< of the text, where splits are compared by it */
    struct lm_err err;
};

/** How documents are cleaned. */
struct clean_work {
    const struct lm_clean_options *options;
    const struct clean_transform *transform;
    const struct lm_language *language; /**< NULL: not asked */
    const struct clean_language *wanted;
    const struct lm_ruleset *rules;
    struct lm_rule_scratch *scratch; /**< one for each of `threads` */
    size_t threads;
    struct clean_compared compared;
    const struct clean_near *near;                   /**< NULL: not asked for */
    bool is_sketched;                                /**< sketches are asked for */
    struct lm_shingles *shingles;                    /**< one for each thread, where they are */
    const struct clean_contamination *contamination; /**< NULL: not asked for */
    struct lm_leak_words *words;                     /**< likewise */
    bool needs_texts; /**< of documents that stay; else their lines will do */
};

/** Files, in order (clean_read.h). */
struct clean_files {
    struct clean_opened **items;
    size_t count, capacity;
};

/** Memory that is used again and again, for what is about as large as before. Zero-initialise. */
struct clean_room {
    void *data; /**< owned, from malloc */
    size_t size;
};

/** Packed documents that were kept; the items of a batch borrow them. Their room is kept from batch
 *  to batch. */
struct clean_frames {
    struct clean_room *items;
    size_t count, made, capacity; /**< rooms in use, and that there are */
};

/** Zero-initialise, then set `work`. */
struct clean_batch {
    const struct clean_work *work;
    struct clean_item *items;
    size_t count, capacity;
    size_t *ends; /**< of each task but the last, which may still grow: the item after its last */
    size_t end_count, end_capacity;
    size_t task_bytes;               /**< of raw text in the last task */
    size_t bytes;                    /**< of raw text */
    bool has_packed;                 /**< some items are many documents */
    size_t weight;                   /**< bytes of memory that it will take, about */
    struct clean_files begun, ended; /**< whose first or last piece it has; those that ended are its
                                        own, and are closed when it is cleared */
    struct clean_opened *open;  /**< the file that goes on in the next one; NULL: none. Borrowed */
    struct clean_frames frames; /**< owned */
};

/** Adds a piece of a file. LM_NOMEM. */
enum lm_status clean_batch_add(struct clean_batch *batch, struct clean_opened *opened,
                               const struct clean_piece *piece, struct lm_err *err);
/** Adds a document of a file that was cleaned before. LM_NOMEM. */
enum lm_status clean_batch_add_kept(struct clean_batch *batch, struct clean_opened *opened,
                                    struct lm_span packed, struct lm_err *err);
/** Adds the documents of a frame, which were cleaned before and came of `bytes` of the file; they
 * lie behind `from` bytes of it. An item for all of them, for which its task does nothing.
 * LM_NOMEM. */
enum lm_status clean_batch_add_packed(struct clean_batch *batch, struct clean_opened *opened,
                                      const struct clean_kept_row *row, size_t from, size_t bytes,
                                      struct lm_err *err);
/** Room for so many bytes, in place of those that were there. NULL: out of memory. */
void *clean_room_for(struct clean_room *room, size_t size);
/** Room for a frame of so many bytes, which stays until the batch is cleared. NULL: out of memory.
 */
void *clean_batch_room(struct clean_batch *batch, size_t size);
/** An item of a file, of which nothing is known. */
void clean_item_init(struct clean_item *item, struct clean_opened *opened);
/** Frees what an item owns. */
void clean_item_release(struct clean_item *item);
/** LM_NOMEM. */
enum lm_status clean_files_add(struct clean_files *files, struct clean_opened *opened,
                               struct lm_err *err);
/** How many tasks clean a batch: cut by the items and bytes of each, whatever the threads. */
size_t clean_batch_tasks(const struct clean_batch *batch);
/** Whether its tasks keep many threads busy, so that more would only make others wait for it. */
bool clean_batch_is_enough(const struct clean_batch *batch);
/** Finds the texts of the items of a task, cleans and measures them; an item's status says how that
 *  went. Other tasks go on meanwhile. */
void clean_batch_task(struct clean_batch *batch, size_t task, size_t worker);
/** Forgets items and files, keeps the room; lets go of the bytes that were read for them. */
void clean_batch_clear(struct clean_batch *batch);
void clean_batch_release(struct clean_batch *batch);
void clean_work_release(struct clean_work *work);

#endif
