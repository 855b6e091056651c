/* How parts of an expression stand together. Refused is what the engines read differently, or
 * might: Oniguruma repeats what {n,m}+ repeated, takes {n}? for an option and {,n} for a
 * repetition; it cuts where an expression matches nothing at all; and without case two letters of a
 * string may be one character's (ss is U+00DF, fi is U+FB01). */
#include "tokenizer/formats/foreign_regex.h"

#include <string.h>

#include "tokenizer/formats/regex_reader.h"

enum { DEEPEST = 40, MOST_REPEATS = 1000, UNBOUNDED = -1 };

/* What is known of a part once it is read. */
struct part {
    bool may_be_empty;
    bool is_assertion;
    bool has_group_without_case; /* or is one */
    bool has_lazy;               /* a lazy repetition */
    uint32_t letter;             /* the one character it stands for, or 0 */
};

static enum lm_status read_alternatives(struct lm_regex_reader *reader, struct part *whole);

static const char *const advice[] = {
    [LM_REGEX_PCRE2] = "write it otherwise, or export as tiktoken",
    [LM_REGEX_ONIGURUMA] = "it cannot be imported so that ids stay the same",
};

enum lm_status lm_regex_refuse(struct lm_regex_reader *reader, const char *what)
{
    return lm_fail(
        reader->err, LM_UNSUPPORTED,
        "byte %zu of the expression has %s, which is not known to mean the same to PCRE2 "
        "and to Oniguruma; %s",
        (size_t)(reader->at - reader->start) + 1, what, advice[reader->from]);
}

