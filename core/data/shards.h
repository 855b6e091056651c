/**
 * A split of a text as files: `train.jsonl`, or `train-00001-of-00007.jsonl` … in the text's order;
 * with `.zst` behind it where it is compressed (docs/formats/text.md).
 */
#ifndef LM_DATA_SHARDS_H
#define LM_DATA_SHARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>

enum { LM_SHARDS_MAX = 99999 };

/** Files of a split, in order. */
struct lm_shards {
    const char **paths;
    size_t count;
    uint64_t bytes; /**< of the files, as they lie there */
};

/** The name of shard `index` (from 0 on) of `count` in the arena; NULL: out of memory. */
char *lm_shard_name(struct lm_arena *arena, const char *split, size_t index, size_t count,
                    bool is_packed);
/** The shards of a split in `folder`, in the arena. LM_FORMAT: one of them is missing, or there are
 * several of a place; LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_shards_find(struct lm_shards *out, struct lm_arena *arena, const char *folder,
                              const char *split, struct lm_err *err);

#endif
