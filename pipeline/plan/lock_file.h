/**
 * The lock file of a spec (docs/formats/lock.md): STEM.lock beside STEM.yaml pins what each stage
 * gave. Text, a block a stage; every line begins with the stage's id, so that no two lines are
 * equal and a merge by lines cannot put a line of one stage into the block of another. This is the
 * file alone; what it has to do with a plan is in plan/locked.h.
 */
#ifndef LM_PLAN_LOCK_FILE_H
#define LM_PLAN_LOCK_FILE_H

#include <lmpipe/pipeline.h>

#include "base/buf.h"

/** "out.model" "sha256:<hex>", "source.jargon" "sha256:<hex>", "uses" "train 1". */
struct lm_lock_row {
    const char *name, *value;
};

struct lm_lock_block {
    const char *id; /**< of the stage */
    struct lm_lock_row *rows;
    size_t count; /**< ≥ 1; sorted by the bytes of their names, each once */
};

struct lm_lockfile {
    struct lm_lock_block *blocks; /**< sorted by the bytes of their ids, each once */
    size_t count;
    bool crlf; /**< lines end as they do on Windows, and will again */
};

/** Reads a text, which is cut in place and must live as long as *out; the rest goes to the arena.
 *  Blocks and lines may stand in any order (git merges them by lines). `shown` is the file's name
 *  in messages. LM_INVALID: no lock file of this version, damaged, or with the markers of a merge;
 *  LM_NOMEM. */
enum lm_status lm_lockfile_parse(struct lm_lockfile *out, struct lm_arena *arena, char *text,
                                 size_t size, const char *shown, struct lm_err *err);
/** The same from a file, of at most 1 GiB. LM_NOT_FOUND; LM_INVALID, also for what is no file;
 *  LM_IO; LM_NOMEM. */
enum lm_status lm_lockfile_load(struct lm_lockfile *out, struct lm_arena *arena, const char *path,
                                const char *shown, struct lm_err *err);
/** The one text of what a lock file says. The buffer's status is the caller's to check. */
void lm_lockfile_print(struct lm_buf *out, const struct lm_lockfile *file);
/** The block of a stage, or NULL. */
const struct lm_lock_block *lm_lockfile_find(const struct lm_lockfile *file, const char *id);
/** Do two blocks say the same? NULL stands for one that is not there. */
bool lm_lock_block_equal(const struct lm_lock_block *a, const struct lm_lock_block *b);
/** Merges by blocks what became of `base` in `ours` and `theirs`: a block that one side changed,
 *  added or removed is as that side has it. One that both changed, and not alike, is in *out no
 *  more, and its id in *dropped. All of it borrows from the three. LM_NOMEM. */
enum lm_status lm_lockfile_join(struct lm_lockfile *out, const char ***dropped,
                                size_t *dropped_count, struct lm_arena *arena,
                                const struct lm_lockfile *base, const struct lm_lockfile *ours,
                                const struct lm_lockfile *theirs, struct lm_err *err);

#endif