static bool take(struct lm_regex_reader *reader, const char *text)
{
    size_t size = strlen(text);
    if (strncmp(reader->at, text, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/* ---- groups ---- */

/* PCRE2 takes the last repetition of a group that is never re-entered for possessive, a lazy one
 * too. */
#define LAZY "before it a lazy repetition within what keeps all that it took"

static const struct opening {
    const char *text;
    bool is_atomic, is_assertion, is_behind, is_caseless;
} openings[] = {
    {.text = "(?:"},
    {.text = "(?>", .is_atomic = true},
    {.text = "(?=", .is_assertion = true},
    {.text = "(?!", .is_assertion = true},
    {.text = "(?<=", .is_assertion = true, .is_behind = true},
    {.text = "(?<!", .is_assertion = true, .is_behind = true},
    {.text = "(?i:", .is_caseless = true},
};

enum { OPENINGS = sizeof openings / sizeof openings[0] };

/* The group that opens here; a bare parenthesis groups as "(?:" does, as nothing refers to it. */
static const struct opening *find_opening(struct lm_regex_reader *reader)
{
    for (size_t i = 0; i < OPENINGS; i++)
        if (take(reader, openings[i].text))
            return &openings[i];
    if (reader->at[1] == '?' || !take(reader, "("))
        return NULL;
    return &openings[0];
}

static enum lm_status read_group(struct lm_regex_reader *reader, struct part *part)
{
    struct part inner;
    if (reader->is_caseless)
        return lm_regex_refuse(reader, "a group within a group without case");
    if (reader->is_behind)
        return lm_regex_refuse(reader, "a group within a look behind");
    if (reader->depth == DEEPEST)
        return lm_regex_refuse(reader, "groups in too many groups");
    const struct opening *opening = find_opening(reader);
    if (opening == NULL)
        return lm_regex_refuse(reader, "a group with a name, options or a condition");
    lm_buf_puts(reader->out, opening->text);
    struct lm_regex_reader outer = *reader;
    reader->depth++;
    reader->is_behind = opening->is_behind;
    reader->is_caseless = opening->is_caseless;
    LM_TRY(read_alternatives(reader, &inner));
    reader->depth = outer.depth;
    reader->is_behind = outer.is_behind;
    reader->is_caseless = outer.is_caseless;
    if (!take(reader, ")"))
        return lm_regex_refuse(reader, "an end within a group");
    lm_buf_putc(reader->out, ')');
    if (opening->is_atomic && inner.has_lazy)
        return lm_regex_refuse(reader, LAZY);
    *part = (struct part){
        .may_be_empty = opening->is_assertion || inner.may_be_empty,
        .is_assertion = opening->is_assertion,
        .has_group_without_case = opening->is_caseless || inner.has_group_without_case,
        .has_lazy = inner.has_lazy,
    };
    return LM_OK;
}

/* ---- one part ---- */

static enum lm_status read_atom(struct lm_regex_reader *reader, struct part *part)
{
    static const struct {
        char c;
        const char *what;
    } refused[] = {
        {'^', "^, which is the start of a line for one engine and of the text for another"},
        {'$', "$, which is the end of a line for one engine and of the text for another"},
        {'*', "a repetition of nothing"},
        {'+', "a repetition of nothing"},
        {'?', "a repetition of nothing"},
        {'{', "a brace that begins no repetition; write \\{"},
    };

    *part = (struct part){0};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (*reader->at == refused[i].c)
            return lm_regex_refuse(reader, refused[i].what);
    switch (*reader->at) {
    case '(':
        return read_group(reader, part);
    case '[':
        return lm_regex_class(reader, &part->letter);
    case '\\':
        return lm_regex_escape(reader, &part->letter);
    case '.':
        if (reader->is_caseless)
            return lm_regex_refuse(reader, "a dot without case");
        lm_buf_putc(reader->out, *reader->at++);
        return LM_OK;
    default:
        return lm_regex_literal(reader, &part->letter);
    }
}

/* ---- repetitions ---- */

struct repeat {
    int least, most;
    bool is_brace;
};

/* A number of at most four digits; -1 when there is none. */
static int read_number(const char **at)
{
    int number = -1;
    for (int digits = 0; **at >= '0' && **at <= '9' && digits < 4; digits++)
        number = (number < 0 ? 0 : number * 10) + (*(*at)++ - '0');
    return number;
}

static enum lm_status read_braces(struct lm_regex_reader *reader, struct repeat *repeat)
{
    const char *at = reader->at + 1;
    repeat->is_brace = true;
    repeat->least = repeat->most = read_number(&at);
    if (repeat->least >= 0 && *at == ',') {
        at++;
        repeat->most = *at == '}' ? UNBOUNDED : read_number(&at);
        if (repeat->most == UNBOUNDED && *at != '}')
            repeat->least = -1;
    }
    bool is_good = repeat->least >= 0 && *at == '}' && repeat->least <= MOST_REPEATS &&
                   repeat->most <= MOST_REPEATS && repeat->most != 0 &&
                   (repeat->most == UNBOUNDED || repeat->least <= repeat->most);
    if (!is_good)
        return lm_regex_refuse(reader, "braces other than {n}, {n,} and {n,m} up to 1000");
    lm_buf_append(reader->out, reader->at, (size_t)(at + 1 - reader->at));
    reader->at = at + 1;
    return LM_OK;
}

/* Puts `before` where a part began in the output, and `behind` after it. */
static void wrap(struct lm_buf *out, size_t start, const char *before, const char *behind)
{
    size_t size = out->size, length = strlen(before);
    lm_buf_puts(out, before);
    if (out->failed)
        return;
    memmove(out->data + start + length, out->data + start, size - start);
    memcpy(out->data + start, before, length);
    lm_buf_puts(out, behind);
}

/* What makes a repetition lazy or possessive. Behind braces a plus is possessive for PCRE2 alone;
 * for Oniguruma it repeats once more. */
static enum lm_status read_manner(struct lm_regex_reader *reader, const struct repeat *repeat,
                                  struct part *part, size_t start)
{
    static const char *const before[] = {[LM_REGEX_PCRE2] = "(?>", [LM_REGEX_ONIGURUMA] = "(?:"};
    static const char *const behind[] = {[LM_REGEX_PCRE2] = ")", [LM_REGEX_ONIGURUMA] = ")+"};
    if (*reader->at == '?' && repeat->is_brace && repeat->least == repeat->most)
        return lm_regex_refuse(reader, "{n}?");
    if (*reader->at == '+' && part->has_lazy)
        return lm_regex_refuse(reader, LAZY);
    part->has_lazy = part->has_lazy || *reader->at == '?';
    if (*reader->at == '+' && repeat->is_brace) {
        if (reader->from == LM_REGEX_ONIGURUMA &&
            (repeat->least == 0 || part->has_group_without_case))
            return lm_regex_refuse(reader, "{n,m}+");
        reader->at++;
        wrap(reader->out, start, before[reader->from], behind[reader->from]);
    } else if (*reader->at == '?' || *reader->at == '+') {
        lm_buf_putc(reader->out, *reader->at++);
    }
    return LM_OK;
}

static enum lm_status check_repeat(struct lm_regex_reader *reader, const struct part *part,
                                   const struct repeat *repeat)
{
    bool is_repeated = repeat->most > 1 || repeat->most == UNBOUNDED;
    if (reader->is_behind)
        return lm_regex_refuse(reader, "a repetition within a look behind");
    if (part->is_assertion)
        return lm_regex_refuse(reader, "a repetition of a look around");
    if (part->may_be_empty)
        return lm_regex_refuse(reader, "a repetition of what may be empty");
    if (is_repeated && part->has_group_without_case)
        return lm_regex_refuse(reader, "a repetition of a group without case");
    if (is_repeated && reader->is_caseless && part->letter != 0)
        return lm_regex_refuse(reader, "a repetition of a letter without case");
    return LM_OK;
}

static enum lm_status read_repeat(struct lm_regex_reader *reader, struct part *part, size_t start)
{
    struct repeat repeat = {.most = UNBOUNDED};
    char c = *reader->at;
    if (c == '\0' || strchr("?*+{", c) == NULL)
        return LM_OK;
    if (c == '{') {
        LM_TRY(read_braces(reader, &repeat));
    } else {
        repeat.least = c == '+';
        repeat.most = c == '?' ? 1 : UNBOUNDED;
        lm_buf_putc(reader->out, *reader->at++);
    }
    LM_TRY(check_repeat(reader, part, &repeat));
    LM_TRY(read_manner(reader, &repeat, part, start));
    if (*reader->at != '\0' && strchr("?*+{", *reader->at) != NULL)
        return lm_regex_refuse(reader, "a repetition of a repetition");
    part->may_be_empty = repeat.least == 0;
    part->letter = 0;
    return LM_OK;
}

/* ---- the whole ---- */

/* Two letters that a single character may stand for when case is not looked at. */
static bool may_be_one(uint32_t left, uint32_t right)
{
    static const char *const pairs[] = {"ss", "st", "ff", "fi", "fl"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if ((left | 0x20) == (uint32_t)pairs[i][0] && (right | 0x20) == (uint32_t)pairs[i][1])
            return true;
    return false;
}

static enum lm_status read_sequence(struct lm_regex_reader *reader, struct part *whole)
{
    struct part last = {0};
    *whole = (struct part){.may_be_empty = true};
    while (*reader->at != '\0' && strchr("|)", *reader->at) == NULL) {
        struct part part;
        size_t start = reader->out->size;
        LM_TRY(read_atom(reader, &part));
        if (last.has_group_without_case && part.has_group_without_case)
            return lm_regex_refuse(reader, "two groups without case side by side before it");
        if (reader->is_caseless && may_be_one(last.letter, part.letter))
            return lm_regex_refuse(reader,
                                   "two letters before it that without case may be one character");
        LM_TRY(read_repeat(reader, &part, start));
        whole->may_be_empty = whole->may_be_empty && part.may_be_empty;
        whole->has_group_without_case =
            whole->has_group_without_case || part.has_group_without_case;
        whole->has_lazy = whole->has_lazy || part.has_lazy;
        last = part;
    }
    return LM_OK;
}

static enum lm_status read_alternatives(struct lm_regex_reader *reader, struct part *whole)
{
    *whole = (struct part){0};
    for (;;) {
        struct part part;
        const char *start = reader->at;
        LM_TRY(read_sequence(reader, &part));
        if (reader->at == start)
            return lm_regex_refuse(reader, "an empty alternative or group");
        whole->may_be_empty = whole->may_be_empty || part.may_be_empty;
        whole->has_group_without_case =
            whole->has_group_without_case || part.has_group_without_case;
        whole->has_lazy = whole->has_lazy || part.has_lazy;
        if (*reader->at != '|')
            return LM_OK;
        lm_buf_putc(reader->out, *reader->at++);
    }
}

enum lm_status lm_foreign_regex(struct lm_buf *out, const char *expression,
                                enum lm_regex_dialect from, struct lm_err *err)
{
    struct lm_regex_reader reader = {
        .start = expression, .at = expression, .out = out, .err = err, .from = from};
    struct part whole;
    LM_TRY(read_alternatives(&reader, &whole));
    if (*reader.at != '\0')
        return lm_regex_refuse(&reader, "a parenthesis that closes nothing");
    if (whole.may_be_empty)
        return lm_fail(
            err, LM_UNSUPPORTED,
            "the expression may match nothing at all, where Oniguruma cuts and PCRE2 does "
            "not; %s",
            advice[from]);
    return lm_buf_status(out, err);
}
