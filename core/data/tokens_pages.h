/**
 * Soundness of an LMDB file before LMDB follows it. LMDB trusts its pages: a cut file is a SIGBUS,
 * a wrong page number a crash. Reads with pread() only.
 */
#ifndef LM_DATA_TOKENS_PAGES_H
#define LM_DATA_TOKENS_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include <lmpipe/status.h>

struct lm_pages;

/** Opens a file of LMDB 0.9 and checks its meta pages and its length. One thread at a time. The
 * path is borrowed. LM_FORMAT: not sound; LM_NOT_FOUND, LM_IO, LM_NOMEM. */
enum lm_status lm_pages_open(struct lm_pages **out, const char *path, struct lm_err *err);
/** Checks what LMDB follows on its way to a key of the main database: branches, the leaf, every
 * node of these, and the extent of the value. LM_NOT_FOUND: there is no such key; LM_FORMAT: not
 *  sound; LM_IO.
 */
enum lm_status lm_pages_check_key(struct lm_pages *pages, const void *key, size_t size,
                                  struct lm_err *err);
/** Checks what it follows when it walks the main database: every branch and leaf page, every node
 *  and the extent of every overflow value. Values themselves are not read: their checksums are the
 *  caller's. LM_FORMAT: not sound; LM_IO. */
enum lm_status lm_pages_check_all(struct lm_pages *pages, struct lm_err *err);
/** Bytes of the pages that it may use. */
uint64_t lm_pages_bytes(const struct lm_pages *pages);
void lm_pages_close(struct lm_pages *pages); /**< NULL is fine */

#endif
