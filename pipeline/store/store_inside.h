/** The inside of struct lm_store, for the files store*.c alone. */
#ifndef LM_STORE_STORE_INSIDE_H
#define LM_STORE_STORE_INSIDE_H

#include <sys/stat.h>

#include "store/ahead.h"
#include "store/digest_map.h"
#include "store/record_index.h"
#include "store/stat_index.h"
#include "store/store.h"
#include "store/store_files.h"

#define LM_STORE_VERSION "lmpipe-store 1\n"
#define LM_STORE_WARNINGS 32
#define LM_STORE_NAME 80 /**< room for "objects/ab/<62 hex>" */
#define LM_RECORD_CEILING ((size_t)256 << 20)

/** An object of a result that was admitted and is not durable yet. */
struct lm_pending_object {
    struct lm_digest digest;
    struct stat st; /**< as it was moved into place */
    bool fresh;     /**< moved there by us; else it was there already */
};

/** A result that was admitted: its record as text. */
struct lm_pending_record {
    struct lm_digest key;
    char *text;
    size_t size;
};

struct lm_pending {
    struct lm_pending_record *records;
    size_t record_count, record_capacity;
    struct lm_pending_object *objects;
    size_t object_count, object_capacity;
    struct lm_digest_map by_key, by_object;
};

/** Results that were looked at ahead of a plan: only what was found sound. */
struct lm_seen {
    struct lm_arena *arena; /**< of the records */
    struct lm_record **records;
    uint64_t *sizes; /**< of the objects */
    size_t record_count, object_count, object_capacity;
    struct lm_digest_map by_key, by_object;
};

struct lm_store {
    struct lm_arena *arena;
    const char *path;
    int fd; /**< the folder, open since the beginning: told of write-back errors of its disk */
    struct lm_stat_index *index;
    struct lm_record_index *records;
    struct lm_pending pending;
    struct lm_seen seen;
    bool is_distrusted; /**< the stat index is not believed about objects */
    const char *warnings[LM_STORE_WARNINGS];
    size_t warning_count; /**< those beyond LM_STORE_WARNINGS are not kept */
};

/** What is found where an object or a record should be. */
enum lm_finding { LM_SOUND, LM_ABSENT, LM_UNREADABLE, LM_DAMAGED };

/** "<store>/<folder>/ab/<62 hex>" in the arena; NULL: out of memory. */
const char *lm_store_path_of(const struct lm_store *store, struct lm_arena *arena,
                             const char *folder, const struct lm_digest *digest);
/** lstat of <store>/<folder>/ab/<62 hex>, "objects" or "actions"; false: errno says why. */
bool lm_store_look(const struct lm_store *store, const char *folder, const struct lm_digest *digest,
                   struct stat *st);
/** Remembers a sentence for lm_store_warnings. */
void lm_store_warn(struct lm_store *store, const char *format, ...) LM_PRINTF(2, 3);
/** Moves what is damaged into damaged/ and remembers a warning about it. `checked`: what was found
 *  to be damaged; when another file has taken its place meanwhile, that one stays (NULL: whatever
 *  is there). False: it is still there, on a store that cannot be written. */
bool lm_store_set_aside(struct lm_store *store, const char *path, const struct stat *checked,
                        const char *what);
/** Hashes a user's or the store's file unless the index knows it. LM_INVALID: no plain file. */
enum lm_status lm_store_hash_file(struct lm_store *store, struct lm_digest *out, struct stat *st,
                                  const char *path, struct lm_err *err);
/** Looks at one object, through the index; `st` (may be NULL) is what was looked at. */
enum lm_finding lm_store_object_state(struct lm_store *store, const struct lm_output_file *file,
                                      struct stat *st);

/** One entry of a fan: actions/ab/<62 hex> or objects/ab/<62 hex>. */
struct lm_fan_entry {
    struct lm_digest digest;
    const char *path;
    struct stat st; /**< by lstat */
};

/** Calls visit for all entries of "objects" or "actions" whose names are digests, by fan and name;
 *  their paths live as long as `arena`. LM_IO, LM_NOMEM: some could not be looked at; the others
 *  were visited. */
enum lm_status lm_store_each(struct lm_store *store, const char *folder, struct lm_arena *arena,
                             void (*visit)(void *user, const struct lm_fan_entry *entry),
                             void *user, struct lm_err *err);

/** Entries of a folder of the store whose names begin with a digit (`numbered`), or all. */
uint64_t lm_store_entries(struct lm_store *store, const char *folder, bool numbered);

/** What can be said of an object without reading it; false: its bytes must be read. */
bool lm_store_is_settled(enum lm_finding *finding, struct lm_store *store,
                         const struct lm_output_file *file, struct stat *st);
/** The record of a key that was seen, or NULL. */
struct lm_record *lm_seen_record(const struct lm_seen *seen, const struct lm_digest *key);
/** Was an object of this size seen to be sound? */
bool lm_seen_object(const struct lm_seen *seen, const struct lm_output_file *file);

/** The record that waits for the next flush, or NULL. */
const struct lm_pending_record *lm_pending_record(const struct lm_pending *pending,
                                                  const struct lm_digest *key);
const struct lm_pending_object *lm_pending_object(const struct lm_pending *pending,
                                                  const struct lm_digest *object);
/** Adds (a key or an object that waits already: again, in its place). Takes over `text`. False: out
 *  of memory. */
bool lm_pending_add_record(struct lm_pending *pending, const struct lm_digest *key, char *text,
                           size_t size);
bool lm_pending_add_object(struct lm_pending *pending, const struct lm_pending_object *object);
/** Forgets all. */
void lm_pending_clear(struct lm_pending *pending);

#endif
