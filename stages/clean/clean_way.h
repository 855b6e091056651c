/** The ways of clean_form.c: one a kind of file. For the sources of the ways alone. */
#ifndef LM_STAGES_CLEAN_WAY_H
#define LM_STAGES_CLEAN_WAY_H

#include "clean_form.h"

struct clean_way {
    /** Starts on form->text. NULL: nothing to do. */
    enum lm_status (*open)(struct clean_form *form, struct lm_err *err);
    enum lm_status (*next)(struct clean_form *form, struct clean_piece *piece, bool *is_end,
                           struct lm_err *err);
    enum lm_status (*extract)(const struct clean_form *form, const struct clean_piece *piece,
                              struct clean_extract *out, struct lm_err *err);
    bool is_text; /**< newlines are made LF before the file is cut */
};

/** Takes the lower-case host of an address, which is asked for. LM_FORMAT: it has none. */
enum lm_status clean_take_host(struct clean_extract *out, const struct clean_form *form,
                               const struct clean_piece *piece, const void *url, size_t size,
                               struct lm_err *err);

extern const struct clean_way clean_way_html, clean_way_warc;

#endif
