/**
 * Where two files first differ, in the words of their format: a tensor's element (safetensors), a
 * row's key (LMDB), a member (JSON), a line and its member (JSON lines), a line (text), a byte.
 * Nothing in a file is trusted: one that is not what it seems is compared as what it is at least.
 */
#ifndef LM_DIFFER_DIFFER_H
#define LM_DIFFER_DIFFER_H

#include <stdbool.h>
#include <stddef.h>

#include <lmpipe/status.h>

enum { LM_DIFFER_PLACE = 600, LM_DIFFER_VALUE = 240 };

/** A difference. All three are UTF-8 on one line, cut to what people read. */
struct lm_differ {
    char place[LM_DIFFER_PLACE]; /**< "tensor head.weight[3, 17]", "line 12, nll", "byte 8" */
    char stored[LM_DIFFER_VALUE], now[LM_DIFFER_VALUE]; /**< what is there in the two files */
};

/** Compares two files byte by byte; *differs false: they are equal. Memory: a few MiB, for JSON
 *  documents (of 64 MiB at most) their trees. LM_IO: one cannot be read, or is no plain file;
 * LM_NOMEM. */
enum lm_status lm_differ_files(struct lm_differ *out, bool *differs, const char *stored,
                               const char *now, struct lm_err *err);

#endif
