/** All commands, one descriptor each: cmd_<command>.c, and for those that the worker program does
 *  model_commands.c and tokenizer_commands.c. */
#ifndef LM_CLI_COMMANDS_H
#define LM_CLI_COMMANDS_H

#include "cli.h"

/** X(descriptor): the order of `lmpipe --help`. */
#define LM_COMMAND_LIST(X)                                                                         \
    X(run)                                                                                         \
    X(plan)                                                                                        \
    X(why)                                                                                         \
    X(check)                                                                                       \
    X(config)                                                                                      \
    X(graph)                                                                                       \
    X(stages)                                                                                      \
    X(schema)                                                                                      \
    X(log)                                                                                         \
    X(cat)                                                                                         \
    X(publish)                                                                                     \
    X(exp_list)                                                                                    \
    X(exp_show)                                                                                    \
    X(exp_diff)                                                                                    \
    X(exp_compare)                                                                                 \
    X(exp_tag)                                                                                     \
    X(exp_rm)                                                                                      \
    X(exp_export)                                                                                  \
    X(model_list)                                                                                  \
    X(model_info)                                                                                  \
    X(model_create)                                                                                \
    X(model_generate)                                                                              \
    X(model_score)                                                                                 \
    X(model_export)                                                                                \
    X(model_import)                                                                                \
    X(tokenizer_info)                                                                              \
    X(tokenizer_encode)                                                                            \
    X(tokenizer_decode)                                                                            \
    X(tokenizer_import)                                                                            \
    X(tokenizer_export)                                                                            \
    X(cache_du)                                                                                    \
    X(cache_ls)                                                                                    \
    X(cache_gc)                                                                                    \
    X(cache_clear)                                                                                 \
    X(cache_verify)                                                                                \
    X(lock_merge)                                                                                  \
    X(init)                                                                                        \
    X(doctor)                                                                                      \
    X(version)

#define LM_COMMAND_DECLARE(name) extern const struct lm_command lm_command_##name;
LM_COMMAND_LIST(LM_COMMAND_DECLARE)
#undef LM_COMMAND_DECLARE

#endif
