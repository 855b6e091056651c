#include "init_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "text/csv.h"
#include "text/encoding.h"
#include "text/encoding_guess.h"
#include "text/heading.h"
#include "text/json_field.h"
#include "web/gunzip.h"

enum { PACKED_BY = 3, MOST_FIELDS = 64, RECORDS = 200, HEADER = 40 };

/* ---- bytes ---- */

static enum lm_status read_packed(struct lm_init_sample *out, int fd, struct lm_err *err)
{
    struct lm_gunzip *gunzip = NULL;
    size_t got = 1;
    LM_TRY(lm_gunzip_open(&gunzip, fd, err));
    while (out->size < LM_INIT_SAMPLE && got > 0) {
        if (lm_gunzip_read(gunzip, out->bytes + out->size, LM_INIT_SAMPLE - out->size, &got, err) !=
            LM_OK)
            break; /* download says what is wrong with it */
        out->size += got;
    }
    lm_gunzip_close(gunzip);
    return LM_OK;
}

static enum lm_status read_plain(struct lm_init_sample *out, int fd, const char *path,
                                 struct lm_err *err)
{
    while (out->size < LM_INIT_SAMPLE) {
        ssize_t n = read(fd, out->bytes + out->size, LM_INIT_SAMPLE - out->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lm_fail_errno(err, errno, "%s", path);
        if (n == 0)
            break;
        out->size += (size_t)n;
    }
    return LM_OK;
}

/* A sequence that the end has cut is no fault. */
static size_t cut_at_line(const struct lm_init_sample *sample)
{
    const uint8_t *end = memrchr(sample->bytes, '\n', sample->size);
    return sample->is_cut && end != NULL ? (size_t)(end - sample->bytes) + 1 : sample->size;
}

/* The list's name of what the bytes are in beyond doubt, else most probably; NULL: nobody knows. */
static const char *encoding_of(const struct lm_init_sample *sample)
{
    const char *name = lm_encoding_detect(sample->bytes, sample->size);
    if (name == NULL)
        name = lm_encoding_guess(sample->bytes, sample->size);
    return lm_encoding_of_label(name, strlen(name));
}

static enum lm_status decode(struct lm_init_sample *out, struct lm_arena *arena, struct lm_err *err)
{
    struct lm_buf text;
    size_t bad = 0;
    bool is_utf = out->kind.class == LM_FILE_UTF16;
    enum lm_status status = LM_OK;
    struct lm_utf8_census census = lm_utf8_census(out->bytes, out->size);
    if (!is_utf && (double)census.bad < 0.002 * (double)out->size)
        return LM_OK;
    lm_buf_init(&text, 0);
    if (!is_utf)
        out->encoding = encoding_of(out);
    if (is_utf)
        status =
            lm_utf_decode(&text, &out->kind.utf, out->bytes, out->size & ~(size_t)3, &bad, err);
    else if (out->encoding != NULL)
        status = lm_encoding_convert(&text, out->encoding, out->bytes, out->size, &bad, err);
    if (status == LM_OK && text.size > 0) {
        out->bytes = lm_arena_alloc(arena, text.size + 1);
        if (out->bytes != NULL)
            memcpy(out->bytes, text.data, text.size);
        out->size = out->bytes != NULL ? text.size : 0;
    }
    lm_buf_release(&text);
    return status;
}

static enum lm_status take(struct lm_init_sample *out, struct lm_arena *arena, int fd,
                           const char *path, struct lm_err *err)
{
    int64_t marks, newlines;
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return lm_fail_errno(err, errno, "%s", path);
    LM_TRY(read_plain(out, fd, path, err));
    out->whole = (uint64_t)facts.st_size;
    out->packing = lm_file_packing(out->bytes, out->size);
    if (out->packing != NULL) {
        out->size = 0;
        out->whole *= PACKED_BY;
        if (strcmp(out->packing, "gzip") != 0 || lseek(fd, 0, SEEK_SET) != 0)
            return LM_OK;
        LM_TRY(read_packed(out, fd, err));
    }
    out->is_cut = out->size < out->whole && out->size == LM_INIT_SAMPLE;
    if (!out->is_cut)
        out->whole = out->size;
    out->kind = lm_file_kind(out->bytes, out->size);
    if (out->kind.class == LM_FILE_BINARY || out->kind.class == LM_FILE_PACKED)
        return LM_OK;
    out->size = cut_at_line(out);
    LM_TRY(decode(out, arena, err));
    out->size = lm_newlines_normalise(out->bytes, out->size, &marks, &newlines);
    return LM_OK;
}

enum lm_status lm_init_sample_read(struct lm_init_sample *out, struct lm_arena *arena,
                                   const char *path, struct lm_err *err)
{
    *out = (struct lm_init_sample){.bytes = lm_arena_alloc(arena, LM_INIT_SAMPLE + 1)};
    if (out->bytes == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory reading %s", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return lm_fail_errno(err, errno, "%s", path);
    enum lm_status status = take(out, arena, fd, path, err);
    close(fd);
    return status;
}

/* ---- which field holds the text ---- */

/* Bytes of texts by the name of their field, over some records. */
struct fields {
    struct {
        char name[LM_INIT_FIELD];
        uint64_t bytes;
    } rows[MOST_FIELDS];

    size_t count;
    const char *inside; /* name of the object that is looked into, or NULL */
};

static bool add_field(void *user, const char *key, const struct lm_json *value)
{
    struct fields *fields = user;
    char name[LM_INIT_FIELD];
    size_t size = 0, i = 0;
    int length = snprintf(name, sizeof name, "%s%s%s", fields->inside != NULL ? fields->inside : "",
                          fields->inside != NULL ? "." : "", key);
    if (lm_json_is_object(value) && fields->inside == NULL) {
        fields->inside = key;
        lm_json_each(value, add_field, fields);
        fields->inside = NULL;
    }
    if (lm_json_string(value, &size) == NULL || length < 0 || (size_t)length >= sizeof name)
        return true;
    while (i < fields->count && strcmp(fields->rows[i].name, name) != 0)
        i++;
    if (i == MOST_FIELDS)
        return true;
    if (i == fields->count) {
        fields->count++;
        memcpy(fields->rows[i].name, name, sizeof name);
        fields->rows[i].bytes = 0;
    }
    fields->rows[i].bytes += size;
    return true;
}

/* The one with most text; a usual name with half as much is meant all the same. */
static size_t best_of(const struct fields *fields)
{
    static const char *const usual[] = {"text", "content", "body"};
    size_t best = 0;
    for (size_t i = 1; i < fields->count; i++)
        if (fields->rows[i].bytes > fields->rows[best].bytes)
            best = i;
    for (size_t u = 0; u < sizeof usual / sizeof usual[0]; u++)
        for (size_t i = 0; i < fields->count; i++)
            if (strcmp(fields->rows[i].name, usual[u]) == 0 &&
                2 * fields->rows[i].bytes >= fields->rows[best].bytes)
                return i;
    return best;
}

static void shape_json(struct lm_init_shape *out, const struct lm_init_sample *sample)
{
    struct fields fields = {.count = 0};
    struct lm_json_records records = {
        .walk = {.text = (const char *)sample->bytes, .size = sample->size}};
    size_t at, size;
    uint64_t seen = 0, read = 0;
    bool is_end = false;
    while (lm_json_records_next(&records, &at, &size, &is_end) && !is_end) {
        struct lm_json *root = NULL;
        out->documents++;
        if (seen >= RECORDS ||
            lm_json_parse_lenient(&root, (const char *)sample->bytes + at, size, NULL) != LM_OK)
            continue;
        seen++;
        read += size;
        if (lm_json_is_object(root))
            lm_json_each(root, add_field, &fields);
        lm_json_free(root);
    }
    if (fields.count == 0)
        return;
    size_t best = best_of(&fields);
    memcpy(out->field, fields.rows[best].name, sizeof out->field);
    double share = (double)fields.rows[best].bytes / (double)(read > 0 ? read : 1);
    out->text = (uint64_t)(share * (double)sample->size);
}

/* Bytes by column; the first record alone, and the others. */
static size_t longest_column(uint64_t bytes[MOST_FIELDS], size_t *columns,
                             struct lm_init_shape *out, struct lm_csv *csv, uint8_t *text)
{
    size_t at, size, best = 0;
    bool is_end = false;
    while (lm_csv_next(csv, &at, &size, &is_end) && !is_end) {
        const uint8_t *field = NULL;
        size_t place = 0, length = 0, i = 0;
        for (; lm_csv_take(csv, text + at, size, &place, &field, &length); i++)
            if (i < MOST_FIELDS && out->documents > 0)
                bytes[i] += length;
        *columns = i < MOST_FIELDS ? i : MOST_FIELDS;
        out->documents++;
    }
    for (size_t i = 1; i < *columns; i++)
        if (bytes[i] > bytes[best])
            best = i;
    return best;
}

/* Field `column` of a record of the table, from 0; false: it has fewer. */
static bool field_of(const struct lm_csv *csv, uint8_t *record, size_t record_size, size_t column,
                     const uint8_t **text, size_t *size)
{
    size_t at = 0;
    for (size_t i = 0; i <= column; i++)
        if (!lm_csv_take(csv, record, record_size, &at, text, size))
            return false;
    return true;
}

/* A table whose first record has a short cell where others have their text has a header. */
static void shape_table(struct lm_init_shape *out, const struct lm_init_sample *sample,
                        struct lm_arena *arena, bool is_tsv)
{
    uint64_t bytes[MOST_FIELDS] = {0};
    size_t columns = 0, at, size, length;
    struct lm_csv csv;
    bool is_end = false;
    const uint8_t *name = NULL;
    uint8_t *copy = lm_arena_alloc(arena, sample->size + 1);
    if (copy == NULL)
        return;
    memcpy(copy, sample->bytes, sample->size);
    lm_csv_open(&csv, copy, sample->size, is_tsv);
    size_t best = longest_column(bytes, &columns, out, &csv, copy);
    memcpy(copy, sample->bytes, sample->size);
    lm_csv_open(&csv, copy, sample->size, is_tsv);
    uint64_t rest = out->documents > 1 ? out->documents - 1 : 1;
    bool is_header = lm_csv_next(&csv, &at, &size, &is_end) && !is_end &&
                     field_of(&csv, copy + at, size, best, &name, &length) && length > 0 &&
                     length <= HEADER && 2 * length <= bytes[best] / rest;
    if (is_header)
        snprintf(out->field, sizeof out->field, "%.*s", (int)length, (const char *)name);
    else
        snprintf(out->field, sizeof out->field, "%zu", best + 1);
    out->documents = is_header ? rest : out->documents;
    out->text = bytes[best];
}

/* ---- plain text ---- */

/* What its lines are like. */
struct lines {
    size_t count, blank, indented, ended, long_ones;
    size_t entries, headings, blocks; /* lines that begin something behind a blank one */
};

static bool ends_sentence(const uint8_t *line, size_t size)
{
    static const char *const ends[] = {".", "!", "?", "\"", "'", ")", "”", "’", "。", "！", "？"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t length = strlen(ends[i]);
        if (size >= length && memcmp(line + size - length, ends[i], length) == 0)
            return true;
    }
    return false;
}

static bool is_blank(const uint8_t *line, size_t size)
{
    size_t at = 0;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return at == size;
}

static void add_line(struct lines *lines, const uint8_t *line, size_t size, size_t rest,
                     bool is_after_blank)
{
    if (is_blank(line, size)) {
        lines->blank++;
        return;
    }
    bool is_indented = line[0] == ' ' || line[0] == '\t';
    lines->count++;
    lines->indented += is_indented;
    lines->ended += ends_sentence(line, size);
    lines->long_ones += size > 400;
    lines->entries += is_after_blank && !is_indented;
    lines->blocks += is_after_blank;
    lines->headings += lm_heading_size(line, rest, is_after_blank) > 0;
}

static struct lines read_lines(const struct lm_init_sample *sample)
{
    struct lines lines = {.count = 0};
    bool is_after_blank = true;
    for (size_t at = 0; at < sample->size;) {
        const uint8_t *line = sample->bytes + at;
        const uint8_t *end = memchr(line, '\n', sample->size - at);
        size_t size = end != NULL ? (size_t)(end - line) : sample->size - at;
        add_line(&lines, line, size, sample->size - at, is_after_blank);
        is_after_blank = is_blank(line, size);
        at += size + 1;
    }
    return lines;
}

/* "x.csv" and "x.csv.gz" end with ".csv". */
static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    size -= size > 3 && strcasecmp(text + size - 3, ".gz") == 0 ? 3 : 0;
    return size > tail && strncasecmp(text + size - tail, end, tail) == 0;
}

static bool is_markdown(const char *name)
{
    return ends_with(name, ".md") || ends_with(name, ".markdown");
}

/* One text that is many: entries of a dictionary, sections, sentences a line. Else it stays whole.
 */
static void shape_alone(struct lm_init_shape *out, const struct lines *lines)
{
    bool are_lines = lines->blank * 50 <= lines->count && lines->count >= 100;
    if (lines->entries >= 20 && 2 * lines->indented >= lines->count) {
        out->by = LM_BY_UNINDENTED;
        out->documents = lines->entries;
        out->kind = "plain text in entries";
    } else if (lines->headings >= 8 && lines->headings * 3 <= lines->count) {
        out->by = LM_BY_HEADING;
        out->documents = lines->headings;
        out->kind = "plain text in sections";
    } else if (are_lines &&
               (lines->ended * 10 >= lines->count * 7 || lines->long_ones * 2 >= lines->count)) {
        out->by = LM_BY_LINE;
        out->documents = lines->count;
        out->kind = "plain text, a document a line";
    }
}

static void shape_plain(struct lm_init_shape *out, const struct lm_init_sample *sample,
                        const char *name, bool is_alone)
{
    struct lines lines = read_lines(sample);
    out->documents = 1;
    out->paragraphs = lines.blocks;
    if (is_markdown(name) && !is_alone) {
        out->by = LM_BY_MARKDOWN;
        out->kind = "Markdown";
    } else if (is_alone) {
        shape_alone(out, &lines);
    }
}

/* ---- the shape ---- */

/* What the file is; a table of long texts is one by its name, too. */
static const char *kind_of(const struct lm_init_sample *sample, const char *name)
{
    if (sample->kind.class == LM_FILE_RECORDS)
        return sample->kind.name;
    return ends_with(name, ".csv") ? "CSV table" : ends_with(name, ".tsv") ? "TSV table" : NULL;
}

void lm_init_sample_shape(struct lm_init_shape *out, const struct lm_init_sample *sample,
                          struct lm_arena *arena, const char *name, bool is_alone)
{
    const char *kind = kind_of(sample, name);
    *out = (struct lm_init_shape){
        .by = LM_BY_FILE, .kind = kind != NULL ? kind : "plain text", .text = sample->size};
    if (kind == NULL) {
        shape_plain(out, sample, name, is_alone);
    } else if (strncmp(kind, "JSON", 4) == 0) {
        out->by = LM_BY_JSONL;
        shape_json(out, sample);
    } else if (strcmp(kind, "CSV table") == 0 || strcmp(kind, "TSV table") == 0) {
        out->by = kind[0] == 'C' ? LM_BY_CSV : LM_BY_TSV;
        shape_table(out, sample, arena, kind[0] == 'T');
    } else if (strcmp(kind, "HTML page") == 0) {
        out->by = LM_BY_HTML;
        out->text = sample->size / 4;
        out->documents = 1;
    } else {
        out->by = LM_BY_WARC;
        out->text = sample->size / 8;
        out->documents = sample->size / 40000 + 1;
    }
}
