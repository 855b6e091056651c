#include "runs/run_files.h"

int lm_gates_exit_code(const struct lm_gate_row *gates, size_t count)
{
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        if (gates[i].verdict == LM_GATE_FAIL)
            return 4;
        if (gates[i].verdict == LM_GATE_UNDECIDED)
            code = 5;
    }
    return code;
}
