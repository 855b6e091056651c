#include "runs/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmpipe/hash.h>

#include "base/io.h"

enum { SUM = 16, LARGEST = 1 << 30 };

void lm_ledger_put(struct lm_buf *out, const char *text, size_t size)
{
    lm_buf_printf(out, "%016" PRIx64 " ", lm_hash64(text, size, 0));
    lm_buf_append(out, text, size);
    lm_buf_putc(out, '\n');
}

/** Does the file end in the middle of a line, which a writer that died has left? */
static bool is_torn(int fd)
{
    struct stat st;
    char last = '\n';
    return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
           last != '\n';
}

enum lm_status lm_ledger_append(const char *path, const struct lm_buf *lines, struct lm_err *err)
{
    enum lm_status status = lm_buf_status(lines, err);
    if (status != LM_OK || lines->size == 0)
        return status;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0)
        return lm_fail_errno(err, errno, "cannot add to %s", path);
    flock(fd, LOCK_EX); /* where there are no locks, appending at once is as good as always */
    if (is_torn(fd))
        status = lm_write_all(fd, "\n", 1, path, err);
    if (status == LM_OK)
        status = lm_write_all(fd, lines->data, lines->size, path, err);
    close(fd);
    return status;
}

enum lm_status lm_ledger_open(struct lm_ledger *out, struct lm_arena *arena, const char *path,
                              struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    *out = (struct lm_ledger){0};
    if (!lm_path_exists(path) || lm_path_is_dir(path))
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, arena, path, LARGEST, err));
    *out = (struct lm_ledger){.at = text, .end = text + size};
    return LM_OK;
}

size_t lm_ledger_count(const struct lm_ledger *ledger)
{
    size_t lines = 1;
    for (const char *at = ledger->at; at < ledger->end; lines++) {
        const char *end = memchr(at, '\n', (size_t)(ledger->end - at));
        at = end != NULL ? end + 1 : ledger->end;
    }
    return lines;
}

/** Is this line, ended by NUL, what lm_ledger_put wrote? */
static bool is_sound(const char *line, size_t size)
{
    char *end = NULL;
    if (size <= SUM || line[SUM] != ' ')
        return false;
    uint64_t sum = strtoull(line, &end, 16);
    return end == line + SUM && sum == lm_hash64(line + SUM + 1, size - SUM - 1, 0);
}

bool lm_ledger_next(struct lm_ledger *ledger, char **text, size_t *size)
{
    while (ledger->at < ledger->end) {
        char *line = ledger->at;
        char *end = memchr(line, '\n', (size_t)(ledger->end - line));
        end = end != NULL ? end : ledger->end;
        ledger->at = end < ledger->end ? end + 1 : end;
        *end = '\0'; /* at the file's end a NUL stands already */
        if (is_sound(line, (size_t)(end - line))) {
            *text = line + SUM + 1;
            *size = (size_t)(end - line) - SUM - 1;
            return true;
        }
        ledger->damaged += end > line;
    }
    return false;
}
