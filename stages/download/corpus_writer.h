/**
 * The corpus folder: files/<source>/<member> and manifest.json (docs/formats/corpus.md). Counts
 * and bounds all that is written, wherever it came from. Members of a source may come in any
 * order; the manifest lists them by bytes of their names.
 */
#ifndef LM_STAGES_CORPUS_WRITER_H
#define LM_STAGES_CORPUS_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

struct lm_corpus_writer;

struct lm_corpus_limits {
    uint64_t max_bytes, max_files;
};

/** Writer into an existing empty folder. The arena must outlive it. LM_NOMEM. */
enum lm_status lm_corpus_create(struct lm_corpus_writer **out, struct lm_arena *arena,
                                const char *folder, const struct lm_corpus_limits *limits,
                                struct lm_err *err);
/** Begins a source; `name` is a single path component. LM_IO, LM_NOMEM. */
enum lm_status lm_corpus_begin_source(struct lm_corpus_writer *writer, const char *name,
                                      const char *license, struct lm_err *err);
/** Begins a member under a clean relative name (lm_member_clean). LM_FORMAT: the name was there
 *  before; LM_RANGE: too many files; LM_IO, LM_NOMEM. */
enum lm_status lm_corpus_begin_member(struct lm_corpus_writer *writer, const char *name,
                                      struct lm_err *err);
/** Appends to the member. LM_RANGE: more than max_bytes in all; LM_IO. */
enum lm_status lm_corpus_write(struct lm_corpus_writer *writer, const void *data, size_t size,
                               struct lm_err *err);
/** Ends the member; *digest: SHA-256 of what was written. LM_IO, LM_NOMEM. */
enum lm_status lm_corpus_end_member(struct lm_corpus_writer *writer, struct lm_digest *digest,
                                    struct lm_err *err);
/** Ends the source; *files: how many members it has. LM_FORMAT: two names differ in case only. */
enum lm_status lm_corpus_end_source(struct lm_corpus_writer *writer, uint64_t *files,
                                    struct lm_err *err);
/** Writes manifest.json. LM_IO, LM_NOMEM. */
enum lm_status lm_corpus_finish(struct lm_corpus_writer *writer, struct lm_err *err);
/** Files and bytes of members so far. */
uint64_t lm_corpus_files(const struct lm_corpus_writer *writer);
uint64_t lm_corpus_bytes(const struct lm_corpus_writer *writer);
/** Closes what is open; what was written stays. NULL is fine. */
void lm_corpus_free(struct lm_corpus_writer *writer);

#endif
