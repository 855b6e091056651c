/**
 * Sharing documents out to train, valid and test. By hash, a document's side is a function of its
 * digest alone, so it never moves when others come or go. By position, train, valid and test follow
 * one another on document borders; a text that is one document is cut at line borders.
 */
#ifndef LM_STAGES_CLEAN_SPLIT_H
#define LM_STAGES_CLEAN_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

#include "clean_corpus.h"
#include "clean_leak.h"
#include "clean_params.h"
#include "clean_shards.h"

struct clean_side {
    int64_t documents, bytes;
    struct lm_sha256 *ids; /**< of its documents' ids, each with a newline; owned */
};

/** A document on its way to a side. */
struct clean_document {
    size_t source;
    const void *text;
    size_t size;
    const struct lm_digest *id;  /**< SHA-256 of the text; NULL: to be made */
    const struct lm_buf *hashes; /**< of its long lines (clean_leak_hash); NULL: to be made */
    const struct lm_buf *line;   /**< of the text, as lm_jsonl_line makes it; NULL: to be made */
    const char *meta; /**< the line of it that goes along; where nothing is kept, unused */
    size_t meta_size;
    double
        place; /**< where it stands in the corpus, from 0 to 1; by position it is not asked for */
};

struct clean_splitter {
    struct clean_split options;
    bool is_by_position;
    struct clean_source *sources; /**< borrowed; documents come in their order */
    struct clean_shards text, meta;
    bool has_meta;
    struct clean_side sides[LM_SPLITS];
    struct clean_leak leak; /**< of all sides */
    struct clean_side total;
};

/** Creates the files in `folder` and, where that is not NULL, in `meta`. `sources` learn how their
 * documents were shared out. LM_IO, LM_NOMEM; abandon it in either case. */
enum lm_status clean_splitter_open(struct clean_splitter *out, struct lm_arena *arena,
                                   const char *folder, const char *meta,
                                   const struct clean_split *options,
                                   const struct clean_layout *layout, struct clean_source *sources,
                                   struct lm_err *err);
/** What a document's side is drawn by: its own digest, or with a group or a salt the SHA-256 of
 *  salt, group and the group's identity, each ended by a NUL: the document's digest in hex, the
 *  source's name and the file's, the source's name, the host. LM_NOMEM. */
enum lm_status clean_split_identity(struct lm_digest *out, const struct clean_split *options,
                                    const struct lm_digest *document, const char *source,
                                    const char *member, const char *host, struct lm_err *err);
/** The next document; sources never go backwards, and `kept` counts it. `identity` decides its
 * side.
 */
enum lm_status clean_splitter_put(struct clean_splitter *splitter,
                                  const struct clean_document *document,
                                  const struct lm_digest *identity, struct lm_err *err);
/** Writes what is left; `leak` stays until it is abandoned. LM_INVALID when train or valid stays
 * empty, with what to do. */
enum lm_status clean_splitter_finish(struct clean_splitter *splitter, struct lm_err *err);
/** SHA-256 of a side's ids, in hex, each with a newline; ends the counting. */
void clean_splitter_digest(char out[LM_DIGEST_HEX], struct clean_side *side);
void clean_splitter_abandon(struct clean_splitter *splitter);

#endif
