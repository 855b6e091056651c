/** Tasks as data (docs/tasks.md): read, scored, put into scores and items. */
#ifndef LM_EVALUATE_TASKS_H
#define LM_EVALUATE_TASKS_H

#include "evaluate_scores.h"
#include "evaluation.h"

/** Evaluates all tasks of the parameters, puts their metrics, and writes NAME.jsonl and tasks.json
 *  into the folder `items`. The evaluation's own model is freed before. Of a model whose training
 *  diverged a task without a finite loss has no metrics. */
enum lm_status evaluate_tasks(struct scores *scores, struct evaluation *evaluation,
                              struct lm_err *err);

#endif
