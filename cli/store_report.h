/** Stored bytes read again, and what is found told: as lines, or as JSON. */
#ifndef LM_CLI_STORE_REPORT_H
#define LM_CLI_STORE_REPORT_H

#include <lmpipe/verify.h>

#include "base/json.h"
#include "cli.h"

/** What is read. */
struct lm_store_reread {
    size_t threads;                       /**< 0: the processors allowed */
    const char *root;                     /**< whose stages are named in findings, or NULL */
    const struct lm_plan *plan;           /**< whose results are read; NULL: all of the store's */
    const struct lm_selection *selection; /**< of it: the targets */
};

/** Reads, tells findings as they come, then a summary; json: a value of an open writer instead. The
 *  exit status: LM_EXIT_STORE when something is damaged, missing or unreadable. */
int lm_store_report(struct lm_cli *cli, struct lm_store *store, const struct lm_store_reread *what,
                    struct lm_json_writer *json);

#endif
