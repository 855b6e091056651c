#include "source_list.h"

#include <string.h>

#include "base/io.h"
#include "base/lines.h"
#include "base/name_map.h"
#include "base/url.h"

#include "member.h"

#define LIST_MAX (64 * 1024 * 1024) /**< bytes */

struct reading {
    struct lm_arena *arena;
    const char *path, *shown;
    struct lm_line_walk lines;
    struct lm_err *err;
};

static enum lm_status begin(struct reading *reading, struct lm_arena *arena, const char *path,
                            size_t *most, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    *reading = (struct reading){.arena = arena, .path = path, .err = err};
    reading->shown = lm_path_base(path);
    LM_TRY(lm_file_read(&text, &size, arena, path, LIST_MAX, err));
    size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    reading->lines = lm_line_walk_of(text + mark, size - mark);
    *most = lm_line_walk_count(text + mark, size - mark);
    return LM_OK;
}

/** The next line that says something, without white space at its ends; NULL at the end, or when
 *  memory is out. */
static char *next(struct reading *reading, enum lm_status *status)
{
    const char *line = NULL;
    size_t size = 0;
    while (*status == LM_OK && lm_line_walk_next(&reading->lines, &line, &size)) {
        while (size > 0 && strchr(" \t\r", line[size - 1]) != NULL)
            size--;
        size_t skip = 0;
        while (skip < size && (line[skip] == ' ' || line[skip] == '\t'))
            skip++;
        if (skip == size || line[skip] == '#')
            continue;
        char *text = lm_arena_strndup(reading->arena, line + skip, size - skip);
        if (text == NULL)
            *status = lm_fail(reading->err, LM_NOMEM, "out of memory for a list of files");
        return text;
    }
    return NULL;
}

/* ---- sums ---- */

/** Cuts a line into the name and the digits; false: it is no such line. */
static bool cut_line(char *line, const char **name, const char **hex)
{
    static const char tag[] = "SHA256 (";
    if (strncmp(line, tag, strlen(tag)) == 0) {
        char *close = strrchr(line, ')');
        *name = line + strlen(tag);
        if (close == NULL || strncmp(close, ") = ", 4) != 0)
            return false;
        *close = '\0';
        *hex = close + 4;
        return true;
    }
    if (strlen(line) < LM_DIGEST_HEX + 1 || line[LM_DIGEST_HEX - 1] != ' ')
        return false;
    line[LM_DIGEST_HEX - 1] = '\0';
    *hex = line;
    *name = line + LM_DIGEST_HEX;
    *name += **name == ' ' || **name == '*';
    return true;
}

static enum lm_status take_sum(struct reading *reading, struct lm_sum *sum, char *line)
{
    const char *name = NULL, *hex = NULL;
    struct lm_digest digest;
    struct lm_err fault = {0};
    sum->line = reading->lines.number;
    if (!cut_line(line, &name, &hex) || !lm_digest_parse(&digest, hex))
        return lm_fail(reading->err, LM_FORMAT,
                       "%s:%zu: is no line of sha256sum (64 hex digits, two spaces, a name)",
                       reading->shown, sum->line);
    lm_digest_hex(sum->sha256, &digest);
    enum lm_status status = lm_member_clean(&sum->name, reading->arena, name, &fault);
    return status == LM_OK
               ? LM_OK
               : lm_fail(reading->err, status, "%s:%zu: %s", reading->shown, sum->line, fault.text);
}

/** Adds a sum, unless it says again what one before it says. */
static enum lm_status add_sum(struct reading *reading, struct lm_sums *out, struct lm_name_map *map)
{
    struct lm_sum *sum = &out->items[out->count];
    size_t known = lm_name_map_find(map, sum->name);
    if (known == SIZE_MAX) {
        if (!lm_name_map_put(map, sum->name, out->count))
            return lm_fail(reading->err, LM_NOMEM, "out of memory for a list of files");
        out->count++;
        return LM_OK;
    }
    if (strcmp(out->items[known].sha256, sum->sha256) == 0)
        return LM_OK;
    return lm_fail(reading->err, LM_FORMAT, "%s:%zu: has another sum of the file of line %zu",
                   reading->shown, sum->line, out->items[known].line);
}

enum lm_status lm_sums_read(struct lm_sums *out, struct lm_arena *arena, const char *path,
                            struct lm_err *err)
{
    struct reading reading;
    struct lm_name_map map = {0};
    size_t most = 0;
    enum lm_status status = begin(&reading, arena, path, &most, err);
    LM_TRY(status);
    lm_name_map_init(&map, arena);
    *out = (struct lm_sums){LM_NEW_ARRAY(arena, struct lm_sum, most + 1), 0};
    if (out->items == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a list of files");
    for (char *line = next(&reading, &status); line != NULL; line = next(&reading, &status)) {
        LM_TRY(take_sum(&reading, &out->items[out->count], line));
        LM_TRY(add_sum(&reading, out, &map));
    }
    if (status == LM_OK && out->count == 0)
        status = lm_fail(err, LM_FORMAT,
                         "%s: names no file; `sha256sum FILE…` prints what belongs "
                         "there",
                         reading.shown);
    return status;
}

/* ---- addresses ---- */

enum lm_status lm_url_lines_read(struct lm_url_lines *out, struct lm_arena *arena, const char *path,
                                 struct lm_err *err)
{
    static const char *const schemes[] = {"https://", "http://", "file:///", "file://localhost/"};
    struct reading reading;
    size_t most = 0;
    enum lm_status status = begin(&reading, arena, path, &most, err);
    LM_TRY(status);
    *out = (struct lm_url_lines){LM_NEW_ARRAY(arena, struct lm_url_line, most + 1), 0};
    if (out->items == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for a list of files");
    for (char *line = next(&reading, &status); line != NULL; line = next(&reading, &status)) {
        bool known = false;
        for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
            known = known || strncmp(line, schemes[i], strlen(schemes[i])) == 0;
        if (!known || strpbrk(line, " \t") != NULL)
            return lm_fail(err, LM_FORMAT,
                           "%s:%zu: is no address (one a line, https://, http:// or file:///)",
                           reading.shown, reading.lines.number);
        out->items[out->count++] = (struct lm_url_line){line, reading.lines.number};
    }
    if (status == LM_OK && out->count == 0)
        status = lm_fail(err, LM_FORMAT, "%s: names no address", reading.shown);
    return status;
}
