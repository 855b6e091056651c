#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/regex.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MATCH_LIMIT = 10000000, /* steps back of one match: well below a second */
    DEPTH_LIMIT = 100000,   /* the same for the interpreter's nesting */
    HEAP_LIMIT = 64 << 10,  /* KiB, the interpreter */
    STACK_FIRST = 64 << 10, /* bytes, machine code */
    STACK_MOST = 8 << 20
};

struct lm_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

/* Without what takes repetitions for possessive: in 10.42 it is wrong for some pairs of classes,
 * and \P{Cc}*\P{No}+ then matches nothing. Newlines and the rest are what was built in otherwise.
 */
enum {
    OPTIONS = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_INVALID_UTF |
              PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_POSSESS
};

static enum lm_status compile(struct lm_regex *regex, const char *expression, struct lm_err *err)
{
    int code;
    PCRE2_SIZE offset;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a regular expression; free some");
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    regex->code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, OPTIONS, &code,
                                &offset, context);
    pcre2_compile_context_free(context);
    if (regex->code != NULL)
        return LM_OK;
    char words[200] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words);
    return lm_fail(err, LM_INVALID, "not a regular expression: %s at its byte %zu; fix it", words,
                   (size_t)offset + 1);
}

static enum lm_status prepare(struct lm_regex *regex, struct lm_err *err)
{
    regex->match = pcre2_match_data_create(1, NULL);
    regex->context = pcre2_match_context_create(NULL);
    regex->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
    if (regex->match == NULL || regex->context == NULL || regex->stack == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a regular expression; free some");
    pcre2_set_match_limit(regex->context, MATCH_LIMIT);
    pcre2_set_depth_limit(regex->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(regex->context, HEAP_LIMIT);
    pcre2_jit_stack_assign(regex->context, NULL, regex->stack);
    /* Where machine code cannot be made, the interpreter finds the same. */
    pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
    return LM_OK;
}

enum lm_status lm_regex_create(struct lm_regex **out, const char *expression, struct lm_err *err)
{
    struct lm_regex *regex = calloc(1, sizeof *regex);
    if (regex == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a regular expression; free some");
    enum lm_status status = compile(regex, expression, err);
    if (status == LM_OK)
        status = prepare(regex, err);
    if (status == LM_OK)
        *out = regex;
    else
        lm_regex_free(regex);
    return status;
}

void lm_regex_free(struct lm_regex *regex)
{
    if (regex == NULL)
        return;
    pcre2_match_data_free(regex->match);
    pcre2_match_context_free(regex->context);
    pcre2_jit_stack_free(regex->stack);
    pcre2_code_free(regex->code);
    free(regex);
}

enum lm_status lm_regex_find(struct lm_regex *regex, const uint8_t *text, size_t size, size_t at,
                             size_t *start, size_t *end, struct lm_err *err)
{
    int code =
        pcre2_match(regex->code, text, size, at, PCRE2_NOTEMPTY, regex->match, regex->context);
    *start = *end = size;
    if (code == PCRE2_ERROR_NOMATCH)
        return LM_OK;
    if (code < 0) {
        char words[200] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof words);
        return lm_fail(err, code == PCRE2_ERROR_NOMEMORY ? LM_NOMEM : LM_RANGE,
                       "the regular expression gives up at byte %zu of a document: %s; write it so "
                       "that it never tries the same text twice (possessive ++ and *+)",
                       at + 1, words);
    }
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(regex->match);
    if (found[1] > found[0] && found[0] >= at) { /* else \K has moved the start: no piece */
        *start = found[0];
        *end = found[1];
    }
    return LM_OK;
}

void lm_regex_unicode(char out[24])
{
    char version[24] = "";
    if (pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, NULL) < (int)sizeof version)
        pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, version);
    snprintf(out, 24, "%s", version);
}

void lm_regex_version(char out[48])
{
    char unicode[24], version[64] = "";
    lm_regex_unicode(unicode);
    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof version)
        pcre2_config(PCRE2_CONFIG_VERSION, version); /* "10.42 2022-12-11" */
    snprintf(out, 48, "%.*s Unicode %s", (int)strcspn(version, " ") % 16, version, unicode);
}
