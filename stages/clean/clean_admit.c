#include "clean_admit.h"

#include <string.h>

#include "clean_form.h"
#include "text/encoding.h"
#include "text/file_kind.h"

/** Text that is more than text, and the way it is read. */
static const struct {
    const char *name;
    enum lm_documents_by by;
} records[] = {
    {"JSON lines", LM_BY_JSONL}, {"JSON", LM_BY_JSONL},     {"CSV table", LM_BY_CSV},
    {"TSV table", LM_BY_TSV},    {"HTML page", LM_BY_HTML}, {"WARC archive", LM_BY_WARC},
    {"ARC archive", LM_BY_WARC},
};

/** The way a file is read that is `name`, or LM_BY_AUTO. */
static enum lm_documents_by way_of(const char *name)
{
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++)
        if (strcmp(name, records[i].name) == 0)
            return records[i].by;
    return LM_BY_AUTO;
}

/** Does a way read what is recognised as something else? What a table is cut by is no proof; source
 *  code is any text; Markdown may begin with a tag or look like a table; a page may be XML. */
static bool reads(enum lm_documents_by by, const char *name)
{
    enum lm_documents_by way = way_of(name);
    bool is_table = way == LM_BY_CSV || way == LM_BY_TSV;
    bool is_markup = way == LM_BY_HTML || strcmp(name, "XML document") == 0;
    switch (by) {
    case LM_BY_CSV:
    case LM_BY_TSV:
        return is_table;
    case LM_BY_MARKDOWN:
    case LM_BY_RST:
        return is_table || way == LM_BY_HTML;
    case LM_BY_HTML:
        return is_markup;
    default:
        return by == way || by == LM_BY_CODE;
    }
}

static enum lm_status refuse_records(const char *name, enum lm_documents_by by, struct lm_err *err)
{
    enum lm_documents_by way = way_of(name);
    if (way == LM_BY_AUTO)
        return lm_fail(
            err, LM_FORMAT,
            "is not plain text (%s), and its syntax would be trained on; save it as plain "
            "text first",
            name);
    if (clean_form_is_plain(by))
        return lm_fail(err, LM_FORMAT,
                       "is not plain text (%s), and its syntax would be trained on; set documents: "
                       "{by: %s}, or by: auto where files differ",
                       name, lm_documents_by_names[way]);
    return lm_fail(err, LM_FORMAT,
                   "is not what by: %s reads but %s; set documents: {by: %s}, or by: auto where "
                   "files differ",
                   lm_documents_by_names[by], name, lm_documents_by_names[way]);
}

/** What is known to hold text, but is not read. */
static enum lm_status refuse_binary(const struct lm_file_kind *kind, struct lm_err *err)
{
    if (strcmp(kind->name, "Parquet table") == 0)
        return lm_fail(err, LM_FORMAT,
                       "is not text (%s); write it as JSON lines first, as pandas' to_json(orient="
                       "'records', lines=True) does, and set documents: {by: jsonl}",
                       kind->name);
    if (kind->at > 0)
        return lm_fail(err, LM_FORMAT,
                       "is not text (%s: a NUL at byte %zu); leave it out by the include of its "
                       "source, or convert it to UTF-8 first",
                       kind->name, kind->at);
    return lm_fail(err, LM_FORMAT,
                   "is not text (%s); leave it out by the include of its source, or convert it to "
                   "plain text first",
                   kind->name);
}

static enum lm_status refuse(const struct lm_file_kind *kind, struct lm_err *err)
{
    if (kind->class == LM_FILE_PACKED)
        return lm_fail(
            err, LM_FORMAT,
            "is not text but packed (%s); unpack it by hand, or leave it out by the include "
            "of its source",
            kind->name);
    if (kind->class == LM_FILE_ENCODED)
        return lm_fail(err, LM_FORMAT,
                       "is probably in %s, not UTF-8; set encoding: auto, or convert it first, as "
                       "iconv -f %s -t UTF-8 does",
                       kind->name, kind->name);
    return refuse_binary(kind, err);
}

