/* Web pages, and archives of them. */
#include <string.h>
#include <strings.h>

#include "clean_meta.h"
#include "clean_way.h"
#include "text/encoding.h"
#include "text/encoding_guess.h"
#include "text/record_kind.h"
#include "web/html_page.h"
#include "web/http_message.h"

/* The main text of a page, and what is kept of it and of the record (or NULL) that it lay in. One
 * that cannot be read is counted, not fatal: *err says why. */
static enum lm_status take_page(const struct clean_form *form, struct lm_span body,
                                struct lm_span type, const struct lm_warc_record *record,
                                struct clean_extract *out, struct lm_err *err)
{
    struct lm_buf meta;
    lm_buf_init(&meta, 0);
    struct lm_html_page page = {.bytes = body.data,
                                .size = body.size,
                                .encoding = form->reading->encoding,
                                .repair = form->reading->repair,
                                .wrong = &out->wrong,
                                .meta = form->options->keep.count > 0 ? &meta : NULL};
    const struct clean_meta_page kept = {&meta, record};
    out->read = body.size;
    page.charset = lm_charset_of_type((const char *)type.data, type.size, &page.charset_size);
    enum lm_status status =
        lm_html_page_text(&out->made, &page, &out->counts, &out->is_rejected, err);
    if (status == LM_OK)
        status = clean_meta_make(out, form, clean_meta_of_page, &kept, err);
    lm_buf_release(&meta);
    if (status == LM_FORMAT || status == LM_RANGE)
        return LM_OK;
    out->text = (const uint8_t *)(out->made.data != NULL ? out->made.data : "");
    out->size = out->made.size;
    return status;
}

/* ---- a page a file ---- */

static enum lm_status next_page(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                                struct lm_err *err)
{
    (void)err;
    *is_end = form->counted > 0;
    form->counted = 1;
    *piece = (struct clean_piece){.raw = form->text, .size = form->size};
    return LM_OK;
}

static enum lm_status extract_page(const struct clean_form *form, const struct clean_piece *piece,
                                   struct clean_extract *out, struct lm_err *err)
{
    if (form->reading->needs_host)
        return clean_take_host(out, form, piece, NULL, 0, err);
    return take_page(form, (struct lm_span){piece->raw, piece->size}, (struct lm_span){NULL, 0},
                     NULL, out, err);
}

const struct clean_way clean_way_html = {NULL, next_page, extract_page, false};

/* ---- archives ---- */

static enum lm_status open_archive(struct clean_form *form, struct lm_err *err)
{
    (void)err;
    form->warc = (struct lm_warc){.data = form->text, .size = form->size};
    return LM_OK;
}

/* Records of other kinds than these hold no text of the web. */
static bool may_hold_text(enum lm_warc_type type)
{
    return type == LM_WARC_RESPONSE || type == LM_WARC_RESOURCE || type == LM_WARC_CONVERSION;
}

static enum lm_status next_record(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                                  struct lm_err *err)
{
    struct lm_warc *warc = &form->warc;
    struct lm_warc_record record;
    for (;;) {
        size_t start = warc->at;
        if (!lm_warc_next(warc, &record, is_end))
            return lm_fail(
                err, LM_FORMAT,
                "%s, record %zu (byte %zu): %s; fetch it again, or leave the file out by "
                "the include of its source",
                form->label, warc->records + 1, warc->at, warc->wrong);
        if (*is_end)
            return LM_OK;
        form->types[record.type]++;
        *piece = (struct clean_piece){.raw = form->text + start,
                                      .size = warc->at - start,
                                      .line = warc->records,
                                      .arc_tail = warc->arc_tail};
        if (may_hold_text(record.type))
            return LM_OK;
    }
}

static bool is_type(struct lm_span type, const char *name)
{
    size_t length = strlen(name);
    return type.size >= length && strncasecmp((const char *)type.data, name, length) == 0 &&
           (type.size == length || strchr("; \t,", type.data[length]) != NULL);
}

/* Plain text in the encoding that its type says. */
static enum lm_status take_plain(const struct clean_form *form, struct lm_span body,
                                 struct lm_span type, const struct lm_warc_record *record,
                                 struct clean_extract *out, struct lm_err *err)
{
    const struct lm_buf nothing = {.data = NULL};
    const struct clean_meta_page kept = {&nothing, record};
    size_t size = 0, bad = 0;
    const char *label = lm_charset_of_type((const char *)type.data, type.size, &size);
    const char *name = size > 0 ? lm_encoding_of_label(label, size) : NULL;
    LM_TRY(lm_encoding_convert(&out->made, name != NULL ? name : "utf-8", body.data, body.size,
                               &bad, err));
    out->read = body.size;
    if (form->reading->repair == LM_REPAIR_REPLACE)
        out->wrong = lm_utf8_census((const uint8_t *)out->made.data, out->made.size).bad;
    out->text = (const uint8_t *)(out->made.data != NULL ? out->made.data : "");
    out->size = out->made.size;
    return clean_meta_make(out, form, clean_meta_of_page, &kept, err);
}

static enum lm_status take_body(const struct clean_form *form, struct lm_span body,
                                struct lm_span type, const struct lm_warc_record *record,
                                struct clean_extract *out, struct lm_err *err)
{
    const char *kind = type.size == 0 ? lm_record_kind(body.data, body.size, false) : NULL;
    if (is_type(type, "text/html") || is_type(type, "application/xhtml+xml") ||
        (kind != NULL && strcmp(kind, "HTML page") == 0))
        return take_page(form, body, type, record, out, err);
    return is_type(type, "text/plain") ? take_plain(form, body, type, record, out, err) : LM_OK;
}

static enum lm_status extract_record(const struct clean_form *form, const struct clean_piece *piece,
                                     struct clean_extract *out, struct lm_err *err)
{
    struct lm_warc one = {.data = piece->raw, .size = piece->size, .arc_tail = piece->arc_tail};
    struct lm_warc_record record;
    struct lm_http_message message = {.status = 0};
    struct lm_buf unpacked;
    bool is_end = false;
    if (!lm_warc_next(&one, &record, &is_end) || is_end)
        return lm_fail(err, LM_INTERNAL, "%s: a record was lost; report this", form->label);
    if (form->reading->needs_host)
        LM_TRY(clean_take_host(out, form, piece, record.url.data, record.url.size, err));
    if (!record.is_http)
        return take_body(form, record.block, record.mime, &record, out, err);
    lm_buf_init(&unpacked, 0);
    enum lm_status status = lm_http_message_read(&message, record.block, &unpacked, err);
    bool is_answer = message.status >= 200 && message.status < 300;
    if (status == LM_OK && is_answer)
        status = take_body(form, message.body, message.type, &record, out, err);
    lm_buf_release(&unpacked);
    return status == LM_FORMAT || status == LM_RANGE ? LM_OK : status;
}

const struct clean_way clean_way_warc = {open_archive, next_record, extract_record, false};
