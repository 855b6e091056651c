/** Sources of a text as the data card of `clean` tells them (docs/formats/card.md): how many
 *  documents of each split are theirs. Documents follow one another in the order of the sources. */
#ifndef LM_STAGES_ENCODE_SOURCE_H
#define LM_STAGES_ENCODE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

struct encode_source {
    const char *name;
    int64_t documents[LM_SPLITS];
};

/** Reads the data card at `path` into the arena. LM_FORMAT, LM_IO, LM_NOMEM; LM_INVALID for a card
 *  that does not tell the splits of its sources. */
enum lm_status encode_sources_read(struct encode_source **out, size_t *count,
                                   struct lm_arena *arena, const char *path, struct lm_err *err);

#endif
