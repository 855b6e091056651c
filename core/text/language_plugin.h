/**
 * What the plugin lmpipe-language.so gives: C, so that no program of ours holds C++. For the plugin
 * (plugins/language.cc) and for what loads it (text/language.c) alone.
 */
#ifndef LM_TEXT_LANGUAGE_PLUGIN_H
#define LM_TEXT_LANGUAGE_PLUGIN_H

#include <stddef.h>

#define LM_LANGUAGE_PLUGIN 1 /* changes whenever this file does */
#define LM_LANGUAGES_TOLD 3

/** The languages of a text, the most frequent first; an empty code: no more. */
struct lm_language_told {
    const char *codes[LM_LANGUAGES_TOLD]; /**< as LM_LANGUAGE_LIST has them, static */
    double shares[LM_LANGUAGES_TOLD];     /**< of the text's letters, in hundredths */
};

struct lm_language_plugin {
    unsigned version;              /**< LM_LANGUAGE_PLUGIN */
    const char *(*upstream)(void); /**< version of CLD2, "V2.0 - 20141016" */
    const char *(*library)(void);  /**< path of CLD2's own library, "" when it is not known */
    /** Tells the languages of well-formed UTF-8; may be called by several threads at once. */
    void (*tell)(struct lm_language_told *out, const char *text, size_t size);
};

/** The plugin's only symbol: a function that returns its table. */
typedef const struct lm_language_plugin *lm_language_plugin_fn(void);
#define LM_LANGUAGE_SYMBOL "lm_language_plugin"

#endif
