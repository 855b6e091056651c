/** Verbs done by the worker program because they need the model core or all libraries. */
#ifndef LM_CLI_HEAVY_H
#define LM_CLI_HEAVY_H

/** `lmpipe-worker NAME ARGUMENTS…`; argv[0] is the verb's name; returns the exit status. */
struct lm_heavy_verb {
    const char *name;
    int (*run)(int argc, char **argv);
};

/** NULL-name terminated: "info", "generate", "doctor". */
extern const struct lm_heavy_verb lm_heavy_verbs[];

#endif
