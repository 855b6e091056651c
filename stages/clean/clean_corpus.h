/** The corpus folder as `clean` reads it (docs/formats/corpus.md): sources and files in one order
 *  that does not depend on the spec's. */
#ifndef LM_STAGES_CLEAN_CORPUS_H
#define LM_STAGES_CLEAN_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>
#include <lmpipe/tokens.h>

struct clean_source {
    const char *name, *license;
    size_t files;
    int64_t bytes; /**< of its files */
    /** SHA-256 in hex of a line a file, "SHA-256  member", sorted; "": the manifest has none. */
    char digest[LM_DIGEST_HEX];
    int64_t documents, kept;
    int64_t replaced_bytes;    /**< of its files, that became U+FFFD */
    int64_t shared[LM_SPLITS]; /**< documents of each split, where they follow one another */
};

struct clean_file {
    const char *path;         /**< relative to the folder */
    const char *digest;       /**< SHA-256 of its bytes in hex; "": not told */
    size_t source;            /**< index of its source */
    int64_t bytes, before;    /**< by the manifest; of the files before it */
    int64_t decoded, wrong;   /**< bytes of its pages or records; that became U+FFFD */
    size_t first_wrong;       /**< the first of them that has such bytes; 0: it has no number */
    int64_t records, missing; /**< pieces of it; those without text */
    const char *instead;      /**< what the first of them has instead */
};

struct clean_corpus {
    struct clean_source *sources; /**< sorted by name */
    size_t source_count;
    struct clean_file *files; /**< sorted by source, then path */
    size_t file_count;
    int64_t bytes; /**< of all, by the manifest */
};

/** A file's name in its source, borrowed: what follows "files/SOURCE/". */
const char *clean_file_member(const struct clean_file *file);
/** Reads folder/manifest.json into the arena. LM_FORMAT, LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status clean_corpus_read(struct clean_corpus *out, struct lm_arena *arena,
                                 const char *folder, struct lm_err *err);

#endif
