/** Lists of files, as people have them: sums, and addresses. Errors name file and line. */
#ifndef LM_STAGES_SOURCE_LIST_H
#define LM_STAGES_SOURCE_LIST_H

#include <stddef.h>

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/status.h>

struct lm_sum {
    const char *name; /**< a clean relative name (lm_member_clean) */
    char sha256[LM_DIGEST_HEX];
    size_t line;
};

struct lm_sums {
    struct lm_sum *items;
    size_t count;
};

struct lm_url_line {
    const char *url;
    size_t line;
};

struct lm_url_lines {
    struct lm_url_line *items;
    size_t count;
};

/** Reads what sha256sum prints, in both of its forms, "HEX  NAME" and "SHA256 (NAME) = HEX"; empty
 *  lines and those that begin with # say nothing. LM_FORMAT: a line is neither, a name cannot be
 *  one, or stands there twice with different sums, or there is none; LM_RANGE: above 64 MiB; LM_IO,
 *  LM_NOT_FOUND, LM_NOMEM. */
enum lm_status lm_sums_read(struct lm_sums *out, struct lm_arena *arena, const char *path,
                            struct lm_err *err);
/** Reads addresses, one a line; empty lines and those that begin with # say nothing. LM_FORMAT: a
 *  line is no https://, http:// or file:/// address, or there is none; and as above. */
enum lm_status lm_url_lines_read(struct lm_url_lines *out, struct lm_arena *arena, const char *path,
                                 struct lm_err *err);

#endif
