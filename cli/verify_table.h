/** What `verify` prints: a line a stage, or JSON. */
#ifndef LM_CLI_VERIFY_TABLE_H
#define LM_CLI_VERIFY_TABLE_H

#include <lmpipe/verify.h>

#include "base/json.h"
#include "cli.h"

/** "STATE STAGE SECONDS TEXT" lines. */
void lm_verify_table_print(const struct lm_verify_result *result, struct lm_cli *cli);
/** The member "stages" of an open object: an array of objects. */
void lm_verify_table_write(const struct lm_verify_result *result, struct lm_json_writer *writer);

#endif
