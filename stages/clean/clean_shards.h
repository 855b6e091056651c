/** The files of a folder of the text or of what goes along with it: train.jsonl, valid.jsonl,
 *  test.jsonl, and by position first all in one file. */
#ifndef LM_STAGES_CLEAN_SHARDS_H
#define LM_STAGES_CLEAN_SHARDS_H

#include <stdbool.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

#include "data/jsonl.h"

/** Zero-initialise. */
struct clean_shards {
    struct lm_jsonl_writer *writers[LM_SPLITS];
    struct lm_jsonl_writer *all; /**< by position; else NULL */
    const char *all_path;
    struct lm_jsonl_reader *reader; /**< of it, once all is in it */
    struct lm_jsonl_block lines;
};

/** Creates the files. LM_IO, LM_NOMEM; abandon in either case. */
enum lm_status clean_shards_open(struct clean_shards *out, struct lm_arena *arena,
                                 const char *folder, bool is_by_position, struct lm_err *err);
/** Ends the file of all, and begins to read it. */
enum lm_status clean_shards_turn(struct clean_shards *shards, struct lm_err *err);
/** The next line of the file of all, borrowed until the next call. LM_INTERNAL: there is none. */
enum lm_status clean_shards_line(struct clean_shards *shards, const char **line, size_t *size,
                                 struct lm_err *err);
/** Removes the file of all; writes what is left of the others. */
enum lm_status clean_shards_finish(struct clean_shards *shards, struct lm_err *err);
void clean_shards_abandon(struct clean_shards *shards);

#endif
