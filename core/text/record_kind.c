#include "text/record_kind.h"

#include <string.h>
#include <strings.h>

enum { DEEPEST = 256, LEAST_RECORDS = 3 };

/** A walk over the beginning of a file. */
struct scan {
    const uint8_t *data;
    size_t size, at;
    bool is_cut; /**< there is more behind the end */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->size && is_space(scan->data[scan->at]))
        scan->at++;
}

/** At the end of what is there: fine only when the file goes on. */
static bool is_open_end(const struct scan *scan)
{
    return scan->at >= scan->size && scan->is_cut;
}

/* ---- JSON ---- */

/** A string from its quote on. */
static bool take_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->size; scan->at++) {
        uint8_t c = scan->data[scan->at];
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c < 0x20)
            return false;
        scan->at += c == '\\';
    }
    scan->at = scan->size;
    return scan->is_cut;
}

/** A number or one of the three words. */
static bool take_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t start = scan->at;
    while (scan->at < scan->size && scan->data[scan->at] != 0 &&
           strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", scan->data[scan->at]) != NULL)
        scan->at++;
    size_t length = scan->at - start;
    const char *text = (const char *)scan->data + start;
    if (is_open_end(scan))
        return true;
    if (length == 0)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (length == strlen(words[i]) && memcmp(text, words[i], length) == 0)
            return true;
    return (*text == '-' || (*text >= '0' && *text <= '9')) && memchr(text, 'x', length) == NULL;
}

static bool take_char(struct scan *scan, uint8_t wanted)
{
    skip_space(scan);
    if (scan->at >= scan->size || scan->data[scan->at] != wanted)
        return false;
    scan->at++;
    return true;
}

static bool take_value(struct scan *scan, size_t depth);

/** A container from its bracket on. */
static bool take_items(struct scan *scan, size_t depth)
{
    bool is_object = scan->data[scan->at++] == '{';
    uint8_t close = is_object ? '}' : ']';
    if (depth > DEEPEST)
        return false;
    if (take_char(scan, close))
        return true;
    for (;;) {
        skip_space(scan);
        bool is_fine = !is_object || (scan->at < scan->size && scan->data[scan->at] == '"' &&
                                      take_string(scan) && take_char(scan, ':'));
        if (!is_fine || !take_value(scan, depth))
            return is_open_end(scan);
        if (take_char(scan, close))
            return true;
        if (!take_char(scan, ','))
            return is_open_end(scan);
    }
}

static bool take_value(struct scan *scan, size_t depth)
{
    skip_space(scan);
    if (scan->at >= scan->size)
        return scan->is_cut;
    uint8_t c = scan->data[scan->at];
    if (c == '{' || c == '[')
        return take_items(scan, depth + 1);
    return c == '"' ? take_string(scan) : take_word(scan);
}

/** JSON text begins with a container that has something in it. */
static bool begins_json(const struct scan *from)
{
    struct scan scan = *from;
    skip_space(&scan);
    if (scan.at >= scan.size || (scan.data[scan.at] != '{' && scan.data[scan.at] != '['))
        return false;
    bool is_object = scan.data[scan.at++] == '{';
    skip_space(&scan);
    if (scan.at >= scan.size)
        return false;
    uint8_t c = scan.data[scan.at];
    return c == '"' || (!is_object && (c == '{' || c == '['));
}

static const char *find_json(struct scan scan)
{
    size_t values = 0;
    if (!begins_json(&scan))
        return NULL;
    for (skip_space(&scan); scan.at < scan.size; skip_space(&scan)) {
        if ((scan.data[scan.at] != '{' && scan.data[scan.at] != '[') || !take_items(&scan, 0))
            return NULL;
        values++;
    }
    return values > 1 ? "JSON lines" : "JSON";
}

/* ---- tables ---- */

/** A field of a table; false when it begins with a space, or its quotes are not closed as they must
 *  be. Stands behind it, on the delimiter, the newline or the end. */
