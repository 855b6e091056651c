#include "clean_admit.h"

#include <string.h>

#include "text/file_kind.h"

/** What to do about containers of texts, which are not read yet. */
static const struct {
    const char *name, *advice;
} records[] = {
    {"JSON lines", "write its texts to a text file first, as jq -r .text does"},
    {"JSON", "write its texts to a text file first, as jq -r '.[].text' does"},
    {"CSV table", "write the column that holds text to a text file first"},
    {"TSV table", "write the column that holds text to a text file first, as cut -f 2 does"},
    {"WARC archive", "extract the text of its pages first"},
    {"ARC archive", "extract the text of its pages first"},
};

static enum lm_status refuse_records(const char *name, struct lm_err *err)
{
    const char *advice = "save it as plain text first";
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++)
        if (strcmp(name, records[i].name) == 0)
            advice = records[i].advice;
    return lm_fail(err, LM_FORMAT, "is not plain text (%s), and its syntax would be trained on; %s",
                   name, advice);
}

static enum lm_status refuse(const struct lm_file_kind *kind, struct lm_err *err)
{
    switch (kind->class) {
    case LM_FILE_RECORDS:
        return refuse_records(kind->name, err);
    case LM_FILE_PACKED:
        return lm_fail(
            err, LM_FORMAT,
            "is not text but packed (%s); unpack it by hand, or leave it out by the include "
            "of its source",
            kind->name);
    case LM_FILE_ENCODED:
        return lm_fail(
            err, LM_FORMAT,
            "is probably in %s, not UTF-8; convert it first, as iconv -f %s -t UTF-8 does",
            kind->name, kind->name);
    default:
        break;
    }
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

static enum lm_status convert(struct clean_text *out, struct lm_arena *arena,
                              const struct lm_utf *utf, struct lm_err *err)
{
    struct lm_buf made;
    lm_buf_init(&made, 0);
    enum lm_status status = lm_utf_decode(&made, utf, out->bytes, out->size, &out->census.bad, err);
    uint8_t *copy = status == LM_OK ? lm_arena_alloc(arena, made.size + 1) : NULL;
    if (copy != NULL && made.size > 0)
        memcpy(copy, made.data, made.size);
    out->is_converted = true;
    out->replaced_share = (double)out->census.bad / (double)out->size;
    out->bytes = copy;
    out->size = made.size;
    lm_buf_release(&made);
    return copy != NULL ? LM_OK : lm_fail(err, LM_NOMEM, "no memory to convert a text; free some");
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
    return lm_fail(err, LM_FORMAT,
                   "%.1f %% of its bytes are not UTF-8, the first at line %zu (byte %zu); probably "
                   "it is in %s: convert it first, as iconv -f %s -t UTF-8 does%s",
                   percent, text->census.line, text->census.first, text->guess, text->guess,
                   is_western ? ", or set invalid: cp1252" : "");
}

static enum lm_status weigh(struct clean_text *text, enum lm_repair repair, struct lm_err *err)
{
    text->census = lm_utf8_census(text->bytes, text->size);
    double share = text->size > 0 ? (double)text->census.bad / (double)text->size : 0;
    text->replaced_share = repair == LM_REPAIR_REPLACE ? share : 0;
    if (share <= CLEAN_LOUD || repair == LM_REPAIR_REJECT)
        return LM_OK;
    text->guess = lm_encoding_guess(text->bytes, text->size);
    bool is_told = repair == LM_REPAIR_CP1252 && strcmp(text->guess, "Windows-1252") == 0;
    return share > CLEAN_TOO_MUCH && !is_told ? refuse_encoding(text, text->size, err) : LM_OK;
}

enum lm_status clean_admit(struct clean_text *out, struct lm_arena *arena, uint8_t *bytes,
                           size_t size, enum lm_repair repair, struct lm_err *err)
{
    struct clean_text text = {.bytes = bytes, .size = size};
    struct lm_file_kind kind = lm_file_kind(bytes, size);
    if (kind.class == LM_FILE_UTF16) {
        LM_TRY(convert(&text, arena, &kind.utf, err));
        kind = lm_file_kind(text.bytes, text.size);
    }
    if (kind.class != LM_FILE_TEXT)
        return refuse(&kind, err);
    if (!text.is_converted)
        LM_TRY(weigh(&text, repair, err));
    else if (text.replaced_share > CLEAN_TOO_MUCH)
        return lm_fail(err, LM_FORMAT,
                       "%.1f %% of it is no valid UTF-16 or UTF-32; leave it out by the include of "
                       "its source, or convert it to UTF-8 first",
                       100 * text.replaced_share);
    *out = text;
    return LM_OK;
}
