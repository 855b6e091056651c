#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/io.h"
#include "store/store.h"

#define HEAD "lmpipe-last 1\n"
#define CEILING ((size_t)16 << 20)

static const char *last_path(struct lm_arena *arena, const char *root, const char *experiment)
{
    return lm_arena_printf(arena, "%s/artifacts/%s/.lmpipe", root, experiment);
}

/** "stage NAME HEX" */
static bool parse_row(struct lm_last *row, char *line)
{
    char *name = strchr(line, ' ');
    char *hex = name != NULL ? strchr(name + 1, ' ') : NULL;
    if (hex == NULL || strncmp(line, "stage ", 6) != 0)
        return false;
    *hex++ = '\0';
    row->stage = name + 1;
    return lm_digest_parse(&row->key, hex);
}

/** Reads lines of `text`; what is malformed is left out: the file only remembers. */
static void parse(struct lm_last *rows, size_t *count, const char **spec_path, char *text)
{
    for (char *line = text + strlen(HEAD), *next; *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next == NULL)
            break;
        *next++ = '\0';
        if (strncmp(line, "spec ", 5) == 0)
            *spec_path = line + 5;
        else if (parse_row(&rows[*count], line))
            ++*count;
    }
}

enum lm_status lm_last_load(struct lm_last **out, size_t *count, const char **spec_path,
                            struct lm_arena *arena, const char *root, const char *experiment,
                            struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0, lines = 0;
    const char *path = last_path(arena, root, experiment);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading what ran last");
    *out = NULL;
    *count = 0;
    *spec_path = NULL;
    if (!lm_path_exists(path))
        return LM_OK;
    LM_TRY(lm_file_read(&text, &size, arena, path, CEILING, err));
    if (strncmp(text, HEAD, strlen(HEAD)) != 0)
        return LM_OK;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    struct lm_last *rows = LM_NEW_ARRAY(arena, struct lm_last, lines);
    if (rows == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading what ran last");
    parse(rows, count, spec_path, text);
    *out = rows;
    return LM_OK;
}

enum lm_status lm_last_save(const struct lm_last *rows, size_t count, const char *spec_path,
                            const char *root, const char *experiment, struct lm_err *err)
{
    struct lm_buf text;
    struct lm_arena *arena = lm_arena_create();
    const char *path = arena != NULL ? last_path(arena, root, experiment) : NULL;
    const char *folder = path != NULL ? lm_path_dir(arena, path) : NULL;
    enum lm_status status = LM_OK;
    lm_buf_init(&text, CEILING);
    lm_buf_printf(&text, HEAD "spec %s\n", spec_path);
    for (size_t i = 0; i < count; i++) {
        char hex[LM_DIGEST_HEX];
        if (rows[i].stage == NULL)
            continue;
        lm_digest_hex(hex, &rows[i].key);
        lm_buf_printf(&text, "stage %s %s\n", rows[i].stage, hex);
    }
    status = folder != NULL ? lm_buf_status(&text, err)
                            : lm_fail(err, LM_NOMEM, "out of memory noting what ran last");
    if (status == LM_OK)
        status = lm_dir_create(folder, err);
    if (status == LM_OK)
        status = lm_file_write_atomic(path, text.data, text.size, err);
    lm_buf_release(&text);
    lm_arena_free(arena);
    return status;
}
