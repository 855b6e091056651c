/** A file that was published: which result it is of, found by its bytes. */
#ifndef LM_CLI_VERIFY_FILE_H
#define LM_CLI_VERIFY_FILE_H

#include <lmpipe/verify.h>

#include "base/json.h"
#include "cli.h"

struct lm_verify_file {
    const char *path;
    const char *store;           /**< where its result is */
    const char *spec;            /**< path of the spec of its experiment */
    struct lm_settings settings; /**< that its run had */
    const char *experiment, *stage, *port, *file;
    struct lm_digest key;
};

/** Is an operand a published file or folder, and not a spec (which ends in .yaml or .yml, or has a
 *  line that begins with "lmpipe:")? What is not there counts as a spec. */
bool lm_verify_file_is_one(const char *path);
/** Finds the result whose file it is, and the experiment that knows it. `store`: of the option, or
 *  NULL. LM_EXIT_FAILED after a line on stderr: nobody knows it, or which spec it was made from. */
int lm_verify_file_find(struct lm_verify_file *out, struct lm_cli *cli, const char *store,
                        const char *path);
/** "PATH: PORT of STAGE in EXPERIMENT, key …". */
void lm_verify_file_print(const struct lm_verify_file *file, struct lm_cli *cli);
/** The member "file" of an open object. */
void lm_verify_file_write(const struct lm_verify_file *file, struct lm_json_writer *writer);
/** Tells that the spec gives another key by now: LM_EXIT_FAILED. */
int lm_verify_file_is_old(struct lm_cli *cli, const struct lm_spec *spec);

#endif
