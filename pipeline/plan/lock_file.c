#include "plan/lock_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmpipe/hash.h>

#include "base/io.h"

#define HEAD "lmpipe-lock "
#define VERSION "1"
#define ADVICE                                                                                     \
    "restore the file, or remove it and write it anew with 'lmpipe run SPEC --lock' ('lmpipe "     \
    "lock "                                                                                        \
    "merge' joins two of them)"
#define CEILING ((size_t)1 << 30)

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "out of memory for a lock file; free some");
}

/* ---- reading ---- */

/** A line: a row, and whose it is. */
struct line {
    const char *id;
    struct lm_lock_row row;
};

struct reading {
    const char *shown;
    size_t number; /**< of the line that was taken last */
    char *at, *end;
    struct line *lines;
    size_t count;
};

/** Cuts the next line off, without its end; NULL: there is none. */
static char *next_line(struct reading *reading, size_t *length)
{
    char *line = reading->at;
    if (line >= reading->end)
        return NULL;
    char *newline = memchr(line, '\n', (size_t)(reading->end - line));
    char *end = newline != NULL ? newline : reading->end;
    reading->at = newline != NULL ? newline + 1 : reading->end;
    reading->number++;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0'; /* at the text's end a NUL stands already */
    *length = (size_t)(end - line);
    return line;
}

/** A line that git writes around what it could not merge. */
static bool is_marker(const char *line)
{
    static const char *const markers[] = {"<<<<<<<", "|||||||", "=======", ">>>>>>>"};
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++)
        if (strncmp(line, markers[i], 7) == 0 && (line[7] == ' ' || line[7] == '\0'))
            return true;
    return false;
}

static enum lm_status refuse(const struct reading *reading, const char *line, struct lm_err *err)
{
    if (is_marker(line))
        return lm_fail(err, LM_INVALID,
                       "%s:%zu:1: a merge left this marker of a conflict; take one side of the "
                       "file and bring it up to date with 'lmpipe run SPEC --lock' ('lmpipe lock "
                       "merge --help' tells git how to merge lock files)",
                       reading->shown, reading->number);
    return lm_fail(err, LM_INVALID, "%s:%zu:1: is no line of a lock file; " ADVICE, reading->shown,
                   reading->number);
}

static enum lm_status read_head(struct reading *reading, struct lm_err *err)
{
    size_t length = 0;
    const char *line = next_line(reading, &length);
    if (line == NULL)
        return lm_fail(err, LM_INVALID, "%s: is empty; " ADVICE, reading->shown);
    if (strncmp(line, HEAD, strlen(HEAD)) != 0)
        return refuse(reading, line, err);
    const char *version = line + strlen(HEAD);
    if (strcmp(version, VERSION) != 0)
        return lm_fail(err, LM_INVALID,
                       "%s: is of another lmpipe: its format is %.20s, this one reads " VERSION
                       "; use that lmpipe, or remove the file and write it anew with --lock",
                       reading->shown, version);
    return LM_OK;
}

/** "sha256:<64 hex>", "lmdb:<64 hex>" */
static bool is_digest(const char *text)
{
    struct lm_digest ignored;
    const char *colon = strchr(text, ':');
    return colon != NULL && colon > text && lm_digest_parse(&ignored, colon + 1);
}

/** "train 1" */
static bool is_type(const char *text)
{
    const char *space = strchr(text, ' ');
    return space != NULL && space > text && space[1] != '\0' &&
           space[1 + strspn(space + 1, "0123456789")] == '\0';
}

static bool is_row(const struct lm_lock_row *row)
{
    if (strcmp(row->name, "uses") == 0)
        return is_type(row->value);
    const char *dot = strchr(row->name, '.');
    bool known = strncmp(row->name, "out.", 4) == 0 || strncmp(row->name, "source.", 7) == 0;
    return known && dot[1] != '\0' && is_digest(row->value);
}

