/** The HTML page: its sections, each a pure function of the inputs. */
#ifndef LM_REPORT_PAGE_H
#define LM_REPORT_PAGE_H

#include "base/buf.h"
#include "page/numtext.h"

#include "report_input.h"
#include "report_text.h"

/** The whole page. */
void report_page_write(struct lm_buf *out, const struct report *report);
/** Rules of the page's own, behind those of every page (report_style.c). */
extern const char report_style[];

/* Sections (report_page_*.c). Each is written only when its has_… says so. */
bool report_has_gates(const struct report *report);
void report_page_gates(struct lm_buf *out, const struct report *report);
bool report_has_objective(const struct report *report);
void report_page_objective(struct lm_buf *out, const struct report *report);
/** What became of single examples, as one objective ("classify") shows them; part of the section
 *  above, written only when the items are there. */
void report_page_examples(struct lm_buf *out, const struct report *report, const char *objective);
bool report_has_scores(const struct report *report);
void report_page_scores(struct lm_buf *out, const struct report *report);
bool report_has_settings(const struct report *report);
void report_page_settings(struct lm_buf *out, const struct report *report);
bool report_has_log(const struct report *report);
void report_page_training(struct lm_buf *out, const struct report *report);
bool report_has_tasks(const struct report *report);
void report_page_tasks(struct lm_buf *out, const struct report *report);
/** Which tasks the training text touches; part of the section above, nothing where it was not
 *  looked for. */
void report_page_contamination(struct lm_buf *out, const struct report *report);
bool report_has_curves(const struct report *report);
void report_page_curves(struct lm_buf *out, const struct report *report);
/** Loss by the length of documents; part of the section above. Nothing from fewer than 20. */
void report_page_lengths(struct lm_buf *out, const struct report *report);
bool report_has_calibration(const struct report *report);
void report_page_calibration(struct lm_buf *out, const struct report *report);
bool report_has_reliability(const struct report *report);
void report_page_reliability(struct lm_buf *out, const struct report *report);
bool report_has_passages(const struct report *report);
void report_page_passages(struct lm_buf *out, const struct report *report);
bool report_has_samples(const struct report *report);
void report_page_samples(struct lm_buf *out, const struct report *report);
bool report_has_figures(const struct report *report);
void report_page_figures(struct lm_buf *out, const struct report *report);
bool report_has_card(const struct report *report);
void report_page_card(struct lm_buf *out, const struct report *report);
bool report_has_tokenizer(const struct report *report);
void report_page_tokenizer(struct lm_buf *out, const struct report *report);
bool report_has_model(const struct report *report);
void report_page_model(struct lm_buf *out, const struct report *report);
bool report_has_provenance(const struct report *report);
void report_page_provenance(struct lm_buf *out, const struct report *report);

/* What sections are made of (report_parts.c). */

/** Opens a section named by its heading, with a note beside it. */
void report_section(struct lm_buf *out, const struct report *report, const char *id,
                    enum report_text heading, enum report_text note);
void report_section_end(struct lm_buf *out);

struct report_column {
    enum report_text head;
    bool is_number;
};

/** Opens a table that scrolls sideways where it must; caption NULL: none. */
void report_table(struct lm_buf *out, const struct report *report, const char *caption,
                  const struct report_column *columns, size_t count);
void report_table_end(struct lm_buf *out);
/** A row of a table of facts. */
void report_fact_write(struct lm_buf *out, const char *label, const char *value);
/** "Validation", "Test"; another name as it is. */
const char *report_split_text(const struct report *report, const char *split);
/** Is this line of the samples of a kind: "method", "sample", "figures"? */
bool report_is_kind(const struct lm_json *line, const char *kind);

/** Ids as text, coloured by nll (nats, may be NULL: plain). Bytes of `lead` ids come first, soft.
 */
struct report_tokens {
    const struct lm_json *lead, *ids, *nll;
};

void report_tokens_write(struct lm_buf *out, const struct report *report,
                         const struct report_tokens *tokens);
/** One token as a chip: spaces, line ends and tabs as signs, long tokens cut. Needs a vocabulary.
 */
void report_token_write(struct lm_buf *out, const struct report *report, int64_t id);
/** The legend of those colours. */
void report_ramp_write(struct lm_buf *out, const struct report *report);
/** The bytes of ids, appended without markup; false when there is no vocabulary. */
bool report_tokens_bytes(struct lm_buf *out, const struct report *report,
                         const struct lm_json *ids);
/** A JSON value as a table (objects), a list or text, any depth: keys in words of the language,
 *  numbers grouped, six digits. */
void report_value_write(struct lm_buf *out, const struct report *report,
                        const struct lm_json *value);
/** The same for parameters: names and numbers as they can be typed again. */
void report_parameters_write(struct lm_buf *out, const struct report *report,
                             const struct lm_json *value);
/** A number as it can be typed again: the shortest decimal that reads back as the same double. */
struct lm_num report_exact_text(const struct lm_json *value);

#endif
