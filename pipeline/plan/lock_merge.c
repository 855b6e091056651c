/* lmpipe lock merge: three lock files, and what comes of them. */
#include <sys/stat.h>

#include "base/new_file.h"
#include "plan/lock_file.h"

/** A file with nothing in it is one that was not there: git hands over such a base when both sides
 *  have added the file. */
static enum lm_status load_base(struct lm_lockfile *out, struct lm_arena *arena, const char *path,
                                struct lm_err *err)
{
    struct stat info;
    *out = (struct lm_lockfile){.count = 0};
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0)
        return LM_OK;
    return lm_lockfile_load(out, arena, path, path, err);
}

enum lm_status lm_lock_merge(struct lm_lock_merged *out, struct lm_arena *arena, const char *base,
                             const char *ours, const char *theirs, struct lm_err *err)
{
    struct lm_lockfile was, a, b, all;
    struct lm_lock_merged merged = {.blocks = 0};
    struct lm_buf text;
    LM_TRY(load_base(&was, arena, base, err));
    LM_TRY(lm_lockfile_load(&a, arena, ours, ours, err));
    LM_TRY(lm_lockfile_load(&b, arena, theirs, theirs, err));
    LM_TRY(
        lm_lockfile_join(&all, &merged.dropped, &merged.dropped_count, arena, &was, &a, &b, err));
    merged.blocks = all.count;
    lm_buf_init(&text, 0);
    lm_lockfile_print(&text, &all);
    enum lm_status status = lm_new_file_write_buf(ours, &text, 0, err);
    lm_buf_release(&text);
    if (status == LM_OK)
        *out = merged;
    return status;
}
