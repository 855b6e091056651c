#include "store/record.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "base/utf8.h"

#define HEAD "lmpipe-record 1"
#define CHECK "check xxh3:"

const struct lm_output *lm_record_output(const struct lm_record *record, const char *port)
{
    for (size_t i = 0; i < record->output_count; i++)
        if (strcmp(record->outputs[i].port, port) == 0)
            return &record->outputs[i];
    return NULL;
}

double lm_record_metric(const struct lm_record *record, const char *name)
{
    for (size_t i = 0; i < record->metric_count; i++)
        if (strcmp(record->metrics[i].name, name) == 0)
            return record->metrics[i].value;
    return (double)NAN;
}

/* ---- sealing ---- */

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct lm_output_file *)a)->name,
                  ((const struct lm_output_file *)b)->name);
}

/** As sha256sum prints it: bare hex; other kinds keep their prefix. */
static const char *manifest_digest(const char *logical)
{
    return strncmp(logical, "sha256:", 7) == 0 ? logical + 7 : logical;
}

/** The lines of a folder's manifest, as sha256sum prints them; NULL: out of memory. */
static const char *manifest_of(const struct lm_output *output, struct lm_arena *arena, size_t *size)
{
    *size = 0;
    for (size_t i = 0; i < output->file_count; i++)
        *size += strlen(manifest_digest(output->files[i].logical)) + strlen(output->files[i].name) +
                 strlen("  \n");
    char *text = LM_NEW_ARRAY(arena, char, *size + 1), *at = text;
    for (size_t i = 0; i < output->file_count && text != NULL; i++) {
        at = stpcpy(stpcpy(at, manifest_digest(output->files[i].logical)), "  ");
        at = stpcpy(stpcpy(at, output->files[i].name), "\n");
    }
    return text;
}

static enum lm_status seal_folder(struct lm_output *output, struct lm_arena *arena,
                                  struct lm_err *err)
{
    static const char kind[] = "sha256:";
    struct lm_digest digest;
    size_t size;
    if (output->file_count > 1)
        qsort(output->files, output->file_count, sizeof *output->files, compare_files);
    const char *manifest = manifest_of(output, arena, &size);
    char *text = LM_NEW_ARRAY(arena, char, sizeof kind - 1 + LM_DIGEST_HEX);
    if (manifest == NULL || text == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for an action record");
    lm_sha256_bytes(&digest, manifest, size);
    memcpy(text, kind, sizeof kind - 1);
    lm_digest_hex(text + sizeof kind - 1, &digest);
    output->manifest = manifest;
    output->digest = text;
    return LM_OK;
}

enum lm_status lm_record_seal(struct lm_record *record, struct lm_arena *arena, struct lm_err *err)
{
    for (size_t i = 0; i < record->output_count; i++) {
        struct lm_output *output = &record->outputs[i];
        output->manifest = NULL;
        if (output->folder)
            LM_TRY(seal_folder(output, arena, err));
        else
            output->digest = output->files[0].logical;
    }
    return LM_OK;
}

/* ---- writing ---- */

/** A free text as one line. */
static void put_line(struct lm_buf *out, const char *field, const char *text)
{
    lm_buf_printf(out, "%s ", field);
    for (const char *at = text != NULL ? text : ""; *at != '\0'; at++)
        lm_buf_putc(out, (unsigned char)*at < 0x20 || *at == 0x7f ? ' ' : *at);
    lm_buf_putc(out, '\n');
}

static void put_output(struct lm_buf *out, const struct lm_output *output)
{
    lm_buf_printf(out, "output %s %s %s %zu\n", output->port, output->folder ? "folder" : "file",
                  output->digest, output->file_count);
    for (size_t i = 0; i < output->file_count; i++) {
        const struct lm_output_file *file = &output->files[i];
        char hex[LM_DIGEST_HEX];
        lm_digest_hex(hex, &file->object);
        lm_buf_printf(out, "file %s %" PRIu64 " %s %s\n", hex, file->size, file->logical,
                      output->folder ? file->name : "-");
    }
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

void lm_record_write(struct lm_buf *out, const struct lm_record *record)
{
    char hex[LM_DIGEST_HEX];
    size_t begin = out->size;
    lm_digest_hex(hex, &record->key);
    lm_buf_printf(out, HEAD "\nkey %s\n", hex);
    for (size_t i = 0; i < record->output_count; i++)
        put_output(out, &record->outputs[i]);
    for (size_t i = 0; i < record->source_count; i++) {
        lm_digest_hex(hex, &record->sources[i].digest);
        lm_buf_printf(out, "source %s sha256:%s\n", record->sources[i].param, hex);
    }
    for (size_t i = 0; i < record->metric_count; i++) {
        lm_buf_printf(out, "metric %s ", record->metrics[i].name);
        lm_buf_put_double(out, record->metrics[i].value);
        lm_buf_putc(out, '\n');
    }
    put_line(out, "headline", record->headline);
    lm_buf_puts(out, "seconds ");
    lm_buf_put_double(out, record->seconds);
    lm_buf_printf(out, "\nfinished %" PRId64 "\n", record->finished);
    put_line(out, "host", record->host);
    lm_buf_printf(out, "key-text %zu\n%s", count_lines(record->key_text), record->key_text);
    if (!out->failed)
        lm_buf_printf(out, CHECK "%016" PRIx64 "\n",
                      lm_hash64(out->data + begin, out->size - begin, 0));
}

/* ---- reading ---- */

/** What is left of the text; lines are cut in place (a private copy). */
struct cursor {
    char *at, *end;
    bool bad; /**< a line did not have its form */
};

/** The next line without its newline, or NULL. */
static char *next_line(struct cursor *cursor)
{
    char *line = cursor->at;
    char *newline = line < cursor->end ? memchr(line, '\n', (size_t)(cursor->end - line)) : NULL;
    if (newline == NULL) {
        cursor->bad = true;
        return NULL;
    }
    *newline = '\0';
    cursor->at = newline + 1;
    return line;
}

static bool next_is(const struct cursor *cursor, const char *field)
{
    size_t length = strlen(field);
    return (size_t)(cursor->end - cursor->at) > length && memcmp(cursor->at, field, length) == 0 &&
           cursor->at[length] == ' ';
}

/** The rest of a line "field rest"; NULL (and bad) when the next line is another. */
static char *expect(struct cursor *cursor, const char *field)
{
    if (!next_is(cursor, field)) {
        cursor->bad = true;
        return NULL;
    }
    char *line = next_line(cursor);
    return line != NULL ? line + strlen(field) + 1 : NULL;
}

/** Cuts the next word off; NULL at the end. */
static char *word(char **rest)
{
    char *begin = *rest;
    if (begin == NULL || *begin == '\0')
        return NULL;
    char *space = strchr(begin, ' ');
    if (space != NULL)
        *space++ = '\0';
    *rest = space;
    return begin;
}

static bool parse_u64(uint64_t *out, const char *text)
{
    if (text == NULL || text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1] != '\0'))
        return false;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    *out = v;
    return errno == 0 && *end == '\0';
}