static enum lm_status drain(void *user, struct lm_buf *buf, struct lm_err *err)
{
    (void)buf; /* that of the bytes in the making */
    return clean_anew_take(user, err);
}

/** Converts by the units of UTF-16 or UTF-32, or by the name of an encoding. */
static enum lm_status convert(struct clean_text *out, const struct clean_reading *reading,
                              const struct lm_utf *utf, const char *name, struct lm_err *err)
{
    const struct clean_bytes *from = &out->file;
    struct clean_anew anew = {.folder = reading->scratch};
    const struct lm_drain way = {drain, &anew};
    struct clean_bytes made = {.data = NULL};
    lm_buf_init(&anew.buf, 0);
    enum lm_status status = utf != NULL
                                ? lm_utf_decode_parts(&anew.buf, utf, from->data, from->size,
                                                      &out->census.bad, &way, err)
                                : lm_encoding_convert_parts(&anew.buf, name, from->data, from->size,
                                                            &out->census.bad, &way, err);
    if (status == LM_OK)
        status = clean_anew_end(&made, &anew, err);
    clean_anew_release(&anew);
    LM_TRY(status);
    out->replaced_share = from->size > 0 ? (double)out->census.bad / (double)from->size : 0;
    out->file = made;
    out->converted = name;
    return LM_OK;
}

/** Too much of it is not UTF-8. */
static enum lm_status refuse_encoding(const struct clean_text *text, size_t size,
                                      struct lm_err *err)
{
    bool is_western = strcmp(text->guess, "Windows-1252") == 0;
    bool is_unknown = strncmp(text->guess, "no ", 3) == 0;
    double percent = 100 * (double)text->census.bad / (double)size;
    if (is_unknown)
        return lm_fail(
            err, LM_FORMAT,
            "%.1f %% of its bytes are not UTF-8, the first at line %zu (byte %zu), and it "
            "is in %s; leave it out by the include of its source, or fix it by hand",
            percent, text->census.line, text->census.first, text->guess);
    return lm_fail(
        err, LM_FORMAT,
        "%.1f %% of its bytes are not UTF-8, the first at line %zu (byte %zu); probably "
        "it is in %s: set encoding: %s, or convert it first, as iconv -f %s -t UTF-8 does%s",
        percent, text->census.line, text->census.first, text->guess,
        lm_encoding_of_label(text->guess, strlen(text->guess)), text->guess,
        is_western ? ", or set invalid: cp1252" : "");
}

/** An encoding was to be told, and cannot be. */
static enum lm_status refuse_doubt(const struct clean_text *text, struct lm_err *err)
{
    return lm_fail(err, LM_FORMAT,
                   "%.1f %% of its bytes are not UTF-8, the first at line %zu (byte %zu), and what "
                   "its encoding is, is in doubt; name it by encoding, or set encoding: utf-8 to "
                   "have these bytes replaced",
                   100 * (double)text->census.bad / (double)text->file.size, text->census.line,
                   text->census.first);
}

static enum lm_status weigh(struct clean_text *text, const struct clean_reading *reading,
                            struct lm_err *err)
{
    const enum lm_repair repair = reading->repair;
    const bool is_asked = strcmp(reading->encoding, "auto") == 0;
    text->census = lm_utf8_census(text->file.data, text->file.size);
    double share = text->file.size > 0 ? (double)text->census.bad / (double)text->file.size : 0;
    text->replaced_share = repair == LM_REPAIR_REPLACE ? share : 0;
    if (share <= CLEAN_LOUD || repair == LM_REPAIR_REJECT)
        return LM_OK;
    text->guess = lm_encoding_guess(text->file.data, text->file.size);
    bool is_told = repair == LM_REPAIR_CP1252 && strcmp(text->guess, "Windows-1252") == 0;
    if (is_told || (share <= CLEAN_TOO_MUCH && !is_asked))
        return LM_OK;
    bool is_doubtful = is_asked && (strncmp(text->guess, "no ", 3) == 0 ||
                                    strcmp(text->guess, "Windows-1252") == 0);
    return is_doubtful ? refuse_doubt(text, err) : refuse_encoding(text, text->file.size, err);
}

