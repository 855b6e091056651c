#include "task/template.h"

#include <string.h>

enum { LONGEST = 16 << 20, MOST_CHOICES = 1000 };

/* ---- cuts ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* White space at the end, the ideographic space among it. */
static size_t space_behind(const struct lm_text *text)
{
    if (text->size > 0 && is_space(text->data[text->size - 1]))
        return 1;
    return text->size >= 3 && memcmp(text->data + text->size - 3, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

static void strip_end(struct lm_text *text)
{
    for (size_t n; (n = space_behind(text)) > 0;)
        text->size -= n;
}

static void strip_start(struct lm_text *text)
{
    for (;;) {
        size_t n = text->size > 0 && is_space(text->data[0])                       ? 1
                   : text->size >= 3 && memcmp(text->data, "\xe3\x80\x80", 3) == 0 ? 3
                                                                                   : 0;
        if (n == 0)
            return;
        text->data += n;
        text->size -= n;
    }
}

static void strip(struct lm_text *text)
{
    strip_end(text);
    strip_start(text);
}

/* Where the last word begins: words are what stands between white space. */
static size_t last_word_at(const struct lm_text *text)
{
    struct lm_text head = *text;
    while (head.size > 0 && space_behind(&head) == 0)
        head.size--;
    return head.size;
}

static bool last_word(struct lm_text *text)
{
    strip_end(text);
    size_t at = last_word_at(text);
    *text = (struct lm_text){text->data + at, text->size - at};
    return text->size > 0;
}

static bool without_last_word(struct lm_text *text)
{
    strip_end(text);
    bool is_some = text->size > 0;
    text->size = last_word_at(text);
    strip_end(text);
    return is_some;
}

static size_t last_char_at(const struct lm_text *text)
{
    size_t at = text->size > 0 ? text->size - 1 : 0;
    while (at > 0 && ((unsigned char)text->data[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static bool last_char(struct lm_text *text)
{
    strip_end(text);
    size_t at = last_char_at(text);
    *text = (struct lm_text){text->data + at, text->size - at};
    return text->size > 0;
}

static bool without_last_char(struct lm_text *text)
{
    strip_end(text);
    bool is_some = text->size > 0;
    text->size = last_char_at(text);
    return is_some;
}

static bool first_line(struct lm_text *text)
{
    const char *end = text->size > 0 ? memchr(text->data, '\n', text->size) : NULL;
    text->size = end != NULL ? (size_t)(end - text->data) : text->size;
    text->size -= text->size > 0 && text->data[text->size - 1] == '\r';
    return true;
}

static bool strip_both(struct lm_text *text)
{
    strip(text);
    return true;
}

/* What closes a clause or a sentence, in Latin and in Chinese typography. */
static size_t mark_behind(const struct lm_text *text)
{
    static const char *const marks[] = {"。", "！", "？", "；", "：", "，", "、", "”",  "’", "」",
                                        "』", "》", "）", "…",  "—",  "·",  "．", "〉", "】"};
    if (text->size > 0 && strchr(".!?;:,\"')]}", text->data[text->size - 1]) != NULL)
        return 1;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t size = strlen(marks[i]);
        if (text->size >= size && memcmp(text->data + text->size - size, marks[i], size) == 0)
            return size;
    }
    return space_behind(text);
}

static bool without_end_marks(struct lm_text *text)
{
    for (size_t n; (n = mark_behind(text)) > 0;)
        text->size -= n;
    return text->size > 0;
}

/* "1" to "9999999" becomes one less, in place of a digit text of its own: see fill_cut. */
static bool from_one(struct lm_text *text)
{
    strip(text);
    bool is_number = text->size > 0 && text->size < 8;
    for (size_t i = 0; i < text->size; i++)
        is_number = is_number && text->data[i] >= '0' && text->data[i] <= '9';
    return is_number && strspn(text->data, "0") < text->size;
}

static const struct {
    const char *name;
    bool (*cut)(struct lm_text *text); /* false: there is nothing to cut */
} cuts[] = {
    {"last_word", last_word},
    {"without_last_word", without_last_word},
    {"last_char", last_char},
    {"without_last_char", without_last_char},
    {"first_line", first_line},
    {"strip", strip_both},
    {"without_end_marks", without_end_marks},
    {"from_one", from_one},
};

enum { CUTS = sizeof cuts / sizeof cuts[0], FROM_ONE = CUTS - 1 };

const char *const lm_cut_names[] = {"last_word",         "without_last_word", "last_char",
                                    "without_last_char", "first_line",        "strip",
                                    "without_end_marks", "from_one",          NULL};

static enum lm_status make_cut(struct lm_text *text, struct lm_arena *arena, unsigned cut,
                               const char *field, struct lm_err *err)
{
    if (!cuts[cut].cut(text))
        return lm_fail(err, LM_FORMAT, "%s: nothing to cut by %s", field, cuts[cut].name);
    if (cut != FROM_ONE)
        return LM_OK;
    long number = 0;
    for (size_t i = 0; i < text->size; i++)
        number = 10 * number + (text->data[i] - '0');
    text->data = lm_arena_printf(arena, "%ld", number - 1);
    if (text->data == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a number; free some");
    text->size = strlen(text->data);
    return LM_OK;
}

/* ---- taking apart ---- */

struct parsing {
    struct lm_template *out;
    struct lm_arena *arena;
    struct lm_diag_list *diags;
    const struct lm_origin *at;
    const char *field;
    size_t capacity;
    struct lm_buf literal;
};

static struct lm_template_part *add_part(struct parsing *parsing)
{
    struct lm_template *out = parsing->out;
    void *grown = lm_arena_grow(parsing->arena, out->parts, out->count, &parsing->capacity,
                                sizeof *out->parts);
    parsing->diags->failed |= grown == NULL;
    if (grown == NULL)
        return NULL;
    out->parts = grown;
    out->parts[out->count] = (struct lm_template_part){.field = NULL};
    return &out->parts[out->count++];
}

static void flush(struct parsing *parsing)
{
    struct lm_buf *literal = &parsing->literal;
    if (literal->size == 0)
        return;
    struct lm_template_part *part = add_part(parsing);
    const char *copy = lm_arena_strndup(parsing->arena, literal->data, literal->size);
    parsing->diags->failed |= copy == NULL;
    if (part != NULL && copy != NULL)
        part->text = (struct lm_text){copy, literal->size};
    lm_buf_clear(literal);
}

static void complain(struct parsing *parsing, const char *text)
{
    lm_diag_error(parsing->diags, parsing->at, parsing->field, "%s", text);
}

static bool add_cut(struct parsing *parsing, struct lm_template_part *part, const char *name)
{
    size_t found = 0;
    while (found < CUTS && strcmp(cuts[found].name, name) != 0)
        found++;
    if (found == CUTS)
        lm_diag_error(parsing->diags, parsing->at, parsing->field, "no cut is called %s%s",
                      lm_quote(parsing->arena, name),
                      lm_hint(parsing->diags, name, lm_cut_names, CUTS));
    else if (part->cut_count == LM_TASK_CUTS)
        complain(parsing, "more than 8 cuts of one field; leave some out");
    else
        part->cuts[part->cut_count++] = (unsigned char)found;
    return found < CUTS;
}

/* What stands between two braces. */
static void add_place(struct parsing *parsing, const char *text, size_t size)
{
    char *name = lm_arena_strndup(parsing->arena, text, size);
    struct lm_template_part *part = add_part(parsing);
    parsing->diags->failed |= name == NULL;
    if (name == NULL || part == NULL)
        return;
    char *bar = strchr(name, '|');
    part->field = name;
    while (bar != NULL) {
        char *cut = bar + 1;
        *bar = '\0';
        bar = strchr(cut, '|');
        if (bar != NULL)
            *bar = '\0';
        if (!add_cut(parsing, part, cut))
            return;
        if (bar == NULL)
            break;
    }
    if (name[0] == '\0' || name[strspn(name, " ")] == '\0')
        complain(parsing, "no field stands between { and }; name one, or write {{ for a brace");
}

static void parse(struct parsing *parsing, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        char c = text[i];
        if ((c == '{' || c == '}') && text[i + 1] == c) {
            lm_buf_putc(&parsing->literal, c);
            i++;
        } else if (c == '}') {
            complain(parsing, "a } without a {; write }} for a brace");
            return;
        } else if (c == '{') {
            size_t size = strcspn(text + i + 1, "{}\n");
            if (text[i + 1 + size] != '}') {
                complain(parsing, "a { without a }; write {{ for a brace");
                return;
            }
            flush(parsing);
            add_place(parsing, text + i + 1, size);
            i += size + 1;
        } else {
            lm_buf_putc(&parsing->literal, c);
        }
    }
    flush(parsing);
}

bool lm_template_parse(struct lm_template *out, struct lm_arena *arena, const char *text,
                       const struct lm_origin *at, const char *field, struct lm_diag_list *diags)
{
    struct parsing parsing = {.out = out, .arena = arena, .diags = diags, .at = at, .field = field};
    size_t errors = diags->errors;
    *out = (struct lm_template){.at = *at};
    lm_buf_init(&parsing.literal, LONGEST);
    parse(&parsing, text);
    diags->failed |= parsing.literal.failed;
    lm_buf_release(&parsing.literal);
    return diags->errors == errors && !diags->failed;
}

bool lm_template_is_constant(const struct lm_template *template)
{
    return template->count == 0 || (template->count == 1 && template->parts[0].field == NULL);
}

/* ---- filling in ---- */

static enum lm_status no_field(struct lm_arena *arena, const struct lm_template_part *part,
                               const struct lm_row *row, struct lm_err *err)
{
    const char *const *names;
    size_t count;
    LM_TRY(lm_row_names(&names, &count, arena, row, err));
    const struct lm_diag_list list = {.arena = arena};
    return lm_fail(err, LM_FORMAT, "%s: there is no such field%s", part->field,
                   lm_hint(&list, part->field, names, count));
}

/* The value of a place, its list among them. */
static enum lm_status value_of(struct lm_row_value *out, struct lm_arena *arena,
                               const struct lm_template_part *part, const struct lm_row *row,
                               struct lm_err *err)
{
    LM_TRY(lm_row_get(out, arena, row, part->field, err));
    if (out->kind == LM_VALUE_NONE)
        return no_field(arena, part, row, err);
    if (out->kind == LM_VALUE_OTHER)
        return lm_fail(err, LM_FORMAT, "%s: a mapping; name a field of it: {%s.NAME}", part->field,
                       part->field);
    return LM_OK;
}

static enum lm_status put_text(struct lm_buf *out, struct lm_arena *arena, struct lm_text text,
                               const struct lm_template_part *part, struct lm_err *err)
{
    for (size_t i = 0; i < part->cut_count; i++)
        LM_TRY(make_cut(&text, arena, part->cuts[i], part->field, err));
    lm_buf_append(out, text.data, text.size);
    return LM_OK;
}

/* Element `index` stands for the field that is a list; SIZE_MAX: no field may be one. */
static enum lm_status put_part(struct lm_buf *out, struct lm_arena *arena,
                               const struct lm_template_part *part, const struct lm_row *row,
                               size_t index, struct lm_err *err)
{
    struct lm_row_value value;
    if (part->field == NULL) {
        lm_buf_append(out, part->text.data, part->text.size);
        return LM_OK;
    }
    LM_TRY(value_of(&value, arena, part, row, err));
    if (value.kind == LM_VALUE_LIST && index != SIZE_MAX)
        LM_TRY(lm_row_value_of(&value, arena, lm_json_at(value.list, index), err));
    if (value.kind != LM_VALUE_TEXT)
        return lm_fail(err, LM_FORMAT,
                       index == SIZE_MAX
                           ? "%s: a list where one text is expected; take one of it: {%s.0}"
                           : "%s: an element that is no text; %s must be a list of texts",
                       part->field, part->field);
    return put_text(out, arena, value.text, part, err);
}

static enum lm_status fill(struct lm_text *out, struct lm_arena *arena,
                           const struct lm_template *template, const struct lm_row *row,
                           size_t index, struct lm_err *err)
{
    struct lm_buf text;
    enum lm_status status = LM_OK;
    lm_buf_init(&text, LONGEST);
    for (size_t i = 0; i < template->count && status == LM_OK; i++)
        status = put_part(&text, arena, &template->parts[i], row, index, err);
    if (status == LM_OK && text.failed)
        status = lm_fail(err, LM_RANGE, "a text of more than 16 MiB; give shorter ones");
    if (status == LM_OK) {
        *out = (struct lm_text){lm_arena_strndup(arena, text.size > 0 ? text.data : "", text.size),
                                text.size};
        if (out->data == NULL)
            status = lm_fail(err, LM_NOMEM, "no memory for the items of a task; free some");
    }
    lm_buf_release(&text);
    return status;
}

enum lm_status lm_template_fill(struct lm_text *out, struct lm_arena *arena,
                                const struct lm_template *template, const struct lm_row *row,
                                struct lm_err *err)
{
    return fill(out, arena, template, row, SIZE_MAX, err);
}

/* The length of the one list among its fields; SIZE_MAX: there is none. */
static enum lm_status find_list(size_t *count, struct lm_arena *arena,
                                const struct lm_template *template, const struct lm_row *row,
                                struct lm_err *err)
{
    *count = SIZE_MAX;
    for (size_t i = 0; i < template->count; i++) {
        struct lm_row_value value;
        if (template->parts[i].field == NULL)
            continue;
        LM_TRY(value_of(&value, arena, &template->parts[i], row, err));
        if (value.kind != LM_VALUE_LIST)
            continue;
        if (*count != SIZE_MAX)
            return lm_fail(err, LM_FORMAT, "%s: a second list in one text; name one alone",
                           template->parts[i].field);
        *count = lm_json_count(value.list);
        if (*count == 0 || *count > MOST_CHOICES)
            return lm_fail(err, LM_FORMAT, "%s: a list of %zu; 1 to %d are allowed",
                           template->parts[i].field, *count, MOST_CHOICES);
    }
    return LM_OK;
}

enum lm_status lm_template_fill_list(struct lm_text **out, size_t *count, struct lm_arena *arena,
                                     const struct lm_template *template, const struct lm_row *row,
                                     struct lm_err *err)
{
    size_t elements;
    LM_TRY(find_list(&elements, arena, template, row, err));
    *count = elements == SIZE_MAX ? 1 : elements;
    *out = LM_NEW_ARRAY(arena, struct lm_text, *count);
    if (*out == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for the items of a task; free some");
    for (size_t i = 0; i < *count; i++)
        LM_TRY(fill(&(*out)[i], arena, template, row, elements == SIZE_MAX ? SIZE_MAX : i, err));
    return LM_OK;
}
