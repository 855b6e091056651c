/** A task file as what a parameter names: its findings and its files, while the spec is read. */
#ifndef LM_TASK_TASK_FOLLOW_H
#define LM_TASK_TASK_FOLLOW_H

#include <lmpipe/param.h>

/** The port of downloaded sources. */
#define LM_TASK_PORT "task_data"

/** Reads the task at follow->path: tells of "data" and "few_shot" when they are files, of all that
 * is wrong, and adds its name to `names` (const char *, in follow->arena). A file that is not there
 * is the spec's finding. */
void lm_task_follow(const struct lm_follow *follow, struct lm_list *names);

#endif