static bool parse_double(double *out, const char *text)
{
    if (text == NULL || text[0] == '\0' || text[0] == ' ')
        return false;
    char *end;
    *out = lm_c_strtod(text, &end);
    return *end == '\0';
}

static bool is_logical(const char *text)
{
    struct lm_digest ignored;
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    return colon != NULL && colon > text && lm_digest_parse(&ignored, colon + 1);
}

static bool read_file_line(struct cursor *cursor, struct lm_output_file *file, bool folder)
{
    char *rest = expect(cursor, "file");
    const char *hex = word(&rest), *size = word(&rest), *logical = word(&rest);
    if (rest == NULL || hex == NULL || !lm_digest_parse(&file->object, hex) ||
        !parse_u64(&file->size, size) || !is_logical(logical))
        return false;
    file->logical = logical;
    file->name = folder ? rest : NULL;
    return folder ? lm_output_name_is_fine(rest) : strcmp(rest, "-") == 0;
}

static bool read_output(struct cursor *cursor, struct lm_output *output, struct lm_arena *arena)
{
    char *rest = expect(cursor, "output");
    const char *port = word(&rest), *form = word(&rest), *digest = word(&rest);
    uint64_t count;
    if (port == NULL || form == NULL || !is_logical(digest) || !parse_u64(&count, rest))
        return false;
    output->folder = strcmp(form, "folder") == 0;
    if ((!output->folder && (strcmp(form, "file") != 0 || count != 1)) ||
        count > LM_OUTPUT_FILES_MAX)
        return false;
    output->port = port;
    output->digest = digest;
    output->file_count = (size_t)count;
    output->files = LM_NEW_ARRAY(arena, struct lm_output_file, count);
    for (size_t i = 0; i < output->file_count && output->files != NULL; i++)
        if (!read_file_line(cursor, &output->files[i], output->folder))
            return false;
    return output->files != NULL;
}

static bool read_metric(struct cursor *cursor, struct lm_metric *metric)
{
    char *rest = expect(cursor, "metric");
    metric->name = word(&rest);
    return metric->name != NULL && parse_double(&metric->value, rest);
}

