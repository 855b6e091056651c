/** What the worker program can do; each is a main of its own. argv[0] is the name in the table. */
#ifndef LM_WORKER_PROGRAMS_H
#define LM_WORKER_PROGRAMS_H

/** A row of a table of programs, ended by a NULL name. Returns the exit status. */
struct lm_program {
    const char *name;
    int (*run)(int argc, char **argv);
};

/** A command of the command line that needs the model core, by its name ("model info"); defined in
 *  cli/heavy/. Returns the exit status, or -1 when there is none of this name. */
int lm_heavy_run(int argc, char **argv);

/** stage JOBFILE: runs one stage, events to descriptor 3. Exit 0, 1 (failed), 75 (interrupted). */
int lm_program_stage(int argc, char **argv);
/** The same in a process that the server has forked, descriptor 3 being a socket: the job file's
 *  stage, and after light ones those that the runner asks for next (protocol/server.h), whose paths
 *  it writes over the first: LM_SERVER_PATH_MAX bytes. */
int lm_stages_run(char *job);
/** serve: forks a process that runs one stage for each request on descriptor 3. */
int lm_program_serve(int argc, char **argv);
/** probe: prints "numerics blas …", "numerics portable …" and "library PATH" of OpenBLAS, a line
 * each. */
int lm_program_probe(int argc, char **argv);
/** peak: measures the processor for some 30 ms and prints "fp32 N", operations a second of one
 *  thread. */
int lm_program_peak(int argc, char **argv);

/** differ STORED NOW: where two files first differ, a line to descriptor 3 (protocol/differed.h);
 * no line: they are equal. Exit 0, 1 (one cannot be read). */
int lm_program_differ(int argc, char **argv);

#endif
