/**
 * Checkpoint slots (docs/formats/checkpoint.md): two files, a and b, in the folder of one key.
 * A save replaces the older of the two, durably, so that one sound slot is there at any moment.
 */
#ifndef LM_PROTOCOL_CHECKPOINT_H
#define LM_PROTOCOL_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/saved.h>
#include <lmpipe/status.h>

/** Writes `count` parts, joined, at progress `position` as the newest slot of `folder` (created
 *  when absent): a new file in its place (new_file.h), durable. They are written from where they
 *  lie. LM_IO, LM_NOMEM. */
enum lm_status lm_checkpoint_save(const char *folder, uint64_t position,
                                  const struct lm_save_part *parts, size_t count,
                                  struct lm_err *err);
/** Newest slot whose checksums hold, to be closed; *out NULL when there is none. Slots whose
 * content is damaged are removed. One that cannot be read just now (EIO, ESTALE) stays; LM_IO when
 * there is no other. LM_NOMEM. */
enum lm_status lm_checkpoint_open(struct lm_saved **out, const char *folder, struct lm_err *err);
/** The same for somebody who does not hold the key and reads beside a writer: nothing is removed.
 *  Slots that were replaced between looking and reading are looked for again. */
enum lm_status lm_checkpoint_look(struct lm_saved **out, const char *folder, struct lm_err *err);
/** How long to work (ns) before the next checkpoint, when saving one takes `cost_ns`: ten seconds
 * or, when that is more, fifty times the cost, but so that no more than a minute of work can be
 * lost as long as saving takes less than a tenth of the time. */
uint64_t lm_checkpoint_wait_ns(uint64_t cost_ns);
/** Position of the newest slot by its header alone (the data is not read), or -1. */
int64_t lm_checkpoint_peek(const char *folder);

/* ---- states: what all keys that begin alike share, in the same form, one slot a folder ---- */

enum lm_state_finding {
    LM_STATE_NONE, /**< there is none at a position that was asked for */
    LM_STATE_SOUND,
    LM_STATE_DAMAGED,   /**< cut short, altered, of another form, or of another folder */
    LM_STATE_UNREADABLE /**< reading failed: it may be sound, and stays */
};

/** Writes `count` parts, joined, at `position` as the state of `folder` (created when absent),
 * durably, unless a sound one stands there or further: of writers at once the furthest stays. A
 * reader finds the old one or the whole new one. LM_IO, LM_NOMEM. */
enum lm_status lm_state_save(const char *folder, uint64_t position,
                             const struct lm_save_part *parts, size_t count, struct lm_err *err);
/** The state of a folder if it stands between `least` and `most`, both included, to be closed; else
 *  NULL. One that is damaged is removed. LM_NOMEM. */
enum lm_status lm_state_open(enum lm_state_finding *found, struct lm_saved **out,
                             const char *folder, uint64_t least, uint64_t most, struct lm_err *err);
/** Reads a state to its end; changes nothing. LM_NOMEM. */
enum lm_status lm_state_check(enum lm_state_finding *found, uint64_t *size, const char *folder,
                              struct lm_err *err);
/** Path of the file of a folder's state, in the arena; NULL: out of memory. */
const char *lm_state_path(struct lm_arena *arena, const char *folder);
/** Position of a folder's state by its header alone, or -1. */
int64_t lm_state_peek(const char *folder);

#endif
