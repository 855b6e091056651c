/**
 * The store (docs/formats/store.md): objects named by SHA-256, action records, checkpoints, runs,
 * a stat index, kernel locks. An action record is visible only when its objects are durable.
 */
#ifndef LM_STORE_STORE_H
#define LM_STORE_STORE_H

#include <lmpipe/pipeline.h>

/** One file of an output. */
struct lm_output_file {
    const char *name;        /**< within a folder port; NULL for a file port */
    struct lm_digest object; /**< SHA-256 of its bytes */
    uint64_t size;
    const char *logical; /**< "sha256:<hex>" or "lmdb:<hex>": what keys use */
    int64_t mtime_ns; /**< of the file when it was hashed, for lm_store_commit; not in the record */
};

/** One output port of an action; files sorted by name. */
struct lm_output {
    const char *port;
    bool folder;
    struct lm_output_file *files;
    size_t file_count;
    const char
        *digest; /**< of a file port: its logical digest; of a folder: "sha256:" of its manifest */
    const char
        *manifest; /**< folder: lines "<hex or lmdb:hex>  name\n" sorted; NULL for a file port */
};

struct lm_metric {
    const char *name;
    double value;
};

/** What is known of a finished action. */
struct lm_record {
    const char *key_text;
    struct lm_digest key;
    struct lm_output *outputs;
    size_t output_count;
    struct lm_metric *metrics;
    size_t metric_count;
    const char *headline;
    double seconds;
    int64_t finished; /**< unix seconds; information only */
    const char *host;
};
/** The output of a port, or NULL. */
const struct lm_output *lm_record_output(const struct lm_record *record, const char *port);
double lm_record_metric(const struct lm_record *record, const char *name); /**< NaN when missing */

/** The record of a key whose objects are all present and sound (by the stat index, else re-hashed);
 *  LM_NOT_FOUND otherwise (a damaged record or object is a miss; it is set aside and heals). */
enum lm_status lm_store_find(struct lm_store *store, struct lm_record **out, struct lm_arena *arena,
                             const struct lm_digest *key, struct lm_err *err);
/** Absolute path of an object in the arena. */
const char *lm_store_object_path(const struct lm_store *store, struct lm_arena *arena,
                                 const struct lm_digest *object);
/** Sentences about what was found damaged and set aside since the store was opened; borrowed. */
const char *const *lm_store_warnings(const struct lm_store *store, size_t *count);
/** SHA-256 of a user's file or folder (sorted "hex  relative-path\n" lines) through the stat index.
 */
enum lm_status lm_store_hash_path(struct lm_store *store, struct lm_digest *out, const char *path,
                                  struct lm_err *err);
/** Moves finished files from a private folder into objects/, fsyncs, then writes the record, which
 *  is complete and sealed (lm_record_seal) and whose files carry mtime_ns. Removes the key's
 * checkpoints. Private paths: <folder>/out/<port>[/<name>]. LM_MISMATCH when a file is not as it
 * was hashed; LM_IO. */
enum lm_status lm_store_commit(struct lm_store *store, const char *folder,
                               const struct lm_record *record, struct lm_err *err);
/** Newest checkpoint position of a key, or -1. */
int64_t lm_store_checkpoint(const struct lm_store *store, const struct lm_digest *key);
/** Folder of a key's checkpoint slots (it may not exist), in the arena; NULL: out of memory. */
const char *lm_store_checkpoint_folder(const struct lm_store *store, struct lm_arena *arena,
                                       const struct lm_digest *key);
/** Removes private folders of runs that have died (their lock is free). */
void lm_store_sweep(struct lm_store *store);

#endif
