/**
 * Roots: who needs results of this store (docs/formats/store.md). Several projects may share one,
 * and any of them may be out of reach when somebody cleans up: so a root keeps its keys here,
 * beside its path, until it is forgotten.
 */
#ifndef LM_STORE_ROOTS_H
#define LM_STORE_ROOTS_H

#include "store/store.h"

enum lm_root_kind { LM_ROOT_SPEC, LM_ROOT_BASELINE };

/** A key that a root needs, and the instance whose it is. */
struct lm_root_key {
    struct lm_digest key;
    const char *stage;
    bool is_good; /**< of the last time that all was well; else of what came since */
};

struct lm_root {
    const char *name; /**< of its file, LM_DIGEST_HEX - 1 hex digits: lm_root_name */
    enum lm_root_kind kind;
    const char *path;       /**< of the spec or the exported run, absolute, links resolved */
    const char *experiment; /**< or "" */
    struct lm_root_key *keys;
    size_t count;
    bool is_damaged; /**< then only `name` is right, and `path` unless it is NULL */
};

/** What the file of a root is called. */
void lm_root_name(char hex[LM_DIGEST_HEX], enum lm_root_kind kind, const char *path);
/** Is there a file of this name? */
bool lm_root_is_known(const struct lm_store *store, const char *name);
/** Writes a root, durably, unless the one that is there says the same: then it costs reading its
 *  first line. `name` is not read. LM_IO, LM_NOMEM. */
enum lm_status lm_root_put(const struct lm_store *store, const struct lm_root *root,
                           struct lm_err *err);
/** Reads one root by its name. LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_root_read(struct lm_root *out, struct lm_arena *arena,
                            const struct lm_store *store, const char *name, struct lm_err *err);
/** All roots, by name, in the arena; damaged ones, too. LM_IO: one cannot be read; LM_NOMEM. */
enum lm_status lm_roots_read(struct lm_root **out, size_t *count, struct lm_arena *arena,
                             const struct lm_store *store, struct lm_err *err);
/** Makes the next lm_root_put of a damaged root write it anew, whatever its first line says. */
void lm_root_distrust(const struct lm_store *store, const char *name);
/** Forgets a root. LM_IO. */
enum lm_status lm_root_remove(const struct lm_store *store, const char *name, struct lm_err *err);

#endif
