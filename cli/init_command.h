/** `init`: what it takes. The worker program, which can look into texts, does it. */
#ifndef LM_CLI_INIT_COMMAND_H
#define LM_CLI_INIT_COMMAND_H

#define LM_INIT_SPEC "experiment.yaml"
#define LM_INIT_STARTER "starter.txt"

struct lm_init_args {
    const char *corpus;
};

#endif
