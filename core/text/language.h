/**
 * The languages of texts, by CLD2 (Sites 2013), which is C++: in a plugin that is loaded where a
 * spec asks for it. What it tells is a function of the text's first 16 MiB and of CLD2's version.
 */
#ifndef LM_TEXT_LANGUAGE_H
#define LM_TEXT_LANGUAGE_H

#include <stddef.h>

#include <lmpipe/status.h>

#include "text/language_plugin.h"

struct lm_language;

/** Loads lmpipe-language.so, which lies beside the running program (or in ../worker, in a build).
 *  LM_UNSUPPORTED: it is not there, or CLD2's own library is not; says which package to install. */
enum lm_status lm_language_open(struct lm_language **out, struct lm_err *err);
/** Version of CLD2, of one line: "V2.0-20141016". */
const char *lm_language_version(const struct lm_language *language);
/** Path of CLD2's own library, or "". */
const char *lm_language_library(const struct lm_language *language);

enum { LM_LANGUAGE_PATH = 4096 };

/** Where the plugin is, or would be looked for first. */
void lm_language_place(char path[LM_LANGUAGE_PATH]);
/** Tells the languages of well-formed UTF-8. Threads may share `language`. */
void lm_language_tell(struct lm_language_told *out, const struct lm_language *language,
                      const void *text, size_t size);
/** The share that is in the languages of `keep`, which has `count` codes: "zh" is "zh-Hant", too.
 */
double lm_language_share(const struct lm_language_told *told, const char *const *keep,
                         size_t count);
/** NULL is allowed. */
void lm_language_close(struct lm_language *language);

#endif