/** "ID NAME VALUE": the value may hold spaces. */
static bool cut_line(struct line *out, char *line, size_t length)
{
    char *name = memchr(line, ' ', length);
    char *value = name != NULL ? strchr(name + 1, ' ') : NULL;
    if (value == NULL || name == line || strlen(line) != length)
        return false; /* also where it holds a NUL */
    *name++ = '\0';
    *value++ = '\0';
    *out = (struct line){line, {name, value}};
    return is_row(&out->row);
}

static enum lm_status read_lines(struct reading *reading, struct lm_err *err)
{
    size_t length = 0;
    for (char *line; (line = next_line(reading, &length)) != NULL;) {
        if (length == 0)
            continue;
        if (is_marker(line) || !cut_line(&reading->lines[reading->count++], line, length))
            return refuse(reading, line, err);
    }
    return LM_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order != 0 ? order : strcmp(x->row.name, y->row.name);
}

/** Sorts the lines, unless they are in order, as written. */
static void sort_lines(struct reading *reading)
{
    size_t i = 1;
    while (i < reading->count && by_place(&reading->lines[i - 1], &reading->lines[i]) < 0)
        i++;
    if (i < reading->count)
        qsort(reading->lines, reading->count, sizeof *reading->lines, by_place);
}

/** Makes blocks of sorted lines. A line that stands there twice is one, unless the two differ. */
static enum lm_status group(struct lm_lockfile *out, const struct reading *reading,
                            struct lm_arena *arena, struct lm_err *err)
{
    struct lm_lock_row *rows = LM_NEW_ARRAY(arena, struct lm_lock_row, reading->count);
    out->blocks = LM_NEW_ARRAY(arena, struct lm_lock_block, reading->count);
    if (rows == NULL || out->blocks == NULL)
        return no_memory(err);
    for (size_t i = 0; i < reading->count; i++) {
        const struct line *line = &reading->lines[i], *before = line - 1;
        bool twice = i > 0 && by_place(before, line) == 0;
        if (twice && strcmp(before->row.value, line->row.value) != 0)
            return lm_fail(err, LM_INVALID, "%s: says of %s.%s both %s and %s; " ADVICE,
                           reading->shown, line->id, line->row.name, before->row.value,
                           line->row.value);
        if (twice)
            continue;
        if (i == 0 || strcmp(before->id, line->id) != 0)
            out->blocks[out->count++] = (struct lm_lock_block){line->id, rows, 0};
        *rows++ = line->row;
        out->blocks[out->count - 1].count++;
    }
    return LM_OK;
}

enum lm_status lm_lockfile_parse(struct lm_lockfile *out, struct lm_arena *arena, char *text,
                                 size_t size, const char *shown, struct lm_err *err)
{
    struct reading reading = {.shown = shown, .at = text, .end = text + size};
    const char *first = memchr(text, '\n', size);
    struct lm_lockfile file = {.crlf = first != NULL && first > text && first[-1] == '\r'};
    size_t lines = 1;
    for (const char *at = first; at != NULL; lines++)
        at = memchr(at + 1, '\n', (size_t)(text + size - at - 1));
    reading.lines = LM_NEW_ARRAY(arena, struct line, lines);
    if (reading.lines == NULL)
        return no_memory(err);
    LM_TRY(read_head(&reading, err));
    LM_TRY(read_lines(&reading, err));
    sort_lines(&reading);
    LM_TRY(group(&file, &reading, arena, err));
    *out = file;
    return LM_OK;
}

enum lm_status lm_lockfile_load(struct lm_lockfile *out, struct lm_arena *arena, const char *path,
                                const char *shown, struct lm_err *err)
{
    char *text = NULL;
    size_t size = 0;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return lm_fail(err, LM_INVALID,
                       "%s: is no file; move it away, and 'lmpipe run SPEC --lock' writes one",
                       shown);
    LM_TRY(lm_file_read(&text, &size, arena, path, CEILING, err));
    return lm_lockfile_parse(out, arena, text, size, shown, err);
}

