/**
 * Soundness of an LMDB file before LMDB maps it. LMDB trusts its pages: a cut file is a SIGBUS,
 * a wrong page number a crash. Reads with pread() only.
 */
#ifndef LM_DATA_TOKENS_PAGES_H
#define LM_DATA_TOKENS_PAGES_H

#include <lmpipe/status.h>

/**
 * Checks what LMDB 0.9 follows when it walks the main database of `path`: both meta pages, the
 * file's length, every branch and leaf page, every node and the extent of every overflow value.
 * Values themselves are not read: their checksums are the caller's. LM_FORMAT: not sound;
 * LM_NOT_FOUND, LM_IO, LM_NOMEM.
 */
enum lm_status lm_pages_check(const char *path, struct lm_err *err);

#endif
