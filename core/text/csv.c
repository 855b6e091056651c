#include "text/csv.h"

#include <string.h>

/** A field where it lies. */
struct field {
    size_t at, size; /**< with its quotes */
    bool is_quoted;
};

/** The end of a field in quotes, from its first one on; NULL, or what is wrong, at *end. */
static const char *pass_quoted(const struct lm_csv *csv, const uint8_t *text, size_t size,
                               size_t *end)
{
    for (++*end;; *end += 2) {
        const uint8_t *quote = *end < size ? memchr(text + *end, '"', size - *end) : NULL;
        if (quote == NULL)
            return "a quote is not closed";
        *end = (size_t)(quote - text);
        if (*end + 1 >= size || text[*end + 1] != '"')
            break;
    }
    ++*end;
    return *end < size && text[*end] != csv->delimiter && text[*end] != '\n'
               ? "something follows a closing quote"
               : NULL;
}

/** Takes a field at *at and stands behind it, on its delimiter, its newline or the end; NULL, or
 *  what is wrong at *at. */
static const char *take_field(const struct lm_csv *csv, const uint8_t *text, size_t size,
                              size_t *at, struct field *out)
{
    size_t end = *at;
    const char *wrong = NULL;
    *out = (struct field){.at = end, .is_quoted = csv->is_quoted && end < size && text[end] == '"'};
    if (out->is_quoted)
        wrong = pass_quoted(csv, text, size, &end);
    else
        while (end < size && text[end] != csv->delimiter && text[end] != '\n')
            end++;
    out->size = end - out->at;
    *at = wrong == NULL || end < size ? end : *at;
    return wrong;
}

/** Takes a record at *at and stands behind its newline; NULL, or what is wrong at *at. */
static const char *take_record(const struct lm_csv *csv, size_t *at, size_t *end, size_t *fields)
{
    struct field field;
    for (*fields = 1;; ++*fields) {
        const char *wrong = take_field(csv, csv->text, csv->size, at, &field);
        if (wrong != NULL)
            return wrong;
        *end = *at;
        if (*at == csv->size)
            return NULL;
        if (csv->text[(*at)++] == '\n')
            return NULL;
    }
}

static void skip_blank_lines(struct lm_csv *csv)
{
    while (csv->at < csv->size && csv->text[csv->at] == '\n')
        csv->at++;
}

bool lm_csv_next(struct lm_csv *csv, size_t *at, size_t *size, bool *is_end)
{
    skip_blank_lines(csv);
    *is_end = csv->at >= csv->size;
    if (*is_end)
        return true;
    size_t next = csv->at, end = 0, fields = 0;
    csv->wrong = take_record(csv, &next, &end, &fields);
    csv->wrong_at = csv->wrong != NULL ? next : csv->at;
    if (csv->wrong == NULL && csv->fields != 0 && fields != csv->fields)
        csv->wrong = fields < csv->fields ? "it has fewer fields than the first record"
                                          : "it has more fields than the first record";
    if (csv->wrong != NULL)
        return false;
    csv->fields = fields;
    *at = csv->at;
    *size = end - csv->at;
    csv->at = next;
    return true;
}

/* ---- the start ---- */

/** What cuts fields, by the first record. */
static uint8_t find_delimiter(const uint8_t *text, size_t size)
{
    static const uint8_t known[] = {',', ';', '\t', '|'};
    size_t counts[sizeof known] = {0}, best = 0;
    bool is_quoted = false;
    for (size_t at = 0; at < size && (is_quoted || text[at] != '\n'); at++) {
        is_quoted ^= text[at] == '"';
        for (size_t i = 0; i < sizeof known && !is_quoted; i++)
            counts[i] += text[at] == known[i];
    }
    for (size_t i = 1; i < sizeof known; i++)
        best = counts[i] > counts[best] ? i : best;
    return known[best];
}

static bool are_all_sound(struct lm_csv csv)
{
    size_t at, size;
    bool is_end = false;
    while (!is_end)
        if (!lm_csv_next(&csv, &at, &size, &is_end))
            return false;
    return true;
}

void lm_csv_open(struct lm_csv *out, const uint8_t *text, size_t size, bool is_tsv)
{
    *out = (struct lm_csv){.text = text, .size = size, .delimiter = '\t', .is_quoted = true};
    if (is_tsv) {
        out->is_quoted = are_all_sound(*out);
        return;
    }
    if (size > 5 && memcmp(text, "sep=", 4) == 0 && text[5] == '\n') {
        out->delimiter = text[4];
        out->at = 6;
        return;
    }
    skip_blank_lines(out);
    out->delimiter = find_delimiter(text + out->at, size - out->at);
}

/* ---- fields ---- */

/** "a ""b""" as a "b"; in place. */
static size_t unquote(uint8_t *text, size_t size)
{
    size_t in = 1, out = 0;
    while (in < size - 1) {
        const uint8_t *quote = memchr(text + in, '"', size - 1 - in);
        size_t run = quote == NULL ? size - 1 - in : (size_t)(quote - text) - in + 1;
        memmove(text + out, text + in, run);
        out += run;
        in += run + (quote != NULL);
    }
    return out;
}

bool lm_csv_take(const struct lm_csv *csv, uint8_t *record, size_t record_size, size_t *at,
                 const uint8_t **text, size_t *size)
{
    struct field field;
    if (*at > record_size || take_field(csv, record, record_size, at, &field) != NULL)
        return false;
    ++*at;
    *text = record + field.at;
    *size = field.is_quoted ? unquote(record + field.at, field.size) : field.size;
    return true;
}
