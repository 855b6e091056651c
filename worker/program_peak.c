#include <stdio.h>

#include <lmpipe/model.h>

#include "programs.h"

int lm_program_peak(int argc, char **argv)
{
    struct lm_machine_peak peak;
    struct lm_err err = {LM_OK, ""};
    (void)argc;
    (void)argv;
    if (lm_machine_peak(&peak, NULL, 1, &err) != LM_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("fp32 %.0f\n", peak.fp32);
    return fflush(stdout) == 0 ? 0 : 1;
}
