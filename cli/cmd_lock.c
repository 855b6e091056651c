/* lmpipe lock merge: joins lock files, as a merge driver of git. */
#include "commands.h"
#include "loaded.h"

enum { NAMED = 20 }; /* of the blocks that were dropped */

static void tell_dropped(struct lm_cli *cli, const struct lm_lock_merged *merged)
{
    const char *text;
    for (size_t i = 0; i < merged->dropped_count && i < NAMED; i++) {
        text = lm_arena_printf(cli->arena,
                               "%s was changed on both sides, and not alike: it is not in the lock "
                               "file now; 'lmpipe run SPEC --lock' pins it again",
                               merged->dropped[i]);
        lm_cli_warn(cli, text != NULL ? text : merged->dropped[i]);
    }
    if (merged->dropped_count > NAMED) {
        text = lm_arena_printf(cli->arena, "and so were %zu more stages",
                               merged->dropped_count - NAMED);
        lm_cli_warn(cli, text != NULL ? text : "and so were more stages");
    }
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    struct lm_err err = {.status = LM_OK};
    struct lm_lock_merged merged;
    (void)given;
    (void)count;
    enum lm_status status =
        lm_lock_merge(&merged, cli->arena, operands[0], operands[1], operands[2], &err);
    if (status != LM_OK)
        return lm_cli_fail(cli, lm_exit_of_input(status), err.text);
    tell_dropped(cli, &merged);
    return LM_EXIT_OK;
}

const struct lm_command lm_command_lock_merge = {
    .name = "lock merge",
    .summary = "join two lock files, stage by stage: a merge driver for git",
    .operands = "BASE OURS THEIRS",
    .min_operands = 3,
    .max_operands = 3,
    .example = "lmpipe lock merge base.lock ours.lock theirs.lock",
    .notes = "Writes to OURS what OURS and THEIRS made of BASE. What one side changed, added or "
             "removed\n"
             "is as that side has it. A stage that both changed, and not alike, is dropped and "
             "named on\n"
             "stderr: 'lmpipe run SPEC --lock' pins it again. A file that cannot be read is exit "
             "status 2,\n"
             "and OURS stays as it was. To have git call it:\n"
             "  echo '*.lock merge=lmpipe' >>.gitattributes\n"
             "  git config merge.lmpipe.name 'lmpipe lock files'\n"
             "  git config merge.lmpipe.driver 'lmpipe lock merge %O %A %B'",
    .run = run,
};
