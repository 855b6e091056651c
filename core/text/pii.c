#include "text/pii.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define NAME(code, name, token) name,
const char *const lm_pii_names[] = {LM_PII_LIST(NAME) NULL};
#undef NAME

#define TOKEN(code, name, token) token,
static const char *const tokens[] = {LM_PII_LIST(TOKEN)};
#undef TOKEN

enum {
    LONGEST_LOCAL = 64,
    LONGEST_DOMAIN = 253,
    LONGEST_IP = 45,
    CONTEXT = 24 /* bytes before a number in which ISBN and the like are looked for */
};

/* A text on its way: what was found is text[start..end). */
struct scan {
    const char *text;
    size_t size, start, end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
    return is_digit(c) || is_alpha(c) || (c & 0x80) != 0;
}

/* ---- mail ---- */

static bool is_local(char c)
{
    return is_digit(c) || is_alpha(c) || (c != '\0' && strchr("._%+-", c) != NULL);
}

/* Behind the domain at text[at]; 0: there is none. */
static size_t domain_end(const struct scan *scan, size_t at)
{
    size_t end = 0, label = 0, start = at;
    bool has_dot = false, is_name = true;
    for (; at < scan->size && at - start <= LONGEST_DOMAIN; at++) {
        char c = scan->text[at];
        if (c == '.' && label > 0) {
            has_dot = true;
            is_name = true;
            label = 0;
        } else if (is_digit(c) || is_alpha(c) || (c == '-' && label > 0)) {
            label++;
            is_name = is_name && is_alpha(c);
            if (has_dot && is_name && label >= 2)
                end = at + 1;
            else if (has_dot && !is_name)
                end = 0;
        } else {
            break;
        }
    }
    return end;
}

static bool find_email(struct scan *scan, size_t at)
{
    if (scan->text[at] != '@')
        return false;
    scan->start = at;
    while (scan->start > 0 && at - scan->start < LONGEST_LOCAL &&
           is_local(scan->text[scan->start - 1]))
        scan->start--;
    while (scan->start < at && strchr(".-%", scan->text[scan->start]) != NULL)
        scan->start++;
    scan->end = domain_end(scan, at + 1);
    return scan->start < at && scan->text[at - 1] != '.' && scan->end > 0;
}

/* ---- networks ---- */

static bool is_ip_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

static bool is_ipv6(const char *word)
{
    unsigned char made[16];
    size_t groups = 0;
    bool has_digit = false;
    for (size_t i = 0; word[i] != '\0'; i++) {
        has_digit = has_digit || is_digit(word[i]);
        groups += word[i] != ':' && (i == 0 || word[i - 1] == ':');
    }
    return groups >= 3 && has_digit && inet_pton(AF_INET6, word, made) == 1;
}

/* The word of such bytes at text[at], without a sentence's marks and a port behind; its length, 0
 * when it is inside something else or too long. */
static size_t take_word(char word[LONGEST_IP + 1], const struct scan *scan, size_t at)
{
    size_t size = 0;
    if (at > 0 && (is_word(scan->text[at - 1]) || is_ip_byte(scan->text[at - 1])))
        return 0;
    while (at + size < scan->size && is_ip_byte(scan->text[at + size]))
        if (++size > LONGEST_IP)
            return 0;
    if (at + size < scan->size && is_word(scan->text[at + size]))
        return 0;
    while (size > 0 && (scan->text[at + size - 1] == '.' || scan->text[at + size - 1] == ':'))
        size--;
    memcpy(word, scan->text + at, size);
    word[size] = '\0';
    const char *port = strchr(word, ':');
    if (port != NULL && strchr(word, '.') != NULL && strchr(port + 1, ':') == NULL)
        size = (size_t)(port - word);
    word[size] = '\0';
    return size;
}

static bool find_ip(struct scan *scan, size_t at)
{
    char word[LONGEST_IP + 1];
    unsigned char made[4];
    size_t size = is_ip_byte(scan->text[at]) ? take_word(word, scan, at) : 0;
    scan->start = at;
    scan->end = at + size;
    return size >= 7 && (inet_pton(AF_INET, word, made) == 1 || is_ipv6(word));
}

/* ---- phones ---- */

/* Is the number at text[at] said to be something else? */
static bool is_other_number(const struct scan *scan, size_t at)
{
    static const char *const words[] = {"isbn", "issn", "doi", "#"};
    size_t from = at > CONTEXT ? at - CONTEXT : 0;
    for (size_t i = from; i < at; i++)
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            if (i + strlen(words[k]) <= at &&
                strncasecmp(scan->text + i, words[k], strlen(words[k])) == 0)
                return true;
    return false;
}