/* ---- writing ---- */

void lm_lockfile_print(struct lm_buf *out, const struct lm_lockfile *file)
{
    const char *end = file->crlf ? "\r\n" : "\n";
    lm_buf_puts(out, HEAD VERSION);
    lm_buf_puts(out, end);
    for (size_t i = 0; i < file->count; i++) {
        const struct lm_lock_block *block = &file->blocks[i];
        lm_buf_puts(out, end);
        for (size_t k = 0; k < block->count; k++) {
            lm_buf_puts(out, block->id);
            lm_buf_putc(out, ' ');
            lm_buf_puts(out, block->rows[k].name);
            lm_buf_putc(out, ' ');
            lm_buf_puts(out, block->rows[k].value);
            lm_buf_puts(out, end);
        }
    }
}

/* ---- looking ---- */

static int by_id(const void *id, const void *block)
{
    return strcmp(id, ((const struct lm_lock_block *)block)->id);
}

const struct lm_lock_block *lm_lockfile_find(const struct lm_lockfile *file, const char *id)
{
    return file->count > 0 ? bsearch(id, file->blocks, file->count, sizeof *file->blocks, by_id)
                           : NULL;
}

bool lm_lock_block_equal(const struct lm_lock_block *a, const struct lm_lock_block *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    bool equal = a->count == b->count && strcmp(a->id, b->id) == 0;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->rows[i].name, b->rows[i].name) == 0 &&
                strcmp(a->rows[i].value, b->rows[i].value) == 0;
    return equal;
}

/* ---- merging ---- */

enum { SIDES = 3 };

/** A file that is walked beside others, in the order of ids. */
struct side {
    const struct lm_lockfile *file;
    size_t next;
};

static const char *id_of(const struct side *side)
{
    return side->next < side->file->count ? side->file->blocks[side->next].id : NULL;
}

/** The smallest id that is left; NULL: none is. */
static const char *next_id(const struct side sides[SIDES])
{
    const char *first = NULL;
    for (size_t i = 0; i < SIDES; i++) {
        const char *id = id_of(&sides[i]);
        if (id != NULL && (first == NULL || strcmp(id, first) < 0))
            first = id;
    }
    return first;
}

/** What a side says of an id that no other one is smaller than; NULL: nothing. */
static const struct lm_lock_block *take(struct side *side, const char *id)
{
    const char *own = id_of(side);
    return own != NULL && strcmp(own, id) == 0 ? &side->file->blocks[side->next++] : NULL;
}

enum lm_status lm_lockfile_join(struct lm_lockfile *out, const char ***dropped,
                                size_t *dropped_count, struct lm_arena *arena,
                                const struct lm_lockfile *base, const struct lm_lockfile *ours,
                                const struct lm_lockfile *theirs, struct lm_err *err)
{
    struct side sides[SIDES] = {{base, 0}, {ours, 0}, {theirs, 0}};
    size_t most = base->count + ours->count + theirs->count, lost = 0;
    struct lm_lockfile file = {.blocks = LM_NEW_ARRAY(arena, struct lm_lock_block, most),
                               .crlf = ours->crlf};
    const char **ids = LM_NEW_ARRAY(arena, const char *, most);
    if (file.blocks == NULL || ids == NULL)
        return no_memory(err);
    for (const char *id; (id = next_id(sides)) != NULL;) {
        const struct lm_lock_block *was = take(&sides[0], id), *a = take(&sides[1], id);
        const struct lm_lock_block *b = take(&sides[2], id), *is = NULL;
        if (lm_lock_block_equal(a, b) || lm_lock_block_equal(was, b))
            is = a;
        else if (lm_lock_block_equal(was, a))
            is = b;
        else
            ids[lost++] = id;
        if (is != NULL)
            file.blocks[file.count++] = *is;
    }
    *out = file;
    *dropped = ids;
    *dropped_count = lost;
    return LM_OK;
}