/** Pages and archives of them say themselves what they are encoded in. */
static bool says_itself(enum lm_documents_by by)
{
    return by == LM_BY_HTML || by == LM_BY_WARC;
}

/** UTF-16 and UTF-32 are certain or named; for others an encoding must be asked for. */
static enum lm_status decode(struct clean_text *text, const struct clean_reading *reading,
                             struct lm_err *err)
{
    const char *name = reading->encoding;
    struct lm_file_kind kind = lm_file_kind(text->file.data, text->file.size);
    bool is_marked = text->file.size >= 3 && memcmp(text->file.data, "\xEF\xBB\xBF", 3) == 0;
    enum lm_documents_by way = kind.class == LM_FILE_RECORDS ? way_of(kind.name) : reading->by;
    if (kind.class == LM_FILE_UTF16)
        return convert(text, reading, &kind.utf, kind.name, err);
    if (says_itself(way) || reading->by == LM_BY_HTML)
        return LM_OK;
    if (is_marked || strcmp(name, "utf-8") == 0)
        return LM_OK;
    if (strcmp(name, "auto") == 0 && kind.class == LM_FILE_ENCODED)
        name = lm_encoding_of_label(kind.name, strlen(kind.name));
    else if (strcmp(name, "auto") == 0)
        name = lm_encoding_detect(text->file.data, text->file.size);
    return name != NULL ? convert(text, reading, NULL, name, err) : LM_OK;
}

/** How the file is to be read, or why it cannot be. */
static enum lm_status choose(struct clean_text *text, const struct lm_file_kind *kind,
                             enum lm_documents_by by, struct lm_err *err)
{
    enum lm_documents_by way = kind->class == LM_FILE_RECORDS ? way_of(kind->name) : LM_BY_AUTO;
    text->by = by;
    bool is_page = by == LM_BY_HTML && kind->class == LM_FILE_ENCODED;
    if (kind->class != LM_FILE_TEXT && kind->class != LM_FILE_RECORDS && !is_page)
        return refuse(kind, err);
    if (by == LM_BY_AUTO)
        text->by = way != LM_BY_AUTO ? way : LM_BY_FILE;
    bool is_refused = kind->class == LM_FILE_RECORDS &&
                      (by == LM_BY_AUTO ? way == LM_BY_AUTO : !reads(by, kind->name));
    return is_refused ? refuse_records(kind->name, text->by, err) : LM_OK;
}

static enum lm_status admit(struct clean_text *text, const struct clean_reading *reading,
                            struct lm_err *err)
{
    LM_TRY(decode(text, reading, err));
    struct lm_file_kind kind = lm_file_kind(text->file.data, text->file.size);
    LM_TRY(choose(text, &kind, reading->by, err));
    if (text->converted == NULL && !says_itself(text->by))
        return weigh(text, reading, err);
    if (text->converted != NULL && text->replaced_share > CLEAN_TOO_MUCH)
        return lm_fail(err, LM_FORMAT,
                       "%.1f %% of it is no valid %s; name its encoding, leave it out by the "
                       "include of its source, or convert it to UTF-8 first",
                       100 * text->replaced_share, text->converted);
    return LM_OK;
}

enum lm_status clean_admit(struct clean_text *text, const struct clean_reading *reading,
                           struct lm_err *err)
{
    struct clean_text admitted = *text;
    enum lm_status status = admit(&admitted, reading, err);
    bool is_made = admitted.file.owned != text->file.owned;
    if (is_made)
        clean_bytes_close(status == LM_OK ? &text->file : &admitted.file);
    if (status == LM_OK)
        *text = admitted;
    return status;
}
