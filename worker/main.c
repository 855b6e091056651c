/* lmpipe-worker: the program that loads the heavy libraries. Started by lmpipe, not by people. */
#include <stdio.h>
#include <string.h>

#include "heavy.h"
#include "programs.h"

typedef int program_fn(int argc, char **argv);

static const struct {
    const char *name;
    program_fn *run;
} programs[] = {{"stage", lm_program_stage}, {"probe", lm_program_probe}};

static program_fn *find(const char *name)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (strcmp(programs[i].name, name) == 0)
            return programs[i].run;
    for (const struct lm_heavy_verb *verb = lm_heavy_verbs; verb->name != NULL; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb->run;
    return NULL;
}

int main(int argc, char **argv)
{
    program_fn *program = argc > 1 ? find(argv[1]) : NULL;
    if (program == NULL) {
        fprintf(stderr, "lmpipe-worker is started by lmpipe; type lmpipe --help\n");
        return 2;
    }
    return program(argc - 1, argv + 1);
}