/* Passes one of the bytes of `which`; false when there is none. */
static bool pass(const struct scan *scan, size_t *at, const char *which)
{
    bool is_there =
        *at < scan->size && scan->text[*at] != '\0' && strchr(which, scan->text[*at]) != NULL;
    *at += is_there;
    return is_there;
}

static bool pass_digits(const struct scan *scan, size_t *at, size_t digits)
{
    size_t start = *at;
    while (*at < scan->size && is_digit(scan->text[*at]))
        ++*at;
    return *at - start == digits;
}

/* (555) 123-4567, 555-123-4567, 555.123.4567, 1-555-123-4567. */
static bool find_american(struct scan *scan, size_t at)
{
    scan->start = at;
    size_t one = at;
    if (pass(scan, &one, "1") && pass(scan, &one, "-. "))
        at = one;
    bool is_bracketed = pass(scan, &at, "(");
    if (!pass_digits(scan, &at, 3) || (is_bracketed && !pass(scan, &at, ")")))
        return false;
    if (!pass(scan, &at, "-. ") && !is_bracketed)
        return false;
    if (!pass_digits(scan, &at, 3) || !pass(scan, &at, "-. ") || !pass_digits(scan, &at, 4))
        return false;
    scan->end = at;
    return true;
}

/* +49 30 1234567: groups of digits. */
static bool find_international(struct scan *scan, size_t at)
{
    size_t digits = 0;
    scan->start = scan->end = at;
    if (!pass(scan, &at, "+") || at == scan->size || scan->text[at] < '1' || scan->text[at] > '9')
        return false;
    while (at < scan->size && digits <= 15) {
        if (is_digit(scan->text[at])) {
            digits++;
            scan->end = ++at;
        } else if (scan->text[at] == '(' || scan->text[at] == ')') {
            at++;
        } else if (at == scan->end || scan->text[at - 1] == ')') {
            if (!pass(scan, &at, " .-/"))
                break;
        } else {
            break;
        }
    }
    return digits >= 8 && digits <= 15;
}

static bool find_phone(struct scan *scan, size_t at)
{
    char c = scan->text[at];
    bool is_inside = at > 0 && (is_word(scan->text[at - 1]) || strchr("-.+/", scan->text[at - 1]));
    if (is_inside || !(is_digit(c) || c == '+' || c == '('))
        return false;
    bool is_found = c == '+' ? find_international(scan, at) : find_american(scan, at);
    if (!is_found || is_other_number(scan, scan->start))
        return false;
    bool goes_on = scan->end < scan->size && is_word(scan->text[scan->end]);
    bool is_longer = scan->end + 1 < scan->size && strchr("-.", scan->text[scan->end]) != NULL &&
                     is_digit(scan->text[scan->end + 1]);
    return !goes_on && !is_longer;
}

/* ---- all of them ---- */

static bool (*const finders[LM_PII_KINDS])(struct scan *scan, size_t at) = {
    [LM_PII_EMAIL] = find_email, [LM_PII_IP] = find_ip, [LM_PII_PHONE] = find_phone};

/* What begins or is marked at text[at]; LM_PII_KINDS: nothing. */
static size_t find(struct scan *scan, size_t at, size_t done, unsigned kinds)
{
    size_t kind = 0;
    char c = scan->text[at];
    if (c != '@' && c != '+' && c != '(' && !is_ip_byte(c))
        return LM_PII_KINDS;
    while (kind < LM_PII_KINDS &&
           !((kinds >> kind & 1) != 0 && finders[kind](scan, at) && scan->start >= done))
        kind++;
    return kind;
}

enum lm_status lm_pii_mask(struct lm_buf *text, unsigned kinds, int64_t counts[LM_PII_KINDS],
                           struct lm_err *err)
{
    struct scan scan = {.text = text->data, .size = text->size};
    struct lm_buf out;
    size_t done = 0;
    lm_buf_init(&out, 0);
    for (size_t at = 0; at < scan.size; at++) {
        size_t kind = find(&scan, at, done, kinds);
        if (kind == LM_PII_KINDS)
            continue;
        lm_buf_append(&out, scan.text + done, scan.start - done);
        lm_buf_puts(&out, tokens[kind]);
        done = scan.end;
        at = scan.end - 1;
        counts[kind]++;
    }
    if (done == 0)
        return LM_OK;
    lm_buf_append(&out, scan.text + done, scan.size - done);
    enum lm_status status = lm_buf_status(&out, err);
    if (status != LM_OK) {
        lm_buf_release(&out);
        return status;
    }
    lm_buf_release(text);
    *text = out;
    return LM_OK;
}
