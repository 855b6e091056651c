/** The inside of struct lm_store, for the files store*.c alone. */
#ifndef LM_STORE_STORE_INSIDE_H
#define LM_STORE_STORE_INSIDE_H

#include "store/stat_index.h"
#include "store/store.h"

#define LM_STORE_VERSION "lmpipe-store 1\n"
#define LM_STORE_WARNINGS 32

struct lm_store {
    struct lm_arena *arena;
    const char *path;
    struct lm_stat_index *index;
    const char *warnings[LM_STORE_WARNINGS];
    size_t warning_count; /**< those beyond LM_STORE_WARNINGS are not kept */
};

/** "<store>/<folder>/ab/<62 hex>" in the arena; NULL: out of memory. */
const char *lm_store_path_of(const struct lm_store *store, struct lm_arena *arena,
                             const char *folder, const struct lm_digest *digest);
/** Moves a damaged file into damaged/ and remembers a warning about it. */
void lm_store_set_aside(struct lm_store *store, const char *path, const char *what);

#endif
