/** All commands, what surrounds them (environment, exit statuses), and finding one by its words:
 *  read by the program, `help`, completion and the manual pages. */
#ifndef LM_CLI_COMMAND_TABLE_H
#define LM_CLI_COMMAND_TABLE_H

#include "options.h"

/** In the order of `lmpipe --help`, NULL-terminated. */
extern const struct lm_command *const lm_commands[];

/** A name with its meaning in one line; a table ends with a row whose name is NULL. */
struct lm_command_note {
    const char *name, *text;
};
extern const struct lm_command_note lm_environment_notes[]; /**< variables that are read */
extern const struct lm_command_note lm_exit_notes[];        /**< exit statuses */
extern const char lm_program_summary[];

/** The command whose name argv begins with, and of how many words (1 or 2) it is; or NULL. */
const struct lm_command *lm_command_find(int *words, int argc, char *const *argv);
/** Is it a command of the family of that name ("model" of "model info")? */
bool lm_command_is_of(const struct lm_command *command, const char *family);

#endif
