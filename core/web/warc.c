#include "web/warc.h"

#include <string.h>
#include <strings.h>

enum { ARC1_TAIL = 4, ARC2_TAIL = 9, DIGITS = 18 };

#define NAME(code, name) name,
const char *const lm_warc_type_names[LM_WARC_TYPE_COUNT] = {LM_WARC_TYPES(NAME)};

/* ---- lines ---- */

static struct lm_span trim(struct lm_span span)
{
    while (span.size > 0 && (span.data[0] == ' ' || span.data[0] == '\t')) {
        span.data++;
        span.size--;
    }
    while (span.size > 0 && (span.data[span.size - 1] == ' ' || span.data[span.size - 1] == '\t' ||
                             span.data[span.size - 1] == '\r'))
        span.size--;
    return span;
}

struct lm_span lm_warc_line(struct lm_span *rest)
{
    const uint8_t *newline = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    size_t taken = newline == NULL ? rest->size : (size_t)(newline - rest->data) + 1;
    struct lm_span line = {rest->data, taken - (newline != NULL)};
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    rest->data += taken;
    rest->size -= taken;
    return line;
}

static bool is_text(struct lm_span span, const char *text)
{
    return span.size == strlen(text) && strncasecmp((const char *)span.data, text, span.size) == 0;
}

struct lm_span lm_warc_header(struct lm_span head, const char *name)
{
    size_t length = strlen(name);
    while (head.size > 0) {
        struct lm_span line = lm_warc_line(&head);
        if (line.size <= length || line.data[length] != ':' ||
            strncasecmp((const char *)line.data, name, length) != 0)
            continue;
        struct lm_span value = {line.data + length + 1, line.size - length - 1};
        /* what is folded onto the next lines belongs to it */
        while (head.size > 0 && (head.data[0] == ' ' || head.data[0] == '\t')) {
            line = lm_warc_line(&head);
            value.size = (size_t)(line.data + line.size - value.data);
        }
        return trim(value);
    }
    return (struct lm_span){NULL, 0};
}

/* A whole number; false when it is none. */
static bool read_length(struct lm_span text, size_t *out)
{
    size_t value = 0;
    if (text.size == 0 || text.size > DIGITS)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (size_t)(text.data[i] - '0');
    }
    *out = value;
    return true;
}

static bool fail(struct lm_warc *warc, const char *wrong)
{
    warc->wrong = wrong;
    return false;
}

/* ---- WARC ---- */

/* Lines up to the empty one, which is passed; false when there is none. */
static bool take_head(struct lm_span *rest, struct lm_span *head)
{
    head->data = rest->data;
    while (rest->size > 0) {
        const uint8_t *start = rest->data;
        struct lm_span line = lm_warc_line(rest);
        if (line.size > 0)
            continue;
        head->size = (size_t)(start - head->data);
        return true;
    }
    return false;
}

static enum lm_warc_type find_type(struct lm_span name)
{
    for (size_t i = 0; i < LM_WARC_OTHER; i++)
        if (is_text(name, lm_warc_type_names[i]))
            return (enum lm_warc_type)i;
    return LM_WARC_OTHER;
}

static bool starts(struct lm_span text, const char *prefix)
{
    return text.size >= strlen(prefix) && memcmp(text.data, prefix, strlen(prefix)) == 0;
}

static bool take_warc(struct lm_warc *warc, struct lm_warc_record *out)
{
    struct lm_span rest = {warc->data + warc->at, warc->size - warc->at}, head;
    size_t length = 0;
    struct lm_span version = lm_warc_line(&rest);
    if (!starts(version, "WARC/0.") && !starts(version, "WARC/1."))
        return fail(warc, "it does not begin with WARC/1.0, or the length before it is wrong");
    if (!take_head(&rest, &head))
        return fail(warc, "it ends within the lines that describe it");
    if (!read_length(lm_warc_header(head, "Content-Length"), &length))
        return fail(warc, "its Content-Length is missing or no number");
    if (length > rest.size)
        return fail(warc, "it is cut off: the file is shorter than its Content-Length says");
    out->type = find_type(lm_warc_header(head, "WARC-Type"));
    out->url = lm_warc_header(head, "WARC-Target-URI");
    if (out->url.size > 1 && out->url.data[0] == '<' && out->url.data[out->url.size - 1] == '>')
        out->url = (struct lm_span){out->url.data + 1, out->url.size - 2};
    out->date = lm_warc_header(head, "WARC-Date");
    out->head = head;
    out->mime = lm_warc_header(head, "Content-Type");
    out->block = (struct lm_span){rest.data, length};
    out->is_http = out->type == LM_WARC_RESPONSE &&
                   (starts(out->mime, "application/http") || starts(out->block, "HTTP/"));
    warc->at = (size_t)(rest.data - warc->data) + length;
    return true;
}

/* ---- ARC ---- */

/* The fields behind the URL, which may hold spaces itself: from the end of the line. */
static bool split_tail(struct lm_span line, struct lm_span *fields, unsigned count)
{
    for (unsigned i = count; i-- > 0;) {
        const uint8_t *space = line.size > 0 ? memrchr(line.data, ' ', line.size) : NULL;
        if (space == NULL)
            return false;
        fields[i + 1] = (struct lm_span){space + 1, (size_t)(line.data + line.size - space) - 1};
        line.size = (size_t)(space - line.data);
    }
    fields[0] = line;
    return line.size > 0;
}

static bool take_arc(struct lm_warc *warc, struct lm_warc_record *out)
{
    struct lm_span rest = {warc->data + warc->at, warc->size - warc->at};
    struct lm_span fields[ARC2_TAIL + 1];
    size_t length = 0;
    struct lm_span line = lm_warc_line(&rest);
    bool is_first = starts(line, "filedesc://");
    if (is_first) {
        /* the second line begins with the version; the first has the fields of version 1 or 2 */
        struct lm_span after = rest;
        warc->arc_tail = starts(lm_warc_line(&after), "2 ") ? ARC2_TAIL : ARC1_TAIL;
    }
    bool is_split = split_tail(line, fields, warc->arc_tail);
    if (!is_split && is_first)
        is_split = split_tail(line, fields, warc->arc_tail = ARC1_TAIL);
    if (!is_split)
        return fail(warc, "its first line has too few fields");
    if (!read_length(fields[warc->arc_tail], &length))
        return fail(warc, "its length is no number");
    if (length > rest.size)
        return fail(warc, "it is cut off: the file is shorter than its length says");
    *out = (struct lm_warc_record){.type = is_first ? LM_WARC_INFO : LM_WARC_RESPONSE,
                                   .url = fields[0],
                                   .date = fields[2],
                                   .mime = fields[3],
                                   .block = {rest.data, length}};
    out->is_http = !is_first && starts(out->block, "HTTP/");
    warc->at = (size_t)(rest.data - warc->data) + length;
    return true;
}

bool lm_warc_next(struct lm_warc *warc, struct lm_warc_record *out, bool *is_end)
{
    while (warc->at < warc->size && (warc->data[warc->at] == '\r' || warc->data[warc->at] == '\n'))
        warc->at++;
    *is_end = warc->at == warc->size;
    if (*is_end)
        return true;
    struct lm_span rest = {warc->data + warc->at, warc->size - warc->at};
    *out = (struct lm_warc_record){.type = LM_WARC_OTHER};
    bool is_arc = warc->arc_tail > 0 || starts(rest, "filedesc://");
    if (!(is_arc ? take_arc(warc, out) : take_warc(warc, out)))
        return false;
    warc->records++;
    return true;
}
