/**
 * The store (docs/formats/store.md): objects named by SHA-256, action records, checkpoints, states,
 * runs, a stat index, kernel locks. An action record is visible only when its objects are durable.
 */
#ifndef LM_STORE_STORE_H
#define LM_STORE_STORE_H

#include <sys/stat.h>

#include <lmpipe/pipeline.h>

#include "protocol/output.h"

/** What is known of a finished action. */
struct lm_record {
    const char *key_text;
    struct lm_digest key;
    struct lm_output *outputs;
    size_t output_count;
    struct lm_metric *metrics;
    size_t metric_count;
    const struct lm_source_digest *sources;
    size_t source_count;
    const char *headline;
    double seconds;
    int64_t finished; /**< unix seconds; information only */
    const char *host;
};
/** The output of a port, or NULL. */
const struct lm_output *lm_record_output(const struct lm_record *record, const char *port);
double lm_record_metric(const struct lm_record *record, const char *name); /**< NaN when missing */

/* ---- finding: three steps. The first two change nothing and take no lock. ---- */

/** The record of a key, admitted or stored, whatever has become of its objects. LM_NOT_FOUND: there
 *  is none, or what is there cannot be used (then a warning says so, and lm_store_heal sets it
 *  aside). LM_NOMEM. */
enum lm_status lm_store_read(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                             const struct lm_digest *key, struct lm_err *err);
/** The record of a key that lm_store_read would find, when the index of records holds the text that
 *  is on the disk. Changes nothing, from any thread. False: ask lm_store_read. */
bool lm_store_recall(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                     const struct lm_digest *key);
/** sound[i]: the objects of records[i] are all there with their bytes, by the stat index, else
 *  hashed. Each distinct object is looked at once, by `threads` threads. LM_NOMEM. */
enum lm_status lm_store_verify(struct lm_store *store, bool *sound,
                               const struct lm_record *const *records, size_t count, size_t threads,
                               struct lm_err *err);
/** From here on no object is taken for sound by the stat index: every look at one reads it. */
void lm_store_distrust(struct lm_store *store);
/** Sets aside what is damaged of a key's result: its record, else objects that it names. For the
 *  holder of the key's lock (lm_store_lock_path) alone. LM_IO: it cannot be moved away. */
enum lm_status lm_store_heal(struct lm_store *store, const struct lm_digest *key,
                             struct lm_err *err);
/** Reads and verifies one record: LM_NOT_FOUND when there is none, or objects of it are missing or
 *  damaged. LM_NOMEM. */
enum lm_status lm_store_find(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                             const struct lm_digest *key, struct lm_err *err);
/** Absolute path of an object in the arena. */
const char *lm_store_object_path(const struct lm_store *store, struct lm_arena *arena,
                                 const struct lm_digest *object);
/** Sentences about what was found damaged and set aside since the store was opened; borrowed. */
const char *const *lm_store_warnings(const struct lm_store *store, size_t *count);
/** The digest of a file that was looked at a moment ago (stat), if the stat index knows it; false
 *  also of what is no plain file. From any thread. */
bool lm_store_knows(const struct lm_store *store, struct lm_digest *out, const struct stat *seen);
/** SHA-256 of a user's file or folder (sorted "hex  relative-path\n" lines) through the stat index.
 */
enum lm_status lm_store_hash_path(struct lm_store *store, struct lm_digest *out, const char *path,
                                  struct lm_err *err);

/* ---- committing: what is admitted can be read by this process, what is flushed by all ---- */

/** Moves finished files from a private folder into objects/ and keeps the record, which is complete
 *  and sealed (lm_record_seal) and whose files carry mtime_ns, until the next flush: lm_store_read
 *  finds it, other processes do not, and a power cut may take it. An object that is there already
 * is not replaced. Private paths: <folder>/out/<port>[/<name>]; nothing else of the folder is
 * needed afterwards. LM_MISMATCH when a file is not as it was hashed; LM_IO, LM_NOMEM. */
enum lm_status lm_store_admit(struct lm_store *store, const char *folder,
                              const struct lm_record *record, struct lm_err *err);
/** Makes all that was admitted durable: objects, then records in the order in which they were
 *  admitted, 256 at a time; no record has its name before all that it rests on is on the disk.
 *  Removes the checkpoints of their keys. After a failure nothing of the batch that failed is
 *  visible, what was admitted is forgotten, and the error is told with advice. LM_IO, LM_NOMEM. */
enum lm_status lm_store_flush(struct lm_store *store, struct lm_err *err);
/** lm_store_admit and lm_store_flush. */
enum lm_status lm_store_commit(struct lm_store *store, const char *folder,
                               const struct lm_record *record, struct lm_err *err);
/** Adds to an error that carries errno what it means for the store and what to do: full disks (how
 *  full, by bytes or by number of files), quotas, read-only and failing disks. Others stay as they
 *  are. Returns err's status. */
enum lm_status lm_store_explain(struct lm_store *store, struct lm_err *err);

/** *bytes: room for you on the store's file system, just now; false: it does not say. */
bool lm_store_free(const struct lm_store *store, uint64_t *bytes);

/** Newest checkpoint position of a key, or -1. */
int64_t lm_store_checkpoint(const struct lm_store *store, const struct lm_digest *key);
/** Folder of a key's checkpoint slots (it may not exist), in the arena; NULL: out of memory. */
const char *lm_store_checkpoint_folder(const struct lm_store *store, struct lm_arena *arena,
                                       const struct lm_digest *key);
/** Folder of the state of all keys with this beginning (it may not exist), in the arena; NULL: out
 * of memory. */
const char *lm_store_state_folder(const struct lm_store *store, struct lm_arena *arena,
                                  const struct lm_digest *prefix);
/** Position of that state by its header alone, or -1. */
int64_t lm_store_state(const struct lm_store *store, struct lm_arena *arena,
                       const struct lm_digest *prefix);
/** Path of the lock that who produces or heals a key's result holds (lm_lock_try, exclusive), in
 * the arena; NULL: out of memory. It is of the key the work is done for: when the key has changed
 *  between planning and locking, it is another lock. */
const char *lm_store_lock_path(const struct lm_store *store, struct lm_arena *arena,
                               const struct lm_digest *key);
/** Calls visit for the keys of all records, by their names; whether these can be read is not asked.
 */
void lm_store_each_key(struct lm_store *store,
                       void (*visit)(void *user, const struct lm_digest *key), void *user);
/** Removes what processes that have died left: private folders, free locks, temporary files,
 *  checkpoints of keys that have a result, half a state. What belongs to a live one is locked, and
 *  stays. */
void lm_store_sweep(struct lm_store *store);
/** Reads up to `count` objects again, drawn at random, none after 8 MiB and none above 64 MiB:
 * bytes that changed below the file system leave no other trace. Returns how many were damaged;
 * they are set aside, with a warning. Only when nothing reads results of this store. */
size_t lm_store_sample(struct lm_store *store, size_t count);

#endif
