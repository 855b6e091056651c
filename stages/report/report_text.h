/**
 * All words of the report's own, in its languages: a row of report_texts.inc a phrase. A phrase is
 * plain text; "{1}" to "{9}" are the places of what is filled in, so that languages may order it
 * their way.
 */
#ifndef LM_REPORT_TEXT_H
#define LM_REPORT_TEXT_H

#include "compare/reason.h"
#include "page/numtext.h"

#include "report.h"

enum report_text {

#define TEXT(name, en, zh) TEXT_##name,
#include "report_texts.inc"
#undef TEXT
    REPORT_TEXTS
};

/** Row by row, as in the table. */
extern const char *const report_texts[REPORT_TEXTS][REPORT_LANGUAGES];
/** The tag of the report's language, as HTML and HTTP know it: "en", "zh-Hans". */
const char *report_language_tag(const struct report *report);

/** The phrase in the report's language, filled with the texts that follow (no more than it has
 *  places). Without any it is static, else in the arena. Out of memory: "", and *report->lacks
 *  is set. */
#define report_say(...) report_say_all(__VA_ARGS__, (const char *)NULL)
const char *report_say_all(const struct report *report, enum report_text text, ...)
    __attribute__((sentinel));
/** Two sentences as one text: a space between them where the language has one. Either may be "". */
const char *report_join(const struct report *report, const char *text, const char *more);
/** A reason in the report's language (report_reason.c). */
const char *report_reason(const struct report *report, const struct lm_reason *reason);
/** The phrases of reasons by language, and by kind. */
extern const char *const *const report_reason_phrases[REPORT_LANGUAGES];
/** A word of ours, which is in English ("document", "bits per byte"), in the report's language: a
 *  row between TEXT_WORD_FIRST and TEXT_WORD_LAST; another is as it was. */
const char *report_word(const struct report *report, const char *word);
/** A name of data ("bytes_per_token", "documents", "Latin") in words: one of the phrases between
 *  TEXT_KEY_FIRST and TEXT_KEY_LAST, whose English is the name with spaces for underscores; else
 *  that of the name. */
const char *report_key(const struct report *report, const char *key);

/* Numbers; "–" where there is none. */
struct lm_num report_fixed(double value, int digits);
/** "30.7 %", in Chinese "30.7%". */
struct lm_num report_share(const struct report *report, double share, int digits);
/** A number as text in the arena. */
const char *report_number(const struct report *report, struct lm_num number);
/** "1.9–2.1"; "–" unless both ends are there. */
const char *report_range(const struct report *report, struct lm_num low, struct lm_num high);

#endif
