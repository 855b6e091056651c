/** Parameters of the stage type command, as its rows fill them, and the places in its arguments. */
#ifndef LM_COMMAND_PARAMS_H
#define LM_COMMAND_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <lmpipe/param.h>

struct command_file {
    const char *path; /**< absolute: a file or a folder */
    const char *name; /**< where its copy lies in the private folder; relative, without ".." */
};

struct command_output {
    const char *name, *kind;
};

struct command_variable {
    const char *name, *value;
};

struct command_params {
    struct lm_list run;     /**< const char *: the program and its arguments */
    struct lm_list files;   /**< struct command_file */
    struct lm_list outputs; /**< struct command_output */
    struct lm_list env;     /**< struct command_variable */
    struct lm_list pass;    /**< const char *: names of variables */
    const char *version;
};

/** Are outputs of this kind folders? All others are files. */
static inline bool command_is_folder(const char *kind)
{
    static const char *const folders[] = {"folder", "corpus", "text", "tokens", "model", "items"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strcmp(folders[i], kind) == 0)
            return true;
    return false;
}

/** The file that is executed: what `run` names, when the search path or a path leads to it (its
 *  content is in the key); lm_ctx_file has none when it is one of `files`. */
#define COMMAND_PROGRAM "run.0.program"

/** A place in an argument: "{in.NAME}", "{out.NAME}"; or "{{in.NAME}}", which is such a text
 *  itself. */
struct command_place {
    const char *begin, *end; /**< of it in the argument */
    const char *name;        /**< NAME, of `length` bytes; no brace is in it */
    size_t length;
    bool is_output, is_literal;
};

/** The next place in a text; false: there is none. Any other brace is a brace. */
static inline bool command_place_next(struct command_place *out, const char *text)
{
    for (const char *open = strchr(text, '{'); open != NULL; open = strchr(open + 1, '{')) {
        bool twice = open[1] == '{';
        const char *word = open + 1 + twice;
        bool in = strncmp(word, "in.", 3) == 0, to = strncmp(word, "out.", 4) == 0;
        const char *name = word + (to ? 4 : 3);
        size_t length = in || to ? strcspn(name, "{}") : 0;
        if ((!in && !to) || name[length] != '}' || (twice && name[length + 1] != '}'))
            continue;
        *out = (struct command_place){.begin = open,
                                      .end = name + length + 1 + twice,
                                      .name = name,
                                      .length = length,
                                      .is_output = to,
                                      .is_literal = twice};
        return true;
    }
    return false;
}

/** Is it of this name? */
static inline bool command_place_is(const struct command_place *place, const char *name)
{
    return strlen(name) == place->length && memcmp(place->name, name, place->length) == 0;
}

#endif