static bool read_source(struct cursor *cursor, struct lm_source_digest *source)
{
    static const char kind[] = "sha256:";
    char *rest = expect(cursor, "source");
    source->param = word(&rest);
    return source->param != NULL && rest != NULL && strncmp(rest, kind, sizeof kind - 1) == 0 &&
           lm_digest_parse(&source->digest, rest + sizeof kind - 1);
}

/** How many of the lines from here on begin with one of two fields, without a line of another
 *  between them: an upper bound for arrays. */
static size_t count_fields(const struct cursor *cursor, const char *field, const char *other)
{
    struct cursor probe = *cursor;
    size_t count = 0;
    while (next_is(&probe, field) || next_is(&probe, other)) {
        count += next_is(&probe, field);
        char *newline = memchr(probe.at, '\n', (size_t)(probe.end - probe.at));
        probe.at = newline != NULL ? newline + 1 : probe.end;
    }
    return count;
}

static bool read_lists(struct cursor *cursor, struct lm_record *record, struct lm_arena *arena)
{
    record->outputs = LM_NEW_ARRAY(arena, struct lm_output, count_fields(cursor, "output", "file"));
    while (record->outputs != NULL && next_is(cursor, "output"))
        if (!read_output(cursor, &record->outputs[record->output_count++], arena))
            return false;
    struct lm_source_digest *sources =
        LM_NEW_ARRAY(arena, struct lm_source_digest, count_fields(cursor, "source", "source"));
    record->sources = sources;
    while (sources != NULL && next_is(cursor, "source"))
        if (!read_source(cursor, &sources[record->source_count++]))
            return false;
    record->metrics =
        LM_NEW_ARRAY(arena, struct lm_metric, count_fields(cursor, "metric", "metric"));
    while (record->metrics != NULL && next_is(cursor, "metric"))
        if (!read_metric(cursor, &record->metrics[record->metric_count++]))
            return false;
    return sources != NULL && record->metrics != NULL && record->output_count > 0;
}

/** The key text is the last thing before the checksum line. */
static bool read_key_text(struct cursor *cursor, struct lm_record *record)
{
    uint64_t lines;
    const char *count = expect(cursor, "key-text");
    if (!parse_u64(&lines, count))
        return false;
    record->key_text = cursor->at;
    return count_lines(record->key_text) == lines;
}

static bool read_fields(struct cursor *cursor, struct lm_record *record, struct lm_arena *arena)
{
    const char *head = next_line(cursor), *key = expect(cursor, "key");
    if (head == NULL || strcmp(head, HEAD) != 0 || key == NULL ||
        !lm_digest_parse(&record->key, key) || !read_lists(cursor, record, arena))
        return false;
    record->headline = expect(cursor, "headline");
    const char *seconds = expect(cursor, "seconds"), *finished = expect(cursor, "finished");
    record->host = expect(cursor, "host");
    uint64_t when = 0;
    if (cursor->bad || !parse_double(&record->seconds, seconds) || !parse_u64(&when, finished) ||
        when > INT64_MAX)
        return false;
    record->finished = (int64_t)when;
    return read_key_text(cursor, record);
}

/** Length of the text before its checksum line, or 0 when that does not hold. */
static size_t checked_size(const char *text, size_t size)
{
    char want[64];
    size_t line = strlen(CHECK) + 17;
    if (size <= line || memchr(text, '\0', size) != NULL)
        return 0;
    int n = snprintf(want, sizeof want, CHECK "%016" PRIx64 "\n", lm_hash64(text, size - line, 0));
    return (size_t)n == line && memcmp(text + size - line, want, line) == 0 ? size - line : 0;
}

enum lm_status lm_record_take(struct lm_record *out, struct lm_arena *arena, char *text,
                              size_t size, struct lm_err *err)
{
    size_t checked = checked_size(text, size);
    struct lm_record record = {0};
    if (checked == 0)
        return lm_fail(err, LM_FORMAT, "the action record's checksum does not hold");
    text[checked] = '\0';
    struct cursor cursor = {text, text + checked, false};
    if (!read_fields(&cursor, &record, arena))
        return lm_fail(err, LM_FORMAT, "not an action record of this version");
    LM_TRY(lm_record_seal(&record, arena, err));
    *out = record;
    return LM_OK;
}

enum lm_status lm_record_read(struct lm_record *out, struct lm_arena *arena, const char *text,
                              size_t size, struct lm_err *err)
{
    char *copy = lm_arena_strndup(arena, text, size);
    if (copy == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory for an action record");
    return lm_record_take(out, arena, copy, size, err);
}
