/** The files of a folder of the text or of what goes along with it: each split one shard or several
 *  (data/shards.h), and by position first all in one file. */
#ifndef LM_STAGES_CLEAN_SHARDS_H
#define LM_STAGES_CLEAN_SHARDS_H

#include <stdbool.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

#include "data/jsonl.h"

/** How splits are laid down. */
struct clean_layout {
    size_t count; /**< shards of each split, ≥ 1 */
    bool is_packed, is_by_position;
};

/** Zero-initialise. */
struct clean_shards {
    struct clean_layout layout;
    struct lm_arena *arena; /**< of paths; borrowed, as the folder is */
    const char *folder;
    struct lm_jsonl_writer *writers[LM_SPLITS]; /**< of the shard being written */
    size_t next[LM_SPLITS];                     /**< the shard that follows it */
    struct lm_jsonl_writer *all;                /**< by position; else NULL */
    const char *all_path;
    struct lm_jsonl_reader *reader; /**< of it, once all is in it */
    struct lm_jsonl_block lines;
};

/** Creates the first files. LM_IO, LM_NOMEM; abandon in either case. */
enum lm_status clean_shards_open(struct clean_shards *out, struct lm_arena *arena,
                                 const char *folder, const struct clean_layout *layout,
                                 struct lm_err *err);
/** *out: the writer of a split for what stands at `place`, from 0 to 1, of all that is shared out;
 *  places never go back. LM_IO, LM_NOMEM. */
enum lm_status clean_shards_at(struct lm_jsonl_writer **out, struct clean_shards *shards,
                               enum lm_split split, double place, struct lm_err *err);
/** Ends the file of all, and begins to read it. */
enum lm_status clean_shards_turn(struct clean_shards *shards, struct lm_err *err);
/** The next line of the file of all, borrowed until the next call. LM_INTERNAL: there is none. */
enum lm_status clean_shards_line(struct clean_shards *shards, const char **line, size_t *size,
                                 struct lm_err *err);
/** Removes the file of all; writes what is left of the others. */
enum lm_status clean_shards_finish(struct clean_shards *shards, struct lm_err *err);
void clean_shards_abandon(struct clean_shards *shards);

#endif
