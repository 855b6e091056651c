/** What the worker program can do beside the heavy verbs (cli/heavy/heavy.h); each is a main of its
 *  own, argv[0] being the name in the table. */
#ifndef LM_WORKER_PROGRAMS_H
#define LM_WORKER_PROGRAMS_H

/** stage JOBFILE: runs one stage, events to descriptor 3. Exit 0, 1 (failed), 75 (interrupted). */
int lm_program_stage(int argc, char **argv);
/** probe: prints "numerics blas …", "numerics portable …" and "library PATH" of OpenBLAS, a line
 * each. */
int lm_program_probe(int argc, char **argv);

#endif
