#include "clean_meta.h"

#include <string.h>
#include <strings.h>

#include "text/json_field.h"
#include "web/html_meta.h"

static bool is_known(const struct clean_form *form, struct lm_json_writer *writer, const char *name)
{
    const char *value = strcmp(name, "source") == 0 ? form->source
                        : strcmp(name, "file") == 0 ? form->member
                                                    : NULL;
    if (value == NULL)
        return false;
    lm_json_put_bytes(writer, value, strlen(value));
    return true;
}

enum lm_status clean_meta_make(struct clean_extract *out, const struct clean_form *form,
                               clean_meta_fn *find, const void *user, struct lm_err *err)
{
    struct lm_json_writer writer;
    const char *const *names = form->options->keep.items;
    if (form->options->keep.count == 0)
        return LM_OK;
    lm_json_begin(&writer, &out->meta, false);
    lm_json_open(&writer, '{');
    for (size_t i = 0; i < form->options->keep.count; i++) {
        lm_json_key(&writer, names[i]);
        bool is_found =
            (find != NULL && find(user, &writer, names[i], i)) || is_known(form, &writer, names[i]);
        out->kept |= (uint64_t)is_found << i;
        if (!is_found)
            lm_json_put_null(&writer);
    }
    lm_json_close(&writer, '}');
    return lm_buf_status(&out->meta, err);
}

bool clean_meta_of_json(const void *user, struct lm_json_writer *writer, const char *name,
                        size_t index)
{
    const struct clean_piece *piece = user;
    struct lm_buf value;
    (void)index;
    lm_buf_init(&value, 0);
    char kind = lm_json_field_copy(&value, piece->raw, piece->size, name);
    if (kind == '"')
        lm_json_put_bytes(writer, value.data, value.size);
    else if (kind != 0)
        lm_json_put_raw(writer, value.data, value.size);
    lm_buf_release(&value);
    return kind != 0;
}

/* What the archive says of a record. */
static struct lm_span of_record(const struct lm_warc_record *record, const char *name)
{
    const struct {
        const char *name;
        struct lm_span value;
    } rows[] = {{"url", record->url}, {"date", record->date}, {"mime", record->mime}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcasecmp(name, rows[i].name) == 0)
            return rows[i].value;
    return lm_warc_header(record->head, name);
}

bool clean_meta_of_page(const void *user, struct lm_json_writer *writer, const char *name,
                        size_t index)
{
    const struct clean_meta_page *page = user;
    (void)index;
    if (page->record != NULL) {
        struct lm_span value = of_record(page->record, name);
        if (value.size > 0) {
            lm_json_put_bytes(writer, value.data, value.size);
            return true;
        }
    }
    const char *value = lm_html_meta_find(page->meta, name);
    if (value != NULL)
        lm_json_put_bytes(writer, value, strlen(value));
    return value != NULL;
}

bool clean_meta_of_fields(const void *user, struct lm_json_writer *writer, const char *name,
                          size_t index)
{
    const struct clean_meta_fields *fields = user;
    (void)name;
    if (fields->columns[index] == SIZE_MAX)
        return false;
    lm_json_put_bytes(writer, fields->fields[index].text, fields->fields[index].size);
    return true;
}
