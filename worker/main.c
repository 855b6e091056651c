/* lmpipe-worker: the program that loads the heavy libraries. Started by lmpipe, not by people. */
#include <stdio.h>
#include <string.h>

#include "programs.h"

static const struct lm_program programs[] = {
    {"stage", lm_program_stage},
    {"probe", lm_program_probe},
    {NULL, NULL},
};

static const struct lm_program *find(const struct lm_program *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct lm_program *program = argc > 1 ? find(programs, argv[1]) : NULL;
    if (program == NULL && argc > 1)
        program = find(lm_heavy_programs, argv[1]);
    if (program == NULL) {
        fprintf(stderr, "lmpipe-worker is started by lmpipe; type lmpipe --help\n");
        return 2;
    }
    return program->run(argc - 1, argv + 1);
}
