#include "heavy_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 1 << 16 };

enum lm_status lm_heavy_input(struct lm_buf *out, const char *path, struct lm_err *err)
{
    char block[BLOCK];
    size_t size;
    bool is_standard = path == NULL || strcmp(path, "-") == 0;
    FILE *in = is_standard ? stdin : fopen(path, "rbe");
    if (in == NULL)
        return lm_fail_errno(err, errno, "cannot open %s", path);
    while (!out->failed && (size = fread(block, 1, sizeof block, in)) > 0)
        lm_buf_append(out, block, size);
    enum lm_status status = lm_buf_status(out, err);
    if (ferror(in))
        status = lm_fail_errno(err, errno, "cannot read %s", is_standard ? "standard input" : path);
    if (!is_standard)
        fclose(in);
    return status;
}
