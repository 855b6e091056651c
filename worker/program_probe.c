#include <dlfcn.h>
#include <stdio.h>

#include <lmpipe/model.h>

#include "programs.h"

int lm_program_probe(int argc, char **argv)
{
    static const enum lm_numerics profiles[] = {LM_NUMERICS_BLAS, LM_NUMERICS_PORTABLE};

    Dl_info info = {0};
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        char text[128];
        lm_numerics_describe(text, profiles[i]);
        printf("numerics %s\n", text);
    }
    /* By name: cblas.h has its one door in the model core. */
    void *symbol = dlsym(RTLD_DEFAULT, "cblas_sgemm");
    if (symbol != NULL && dladdr(symbol, &info) != 0 && info.dli_fname != NULL)
        printf("library %s\n", info.dli_fname);
    return fflush(stdout) == 0 ? 0 : 1;
}
