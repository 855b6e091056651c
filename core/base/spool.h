/**
 * Frames: parts of some work, one behind the other in a file, so that a process that comes after
 * one that was stopped does not do them again. Each frame is checked by itself: what a kill, a
 * power cut or a full disk left half written, what was altered, and what is of another owner is not
 * there for whoever opens the file. A frame is a head of 88 bytes and its data
 * (docs/formats/checkpoint.md).
 */
#ifndef LM_BASE_SPOOL_H
#define LM_BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/hash.h>
#include <lmpipe/status.h>

struct lm_frame {
    struct lm_digest of; /**< what it is a part of */
    uint64_t place;      /**< which part */
    uint64_t count;      /**< a number of the caller's */
    uint64_t size;       /**< bytes of its data */
    uint64_t at, sum;    /**< where these are in the file; their XXH3-64 */
};

/** Zero-initialise. */
struct lm_spool {
    const char *path; /**< borrowed */
    bool is_open;
    int fd;
    uint64_t owner, size; /**< whose frames they are; bytes of sound heads and their data */
    struct lm_frame *frames;
    size_t count, capacity;
};

/** Opens the frames of `owner` in `path`. With `is_own` the file is written from now on: it is made
 * when it is not there, and what follows its last frame is cut off; else it is only read, and one
 * that is not there has no frames. LM_IO, LM_NOMEM. */
enum lm_status lm_spool_open(struct lm_spool *out, const char *path, uint64_t owner, bool is_own,
                             struct lm_err *err);
/** Appends a frame: of, place and count of `frame`, and the data. LM_IO, with the system's reason:
 *  the disk is full or broken, and the file as it was; LM_NOMEM. */
enum lm_status lm_spool_put(struct lm_spool *spool, const struct lm_frame *frame, const void *data,
                            size_t size, struct lm_err *err);
/** Reads the data of a frame into out[0..frame->size); false when it cannot be read, or is not as
 *  it was written. Several threads may read. */
bool lm_spool_read(const struct lm_spool *spool, const struct lm_frame *frame, void *out);
/** The first bytes of a frame's data, as they are there, unchecked; returns how many. */
size_t lm_spool_peek(const struct lm_spool *spool, const struct lm_frame *frame, void *out,
                     size_t size);
/** Cuts the file off where a frame begins that is not as it was written, so that nobody finds it or
 *  what follows it; whole: removes the file. LM_IO. */
enum lm_status lm_spool_drop(const struct lm_spool *spool, const struct lm_frame *frame, bool whole,
                             struct lm_err *err);
/** Forgets the frames from `count` on, in the file, too. LM_IO. */
enum lm_status lm_spool_cut(struct lm_spool *spool, size_t count, struct lm_err *err);
/** What was put is on the disk. LM_IO. */
enum lm_status lm_spool_sync(const struct lm_spool *spool, struct lm_err *err);
void lm_spool_close(struct lm_spool *spool);

#endif
