#include "tokenizer/formats/foreign_regex.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Length of the prefix of `text` that is one of `list`, or 0. */
static size_t one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (begins(text, list[i]))
            return strlen(list[i]);
    return 0;
}

#define ONE_OF(text, list) one_of(text, list, sizeof(list) / sizeof(list)[0])

/* Groups by their beginnings. Without case only contractions, none of whose letters fold into
 * several: "ss" would match U+00DF for one engine alone. */
static size_t group_length(const char *text)
{
    static const char *const known[] = {"(?:",
                                        "(?=",
                                        "(?!",
                                        "(?<=",
                                        "(?<!",
                                        "(?>",
                                        "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
                                        "(?i:[sdmt]|ll|ve|re)"};
    return text[1] == '?' ? ONE_OF(text, known) : 1;
}

/* Escapes: classes that both take from Unicode, control characters, punctuation as itself. */
static size_t escape_length(const char *text)
{
    static const char letters[] = "sSdDpPrnt";
    char c = text[1];
    bool is_alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '\0' || (is_alphanumeric && strchr(letters, c) == NULL))
        return 0;
    if (c != 'p' && c != 'P')
        return 2;
    const char *end = strchr(text, '}');
    return text[2] == '{' && end != NULL ? (size_t)(end - text) + 1 : 0;
}

/* The expression from text on, one element of it; 0 with *fault set. */
static size_t element_length(const char *text, bool *in_class, const char **fault)
{
    if (text[0] == '\\') {
        *fault = "an escape other than \\s \\d \\p{…} and their like";
        return escape_length(text);
    }
    if (*in_class) {
        *fault = "a set within a set";
        bool is_plain = text[0] != '[' && !begins(text, "&&");
        *in_class = text[0] != ']';
        return is_plain;
    }
    if (text[0] == '[') {
        *in_class = true;
        return text[1] == '^' ? 2 : 1;
    }
    if (text[0] == '(') {
        *fault = "a group with options";
        return group_length(text);
    }
    *fault = "^ or $, which ends at lines for one engine and at the text for another";
    if (text[0] == '^' || text[0] == '$')
        return 0;
    *fault = "a repetition of a repetition, {…}+";
    return !begins(text, "}+");
}

const char *lm_foreign_regex_fault(const char *expression)
{
    bool in_class = false;
    const char *fault = NULL;
    while (*expression != '\0') {
        size_t length = element_length(expression, &in_class, &fault);
        if (length == 0)
            return fault;
        expression += length;
    }
    return NULL;
}