static bool take_field(struct scan *scan, uint8_t delimiter, bool *is_empty)
{
    size_t start = scan->at;
    bool is_quoted = start < scan->size && scan->data[start] == '"';
    if (start < scan->size && scan->data[start] == ' ')
        return false;
    for (scan->at += is_quoted; is_quoted && scan->at < scan->size; scan->at++) {
        if (scan->data[scan->at] != '"')
            continue;
        if (scan->at + 1 < scan->size && scan->data[scan->at + 1] == '"') {
            scan->at++;
            continue;
        }
        scan->at++;
        break;
    }
    size_t end = scan->at;
    while (scan->at < scan->size && scan->data[scan->at] != delimiter &&
           scan->data[scan->at] != '\n' && scan->data[scan->at] != '\r')
        scan->at++;
    *is_empty = scan->at == start;
    return !is_quoted || end == scan->at;
}

/** What is known of a table's records. */
struct table {
    size_t records, fields;   /**< so far; of each */
    size_t indented, unended; /**< records whose first field, whose last field is empty */
};

/** The second half of CR LF. */
static void skip_line_feed(struct scan *scan)
{
    scan->at += scan->at > 0 && scan->at < scan->size && scan->data[scan->at - 1] == '\r' &&
                scan->data[scan->at] == '\n';
}

/** One record; false when this is no table. */
static bool take_record(struct scan *scan, uint8_t delimiter, struct table *table)
{
    bool is_empty = false, is_indented = false, is_end = false;
    size_t start = scan->at, fields = 0;
    for (; !is_end; fields++) {
        if (!take_field(scan, delimiter, &is_empty))
            return false;
        is_indented = fields == 0 ? is_empty : is_indented;
        is_end = scan->at >= scan->size || scan->data[scan->at] != delimiter;
        scan->at += scan->at < scan->size;
    }
    skip_line_feed(scan);
    if (scan->at - start <= 2 && fields == 1 && is_indented)
        return true; /* a blank line */
    if (scan->at >= scan->size && scan->is_cut && table->records > 0)
        return true; /* cut in two */
    table->fields = table->records == 0 ? fields : table->fields;
    table->records++;
    table->indented += is_indented;
    table->unended += is_empty;
    return fields >= 2 && fields == table->fields;
}

static bool is_table(struct scan scan, uint8_t delimiter)
{
    struct table table = {0};
    while (scan.at < scan.size)
        if (!take_record(&scan, delimiter, &table))
            return false;
    return table.records >= LEAST_RECORDS && table.indented < table.records &&
           table.unended < table.records;
}

/* ---- markup ---- */

static bool starts_with(const struct scan *scan, const char *prefix)
{
    size_t length = strlen(prefix);
    return scan->size - scan->at >= length &&
           strncasecmp((const char *)scan->data + scan->at, prefix, length) == 0;
}

/** The first bytes that are no space, in any case of letters. */
static const struct {
    const char *prefix, *name;
} starts[] = {
    {"WARC/0.", "WARC archive"},
    {"WARC/1.", "WARC archive"},
    {"filedesc://", "ARC archive"},
    {"{\\rtf", "RTF document"},
    {"<!doctype html", "HTML page"},
    {"<html", "HTML page"},
    {"<head>", "HTML page"},
    {"<body", "HTML page"},
    {"<div", "HTML page"},
    {"<table", "HTML page"},
    {"<p>", "HTML page"},
    {"<?xml", "XML document"},
    {"<!doctype", "XML document"},
    {"<mediawiki", "XML document"},
    {"<svg", "XML document"},
};

static bool contains(const struct scan *scan, size_t limit, const char *text)
{
    struct scan at = *scan;
    for (limit = limit < scan->size ? limit : scan->size; at.at < limit; at.at++)
        if (starts_with(&at, text))
            return true;
    return false;
}

static const char *find_markup(struct scan scan)
{
    skip_space(&scan);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (starts_with(&scan, starts[i].prefix))
            return strcmp(starts[i].name, "XML document") == 0 && contains(&scan, 1024, "<html")
                       ? "HTML page"
                       : starts[i].name;
    if (starts_with(&scan, "<!--") && contains(&scan, 4096, "<html"))
        return "HTML page";
    return NULL;
}

const char *lm_record_kind(const uint8_t *data, size_t size, bool is_cut)
{
    size_t mark = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    struct scan scan = {.data = data + mark, .size = size - mark, .is_cut = is_cut};
    const char *name = find_markup(scan);
    if (name != NULL || (size > 0 && memchr(data, 0, size) != NULL))
        return name;
    name = find_json(scan);
    if (name == NULL && is_table(scan, '\t'))
        name = "TSV table";
    if (name == NULL && (is_table(scan, ',') || is_table(scan, ';')))
        name = "CSV table";
    return name;
}
