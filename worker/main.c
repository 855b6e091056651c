/* lmpipe-worker: the program that loads the heavy libraries. Started by lmpipe, not by people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmpipe/model.h>

#include "base/process.h"
#include "programs.h"

static const struct lm_program programs[] = {
    {"stage", lm_program_stage},   {"serve", lm_program_serve}, {"probe", lm_program_probe},
    {"differ", lm_program_differ}, {"peak", lm_program_peak},   {NULL, NULL},
};

static const struct lm_program *find(const struct lm_program *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* OpenBLAS chooses its kernels while it is loaded, and an old one does not know new processors:
 * then the program starts anew with the choice made for it. */
static void choose_core(char **argv)
{
    const char *core = getenv("OPENBLAS_CORETYPE") == NULL ? lm_numerics_core() : NULL;
    if (core != NULL && setenv("OPENBLAS_CORETYPE", core, 1) == 0)
        execv("/proc/self/exe", argv); /* when it fails, slow is better than not at all */
}

int main(int argc, char **argv)
{
    lm_process_begin();
    choose_core(argv);
    const struct lm_program *program = argc > 1 ? find(programs, argv[1]) : NULL;
    if (program != NULL)
        return program->run(argc - 1, argv + 1);
    int status = argc > 1 ? lm_heavy_run(argc - 1, argv + 1) : -1;
    if (status < 0)
        fprintf(stderr, "lmpipe-worker is started by lmpipe; type lmpipe --help\n");
    return status < 0 ? 2 : status;
}
